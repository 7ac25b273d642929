package gostap_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A row of docs/conformance.md: an item and either the tests that show it or, in words, why there is none.
type row struct {
	line   int
	item   string
	tests  []string
	reason string
}

var (
	itemName = regexp.MustCompile(`^[LPCRT]\d{1,4}$`)
	quoted   = regexp.MustCompile("`([^`]+)`")
)

// conformanceRows reads the rows of every table of a page. A second cell that begins with a backquote names tests, each
// in backquotes; any other is a reason. A malformed row is an error that names its line.
func conformanceRows(page string) ([]row, error) {
	var rows []row
	seen := make(map[string]int)
	page, _, _ = strings.Cut(page, "<!-- corpus begins -->") // what follows is no list of items
	for index, line := range strings.Split(page, "\n") {
		number := index + 1
		inner, isTable := strings.CutPrefix(strings.TrimSpace(line), "|")
		if !isTable {
			continue
		}
		item, content, complete := strings.Cut(strings.TrimSuffix(inner, "|"), "|")
		item, content = strings.TrimSpace(item), strings.TrimSpace(content)
		if item == "id" || strings.Trim(item, "-:") == "" {
			continue
		}
		switch {
		case !complete || content == "":
			return nil, fmt.Errorf("line %d: %s has neither test nor reason", number, item)
		case !itemName.MatchString(item):
			return nil, fmt.Errorf("line %d: %q is no item: a letter of L, P, C, R, T and a number", number, item)
		case seen[item] != 0:
			return nil, fmt.Errorf("line %d: %s stands at line %d already", number, item, seen[item])
		}
		seen[item] = number
		next := row{line: number, item: item}
		if strings.HasPrefix(content, "`") {
			for _, match := range quoted.FindAllStringSubmatch(content, -1) {
				next.tests = append(next.tests, match[1])
			}
		} else {
			next.reason = content
		}
		rows = append(rows, next)
	}
	return rows, nil
}

// testSources maps the name of every Go test function of the checkout to its text, comment included; functions of one
// name in several packages are joined.
func testSources(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	eachFile(t, func(path string) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			function, isFunction := declaration.(*ast.FuncDecl)
			if !isFunction || function.Recv != nil {
				continue
			}
			start := function.Pos()
			if function.Doc != nil {
				start = function.Doc.Pos()
			}
			texts[function.Name.Name] += string(source[files.Position(start).Offset:files.Position(function.End()).Offset])
		}
	})
	return texts
}

// mentions reports whether text has item as a word of its own, so that L1 is not found in L10.
func mentions(text, item string) bool {
	return regexp.MustCompile(`(^|[^A-Za-z0-9])` + item + `([^0-9]|$)`).MatchString(text)
}

// TestConformance holds docs/conformance.md to its word: every test that it names exists, as a Go test function or as a
// file of the checkout, and mentions the item that it is said to show.
func TestConformance(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conformanceRows(string(page))
	if err != nil {
		t.Fatalf("docs/conformance.md: %v", err)
	}
	functions := testSources(t)
	tested := 0
	for _, row := range rows {
		if len(row.tests) > 0 {
			tested++
		}
		for _, name := range row.tests {
			text, exists := functions[name]
			if !exists {
				content, err := os.ReadFile(filepath.FromSlash(name))
				if err != nil {
					t.Errorf("docs/conformance.md:%d: %s: neither a test function nor a file: %s", row.line, row.item, name)
					continue
				}
				text = name + "\n" + string(content)
			}
			if !mentions(text, row.item) {
				t.Errorf("docs/conformance.md:%d: %s does not mention %s", row.line, name, row.item)
			}
		}
	}
	t.Logf("docs/conformance.md: %d items, %d tested, %d with a reason why not", len(rows), tested, len(rows)-tested)
}

func TestConformanceRows(t *testing.T) {
	rows, err := conformanceRows("| id | test or reason |\n|---|---|\n| L1 | `TestA`, `testdata/b.txtar` |\n\n| C402 | later |\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || len(rows[0].tests) != 2 || rows[0].tests[1] != "testdata/b.txtar" || rows[1].reason != "later" {
		t.Errorf("rows are %+v", rows)
	}
	for _, page := range []string{"| L1 |", "| L1 | |", "| X1 | `TestA` |", "| L1 | a |\n| L1 | b |"} {
		if _, err := conformanceRows(page); err == nil {
			t.Errorf("%q is accepted", page)
		}
	}
	if mentions("covers L10", "L1") || !mentions("covers L1, L2", "L1") || !mentions("b_L1.stp", "L1") {
		t.Error("an item is found by a part of its name, or not by its whole")
	}
}
