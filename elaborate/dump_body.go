package elaborate

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

// This file writes bodies for Dump: expressions in full parentheses, a ";" after
// each simple statement. What the language has no notation of its own for is
// written as an operator: @argument(n) is a parameter of the probed function,
// @kderef(size, address) and @uderef(size, address) are memory.

// deepestIndent bounds the blanks before a deeply nested statement.
const deepestIndent = 40

func (d *dumper) line() { d.write(strings.Repeat("  ", min(d.indent, deepestIndent))) }

func (d *dumper) block(body []Statement) {
	d.write("{\n")
	d.indent++
	for _, s := range body {
		d.line()
		d.statement(s)
	}
	d.indent--
	d.line()
	d.write("}\n")
}

func (d *dumper) statement(s Statement) {
	switch s := s.(type) {
	case *Evaluate:
		d.expression(s.X)
		d.write(";\n")
	case *If:
		d.write("if ")
		d.parenthesised(s.Condition)
		d.write(" ")
		d.block(s.Then)
		if s.Else != nil {
			d.line()
			d.write("else ")
			d.block(s.Else)
		}
	case *Loop:
		d.write("for (;")
		d.optional(" ", s.Condition)
		d.write(";")
		d.optional(" ", s.Step)
		d.write(") ")
		d.block(s.Body)
	case *Return:
		d.write("return")
		d.optional(" ", s.X)
		d.write(";\n")
	case *Branch:
		d.write(s.Word, ";\n")
	case *Try:
		d.try(s)
	case *Foreach:
		d.foreach(s)
	case *ForeachBucket:
		d.foreachBucket(s)
	case *Delete:
		d.write("delete ")
		d.element(s.Variable, s.Keys)
		d.write(";\n")
	default:
		d.write(fmt.Sprintf("%T;\n", s))
	}
}

func (d *dumper) try(s *Try) {
	d.write("try ")
	d.block(s.Body)
	d.line()
	d.write("catch ")
	if s.Message != nil {
		d.write("(", s.Message.Text, ") ")
	}
	d.block(s.Catch)
}

// sortSigns are what stands behind what a foreach is sorted by.
var sortSigns = map[int]string{-1: "-", 1: "+"}

func (d *dumper) foreach(s *Foreach) {
	d.write("foreach (")
	if s.Value != nil {
		d.write(s.Value.Text, " = ")
	}
	d.write("[")
	for i, key := range s.Keys {
		if i > 0 {
			d.write(", ")
		}
		d.write(key.Text)
		if s.SortKey == i+1 {
			d.write(sortSigns[s.SortOrder])
		}
	}
	d.write("] in ")
	d.element(s.Array, s.Slice)
	if s.SortByStat != "" {
		d.write(" @", s.SortByStat)
	}
	if s.SortKey == 0 {
		d.write(sortSigns[s.SortOrder])
	}
	d.optional(" limit ", s.Limit)
	d.write(") ")
	d.block(s.Body)
}

func (d *dumper) foreachBucket(s *ForeachBucket) {
	d.write("foreach (")
	if s.Value != nil {
		d.write(s.Value.Text, " = ")
	}
	d.write(s.Key.Text)
	if s.SortByKey {
		d.write(sortSigns[s.SortOrder])
	}
	d.write(" in ")
	d.histogram(s.Buckets)
	if !s.SortByKey {
		d.write(sortSigns[s.SortOrder])
	}
	d.optional(" limit ", s.Limit)
	d.write(") ")
	d.block(s.Body)
}

func (d *dumper) optional(before string, x Expression) {
	if x != nil {
		d.write(before)
		d.expression(x)
	}
}

// parenthesised writes an expression in exactly one pair of parentheses.
func (d *dumper) parenthesised(x Expression) {
	switch x.(type) {
	case *Unary, *Binary, *Conditional, *Store, *Contains, *HasBucket, *Match, *Aggregate, *StoreMemory:
		d.expression(x)
	default:
		d.write("(")
		d.expression(x)
		d.write(")")
	}
}

func (d *dumper) expression(x Expression) {
	switch x := x.(type) {
	case *Number:
		d.write(strconv.FormatInt(x.Value, 10))
	case *Text:
		d.write(quoted(x.Value))
	case *Load:
		d.write(x.Variable.Text)
	case *Store:
		d.write("(", x.Variable.Text, " = ")
		d.expression(x.X)
		d.write(")")
	case *Step:
		d.step(x)
	case *Unary:
		d.write("(", x.Sign)
		d.expression(x.X)
		d.write(")")
	case *Binary:
		d.infix(x.X, x.Text, x.Y)
	case *Conditional:
		d.write("(")
		d.expression(x.Condition)
		d.write(" ? ")
		d.infixRest(x.X, ":", x.Y)
	case *Call:
		d.call(x.Text, x.Arguments)
	case *Print:
		d.print(x)
	case *Match:
		sign := " =~ "
		if x.Negated {
			sign = " !~ "
		}
		d.write("(")
		d.expression(x.X)
		d.write(sign, quoted(x.Pattern.String()), ")")
	case *EnumName:
		d.call("@enumname", []Expression{x.X})
	case *Keep:
		d.call("@entry", []Expression{x.X})
	case *CalledFrom:
		d.write("@calledfrom(", x.String(), ")")
	case *EntryValue:
		d.call("@entry", []Expression{x.Kept.X})
	case *Guarded:
		d.expression(x.X)
	case *Once:
		d.expression(x.X)
	case *EmbeddedExpression:
		d.write("%{", x.Code.Text, "%}")
	case *Argument, *ReturnValue, *Dereference, *StoreMemory, *StoreBits, *KernelData, *CPUOffset, *HitVariable, *StoreHitVariable, *PerfCount:
		d.memory(x)
	case *Register, *StoreRegister, *StoreArgument, *StoreReturnValue, *Cast, *Unsigned, *WidenFloat:
		d.register(x)
	default:
		d.arrayExpression(x)
	}
}

// memory writes what reads and writes the probed kernel.
func (d *dumper) memory(x Expression) {
	switch x := x.(type) {
	case *Argument:
		d.write("@argument(", strconv.Itoa(x.N), ")")
	case *ReturnValue:
		d.write("$return")
	case *Dereference:
		d.dereference(x.User, x.Size, x.Address, x.Offset)
	case *StoreMemory:
		d.write("(")
		d.dereference(x.User, x.Size, x.Address, x.Offset)
		d.write(" = ")
		d.expression(x.X)
		d.write(")")
	case *HitVariable:
		d.write("$", x.Name)
	case *StoreHitVariable:
		sign := " = "
		if x.Append {
			sign = " .= "
		}
		d.write("($", x.Name, sign)
		d.expression(x.X)
		d.write(")")
	case *PerfCount:
		d.write("@perf(", quoted(x.Counter.Place.(*PerfPlace).Counter), ")")
	case *StoreBits:
		d.write("(")
		d.dereference(x.User, (x.Shift+x.Bits+7)/8, x.Address, x.Offset)
		d.write(fmt.Sprintf("[%d:%d] = ", x.Shift+x.Bits-1, x.Shift))
		d.expression(x.X)
		d.write(")")
	case *KernelData:
		d.write("@address(", quoted(x.At.String()), ")")
	case *CPUOffset:
		d.write("@cpu_offset()")
	}
}

// register writes what is done with registers and the numbers in them.
func (d *dumper) register(x Expression) {
	store := func(name string, value Expression) {
		d.write("(", name, " = ")
		d.expression(value)
		d.write(")")
	}
	switch x := x.(type) {
	case *Register:
		d.write("@kregister(", strconv.Itoa(x.Number), ")")
	case *StoreRegister:
		store(fmt.Sprintf("@kregister(%d)[%d:%d]", x.Number, x.Shift+x.Bits-1, x.Shift), x.X)
	case *StoreArgument:
		store(fmt.Sprintf("@argument(%d)", x.N), x.X)
	case *StoreReturnValue:
		store("$return", x.X)
	case *Cast:
		sign := "u"
		if x.Signed {
			sign = "s"
		}
		d.call(fmt.Sprintf("@%s%d", sign, 8*x.Size), []Expression{x.X})
	case *Unsigned:
		d.infix(x.X, x.Text+"u", x.Y)
	case *WidenFloat:
		d.call("@double", []Expression{x.X})
	}
}

// arrayExpression writes what arrays, statistics and histograms are asked.
func (d *dumper) arrayExpression(x Expression) {
	switch x := x.(type) {
	case *Element:
		d.element(x.Array, x.Keys)
	case *StoreElement:
		d.storeElement(x)
	case *Contains:
		d.write("(")
		d.keys(x.Keys)
		d.write(" in ", x.Array.Text, ")")
	case *Aggregate:
		d.write("(")
		d.element(x.Variable, x.Keys)
		d.write(" <<< ")
		d.expression(x.X)
		d.write(")")
	case *Extract:
		d.write("@", x.Function, "(")
		d.element(x.Variable, x.Keys)
		if statistics := x.Variable.Statistics; x.Function == "variance" && statistics != nil && statistics.Shift != 0 {
			d.write(", ", strconv.Itoa(statistics.Shift))
		}
		d.write(")")
	case *Bucket:
		d.histogram(x.Buckets)
		d.keys([]Expression{x.Index})
	case *HasBucket:
		d.write("(")
		d.expression(x.Index)
		d.write(" in ")
		d.histogram(x.Buckets)
		d.write(")")
	default:
		d.write(fmt.Sprintf("%T", x))
	}
}

// steps are the signs of what a variable is changed by.
var steps = map[int64]string{1: "++", -1: "--"}

func (d *dumper) step(x *Step) {
	if x.Old {
		d.write("(", x.Variable.Text, steps[x.Delta], ")")
	} else {
		d.write("(", x.Variable.Text, " += ", strconv.FormatInt(x.Delta, 10), ")")
	}
}

func (d *dumper) storeElement(x *StoreElement) {
	d.write("(")
	d.element(x.Element.Array, x.Element.Keys)
	if n, ok := x.X.(*Number); x.Old && ok && x.Operator == "+" {
		d.write(steps[n.Value])
	} else {
		d.write(" ", x.Operator, "= ")
		d.expression(x.X)
	}
	d.write(")")
}

func (d *dumper) infix(x Expression, sign string, y Expression) {
	d.write("(")
	d.infixRest(x, sign, y)
}

func (d *dumper) infixRest(x Expression, sign string, y Expression) {
	d.expression(x)
	d.write(" ", sign, " ")
	d.expression(y)
	d.write(")")
}

func (d *dumper) call(name string, arguments []Expression) {
	d.write(name, "(")
	d.list(arguments)
	d.write(")")
}

// list writes expressions with commas; nil is "*".
func (d *dumper) list(xs []Expression) {
	for i, x := range xs {
		if i > 0 {
			d.write(", ")
		}
		if x == nil {
			d.write("*")
		} else {
			d.expression(x)
		}
	}
}

func (d *dumper) keys(keys []Expression) {
	d.write("[")
	d.list(keys)
	d.write("]")
}

// element writes a variable, or an element of it where there are keys.
func (d *dumper) element(v *Variable, keys []Expression) {
	d.write(v.Text)
	if keys != nil {
		d.keys(keys)
	}
}

func (d *dumper) dereference(user bool, size int, address Expression, offset int64) {
	operator := "@kderef("
	if user {
		operator = "@uderef("
	}
	d.write(operator, strconv.Itoa(size), ", ")
	if offset == 0 {
		d.expression(address)
	} else {
		d.infix(address, "+", &Number{offset})
	}
	d.write(")")
}

func (d *dumper) histogram(h *HistogramOf) {
	shape := h.Variable.Statistics.Histogram
	if shape.Log {
		d.write("@hist_log(")
	} else {
		d.write("@hist_linear(")
	}
	d.element(h.Variable, h.Keys)
	if !shape.Log {
		d.write(fmt.Sprintf(", %d, %d, %d", shape.Low, shape.High, shape.Step))
	}
	d.write(")")
}

// print writes all that prints as printf or sprintf, with its pieces joined to
// one format.
func (d *dumper) print(x *Print) {
	if len(x.Pieces) == 1 && x.Pieces[0].Histogram != nil {
		d.write("print(")
		d.histogram(x.Pieces[0].Histogram)
		d.write(")")
		return
	}
	var format strings.Builder
	var values []Expression
	for _, piece := range x.Pieces {
		if piece.X == nil {
			format.WriteString(strings.ReplaceAll(piece.Text, "%", "%%"))
			continue
		}
		text, sizes := piece.Conversion.format()
		format.WriteString(text)
		values = append(append(values, sizes...), piece.X)
	}
	name := "printf("
	if x.ToString {
		name = "sprintf("
	}
	d.write(name, quoted(format.String()))
	if len(values) > 0 {
		d.write(", ")
		d.list(values)
	}
	d.write(")")
}

// format gives the conversion as it stands in a format, and the values of its
// "*"s.
func (c Conversion) format() (text string, sizes []Expression) {
	text = "%"
	if c.Flag != 0 {
		text += string(c.Flag)
	}
	size := func(x Expression) {
		if n, ok := x.(*Number); ok {
			text += strconv.FormatInt(n.Value, 10)
			return
		}
		text += "*"
		sizes = append(sizes, x)
	}
	if c.Width != nil {
		size(c.Width)
	}
	if c.Precision != nil {
		text += "."
		size(c.Precision)
	}
	return text + string(c.Verb), sizes
}

// quoted gives a string as a literal of the language.
func quoted(s string) string {
	var b strings.Builder
	_ = parse.DumpExpression(&b, &parse.StringLiteral{Value: s}) // a Builder takes all
	return b.String()
}
