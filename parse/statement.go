package parse

// block reads "{ … }".
func (p *parser) block() *Block {
	open := p.peek()
	if open.kind == embeddedToken {
		p.fail("expected '{': embedded code can be the body of a function only")
	}
	p.expect("{")
	b := &Block{Token: open.Token}
	for p.failure == nil && !p.at("}") {
		t := p.peek()
		if t.kind == endOfFile || t.isTopLevel() {
			p.unexpected("'}'")
			p.noteUnclosed(open)
			break
		}
		b.Statements = append(b.Statements, p.statement())
	}
	b.End = p.peek().Position
	p.accept("}")
	return b
}

// statement reads one statement and the ";" that may end it.
func (p *parser) statement() Statement {
	p.enter()
	defer p.leave()
	t := p.peek()
	if p.layout != nil {
		p.layout.statement(t)
	}
	switch t.Text {
	case "{":
		return p.block()
	case ";":
		return &EmptyStatement{p.take().Token}
	case "if":
		return p.ifStatement()
	case "while":
		p.take()
		condition := p.parenthesised()
		return &LoopStatement{Token: t.Token, Condition: condition, Body: p.body()}
	case "for":
		return p.forStatement()
	case "foreach":
		return p.foreachStatement()
	case "try":
		return p.tryStatement()
	}
	s := p.simpleStatement()
	p.accept(";")
	return s
}

// body reads the statement that another one governs.
func (p *parser) body() Statement {
	begin := p.peek()
	s := p.statement()
	if p.layout != nil && p.failure == nil {
		p.layout.body(begin, &p.tokens[p.next-1])
	}
	return s
}

func (p *parser) simpleStatement() Statement {
	t := p.peek()
	switch t.Text {
	case "return":
		p.take()
		if p.at(";") || p.at("}") {
			return &ReturnStatement{Token: t.Token}
		}
		return &ReturnStatement{t.Token, p.expression()}
	case "delete":
		p.take()
		p.wildcardsAt = p.next
		x := p.expression()
		if p.failure == nil && !isLvalue(x) {
			p.failAt(&t.Token, "expected a variable or an array element after 'delete'")
		}
		return &DeleteStatement{t.Token, x}
	case "break", "continue", "next":
		return &BranchStatement{p.take().Token}
	}
	return &ExpressionStatement{t.Token, p.expression()}
}

// parenthesised reads "(condition)".
func (p *parser) parenthesised() Expression {
	open := p.expect("(")
	x := p.expression()
	p.expectClosing(")", open)
	return x
}

func (p *parser) ifStatement() Statement {
	s := &IfStatement{Token: p.take().Token}
	s.Condition = p.parenthesised()
	s.Then = p.body()
	if p.accept("else") {
		s.Else = p.body()
	}
	return s
}

func (p *parser) forStatement() Statement {
	s := &LoopStatement{Token: p.take().Token}
	open := p.expect("(")
	if !p.at(";") {
		s.Init = p.expression()
	}
	p.expect(";")
	if !p.at(";") {
		s.Condition = p.expression()
	}
	p.expect(";")
	if !p.at(")") {
		s.Step = p.expression()
	}
	p.expectClosing(")", open)
	s.Body = p.body()
	return s
}

func (p *parser) tryStatement() Statement {
	s := &TryStatement{Token: p.take().Token}
	s.Body = p.block()
	p.expect("catch")
	if open := p.peek(); p.accept("(") {
		s.Message = p.loopVariable()
		p.expectClosing(")", open)
	}
	s.Catch = p.block()
	return s
}

// loopVariable reads the name of a variable that a statement sets.
func (p *parser) loopVariable() *Identifier {
	t := p.peek()
	if t.kind != identifierToken || t.Text[0] == '$' {
		p.unexpected("the name of a variable")
		return nil
	}
	return &Identifier{p.take().Token}
}

func (p *parser) foreachStatement() Statement {
	s := &ForeachStatement{Token: p.take().Token}
	open := p.expect("(")
	if !p.at("[") {
		first := p.loopVariable()
		key := p.sortSign(s) // its number if this is a key
		if p.accept("=") {
			s.Value = first
		} else {
			s.Keys = []*Identifier{first}
			if key {
				s.SortKey = 1
			}
		}
	}
	if s.Keys == nil {
		p.foreachKeys(s)
	}
	p.expect("in")
	s.Base = p.array()
	if p.at("[") {
		s.Slice = p.keys(true)
	}
	if t := p.peek(); sortStatistics[t.Text] {
		s.SortByStat = p.take().Text
		if !p.sortSign(s) {
			p.unexpected("'+' or '-'")
		}
	} else {
		p.sortSign(s)
	}
	if p.accept("limit") {
		s.Limit = p.expression()
	}
	p.expectClosing(")", open)
	s.Body = p.body()
	return s
}

// foreachKeys reads "[k1, k2-]" or "k-".
func (p *parser) foreachKeys(s *ForeachStatement) {
	open := p.peek()
	bracketed := p.accept("[")
	for p.failure == nil {
		s.Keys = append(s.Keys, p.loopVariable())
		if p.sortSign(s) {
			s.SortKey = len(s.Keys)
		}
		if !bracketed || !p.accept(",") {
			break
		}
	}
	if bracketed {
		p.expectClosing("]", open)
	}
}

// sortStatistics are what an array of statistics can be sorted by.
var sortStatistics = map[string]bool{
	"@count": true, "@sum": true, "@min": true, "@max": true, "@avg": true, "@variance": true,
}

// sortSign reads the "+" or "-" that says what to sort by and how.
func (p *parser) sortSign(s *ForeachStatement) bool {
	order := 1
	switch {
	case p.at("-"):
		order = -1
	case !p.at("+"):
		return false
	}
	if s.SortOrder != 0 {
		p.fail("multiple sort directives")
		return false
	}
	s.SortOrder = order
	p.take()
	return true
}
