package parse

// spacing is what stands before a word that is not the first on its line.
type spacing uint8

const (
	asWritten spacing = iota // a space if there was one
	tight                    // none, unless the words would become one
	spaced
)

// isSpaced says whether a space stands before a token.
func (f *formatter) isSpaced(i int) bool {
	before, t := &f.tokens[i-1], &f.tokens[i]
	switch f.spacing[i] {
	case spaced:
		return true
	case tight:
		return !t.joined && wouldMerge(before, t)
	}
	return !t.joined
}

// wouldMerge says whether two tokens side by side would be read as others.
func wouldMerge(a, b *token) bool {
	if a.kind == stringToken || b.kind == stringToken {
		return false
	}
	last, first := a.Text[len(a.Text)-1], b.Text[0]
	switch {
	case isWordPart(last) || last == '@':
		return isWordPart(first) || first == '#'
	case last == '/' && (first == '/' || first == '*'), last == '%' && first == '{':
		return true
	}
	return operatorLength(a.Text+b.Text) > len(a.Text)
}

// findSpacing goes over all tokens once, for how words stand depends on what
// they are part of. The result is by token.
func findSpacing(tokens []token, l *layout) []spacing {
	rules := make([]spacing, len(tokens))
	w := &spacer{points: newPointReader(tokens)}
	for i := range tokens {
		t := &tokens[i]
		afterComment := i > 0 && tokens[i-1].kind == commentToken
		switch {
		case t.kind == endOfFile:
		case t.kind == commentToken:
			rules[i] = spaced
			if w.before != nil && isOpening(w.before) {
				rules[i] = asWritten
			}
		default:
			w.enter(t)
			isKnown := l.marks[t.Position.Offset]&(isRead|isMacro) != 0
			if w.before != nil {
				rules[i] = w.rule(w.before, t, isKnown)
				if isKnown && isSortSign(tokens, i) {
					rules[i] = tight
				}
			}
			if afterComment && rules[i] == tight && !isClosing(t) {
				rules[i] = spaced
			}
			w.leave(t)
		}
	}
	return rules
}

// isSortSign says whether a token is the "+" or "-" after what a foreach sorts by.
func isSortSign(tokens []token, i int) bool {
	if t := &tokens[i]; t.Text != "+" && t.Text != "-" {
		return false
	}
	for i++; tokens[i].kind == commentToken; {
		i++
	}
	switch tokens[i].Text {
	case "]", ")", ",", "=", "in", "limit":
		return true
	}
	return false
}

// part is the part of a file that a word is in.
type part uint8

const (
	inProbe part = iota + 1
	inFunction
	inGlobals
)

// spacer is where findSpacing is in the text.
type spacer struct {
	points    *pointReader
	before    *token // the last one that is no comment
	part      part   // of what began last
	blocks    int    // braces of bodies that are open
	braces    int    // of alternatives in a probe's points
	depth     int    // of parentheses and brackets
	macros    []int  // depths of the parentheses after macros
	define    int    // of "%(" in the definition of a macro
	defining  bool   // between "@define" and its "%("
	condition bool   // between "%(" and "%?"
	sign      bool   // the last token is a sign before its operand
	postfix   bool   // the last token is a "++" or "--" after its operand
}

// enter looks at a token before its rule is asked for.
func (w *spacer) enter(t *token) {
	switch {
	case t.Text == "@define":
		w.defining = true
	case w.define == 0 && (w.braces == 0 || t.Text == "probe") && t.isTopLevel() && (w.before == nil || w.before.Text != "." && w.before.Text != "->" && !(t.joined && isNamePart(w.before))):
		parts := map[string]part{"probe": inProbe, "function": inFunction, "global": inGlobals, "private": inGlobals}
		w.part, w.blocks, w.braces, w.depth, w.macros = parts[t.Text], 0, 0, 0, nil
	}
}

// leave looks at a token after its rule was asked for.
func (w *spacer) leave(t *token) {
	operand := w.isOperand()
	w.postfix = operand && (t.Text == "++" || t.Text == "--")
	w.sign = !operand && isSign(t)
	switch t.Text {
	case "(", "[":
		w.depth++
		if t.Text == "(" && w.before != nil && isMacroWord(w.before) {
			w.macros = append(w.macros, w.depth)
		}
	case ")", "]":
		if n := len(w.macros); n > 0 && w.macros[n-1] >= w.depth {
			w.macros = w.macros[:n-1]
		}
		w.depth = max(w.depth-1, 0)
	case "{":
		if w.isHead(inProbe) && !w.points.isBody(t) {
			w.braces++
		} else {
			w.blocks++
		}
	case "}":
		if w.blocks == 0 && w.braces > 0 {
			w.braces--
		} else if w.blocks = max(w.blocks-1, 0); w.blocks == 0 {
			w.part = 0
		}
	case "%(":
		if w.defining || w.define > 0 {
			w.define++
		}
		w.condition = !w.defining
		w.defining = false
	case "%?":
		w.condition = false
	case "%)":
		w.define = max(w.define-1, 0)
	}
	w.before = t
}

// isHead says whether the walk is before the body of a declaration of this kind.
func (w *spacer) isHead(p part) bool { return w.part == p && w.blocks == 0 }

// isOperand says whether the last token ends an operand, so that what follows
// is no sign before one.
func (w *spacer) isOperand() bool {
	switch t := w.before; {
	case t == nil:
		return false
	case t.kind == operatorToken:
		return t.Text == ")" || t.Text == "]" || t.Text == "%)" || t.Text[0] == '@' || w.postfix
	default:
		return t.kind != keywordToken
	}
}

// isSign says whether a token can be a sign before an operand.
func isSign(t *token) bool {
	switch t.Text {
	case "+", "-", "!", "~", "&", "++", "--":
		return true
	}
	return false
}

func isOpening(t *token) bool { return t.Text == "(" || t.Text == "[" }

func isClosing(t *token) bool {
	return t.Text == ")" || t.Text == "]" || t.Text == "," || t.Text == ";"
}

func isAssignment(t *token) bool { return t.Text == "=" || t.Text == "+=" }

func isPreprocessor(t *token) bool {
	return t.Text == "%(" || t.Text == "%?" || t.Text == "%:" || t.Text == "%)"
}

// isMacroWord says whether a word with "@" is no operator of the language.
func isMacroWord(t *token) bool {
	return t.kind == operatorToken && t.Text[0] == '@' && signatures[t.Text].arguments == ""
}

// rule says what stands between two tokens.
func (w *spacer) rule(a, b *token, isKnown bool) spacing {
	inPoints := w.isHead(inProbe) && w.depth == 0
	switch {
	case isPreprocessor(a) || isPreprocessor(b) || a.kind == embeddedToken || b.kind == embeddedToken:
		switch {
		case isOpening(a) || isClosing(b):
			return tight
		case inPoints && a.Text != "}":
			return asWritten
		}
		return spaced
	case w.condition && !isMacroWord(a) && len(w.macros) == 0:
		return spaced
	case !isKnown || w.define > 0 || len(w.macros) > 0 && !isClosing(b):
		return asWritten
	case a.Text == "}" && b.isTopLevel():
		return spaced
	case inPoints:
		return w.pointRule(a, b)
	case w.isHead(inGlobals) && (b.Text == "%" || a.Text == "%" && b.Text == "["):
		return tight
	case b.Text == "(":
		return w.parenthesisRule(a)
	case b.Text == "[":
		return bracketRule(a)
	case isClosing(b), isOpening(a), a.Text == "->", b.Text == "->", a.Text == "{" && b.Text == "}":
		return tight
	case w.sign && b.kind != keywordToken:
		return tight
	case w.isOperand() && (b.Text == "++" || b.Text == "--" || b.Text == "$" || b.Text == "$$"):
		return tight
	case w.isHead(inFunction) && (a.Text == ":" || b.Text == ":"):
		return tight
	}
	return spaced
}

// parenthesisRule is for "(" after another token.
func (w *spacer) parenthesisRule(a *token) spacing {
	isType := a.Text == "long" || a.Text == "string"
	switch {
	case a.Text == ")" || a.Text == "]":
		return asWritten
	case a.kind == identifierToken, isType && !w.isHead(inFunction), a.kind == operatorToken && a.Text[0] == '@', isOpening(a), w.sign:
		return tight
	}
	return spaced
}

// bracketRule is for "[" after another token.
func bracketRule(a *token) spacing {
	switch {
	case a.Text == ")":
		return asWritten
	case a.kind == identifierToken, a.Text == "]", isOpening(a), a.Text[0] == '@':
		return tight
	}
	return spaced
}

// pointRule is for the points of a probe, where words that touch are one name.
func (w *spacer) pointRule(a, b *token) spacing {
	switch {
	case a.Text == "if" && b.Text == "(":
		return spaced
	case a.Text == ".", b.Text == ".", b.Text == "(", b.Text == ",":
		return tight
	case w.braces > 0:
		return asWritten
	case a.Text == ",", isAssignment(a), isAssignment(b), b.Text == "{" && w.points.isBody(b):
		return spaced
	}
	return asWritten
}

// pointReader finds out which braces of a probe's points are alternatives.
type pointReader struct {
	parser  parser
	indexes map[*token]int
}

func newPointReader(tokens []token) *pointReader {
	r := &pointReader{indexes: map[*token]int{}}
	for i := range tokens {
		t := &tokens[i]
		if t.kind == commentToken {
			continue
		}
		if t.Text == "{" {
			r.indexes[t] = len(r.parser.tokens)
		}
		r.parser.tokens = append(r.parser.tokens, *t)
	}
	r.parser.closing = matchBraces(r.parser.tokens, nil)
	return r
}

// isBody says whether a "{" after points begins the body of the probe.
func (r *pointReader) isBody(t *token) bool {
	r.parser.next = r.indexes[t]
	return !r.parser.areAlternatives()
}
