package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func functionFields(place *elaborate.FunctionPlace) string {
	return fmt.Sprintf(".family = &stap_function, .place = &(const struct stap_function_place){ %s }", address(place.At))
}

// address is a struct stap_address as a member named at.
func address(a elaborate.KernelAddress) string {
	var fields string
	if a.Absolute {
		return fmt.Sprintf(".at = { .symbol = stap_absolute, .offset = %d }", a.Offset)
	}
	symbol := a.Symbol
	if a.Module != "" {
		fields += ".module = " + quote(a.Module) + ", "
		symbol = a.Module + ":" + symbol
	}
	if a.Symbol != "" {
		fields += ".symbol = " + quote(symbol) + ", "
	}
	return fmt.Sprintf(".at = { %s.offset = %d }", fields, a.Offset)
}
