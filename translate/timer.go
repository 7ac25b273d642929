package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func timerFields(place elaborate.TimerPlace) string {
	return fmt.Sprintf(".family = &stap_timer, .number = %dULL", place.Period.Nanoseconds())
}
