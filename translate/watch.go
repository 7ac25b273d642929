package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func watchFields(place *elaborate.WatchPlace) string {
	where := fmt.Sprintf(".address = %#xUL", uint64(place.Address))
	if place.Address == 0 {
		where = address(place.At)
	}
	return fmt.Sprintf(".family = &stap_watch, .place = &(const struct stap_watch_place){ %s, .length = %d, .reads = %d }",
		where, place.Length, truth(place.Reads))
}
