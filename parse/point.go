package parse

// maxAlternatives is how many probe points the braces of one may stand for.
const maxAlternatives = 1_000

// alternative is one of the points that braces stand for.
type alternative struct {
	components           []Component
	optional, sufficient bool
}

// probePoints reads one probe point with what follows it. The alternatives in
// its braces are spelled out: "a.{b!,c{d,e}}?" gives "a.b!", "a.cd?", "a.ce?".
func (p *parser) probePoints() []*ProbePoint {
	begin := p.peek()
	alternatives := p.components(false)
	if p.failure != nil {
		return nil
	}
	optional, sufficient := p.suffix()
	var condition Expression
	if p.accept("if") {
		condition = p.parenthesised()
	}
	points := make([]*ProbePoint, 0, len(alternatives))
	for _, a := range alternatives {
		if len(a.components) == 0 {
			p.failAt(&begin.Token, "one of the alternatives is empty")
			return nil
		}
		points = append(points, &ProbePoint{
			a.components[0].Token, a.components, optional || a.optional, sufficient || a.sufficient, condition,
		})
	}
	return points
}

// suffix reads the "?" or "!" behind a point.
func (p *parser) suffix() (optional, sufficient bool) {
	sufficient = p.accept("!")
	return sufficient || p.accept("?"), sufficient
}

// components reads dotted components and gives the alternatives that they
// stand for. Inside of braces a "{" cannot begin the body of a probe.
func (p *parser) components(inBraces bool) []alternative {
	p.enter()
	defer p.leave()
	alternatives, glued := []alternative{{}}, false
	for p.failure == nil {
		var pieces []alternative
		if p.at("{") && (inBraces || p.areAlternatives()) {
			pieces = p.alternatives()
		} else {
			pieces = []alternative{{components: []Component{p.component()}}}
		}
		alternatives = p.combine(alternatives, pieces, glued)
		if p.failure != nil {
			return nil
		}
		t := p.peek()
		switch {
		case t.Text == ".":
			p.take()
			glued = false
		case t.joined && p.tokens[p.next-1].Text != ")" &&
			(isNamePart(t) || t.Text == "{" && (inBraces || p.areAlternatives())):
			glued = true
		default:
			return alternatives
		}
	}
	return nil
}

// isNamePart says whether a token can be part of a component's name.
func isNamePart(t *token) bool {
	switch t.kind {
	case identifierToken:
		return t.Text[0] != '$'
	case keywordToken:
		return true
	}
	return t.Text == "*"
}

// component reads a name, glued from adjacent tokens, and its argument.
func (p *parser) component() Component {
	first := p.peek()
	switch {
	case isNamePart(first):
		p.take()
	case p.isStandIn(first):
		p.unknownMacro()
	default:
		p.unexpected("a probe point")
		return Component{}
	}
	c := Component{Token: first.Token}
	for t := p.peek(); t.joined && (isNamePart(t) || p.isStandIn(t)); t = p.peek() {
		if c.Text += t.Text; isNamePart(t) {
			p.take()
		} else {
			p.unknownMacro()
		}
	}
	if open := p.peek(); p.accept("(") {
		c.Argument = p.literal()
		p.expectClosing(")", open)
	}
	return c
}

// areAlternatives says whether the "{" that comes next holds alternatives
// rather than the body of a probe: whether a "," stands between the names in it.
func (p *parser) areAlternatives() bool {
	if p.closing[p.next] == 0 {
		return false
	}
	parentheses := 0
	for i := p.next + 1; i < p.closing[p.next]; i++ {
		t := &p.tokens[i]
		switch {
		case t.Text == "{":
			i = p.closing[i]
		case t.Text == "(":
			parentheses++
		case t.Text == ")":
			parentheses--
		case t.Text == ",":
			if parentheses == 0 {
				return true
			}
		case isNamePart(t), t.kind == stringToken, t.kind == numberToken:
		case t.Text == "." || t.Text == "-" || t.Text == "!" || t.Text == "?":
		default:
			return false
		}
	}
	return false
}

// alternatives reads "{a,b.c!,}".
func (p *parser) alternatives() []alternative {
	open := p.expect("{")
	var alternatives []alternative
	for p.failure == nil {
		if p.at(",") || p.at("}") {
			alternatives = append(alternatives, alternative{})
		} else {
			begin := len(alternatives)
			alternatives = append(alternatives, p.components(true)...)
			optional, sufficient := p.suffix()
			for i := begin; i < len(alternatives); i++ {
				a := &alternatives[i]
				a.optional, a.sufficient = a.optional || optional, a.sufficient || sufficient
			}
		}
		if !p.accept(",") {
			break
		}
	}
	p.expectClosing("}", open)
	return alternatives
}

// combine appends each of the pieces to each of the beginnings. Glued, the
// first component of a piece continues the last one of a beginning.
func (p *parser) combine(beginnings, pieces []alternative, glued bool) []alternative {
	if len(beginnings)*len(pieces) > maxAlternatives {
		p.fail("too many alternatives in braces")
		return nil
	}
	combined := make([]alternative, 0, len(beginnings)*len(pieces))
	for _, beginning := range beginnings {
		for _, piece := range pieces {
			components, rest := append([]Component(nil), beginning.components...), piece.components
			if glued && len(components) > 0 && len(rest) > 0 {
				last := &components[len(components)-1]
				if last.Argument != nil {
					p.fail("a name cannot go on after its argument")
					return nil
				}
				last.Text += rest[0].Text
				last.Argument = rest[0].Argument
				rest = rest[1:]
			}
			combined = append(combined, alternative{
				append(components, rest...), beginning.optional || piece.optional, beginning.sufficient || piece.sufficient,
			})
		}
	}
	return combined
}
