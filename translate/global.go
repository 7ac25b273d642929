package translate

import (
	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file is the globals in C. A scalar is a static variable. What is large or
// what each CPU has for itself stands in two structs, of which the runtime makes
// room when the module loads: script_data for arrays, and script_cpu_data, one of
// each CPU, for statistics and for counters without a lock:
//
//	script_own(c)->global_n += 1;             n++
//	get_global_n()                          n: the base and the sum over the CPUs

func (t *translator) globals() {
	arrays := t.arrays()
	if len(arrays) > 0 {
		t.printf("#include \"array.h\"\n")
	}
	if t.usesStatistics() {
		t.printf("#include \"statistics.h\"\n")
	}
	if t.usesHistograms() {
		t.printf("#include \"histogram.h\"\n")
	}
	for _, g := range t.program.Globals {
		t.printf("\n/* global %s, %s */\n", comment(g.Text), comment(g.Position.String()))
		t.globalType(g)
	}
	t.data(arrays)
	for _, g := range t.program.Globals {
		switch {
		case g.Keys != nil && g.Type == parse.Stats:
			t.statistics(g)
			t.array(g)
		case g.Keys != nil:
			t.array(g)
		case g.Type == parse.Stats:
			t.statistics(g)
		case g.PerCPU:
			t.counter(g)
		}
	}
	t.prepare(arrays)
}

// settable are the scalars that staprun can set: those of the script.
func (t *translator) settable() []*elaborate.Variable {
	var list []*elaborate.Variable
	for _, g := range t.program.Globals {
		if g.Keys == nil && g.Type != parse.Stats && !g.Position.Source.Library {
			list = append(list, g)
		}
	}
	return list
}

// globalTable lists what can be set when the module is loaded, for the module and,
// among what modinfo shows, for staprun (staprun/global.go).
func (t *translator) globalTable() {
	list := t.settable()
	if len(list) == 0 {
		return
	}
	t.printf("\nstatic const struct stap_global stap_globals[] = {\n")
	kinds := make([]string, len(list))
	for i, g := range list {
		kinds[i] = "long"
		if g.Type == parse.String {
			kinds[i] = "string"
			t.printf("\t{ .name = %s, .text = %s },\n", quote(g.Text), t.global(g))
		} else {
			t.printf("\t{ .name = %s, .number = &%s },\n", quote(g.Text), t.global(g))
		}
	}
	t.printf("};\n")
	for i, g := range list {
		t.printf("\nstatic const char stap_settable_%s[]\n\t__attribute__((used, section(\".modinfo\"), aligned(1))) = %s;\n",
			t.global(g), quote("stap_global="+g.Text+":"+kinds[i]))
	}
}

// globalFields are those of struct stap_script for that table.
func (t *translator) globalFields() {
	if n := len(t.settable()); n > 0 {
		t.printf("\t.globals = stap_globals,\n\t.global_count = %d,\n", n)
	}
}

func (t *translator) arrays() []*elaborate.Variable {
	var arrays []*elaborate.Variable
	for _, g := range t.program.Globals {
		if g.Keys != nil {
			arrays = append(arrays, g)
		}
	}
	return arrays
}

// globalType writes a scalar, or the types of what stands elsewhere.
func (t *translator) globalType(g *elaborate.Variable) {
	switch {
	case g.Keys != nil:
		t.node(g)
	case g.Type == parse.String:
		t.printf("static char %s[MAXSTRINGLEN] __attribute__((unused)) = %s;\n", t.global(g), initialString(g))
	case g.Type != parse.Stats:
		t.printf("static stap_long %s __attribute__((unused)) = %s;\n", t.global(g), initialNumber(g))
	}
	if g.Type == parse.Stats {
		t.statisticsType(g)
	}
	if t.locked[g] {
		t.printf("static struct stap_lock lock_%s;\n", t.global(g))
	}
}

func initialString(g *elaborate.Variable) string {
	if l, ok := g.Initial.(*parse.StringLiteral); ok {
		return quote(l.Value)
	}
	return `""`
}

func initialNumber(g *elaborate.Variable) string {
	if l, ok := g.Initial.(*parse.NumberLiteral); ok {
		return number(l.Value)
	}
	return "0"
}

func (t *translator) ownData() []*elaborate.Variable {
	var list []*elaborate.Variable
	for _, g := range t.program.Globals {
		if g.PerCPU || g.Type == parse.Stats {
			list = append(list, g)
		}
	}
	return list
}

// data writes the two structs.
func (t *translator) data(arrays []*elaborate.Variable) {
	if len(arrays) > 0 {
		t.printf("\nstruct script_data {\n")
		for _, v := range arrays {
			t.printf("%s", fill(`	struct stap_node *buckets_NAME[STAP_BUCKETS(capacity_NAME)];
	struct node_NAME nodes_NAME[capacity_NAME];
`, "NAME", t.global(v)))
		}
		t.printf("};\n")
	}
	own := t.ownData()
	if len(own) == 0 {
		return
	}
	t.printf("\nstruct script_cpu_data {\n")
	for _, v := range own {
		switch {
		case v.PerCPU:
			t.printf("\tstap_long %s;\n", t.global(v))
		case v.Keys != nil:
			t.printf("\tstruct statistics_%[1]s %[1]s[capacity_%[1]s];\n", t.global(v))
		default:
			t.printf("\tstruct statistics_%[1]s %[1]s;\n", t.global(v))
		}
	}
	t.printf(`};

static inline struct script_cpu_data *script_own(struct stap_context *c)
{
	return c->cpu_data;
}

static inline struct script_cpu_data *script_of_cpu(unsigned int cpu)
{
	return stap_cpu_blocks[cpu];
}
`)
}

// counter writes how a counter that CPUs count apart is read and set.
func (t *translator) counter(v *elaborate.Variable) {
	t.printf("%s", fill(`
static inline stap_long get_NAME(void)
{
	stap_long sum = NAME;
	unsigned int cpu;

	for (cpu = 0; cpu < stap_cpu_count; cpu++)
		sum += __atomic_load_n(&script_of_cpu(cpu)->NAME, __ATOMIC_RELAXED);
	return sum;
}

static inline void set_NAME(stap_long value)
{
	unsigned int cpu;

	for (cpu = 0; cpu < stap_cpu_count; cpu++)
		script_of_cpu(cpu)->NAME = 0;
	NAME = value;
}
`, "NAME", t.global(v)))
}

// prepare writes what makes the arrays once their memory is there.
func (t *translator) prepare(arrays []*elaborate.Variable) {
	if len(arrays) == 0 {
		return
	}
	keep := ""
	if t.program.Monitored {
		t.printf("\nstatic struct script_data *script_arrays __attribute__((unused));\n")
		keep = "\tscript_arrays = data;\n"
	}
	t.printf("\nstatic void script_prepare(void *memory)\n{\n\tstruct script_data *data = memory;\n\n%s", keep)
	for _, v := range arrays {
		t.printf("%s", fill(`	stap_array_prepare(&array_NAME, data->buckets_NAME, STAP_BUCKETS(capacity_NAME),
			   data->nodes_NAME, sizeof(*data->nodes_NAME), capacity_NAME);
`, "NAME", t.global(v)))
	}
	t.printf("}\n")
}

// dataFields tells the runtime of the two structs.
func (t *translator) dataFields() {
	if len(t.arrays()) > 0 {
		t.printf("\t.data_size = sizeof(struct script_data),\n\t.prepare = script_prepare,\n")
	}
	if len(t.ownData()) > 0 {
		t.printf("\t.cpu_data_size = sizeof(struct script_cpu_data),\n")
	}
	if len(t.arrays())+len(t.ownData()) > 0 {
		t.printf("\t.allocate = stap_data_allocate,\n\t.release = stap_data_release,\n")
	}
}
