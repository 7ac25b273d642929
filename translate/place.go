package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
)

// placeFields gives what is special in the struct stap_probe of each family.
func (t *translator) placeFields(p *elaborate.Probe) string {
	switch place := p.Place.(type) {
	case elaborate.BeginPlace:
		return ".family = &stap_begin"
	case elaborate.EndPlace:
		return ".family = &stap_end"
	case elaborate.ErrorPlace:
		return ".family = &stap_error_family"
	case elaborate.NeverPlace:
		return ".family = &stap_never"
	case elaborate.TimerPlace:
		return timerFields(place)
	case elaborate.ProfilePlace:
		return ".family = &stap_profile"
	case *elaborate.PerfPlace:
		return perfFields(place)
	case *elaborate.ProcfsPlace:
		return procfsFields(place)
	case *elaborate.NetfilterPlace:
		return netfilterFields(place)
	case *elaborate.WatchPlace:
		return watchFields(place)
	case *elaborate.FunctionPlace:
		return functionFields("stap_function", place.At)
	case *elaborate.ReturnPlace:
		return t.returnFields(p, place.At, place.MaxActive)
	case *elaborate.StatementPlace:
		return functionFields("stap_function", place.At)
	case *elaborate.KprobePlace:
		return functionFields("stap_kprobe", place.At)
	case *elaborate.KprobeReturnPlace:
		return t.returnFields(p, place.At, place.MaxActive)
	case *elaborate.TracepointPlace:
		return tracepointFields(place)
	case elaborate.EntryPlace:
		return ".family = &stap_entry"
	}
	panic(fmt.Sprintf("a place of type %T has no runtime family", p.Place))
}
