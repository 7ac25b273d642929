package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func timerFields(place elaborate.TimerPlace) string {
	family := "stap_timer"
	if place.Jiffies {
		family = "stap_jiffies"
	}
	return fmt.Sprintf(".family = &%s, .place = &(const struct stap_timer_place){ .period = %d, .random = %d }", family, place.Period, place.Random)
}
