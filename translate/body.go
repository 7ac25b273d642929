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
	frame        string // the tag of the struct of strings
	function     *elaborate.Function
	strings      []string // members of the frame
	declarations []string
	setUp        bytes.Buffer // after the declarations
	code         bytes.Buffer
	held         []heldLock
	indent       int
	numbers      int // temporaries in use by the statement
	mostNumbers  int
	texts        int
	mostTexts    int
	labels       int
	jumps        bool     // somebody jumps to out
	failure      []string // where errors go, innermost last
	line         parse.Position
	calls        []*elaborate.Function
	copied       map[*elaborate.Variable]bool // string parameters that have a buffer of their own
	continues    []string                     // labels of the steps of the loops around
	declared     map[string]bool              // outputs of sprint
}

func newBody(t *translator, frame string) *body {
	return &body{translator: t, frame: frame, indent: 1, failure: []string{"out"}, copied: map[*elaborate.Variable]bool{}, declared: map[string]bool{}}
}

func (b *body) emit(format string, arguments ...any) {
	b.code.WriteString(strings.Repeat("\t", b.indent))
	fmt.Fprintf(&b.code, format, arguments...)
	b.code.WriteByte('\n')
}

func (b *body) declare(declaration string) { b.declarations = append(b.declarations, declaration) }

// fails is put after what may have failed.
func (b *body) fails() {
	target := b.failure[len(b.failure)-1]
	b.emit("if (stap_unlikely(c->error))")
	b.emit("\tgoto %s;", target)
	b.jumps = b.jumps || target == "out"
}

// near is put before what may fail.
func (b *body) near(at parse.Token) {
	b.emit("c->near = %s;", quote(fmt.Sprintf("%s '%s' at %s", parse.TokenKind(at.Text), at.Text, at.Position)))
}

func (b *body) number() string {
	b.numbers++
	b.mostNumbers = max(b.mostNumbers, b.numbers)
	return fmt.Sprintf("t%d", b.numbers-1)
}

func (b *body) text() string {
	b.texts++
	b.mostTexts = max(b.mostTexts, b.texts)
	return fmt.Sprintf("frame->s%d", b.texts-1)
}

func (b *body) label() string {
	b.labels++
	return fmt.Sprintf("label_%d", b.labels-1)
}

func (b *body) locals(variables []*elaborate.Variable) {
	for _, v := range variables {
		if v.Type == parse.String {
			b.strings = append(b.strings, local(v))
			fmt.Fprintf(&b.setUp, "\tframe->%s[0] = 0;\n", local(v))
		} else {
			b.declare(fmt.Sprintf("stap_long %s __attribute__((unused)) = 0;", local(v)))
		}
	}
}

// parameters gives string parameters that the function changes a buffer.
func (b *body) parameters(f *elaborate.Function) {
	for _, p := range f.Parameters {
		if p.Type == parse.String && p.Assigned {
			b.copied[p] = true
			b.strings = append(b.strings, parameter(p))
			fmt.Fprintf(&b.setUp, "\tstap_string_copy(frame->%[1]s, %[1]s);\n", parameter(p))
		}
	}
}

// place is a variable in C.
func (b *body) place(v *elaborate.Variable) string {
	if v.Global {
		return global(v)
	}
	name := local(v)
	if b.function != nil {
		for _, p := range b.function.Parameters {
			if p == v {
				if v.Type != parse.String || !b.copied[v] {
					return parameter(v)
				}
				name = parameter(v)
			}
		}
	}
	if v.Type == parse.String {
		return "frame->" + name
	}
	return name
}

// heldLock is the lock of a global that a handler holds.
type heldLock struct {
	kind string // "read" or "write"
	name string
}

// locks notes the locks that a handler needs, in the order of declaration
// whatever their kind: one order for all handlers, so none waits for another
// in a circle.
func (b *body) locks(p *elaborate.Probe) {
	if alone(p.Place) {
		return
	}
	for _, g := range b.program.Globals {
		switch {
		case !b.shared[g]:
		case slices.Contains(p.Writes, g):
			b.held = append(b.held, heldLock{"write", lockName(g)})
		case slices.Contains(p.Reads, g):
			b.held = append(b.held, heldLock{"read", lockName(g)})
		}
	}
}

func (b *body) lock() {
	for i, l := range b.held {
		b.printf("\tif (!stap_lock_%s(c, &%s))\n\t\tgoto unlocked_%d;\n", l.kind, l.name, i)
	}
}

func (b *body) unlock() {
	for i, l := range slices.Backward(b.held) {
		b.printf("\tstap_unlock_%s(&%s);\nunlocked_%d: __attribute__((unused));\n", l.kind, l.name, i)
	}
}

// write writes the function: head, declarations, set-up, code, tear-down.
func (b *body) write(head, result string) {
	for i := range b.mostNumbers {
		b.declare(fmt.Sprintf("stap_long t%d;", i))
	}
	for i := range b.mostTexts {
		b.strings = append(b.strings, fmt.Sprintf("s%d", i))
	}
	if len(b.strings) > 0 {
		b.printf("struct %s {\n", b.frame)
		for _, s := range b.strings {
			b.printf("\tchar %s[MAXSTRINGLEN];\n", s)
		}
		b.printf("};\n\n")
	}
	b.printf("%s\n{\n", head)
	if len(b.strings) > 0 {
		b.printf("\tstruct %[1]s *frame = stap_push(c, sizeof(struct %[1]s));\n", b.frame)
	}
	for _, d := range b.declarations {
		b.printf("\t%s\n", d)
	}
	b.printf("\n")
	if len(b.strings) > 0 {
		b.printf("\tif (!frame)\n\t\treturn%s;\n", strings.TrimRight(" "+result, " "))
	}
	nested := b.function != nil && b.function.Recursive
	if nested {
		b.jumps = true
		b.printf("\tif (++c->nesting > MAXNESTING) {\n\t\tstap_error(c, \"MAXNESTING exceeded\");\n\t\tgoto out;\n\t}\n")
	}
	if b.function != nil && slices.ContainsFunc(b.calls, func(f *elaborate.Function) bool { return f.Code == nil }) {
		b.jumps = true // what calls what calls multiplies, so it costs
		b.printf("\tif (!stap_act(c, 1))\n\t\tgoto out;\n")
	}
	b.out.Write(b.setUp.Bytes())
	b.lock()
	b.out.Write(b.code.Bytes())
	if b.jumps {
		b.printf("out: __attribute__((unused));\n")
	}
	b.unlock()
	if nested {
		b.printf("\tc->nesting--;\n")
	}
	if len(b.strings) > 0 {
		b.printf("\tstap_pop(c, frame);\n")
	}
	if result != "" {
		b.printf("\treturn %s;\n", result)
	}
	b.printf("}\n")
}
