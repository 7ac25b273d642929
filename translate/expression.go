package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// discard computes x for its effects.
func (b *body) discard(x elaborate.Expression) {
	switch x := x.(type) {
	case *elaborate.Step:
		b.emit("%s += %d;", b.place(x.Variable), x.Delta)
	case *elaborate.Store:
		b.store(x)
	case *elaborate.Print:
		if x.ToString {
			b.expression(x)
		} else {
			b.print(x, "&c->out")
		}
	default:
		if value := b.expression(x); value != "" && x.Type() != parse.String {
			b.emit("(void)%s;", value)
		}
	}
}

// expression writes what computes x and gives its value: a constant, or a
// temporary that nothing changes afterwards. A string's value is where it
// stands.
func (b *body) expression(x elaborate.Expression) string {
	switch x := x.(type) {
	case *elaborate.Number:
		return number(x.Value)
	case *elaborate.Text:
		return quote(x.Value)
	case *elaborate.Load:
		return b.load(x.Variable)
	case *elaborate.Store:
		b.store(x)
		return b.load(x.Variable)
	case *elaborate.Step:
		return b.step(x)
	case *elaborate.Unary:
		return b.unary(x)
	case *elaborate.Binary:
		return b.binary(x)
	case *elaborate.Conditional:
		return b.conditional(x)
	case *elaborate.Call:
		return b.call(x)
	case *elaborate.Print:
		return b.sprint(x)
	case *elaborate.Argument:
		return b.set("%s", cast(fmt.Sprintf("stap_argument(c, %d)", x.N), x.Size, x.Signed))
	case *elaborate.Dereference:
		address := b.expression(x.Address)
		b.near(x.Token)
		t := b.set("stap_kernel_read(c, %s + %s, %d, %d)", address, number(x.Offset), x.Size, truth(x.Signed))
		b.fails()
		return t
	}
	panic(fmt.Sprintf("an expression of type %T has no translation", x))
}

func truth(t bool) int {
	if t {
		return 1
	}
	return 0
}

// cast takes size bytes of a register.
func cast(x string, size int, signed bool) string {
	kinds := map[int]string{1: "char", 2: "short", 4: "int"}
	kind, ok := kinds[size]
	if !ok {
		return x
	}
	if signed {
		return fmt.Sprintf("(signed %s)%s", kind, x)
	}
	return fmt.Sprintf("(unsigned %s)%s", kind, x)
}

// set puts a number into a new temporary.
func (b *body) set(format string, arguments ...any) string {
	t := b.number()
	b.emit("%s = %s;", t, fmt.Sprintf(format, arguments...))
	return t
}

func (b *body) load(v *elaborate.Variable) string {
	if v.Type == parse.String {
		if !v.Assigned && !v.Global {
			return b.place(v)
		}
		t := b.text()
		b.emit("stap_string_copy(%s, %s);", t, b.place(v))
		return t
	}
	return b.set("%s", b.place(v))
}

func (b *body) store(x *elaborate.Store) {
	value := b.expression(x.X)
	if x.Variable.Type == parse.String {
		b.emit("stap_string_copy(%s, %s);", b.place(x.Variable), value)
	} else {
		b.emit("%s = %s;", b.place(x.Variable), value)
	}
}

func (b *body) step(x *elaborate.Step) string {
	if x.Old {
		t := b.load(x.Variable)
		b.emit("%s += %d;", b.place(x.Variable), x.Delta)
		return t
	}
	b.emit("%s += %d;", b.place(x.Variable), x.Delta)
	return b.load(x.Variable)
}

func (b *body) unary(x *elaborate.Unary) string {
	operand := b.expression(x.X)
	if x.Sign == "-" { // of the smallest number, too
		return b.set("(stap_long)-(stap_ulong)%s", operand)
	}
	return b.set("%s%s", x.Sign, operand)
}

func (b *body) binary(x *elaborate.Binary) string {
	switch x.Text {
	case "&&", "||":
		return b.logical(x)
	case ".":
		t := b.text()
		b.emit("stap_string_copy(%s, %s);", t, b.expression(x.X))
		b.emit("stap_string_append(%s, %s);", t, b.expression(x.Y))
		return t
	}
	left, right := b.expression(x.X), b.expression(x.Y)
	if x.X.Type() == parse.String {
		return b.set("stap_string_compare(%s, %s) %s 0", left, right, x.Text)
	}
	switch x.Text {
	case "/", "%":
		b.near(x.Token)
		function := map[string]string{"/": "stap_divide", "%": "stap_modulo"}[x.Text]
		t := b.set("%s(c, %s, %s)", function, left, right)
		b.fails()
		return t
	case "+", "-", "*": // wrap around
		return b.set("(stap_long)((stap_ulong)%s %s (stap_ulong)%s)", left, x.Text, right)
	case "<<", ">>>": // the count is taken modulo 64
		return b.set("(stap_long)((stap_ulong)%s %s (%s & 63))", left, x.Text[:2], right)
	case ">>":
		return b.set("%s >> (%s & 63)", left, right)
	}
	return b.set("%s %s %s", left, x.Text, right)
}

// logical computes its second operand only if the first does not decide.
func (b *body) logical(x *elaborate.Binary) string {
	t := b.set("!!%s", b.expression(x.X))
	if x.Text == "&&" {
		b.emit("if (%s) {", t)
	} else {
		b.emit("if (!%s) {", t)
	}
	b.indent++
	b.emit("%s = !!%s;", t, b.expression(x.Y))
	b.indent--
	b.emit("}")
	return t
}

func (b *body) conditional(x *elaborate.Conditional) string {
	condition := b.expression(x.Condition)
	text := x.Type() == parse.String
	var t string
	if text {
		t = b.text()
	} else {
		t = b.number()
	}
	arm := func(x elaborate.Expression) {
		b.indent++
		value := b.expression(x)
		if text {
			b.emit("stap_string_copy(%s, %s);", t, value)
		} else {
			b.emit("%s = %s;", t, value)
		}
		b.indent--
	}
	b.emit("if (%s) {", condition)
	arm(x.X)
	b.emit("} else {")
	arm(x.Y)
	b.emit("}")
	return t
}

func (b *body) call(x *elaborate.Call) string {
	arguments := "c"
	var values string
	for _, a := range x.Arguments {
		values += ", " + b.expression(a)
	}
	b.near(x.Token)
	b.calls = append(b.calls, x.Function)
	result := ""
	switch x.Function.Result {
	case parse.String:
		result = b.text()
		arguments += ", " + result
		b.emit("%s(%s%s);", functionName(x.Function), arguments, values)
	case parse.Long:
		result = b.set("%s(%s%s)", functionName(x.Function), arguments, values)
	default:
		b.emit("%s(%s%s);", functionName(x.Function), arguments, values)
	}
	b.fails()
	return result
}
