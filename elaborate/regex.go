package elaborate

import (
	"errors"

	"github.com/gostap/gostap/elaborate/regex"
	"github.com/gostap/gostap/parse"
)

// match checks "s =~ "pattern"" and "s !~ "pattern"".
func (c *checker) match(x *parse.Binary) Expression {
	subject := c.value(x.X, parse.String)
	literal, ok := x.Y.(*parse.StringLiteral)
	if !ok {
		c.fail(x.Token, "the pattern must be a string in quotes")
		return nil
	}
	pattern := c.pattern(literal)
	if subject == nil || pattern == nil {
		return nil
	}
	return &Match{Token: x.Token, X: subject, Pattern: pattern, Negated: x.Text == "!~"}
}

// pattern compiles a regular expression, each once; nil after saying what is
// wrong with it.
func (c *checker) pattern(literal *parse.StringLiteral) *regex.Regex {
	if known := c.patterns[literal.Value]; known != nil {
		return known
	}
	pattern, err := regex.Parse(literal.Value)
	if err != nil {
		c.failPattern(literal.Token, err)
		return nil
	}
	c.patterns[literal.Value] = pattern
	return pattern
}

func (e *elaborator) failPattern(at parse.Token, err error) {
	var mistake *regex.Error
	if errors.As(err, &mistake) {
		e.add(semanticError(at, "regex compile error: "+mistake.Error()))
		return
	}
	e.failure = err
}

// trackGroups makes all patterns keep where their groups matched, if the program
// asks for them: if it uses a function that says so.
func (e *elaborator) trackGroups() {
	for _, f := range e.program.Functions {
		if f.Code != nil && f.Code.Tag("pragma:tagged_dfa") {
			e.program.Submatches = true
		}
	}
	if !e.program.Submatches {
		return
	}
	for _, p := range e.program.Probes {
		e.trackGroupsOf(p.Body)
	}
	for _, f := range e.program.Functions {
		e.trackGroupsOf(f.Body)
	}
}

func (e *elaborator) trackGroupsOf(list []Statement) {
	walkStatements(list, func(n any) {
		if m, ok := n.(*Match); ok {
			if err := m.Pattern.TrackGroups(); err != nil {
				e.failPattern(m.Token, err)
			}
		}
	})
}
