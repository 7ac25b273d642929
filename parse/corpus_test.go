package parse_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/parse"
)

// TestCorpus parses all scripts below the folder that GOSTAP_CORPUS names, in
// guru mode, for a kernel of the environment above, with arguments for those
// that want some. `make corpus` runs it over SystemTap's example scripts.
func TestCorpus(t *testing.T) {
	folder := os.Getenv("GOSTAP_CORPUS")
	if folder == "" {
		t.Skip("GOSTAP_CORPUS names no folder: make corpus runs this test")
	}
	options := parse.Options{Environment: environment}
	options.Environment.Guru = true
	scripts := 0
	visit := func(visit func(source *parse.Source)) {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || !strings.HasPrefix(filepath.Ext(path), ".stp") {
				return err
			}
			text, err := os.ReadFile(path)
			visit(&parse.Source{Name: path, Text: text, Library: strings.Contains(path, "/tapset/")})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	library := parse.NewLibrary(options)
	visit(func(source *parse.Source) {
		if source.Library {
			library.Add(parse.IndexSource(source), func() (*parse.Source, error) { return source, nil })
		}
	})
	options.Macros = library.Macro
	visit(func(source *parse.Source) {
		scripts++
		var err error
		for _, argument := range []string{"1", "kernel.function(\"vfs_read\")", "x"} { // what a script wants is in its words only
			options.Arguments = strings.Split(strings.Repeat(argument+"\x00", 8)+argument, "\x00")
			if _, err = parse.Parse(source, options); err == nil {
				return
			}
		}
		var found parse.Diagnostics
		errors.As(err, &found)
		var message strings.Builder
		parse.Render(&message, found[:1], nil)
		t.Error(message.String())
	})
	if scripts == 0 {
		t.Errorf("no scripts below %s", folder)
	}
	t.Logf("%d scripts", scripts)
}
