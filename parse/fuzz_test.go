package parse

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// addSeeds begins with every script of the repository: the whole of it, and each
// line.
func addSeeds(f *testing.F) {
	for _, text := range scripts(f) {
		f.Add([]byte(text))
		for _, line := range strings.Split(text, "\n") {
			f.Add([]byte(line))
		}
	}
	f.Add([]byte(handler))
	f.Add([]byte("@define m(a) %( %( $# > 1 && kernel_v > \"3\" %? @a %: 2 %) %) probe begin { x = @m(@m(5)) . %( arch == \"x\" %? $1 %) }"))
}

// FuzzParse holds three promises for any bytes: Parse comes back, its error is
// never empty, and what Dump writes is read as the same tree again.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	var asked []string
	f.Fuzz(func(t *testing.T, text []byte) {
		options := Options{Arguments: []string{"x + 1", `a"b\`, "$1"}, Environment: testEnvironment(&asked)}
		file, err := Parse(&Source{Name: "fuzz", Text: text}, options)
		IndexSource(&Source{Name: "fuzz", Text: text})
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

// FuzzFormat: what is formatted keeps its tree, and its form.
func FuzzFormat(f *testing.F) {
	addSeeds(f)
	var asked []string
	f.Fuzz(func(t *testing.T, text []byte) {
		checkFormat(t, "fuzz", string(text), Options{Arguments: []string{"5", "a.b", "x + 1"}, Environment: testEnvironment(&asked)})
	})
}
