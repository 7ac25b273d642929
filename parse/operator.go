package parse

import "fmt"

// signature says what an @ operator takes: a letter for each argument, "x" an
// expression, "s" a literal string, "n" a literal number, "i" a name.
type signature struct {
	arguments string
	required  int    // how many must be given
	isTarget  bool   // accessors go on from it, and it may be assigned to
	since     string // the version that it came with, "" for all
}

// signatures are the @ operators of the language.
var signatures = map[string]signature{
	"@cast":        {"xss", 2, true, ""},
	"@var":         {"ss", 1, true, ""},
	"@kregister":   {"x", 1, true, "4.0"},
	"@uregister":   {"x", 1, true, "4.0"},
	"@kderef":      {"xx", 2, true, "4.0"},
	"@uderef":      {"xx", 2, true, "4.0"},
	"@defined":     {"x", 1, false, ""},
	"@probewrite":  {"i", 1, false, ""},
	"@entry":       {"x", 1, false, ""},
	"@perf":        {"s", 1, false, ""},
	"@const":       {"s", 1, false, "3.1"},
	"@enum":        {"s", 1, false, "5.5"},
	"@enumname":    {"xss", 1, false, "5.6"},
	"@count":       {"x", 1, false, ""},
	"@sum":         {"x", 1, false, ""},
	"@min":         {"x", 1, false, ""},
	"@max":         {"x", 1, false, ""},
	"@avg":         {"x", 1, false, ""},
	"@variance":    {"xn", 1, false, "3.1"},
	"@hist_log":    {"x", 1, false, ""},
	"@hist_linear": {"xnnn", 4, false, ""},
}

// operator reads an @ operator and its arguments.
func (p *parser) operator() Expression {
	t := p.peek()
	s, ok := signatures[t.Text]
	if !ok || s.since != "" && !t.isLibrary() && !p.options.since(s.since) {
		if p.isStandIn(t) {
			return p.unknownMacro()
		}
		p.failUnknownOperator(t)
		return nil
	}
	p.take()
	open := p.expect("(")
	var arguments []Expression
	height := 0
	for i := 0; i < len(s.arguments) && p.failure == nil; i++ {
		if i > 0 && (i < s.required || p.at(",")) {
			p.expect(",")
		} else if i > 0 {
			break
		}
		arguments = append(arguments, p.argument(s.arguments[i]))
		height = max(height, p.height)
	}
	p.expectClosing(")", open)
	p.height = height
	p.grow()
	if s.isTarget {
		return &Target{Token: t.Token, Name: t.Text, Arguments: arguments}
	}
	return &Operator{t.Token, arguments}
}

// isStandIn says whether a token stands for what Format cannot know: an argument
// or a macro of another file.
func (p *parser) isStandIn(t *token) bool {
	return p.layout != nil && (t.kind == numberToken || isMacroWord(t))
}

// unknownMacro passes over such a token, and over what a macro is given.
func (p *parser) unknownMacro() Expression {
	t := p.take()
	for depth := 0; t.kind == operatorToken && p.at("(") || depth > 0 && p.peek().kind != endOfFile; {
		switch p.take().Text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			break
		}
	}
	p.height = 1
	return &Target{Token: t.Token, Name: t.Text}
}

func (p *parser) argument(kind byte) Expression {
	switch kind {
	case 's':
		return p.stringLiteral()
	case 'n':
		return p.signedNumber("a number")
	case 'i':
		t := p.peek()
		if t.kind != identifierToken {
			p.unexpected("the name of a variable")
			return nil
		}
		p.height = 1
		return &Identifier{p.take().Token}
	}
	return p.expression()
}

func (p *parser) failUnknownOperator(t *token) {
	if p.failure != nil {
		return
	}
	names := make([]string, 0, len(signatures))
	for name := range signatures {
		names = append(names, name)
	}
	p.fail("unknown operator " + t.Text)
	p.failure.Similar = Similar(t.Text, names, 5)
	if s, known := signatures[t.Text]; known {
		p.failure.Hint = fmt.Sprintf("%s came with version %s; --compatible=%s asks for an older one", t.Text, s.since, p.options.Compatible)
		p.failure.Similar = nil
	}
}
