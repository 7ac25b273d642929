package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

func netfilterFields(place *elaborate.NetfilterPlace) string {
	return fmt.Sprintf(".family = &stap_netfilter, .place = &(const struct stap_netfilter_place){ .hook = %d, .protocol = %d, .priority = %s }",
		place.Hook, place.Protocol, number(place.Priority))
}
