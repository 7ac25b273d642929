package parse

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The kinds of tokens, by the names that diagnostics use. Lexical mistakes are
// junk tokens that carry their message: whether one is an error is known only
// to whoever consumes it.
const (
	endOfFile       = lexer.EOF
	identifierToken = lexer.TokenType(iota)
	keywordToken
	operatorToken
	stringToken
	numberToken
	embeddedToken
	junkToken
	commentToken // only where a text is read for its form
)

// token is a word of the script. Its text is a piece of the source, quotes and
// braces included, or what a script argument was turned into.
type token struct {
	kind   lexer.TokenType
	joined bool // nothing stands between it and the token before it
	Token
	fault *fault // of junk: what is wrong with it
}

// keywords are the reserved words.
var keywords = map[string]bool{
	"probe": true, "global": true, "private": true, "function": true, "if": true,
	"else": true, "for": true, "foreach": true, "in": true, "limit": true,
	"return": true, "delete": true, "while": true, "break": true, "continue": true,
	"next": true, "string": true, "long": true, "try": true, "catch": true,
}

// operatorLength gives the length of the operator that text begins with, the
// longest that fits, or 0.
func operatorLength(text string) int {
	if len(text) >= 3 {
		switch text[:3] {
		case "<<<", ">>>", "<<=", ">>=":
			return 3
		}
	}
	if len(text) >= 2 {
		switch text[:2] {
		case "==", "!=", "<=", ">=", "=~", "!~", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", ".=",
			"&&", "||", "++", "--", "->", "<<", ">>", "%(", "%?", "%:", "%)":
			return 2
		}
	}
	if strings.IndexByte("+-*/%&|^~!=<>.,;:?(){}[]", text[0]) >= 0 {
		return 1
	}
	return 0
}

// tokenize cuts a source into tokens, the last of which is the end of the file,
// and writes them over those of a slice that is no longer needed. It gives the
// numbers, from 1, of the arguments that the text does not mention.
func tokenize(source *Source, options *Options, over []token) (tokens []token, unused []int) {
	s := &scanner{
		source:     source,
		text:       string(source.Text),
		line:       1,
		arguments:  options.Arguments,
		used:       make([]bool, len(options.Arguments)),
		tokens:     over[:0],
		hasPrivate: source.Library || options.since("3.0"),
	}
	s.scan()
	s.add(endOfFile, len(s.text))
	for i, used := range s.used {
		if !used {
			unused = append(unused, i+1)
		}
	}
	return s.tokens, unused
}

// scanner walks over a text and appends what it finds to tokens.
type scanner struct {
	source    *Source
	text      string
	offset    int
	line      int // of offset
	lineBegin int // offset of the line's first byte
	arguments []string
	used      []bool    // by argument
	pasted    *Position // where the text was pasted, when it comes from an argument
	tokens    []token

	hasPrivate bool // "private" is a reserved word
	joined     bool // the next token touches the last one
	literally  bool // comments are tokens, and arguments are not replaced
}

// tokenizeLiterally cuts a source into tokens as they stand there, comments
// among them.
func tokenizeLiterally(source *Source) []token {
	s := &scanner{source: source, text: string(source.Text), line: 1, hasPrivate: true, literally: true}
	s.scan()
	s.add(endOfFile, len(s.text))
	return s.tokens
}

func (s *scanner) position() Position {
	if s.pasted != nil {
		return *s.pasted
	}
	return Position{Source: s.source, Offset: s.offset, Line: s.line, Column: s.offset - s.lineBegin + 1}
}

// add makes a token of the text up to end and goes there.
func (s *scanner) add(kind lexer.TokenType, end int) {
	s.substitute(kind, s.text[s.offset:end], end, "")
}

// addJunk makes a token of the text up to end that says what is wrong with it.
func (s *scanner) addJunk(end int, problem string) {
	s.substitute(junkToken, s.text[s.offset:end], end, problem)
}

// substitute adds a token whose text need not be that of the script up to end.
func (s *scanner) substitute(kind lexer.TokenType, text string, end int, problem string) {
	t := token{kind: kind, joined: s.joined, Token: Token{s.position(), text}}
	if problem != "" {
		t.fault = &fault{message: problem}
	}
	s.tokens = append(s.tokens, t)
	s.offset, s.joined = end, true
}

// advance goes to end and counts the lines on the way.
func (s *scanner) advance(end int) {
	for {
		newline := strings.IndexByte(s.text[s.offset:end], '\n')
		if newline < 0 {
			s.offset = end
			return
		}
		s.offset += newline + 1
		s.line++
		s.lineBegin = s.offset
	}
}

func (s *scanner) scan() {
	for s.skipBlanks(); s.offset < len(s.text); s.skipBlanks() {
		c := s.text[s.offset]
		switch {
		case s.literally && s.scanLiterally():
		case (c == '$' || c == '@') && !s.literally && s.scanArgument():
		case isWordStart(c):
			s.scanWord()
		case isDigit(c):
			s.add(numberToken, s.wordEnd(s.offset, isAlphanumeric))
		case c == '"':
			s.scanString()
		case strings.HasPrefix(s.text[s.offset:], "%{"):
			s.scanEmbedded()
		default:
			s.scanOperator()
		}
	}
}

// skipBlanks passes whitespace and comments.
func (s *scanner) skipBlanks() {
	for begin := s.offset; s.offset < len(s.text); s.joined = s.joined && s.offset == begin {
		rest := s.text[s.offset:]
		switch {
		case rest[0] == '\n':
			s.offset++
			s.line++
			s.lineBegin = s.offset
		case rest[0] == ' ' || rest[0] >= '\t' && rest[0] <= '\r':
			s.offset++
		case s.literally:
			return
		case rest[0] == '#', strings.HasPrefix(rest, "//"):
			s.offset += lengthTo(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			s.advance(s.offset + 2 + lengthTo(rest[2:], "*/"))
			s.offset = min(s.offset+2, len(s.text))
		default:
			return
		}
	}
}

// scanLiterally makes a token of a comment, $# or @# at the current offset, and
// says whether one of them stood there.
func (s *scanner) scanLiterally() bool {
	rest := s.text[s.offset:]
	switch {
	case rest[0] == '#', strings.HasPrefix(rest, "//"):
		s.add(commentToken, s.offset+lengthTo(rest, "\n"))
	case strings.HasPrefix(rest, "/*"):
		begin, end := s.offset, min(s.offset+4+lengthTo(rest[2:], "*/"), len(s.text))
		s.add(commentToken, end)
		s.offset = begin
		s.advance(end)
	case strings.HasPrefix(rest, "$#"), strings.HasPrefix(rest, "@#"):
		s.add(identifierToken, s.offset+2)
	default:
		return false
	}
	return true
}

// lengthTo is how much of text stands before mark.
func lengthTo(text, mark string) int {
	if i := strings.Index(text, mark); i >= 0 {
		return i
	}
	return len(text)
}

func isDigit(c byte) bool        { return c >= '0' && c <= '9' }
func isAlphanumeric(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isWordPart(c byte) bool     { return isAlphanumeric(c) || c == '_' || c == '$' }
func isWordStart(c byte) bool    { return isWordPart(c) && !isDigit(c) || c == '@' }

// wordEnd is the offset of the first byte from begin on that is not part of a word.
func (s *scanner) wordEnd(begin int, isPart func(byte) bool) int {
	end := begin
	for end < len(s.text) && isPart(s.text[end]) {
		end++
	}
	return end
}

func (s *scanner) scanWord() {
	end := s.wordEnd(s.offset+1, isWordPart)
	kind := identifierToken
	switch {
	case s.text[s.offset] == '@':
		kind = operatorToken
	case keywords[s.text[s.offset:end]] && (s.hasPrivate || s.text[s.offset:end] != "private"):
		kind = keywordToken
	}
	s.add(kind, end)
}

func (s *scanner) scanString() {
	for end := s.offset + 1; end < len(s.text) && s.text[end] != '\n'; end++ {
		switch s.text[end] {
		case '\\':
			if end+1 < len(s.text) && s.text[end+1] != '\n' {
				end++
			}
		case 0:
			s.addJunk(s.offset+lengthTo(s.text[s.offset:], "\n"), fmt.Sprintf("byte 0 at offset %d", end))
			return
		case '"':
			s.add(stringToken, end+1)
			return
		}
	}
	s.addJunk(s.offset+lengthTo(s.text[s.offset:], "\n"), "Could not find matching closing quote")
}

func (s *scanner) scanEmbedded() {
	length := lengthTo(s.text[s.offset:], "%}")
	if end := s.offset + length + 2; end <= len(s.text) {
		begin := s.offset
		s.add(embeddedToken, end)
		s.offset = begin
		s.advance(end)
		return
	}
	s.substitute(junkToken, "%{", len(s.text), "could not find the '%}' that closes '%{'")
}

func (s *scanner) scanOperator() {
	if length := operatorLength(s.text[s.offset:]); length > 0 {
		s.add(operatorToken, s.offset+length)
		return
	}
	c, end := s.text[s.offset], s.offset+1
	for end < len(s.text) && s.text[end] == c {
		end++
	}
	s.substitute(junkToken, fmt.Sprintf(`\x%02x`, c), end, fmt.Sprintf("unexpected byte at offset %d", s.offset))
}

// scanArgument replaces $1, @1, $# and @# at the current offset, and says
// whether one of them stood there.
func (s *scanner) scanArgument() bool {
	sign, begin := s.text[s.offset], s.offset+1
	count := begin < len(s.text) && s.text[begin] == '#'
	end := begin + 1
	if !count {
		end = s.wordEnd(begin, isDigit)
	}
	switch digits := s.text[begin:min(end, len(s.text))]; {
	case digits == "":
		return false
	case s.pasted != nil:
		s.addJunk(end, "invalid nested substitution of command line arguments")
	case count && sign == '$':
		s.substitute(numberToken, strconv.Itoa(len(s.arguments)), end, "")
	case count:
		s.substitute(stringToken, quote(strconv.Itoa(len(s.arguments))), end, "")
	default:
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > len(s.arguments) {
			s.addJunk(end, fmt.Sprintf("command line argument out of range [1-%d]", len(s.arguments)))
			break
		}
		s.used[n-1] = true
		if sign == '@' {
			s.substitute(stringToken, quote(s.arguments[n-1]), end, "")
			break
		}
		s.paste(s.arguments[n-1], end)
	}
	return true
}

// paste reads the text of an argument in the place of $1. Word characters that
// follow in the script belong to the argument's last word.
func (s *scanner) paste(argument string, end int) {
	position := s.position()
	tail := s.wordEnd(end, isWordPart)
	inner := &scanner{
		source: s.source, text: argument + s.text[end:tail], line: 1,
		arguments: s.arguments, used: s.used, pasted: &position, tokens: s.tokens,
		hasPrivate: s.hasPrivate, joined: s.joined,
	}
	inner.scan()
	s.tokens, s.joined = inner.tokens, inner.joined
	s.advance(tail)
}

// matchBraces finds the "}" of each "{". The result, written over that of an
// earlier call, has its index in the place of the "{", and 0 elsewhere.
func matchBraces(tokens []token, over []int) []int {
	closing := over[:0]
	var open []int
	for i := range tokens {
		closing = append(closing, 0)
		switch tokens[i].Text {
		case "{":
			open = append(open, i)
		case "}":
			if len(open) > 0 {
				closing[open[len(open)-1]] = i
				open = open[:len(open)-1]
			}
		}
	}
	return closing
}

// tokenReader gives the tokens of one declaration to participle, without what
// stands in braces: that is read by hand. The Offset of participle's positions
// is the token's index, by which the token itself is found again.
type tokenReader struct {
	tokens  []token
	closing []int // from matchBraces; nil to give all tokens
	begin   int
	next    int
}

// Next implements lexer.Lexer.
func (r *tokenReader) Next() (lexer.Token, error) {
	i := r.next
	t := &r.tokens[i]
	if t.kind == endOfFile || r.closing != nil && i > r.begin && r.isEnd(i) {
		return lexer.EOFToken(lexer.Position{Offset: i}), nil
	}
	r.next++
	if r.closing != nil && r.closing[i] > 0 {
		r.next = r.closing[i] + 1
	}
	return lexer.Token{Type: t.kind, Value: t.Text, Pos: lexer.Position{Offset: i}}, nil
}

// isEnd says whether the declaration is over at the token i at the latest.
func (r *tokenReader) isEnd(i int) bool {
	first := &r.tokens[r.begin]
	if i == r.begin+1 && (first.Text == "private" || first.kind == embeddedToken) {
		return first.kind == embeddedToken
	}
	return r.tokens[i].Text == "}" || beginsDeclaration(r.tokens, i)
}

// definition tells participle which kinds of tokens there are.
type definition struct{}

// Symbols implements lexer.Definition.
func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": endOfFile, "Identifier": identifierToken, "Keyword": keywordToken,
		"Operator": operatorToken, "String": stringToken, "Number": numberToken,
		"EmbeddedCode": embeddedToken, "Junk": junkToken,
	}
}

// Lex implements lexer.Definition for a text without script arguments.
func (definition) Lex(filename string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filename, err)
	}
	tokens, _ := tokenize(&Source{Name: filename, Text: text}, &Options{}, nil)
	return &tokenReader{tokens: tokens}, nil
}
