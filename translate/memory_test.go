package translate_test

import (
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/translate"
)

// TestMemory: R544, L137, L138: memory of the kernel and of the process read and
// written, faults, and names of values. What only places with types make is made
// by hand here.
func TestMemory(t *testing.T) {
	at := parse.Token{Text: "->", Position: parse.Position{Source: &parse.Source{Name: "x.stp"}, Line: 1, Column: 2}}
	local := func(name string, kind parse.Type) *elaborate.Variable {
		return &elaborate.Variable{Token: parse.Token{Text: name}, Type: kind, Assigned: true}
	}
	address, message := local("address", parse.Long), local("message", parse.String)
	code := &parse.EmbeddedCode{Token: parse.Token{Position: at.Position, Text: `({ static char memory[16] = "abcdefghijklmno"; (stap_long)(long)memory; })`}}
	evaluate := func(x elaborate.Expression) elaborate.Statement { return &elaborate.Evaluate{X: x} }
	show := func(list ...elaborate.Expression) elaborate.Statement {
		line := &elaborate.Print{Token: at}
		for _, x := range list {
			verb := byte('d')
			if x.Type() == parse.String {
				verb = 's'
			}
			line.Pieces = append(line.Pieces, elaborate.Piece{X: x, Conversion: elaborate.Conversion{Verb: verb}}, elaborate.Piece{Text: " "})
		}
		return evaluate(line)
	}
	read := func(offset int64, size int, signed, user bool) elaborate.Expression {
		return &elaborate.Dereference{Token: at, Address: &elaborate.Load{Variable: address}, Offset: offset, Size: size, Signed: signed, User: user}
	}
	write := func(to elaborate.Expression, size int, user bool, value int64) elaborate.Expression {
		return &elaborate.StoreMemory{Token: at, Address: to, Offset: 1, Size: size, User: user, X: &elaborate.Number{Value: value}}
	}
	failing := func(x elaborate.Expression) elaborate.Statement {
		return &elaborate.Try{Body: []elaborate.Statement{evaluate(x)}, Message: message, Catch: []elaborate.Statement{show(&elaborate.Load{Variable: message})}}
	}
	name := func(n int64) elaborate.Expression {
		return &elaborate.EnumName{X: &elaborate.Number{Value: n}, Names: []elaborate.EnumValue{{Name: "FIRST", Value: 1}, {Name: "LEAST", Value: -1 << 63}}}
	}
	there := &elaborate.Load{Variable: address}
	program := &elaborate.Program{Probes: []*elaborate.Probe{{
		Token: at, Point: "begin", Place: elaborate.BeginPlace{}, Locals: []*elaborate.Variable{address, message},
		Body: []elaborate.Statement{
			evaluate(&elaborate.Store{Variable: address, X: &elaborate.EmbeddedExpression{Code: code, Result: parse.Long}}),
			show(read(0, 1, false, false), read(1, 2, false, true), read(0, 8, true, false)),
			show(write(there, 1, false, -1), read(1, 1, true, true), read(1, 1, false, false)),
			show(write(there, 2, true, 0x4142), write(there, 4, false, -2), read(1, 4, true, true), read(1, 4, false, true), write(there, 8, true, 7), read(1, 8, true, false)),
			failing(&elaborate.Dereference{Token: at, Address: &elaborate.Number{Value: 8}, Size: 8, User: true}),
			failing(write(&elaborate.Number{Value: 15}, 4, false, 1)), failing(write(&elaborate.Number{Value: 15}, 8, true, 1)),
			show(name(1), name(-1<<63), name(-7)),
		},
	}}}
	want := "97 25442 7523094288207667809 -1 -1 255 16706 -2 -2 4294967294 7 7 " +
		"read fault [man error::fault] at 0x8 write fault [man error::fault] at 0x10 write fault [man error::fault] at 0x10 FIRST LEAST -7 "
	if got := runHostedC(t, translate.Translate(program).C); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
