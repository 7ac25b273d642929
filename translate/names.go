package translate

import (
	"fmt"
	"math"
	"strings"

	"github.com/gostap/gostap/elaborate"
)

// mangle makes a C name of a script's: identifiers there may contain "$".
func mangle(name string) string { return strings.ReplaceAll(name, "$", "_dollar_") }

func lockName(v *elaborate.Variable) string  { return "lock_" + mangle(v.Text) }
func global(v *elaborate.Variable) string    { return "global_" + mangle(v.Text) }
func local(v *elaborate.Variable) string     { return "local_" + mangle(v.Text) }
func parameter(v *elaborate.Variable) string { return "parameter_" + mangle(v.Text) }

func functionName(f *elaborate.Function) string {
	return fmt.Sprintf("function_%s_%d", mangle(f.Text), len(f.Parameters))
}

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
