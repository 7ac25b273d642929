package tapsets_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
)

// TestDoc: every function, alias and macro that scripts can name has a comment that begins
// with its name; overloads share one.
func TestDoc(t *testing.T) {
	known := func(text string) func() (string, error) { return func() (string, error) { return text, nil } }
	library := parse.NewLibrary(parse.Options{Environment: parse.Environment{
		Release: known("6.1.0"), Arch: known("x86_64"), Config: func(string) (string, bool, error) { return "", false, nil },
	}})
	tapsets.AddTo(library)
	named := func(kind, name string, at []parse.Position) {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, "@_") {
			return
		}
		if at == nil {
			return // for other kernels
		}
		for _, p := range at {
			if doc := parse.DocOf(p); doc != nil && slices.Contains(doc.Names, name) && doc.Text != "" {
				return
			}
		}
		t.Errorf("%s: the %s %s has no comment \"/** %s: what it is. */\" above it", at[0], kind, name, name)
	}
	for _, name := range library.FunctionNames() {
		var at []parse.Position
		for _, arity := range library.Arities(name) {
			overloads, _ := library.Functions(name, arity)
			for _, f := range overloads {
				at = append(at, f.Position)
			}
		}
		named("function", name, at)
	}
	for _, a := range library.Aliases("", func(string) bool { return true }) {
		isNamed := func(name *parse.ProbePoint) bool {
			doc := parse.DocOf(a.Position)
			return strings.HasPrefix(name.String(), "_") || doc != nil && doc.Text != "" && slices.Contains(doc.Names, name.String())
		}
		if !slices.ContainsFunc(a.Names, isNamed) {
			t.Errorf("%s: the alias %s has no comment \"/** %s: what it is. */\" above it", a.Position, a.Names[0], a.Names[0])
		}
	}
	for _, name := range library.MacroNames() {
		if m, found := library.Macro(name); found {
			named("macro", "@"+name, []parse.Position{m.Position})
		}
	}
	for _, w := range library.Warnings() {
		t.Error(w)
	}
}

// TestHeaders: each file of the library says at its beginning what it is about.
func TestHeaders(t *testing.T) {
	err := fs.WalkDir(tapsets.Files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(tapsets.Files, path)
		if header := parse.HeaderOf(&parse.Source{Name: path, Text: text}); header == "" {
			t.Errorf("%s does not begin with lines of \"// \" that say what it covers, and on which kernels", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
