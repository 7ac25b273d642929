package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func tracepointFields(place *elaborate.TracepointPlace) string {
	module := ""
	if place.Module != "" {
		module = ", .module = " + quote(place.Module)
	}
	return fmt.Sprintf(".family = &stap_tracepoint, .place = &(const struct stap_tracepoint_place){ .name = %s%s, .words = %d }",
		quote(place.Name), module, place.Words)
}
