package elaborate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/regex"
	"github.com/gostap/gostap/parse"
)

func ofType(name string, t parse.Type) *Variable {
	return &Variable{Token: parse.Token{Text: name}, Type: t}
}

func sign(text string) parse.Token { return parse.Token{Text: text} }

// TestDump shows each node of C441's bodies in the notation of the language.
func TestDump(t *testing.T) {
	n, text := ofType("n", parse.Long), ofType("text", parse.String)
	counts := ofType("counts", parse.Long)
	counts.Keys, counts.Capacity, counts.Wrap = []parse.Type{parse.Long, parse.String}, 10, true
	sizes := ofType("sizes", parse.Stats)
	sizes.Statistics = &Statistics{Histogram: &Histogram{Low: 0, High: 100, Step: 10}, Shift: 3}
	times := ofType("times", parse.Stats)
	times.Keys, times.Statistics = []parse.Type{parse.Long}, &Statistics{Histogram: &Histogram{Log: true}}
	one, name := &Number{1}, &Text{"a\n\"b\""}
	loadN := &Load{n}
	element := &Element{Array: counts, Keys: []Expression{one, name}}
	twice := &Function{Token: sign("twice"), Result: parse.Long, Parameters: []*Variable{n}, Locals: []*Variable{text},
		Body: []Statement{&Return{X: &Binary{Token: sign("*"), X: &Number{2}, Y: loadN}}}}
	inC := &Function{Token: sign("inC"), Code: &parse.EmbeddedCode{Token: sign(" c(); ")}}
	linear, log := &HistogramOf{Variable: sizes}, &HistogramOf{Variable: times, Keys: []Expression{loadN}}
	initial := ofType("initial", parse.String)
	initial.Initial = &parse.StringLiteral{Value: "x"}
	pattern, err := regex.Parse(`^a"[bc]`)
	if err != nil {
		t.Fatal(err)
	}
	body := []Statement{
		&Evaluate{X: &Store{n, &Unary{"-", &Conditional{loadN, one, &Number{-3}}}}},
		&Evaluate{X: &Step{n, 1, true}},
		&Evaluate{X: &Step{n, -1, true}},
		&Evaluate{X: &Step{n, -1, false}},
		&If{Condition: loadN, Then: []Statement{&Branch{Word: "next"}}, Else: []Statement{&Return{}}},
		&Loop{Condition: &Contains{Array: counts, Keys: []Expression{one, nil}}, Step: &Step{n, 1, false}, Body: []Statement{&Branch{Word: "break"}}},
		&Loop{Body: []Statement{&Branch{Word: "continue"}}},
		&Try{Body: []Statement{&Evaluate{X: &Call{Token: sign("twice"), Function: twice, Arguments: []Expression{one}}}}, Message: text},
		&Foreach{Array: counts, Keys: []*Variable{n, text}, SortKey: 2, SortOrder: -1, Limit: &Number{5}},
		&Foreach{Array: times, Keys: []*Variable{n}, Value: text, Slice: []Expression{nil}, SortByStat: "sum", SortOrder: 1},
		&ForeachBucket{Buckets: linear, Key: n, SortByKey: true, SortOrder: 1, Limit: one},
		&ForeachBucket{Buckets: log, Key: n, Value: text, SortOrder: -1},
		&Delete{Variable: counts, Keys: []Expression{one, nil}},
		&Delete{Variable: counts},
		&Evaluate{X: element},
		&Evaluate{X: &StoreElement{Element: element, Operator: "+", X: one}},
		&Evaluate{X: &StoreElement{Element: element, Operator: "+", X: one, Old: true}},
		&Evaluate{X: &Aggregate{Variable: times, Keys: []Expression{loadN}, X: one}},
		&Evaluate{X: &Extract{Function: "variance", Variable: sizes}},
		&Evaluate{X: &Bucket{Buckets: linear, Index: loadN}},
		&Evaluate{X: &HasBucket{Buckets: log, Index: one}},
		&Evaluate{X: &Match{X: name, Pattern: pattern}},
		&Evaluate{X: &Match{X: name, Pattern: pattern, Negated: true}},
		&Evaluate{X: &EnumName{X: loadN}},
		&Evaluate{X: &EmbeddedExpression{Code: &parse.EmbeddedCode{Token: sign(" 1 ")}, Result: parse.Long}},
		&Evaluate{X: &StoreMemory{Address: &Argument{N: 1}, Offset: 8, Size: 4, X: &Dereference{Address: loadN, Size: 8, User: true}}},
		&Evaluate{X: &Print{Pieces: []Piece{{Histogram: log}}}},
		&Evaluate{X: &Print{ToString: true, Pieces: []Piece{
			{Text: "100% "},
			{X: loadN, Conversion: Conversion{Flag: '-', Width: loadN, Precision: &Number{3}, Verb: 'x'}},
			{X: name, Conversion: Conversion{Verb: 's'}},
			{Text: "\n"},
		}}},
	}
	program := &Program{
		Embedded:  []*parse.EmbeddedCode{{Token: sign(" int x; ")}},
		Globals:   []*Variable{counts, sizes, times, initial},
		Functions: []*Function{twice, inC},
		Probes:    []*Probe{{Point: "timer.s(1)", Written: "tick.*", Aliases: []string{"second", "tick.second"}, Condition: loadN, Locals: []*Variable{n, text}, Body: body}},
	}
	want, err := os.ReadFile("testdata/dump.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := Dump(&got, program, true); err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// TestDumpKnowsAllNodes: a kind of node that program.go declares has its notation.
func TestDumpKnowsAllNodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "program.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	notation, err := os.ReadFile("dump_body.go")
	if err != nil {
		t.Fatal(err)
	}
	nodes := 0
	for _, declaration := range file.Decls {
		method, ok := declaration.(*ast.FuncDecl)
		if !ok || method.Recv == nil || method.Name.Name != "Pos" && method.Name.Name != "Type" {
			continue
		}
		nodes++
		name := method.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name
		if !regexp.MustCompile(`case [^:]*\*` + name + `\b`).Match(notation) {
			t.Errorf("dump_body.go has no case for *%s", name)
		}
	}
	if nodes < 20 {
		t.Errorf("only %d nodes found in program.go", nodes)
	}
}
