package translate

import (
	"fmt"
	"math"
	"strings"

	"github.com/gostap/gostap/elaborate"
)

// names gives out C names, each once: several variables or functions of a script
// may have the same one, those private to a file and overloads.
type names struct {
	of   map[any]string
	used map[string]bool
}

func newNames() *names { return &names{map[any]string{}, map[string]bool{}} }

// give names x, which is a variable or a function: wanted, or wanted_2 and so on.
func (n *names) give(x any, wanted string) string {
	name := wanted
	for i := 2; n.used[name]; i++ {
		name = fmt.Sprintf("%s_%d", wanted, i)
	}
	n.of[x], n.used[name] = name, true
	return name
}

// nameAll names what the whole file can see.
func (t *translator) nameAll() {
	for _, g := range t.program.Globals {
		t.names.give(g, "global_"+mangle(g.Text))
	}
	for _, f := range t.program.Functions {
		t.names.give(f, fmt.Sprintf("function_%s_%d", mangle(f.Text), len(f.Parameters)))
	}
}

// global is what the C names that have to do with a global end in.
func (t *translator) global(v *elaborate.Variable) string       { return t.names.of[v] }
func (t *translator) functionName(f *elaborate.Function) string { return t.names.of[f] }

// mangle makes a C name of a script's: identifiers there may contain "$".
func mangle(name string) string { return strings.ReplaceAll(name, "$", "_dollar_") }

// number is a constant in C; the smallest has no literal.
func number(n int64) string {
	if n == math.MinInt64 {
		return "(-9223372036854775807LL - 1)"
	}
	return fmt.Sprintf("%dLL", n)
}

// quote is a string constant in C. What could be read as more than itself (a
// digit after an octal escape, a trigraph) is escaped too.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '?':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// comment keeps text from ending the comment that it stands in.
func comment(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "*/", "* /"), "/*", "/ *")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' {
			return ' '
		}
		return r
	}, s)
}

// fill replaces words of a piece of C, each with what follows it.
func fill(text string, words ...string) string {
	return strings.NewReplacer(words...).Replace(text)
}
