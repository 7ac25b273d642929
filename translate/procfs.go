package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func procfsFields(place *elaborate.ProcfsPlace) string {
	family := "stap_procfs_read"
	if place.Write {
		family = "stap_procfs_write"
	}
	return fmt.Sprintf(".family = &%s, .place = &(const struct stap_procfs_place){ .path = %s, .mode = 0%o, .size = %d }",
		family, quote(place.Path), place.Mode, place.Size)
}
