package elaborate

import (
	"fmt"
	"math"

	"github.com/gostap/gostap/parse"
)

// PerfPlace is an event that the kernel or the processor counts, on each CPU:
// probe perf.type(t).config(c), in the numbers of perf_event_open(2). The handler
// runs after so many of them, or so often; a counter is only read, by
// @perf("name") in other handlers.
type PerfPlace struct {
	Kind, Config int64
	Period       int64  // events between two hits; 0 of others
	Frequency    int64  // hits in a second; 0 of others
	Counter      string // the name of a counter; "" of others
}

const (
	defaultPeriod = 1_000_000
	mostFrequency = 1_000_000
	mostCounters  = 16
)

func (*PerfPlace) order() order { return order{stage: stageArm} }

// declares makes a counter stay though its handler does nothing.
func (p *PerfPlace) declares() bool { return p.Counter != "" }

func perfFamily() family {
	const event = "perf.type(number).config(number)"
	return family{
		patterns: []string{
			event, event + ".sample(number)", event + ".hz(number)", event + ".counter(string)",
			event + ".process", event + ".process(string)", event + ".process.counter(string)", event + ".process(string).counter(string)",
		},
		resolve: resolvePerf,
	}
}

func resolvePerf(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	place := &PerfPlace{Kind: numberArgument(p.Components[1]), Config: numberArgument(p.Components[2])}
	if place.Kind < 0 || place.Kind > math.MaxUint32 {
		return nil, semanticError(p.Components[1].Token, fmt.Sprintf("type value out of range (0, %d)", int64(math.MaxUint32)))
	}
	if len(p.Components) == 3 {
		place.Period = defaultPeriod
		return oneSite(place, p), nil
	}
	c := p.Components[3]
	n := numberArgument(c)
	switch c.Text {
	case "sample":
		if n < 1 {
			return nil, semanticError(c.Token, fmt.Sprintf("sample value out of range (1, %d)", int64(math.MaxInt64)))
		}
		place.Period = n
	case "hz":
		if n < 1 || n > mostFrequency {
			return nil, semanticError(c.Token, fmt.Sprintf("hz value out of range (1, %d)", mostFrequency))
		}
		place.Frequency = n
	case "counter":
		name, _ := c.Argument.(*parse.StringLiteral)
		if name == nil || name.Value == "" {
			return nil, semanticError(c.Token, "a counter has a name")
		}
		if len(e.counters(name.Value)) > 0 {
			return nil, semanticError(name.Token, fmt.Sprintf("there is a perf counter '%s' already", name.Value))
		}
		if len(e.counters("")) >= mostCounters {
			return nil, semanticError(c.Token, fmt.Sprintf("too many perf counters: there can be %d", mostCounters))
		}
		place.Counter = name.Value
	case "process":
		d := semanticError(c.Token, "events of one process need user-space probes, which are not in this version")
		d.Hint = "leave .process out: the event is taken on all CPUs, and pid() or target() in the handler tell processes apart"
		return nil, d
	}
	return oneSite(place, p), nil
}

// counters finds the probes that declare the counter of a name, or any.
func (e *elaborator) counters(name string) []*Probe {
	var found []*Probe
	for _, h := range e.probes {
		if place, ok := h.probe.Place.(*PerfPlace); ok && place.Counter != "" && (name == "" || place.Counter == name) {
			found = append(found, h.probe)
		}
	}
	return found
}

// counter is @perf("name"): the count of the CPU that runs the handler.
func (c *checker) counter(x *parse.Operator) Expression {
	name, _ := x.Arguments[0].(*parse.StringLiteral)
	if name == nil {
		c.fail(x.Token, "@perf takes the name of a counter")
		return nil
	}
	probes := c.counters(name.Value)
	if len(probes) > 0 {
		return &PerfCount{x.Token, probes[0]}
	}
	d := semanticError(name.Token, fmt.Sprintf("perf counter '%s' is not defined", name.Value))
	var names []string
	for _, p := range c.counters("") {
		names = append(names, p.Place.(*PerfPlace).Counter)
	}
	d.Similar = parse.Similar(name.Value, names, 5)
	d.Hint = fmt.Sprintf("define it: probe perf.type(0).config(0).counter(%q) { }", name.Value)
	c.add(d)
	return nil
}
