//go:build guest

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// TestGuestLibraryBuilds: T001: a script that uses every function of the library, and every
// alias with all of its variables, can be built, for each kernel of GOSTAP_KERNELS; with
// -short for the first. System calls by their names are too many: their C is compared with
// its table elsewhere.
func TestGuestLibraryBuilds(t *testing.T) {
	names := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	if testing.Short() {
		names = names[:min(1, len(names))]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			query := kernel.Named(name)
			s, err := survey(query.Release, query.Arch)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "all.stp")
			if err := os.WriteFile(file, []byte(s.scriptOfAll()), 0o644); err != nil {
				t.Fatal(err)
			}
			options := []string{"-g", "-p4", "-r", query.Release}
			if query.Arch != "" {
				options = append(options, "-a", query.Arch)
			}
			if status := run(append(options, file)); status != 0 {
				t.Errorf("status %d", status)
			}
		})
	}
}

// scriptOfAll gives a script that uses what a kernel serves of the library.
func (s *surveyed) scriptOfAll() string {
	var b strings.Builder
	b.WriteString("probe kernel.function(\"vfs_read\").call {\n") // some are for functions that are entered
	for _, key := range sortedKeys(s.functions) {
		f := s.functions[key]
		arguments := make([]string, len(f.Parameters))
		for i, kind := range f.Parameters {
			arguments[i] = map[parse.Type]string{parse.String: `"x"`}[kind]
			if arguments[i] == "" {
				arguments[i] = "1"
			}
		}
		call := fmt.Sprintf("%s(%s)", f.Text, strings.Join(arguments, ", "))
		if f.Result != parse.Unknown {
			call = "println(" + call + ")"
		}
		fmt.Fprintf(&b, "\ttry { %s } catch { }\n", call)
	}
	b.WriteString("}\n")
	for _, name := range sortedKeys(s.aliases) {
		if strings.HasPrefix(name, "_") || strings.Contains(name, "syscall.") || !s.aliases[name][0].Served() {
			continue
		}
		fmt.Fprintf(&b, "probe %s {\n\tprintln()\n", name)
		for _, v := range s.aliases[name][0].Variables {
			variable, _, _ := strings.Cut(v, ":")
			fmt.Fprintf(&b, "\tprintln(%s)\n", variable)
		}
		b.WriteString("}\n")
	}
	return b.String()
}
