package parse

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse holds three promises for any bytes: Parse comes back, its error is
// never empty, and what Dump writes is read as the same tree again.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("../testdata/parse/*.stp")
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		for _, line := range bytes.Split(text, []byte("\n")) {
			f.Add(line)
		}
	}
	f.Add([]byte(handler))
	options := Options{Arguments: []string{"x + 1", `a"b\`, "$1"}}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(&Source{Name: "fuzz", Text: text}, options)
		if err != nil {
			var diagnostics Diagnostics
			if !errors.As(err, &diagnostics) || diagnostics.Errors() == 0 {
				t.Fatalf("error without diagnostics: %v", err)
			}
			Render(&bytes.Buffer{}, diagnostics, nil)
			return
		}
		var first, second bytes.Buffer
		if err := Dump(&first, file); err != nil {
			t.Fatal(err)
		}
		file, err = Parse(&Source{Name: "fuzz", Text: first.Bytes()}, Options{})
		if err != nil {
			t.Fatalf("%v in\n%s", err, first.Bytes())
		}
		if err := Dump(&second, file); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("first\n%ssecond\n%s", first.Bytes(), second.Bytes())
		}
	})
}
