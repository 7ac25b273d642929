package translate

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/regex"
)

func patternName(i int) string { return fmt.Sprintf("match_%d", i) }

// match is "s =~ "pattern""; each pattern is one function.
func (b *body) match(x *elaborate.Match) string {
	i := slices.Index(b.patterns, x.Pattern)
	if i < 0 {
		i = len(b.patterns)
		b.patterns = append(b.patterns, x.Pattern)
	}
	negation := ""
	if x.Negated {
		negation = "!"
	}
	return b.set("%s%s(c, %s)", negation, patternName(i), b.operand(x.X))
}

// matchBytes is the memory for what the groups of the last match matched.
func (t *translator) matchBytes() string {
	groups := 0
	for _, pattern := range t.patterns {
		groups = max(groups, pattern.Groups())
	}
	return fmt.Sprintf("STAP_MATCH_BYTES(%d)", groups+1)
}

// writeRegex writes the C function
//
//	static int NAME(struct stap_context *c, const char *text)
//
// that gives 1 if the pattern matches in text, else 0. If groups are tracked (Regex.TrackGroups), it leaves them in the
// context's struct stap_match; that takes match_bytes in stap_script, STAP_MATCH_BYTES of the largest Groups()+1 of all
// patterns, and a stap_match_reset at the beginning of each handler.
func writeRegex(out io.Writer, name string, r *regex.Regex) {
	fmt.Fprintf(out, "\n/* %s */\nstatic int %s(struct stap_context *c, const char *text)\n{\n", comment(r.String()), name)
	if r.Tagged() != nil {
		writeTagged(out, r)
	} else {
		writeSearch(out, r.Search())
	}
	fmt.Fprintf(out, "}\n")
}

func writeSearch(out io.Writer, s *regex.Search) {
	states := len(s.Next)
	if int(s.Start) >= states {
		fmt.Fprintf(out, "\treturn %d;\n", int(s.Start)-states)
		return
	}
	kind := "short"
	if states+1 < 256 {
		kind = "char"
	}
	writeTable(out, "unsigned char classes[256]", s.Classes[:])
	fmt.Fprintf(out, "\tstatic const unsigned %s next[%d][%d] = {\n", kind, states, s.Width)
	for _, row := range s.Next {
		fmt.Fprintf(out, "\t\t{ %s },\n", join(row))
	}
	fmt.Fprintf(out, "\t};\n\tunsigned int state = %d;\n\n", s.Start)
	fmt.Fprintf(out, "\tdo\n\t\tstate = next[state][classes[(unsigned char)*text++]];\n\twhile (state < %d);\n", states)
	fmt.Fprintf(out, "\treturn state > %d;\n", states)
}

func writeTagged(out io.Writer, r *regex.Regex) {
	t := r.Tagged()
	var next []uint16
	var origins []int
	for state := range t.Next {
		next = append(next, t.Next[state]...)
		origins = append(origins, t.Origins[state]...)
	}
	accept := make([]uint16, len(t.Accept))
	for state, item := range t.Accept {
		accept[state] = regex.Seed
		if item >= 0 {
			accept[state] = uint16(item)
		}
	}
	writeTable(out, "unsigned char classes[256]", t.Classes[:])
	writeTable(out, "unsigned short next[]", next)
	writeTable(out, "unsigned int origins[]", origins)
	writeTable(out, "struct stap_step steps[]", t.Steps)
	writeTable(out, "unsigned short tags[]", t.Tags)
	writeTable(out, "unsigned short accept[]", accept)
	writeTable(out, "struct stap_step at_end[]", t.AtEnd)
	fmt.Fprintf(out, "\tstatic const struct stap_regex regex = {\n\t\t.groups = %d, .width = %d, .states = %d, .classes = classes, .next = next,\n", r.Groups()+1, t.Width, len(t.Next))
	fmt.Fprintf(out, "\t\t.origins = origins, .steps = steps, .tags = tags, .accept = accept, .at_end = at_end,\n\t};\n\n\treturn stap_match(c, &regex, text);\n")
}

// writeTable writes a constant array; its rows are as long as is easy to read.
func writeTable[T any](out io.Writer, declaration string, values []T) {
	const perRow = 16
	fmt.Fprintf(out, "\tstatic const %s = {\n", declaration)
	for len(values) > 0 {
		n := min(perRow, len(values))
		fmt.Fprintf(out, "\t\t%s,\n", join(values[:n]))
		values = values[n:]
	}
	fmt.Fprintf(out, "\t};\n")
}

// join writes values for C with commas between them.
func join[T any](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		if step, ok := any(v).(regex.Step); ok {
			texts[i] = fmt.Sprintf("{ %d, %d }", step.From, step.Tags)
		} else {
			texts[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(texts, ", ")
}
