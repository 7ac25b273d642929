package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func perfFields(place *elaborate.PerfPlace) string {
	family := "stap_perf"
	if place.Counter != "" {
		family = "stap_counter"
	}
	return fmt.Sprintf(".family = &%s, .place = &(const struct stap_perf_place){ .type = %d, .config = %dULL, .period = %d, .frequency = %d }",
		family, place.Kind, uint64(place.Config), place.Period, place.Frequency)
}

// perfCount reads a counter.
func (b *body) perfCount(x *elaborate.PerfCount) string {
	t := b.set("stap_perf_count(c, &stap_script.probes[%d])", b.numbers[x.Counter])
	b.fails(x.Token)
	return t
}
