package translate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file writes, for --monitor, how the globals of the script are shown in JSON
// and made what they were at first (runtime-c/stap/monitor.c):
//
//	stap_json_name(json, "n");
//	stap_json_begin(json, &lock_global_n, 0);
//	stap_json_number(json, global_n);
//	stap_json_end(json, &lock_global_n, 0);

// monitored are the globals that are shown.
func (t *translator) monitored() []*elaborate.Variable {
	var list []*elaborate.Variable
	for _, g := range t.program.Globals {
		if t.program.Monitored && !g.Position.Source.Library {
			list = append(list, g)
		}
	}
	return list
}

// monitor writes the two functions.
func (t *translator) monitor() {
	if !t.program.Monitored {
		return
	}
	t.printf("\nstatic void script_show(struct stap_json *json)\n{\n")
	for _, g := range t.monitored() {
		t.printf("\tstap_json_name(json, %s);\n", quote(g.Text))
		switch {
		case g.Keys != nil:
			t.showArray(g)
		default:
			t.whileLocked(g, "\t", truth(g.Type == parse.Stats), t.showValue(g, "\t", "", t.current(g)))
		}
	}
	t.printf("}\n\nstatic void script_clear(struct stap_json *json)\n{\n")
	for _, g := range t.monitored() {
		t.whileLocked(g, "\t", 1, "\t"+t.initialised(g)+"\n")
	}
	if len(t.watched) > 0 {
		t.printf("\tstap_conditions_change();\n")
	}
	t.printf("}\n\nconst struct stap_monitored stap_monitored = { .show = script_show, .clear = script_clear };\n")
}

// whileLocked writes statements with a global's lock held, for writing if alone is 1.
func (t *translator) whileLocked(g *elaborate.Variable, indent string, alone int, statements string) {
	lock := "0"
	if t.locked[g] {
		lock = "&lock_" + t.global(g)
	}
	t.printf("%[1]sstap_json_begin(json, %[2]s, %[3]d);\n%[4]s%[1]sstap_json_end(json, %[2]s, %[3]d);\n", indent, lock, alone, statements)
}

// current is the value of a scalar, in C.
func (t *translator) current(g *elaborate.Variable) string {
	if g.PerCPU {
		return "get_" + t.global(g) + "()"
	}
	return t.global(g)
}

// showValue writes a value: of a scalar, or of an element where argument is its node.
func (t *translator) showValue(g *elaborate.Variable, indent, argument, value string) string {
	switch g.Type {
	case parse.String:
		return fmt.Sprintf("%sstap_json_text(json, %s);\n", indent, value)
	case parse.Stats:
		return t.showStatistics(g, indent, argument)
	}
	return fmt.Sprintf("%sstap_json_number(json, %s);\n", indent, value)
}

// showStatistics writes what is kept of a variable; without a value only its count.
func (t *translator) showStatistics(g *elaborate.Variable, indent, argument string) string {
	var b strings.Builder
	line := func(format string, arguments ...any) { fmt.Fprintf(&b, indent+format+"\n", arguments...) }
	part := func(name, value string) {
		line("\t\tstap_json_name(json, %s);\n%s\t\tstap_json_number(json, %s);", quote(name), indent, value)
	}
	line("{")
	line("\tstruct stap_statistics all = merge_%s(%s);\n", t.global(g), argument)
	line("\tstap_json_open(json);")
	line("\tstap_json_name(json, \"count\");")
	line("\tstap_json_number(json, all.count);")
	line("\tif (all.count) {")
	s := g.Statistics
	if s.Min {
		part("min", "all.minimum")
	}
	if s.Max {
		part("max", "all.maximum")
	}
	if s.Sum {
		part("sum", "all.sum")
		part("avg", "all.sum / all.count")
	}
	line("\t}")
	line("\tstap_json_close(json);")
	line("}")
	return b.String()
}

// showArray writes the elements of an array, each by itself.
func (t *translator) showArray(g *elaborate.Variable) {
	name := t.global(g)
	alone := truth(g.Type == parse.Stats)
	t.printf("\tstap_json_open(json);\n\tfor (unsigned int i = 0; i < capacity_%[1]s; i++) {\n\t\tstruct node_%[1]s *node = &script_arrays->nodes_%[1]s[i];\n\n", name)
	var b strings.Builder
	b.WriteString("\t\tif (stap_array_has(&node->node)) {\n")
	for i, k := range keyNames(g) {
		how := "number"
		if g.Keys[i] == parse.String {
			how = "text"
		}
		fmt.Fprintf(&b, "\t\t\tstap_json_key_%s(json, %d, node->%s);\n", how, i, k)
	}
	b.WriteString("\t\t\tstap_json_keys_end(json);\n")
	b.WriteString(t.showValue(g, "\t\t\t", "node", "node->value"))
	b.WriteString("\t\t}\n")
	t.whileLocked(g, "\t\t", alone, b.String())
	t.printf("\t}\n\tstap_json_close(json);\n")
}

// initialised is the statement that makes a global what it was at first.
func (t *translator) initialised(g *elaborate.Variable) string {
	name := t.global(g)
	switch {
	case g.Keys != nil || g.Type == parse.Stats:
		return fmt.Sprintf("empty_%s();", name)
	case g.Type == parse.String:
		return fmt.Sprintf("stap_string_copy(%s, %s);", name, initialString(g))
	case g.PerCPU: // which may count meanwhile
		return fmt.Sprintf("%[1]s += %[2]s - get_%[1]s();", name, initialNumber(g))
	}
	return fmt.Sprintf("%s = %s;", name, initialNumber(g))
}
