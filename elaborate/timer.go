package elaborate

import (
	"fmt"
	"time"

	"github.com/gostap/gostap/parse"
)

// TimerPlace is a moment that returns after each period: probe timer.s(n) and
// its like.
type TimerPlace struct{ Period time.Duration }

func (TimerPlace) order() order { return order{stage: stageArm} }

// timerUnits are the names of the units and what they stand for.
var timerUnits = []struct {
	name string
	unit time.Duration
}{
	{"s", time.Second}, {"sec", time.Second},
	{"ms", time.Millisecond}, {"msec", time.Millisecond},
	{"us", time.Microsecond}, {"usec", time.Microsecond},
	{"ns", time.Nanosecond}, {"nsec", time.Nanosecond},
}

// The periods that a timer can have.
const (
	shortestPeriod = 100 * time.Microsecond
	longestPeriod  = 24 * time.Hour
)

func timerFamily() family {
	f := family{resolve: resolveTimer}
	for _, u := range timerUnits {
		f.patterns = append(f.patterns, "timer."+u.name+"(number)")
	}
	return f
}

func resolveTimer(_ *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	c := p.Components[1]
	for _, u := range timerUnits {
		if u.name != c.Text {
			continue
		}
		n := numberArgument(c)
		least, most := max(1, int64(shortestPeriod/u.unit)), int64(longestPeriod/u.unit)
		if n < least || n > most {
			return nil, semanticError(c.Token, fmt.Sprintf("interval value out of range (%d, %d)", least, most))
		}
		return oneSite(TimerPlace{time.Duration(n) * u.unit}, p), nil
	}
	return nil, semanticError(c.Token, "unknown unit of time")
}
