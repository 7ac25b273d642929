package elaborate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// FuzzElaborate: no script makes the pass panic or go on for ever, and what it
// accepts can be listed.
func FuzzElaborate(f *testing.F) {
	for _, pattern := range []string{"../testdata/*/*.stp", "../examples/*.stp", "../tapsets/*.stp"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parse.Parse(&parse.Source{Name: "fuzz", Text: []byte(text)}, parse.Options{})
		if err != nil {
			return
		}
		program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), elaborate.Options{BTF: kernelBTF, Guru: true})
		if err == nil && found.Errors() == 0 && program == nil {
			t.Error("no program and no reason")
		}
	})
}
