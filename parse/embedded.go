package parse

import (
	"slices"
	"strings"
)

// embeddedCode makes a node of a "%{ … %}" token.
func (p *parser) embeddedCode(t Token) *EmbeddedCode {
	return &EmbeddedCode{Token{t.Position, t.Text[2 : len(t.Text)-2]}}
}

// Tag says whether one of the code's comments is a tag of this name, such as
// "pure" in "/* pure */".
func (c *EmbeddedCode) Tag(name string) bool { return slices.Contains(tags(c.Text), name) }

// Pragmas lists what follows a prefix in the tags that begin with it: "n" for
// "pragma:read:" and "/* pragma:read:n */".
func (c *EmbeddedCode) Pragmas(prefix string) []string { return pragmas(c.Text, prefix) }

// Tag says whether one of the expression's comments is a tag of this name, such
// as "string" in "/* string */".
func (x *EmbeddedExpression) Tag(name string) bool { return slices.Contains(tags(x.Text), name) }

// Pragmas lists what follows a prefix in the tags that begin with it.
func (x *EmbeddedExpression) Pragmas(prefix string) []string { return pragmas(x.Text, prefix) }

// tags lists the comments of C code that are one word.
func tags(code string) []string {
	var found []string
	for {
		_, after, ok := strings.Cut(code, "/*")
		if !ok {
			return found
		}
		comment, rest, ok := strings.Cut(after, "*/")
		if words := strings.Fields(comment); ok && len(words) == 1 {
			found = append(found, words[0])
		}
		code = rest
	}
}

func pragmas(code, prefix string) []string {
	var found []string
	for _, tag := range tags(code) {
		if value, ok := strings.CutPrefix(tag, prefix); ok {
			found = append(found, value)
		}
	}
	return found
}
