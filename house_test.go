// Package gostap_test holds what no single folder can hold of itself: the rules of the house and the conformance list.
//
// In: this checkout's files, read as text and as import lists, so that the rules hold for code that does not compile
// and for every build tag. Out: one test error for each file and rule that it breaks. Example: a file in parse with
//
//	import "github.com/gostap/gostap/kernel"
//
// gives "parse/scan.go: parse may not import kernel".
package gostap_test

import (
	"bytes"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gostap/gostap/"

// imports gives each folder the folders of ours that it may import; a folder speaks for those below it, unless they
// have a line of their own, and may import within itself. Programs outside the product (testdata, docs) see everything.
var imports = map[string][]string{
	"kernel":            {},
	"kernel/modulefile": {},
	"kernel/buildid":    {},
	"parse":             {},
	"tapsets":           {"parse"},
	"runtime-c":         {},
	"elaborate/regex":   {},
	"elaborate":         {"elaborate/regex", "parse", "kernel", "kernel/buildid", "tapsets"},
	"translate":         {"elaborate", "elaborate/regex", "parse"},
	"kbuild":            {"translate", "elaborate", "parse", "kernel", "kernel/modulefile", "runtime-c"},
	"staprun":           {"kernel/modulefile", "kernel/buildid"},
	"staprun/vm":        {"staprun", "kernel"},
	"inject":            {},
	"cmd":               {"inject", "staprun", "staprun/vm", "kbuild", "translate", "elaborate", "parse", "kernel", "tapsets", "runtime-c"},
}

// owners gives each module that is confined to one folder that folder.
var owners = map[string]string{
	"github.com/alecthomas/participle": "parse",
	"github.com/go-delve/delve":        "elaborate/debuginfo",
	"github.com/spf13/cobra":           "cmd",
}

const longestFile = 900

var (
	sources = []string{".go", ".c", ".h", ".S", ".stp", ".sh"}

	// releaseLiteral matches a kernel release with a package's revision, as in uname -r on Debian.
	releaseLiteral = regexp.MustCompile(`(^|[^\w.])[3-9]\.\d{1,3}\.\d{1,4}[-+]\w+`)
)

// isBelow reports whether path is folder or lies in it.
func isBelow(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// room gives the longest key of imports that holds path, and whether there is one.
func room(path string) (string, bool) {
	for ; path != "."; path = filepath.Dir(path) {
		if _, found := imports[path]; found {
			return path, true
		}
	}
	return "", false
}

// eachFile calls visit with every file of the checkout that is neither git's nor built, by its path from the root.
func eachFile(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == ".git" || path == "bin"):
			return filepath.SkipDir
		case entry.Type().IsRegular():
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("reading the checkout: %v", err)
	}
}

// importsOf reads the import paths of a Go file; what follows them need not be valid.
func importsOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return nil
	}
	var paths []string
	for _, spec := range file.Imports {
		unquoted, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Errorf("%s: import %s: %v", path, spec.Path.Value, err)
			continue
		}
		paths = append(paths, unquoted)
	}
	return paths
}

func TestHouseImportsRunOneWay(t *testing.T) {
	eachFile(t, func(path string) {
		folder := filepath.ToSlash(filepath.Dir(path))
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || isBelow(folder, "testdata") || isBelow(folder, "docs") {
			return
		}
		from, known := room(folder)
		if !known {
			t.Errorf("%s: the house has no room %q; a new one needs a line in house_test.go", path, folder)
			return
		}
		for _, imported := range importsOf(t, path) {
			target, ours := strings.CutPrefix(imported, module)
			if !ours || isBelow(target, from) {
				continue
			}
			if to, known := room(target); !known || !slices.Contains(imports[from], to) {
				t.Errorf("%s: %s may not import %s", path, from, target)
			}
		}
	})
}

func TestHouseConfinedModules(t *testing.T) {
	eachFile(t, func(path string) {
		if filepath.Ext(path) != ".go" {
			return
		}
		for _, imported := range importsOf(t, path) {
			for confined, owner := range owners {
				if isBelow(imported, confined) && !isBelow(filepath.ToSlash(path), owner) {
					t.Errorf("%s: %s is for %s alone", path, imported, owner)
				}
			}
		}
	})
}

// Comments may explain with a release; what runs may not know one.
func TestHouseKernelReleasesAreDiscovered(t *testing.T) {
	eachFile(t, func(path string) {
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		file := files.AddFile(path, -1, len(text))
		var tokens scanner.Scanner
		tokens.Init(file, text, func(position token.Position, message string) { t.Errorf("%s: %s", position, message) }, 0)
		for {
			position, kind, literal := tokens.Scan()
			if kind == token.EOF {
				return
			}
			if kind == token.STRING && releaseLiteral.MatchString(literal) {
				t.Errorf("%s: a kernel release is written down: %s", files.Position(position), literal)
			}
		}
	})
}

func TestHouseFilesAreShort(t *testing.T) {
	eachFile(t, func(path string) {
		if !slices.Contains(sources, filepath.Ext(path)) {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(text, []byte("\n")); lines > longestFile && !bytes.HasPrefix(text, []byte("// Code generated")) {
			t.Errorf("%s: %d lines, more than %d: split it", path, lines, longestFile)
		}
	})
}

// The rules above see nothing where their patterns are wrong: these are lines that must and must not be found.
func TestHouseReleasePattern(t *testing.T) {
	for line, found := range map[string]bool{
		`release := "6.1.0-50-cloud-amd64"`:   true,
		`"6.12.107+deb12-cloud-amd64"`:        true,
		`-r 6.1 or -r 6.12`:                   false,
		`require golang.org/x/sys v0.49.0-rc`: false,
		`LINUX_VERSION_CODE 6.1.0`:            false,
	} {
		if releaseLiteral.MatchString(line) != found {
			t.Errorf("%q: found is %v", line, !found)
		}
	}
}
