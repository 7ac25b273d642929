package translate

import (
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file is overloads: a function that tries others in turn. One that does
// "next" says so in c->next, and the following one gets the same arguments.

// exhausted is said when "next" has no function to go to.
const exhausted = "all functions exhausted"

// findCandidates finds the functions that others try.
func (t *translator) findCandidates() {
	for _, f := range t.program.Functions {
		for _, candidate := range f.Overloads {
			t.candidates[candidate] = true
		}
	}
}

// dispatcher writes the function that tries its overloads.
func (t *translator) dispatcher(f *elaborate.Function) {
	arguments := []string{"c"}
	result, back := "", "return;"
	switch f.Result {
	case parse.String:
		arguments = append(arguments, "result")
	case parse.Long:
		result, back = "result = ", "return result;"
	}
	arguments = append(arguments, parameterNames(f)...)
	t.printf("%s\n{\n", t.signature(f))
	if f.Result == parse.Long {
		t.printf("\tstap_long result;\n\n")
	}
	for _, candidate := range f.Overloads {
		t.printf("\t%s%s(%s);\n", result, t.functionName(candidate), strings.Join(arguments, ", "))
		t.printf("\tif (!c->next)\n\t\t%s\n\tc->next = 0;\n", back)
	}
	t.printf("\tstap_error(c, %s);\n", quote(exhausted))
	if f.Result == parse.Long {
		t.printf("\treturn 0;\n")
	}
	t.printf("}\n")
}

// nextOverload leaves a function for the next candidate, or with an error.
func (b *body) nextOverload(s *elaborate.Branch) {
	if b.candidates[b.function] {
		b.emit("c->next = 1;")
		b.emit("goto %s;", b.jump("out"))
		return
	}
	b.emit("stap_error(c, %s);", quote(exhausted))
	b.emit("stap_unwind(c, %s);", near(parse.Token{Position: s.Position, Text: "next"}))
	b.emit("goto %s;", b.failed())
}
