package parse

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// maxNesting is how deep statements and expressions can be nested, and how
// high the tree of one declaration can be: who walks it may recurse.
const maxNesting = 10_000

// Options are what a script's text depends on besides itself.
type Options struct {
	Arguments   []string // what $1, $2, … stand for
	Compatible  string   // the version of the language, as --compatible gives it; "" for Compatible
	Environment Environment

	// Macros looks up a macro of the library, by its name without "@"; nil
	// where there is none. Library.Macro is such a function.
	Macros func(name string) (*Macro, bool)

	layout *layout // of Format
	branch branch
}

// branch says which one of all conditionals stays, whatever their conditions.
type branch int

const (
	asConditions branch = iota
	allFirst
	allSecond
)

// parsers keeps parsers for the next source: joining the grammar takes longer
// than reading a small library file.
var parsers = sync.Pool{New: func() any {
	p := &parser{}
	p.grammar = newGrammar(p)
	return p
}}

// Parse reads one source. The error, if any, is Diagnostics with every mistake
// found; the file then holds the declarations without one.
func Parse(source *Source, options Options) (*File, error) {
	p := parsers.Get().(*parser)
	defer p.release()
	p.file, p.options, p.layout = &File{Source: source}, options, options.layout
	p.tokens, p.file.UnusedArguments = tokenize(source, &p.options, p.tokens)
	if needsPreprocessing(p.tokens, &p.options) {
		stage := preprocess(p.tokens, &p.options, p.spare)
		p.tokens, p.spare = stage.out, p.tokens
		for _, d := range stage.found {
			if d.Severity == Error {
				p.found = append(p.found, d)
			} else {
				p.file.Warnings = append(p.file.Warnings, d)
			}
		}
	}
	p.closing = matchBraces(p.tokens, p.closing)
	p.warnOfBraces()
	p.readFile()
	if len(p.found) > 0 {
		return p.file, p.found
	}
	return p.file, nil
}

// release keeps the parser's memory for the next source.
func (p *parser) release() {
	clear(p.tokens)
	clear(p.spare)
	*p = parser{grammar: p.grammar, tokens: p.tokens, spare: p.spare, closing: p.closing}
	parsers.Put(p)
}

// parser reads the tokens of one source. After a mistake it stands at the end
// of the file until the next declaration, so that all its methods come to an
// end; what they return then is worth nothing.
type parser struct {
	grammar *participle.Parser[declarationGrammar]
	options Options
	file    *File
	tokens  []token
	spare   []token     // memory for the next source
	closing []int       // by token: for a "{" that is closed, the index of its "}", else 0
	next    int         // index of the next token
	failure *Diagnostic // of this declaration
	failed  int         // index of the token that it was found at
	found   Diagnostics // in the file

	depth       int // of the statements and expressions being read
	height      int // of the tree of the expression read last
	wildcardsAt int // index of the token of an array that may be indexed with "*"

	layout *layout // notes where statements are; nil unless Format asks
}

// readFile reads declarations up to the end.
func (p *parser) readFile() {
	if len(p.tokens) == 1 && !p.file.Source.Library {
		p.reportEmpty()
		return
	}
	for p.peek().kind != endOfFile {
		begin := p.next
		p.depth, p.wildcardsAt, p.failure = 0, -1, nil
		if p.readDeclaration(); p.failure != nil {
			p.found = append(p.found, p.failure)
			p.next = p.nextDeclaration(max(p.failed, begin+1))
		} else if p.layout != nil {
			p.layout.declaration(p.tokens[begin:p.next])
		}
	}
}

// readDeclaration reads one declaration, or leaves a failure.
func (p *parser) readDeclaration() {
	if t := p.peek(); !t.isTopLevel() && t.kind != embeddedToken {
		p.unexpected("'probe', 'global', 'private' or 'function'")
		return
	}
	tokens, err := lexer.Upgrade(&tokenReader{p.tokens, p.closing, p.next, p.next})
	if err != nil {
		p.fail(err.Error())
		return
	}
	declaration, err := p.grammar.ParseFromLexer(tokens, participle.AllowTrailing(true))
	var mismatch *participle.UnexpectedTokenError
	switch {
	case p.failure != nil:
	case err == nil:
		p.next = max(p.next, tokens.Peek().Pos.Offset)
		p.declare(declaration)
	case errors.As(err, &mismatch):
		p.mismatch(mismatch)
	default:
		p.fail(err.Error())
	}
}

// topLevel are the words that begin a declaration.
var topLevel = map[string]bool{"probe": true, "global": true, "private": true, "function": true}

func (t *token) isTopLevel() bool { return t.kind == keywordToken && topLevel[t.Text] }

// nextDeclaration is the index of the first token from i on that begins a
// declaration, or of the end of the file.
func (p *parser) nextDeclaration(i int) int {
	for p.tokens[i].kind != endOfFile && !beginsDeclaration(p.tokens, i) {
		i++
	}
	return i
}

// beginsDeclaration says whether the word at i, which is not the first, begins
// a declaration. As the name of a member or of a component it does not.
func beginsDeclaration(tokens []token, i int) bool {
	t, before := &tokens[i], &tokens[i-1]
	return t.isTopLevel() && before.Text != "." && before.Text != "->" && !(t.joined && isNamePart(before))
}

func (p *parser) reportEmpty() {
	problem := "is empty"
	if len(strings.TrimSpace(string(p.file.Source.Text))) > 0 {
		problem = "is empty after preprocessing"
	}
	p.reportAt(Token{}, fmt.Sprintf("Input file '%s' %s", p.file.Source.Name, problem))
}

// warnOfBraces points out embedded C whose end was perhaps mistyped.
func (p *parser) warnOfBraces() {
	for i := range p.tokens {
		t := &p.tokens[i]
		if at := strings.Index(t.Text, "}%"); t.kind == embeddedToken && at >= 0 && at < len(t.Text)-3 {
			p.file.Warnings = append(p.file.Warnings, &Diagnostic{
				Severity: Warning, Position: t.Position, Message: "embedded code holds '}%': '%}' ends it",
			})
		}
	}
}

// peek gives the next token without going past it.
func (p *parser) peek() *token { return &p.tokens[p.next] }

// peekAt gives the token that follows after n others, or the last.
func (p *parser) peekAt(n int) *token { return &p.tokens[min(p.next+n, len(p.tokens)-1)] }

// take gives the next token and goes past it.
func (p *parser) take() *token {
	t := &p.tokens[p.next]
	if t.kind != endOfFile {
		p.next++
	}
	return t
}

// at says whether the next token has this text.
func (p *parser) at(text string) bool { return p.tokens[p.next].Text == text }

// accept goes past the next token if it has this text.
func (p *parser) accept(text string) bool {
	if !p.at(text) {
		return false
	}
	p.next++
	return true
}

// expect takes a token that must have this text.
func (p *parser) expect(text string) *token {
	t := p.peek()
	if !p.accept(text) {
		p.unexpected("'" + text + "'")
	}
	return t
}

// expectClosing takes the token that closes what open opened.
func (p *parser) expectClosing(text string, open *token) {
	before := p.failure
	p.expect(text)
	if p.failure != before && open.Position.Line != p.failure.Position.Line {
		p.noteUnclosed(open)
	}
}

func (p *parser) noteUnclosed(open *token) {
	p.failure.Notes = append(p.failure.Notes,
		Note{open.Position, fmt.Sprintf("'%s' is not closed", open.Text), open.Text})
}

// unexpected fails at the next token, in whose place something else was expected.
func (p *parser) unexpected(expected string) {
	switch t := p.peek(); {
	case t.kind == endOfFile:
		p.fail("expected " + expected + " before the end of the file")
	case t.Text == "%(":
		p.fail("incomplete conditional - missing '%?'")
	case t.Text == "%?" || t.Text == "%:" || t.Text == "%)":
		p.fail("incomplete conditional - missing '%('")
	default:
		p.fail("expected " + expected)
	}
}

// fail ends the declaration with a mistake at the next token. If that has one
// of its own, it is the cause.
func (p *parser) fail(message string) {
	t := p.peek()
	if p.failure != nil || t.fault == nil {
		p.failAt(&t.Token, message)
		return
	}
	p.failAt(&t.Token, "")
	*p.failure = *t.fault.diagnostic(t.Token)
}

// failAt ends the declaration with a mistake at a token, unless it had one
// before.
func (p *parser) failAt(t *Token, message string) {
	if p.failure != nil {
		return
	}
	p.failure = &Diagnostic{Kind: "parse error", Position: t.Position, Token: t.Text, Message: message}
	p.failed = p.next
	p.next = len(p.tokens) - 1
}

// reportAt notes a mistake in a declaration that is otherwise complete.
func (p *parser) reportAt(t Token, message string) {
	p.found = append(p.found, &Diagnostic{
		Kind: "parse error", Position: t.Position, Token: t.Text, Message: message,
	})
}

// enter goes one level down into a statement or an expression. Every enter
// has its leave.
func (p *parser) enter() {
	p.depth++
	p.checkNesting(0)
}

func (p *parser) leave() { p.depth-- }

// grow makes the expression read last one higher than the highest of its
// operands.
func (p *parser) grow(heights ...int) {
	for _, h := range heights {
		p.height = max(p.height, h)
	}
	p.height++
	p.checkNesting(p.height)
}

func (p *parser) checkNesting(height int) {
	if p.depth+height > maxNesting {
		p.fail(fmt.Sprintf("nested deeper than %d levels", maxNesting))
	}
}
