package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

// placeFields gives what is special in the struct stap_probe of each family.
func placeFields(place elaborate.Place) string {
	switch place := place.(type) {
	case elaborate.BeginPlace:
		return ".family = &stap_begin"
	case elaborate.EndPlace:
		return ".family = &stap_end"
	case elaborate.ErrorPlace:
		return ".family = &stap_error_family"
	case elaborate.TimerPlace:
		return timerFields(place)
	case *elaborate.FunctionPlace:
		return functionFields(place)
	}
	panic(fmt.Sprintf("a place of type %T has no runtime family", place))
}
