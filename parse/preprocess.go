package parse

import (
	"fmt"
	"slices"
	"strings"
)

// This file is the stage from tokens to tokens between the lexer and the
// grammar: macros are replaced by what they stand for, and of a conditional
// the branch stays that its condition asks for.
//
// Tokens are pulled through two layers. next gives the tokens with macros
// replaced: on a stack of frames, the topmost of which is being read, each use
// of a macro and each use of a parameter in its body puts the tokens that it
// stands for. run takes from there: it keeps track of the open conditionals,
// and passes over what their conditions exclude without looking at the macros
// in it. What is wrong with a condition or the use of a macro becomes a junk
// token in its place, so it is an error only if it stays.

// Macro is "@define NAME(a, b) %( body %)".
type Macro struct {
	Token      // the name
	Parameters []string
	hasList    bool // "()" or a list of parameters stands after the name
	library    bool // for all files; its body sees no macros of a script
	body       []token
	rival      *Macro // another one of this name in the library
}

// expansionBudget is how many tokens macros may give, beside some for each
// token of the file.
const expansionBudget, budgetPerToken = 1_000_000, 16

// preprocessor is the state of the stage for one source.
type preprocessor struct {
	options *Options
	macros  map[string]*Macro // of this file
	frames  []frame
	budget  int  // of tokens
	apart   bool // the next token does not touch the last one
	open    []conditional
	out     []token
	uses    int // of macros
	found   Diagnostics
}

// frame is a row of tokens that is being read: the file, a macro's body, or
// what was given for a parameter.
type frame struct {
	tokens    []token
	next      int
	scope     *scope
	expansion *Expansion // that the tokens come out of; nil in the file
	joined    bool       // of the first token
}

// scope is what the words with "@" mean: one use of a macro. nil is the file.
type scope struct {
	macro     *Macro
	arguments []argument
	outer     *scope // in which the macro is used
	number    int    // of the use, from 1 on
}

// own gives the name that a variable of a macro has in one use of it, whatever else
// the script has: in a library's macro, variables of the macro's own are written
// __name__.
func (s *scope) own(t *token) string {
	if s == nil || !s.macro.library || t.kind != identifierToken || !strings.HasPrefix(t.Text, "__") || !strings.HasSuffix(t.Text, "__") {
		return t.Text
	}
	return fmt.Sprintf("%s%d", t.Text, s.number)
}

// argument is what was given for a parameter, with what it means there.
type argument struct {
	tokens []token
	scope  *scope
}

// conditional is one whose branch is being read.
type conditional struct {
	begin   Token
	inFirst bool // before "%:"
}

// needsPreprocessing says whether there is anything to do.
func needsPreprocessing(tokens []token, options *Options) bool {
	for i := range tokens {
		t := &tokens[i]
		if t.kind != operatorToken || len(t.Text) < 2 {
			continue
		}
		switch t.Text[0] {
		case '%':
			if t.Text != "%=" {
				return true
			}
		case '@':
			if _, known := signatures[t.Text]; !known {
				return true
			}
			if options.Macros != nil {
				if _, isMacro := options.Macros(t.Text[1:]); isMacro {
					return true
				}
			}
		}
	}
	return false
}

// preprocess gives the tokens with macros replaced and conditionals decided,
// written over others that are no longer needed.
func preprocess(tokens []token, options *Options, over []token) *preprocessor {
	p := &preprocessor{
		options: options,
		macros:  map[string]*Macro{},
		frames:  []frame{{tokens: tokens}},
		budget:  expansionBudget + budgetPerToken*len(tokens),
		out:     over[:0],
	}
	p.run()
	return p
}

// run is the layer of the conditionals.
func (p *preprocessor) run() {
	for {
		t := p.next()
		switch {
		case t.kind == endOfFile:
			if len(p.open) > 0 {
				p.report(p.open[0].begin, "incomplete conditional - missing '%)'")
			}
			p.emit(t)
			return
		case t.kind != operatorToken:
			p.emit(t)
		case t.Text == "%(":
			p.conditional(t)
		case t.Text == "%:" && len(p.open) > 0 && p.open[len(p.open)-1].inFirst:
			if p.skipBranch(0, false) == "" {
				continue // it stays open: an error
			}
			p.close()
		case t.Text == "%)" && len(p.open) > 0:
			p.close()
		case t.Text == "@define":
			p.define(t)
		default:
			p.emit(t)
		}
	}
}

func (p *preprocessor) close() {
	p.open = p.open[:len(p.open)-1]
	p.apart = true
}

func (p *preprocessor) emit(t token) {
	if p.apart {
		t.joined, p.apart = false, false
	}
	p.out = append(p.out, t)
}

// report adds a mistake that stays one wherever it stands.
func (p *preprocessor) report(at Token, message string, notes ...Note) {
	p.found = append(p.found, (&fault{message: message, notes: notes}).diagnostic(at))
}

// failed makes a token one that is a mistake and that nothing can take for what
// it was.
func failed(t token, message string, notes ...Note) token {
	t.kind, t.fault = junkToken, &fault{message, t.Text, notes}
	t.Text = "\x00"
	return t
}

// conditional reads a condition and goes to the branch that stays.
func (p *preprocessor) conditional(begin token) {
	p.apart = true
	var tokens []token
	t := p.next()
	for ; t.Text != "%?"; t = p.next() {
		if t.kind == endOfFile || t.Text == "%(" || t.Text == "%:" || t.Text == "%)" {
			if t.kind == endOfFile {
				t.Token = begin.Token
			}
			p.emit(failed(t, "incomplete conditional - missing '%?'"))
			switch {
			case t.Text == "%:":
				p.skipBranch(0, false)
			case t.Text == "%(" && t.kind != endOfFile:
				p.skipBranch(1, false)
			}
			p.apart = true
			return
		}
		tokens = append(tokens, t)
	}
	holds, at, mistake := p.options.branch == allFirst, (*token)(nil), (*fault)(nil)
	if p.options.branch == asConditions {
		holds, at, mistake = p.condition(tokens, &t)
	}
	if mistake != nil {
		p.emit(failed(*at, mistake.message, mistake.notes...))
		p.skipBranch(0, false)
		p.apart = true
		return
	}
	p.open = append(p.open, conditional{begin.Token, true})
	if holds {
		return
	}
	switch p.skipBranch(0, true) {
	case "%:":
		p.open[len(p.open)-1].inFirst = false
	case "%)":
		p.close()
	}
}

// skipBranch passes over tokens to the "%)" that ends the conditional, or to
// its "%:", and says which; "" at the end of the file. It begins in depth
// conditionals more.
func (p *preprocessor) skipBranch(depth int, toElse bool) string {
	for {
		p.dropFinished()
		f := &p.frames[len(p.frames)-1]
		t := &f.tokens[f.next]
		if t.kind == endOfFile {
			return ""
		}
		f.next++
		if t.kind != operatorToken {
			continue
		}
		switch {
		case t.Text == "%(":
			depth++
		case t.Text == "%)" && depth > 0:
			depth--
		case t.Text == "%)", t.Text == "%:" && depth == 0 && toElse:
			return t.Text
		}
	}
}

// dropFinished takes frames that have been read off the stack. The file's own
// stays, for it ends with a token that is not gone past.
func (p *preprocessor) dropFinished() {
	for n := len(p.frames); p.frames[n-1].next == len(p.frames[n-1].tokens); n-- {
		p.frames = p.frames[:n-1]
	}
}

// next gives the next token after macros have been replaced.
func (p *preprocessor) next() token {
	for {
		p.dropFinished()
		f := &p.frames[len(p.frames)-1]
		t := f.tokens[f.next]
		if t.kind == endOfFile {
			return t
		}
		f.next++
		if p.budget < 0 {
			return p.exhausted(t)
		}
		if f.expansion != nil {
			p.budget--
			t.Position.Expansion = f.expansion
			if f.next == 1 {
				t.joined = f.joined
			}
		}
		if t.kind != operatorToken || t.Text[0] != '@' || t.Text == "@define" {
			t.Text = f.scope.own(&t)
			return t
		}
		if expanded, mistake := p.expand(t); mistake != nil {
			return failed(t, mistake.message, mistake.notes...)
		} else if !expanded {
			return t
		}
	}
}

// exhausted ends the file at a token, for macros stand for too much.
func (p *preprocessor) exhausted(t token) token {
	file := &p.frames[0]
	file.next = len(file.tokens) - 1
	p.frames, p.open, p.budget = p.frames[:1], nil, 0
	return failed(t, fmt.Sprintf("macros stand for more than %d tokens", expansionBudget+budgetPerToken*len(file.tokens)))
}

// expand puts what a word with "@" stands for on the stack, if it is a macro or
// a parameter.
func (p *preprocessor) expand(t token) (expanded bool, mistake *fault) {
	f := p.frames[len(p.frames)-1]
	name := t.Text[1:]
	if f.scope != nil {
		if i := slices.Index(f.scope.macro.Parameters, name); i >= 0 {
			given := f.scope.arguments[i]
			p.frames = append(p.frames, frame{tokens: given.tokens, scope: given.scope, expansion: f.expansion, joined: t.joined})
			return true, nil
		}
	}
	m := p.lookUp(name, f.scope)
	if m == nil {
		return false, nil
	}
	defined := Note{m.Position, "macro '" + t.Text + "' is defined here", m.Text}
	if m.rival != nil {
		second := Note{m.rival.Position, "and here", m.rival.Text}
		return false, &fault{message: "macro '" + t.Text + "' is defined twice in the library", notes: []Note{defined, second}}
	}
	for s := f.scope; s != nil; s = s.outer {
		if s.macro == m {
			return false, &fault{message: "macro '" + t.Text + "' stands for itself", notes: []Note{defined}}
		}
	}
	p.note(&t)
	p.uses++
	use := &scope{macro: m, outer: f.scope, number: p.uses}
	if m.hasList {
		if use.arguments, mistake = p.arguments(m); mistake != nil {
			return false, mistake
		}
	}
	p.frames = append(p.frames, frame{tokens: m.body, scope: use, expansion: &Expansion{Use: t.Token}, joined: t.joined})
	return true, nil
}

// note tells Format that a token is part of the use of a macro.
func (p *preprocessor) note(t *token) {
	if p.options.layout != nil {
		p.options.layout.mark(t, isMacro)
	}
}

// arguments reads "(a, b)" after the use of a macro.
func (p *preprocessor) arguments(m *Macro) ([]argument, *fault) {
	p.dropFinished()
	f := &p.frames[len(p.frames)-1]
	if f.tokens[f.next].Text != "(" {
		return nil, &fault{message: fmt.Sprintf("expected '(' after macro '@%s', for it has parameters", m.Text)}
	}
	var given []argument
	begin, depth := f.next+1, 0
	for i := begin; i < len(f.tokens); i++ {
		p.budget--
		switch f.tokens[i].Text {
		case "(", "[":
			depth++
		case "]":
			depth--
		case ",":
			if depth == 0 {
				given = append(given, argument{f.tokens[begin:i], f.scope})
				begin = i + 1
			}
		case ")":
			if depth--; depth >= 0 {
				continue
			}
			if begin < i || len(m.Parameters) > 0 {
				given = append(given, argument{f.tokens[begin:i], f.scope})
			}
			if few := len(given) < len(m.Parameters); few || len(given) > len(m.Parameters) {
				much := map[bool]string{true: "few", false: "many"}[few]
				return nil, &fault{message: fmt.Sprintf("too %s parameters for macro '@%s' (expected %d)", much, m.Text, len(m.Parameters))}
			}
			p.note(&f.tokens[f.next])
			p.note(&f.tokens[i])
			f.next = i + 1
			return given, nil
		}
	}
	return nil, &fault{message: fmt.Sprintf("the parameters of macro '@%s' are not closed", m.Text)}
}

// lookUp finds the macro that a word means, nil if it means none.
func (p *preprocessor) lookUp(name string, inside *scope) *Macro {
	if inside == nil || !inside.macro.library {
		if m := p.macros[name]; m != nil {
			return m
		}
	}
	if p.options.Macros != nil {
		if m, ok := p.options.Macros(name); ok {
			return m
		}
	}
	return nil
}

// define reads "NAME(a, b) %( body %)" after "@define".
func (p *preprocessor) define(word token) {
	p.apart = true
	if len(p.frames) > 1 {
		p.report(word.Token, "a macro cannot be defined inside of another one")
		f := &p.frames[len(p.frames)-1]
		for f.next < len(f.tokens) && f.tokens[f.next].Text != "%(" {
			f.next++
		}
		if f.next < len(f.tokens) {
			f.next++
			p.skipBranch(0, false)
		}
		return
	}
	f := &p.frames[0]
	name := f.tokens[f.next]
	if !isMacroName(&name) {
		p.report(name.Token, "expected the name of a macro")
		return
	}
	f.next++
	m := &Macro{Token: name.Token, library: isMacroFile(name.Position.Source.Name)}
	if f.tokens[f.next].Text == "(" {
		m.hasList = true
		if !p.parameters(m) {
			return
		}
	}
	open := f.tokens[f.next]
	if open.Text != "%(" {
		p.report(open.Token, "expected '%(' and the body of the macro")
		return
	}
	f.next++
	begin := f.next
	if p.skipBranch(0, false) == "" {
		p.report(open.Token, "the macro has no end - missing '%)'")
		return
	}
	m.body = f.tokens[begin : f.next-1]
	if first := p.macros[m.Text]; first != nil {
		p.report(name.Token, "attempt to redefine macro '@"+m.Text+"' in the same file",
			Note{first.Position, "macro '@" + m.Text + "' first defined here", m.Text})
		return
	}
	if _, builtIn := signatures["@"+m.Text]; builtIn {
		p.found = append(p.found, &Diagnostic{
			Severity: Warning, Position: m.Position, Token: m.Text, Message: "macro redefines built-in operator '@" + m.Text + "'",
		})
	}
	p.macros[m.Text] = m
}

// isMacroName says whether "@" can stand before a word.
func isMacroName(t *token) bool {
	return t.kind == identifierToken || t.kind == keywordToken
}

// parameters reads "(a, b)" after the name of a macro, or leaves a mistake.
func (p *preprocessor) parameters(m *Macro) bool {
	f := &p.frames[0]
	f.next++
	if f.tokens[f.next].Text == ")" {
		f.next++
		return true
	}
	for {
		t := f.tokens[f.next]
		if !isMacroName(&t) {
			p.report(t.Token, "expected the name of a parameter")
			return false
		}
		m.Parameters = append(m.Parameters, t.Text)
		separator := f.tokens[f.next+1]
		f.next += 2
		switch {
		case separator.Text == ")":
			return true
		case separator.Text != ",":
			f.next--
			p.report(separator.Token, "expected ',' or ')'")
			return false
		}
	}
}

// readMacros gives the macros of a file that has nothing else.
func readMacros(source *Source, options Options) (map[string]*Macro, Diagnostics) {
	tokens, _ := tokenize(source, &options, nil)
	p := preprocess(tokens, &options, nil)
	if rest := &p.out[0]; rest.kind != endOfFile {
		mistake := &fault{message: "expected '@define': a file of macros has nothing else"}
		if rest.fault != nil {
			mistake = rest.fault
		}
		p.found = append(p.found, mistake.diagnostic(rest.Token))
	}
	return p.macros, p.found
}
