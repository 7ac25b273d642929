package translate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// body writes the statements of one C function. Declarations are collected
// while the statements are written, and put in front of them.
type body struct {
	*translator
	frame        string // the tag of the struct of what is too large for the stack
	function     *elaborate.Function
	own          *names   // of locals and parameters
	strings      []string // members of the frame
	members      []member
	declarations []string
	declared     map[string]bool
	setUp        bytes.Buffer // after the declarations
	code         bytes.Buffer
	indent       int
	temporaries  map[string]int // in use by the statement, by kind
	most         map[string]int // at most in use by one
	labels       int
	loops        int             // over arrays and histograms
	end          string          // where the function ends from here
	last         string          // a statement at the end, however the function comes there; or ""
	jumps        map[string]bool // the labels somebody jumps to
	failure      []string        // where errors go, innermost last; without a try to end
	line         parse.Position
	calls        []*elaborate.Function
	uncounted    bool                         // a handler that cannot do more than it may
	alone        bool                         // no other handler runs meanwhile
	copied       map[*elaborate.Variable]bool // string parameters that have a buffer of their own
	once         map[*elaborate.Once]string   // what is known within a Guarded
	continues    []string                     // labels of the steps of the loops around
}

func newBody(t *translator, frame string) *body {
	return &body{
		translator: t, frame: frame, indent: 1, end: "out", own: newNames(),
		temporaries: map[string]int{}, most: map[string]int{}, jumps: map[string]bool{},
		copied: map[*elaborate.Variable]bool{}, declared: map[string]bool{},
	}
}

func (b *body) emit(format string, arguments ...any) {
	b.code.WriteString(strings.Repeat("\t", b.indent))
	fmt.Fprintf(&b.code, format, arguments...)
	b.code.WriteByte('\n')
}

// declare declares a C variable, once.
func (b *body) declare(declaration string) {
	if !b.declared[declaration] {
		b.declared[declaration] = true
		b.declarations = append(b.declarations, declaration)
	}
}

// member is an array of numbers in the frame.
type member struct {
	name    string
	numbers int64
}

// member puts an array of numbers into the frame, or makes one there long enough.
func (b *body) member(name string, numbers int64) string {
	i := slices.IndexFunc(b.members, func(m member) bool { return m.name == name })
	if i < 0 {
		b.members = append(b.members, member{name, numbers})
	} else {
		b.members[i].numbers = max(b.members[i].numbers, numbers)
	}
	return "frame->" + name
}

// mark writes a label.
func (b *body) mark(label string) { fmt.Fprintf(&b.code, "%s:\n", label) }

// jump gives a label that is jumped to.
func (b *body) jump(label string) string {
	b.jumps[label] = true
	return label
}

// failed is where an error goes.
func (b *body) failed() string {
	if n := len(b.failure); n > 0 {
		return b.failure[n-1]
	}
	return b.jump(b.end)
}

// failIf leaves if the condition holds, with the error that has been set.
func (b *body) failIf(condition string, at parse.Token) {
	if place := near(at); place != "" {
		b.emit("if (stap_unlikely(%s)) {", condition)
		b.emit("\tstap_unwind(c, %s);", b.constant(place))
		b.emit("\tgoto %s;", b.failed())
		b.emit("}")
		return
	}
	b.emit("if (stap_unlikely(%s))", condition)
	b.emit("\tgoto %s;", b.failed())
}

// fails is put after what may have failed.
func (b *body) fails(at parse.Token) { b.failIf("c->error", at) }

// act takes actions out of the hit's budget.
func (b *body) act(n int, at parse.Position) {
	if n > 0 && !b.uncounted {
		b.failIf(fmt.Sprintf("!stap_act(c, %d)", n), tokenAt(at))
	}
}

// near says where an error happened.
func near(at parse.Token) string {
	if !at.Position.IsValid() || at.Text == "" {
		return ""
	}
	return quote(fmt.Sprintf("%s '%s' at %s", parse.TokenKind(at.Text), at.Text, at.Position))
}

// tokenAt reads the token at a place of a script.
func tokenAt(p parse.Position) parse.Token {
	if !p.IsValid() || p.Offset >= len(p.Source.Text) {
		return parse.Token{Position: p}
	}
	text := string(p.Source.Text[p.Offset:])
	isWord := func(c byte) bool {
		return c == '_' || c == '$' || c == '@' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	n := 0
	for n < len(text) && isWord(text[n]) {
		n++
	}
	if n == 0 {
		n = 1
		for _, operator := range []string{"<<<", ">>>", "<<=", ">>=", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", ".=", "&&", "||", "==", "!=", "<=", ">=", "->", "<<", ">>", "=~", "!~"} {
			if strings.HasPrefix(text, operator) {
				n = len(operator)
				break
			}
		}
	}
	return parse.Token{Position: p, Text: text[:n]}
}

// temporary gives a variable that the statement uses for one value.
func (b *body) temporary(kind string) string {
	n := b.temporaries[kind]
	b.temporaries[kind]++
	b.most[kind] = max(b.most[kind], n+1)
	return fmt.Sprintf("%s%d", kind, n)
}

func (b *body) number() string { return b.temporary("t") }

// text gives a buffer for a string.
func (b *body) text() string { return "frame->" + b.temporary("s") }

func (b *body) label() string {
	b.labels++
	return fmt.Sprintf("label_%d", b.labels-1)
}

func (b *body) locals(variables []*elaborate.Variable) {
	for _, v := range variables {
		name := b.own.give(v, "local_"+mangle(v.Text))
		if v.Type == parse.String {
			b.strings = append(b.strings, name)
			fmt.Fprintf(&b.setUp, "\tframe->%s[0] = 0;\n", name)
		} else {
			b.declare(fmt.Sprintf("stap_long %s __attribute__((unused)) = 0;", name))
		}
	}
}

// parameters gives string parameters that the function changes a buffer.
func (b *body) parameters(f *elaborate.Function) {
	for i, p := range f.Parameters {
		name := b.own.give(p, parameterNames(f)[i])
		if p.Type == parse.String && p.Assigned {
			b.copied[p] = true
			b.strings = append(b.strings, name)
			fmt.Fprintf(&b.setUp, "\tstap_string_copy(frame->%[1]s, %[1]s);\n", name)
		}
	}
}

// place is a variable in C.
func (b *body) place(v *elaborate.Variable) string {
	if v.Global {
		return b.global(v)
	}
	name := b.own.of[v]
	if v.Type == parse.String && (!b.isParameter(v) || b.copied[v]) {
		return "frame->" + name
	}
	return name
}

func (b *body) isParameter(v *elaborate.Variable) bool {
	if b.function != nil {
		for _, p := range b.function.Parameters {
			if p == v {
				return true
			}
		}
	}
	return false
}

// write writes the function: head, declarations, set-up, code, tear-down.
func (b *body) write(head, result string) {
	for i := range b.most["t"] {
		b.declare(fmt.Sprintf("stap_long t%d;", i))
	}
	for i := range b.most["p"] {
		b.declare(fmt.Sprintf("const char *p%d;", i))
	}
	for i := range b.most["s"] {
		b.strings = append(b.strings, fmt.Sprintf("s%d", i))
	}
	framed := len(b.strings)+len(b.members) > 0
	if framed {
		b.printf("struct %s {\n", b.frame)
		for _, m := range b.members {
			b.printf("\tstap_long %s[%d];\n", m.name, m.numbers)
		}
		for _, s := range b.strings {
			b.printf("\tchar %s[MAXSTRINGLEN];\n", s)
		}
		b.printf("};\n\n")
	}
	b.printf("%s\n{\n", head)
	if framed {
		b.printf("\tstruct %[1]s *frame = stap_push(c, sizeof(struct %[1]s));\n", b.frame)
	}
	for _, d := range b.declarations {
		b.printf("\t%s\n", d)
	}
	if framed || len(b.declarations) > 0 {
		b.printf("\n")
	}
	if framed {
		b.printf("\tif (!frame)\n\t\treturn%s;\n", strings.TrimRight(" "+result, " "))
	}
	nested := b.function != nil && b.function.Recursive
	if nested {
		b.printf("\tif (++c->nesting > MAXNESTING) {\n\t\tstap_error(c, \"MAXNESTING exceeded\");\n\t\tgoto %s;\n\t}\n", b.jump("out"))
	}
	b.out.Write(b.setUp.Bytes())
	b.out.Write(b.code.Bytes())
	if b.jumps["out"] {
		b.printf("out: __attribute__((unused));\n")
	}
	if b.last != "" {
		b.printf("\t%s\n", b.last)
	}
	if nested {
		b.printf("\tc->nesting--;\n")
	}
	if framed {
		b.printf("\tstap_pop(c, frame);\n")
	}
	if result != "" {
		b.printf("\treturn %s;\n", result)
	}
	b.printf("}\n")
}

// room is what the function's frame takes.
func (b *body) room() room {
	r := room{strings: len(b.strings)}
	for _, m := range b.members {
		r.bytes += 8 * int(m.numbers)
	}
	return r
}
