package elaborate

import (
	"strconv"
	"strings"
	"sync"

	"github.com/gostap/gostap/parse"
)

// Place is where a probe is set: BeginPlace, TimerPlace, FunctionPlace and so
// on, one type for each family.
type Place interface {
	order() order
}

// contextual is a Place that has $variables.
type contextual interface {
	variables() []string // as listings show them: "$name:type"
	target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic)
}

// assignable is a Place that has $variables of its own that a script can set.
type assignable interface {
	assign(c *checker, x *parse.Assign, t *parse.Target, operator string) Expression
}

// textual is a Place some of whose $variables are strings.
type textual interface{ isString(name string) bool }

// declaring is a Place that counts though its handler does nothing.
type declaring interface{ declares() bool }

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
	// resolve finds the places that a point of one of these patterns stands for.
	resolve func(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic)
}

// site is a place with the point that names this place alone.
type site struct {
	place       Place
	point       string
	dispensable bool // one of those that a pattern stands for
	spare       bool // a copy of a function that is there without it, too
}

// oneSite is the result of a family whose points stand for one place each.
func oneSite(place Place, p *parse.ProbePoint) []site {
	return []site{{place: place, point: canonical(p)}}
}

var (
	allFamilies  []family
	makeFamilies sync.Once
)

// families are all kinds of probe points.
func families() []family {
	makeFamilies.Do(func() {
		allFamilies = []family{
			beginFamily(), neverFamily(), timerFamily(), profileFamily(), codeFamily(), kprobeFamily(), absoluteFamily(),
			traceFamily(), tracepointFamily(), perfFamily(), procfsFamily(), netfilterFamily(), watchFamily(),
		}
	})
	return allFamilies
}

// shape gives a point the way patterns are written: literals by their types.
func shape(p *parse.ProbePoint) string {
	return describe(p, func(l parse.Literal) string { return kindOf(l) })
}

func kindOf(l parse.Literal) string {
	if _, ok := l.(*parse.NumberLiteral); ok {
		return "number"
	}
	return "string"
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

// dotted gives the names of a point's components without arguments.
func dotted(p *parse.ProbePoint) string {
	names := make([]string, len(p.Components))
	for i, c := range p.Components {
		names[i] = c.Text
	}
	return strings.Join(names, ".")
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

// numberArgument gives the number in "component(number)".
func numberArgument(c parse.Component) int64 {
	n, _ := c.Argument.(*parse.NumberLiteral)
	if n == nil {
		return 0
	}
	return n.Value
}

// match gives the point that a pattern makes of p, whose names may be globs;
// nil if they do not fit. "**" stands for any number of components.
func match(pattern string, p *parse.ProbePoint) *parse.ProbePoint {
	wanted := strings.Split(pattern, ".")
	components, ok := matchComponents(wanted, p.Components)
	if !ok {
		return nil
	}
	matched := *p
	matched.Components = components
	return &matched
}

func matchComponents(pattern []string, given []parse.Component) ([]parse.Component, bool) {
	if len(given) == 0 {
		return nil, len(pattern) == 0
	}
	c := given[0]
	if strings.Contains(c.Text, "**") && c.Argument == nil {
		for n := range len(pattern) + 1 {
			rest, ok := matchComponents(pattern[n:], given[1:])
			if !ok || !matchGlob(c.Text, strings.Join(pattern[:n], ".")) {
				continue
			}
			var components []parse.Component
			for _, name := range pattern[:n] {
				if strings.HasSuffix(name, ")") {
					return nil, false // an argument that nothing gives
				}
				components = append(components, named(c, name))
			}
			return append(components, rest...), true
		}
		return nil, false
	}
	if len(pattern) == 0 {
		return nil, false
	}
	name, argument, _ := strings.Cut(strings.TrimSuffix(pattern[0], ")"), "(")
	if (c.Argument == nil) != (argument == "") || c.Argument != nil && kindOf(c.Argument) != argument {
		return nil, false
	}
	if !matchPattern(c.Text, name) {
		return nil, false
	}
	rest, ok := matchComponents(pattern[1:], given[1:])
	return append([]parse.Component{named(c, name)}, rest...), ok
}

func named(c parse.Component, name string) parse.Component {
	c.Text = name
	return c
}
