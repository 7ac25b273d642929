package elaborate

import (
	"strings"
)

// fold computes what is constant, as it would be computed at run time; what
// would be an error then is left for then.
func fold(x Expression) Expression {
	switch x := x.(type) {
	case *Unary:
		if n, ok := x.X.(*Number); ok {
			return foldUnary(x.Sign, n.Value)
		}
	case *Cast:
		if n, ok := x.X.(*Number); ok {
			return &Number{extend(n.Value, 8*x.Size, x.Signed)}
		}
	case *Binary:
		if a, ok := x.X.(*Number); ok {
			if b, ok := x.Y.(*Number); ok {
				if value, ok := compute(x.Text, a.Value, b.Value); ok {
					return &Number{value}
				}
			}
		}
		if a, ok := x.X.(*Text); ok {
			if b, ok := x.Y.(*Text); ok {
				return foldText(x, a.Value, b.Value)
			}
		}
	}
	return x
}

// extend takes the lowest bits of a number.
func extend(n int64, bits int, signed bool) int64 {
	if signed {
		return n << (64 - bits) >> (64 - bits)
	}
	return int64(uint64(n) << (64 - bits) >> (64 - bits))
}

func truth(t bool) int64 {
	if t {
		return 1
	}
	return 0
}

func foldUnary(sign string, n int64) Expression {
	switch sign {
	case "-":
		return &Number{-n}
	case "~":
		return &Number{^n}
	}
	return &Number{truth(n == 0)}
}

// maxFolded is how long a folded string may be: MAXSTRINGLEN, which cuts longer
// ones, is not known here, but it is never as small as this.
const maxFolded = 64

func foldText(x *Binary, a, b string) Expression {
	if x.Text == "." {
		if len(a)+len(b) < maxFolded && !strings.Contains(a+b, "\x00") {
			return &Text{a + b}
		}
		return x
	}
	if len(a) >= maxFolded || len(b) >= maxFolded || strings.Contains(a+b, "\x00") {
		return x
	}
	value, ok := compute(x.Text, int64(strings.Compare(a, b)), 0)
	if !ok {
		return x
	}
	return &Number{value}
}

// compute gives the result of an operator; false if it has none, or an error.
func compute(sign string, a, b int64) (int64, bool) {
	switch sign {
	case "+":
		return a + b, true
	case "-":
		return a - b, true
	case "*":
		return a * b, true
	case "/":
		if b == 0 {
			return 0, false
		}
		if b == -1 {
			return -a, true
		}
		return a / b, true
	case "%":
		if b == 0 {
			return 0, false
		}
		if b == -1 {
			return 0, true
		}
		return a % b, true
	case "<<":
		return a << (uint64(b) & 63), true
	case ">>":
		return a >> (uint64(b) & 63), true
	case ">>>":
		return int64(uint64(a) >> (uint64(b) & 63)), true
	case "&":
		return a & b, true
	case "|":
		return a | b, true
	case "^":
		return a ^ b, true
	case "==":
		return truth(a == b), true
	case "!=":
		return truth(a != b), true
	case "<":
		return truth(a < b), true
	case "<=":
		return truth(a <= b), true
	case ">":
		return truth(a > b), true
	case ">=":
		return truth(a >= b), true
	case "&&":
		return truth(a != 0 && b != 0), true
	case "||":
		return truth(a != 0 || b != 0), true
	}
	return 0, false
}
