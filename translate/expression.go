package translate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// discard computes x for its effects.
func (b *body) discard(x elaborate.Expression) {
	switch x := x.(type) {
	case *elaborate.Step:
		b.add(x.Variable, number(x.Delta))
	case *elaborate.Store:
		b.store(x)
	case *elaborate.StoreElement:
		b.storeElement(x, false)
	case *elaborate.Aggregate:
		b.aggregate(x)
	case *elaborate.Print:
		if x.ToString {
			b.expression(x)
		} else {
			b.print(x, "&c->out")
		}
	default:
		if value := b.operand(x); value != "" && x.Type() != parse.String {
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
		if x.Traced {
			return b.set("%s", cast(fmt.Sprintf("c->words[%d]", x.N), x.Size, x.Signed))
		}
		return b.set("%s", cast(fmt.Sprintf("stap_argument(c, %d)", x.N), x.Size, x.Signed))
	case *elaborate.ReturnValue:
		return b.set("%s", cast("stap_return_value(c)", x.Size, x.Signed))
	case *elaborate.CalledFrom:
		return b.calledFrom(x)
	case *elaborate.Keep:
		return b.keepValue(x)
	case *elaborate.EntryValue:
		return b.entryValue(x)
	case *elaborate.Guarded:
		return b.guarded(x)
	case *elaborate.Once:
		return b.onceOnly(x)
	case *elaborate.Dereference:
		return b.dereference(x)
	case *elaborate.StoreMemory:
		return b.storeMemory(x)
	case *elaborate.HitVariable:
		return b.hitVariable(x)
	case *elaborate.StoreHitVariable:
		return b.storeHitVariable(x)
	case *elaborate.PerfCount:
		return b.perfCount(x)
	case *elaborate.Element:
		return b.element(x)
	case *elaborate.StoreElement:
		return b.storeElement(x, true)
	case *elaborate.Contains:
		return b.contains(x)
	case *elaborate.Aggregate:
		return b.aggregate(x)
	case *elaborate.Extract:
		return b.extract(x)
	case *elaborate.Bucket:
		return b.bucket(x)
	case *elaborate.HasBucket:
		return b.hasBucket(x)
	case *elaborate.Match:
		return b.match(x)
	case *elaborate.EnumName:
		return b.enumName(x)
	case *elaborate.EmbeddedExpression:
		return b.embeddedExpression(x)
	case *elaborate.StoreBits:
		return b.storeBits(x)
	case *elaborate.KernelData:
		return b.dataAddress(x)
	case *elaborate.CPUOffset:
		return b.set("stap_cpu_offset()")
	}
	if value, ok := b.registerExpression(x); ok {
		return value
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

// memory names the space that an address belongs to.
func memory(user bool) string {
	if user {
		return "user"
	}
	return "kernel"
}

func (b *body) dereference(x *elaborate.Dereference) string {
	address := b.expression(x.Address)
	t := b.set("stap_%s_read(c, %s + %s, %d, %d)", memory(x.User), address, number(x.Offset), x.Size, truth(x.Signed))
	b.fails(x.Token)
	return t
}

func (b *body) storeMemory(x *elaborate.StoreMemory) string {
	values := b.operands(x.Address, x.X)
	b.emit("stap_%s_write(c, %s + %s, %d, %s);", memory(x.User), values[0], number(x.Offset), x.Size, values[1])
	b.fails(x.Token)
	return values[1]
}

func (b *body) load(v *elaborate.Variable) string {
	switch {
	case v.Type == parse.String:
		return b.place(v)
	case v.PerCPU:
		return b.set("get_%s()", b.global(v))
	}
	return b.set("%s", b.place(v))
}

func (b *body) store(x *elaborate.Store) {
	if x.Variable.Type == parse.String {
		b.assign(x.Variable, x.X)
		return
	}
	if x.Variable.PerCPU && !b.alone {
		b.add(x.Variable, b.difference(x))
		return
	}
	b.setVariable(x.Variable, b.expression(x.X))
}

// setVariable sets a variable to a number, or to a string that stands elsewhere.
func (b *body) setVariable(v *elaborate.Variable, value string) {
	switch {
	case v.Type == parse.String:
		b.emit("stap_string_copy(%s, %s);", b.place(v), value)
	case v.PerCPU:
		b.emit("set_%s(%s);", b.global(v), value)
	default:
		b.emit("%s = %s;", b.place(v), value)
	}
}

// add adds to a number.
func (b *body) add(v *elaborate.Variable, value string) {
	switch {
	case !v.PerCPU:
		b.emit("%s += %s;", b.place(v), value)
	case b.alone:
		b.emit("set_%[1]s(get_%[1]s() + %[2]s);", b.global(v), value)
	default:
		b.emit("script_own(c)->%s += %s;", b.global(v), value)
	}
}

// difference is what "n += x" or "n -= x" adds.
func (b *body) difference(x *elaborate.Store) string {
	sum := x.X.(*elaborate.Binary)
	value := b.expression(sum.Y)
	if sum.Text == "-" {
		return b.set("(stap_long)-(stap_ulong)%s", value)
	}
	return value
}

func (b *body) step(x *elaborate.Step) string {
	if x.Old {
		t := b.load(x.Variable)
		b.add(x.Variable, number(x.Delta))
		return t
	}
	b.add(x.Variable, number(x.Delta))
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
		return b.joined(x)
	}
	values := b.operands(x.X, x.Y)
	if x.X.Type() == parse.String {
		return b.set("stap_string_compare(%s, %s) %s 0", values[0], values[1], x.Text)
	}
	t := b.set("%s", arithmetic(x.Text, values[0], values[1]))
	if mayFail(x.Text) {
		b.fails(x.Token)
	}
	return t
}

// mayFail reports whether an operator can end in an error.
func mayFail(sign string) bool { return sign == "/" || sign == "%" }

// arithmetic is the operator in C.
func arithmetic(sign, left, right string) string {
	switch sign {
	case "/":
		return fmt.Sprintf("stap_divide(c, %s, %s)", left, right)
	case "%":
		return fmt.Sprintf("stap_modulo(c, %s, %s)", left, right)
	case "+", "-", "*": // wrap around
		return fmt.Sprintf("(stap_long)((stap_ulong)%s %s (stap_ulong)%s)", left, sign, right)
	case "<<", ">>>": // the count is taken modulo 64
		return fmt.Sprintf("(stap_long)((stap_ulong)%s %s (%s & 63))", left, sign[:2], right)
	case ">>":
		return fmt.Sprintf("%s >> (%s & 63)", left, right)
	}
	return fmt.Sprintf("%s %s %s", left, sign, right)
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
		value := b.operand(x)
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

// arguments computes the arguments of a call, which stay until the function
// has run.
func (b *body) arguments(x *elaborate.Call) []string {
	values := make([]string, len(x.Arguments))
	for i, a := range x.Arguments {
		values[i] = b.operand(a, append(slices.Clone(x.Arguments[i+1:]), x)...)
	}
	if x.NamesFault() {
		values[0] = b.fault(x.Arguments[0].(*elaborate.Text).Value)
	}
	return values
}

func (b *body) call(x *elaborate.Call) string {
	values := b.arguments(x)
	result := ""
	switch x.Function.Result {
	case parse.String:
		result = b.text()
	case parse.Long:
		result = b.number()
	}
	b.emitCall(x, result, values)
	return result
}

func (b *body) emitCall(x *elaborate.Call, result string, values []string) {
	name := b.functionName(x.Function)
	b.calls = append(b.calls, x.Function)
	switch x.Function.Result {
	case parse.String:
		if len(values) == 0 {
			name = b.textFunctionName(name)
		}
		b.emit("%s(%s);", name, strings.Join(append([]string{"c", result}, values...), ", "))
	case parse.Long:
		b.emit("%s = %s(%s);", result, name, strings.Join(append([]string{"c"}, values...), ", "))
	default:
		b.emit("%s(%s);", name, strings.Join(append([]string{"c"}, values...), ", "))
	}
	if canFail(x.Function) {
		b.fails(x.Token)
	}
}

// guarded computes a string, or its substitute after an error. With the actions
// used up there is none, as in a try.
func (b *body) guarded(x *elaborate.Guarded) string {
	t, failed, end := b.text(), b.label(), b.label()
	outer := b.once
	b.once = map[*elaborate.Once]string{}
	b.failure = append(b.failure, failed)
	b.emit("stap_string_copy(%s, %s);", t, b.expression(x.X))
	b.failure = b.failure[:len(b.failure)-1]
	b.once = outer
	b.emit("goto %s;", end)
	b.emit("%s: __attribute__((unused));", failed)
	b.emit("if (c->actions < 0)")
	b.emit("\tgoto %s;", b.failed())
	b.emit("c->error = 0;")
	b.emit("stap_string_copy(%s, %s);", t, quote(x.Text))
	b.emit("%s: __attribute__((unused));", end)
	return t
}

// onceOnly computes a value, or has it already.
func (b *body) onceOnly(x *elaborate.Once) string {
	if _, known := b.once[x]; !known {
		b.once[x] = b.expression(x.X)
	}
	return b.once[x]
}

// enumName looks a value up.
func (b *body) enumName(x *elaborate.EnumName) string {
	value := b.expression(x.X)
	p := b.temporary("p")
	b.emit("switch (%s) {", value)
	for _, n := range x.Names {
		b.emit("case %s: %s = %s; break;", number(n.Value), p, quote(n.Name))
	}
	t := b.text()
	out := b.output(t)
	b.emit("default:")
	b.emit("\tstap_output_string(&%s, %s);", out, t)
	b.emit("\tstap_put_long(&%s, %s);", out, value)
	b.emit("\tstap_output_finish(&%s);", out)
	b.emit("\t%s = %s;", p, t)
	b.emit("}")
	return p
}
