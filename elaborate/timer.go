package elaborate

import (
	"fmt"
	"time"

	"github.com/gostap/gostap/parse"
)

// TimerPlace is a moment that returns after each period: probe timer.s(n) and
// its like.
type TimerPlace struct {
	Period  int64 // nanoseconds, or Jiffies
	Random  int64 // each period is longer or shorter by at most this much
	Jiffies bool  // the unit is the kernel's tick
}

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
	mostJiffies    = 1_000_000
)

func timerFamily() family {
	f := family{resolve: resolveTimer}
	for _, u := range timerUnits {
		f.patterns = append(f.patterns, "timer."+u.name+"(number)", "timer."+u.name+"(number).randomize(number)")
	}
	f.patterns = append(f.patterns, "timer.jiffies(number)", "timer.jiffies(number).randomize(number)", "timer.hz(number)")
	return f
}

func resolveTimer(_ *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	c := p.Components[1]
	n := numberArgument(c)
	least, most := int64(1), int64(mostJiffies)
	place := TimerPlace{Period: n, Jiffies: true}
	unit := int64(1)
	switch c.Text {
	case "jiffies":
	case "hz":
		most = int64(time.Second / shortestPeriod)
		place = TimerPlace{Period: int64(time.Second) / max(n, 1)}
	default:
		for _, u := range timerUnits {
			if u.name == c.Text {
				unit = int64(u.unit)
				least, most = max(1, int64(shortestPeriod/u.unit)), int64(longestPeriod/u.unit)
			}
		}
		place = TimerPlace{Period: n * unit}
	}
	if n < least || n > most {
		return nil, semanticError(c.Token, fmt.Sprintf("interval value out of range (%d, %d)", least, most))
	}
	if len(p.Components) > 2 {
		random := p.Components[2]
		m := numberArgument(random)
		if m < 0 || m > n {
			d := semanticError(random.Token, "randomization value out of range")
			d.Hint = fmt.Sprintf("it is from 0 to the period, %d", n)
			return nil, d
		}
		place.Random = m * unit
	}
	return oneSite(place, p), nil
}
