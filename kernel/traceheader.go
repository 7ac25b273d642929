package kernel

import (
	"strings"
)

// eventReader finds tracepoints in headers. A header names its system and
// declares the tracepoints of it, by macros of the kernel's and some of its own:
//
//	#define TRACE_SYSTEM irq_vectors
//	#define DEFINE_IRQ_VECTOR_EVENT(name)                    \
//		DEFINE_EVENT_FN(x86_irq_vector, name##_entry, …); \
//		DEFINE_EVENT_FN(x86_irq_vector, name##_exit, …);
//	DEFINE_IRQ_VECTOR_EVENT(local_timer);
//
// are irq_vectors:local_timer_entry and irq_vectors:local_timer_exit. Conditionals
// are not looked at: what a kernel does not have, its BTF does not have.
type eventReader struct {
	system  string
	macros  map[string]headerMacro
	systems map[string]string // of tracepoints
}

// headerMacro is a macro that declares tracepoints.
type headerMacro struct {
	parameters []string
	body       string
}

// maxMacroDepth is how far macros may stand in macros.
const maxMacroDepth = 8

// read adds a header's tracepoints to systems.
func (r *eventReader) read(text string) {
	r.system, r.macros = "", map[string]headerMacro{}
	r.scan(text, 0)
}

// scan goes through a text, of depth macros inside each other.
func (r *eventReader) scan(text string, depth int) {
	for at := 0; at < len(text); {
		switch c := text[at]; {
		case c == '#' && depth == 0:
			end := at + lineLength(text[at:])
			r.directive(text[at:end])
			at = end
		case c >= 'A' && c <= 'Z':
			end := at + wordLength(text[at:])
			name := text[at:end]
			at = end
			if !r.isOfEvents(name) {
				continue
			}
			if arguments, length := macroArguments(text[at:]); length > 0 {
				at += length
				r.use(name, arguments, depth)
			}
		case beginsWord(c):
			at += wordLength(text[at:])
		default:
			at += max(1, skipped(text[at:]))
		}
	}
}

// isOfEvents tells whether a macro declares tracepoints. The names of such macros
// are in capitals.
func (r *eventReader) isOfEvents(macro string) bool {
	if eventArgument(macro) >= 0 {
		return true
	}
	_, ours := r.macros[macro]
	return ours
}

// use is a macro with its arguments.
func (r *eventReader) use(name string, arguments []string, depth int) {
	if n := eventArgument(name); n >= 0 {
		if n < len(arguments) && r.system != "" {
			event := arguments[n]
			r.systems[event] = r.system
			if strings.HasPrefix(name, "DECLARE_TRACE") { // from Linux 6.16 on its name is longer
				r.systems[event+"_tp"] = r.system
			}
		}
		return
	}
	if macro := r.macros[name]; depth < maxMacroDepth {
		r.scan(macro.expand(arguments), depth+1)
	}
}

// eventArgument tells which argument of a macro of the kernel's is the name of a
// tracepoint; -1 if the macro declares none.
func eventArgument(macro string) int {
	if macro[0] != 'T' && macro[0] != 'D' {
		return -1
	}
	switch {
	case strings.HasPrefix(macro, "TRACE_EVENT_FLAGS"), strings.HasPrefix(macro, "TRACE_EVENT_PERF"), strings.HasPrefix(macro, "DEFINE_EVENT_CLASS"):
		return -1
	case strings.HasPrefix(macro, "TRACE_EVENT"), strings.HasPrefix(macro, "DECLARE_TRACE"):
		return 0
	case strings.HasPrefix(macro, "DEFINE_EVENT"):
		return 1
	}
	return -1
}

// directive notes the system, and the macros that declare tracepoints. Those of
// the kernel's own names are not redefined to something else.
func (r *eventReader) directive(line string) {
	rest := strings.TrimLeft(line[1:], " \t")
	if !strings.HasPrefix(rest, "define") {
		return
	}
	rest = strings.TrimLeft(rest[len("define"):], " \t")
	name := rest[:wordLength(rest)]
	rest = rest[len(name):]
	if name == "TRACE_SYSTEM" {
		rest = strings.TrimLeft(rest, " \t")
		r.system = rest[:wordLength(rest)]
		return
	}
	if name == "" || eventArgument(name) >= 0 || !strings.HasPrefix(rest, "(") {
		return
	}
	parameters, length := macroArguments(rest)
	body := rest[length:]
	if length > 0 && r.declares(body) {
		r.macros[name] = headerMacro{parameters, strings.ReplaceAll(body, "\\\n", " ")}
	}
}

// declares tells whether a text declares tracepoints.
func (r *eventReader) declares(text string) bool {
	for at := 0; at < len(text); {
		if !beginsWord(text[at]) {
			at++
			continue
		}
		end := at + wordLength(text[at:])
		if r.isOfEvents(text[at:end]) {
			return true
		}
		at = end
	}
	return false
}

// expand puts arguments in the place of parameters, and joins what ## joins.
func (m headerMacro) expand(arguments []string) string {
	var text strings.Builder
	for at := 0; at < len(m.body); {
		if n := wordLength(m.body[at:]); n > 0 {
			word := m.body[at : at+n]
			for i, parameter := range m.parameters {
				if parameter == word && i < len(arguments) {
					word = arguments[i]
				}
			}
			text.WriteString(word)
			at += n
			continue
		}
		text.WriteByte(m.body[at])
		at++
	}
	pieces := strings.Split(text.String(), "##")
	for i := range pieces {
		if i > 0 {
			pieces[i] = strings.TrimLeft(pieces[i], " \t")
		}
		if i < len(pieces)-1 {
			pieces[i] = strings.TrimRight(pieces[i], " \t")
		}
	}
	return strings.Join(pieces, "")
}

// macroArguments reads "(a, b(c, d), e)" from the beginning of a text, and tells how
// long that is; 0 if there is none.
func macroArguments(text string) (arguments []string, length int) {
	at := len(text) - len(strings.TrimLeft(text, " \t\n\\"))
	if at == len(text) || text[at] != '(' {
		return nil, 0
	}
	at++
	var argument strings.Builder
	for depth := 1; at < len(text); {
		switch text[at] {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			depth--
		}
		if depth == 0 || depth == 1 && text[at] == ',' {
			arguments = append(arguments, strings.Trim(argument.String(), " \t\n\\"))
			argument.Reset()
			at++
			if depth == 0 {
				return arguments, at
			}
			continue
		}
		n := max(1, skipped(text[at:]))
		if text[at] != '/' || n == 1 { // comments are left out
			argument.WriteString(text[at : at+n])
		}
		at += n
	}
	return nil, 0
}

// skipped is the length of the comment or literal that a text begins with.
func skipped(text string) int {
	switch {
	case text[0] != '/' && text[0] != '"' && text[0] != '\'':
	case strings.HasPrefix(text, "/*"):
		if end := strings.Index(text[2:], "*/"); end >= 0 {
			return end + 4
		}
		return len(text)
	case strings.HasPrefix(text, "//"):
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			return end
		}
		return len(text)
	case text[0] != '/':
		for i := 1; i < len(text) && text[i] != '\n'; i++ {
			if text[i] == '\\' {
				i++
			} else if text[i] == text[0] {
				return i + 1
			}
		}
	}
	return 0
}

// lineLength is the length of a line with those that continue it.
func lineLength(text string) int {
	at := 0
	for {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return len(text)
		}
		at += n + 1
		if n == 0 || text[at-2] != '\\' {
			return at
		}
	}
}

func beginsWord(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// wordLength is the length of the name that a text begins with.
func wordLength(text string) int {
	n := 0
	for n < len(text) && (beginsWord(text[n]) || n > 0 && isDigit(text[n])) {
		n++
	}
	return n
}
