package randomscript

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

func (f *frame) evalAll(xs []parse.Expression) []value {
	values := make([]value, len(xs))
	for i, x := range xs {
		values[i] = f.eval(x)
	}
	return values
}

// eval evaluates from left to right: L384.
func (f *frame) eval(x parse.Expression) value {
	switch x := x.(type) {
	case *parse.NumberLiteral:
		return number(x.Value)
	case *parse.StringLiteral:
		return text(x.Value)
	case *parse.Identifier:
		return f.scalar(x.Text).value
	case *parse.Index:
		keys := f.evalAll(x.Keys)
		if operator, ok := x.Base.(*parse.Operator); ok {
			buckets := f.histogram(operator).buckets
			if i := keys[0].number; i >= 0 && i < int64(len(buckets)) {
				return number(buckets[i])
			}
			panic(failure{message: "histogram index out of range"})
		}
		a := f.arrays[x.Text]
		if i := a.find(keys); i >= 0 {
			return a.elements[i].value
		}
		return empty(x.Text)
	case *parse.In:
		return truth(f.arrays[x.Array.(*parse.Identifier).Text].find(f.evalAll(x.Keys)) >= 0)
	case *parse.Unary:
		return unary(x.Text, f.eval(x.X).number)
	case *parse.Binary:
		return f.binary(x)
	case *parse.Conditional:
		if f.eval(x.Condition).number != 0 {
			return f.eval(x.X)
		}
		return f.eval(x.Y)
	case *parse.Assign:
		return f.assign(x)
	case *parse.Step:
		before, place := f.place(x.X)
		e := place()
		if e.value.number++; x.Text == "--" {
			e.value.number -= 2
		}
		if x.Prefix {
			return e.value
		}
		return before
	case *parse.Call:
		return f.call(x)
	case *parse.Print:
		return f.print(x)
	case *parse.Operator:
		return f.extract(x)
	}
	panic(fmt.Sprintf("expression %T", x))
}

func unary(operator string, n int64) value {
	switch operator {
	case "-":
		return number(-n)
	case "+":
		return number(n)
	case "~":
		return number(^n)
	case "!":
		return truth(n == 0)
	}
	panic("unary " + operator)
}

func (f *frame) binary(x *parse.Binary) value {
	left := f.eval(x.X)
	switch x.Text {
	case "=~", "!~":
		// Not Go's first alternative: the longest one; "." is any byte.
		expression := regexp.MustCompile("(?s)" + x.Y.(*parse.StringLiteral).Value)
		expression.Longest()
		f.groups = expression.FindStringSubmatch(left.string)
		return truth((f.groups != nil) == (x.Text == "=~"))
	case "&&":
		return truth(left.number != 0 && f.eval(x.Y).number != 0)
	case "||":
		return truth(left.number != 0 || f.eval(x.Y).number != 0)
	}
	return binary(x.Text, left, f.eval(x.Y))
}

func binary(operator string, x, y value) value {
	a, b := x.number, y.number
	switch operator {
	case ".":
		return text(x.string + y.string)
	case "==":
		return truth(compare(x, y) == 0)
	case "!=":
		return truth(compare(x, y) != 0)
	case "<":
		return truth(compare(x, y) < 0)
	case "<=":
		return truth(compare(x, y) <= 0)
	case ">":
		return truth(compare(x, y) > 0)
	case ">=":
		return truth(compare(x, y) >= 0)
	case "+":
		return number(a + b)
	case "-":
		return number(a - b)
	case "*":
		return number(a * b)
	case "&":
		return number(a & b)
	case "|":
		return number(a | b)
	case "^":
		return number(a ^ b)
	case "<<":
		return number(a << (uint64(b) & 63))
	case ">>":
		return number(a >> (uint64(b) & 63))
	case ">>>":
		return number(int64(uint64(a) >> (uint64(b) & 63)))
	case "/", "%": // L380; Go, too, gives MIN / -1 = MIN
		if b == 0 {
			panic(failure{message: "division by 0"})
		} else if operator == "/" {
			return number(a / b)
		}
		return number(a % b)
	}
	panic("binary " + operator)
}

// place evaluates the indexes of what is assigned, and gives what is there before and how to get at it.
func (f *frame) place(x parse.Expression) (before value, place func() *element) {
	switch x := x.(type) {
	case *parse.Identifier:
		return f.scalar(x.Text).value, func() *element { return f.scalar(x.Text) }
	case *parse.Index:
		a, keys := f.arrays[x.Text], f.evalAll(x.Keys)
		before = empty(x.Text)
		if i := a.find(keys); i >= 0 {
			before = a.elements[i].value
		}
		return before, func() *element { return a.at(keys) }
	}
	panic(fmt.Sprintf("assigned %T", x))
}

func (f *frame) assign(x *parse.Assign) value {
	before, place := f.place(x.X)
	v := f.eval(x.Y)
	switch x.Text {
	case "=":
		place().value = v
	case "<<<":
		e := place()
		e.numbers = append(e.numbers, v.number)
	default: // L384: what stands on the left is read first
		v = binary(strings.TrimSuffix(x.Text, "="), before, v)
		place().value = v
	}
	return v
}

func (f *frame) call(x *parse.Call) value {
	arguments := f.evalAll(x.Arguments)
	switch x.Text {
	case "error":
		panic(failure{message: arguments[0].string})
	case "exit":
		return value{}
	case "matched": // L363
		n := arguments[0].number
		if f.groups == nil {
			panic(failure{message: fmt.Sprintf("Attempted to get subexpression %d from failed match", n)})
		} else if n < 0 || n >= int64(len(f.groups)) {
			panic(failure{message: fmt.Sprintf("Attempted to get nonexistent subexpression %d", n)})
		}
		return text(f.groups[n])
	case "kernel_string":
		panic(failure{message: "a bad pointer"}) // the generator prints no message of it
	}
	if f.depth++; f.depth > callDepth {
		panic(failure{message: "MAXNESTING exceeded"})
	}
	defer func() { f.depth-- }()
	for _, function := range f.candidates(x.Text) {
		inner := &frame{interpreter: f.interpreter, locals: map[string]*element{}, result: empty(x.Text)}
		for i, p := range function.Parameters {
			inner.locals[p.Text] = &element{value: arguments[i]}
		}
		if inner.run(function.Body) != leaveHandler {
			return inner.result
		}
	}
	panic(failure{message: "all functions exhausted"})
}

// candidates are the functions of a name in the order in which they are tried: L340.
func (in *interpreter) candidates(name string) (found []*parse.Function) {
	for _, function := range in.file.Functions {
		if function.Text == name {
			found = append(found, function)
		}
	}
	if found == nil {
		panic("function " + name)
	}
	priority := func(function *parse.Function) int64 {
		if function.Priority == nil {
			return 0
		}
		return function.Priority.Value
	}
	slices.SortStableFunc(found, func(a, b *parse.Function) int { return cmp.Compare(priority(a), priority(b)) })
	return found
}

// statistics are the numbers of a scalar or of an element: of one that is absent, none.
func (f *frame) statistics(x parse.Expression) []int64 {
	switch x := x.(type) {
	case *parse.Identifier:
		return f.scalar(x.Text).numbers
	case *parse.Index:
		a, keys := f.arrays[x.Text], f.evalAll(x.Keys)
		if i := a.find(keys); i >= 0 {
			return a.elements[i].numbers
		}
		return nil
	}
	panic(fmt.Sprintf("statistics %T", x))
}

// extract is of statistics: L191 to L193.
func (f *frame) extract(x *parse.Operator) value {
	return number(extract(x.Text, f.statistics(x.Arguments[0])))
}

func extract(operator string, numbers []int64) int64 {
	var sum int64
	for _, n := range numbers {
		sum += n
	}
	count := int64(len(numbers))
	switch {
	case operator == "@count":
		return count
	case operator == "@sum":
		return sum
	case count == 0:
		panic(failure{message: "empty aggregate"})
	case operator == "@min":
		return slices.Min(numbers)
	case operator == "@max":
		return slices.Max(numbers)
	case operator == "@avg":
		return sum / count
	}
	panic("operator " + operator)
}

// print is of the family of section 10.
func (f *frame) print(x *parse.Print) value {
	var values []value
	if operator, ok := x.Arguments[0].(*parse.Operator); ok && strings.HasPrefix(operator.Text, "@hist") {
		values = []value{{text: true, string: f.histogram(operator).print()}}
	} else {
		values = f.evalAll(x.Arguments)
	}
	kind, returned := strings.CutPrefix(x.Text, "s")
	var out string
	switch {
	case kind == "printf":
		out = format(values[0].string, values[1:])
	case strings.HasPrefix(kind, "printd"):
		var parts []string
		for _, v := range values[1:] {
			parts = append(parts, v.plain())
		}
		out = strings.Join(parts, values[0].string)
	default:
		for _, v := range values {
			out += v.plain()
		}
	}
	if strings.HasSuffix(kind, "ln") {
		out += "\n"
	}
	if returned {
		return text(out)
	}
	f.output.WriteString(out)
	return value{}
}

// format is printf: L212 to L216. Directives with "*" take their widths from the values.
func format(f string, values []value) string {
	var out strings.Builder
	take := func() value { v := values[0]; values = values[1:]; return v }
	for f != "" {
		at := strings.IndexByte(f, '%')
		if at < 0 {
			return out.String() + f
		}
		out.WriteString(f[:at])
		f = f[at+1:]
		flag := byte(0)
		if strings.IndexByte("0+- #", f[0]) >= 0 {
			flag, f = f[0], f[1:]
		}
		size := func(absent int) int {
			if f[0] == '*' {
				f = f[1:]
				return int(take().number)
			}
			end := strings.IndexFunc(f, func(r rune) bool { return r < '0' || r > '9' })
			n, err := strconv.Atoi(f[:end])
			if f = f[end:]; err != nil {
				return absent
			}
			return n
		}
		width, precision := size(0), -1
		if f[0] == '.' {
			f = f[1:]
			precision = size(0)
		}
		conversion := f[0]
		f = f[1:]
		if conversion == '%' {
			out.WriteByte('%')
			continue
		}
		out.WriteString(convert(conversion, flag, width, precision, take()))
	}
	return out.String()
}

func convert(conversion, flag byte, width, precision int, v value) string {
	var prefix, digits string
	switch n := v.number; conversion {
	case 's':
		digits = v.string
		if precision >= 0 {
			digits = digits[:min(precision, len(digits))]
		}
	case 'c':
		digits = string([]byte{byte(n)})
	case 'd', 'i':
		digits = strconv.FormatInt(n, 10)
		if n < 0 {
			prefix, digits = "-", digits[1:]
		} else if flag == '+' || flag == ' ' {
			prefix = string(flag)
		}
	case 'u':
		digits = strconv.FormatUint(uint64(n), 10)
	case 'o':
		digits = strconv.FormatUint(uint64(n), 8)
		if flag == '#' {
			digits = "0" + digits
		}
	case 'x', 'X', 'p':
		digits = strconv.FormatUint(uint64(n), 16)
		if flag == '#' || conversion == 'p' {
			prefix = "0x"
		}
		if conversion == 'X' {
			prefix, digits = strings.ToUpper(prefix), strings.ToUpper(digits)
		}
	}
	if conversion != 's' && conversion != 'c' {
		digits = strings.Repeat("0", max(0, precision-len(digits))) + digits
	}
	room := max(0, width-len(prefix)-len(digits))
	switch {
	case flag == '-':
		return prefix + digits + strings.Repeat(" ", room)
	case flag == '0' && conversion != 's' && conversion != 'c':
		return prefix + strings.Repeat("0", room) + digits
	}
	return strings.Repeat(" ", room) + prefix + digits
}
