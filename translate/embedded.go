package translate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file is C that stands in a script: at file level, as a function's body, as
// an expression.

// embedded writes C as it is, with its place for the compiler.
func (t *translator) embedded(code *parse.EmbeddedCode) {
	t.printf("#line %d %s\n%s\n", code.Position.Line, quote(code.Position.Source.Name), code.Text)
}

// parameterNames are a function's parameters in C: as they are where its body
// says that it takes them so.
func parameterNames(f *elaborate.Function) []string {
	names := make([]string, len(f.Parameters))
	own := newNames()
	for i, p := range f.Parameters {
		name := "parameter_" + mangle(p.Text)
		if f.Code != nil && f.Code.Tag("unmangled") {
			name = p.Text
		}
		names[i] = own.give(p, name)
	}
	return names
}

// isUsers reports whether a function's C is not the built-in library's.
func isUsers(f *elaborate.Function) bool {
	return !f.Position.Source.Library || f.Position.Source.Folder
}

// canFail reports whether a call of a function can end in an error, or run
// through the actions.
func canFail(f *elaborate.Function) bool {
	if f.Code == nil || isUsers(f) || len(f.Writes) > 0 {
		return true
	}
	code := strings.NewReplacer("CONTEXT->probe", "", "stap_hit_address(CONTEXT)", "").Replace(f.Code.Text)
	return slices.ContainsFunc([]string{"STAP_ERROR", "STAP_NEXT", "CONTEXT"}, func(word string) bool { return strings.Contains(code, word) })
}

// writesOnlyResult reports whether a function does nothing to strings but write
// its result, and cannot fail on the way: then that may be a variable.
func (b *body) writesOnlyResult(f *elaborate.Function) bool {
	onlyNumbers := !slices.ContainsFunc(f.Reads, func(v *elaborate.Variable) bool { return v.Type != parse.Long || v.Keys != nil })
	return f.Code != nil && !canFail(f) && onlyNumbers
}

// embeddedFunction writes a function whose body is C. The macros are what the
// language promises to such a body.
func (t *translator) embeddedFunction(f *elaborate.Function) {
	t.printf("%s\n{\n", t.signature(f))
	macros := t.functionMacros(f)
	switch f.Result {
	case parse.Long:
		t.printf("\tstap_long result = 0;\n\n")
	case parse.String:
		t.printf("\tresult[0] = 0;\n")
	}
	for _, m := range macros {
		t.printf("#define %s %s\n", m[0], m[1])
	}
	t.printf("\t{\n")
	t.embedded(f.Code)
	t.printf("\t}\n")
	for _, m := range macros {
		name, _, _ := strings.Cut(m[0], "(")
		t.printf("#undef %s\n", name)
	}
	t.printf("out: __attribute__((unused));\n")
	if f.Result == parse.Long {
		t.printf("\treturn result;\n")
	}
	t.printf("}\n")
}

// functionMacros gives each macro, with its parameters, and what it stands for.
func (t *translator) functionMacros(f *elaborate.Function) [][2]string {
	var macros [][2]string
	for i, p := range f.Parameters {
		macros = append(macros, [2]string{"STAP_ARG_" + p.Text, parameterNames(f)[i]})
	}
	switch f.Result {
	case parse.Long:
		macros = append(macros, [2]string{"STAP_RETVALUE", "result"},
			[2]string{"STAP_RETURN(value)", "do { result = (value); goto out; } while (0)"})
	case parse.String:
		macros = append(macros, [2]string{"STAP_RETVALUE", "result"},
			[2]string{"STAP_RETURN(value)", "do { stap_string_copy(result, (value)); goto out; } while (0)"})
	default:
		macros = append(macros, [2]string{"STAP_RETURN(...)", "goto out"})
	}
	macros = append(macros, [2]string{"STAP_ERROR(...)", "do { stap_error(c, __VA_ARGS__); goto out; } while (0)"})
	if t.candidates[f] {
		macros = append(macros, [2]string{"STAP_NEXT", "do { c->next = 1; goto out; } while (0)"})
	} else {
		macros = append(macros, [2]string{"STAP_NEXT", fmt.Sprintf("do { stap_error(c, %s); goto out; } while (0)", quote(exhausted))})
	}
	var seen []*elaborate.Variable
	for _, v := range slices.Concat(f.Reads, f.Writes) {
		if !slices.Contains(seen, v) {
			seen = append(seen, v)
			macros = append(macros, t.globalMacros(v)...)
		}
	}
	return macros
}

// globalMacros are those that read and set a global.
func (t *translator) globalMacros(v *elaborate.Variable) [][2]string {
	name := t.global(v)
	get, set := "STAP_GLOBAL_GET_"+mangle(v.Text)+"(...)", "STAP_GLOBAL_SET_"+mangle(v.Text)+"(...)"
	switch {
	case v.Type == parse.Stats:
		return nil
	case v.Keys != nil:
		return [][2]string{{get, "get_" + name + "(__VA_ARGS__)"}, {set, "set_" + name + "(c, __VA_ARGS__)"}}
	case v.PerCPU:
		return [][2]string{{get, "get_" + name + "()"}, {set, "set_" + name + "(__VA_ARGS__)"}}
	case v.Type == parse.String:
		return [][2]string{{get, name}, {set, "stap_string_copy(" + name + ", (__VA_ARGS__))"}}
	}
	return [][2]string{{get, name}, {set, "(" + name + " = (__VA_ARGS__))"}}
}

// embeddedExpression computes C as a value.
func (b *body) embeddedExpression(x *elaborate.EmbeddedExpression) string {
	code := strings.TrimSpace(x.Code.Text)
	b.line = parse.Position{}
	b.at(x.Code.Position)
	if x.Result == parse.String {
		t := b.text()
		b.emit("stap_string_copy(%s, (%s", t, code)
		b.emit("));")
		return t
	}
	t := b.number()
	b.emit("%s = (%s", t, code)
	b.emit(");")
	return t
}
