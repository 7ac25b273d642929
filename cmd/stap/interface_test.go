package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

var update = flag.Bool("update", false, "write testdata/tapsets/absent.txt anew, with the reasons that it has")

// The lists of testdata/tapsets.
const (
	interfaceList = "../../testdata/tapsets/interface.txt"
	absentList    = "../../testdata/tapsets/absent.txt"
	unwritten     = "not written yet" // the reason that -update gives
)

// TestInterface: T001, T002: the library has the functions, macros and aliases of
// interface.txt, with their parameters, types and tags; aliases have their variables on the
// kernels at hand that serve them. What it does not have stands in absent.txt, with the
// reason.
func TestInterface(t *testing.T) {
	var kernels []*surveyed
	for _, release := range []string{"6.1", "6.12"} {
		s, err := survey(release, "")
		if err != nil {
			t.Logf("kernel %s: %v: what only a kernel can tell is not looked at", release, err)
			continue
		}
		kernels = append(kernels, s)
	}
	if kernels == nil {
		s, err := survey("", "")
		if err != nil {
			t.Skipf("no kernel whose BTF tells what its points give (%v): stap prep --vm fetches one", err)
		}
		kernels = append(kernels, s)
	}
	reasons := readReasons(t)
	missing := map[string]string{}
	for _, line := range lines(t, interfaceList) {
		for key, what := range kernels[0].lacks(line, kernels[1:]) {
			missing[key] = what
		}
	}
	if *update {
		writeReasons(t, missing, reasons)
		return
	}
	waiting := 0
	for _, key := range sortedKeys(missing) {
		switch {
		case reasons[key] == "":
			t.Errorf("%s: %s; absent.txt has no reason for it", key, missing[key])
		case reasons[key] == unwritten:
			waiting++
		}
	}
	t.Logf("%d of the interface are missing, %d of them are not written yet", len(missing), waiting)
	for _, key := range sortedKeys(reasons) {
		if missing[key] == "" {
			t.Logf("%s is there: its line of absent.txt can go (go test ./cmd/stap -run TestInterface -update)", key)
		}
	}
}

// surveyed is the library as a kernel sees it.
type surveyed struct {
	library   *parse.Library
	functions map[string]elaborate.ExaminedFunction // by "name/arity"
	aliases   map[string][]elaborate.ExaminedAlias
}

func survey(release, arch string) (*surveyed, error) {
	d := &driver{settings: &settings{release: release, arch: arch}}
	library, err := d.library(d.parseOptions(nil))
	if err != nil {
		return nil, err
	}
	if _, err := d.findKernel(); err != nil {
		return nil, err
	}
	examined, err := d.examineLibrary(library, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	s := &surveyed{library, map[string]elaborate.ExaminedFunction{}, map[string][]elaborate.ExaminedAlias{}}
	for _, f := range examined.Functions {
		key := fmt.Sprintf("%s/%d", f.Text, len(f.Parameters))
		if _, known := s.functions[key]; !known {
			s.functions[key] = f
		}
	}
	for _, a := range examined.Aliases {
		s.aliases[a.Name] = append(s.aliases[a.Name], a)
	}
	return s, nil
}

// lacks gives what the library does not have of a line, by the names that absent.txt uses.
func (s *surveyed) lacks(line string, others []*surveyed) map[string]string {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "function":
		return s.lacksFunction(rest)
	case "macro":
		return s.lacksMacro(rest)
	}
	name, variables, hasList := strings.Cut(rest, ":")
	if s.aliases[name] == nil {
		return map[string]string{"alias " + name: "there is no such alias"}
	}
	missing := map[string]string{}
	if !hasList {
		return missing
	}
	for _, v := range strings.Fields(variables) {
		served := 0
		for _, k := range append([]*surveyed{s}, others...) {
			for _, a := range k.aliases[name] {
				if !a.Served() {
					continue
				}
				if served++; slices.Contains(a.Variables, v) {
					served = -1 << 20
				}
			}
		}
		if served > 0 {
			variable, _, _ := strings.Cut(v, ":")
			missing["alias "+name+" "+variable] = "the alias has no variable " + v
		}
	}
	return missing
}

// lacksFunction looks at "name(parameter:type, …):type tag".
func (s *surveyed) lacksFunction(line string) map[string]string {
	name, rest, _ := strings.Cut(line, "(")
	list, rest, _ := strings.Cut(rest, "):")
	result, tag, _ := strings.Cut(rest, " ")
	var types []string
	for _, p := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		_, kind, _ := strings.Cut(strings.TrimSpace(p), ":")
		types = append(types, kind)
	}
	key := fmt.Sprintf("%s/%d", name, len(types))
	entry := "function " + key
	f, found := s.functions[key]
	if !found {
		return map[string]string{entry: "there is no such function"}
	}
	differs := func(want string, is parse.Type) bool {
		return want != "unknown" && want != is.String() && (want != "none" || is != parse.Unknown)
	}
	for i, want := range types {
		if differs(want, f.Parameters[i]) {
			return map[string]string{entry: fmt.Sprintf("its parameter %d is %s, not %s", i+1, f.Parameters[i], want)}
		}
	}
	if differs(result, f.Result) {
		return map[string]string{entry: fmt.Sprintf("it gives %s, not %s", f.Result, result)}
	}
	if f.Code != nil && tag != "" && !strings.Contains(f.Code.Text, "/* "+tag+" */") {
		return map[string]string{entry: "it has no tag " + tag}
	}
	return nil
}

// lacksMacro looks at "name/parameters".
func (s *surveyed) lacksMacro(line string) map[string]string {
	name, parameters, _ := strings.Cut(line, "/")
	m, found := s.library.Macro(name)
	switch {
	case !found:
		return map[string]string{"macro " + line: "there is no such macro"}
	case fmt.Sprint(len(m.Parameters)) != parameters:
		return map[string]string{"macro " + line: fmt.Sprintf("it has %d parameters", len(m.Parameters))}
	}
	return nil
}

// lines reads a list without its comments.
func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "#")
	})
}

// readReasons reads "entry: reason".
func readReasons(t *testing.T) map[string]string {
	t.Helper()
	reasons := map[string]string{}
	for _, line := range lines(t, absentList) {
		key, reason, found := strings.Cut(line, ": ")
		if !found {
			t.Errorf("%s: %q is not \"entry: reason\"", absentList, line)
		}
		reasons[key] = reason
	}
	return reasons
}

func writeReasons(t *testing.T, missing, reasons map[string]string) {
	t.Helper()
	text := "# What the library does not have of interface.txt, and why. go test ./cmd/stap -run TestInterface -update\n# takes out what it has by now.\n\n"
	for _, key := range sortedKeys(missing) {
		reason := reasons[key]
		if reason == "" {
			reason = unwritten
		}
		text += key + ": " + reason + "\n"
	}
	if err := os.WriteFile(filepath.FromSlash(absentList), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
