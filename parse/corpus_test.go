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

// tapsetMacros stand for macros of the library that the corpus uses.
const tapsetMacros = `
@define choose_defined(a, b) %( (@defined(@a) ? @a : @b) %)
@define cast_module_sizeof(module, type) %( &@cast(0, @type, @module)[1] %)
@define container_of(p, type, member) %( @cast(@p - &@cast(0, @type)->@member, @type) %)
@define module_container_of(p, module, type, member) %( @cast(@p - &@cast(0, @type, @module)->@member, @type, @module) %)
@define this1 %( this1[tid()] %)
@define this2 %( this2[tid()] %)
@define this3 %( this3[tid()] %)
@define this4 %( this4[tid()] %)
@define this5 %( this5[tid()] %)
@define this6 %( this6[tid()] %)
@define json_output_data_start %( { %)
@define json_output_data_end %( } %)
@define json_output_array_numeric_value(array, index, metric, value) %( println(@array, @index, @metric, @value) %)
@define prometheus_dump_array1(a, name, k1) %( foreach (k in @a) println(@name, @k1) %)
@define prometheus_dump_array3(a, name, k1, k2, k3) %( foreach ([k, l, m] in @a) println(@name, @k1, @k2, @k3) %)
@define prometheus_dump_array7(a, name, k1, k2, k3, k4, k5, k6, k7) %( println(@name, @k1, @k2, @k3, @k4, @k5, @k6, @k7) %)
@define prometheus_dump_array1_map_unquoted(a, name, k1, f1, fv) %( foreach (k in @a) println(@f1(k), @fv(@a[k])) %)
@define prometheus_dump_array2_map(a, name, k1, k2, f1, f2, fv) %( println(@f1(1), @f2(1), @fv(1)) %)
@define prometheus_dump_array3_map(a, name, k1, k2, k3, f1, f2, f3, fv) %( println(@f1(1), @f2(1), @f3(1), @fv(1)) %)
`

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
			if err != nil || !entry.Type().IsRegular() || filepath.Ext(path) != ".stp" || strings.HasSuffix(path, "-template.stp") {
				return err // a template has "..." in it
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
	macros := &parse.Source{Name: "corpus.stpm", Library: true, Text: []byte(tapsetMacros)}
	library.Add(parse.IndexSource(macros), func() (*parse.Source, error) { return macros, nil })
	options.Macros = library.Macro
	visit(func(source *parse.Source) {
		scripts++
		var err error
		given := []string{"1", "kernel.function(\"vfs_read\")", "x"} // what a script wants is in its words only
		for n := range 27 {
			options.Arguments = []string{given[n%3], given[n/3%3], given[n/9], given[n%3], given[n%3], given[n%3]}
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
