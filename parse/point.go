package parse

// maxAlternatives is how many probe points the braces of one may stand for.
const maxAlternatives = 1_000

// probePoints reads one probe point with what follows it. The alternatives in
// its braces are spelled out: "a.{b,c{d,e}}?" gives "a.b?", "a.cd?", "a.ce?".
func (p *parser) probePoints() []*ProbePoint {
	begin := p.peek()
	alternatives := p.components(false)
	if p.failure != nil {
		return nil
	}
	var optional, sufficient bool
	switch {
	case p.accept("!"):
		optional, sufficient = true, true
	case p.accept("?"):
		optional = true
	}
	var condition Expression
	if p.accept("if") {
		condition = p.parenthesised()
	}
	points := make([]*ProbePoint, 0, len(alternatives))
	for _, components := range alternatives {
		if len(components) == 0 {
			p.failAt(&begin.Token, "one of the alternatives is empty")
			return nil
		}
		points = append(points, &ProbePoint{
			components[0].Token, components, optional, sufficient, condition,
		})
	}
	return points
}

// components reads dotted components and gives the alternatives that they
// stand for. Inside of braces a "{" cannot begin the body of a probe.
func (p *parser) components(inBraces bool) [][]Component {
	p.enter()
	defer p.leave()
	alternatives, glued := [][]Component{nil}, false
	for p.failure == nil {
		var pieces [][]Component
		if p.at("{") && (inBraces || p.areAlternatives()) {
			pieces = p.alternatives()
		} else {
			pieces = [][]Component{{p.component()}}
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
	if !isNamePart(first) {
		p.unexpected("a probe point")
		return Component{}
	}
	p.take()
	c := Component{Token: first.Token}
	for p.peek().joined && isNamePart(p.peek()) {
		c.Text += p.take().Text
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
		case t.Text == "." || t.Text == "-":
		default:
			return false
		}
	}
	return false
}

// alternatives reads "{a,b.c,}".
func (p *parser) alternatives() [][]Component {
	open := p.expect("{")
	var alternatives [][]Component
	for p.failure == nil {
		if p.at(",") || p.at("}") {
			alternatives = append(alternatives, nil)
		} else {
			alternatives = append(alternatives, p.components(true)...)
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
func (p *parser) combine(beginnings, pieces [][]Component, glued bool) [][]Component {
	if len(beginnings)*len(pieces) > maxAlternatives {
		p.fail("too many alternatives in braces")
		return nil
	}
	combined := make([][]Component, 0, len(beginnings)*len(pieces))
	for _, beginning := range beginnings {
		for _, piece := range pieces {
			components := append([]Component(nil), beginning...)
			if glued && len(components) > 0 && len(piece) > 0 {
				last := &components[len(components)-1]
				if last.Argument != nil {
					p.fail("a name cannot go on after its argument")
					return nil
				}
				last.Text += piece[0].Text
				last.Argument = piece[0].Argument
				piece = piece[1:]
			}
			combined = append(combined, append(components, piece...))
		}
	}
	return combined
}
