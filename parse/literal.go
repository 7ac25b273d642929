package parse

import (
	"fmt"
	"strings"
)

// escapes are the letters that stand for a control character after a backslash.
var escapes = map[byte]byte{'a': '\a', 'b': '\b', 't': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r'}

// unquote gives the bytes that a quoted text stands for. Escapes are C's: at
// most three octal digits, any number of hexadecimal ones, of which the last
// two count; a backslash before any other character is dropped. Hexadecimal ones
// came with version 2.3.
func unquote(text string, hexadecimal bool) string {
	text = text[1 : len(text)-1]
	if !strings.Contains(text, `\`) {
		return text
	}
	value := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			value = append(value, text[i])
			continue
		}
		i++
		c := text[i]
		digits, base := 0, byte(0)
		switch {
		case escapes[c] != 0:
			value = append(value, escapes[c])
			continue
		case isOctal(c):
			digits, base = span(text[i:min(i+3, len(text))], isOctal), 8
		case c == 'x' && hexadecimal && i+1 < len(text) && isHexadecimal(text[i+1]):
			i++
			digits, base = span(text[i:], isHexadecimal), 16
		default:
			value = append(value, c)
			continue
		}
		code := byte(0)
		for _, d := range []byte(text[i : i+digits]) {
			code = code*base + digitValue(d)
		}
		value = append(value, code)
		i += digits - 1
	}
	return string(value)
}

// hasHexEscapes says whether a token may have "\x41".
func (o *Options) hasHexEscapes(t *token) bool { return t.isLibrary() || o.since("2.3") }

// isLibrary says whether a token was written in the library, which is always
// read as the newest version of the language.
func (t *token) isLibrary() bool { return t.Position.Source.Library }

func isOctal(c byte) bool       { return c >= '0' && c <= '7' }
func isHexadecimal(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// digitValue is the value of a hexadecimal digit.
func digitValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// span is how many bytes at the beginning of text are digits.
func span(text string, isDigit func(byte) bool) int {
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return n
}

// quote writes a text so that unquote gives it back.
func quote(value string) string {
	quoted := make([]byte, 0, len(value)+2)
	quoted = append(quoted, '"')
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			quoted = append(quoted, '\\', c)
		case c == '\n':
			quoted = append(quoted, `\n`...)
		case c == '\t':
			quoted = append(quoted, `\t`...)
		case c < ' ' || c == 0x7f:
			quoted = fmt.Appendf(quoted, `\%03o`, c)
		default:
			quoted = append(quoted, c)
		}
	}
	return string(append(quoted, '"'))
}

// literal reads a string or a number with perhaps a minus.
func (p *parser) literal() Literal {
	switch t := p.peek(); {
	case t.kind == stringToken:
		return p.stringLiteral()
	case t.kind == operatorToken && p.isStandIn(t):
		p.unknownMacro()
		return &StringLiteral{Token: t.Token}
	}
	return p.signedNumber("a string or a number")
}

// stringLiteral reads a string of one or more adjacent pieces.
func (p *parser) stringLiteral() *StringLiteral {
	first := p.peek()
	if first.kind != stringToken {
		p.unexpected("a string")
		return nil
	}
	value := p.stringPiece()
	if p.peek().kind == stringToken {
		pieces := []string{value}
		for p.peek().kind == stringToken && !p.isAfterOldComment() {
			pieces = append(pieces, p.stringPiece())
		}
		value = strings.Join(pieces, "")
	}
	p.height = 1
	return &StringLiteral{first.Token, value}
}

func (p *parser) stringPiece() string {
	t := p.take()
	return unquote(t.Text, p.options.hasHexEscapes(t))
}

// isAfterOldComment says whether the next token is parted from the one before
// by a comment that, before version 2.0, parted strings.
func (p *parser) isAfterOldComment() bool {
	t, before := p.peek(), &p.tokens[p.next-1]
	if t.isLibrary() || p.options.since("2.0") || t.Position.Source != before.Position.Source {
		return false
	}
	begin, end := before.Position.Offset+len(before.Text), t.Position.Offset
	return begin < end && strings.TrimSpace(string(t.Position.Source.Text[begin:end])) != ""
}

// signedNumber reads a number with perhaps a minus.
func (p *parser) signedNumber(expected string) *NumberLiteral {
	minus := p.peek()
	if minus.Text != "-" {
		return p.number(expected)
	}
	p.take()
	n := p.number("a number")
	if n == nil {
		return nil
	}
	if magnitude := uint64(n.Value); magnitude > 1<<63 {
		p.failAt(&n.Token, "number invalid or out of range")
		return nil
	}
	return &NumberLiteral{minus.Token, -n.Value}
}

// number reads a number in C's notation. Those above the largest signed one
// stand for the negative number with the same bits.
func (p *parser) number(expected string) *NumberLiteral {
	t := p.peek()
	if t.kind != numberToken {
		p.unexpected(expected)
		return nil
	}
	value, ok := parseNumber(t.Text)
	if !ok {
		p.fail("number invalid or out of range")
		return nil
	}
	p.take()
	p.height = 1
	return &NumberLiteral{t.Token, value}
}
