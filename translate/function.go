package translate

import "github.com/gostap/gostap/elaborate"

func functionFields(place *elaborate.FunctionPlace) string {
	return ".family = &stap_function, .symbol = " + quote(place.Symbol)
}
