package elaborate

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

// Place is where a probe is set: BeginPlace, TimerPlace, FunctionPlace and so
// on, one type for each family.
type Place interface {
	order() order
}

// contextual is a Place that has $variables.
type contextual interface {
	target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic)
}

// order is when a probe is armed: by stage, then by priority.
type order struct {
	stage    int
	priority int64
}

// The stages of a session.
const (
	stageBegin = iota
	stageArm
	stageEnd
)

// A family is a kind of probe point. Adding one means adding its file and a
// line in families.
type family struct {
	patterns []string // as messages show them: "timer.s(number)"
	resolve  func(e *elaborator, p *parse.ProbePoint) (Place, *parse.Diagnostic)
}

// families are all kinds of probe points.
func families() []family {
	return []family{beginFamily(), timerFamily(), functionFamily()}
}

// shape gives a point the way patterns are written: literals by their types.
func shape(p *parse.ProbePoint) string {
	return describe(p, func(l parse.Literal) string {
		if _, ok := l.(*parse.NumberLiteral); ok {
			return "number"
		}
		return "string"
	})
}

// canonical gives the point as messages and pp() show it.
func canonical(p *parse.ProbePoint) string {
	return describe(p, func(l parse.Literal) string {
		switch l := l.(type) {
		case *parse.NumberLiteral:
			return strconv.FormatInt(l.Value, 10)
		case *parse.StringLiteral:
			return strconv.Quote(l.Value)
		}
		return ""
	})
}

func describe(p *parse.ProbePoint, literal func(parse.Literal) string) string {
	parts := make([]string, len(p.Components))
	for i, c := range p.Components {
		parts[i] = c.Text
		if c.Argument != nil {
			parts[i] += "(" + literal(c.Argument) + ")"
		}
	}
	return strings.Join(parts, ".")
}

// probe resolves the points of one probe; each becomes a Probe of its own.
func (e *elaborator) probe(p *parse.Probe) {
	for _, point := range p.Points {
		place, d := e.resolve(point)
		if d != nil {
			if !point.Optional {
				e.add(d)
			}
			continue
		}
		if point.Condition != nil {
			e.add(semanticError(point.Token, "probe conditions are not in this version"))
			continue
		}
		probe := &Probe{Token: point.Token, Point: canonical(point), Place: place}
		e.probes = append(e.probes, probeBody{probe: probe, body: p.Body})
		if point.Sufficient {
			return
		}
	}
}

func (e *elaborator) resolve(p *parse.ProbePoint) (Place, *parse.Diagnostic) {
	wanted := shape(p)
	var patterns, longer []string
	for _, f := range families() {
		for _, pattern := range f.patterns {
			if pattern == wanted {
				return f.resolve(e, p)
			}
			if strings.HasPrefix(pattern, wanted+".") {
				longer = append(longer, pattern)
			}
			patterns = append(patterns, pattern)
		}
	}
	d := semanticError(p.Token, fmt.Sprintf("while resolving probe point %s: ", canonical(p)))
	d.Position, d.Token = p.Components[0].Position, p.Components[0].Text
	if longer != nil {
		d.Message += "probe point truncated (follow: " + strings.Join(longer, " ") + ")"
		return nil, d
	}
	d.Message += "probe point mismatch"
	d.Similar = parse.Similar(wanted, patterns, 5)
	if d.Similar == nil {
		d.Hint = "probe points of this version: " + strings.Join(patterns, ", ")
	}
	return nil, d
}

// numberArgument gives the number in "component(number)".
func numberArgument(c parse.Component) int64 {
	n, _ := c.Argument.(*parse.NumberLiteral)
	if n == nil {
		return 0
	}
	return n.Value
}
