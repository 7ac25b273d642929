package parse

import (
	"fmt"
	"strconv"
	"strings"
)

// Environment is what conditionals can ask about a kernel and a session. Each
// function is called only when a condition needs its answer; one that is nil
// makes such a condition a mistake.
type Environment struct {
	Release func() (string, error) // of the kernel, as uname -r prints it
	Arch    func() (string, error) // as SystemTap names it: "x86_64", "i386", "arm64", …

	// Config gives an option of the kernel's configuration, CONFIG_HZ → "250",
	// strings without their quotes. ok is false for one that is not set.
	Config func(name string) (value string, ok bool, err error)

	Runtime   string // "" for "kernel"
	Privilege string // "" for "stapdev"
	Guru      bool
}

// fault is a mistake that becomes an error if the token that carries it is in
// the way of the parser.
type fault struct {
	message string
	text    string // of the token, "" for what it has
	notes   []Note
}

func (f *fault) diagnostic(at Token) *Diagnostic {
	if f.text != "" || at.Text == "\x00" {
		at.Text = f.text
	}
	return &Diagnostic{Kind: "parse error", Position: at.Position, Token: at.Text, Message: f.message, Notes: f.notes}
}

// condition reads "left op right && … || …" and says whether it holds. What
// is after a side that decides is checked for its form alone. A mistake comes
// with the token that it is at.
func (p *preprocessor) condition(tokens []token, end *token) (holds bool, at *token, mistake *fault) {
	r := &conditionReader{options: p.options, tokens: tokens, end: end}
	holds = r.disjunction()
	return holds, r.at, r.mistake
}

// conditionReader reads the tokens of one condition.
type conditionReader struct {
	options *Options
	tokens  []token
	end     *token // what follows them
	idle    bool   // the result is known, only the form matters
	at      *token
	mistake *fault
}

func (r *conditionReader) peek() *token {
	if len(r.tokens) == 0 {
		return r.end
	}
	return &r.tokens[0]
}

func (r *conditionReader) take() *token {
	t := r.peek()
	if len(r.tokens) > 0 {
		r.tokens = r.tokens[1:]
	}
	return t
}

func (r *conditionReader) fail(at *token, message string) {
	if r.mistake == nil {
		r.at, r.mistake = at, &fault{message: message}
	}
	r.tokens = nil
}

// disjunction reads all of the condition.
func (r *conditionReader) disjunction() bool {
	holds := r.conjunction()
	for r.mistake == nil && r.peek().Text == "||" {
		r.take()
		idle := r.idle
		r.idle = idle || holds
		right := r.conjunction()
		r.idle = idle
		holds = holds || right
	}
	if r.mistake == nil && len(r.tokens) > 0 {
		r.fail(r.peek(), "expected '%?', '&&' or '||'")
	}
	return holds
}

func (r *conditionReader) conjunction() bool {
	holds := r.comparison()
	for r.mistake == nil && r.peek().Text == "&&" {
		r.take()
		idle := r.idle
		r.idle = idle || !holds
		right := r.comparison()
		r.idle = idle
		holds = holds && right
	}
	return holds
}

// comparisons are the operators of conditions.
var comparisons = map[string]bool{"<": true, "<=": true, ">": true, ">=": true, "==": true, "!=": true}

// compared gives the result of a comparison whose sides stand to each other as
// the sign of order says.
func compared(operator string, order int) bool {
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "==":
		return order == 0
	}
	return order != 0
}

// comparison reads "left op right".
func (r *conditionReader) comparison() bool {
	left, operator, right := r.take(), r.take(), r.take()
	for _, t := range []*token{left, operator, right} {
		switch {
		case r.mistake != nil:
		case t == r.end:
			r.fail(t, "incomplete condition: expected a value, an operator and a value")
		case t.fault != nil:
			r.fail(t, t.fault.message)
			r.mistake = t.fault
		}
	}
	if r.mistake == nil && !comparisons[operator.Text] {
		r.fail(operator, "expected a comparison operator")
	}
	if r.mistake != nil {
		return false
	}
	environment := &r.options.Environment
	switch {
	case left.Text == "kernel_v" || left.Text == "kernel_vr":
		return r.release(left, operator, right)
	case left.Text == "systemtap_v":
		version := r.options.Compatible
		if version == "" {
			version = Compatible
		}
		return r.version(version, operator, right)
	case left.Text == "systemtap_privilege":
		privilege := environment.Privilege
		if privilege == "" {
			privilege = "stapdev"
		}
		return r.equal(operator, right, privilege, func(wanted string) bool { return wanted == privilege })
	case left.Text == "guru_mode":
		return r.guru(operator, right)
	case left.Text == "arch":
		arch := r.ask(left, environment.Arch)
		return r.equal(operator, right, arch, func(pattern string) bool { return matchGlob(pattern, arch) })
	case left.Text == "runtime":
		runtime := environment.Runtime
		if runtime == "" {
			runtime = "kernel"
		}
		return r.equal(operator, right, runtime, func(pattern string) bool { return matchGlob(pattern, runtime) })
	case left.kind == identifierToken && strings.HasPrefix(left.Text, "CONFIG_"):
		return r.config(left, operator, right)
	case left.kind == stringToken && right.kind == stringToken:
		return compared(operator.Text, strings.Compare(r.text(left), r.text(right)))
	case left.kind == numberToken && right.kind == numberToken:
		x, y := r.number(left), r.number(right)
		return compared(operator.Text, compareNumbers(x, y))
	case left.kind == stringToken:
		r.fail(right, "expected string literal")
	case left.kind == numberToken:
		r.fail(right, "expected number literal")
	default:
		r.fail(left, "expected kernel_v, kernel_vr, systemtap_v, systemtap_privilege, guru_mode, arch, runtime, CONFIG_…, a string or a number")
	}
	return false
}

// ask gets an answer from the environment, unless nobody needs it.
func (r *conditionReader) ask(word *token, question func() (string, error)) string {
	if r.idle || r.mistake != nil {
		return ""
	}
	if question == nil {
		r.fail(word, word.Text+" is not known here")
		return ""
	}
	answer, err := question()
	if err != nil {
		r.fail(word, fmt.Sprintf("%s is not known: %v", word.Text, err))
	}
	return answer
}

func (r *conditionReader) release(word, operator, right *token) bool {
	release := r.ask(word, r.options.Environment.Release)
	if word.Text == "kernel_v" {
		release, _, _ = strings.Cut(release, "-")
	}
	return r.version(release, operator, right)
}

// version compares in the order of versions, or with a pattern.
func (r *conditionReader) version(version string, operator, right *token) bool {
	wanted, ok := r.string(right)
	switch {
	case !ok:
		return false
	case !hasWildcard(wanted):
		return compared(operator.Text, compareVersions(version, wanted))
	case operator.Text != "==" && operator.Text != "!=":
		r.fail(operator, "wildcard not allowed with order comparison operators")
		return false
	}
	return matchGlob(wanted, version) == (operator.Text == "==")
}

// equal takes "==" and "!=" alone.
func (r *conditionReader) equal(operator, right *token, value string, fits func(string) bool) bool {
	wanted, ok := r.string(right)
	if ok && operator.Text != "==" && operator.Text != "!=" {
		r.fail(operator, "expected '==' or '!='")
		return false
	}
	return ok && fits(wanted) == (operator.Text == "==")
}

func (r *conditionReader) guru(operator, right *token) bool {
	switch {
	case right.kind != numberToken:
		r.fail(right, "expected number literal")
	case operator.Text != "==" && operator.Text != "!=":
		r.fail(operator, "expected '==' or '!='")
	default:
		guru := int64(0)
		if r.options.Environment.Guru {
			guru = 1
		}
		return (r.number(right) == guru) == (operator.Text == "==")
	}
	return false
}

// config compares an option of the kernel's configuration with a pattern, a
// number or another option. One that is not set is "".
func (r *conditionReader) config(left, operator, right *token) bool {
	value := r.option(left)
	switch {
	case right.kind == stringToken:
		return r.equal(operator, right, value, func(pattern string) bool { return matchGlob(pattern, value) })
	case right.kind == numberToken:
		wanted := r.number(right)
		if r.idle || r.mistake != nil {
			return false
		}
		n, ok := parseNumber(value)
		if !ok {
			r.fail(left, "Config option value not a number")
			return false
		}
		return compared(operator.Text, compareNumbers(n, wanted))
	case right.kind == identifierToken && strings.HasPrefix(right.Text, "CONFIG_"):
		other := r.option(right)
		x, isNumber := parseNumber(value)
		y, isOtherNumber := parseNumber(other)
		if isNumber && isOtherNumber {
			return compared(operator.Text, compareNumbers(x, y))
		}
		return compared(operator.Text, strings.Compare(value, other))
	}
	r.fail(right, "expected a string, a number or another CONFIG_…")
	return false
}

func (r *conditionReader) option(name *token) string {
	config := r.options.Environment.Config
	if config == nil {
		return r.ask(name, nil)
	}
	return r.ask(name, func() (string, error) {
		value, _, err := config(name.Text)
		return value, err
	})
}

func (r *conditionReader) string(t *token) (string, bool) {
	if t.kind != stringToken {
		r.fail(t, "expected string literal")
		return "", false
	}
	return r.text(t), r.mistake == nil
}

func (r *conditionReader) text(t *token) string { return unquote(t.Text, r.options.hasHexEscapes(t)) }

func (r *conditionReader) number(t *token) int64 {
	n, ok := parseNumber(t.Text)
	if !ok {
		r.fail(t, "number invalid or out of range")
	}
	return n
}

func compareNumbers(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// parseNumber reads a number in C's notation. Those above the largest signed
// one stand for the negative number with the same bits.
func parseNumber(text string) (int64, bool) {
	if len(text) > 1 && text[0] == '0' && text[1]|0x20 != 'x' {
		if !isDigit(text[1]) {
			return 0, false // 0b1 and 0o7 are not C's
		}
		text = "0o" + text[1:]
	}
	value, err := strconv.ParseUint(text, 0, 64)
	return int64(value), err == nil && !strings.Contains(text, "_")
}
