package parse

import "strings"

// binaryLevels gives how tightly an operator with two operands binds.
var binaryLevels = map[string]int{
	"||": 1,
	"&&": 2,
	"|":  3,
	"^":  4,
	"&":  5,
	"in": levelIn,
	"<":  levelComparison, ">": levelComparison, "<=": levelComparison, ">=": levelComparison,
	"==": levelComparison, "!=": levelComparison, "=~": levelComparison, "!~": levelComparison,
	"<<": 8, ">>": 8, ">>>": 8,
	".": 9,
	"+": 10, "-": 10,
	"*": levelTightest, "/": levelTightest, "%": levelTightest,
}

const (
	levelLoosest    = 1
	levelIn         = 6
	levelComparison = 7
	levelTightest   = 11
)

// assignments are the operators that change their left operand.
var assignments = map[string]bool{
	"=": true, "<<<": true, "+=": true, "-=": true, "*=": true, "/=": true, "%=": true,
	"<<=": true, ">>=": true, "&=": true, "^=": true, "|=": true, ".=": true,
}

// expression reads an expression of any kind.
func (p *parser) expression() Expression {
	p.enter()
	defer p.leave()
	x := p.conditional()
	sign := p.peek()
	if !assignments[sign.Text] {
		return x
	}
	if !isLvalue(x) {
		message := "Expecting lvalue for assignment"
		if b, ok := x.(*Binary); ok && b.Text == "." {
			message += ", try -> instead"
		}
		p.fail(message)
		return nil
	}
	height := p.height
	p.take()
	y := p.expression()
	p.grow(height)
	return &Assign{sign.Token, x, y}
}

func isLvalue(x Expression) bool {
	switch x := x.(type) {
	case *Identifier, *Index:
		return true
	case *Target:
		return x.Pretty == 0 && !x.AddressOf
	}
	return false
}

func (p *parser) conditional() Expression {
	condition := p.binary(levelLoosest)
	sign := p.peek()
	if !p.accept("?") {
		return condition
	}
	height := p.height
	x := p.expression()
	height = max(height, p.height)
	p.expect(":")
	p.enter()
	var y Expression
	if sign.isLibrary() || p.options.since("4.0") {
		y = p.conditional()
	} else {
		y = p.expression()
	}
	p.leave()
	p.grow(height)
	return &Conditional{sign.Token, condition, x, y}
}

// binary reads operands joined by operators that bind at least as tightly as
// level.
func (p *parser) binary(level int) Expression {
	var x Expression
	tightest := levelTightest // that may follow
	if p.at("[") && level <= levelIn {
		x, tightest = p.bracketed()
	} else {
		x = p.unary()
	}
	for {
		sign := p.peek()
		l := binaryLevels[sign.Text]
		if l == 0 || l < level || l > tightest {
			return x
		}
		isRegex := sign.Text == "=~" || sign.Text == "!~"
		if isRegex && tightest == levelComparison {
			return x
		}
		p.take()
		height := p.height
		tightest = l
		switch {
		case l == levelIn:
			x, tightest = &In{sign.Token, []Expression{x}, p.array()}, levelIn-1
		case isRegex:
			x, tightest = &Binary{sign.Token, x, p.regex()}, levelComparison-1
		default:
			x = &Binary{sign.Token, x, p.binary(l + 1)}
		}
		p.grow(height)
		if p.failure != nil {
			return nil
		}
	}
}

// bracketed reads "[k, *] in a", or "[x]", which is x where only operators
// down to "in" may follow.
func (p *parser) bracketed() (x Expression, tightest int) {
	open := p.peek()
	keys := p.keys(true)
	height := p.height
	if in := p.peek(); p.accept("in") {
		array := p.array()
		p.grow(height)
		return &In{in.Token, keys, array}, levelIn - 1
	}
	if len(keys) != 1 {
		p.failAt(&open.Token, "unexpected comma-separated expression list")
		return nil, 0
	}
	if keys[0] == nil {
		p.failAt(&open.Token, "wildcard not allowed in array index")
	}
	return keys[0], levelIn
}

// keys reads "[k, l]", with nil for a "*".
func (p *parser) keys(wildcards bool) []Expression {
	open := p.expect("[")
	var keys []Expression
	height := 0
	for p.failure == nil {
		if following := p.peekAt(1).Text; p.at("*") && (following == "," || following == "]") {
			if !wildcards {
				p.fail("wildcard not allowed in array index")
			}
			p.take()
			keys = append(keys, nil)
		} else {
			keys = append(keys, p.expression())
			height = max(height, p.height)
		}
		if !p.accept(",") {
			break
		}
	}
	p.expectClosing("]", open)
	p.height = height
	return keys
}

// array reads what "in" looks into: the name of an array, or a histogram.
func (p *parser) array() Expression {
	t := p.peek()
	switch {
	case isHistogram(t.Text):
		return p.operator()
	case t.kind == identifierToken && t.Text[0] != '$':
		p.height = 1
		return &Identifier{p.take().Token}
	}
	p.unexpected("the name of an array")
	return nil
}

func isHistogram(name string) bool { return name == "@hist_log" || name == "@hist_linear" }

// regex reads the right side of "=~": a literal, perhaps put together with ".".
func (p *parser) regex() Expression {
	x := p.stringLiteral()
	for p.accept(".") {
		if y := p.stringLiteral(); p.failure == nil {
			x = &StringLiteral{x.Token, x.Value + y.Value}
		}
	}
	return x
}

func (p *parser) unary() Expression {
	sign := p.peek()
	switch sign.Text {
	case "+", "-", "!", "~":
		p.take()
		p.enter()
		defer p.leave()
		x := p.unary()
		p.grow()
		return &Unary{sign.Token, x}
	case "++", "--":
		p.take()
		x := p.value()
		return p.step(sign, x, true)
	}
	x := p.value()
	if sign := p.peek(); sign.Text == "++" || sign.Text == "--" {
		p.take()
		return p.step(sign, x, false)
	}
	return x
}

func (p *parser) step(sign *token, x Expression, prefix bool) Expression {
	if p.failure == nil && !isLvalue(x) {
		p.failAt(&sign.Token, "Expecting lvalue for assignment")
	}
	p.grow()
	return &Step{sign.Token, x, prefix}
}

// value reads a primary expression and the accessors after it.
func (p *parser) value() Expression {
	ampersand := p.peek()
	if !p.accept("&") {
		return p.accessors(p.primary())
	}
	x := p.accessors(p.primary())
	target, ok := x.(*Target)
	if p.failure == nil && (!ok || target.Pretty > 0 || target.AddressOf) {
		p.failAt(&ampersand.Token, "expected a target variable after '&'")
	}
	if ok {
		target.AddressOf = true
	}
	return x
}

// accessors reads "->member", "[index]" and the "$" that ask for a printed
// form, and hangs them on x.
func (p *parser) accessors(x Expression) Expression {
	target, _ := x.(*Target)
	if target != nil && target.AddressOf {
		target = nil
	}
	height := p.height
	for p.failure == nil {
		t := p.peek()
		isSuffix := t.Text == "$" || t.Text == "$$"
		if t.Text != "->" && t.Text != "[" && !(isSuffix && target != nil) {
			break
		}
		if target != nil && target.Pretty > 0 {
			p.fail("nothing may follow the '$' that asks for a printed form")
			break
		}
		if target == nil && t.Text == "[" && isIndexable(x) {
			x = p.index(x, p.next-1 == p.wildcardsAt)
			height = p.height
			continue
		}
		if target == nil && !t.isLibrary() && !p.options.since("2.6") {
			break // a value had no members then
		}
		if target == nil {
			target = &Target{Token: t.Token, Base: x}
			height++
		}
		switch t.Text {
		case "->":
			p.take()
			p.member(target)
		case "[":
			p.take()
			index := p.expression()
			height = max(height, p.height+1)
			p.expectClosing("]", t)
			target.Accessors = append(target.Accessors, Accessor{Token: t.Token, Index: index})
		default:
			target.Pretty = len(p.take().Text)
		}
	}
	p.height = height
	p.checkNesting(height)
	if target != nil {
		return target
	}
	return x
}

// isIndexable says whether "[" after x names an element of an array of the
// script or of a histogram, rather than of an object in memory.
func isIndexable(x Expression) bool {
	switch x := x.(type) {
	case *Identifier:
		return true
	case *Operator:
		return isHistogram(x.Text)
	}
	return false
}

func (p *parser) index(base Expression, wildcards bool) Expression {
	var name Token
	switch base := base.(type) {
	case *Identifier:
		name = base.Token
	case *Operator:
		name = base.Token
	}
	height := p.height
	keys := p.keys(wildcards)
	p.grow(height)
	return &Index{name, base, keys}
}

// member reads the name after "->" and the "$" that may end it.
func (p *parser) member(target *Target) {
	t := p.peek()
	if t.kind != identifierToken && t.kind != keywordToken || t.Text[0] == '$' {
		p.unexpected("the name of a member")
		return
	}
	name, pretty, ok := splitSuffix(t.Text)
	if !ok {
		p.unexpected("the name of a member")
		return
	}
	p.take()
	target.Accessors = append(target.Accessors, Accessor{Token: t.Token, Member: name})
	target.Pretty = pretty
}

// splitSuffix takes the one or two "$" off the end of a name.
func splitSuffix(text string) (name string, pretty int, ok bool) {
	name = strings.TrimRight(text, "$")
	pretty = len(text) - len(name)
	ok = pretty <= 2 && name != "" && !strings.Contains(strings.TrimLeft(name, "$"), "$")
	return name, pretty, ok
}

// prints are the functions of the print family.
var prints = map[string]bool{
	"print": true, "println": true, "printd": true, "printdln": true, "printf": true, "print_char": true,
	"sprint": true, "sprintln": true, "sprintd": true, "sprintdln": true, "sprintf": true,
}

// primary reads what an expression is made of.
func (p *parser) primary() Expression {
	p.height = 1
	t := p.peek()
	switch t.kind {
	case numberToken:
		return p.number("a number")
	case stringToken:
		return p.stringLiteral()
	case embeddedToken:
		return &EmbeddedExpression{p.embeddedCode(p.take().Token).Token}
	case identifierToken:
		return p.named()
	case keywordToken:
		if (t.Text == "string" || t.Text == "long") && p.peekAt(1).Text == "(" {
			return p.named()
		}
	case operatorToken:
		if t.Text[0] == '@' && t.Text != "@define" {
			return p.operator()
		}
		if t.Text == "(" {
			p.take()
			x := p.expression()
			p.expectClosing(")", t)
			return x
		}
	}
	p.unexpected("an expression")
	return nil
}

// named reads what begins with a name: a variable, a call, a target.
func (p *parser) named() Expression {
	t := p.peek()
	switch {
	case t.Text[0] == '$':
		name, pretty, ok := splitSuffix(t.Text)
		if !ok || len(name) > 2 && name[:3] == "$$$" {
			p.fail("this is not the name of a target variable")
			return nil
		}
		p.take()
		return &Target{Token: t.Token, Name: name, Pretty: pretty}
	case strings.Contains(t.Text, "$"):
		p.fail("a name cannot hold '$' except at its beginning")
		return nil
	}
	p.take()
	if !p.at("(") {
		return &Identifier{t.Token}
	}
	if prints[t.Text] {
		return p.print(t)
	}
	open := p.take()
	call := &Call{Token: t.Token}
	height := 0
	for p.failure == nil && !p.at(")") {
		call.Arguments = append(call.Arguments, p.expression())
		height = max(height, p.height)
		if !p.accept(",") {
			break
		}
	}
	p.expectClosing(")", open)
	p.height = height
	p.grow()
	return call
}

// print reads the arguments of a function of the print family, the first of
// which is a literal where there is a format or a delimiter.
func (p *parser) print(name *token) Expression {
	open := p.take()
	call := &Print{Token: name.Token}
	height := 0
	if strings.HasSuffix(name.Text, "printf") || strings.Contains(name.Text, "printd") {
		if p.peek().kind != stringToken {
			p.unexpected("a literal string")
		}
		call.Arguments = append(call.Arguments, p.stringLiteral())
		if !p.accept(",") {
			p.expectClosing(")", open)
			p.grow()
			return call
		}
	} else if strings.HasSuffix(name.Text, "println") && p.accept(")") {
		p.grow()
		return call
	}
	for p.failure == nil {
		call.Arguments = append(call.Arguments, p.expression())
		height = max(height, p.height)
		if !p.accept(",") {
			break
		}
	}
	p.expectClosing(")", open)
	p.height = height
	p.grow()
	return call
}
