package parse

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scripts gives the text of every script of the repository, by its path.
func scripts(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(filepath.Ext(path), ".stp") {
			return err
		}
		text, err := os.ReadFile(path)
		found[path] = string(text)
		return err
	})
	if err != nil || len(found) < 10 {
		t.Fatalf("%d scripts: %v", len(found), err)
	}
	return found
}

// checkFormat formats a text twice, and compares the trees of what can be parsed.
func checkFormat(t *testing.T, name, text string, options Options) (formatted string, ok bool) {
	t.Helper()
	source := func(text []byte) *Source { return &Source{Name: name, Text: text, Library: true} }
	once, err := Format(source([]byte(text)))
	if _, isMistake := err.(Diagnostics); isMistake {
		return "", false
	} else if err != nil {
		t.Fatal(err)
	}
	twice, err := Format(source(once))
	if err != nil || string(twice) != string(once) {
		t.Fatalf("%s: formatted again (%v)\n%s\nis\n%s", name, err, once, twice)
	}
	dump := func(text []byte) string {
		file, err := Parse(source(text), options)
		if err != nil {
			return "no script"
		}
		var out strings.Builder
		if err := Dump(&out, file); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if before, after := dump([]byte(text)), dump(once); before != after {
		t.Fatalf("%s: the tree of\n%s\nis\n%s\nafter\n%s\nit is\n%s", name, text, before, once, after)
	}
	return string(once), true
}

// TestFormatScripts: every script of the repository, and of the corpus where
// there is one, keeps its tree.
func TestFormatScripts(t *testing.T) {
	all := scripts(t)
	if folder := os.Getenv("GOSTAP_CORPUS"); folder != "" {
		_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".stp" && !strings.HasSuffix(path, "-template.stp") {
				text, err := os.ReadFile(path)
				all[path] = string(text)
				return err
			}
			return err
		})
	}
	for path, text := range all {
		formatted, ok := checkFormat(t, path, text, Options{Arguments: []string{"1", "2", "3", "4", "5", "6"}})
		if isMistaken := strings.Contains(text, "# ERROR"); ok == isMistaken && !strings.Contains(path, "elaborate") {
			_, err := Format(&Source{Name: path, Text: []byte(text)})
			t.Errorf("%s: formatted: %v: %v", path, ok, err)
		}
		if out := os.Getenv("GOSTAP_FORMATTED"); out != "" && ok {
			if err := os.WriteFile(filepath.Join(out, strings.ReplaceAll(strings.TrimPrefix(path, "../"), "/", "_")), []byte(formatted), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
