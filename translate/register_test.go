package translate_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/translate"
)

// TestRegisters: P311, P313, L138: registers read and set, bit-fields set without
// harm to what is beside them, floating-point numbers widened, numbers without a
// sign divided, addresses of data. What DWARF makes of variables is made by hand here.
func TestRegisters(t *testing.T) {
	at := parse.Token{Text: "->", Position: parse.Position{Source: &parse.Source{Name: "x.stp"}, Line: 1, Column: 2}}
	number := func(n int64) elaborate.Expression { return &elaborate.Number{Value: n} }
	evaluate := func(x elaborate.Expression) elaborate.Statement { return &elaborate.Evaluate{X: x} }
	show := func(list ...elaborate.Expression) elaborate.Statement {
		line := &elaborate.Print{Token: at}
		for _, x := range list {
			line.Pieces = append(line.Pieces, elaborate.Piece{X: x, Conversion: elaborate.Conversion{Verb: 'x'}}, elaborate.Piece{Text: " "})
		}
		return evaluate(line)
	}
	var floats []elaborate.Expression
	var wide strings.Builder
	for _, f := range []float32{1.5, -0.1, float32(math.Copysign(0, -1)), float32(math.Inf(-1)), 1e-40, -math.SmallestNonzeroFloat32, math.MaxFloat32} {
		floats = append(floats, &elaborate.WidenFloat{X: number(int64(math.Float32bits(f)))})
		fmt.Fprintf(&wide, "%x ", math.Float64bits(float64(f)))
	}
	data := &elaborate.KernelData{Token: at, At: elaborate.KernelAddress{Offset: 8}}
	read := func(offset int64, size int) elaborate.Expression {
		return &elaborate.Dereference{Token: at, Address: data, Offset: offset, Size: size}
	}
	bits := func(offset int64, shift, count int, value int64, user bool) elaborate.Statement {
		return evaluate(&elaborate.StoreBits{Token: at, Address: data, Offset: offset, Shift: shift, Bits: count, User: user, X: number(value)})
	}
	divide := func(sign string, x, y int64) elaborate.Expression {
		return &elaborate.Unsigned{Token: parse.Token{Position: at.Position, Text: sign}, X: number(x), Y: number(y)}
	}
	register := &elaborate.Register{Number: 3}
	program := &elaborate.Program{Data: []elaborate.KernelAddress{{}, data.At}, Probes: []*elaborate.Probe{{
		Token: at, Point: "begin", Place: elaborate.BeginPlace{},
		Body: []elaborate.Statement{
			show(register, &elaborate.Cast{X: register, Size: 2}, &elaborate.Cast{X: register, Size: 1, Signed: true}),
			show(&elaborate.StoreRegister{Number: 3, Shift: 8, Bits: 16, X: number(-1)}, register),
			show(&elaborate.StoreRegister{Number: 3, Bits: 64, X: number(7)}, register, &elaborate.StoreArgument{N: 1, Size: 4, X: number(-1)}, &elaborate.Register{Number: 1}),
			show(&elaborate.StoreReturnValue{X: number(9)}, &elaborate.Register{Number: 0}),
			bits(0, 3, 5, 0, false), bits(0, 0, 3, 5, true), bits(1, 4, 60, -2, false), bits(9, 7, 2, 1, false), show(read(0, 8), read(8, 8)),
			show(floats...),
			show(divide("/", -1, 16), divide("%", -1, 16), &elaborate.CPUOffset{}),
			evaluate(divide("/", 1, 0)),
		},
	}}}
	want := "3333 3333 33 ffffffffffffffff ffff33 7 7 ffffffffffffffff ffffffff 9 9 " +
		"ffffffffffffef05 fffffffffffeffff " + wide.String() +
		"fffffffffffffff f 100 [error: division by 0 near operator '/' at x.stp:1:2 in probe begin]\n"
	if got := runHostedC(t, translate.Translate(program).C); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
