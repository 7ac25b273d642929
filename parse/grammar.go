package parse

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// This file is participle's part of the grammar: the declarations. A field of
// a production type is read by the method of parser that newGrammar names for
// it. Participle looks one token ahead and never back, so no method reads the
// same text twice.

type (
	pointProduction   any                  // []*ProbePoint
	blockProduction   interface{ Node }    // *Block
	bodyProduction    interface{ Node }    // *Block or *EmbeddedCode
	numberProduction  interface{ Literal } // *NumberLiteral
	literalProduction interface{ Literal }

	declarationGrammar struct {
		Probe    *probeGrammar    `parser:"@@"`
		Function *functionGrammar `parser:"| 'function' @@"`
		Globals  []*globalGrammar `parser:"| 'global' @@ (',' @@)* ';'?"`
		Private  *privateGrammar  `parser:"| 'private' @@"`
		Code     *lexer.Token     `parser:"| @EmbeddedCode"`
	}

	privateGrammar struct {
		Function *functionGrammar `parser:"'function' @@"`
		Globals  []*globalGrammar `parser:"| 'global'? @@ (',' @@)* ';'?"`
	}

	probeGrammar struct {
		Pos      lexer.Position
		Points   []pointProduction `parser:"'probe' @@ (',' @@)*"`
		Aliased  []*aliasedGrammar `parser:"@@*"`
		Body     blockProduction   `parser:"@@"`
		Epilogue *epilogueGrammar  `parser:"@@?"`
	}

	// aliasedGrammar follows the name of an alias: another name, or what the
	// names stand for.
	aliasedGrammar struct {
		Pos    lexer.Position
		Sign   string            `parser:"@('=' | '+=')"`
		Points []pointProduction `parser:"@@ (',' @@)*"`
	}

	epilogueGrammar struct {
		Pos  lexer.Position
		Body blockProduction `parser:"',' @@"`
	}

	globalGrammar struct {
		Name    lexer.Token       `parser:"@Identifier"`
		Wrap    bool              `parser:"@'%'?"`
		Size    numberProduction  `parser:"('[' @@ ']')?"`
		Initial literalProduction `parser:"('=' @@)?"`
	}

	functionGrammar struct {
		Name       lexer.Token         `parser:"@(Identifier | 'string' | 'long')"`
		Result     string              `parser:"(':' @('long' | 'string'))?"`
		Parameters []*parameterGrammar `parser:"'(' (@@ (',' @@)*)? ')'"`
		Priority   numberProduction    `parser:"(':' @@)?"`
		Body       bodyProduction      `parser:"@@"`
	}

	parameterGrammar struct {
		Name lexer.Token `parser:"@Identifier"`
		Type string      `parser:"(':' @('long' | 'string'))?"`
	}
)

// newGrammar joins participle's part of the grammar with the parser's.
func newGrammar(p *parser) *participle.Parser[declarationGrammar] {
	return participle.MustBuild[declarationGrammar](
		participle.Lexer(definition{}),
		participle.UseLookahead(0),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (pointProduction, error) {
			return produce[pointProduction](p, l, func() pointProduction { return p.probePoints() })
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (blockProduction, error) {
			return produce[blockProduction](p, l, func() blockProduction { return p.block() })
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (bodyProduction, error) {
			return produce[bodyProduction](p, l, func() bodyProduction { return p.functionBody() })
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (numberProduction, error) {
			return produce[numberProduction](p, l, func() numberProduction { return p.signedNumber("a number") })
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (literalProduction, error) {
			return produce[literalProduction](p, l, func() literalProduction { return p.literal() })
		}),
	)
}

// produce lets a method of the parser read on from where participle stands.
func produce[T any](p *parser, l *lexer.PeekingLexer, read func() T) (T, error) {
	p.next = l.Peek().Pos.Offset
	value := read()
	if p.failure != nil {
		var none T
		return none, p.failure
	}
	for !l.Peek().EOF() && l.Peek().Pos.Offset < p.next {
		l.Next()
	}
	return value, nil
}

// firstTerm matches what participle expected first: a quoted token, a choice
// of them, or the name of a production.
var firstTerm = regexp.MustCompile(`^\(expected (?:("[^"]+")|\((("[^"]+"(?: \| )?)+)\)|<?(\w+))`)

// mismatch turns participle's report of a token that does not fit into ours.
func (p *parser) mismatch(err *participle.UnexpectedTokenError) {
	p.next = err.Unexpected.Pos.Offset
	_, expected, _ := strings.Cut(err.Message(), " (expected ")
	term := firstTerm.FindStringSubmatch("(expected " + expected)
	switch {
	case term == nil || term[4] != "":
		p.unexpected("a name")
	default:
		p.unexpected(strings.NewReplacer(`"`, "'", " | ", " or ").Replace(term[1] + term[2]))
	}
}

// tokenAt gives the token that participle's position stands for.
func (p *parser) tokenAt(at lexer.Position) Token { return p.tokens[at.Offset].Token }

// declare adds a declaration to the file.
func (p *parser) declare(d *declarationGrammar) {
	switch {
	case d.Probe != nil:
		p.declareProbe(d.Probe)
	case d.Function != nil:
		p.declareFunction(d.Function, false)
	case d.Private != nil && d.Private.Function != nil:
		p.declareFunction(d.Private.Function, true)
	case d.Private != nil:
		p.declareGlobals(d.Private.Globals, true)
	case d.Code != nil:
		p.file.EmbeddedCode = append(p.file.EmbeddedCode, p.embeddedCode(p.tokenAt(d.Code.Pos)))
	default:
		p.declareGlobals(d.Globals, false)
	}
}

func joinPoints(lists []pointProduction) []*ProbePoint {
	var points []*ProbePoint
	for _, list := range lists {
		points = append(points, list.([]*ProbePoint)...)
	}
	return points
}

func (p *parser) declareProbe(g *probeGrammar) {
	keyword, body := p.tokenAt(g.Pos), g.Body.(*Block)
	points := joinPoints(g.Points)
	if len(g.Aliased) == 0 {
		if g.Epilogue != nil {
			p.reportAt(p.tokenAt(g.Epilogue.Pos), "only an alias has a second block")
			return
		}
		p.file.Probes = append(p.file.Probes, &Probe{keyword, points, body})
		return
	}
	alias := &Alias{Token: keyword, Prologue: body}
	for _, aliased := range g.Aliased {
		alias.Names = append(alias.Names, points...)
		if len(points) != 1 {
			p.reportAt(p.tokenAt(aliased.Pos), "an alias has a single name")
			return
		}
		if aliased.Sign == "+=" && (len(g.Aliased) > 1 || g.Epilogue != nil) {
			p.reportAt(p.tokenAt(aliased.Pos), "'+=' takes one name and one block")
			return
		}
		points = joinPoints(aliased.Points)
	}
	alias.Points = points
	for _, name := range alias.Names {
		if problem := aliasNameProblem(name); problem != "" {
			p.reportAt(name.Token, problem)
			return
		}
	}
	if g.Aliased[0].Sign == "+=" {
		alias.Prologue, alias.Epilogue = nil, body
	} else if g.Epilogue != nil {
		alias.Epilogue = g.Epilogue.Body.(*Block)
	}
	p.file.Aliases = append(p.file.Aliases, alias)
}

func aliasNameProblem(name *ProbePoint) string {
	if name.Optional || name.Condition != nil {
		return "the name of an alias takes no '?', '!' or 'if'"
	}
	for _, c := range name.Components {
		if c.Argument != nil {
			return "the name of an alias takes no arguments"
		}
		if strings.Contains(c.Text, "*") {
			return "wildcard not allowed in the name of an alias"
		}
	}
	return ""
}

// maxArraySize is the most elements that a script can ask for.
const maxArraySize = 1<<31 - 1

func (p *parser) declareGlobals(names []*globalGrammar, private bool) {
	for _, g := range names {
		global := &Global{Token: p.plainName(g.Name), Private: private, Wrap: g.Wrap}
		if size, ok := g.Size.(*NumberLiteral); ok {
			if size.Value < 1 || size.Value > maxArraySize {
				p.reportAt(size.Token, fmt.Sprintf("array size out of range [1-%d]", maxArraySize))
			}
			global.Size = size.Value
		}
		if g.Initial != nil {
			global.Initial = g.Initial
			if g.Size != nil || g.Wrap {
				p.reportAt(p.tokenAt(g.Name.Pos), "only scalar globals can be initialized")
			}
		}
		p.file.Globals = append(p.file.Globals, global)
	}
}

// types are the words for types.
var types = map[string]Type{"long": Long, "string": String}

func (p *parser) declareFunction(g *functionGrammar, private bool) {
	f := &Function{Token: p.plainName(g.Name), Private: private, Result: types[g.Result]}
	for _, parameter := range g.Parameters {
		f.Parameters = append(f.Parameters, Parameter{p.plainName(parameter.Name), types[parameter.Type]})
	}
	if priority, ok := g.Priority.(*NumberLiteral); ok {
		if priority.Value <= 0 {
			p.reportAt(priority.Token, "specified priority must be > 0")
		}
		f.Priority = priority
	}
	switch body := g.Body.(type) {
	case *Block:
		f.Body = body
	case *EmbeddedCode:
		f.Code = body
	}
	p.file.Functions = append(p.file.Functions, f)
}

// plainName gives the token of a declared name and refuses one with '$'.
func (p *parser) plainName(name lexer.Token) Token {
	t := p.tokenAt(name.Pos)
	if strings.Contains(t.Text, "$") {
		p.reportAt(t, "a declared name cannot hold '$'")
	}
	return t
}

// functionBody reads a block or embedded C.
func (p *parser) functionBody() Node {
	if t := p.peek(); t.kind == embeddedToken {
		return p.embeddedCode(p.take().Token)
	}
	return p.block()
}
