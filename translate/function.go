package translate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate"
)

// calledFrom asks how the function that was hit was called. Chains stand one after
// the other, each with its length in front, and 0 behind the last.
func (b *body) calledFrom(x *elaborate.CalledFrom) string {
	var text strings.Builder
	for _, chain := range x.Chains {
		fmt.Fprintf(&text, "%d, ", len(chain))
		for _, distance := range chain {
			fmt.Fprintf(&text, "%d, ", distance)
		}
	}
	b.declare(fmt.Sprintf("static const long callers[] = { %s0 };", text.String()))
	inside := 0
	if x.Inside {
		inside = 1
	}
	return b.set("stap_called_from(c, callers, %d)", inside)
}

func functionFields(family string, at elaborate.KernelAddress) string {
	return fmt.Sprintf(".family = &%s, .place = &(const struct stap_function_place){ %s }", family, address(at))
}

// address is a struct stap_address as a member named at.
func address(a elaborate.KernelAddress) string {
	if a.Absolute {
		return fmt.Sprintf(".at = { .symbol = stap_absolute, .offset = %d }", a.Offset)
	}
	fields, symbol := "", a.Symbol
	if a.Module != "" {
		fields += ".module = " + quote(a.Module) + ", "
		symbol = a.Module + ":" + symbol
	}
	if a.Symbol != "" {
		fields += ".symbol = " + quote(symbol) + ", "
	}
	return fmt.Sprintf(".at = { %s.offset = %d }", fields, a.Offset)
}
