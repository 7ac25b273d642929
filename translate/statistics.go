package translate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file is statistics: what is kept of each, and the expressions on them. The
// generic halves are runtime-c/stap/statistics.h and histogram.h.
//
// Each CPU adds up for itself, an array's elements by their index. The buckets of
// an array's histograms are shared by the CPUs, since they would take most of the
// memory; those of a scalar are not.

// statisticsType writes what one CPU keeps of a variable, or of an element.
func (t *translator) statisticsType(v *elaborate.Variable) {
	s := v.Statistics
	t.printf("struct statistics_%s {\n\tstap_long count;\n", t.global(v))
	if s.Sum {
		t.printf("\tstap_long sum;\n")
	}
	if s.Min {
		t.printf("\tstap_long minimum;\n")
	}
	if s.Max {
		t.printf("\tstap_long maximum;\n")
	}
	if s.Variance {
		t.printf("\tstap_long mean; /* shifted by %d bits, as what follows */\n\tstap_long squares;\n", s.Shift)
	}
	if s.Histogram != nil && v.Keys == nil {
		t.printf("\tstap_long buckets[%d];\n", s.Histogram.Buckets())
	}
	t.printf("};\n")
}

// statistics writes the functions of a variable. For an array they take an
// element, which may be NULL where something is read.
func (t *translator) statistics(v *elaborate.Variable) {
	name, s := t.global(v), v.Statistics
	parameter, given, slot := "void", "", fmt.Sprintf("->%s", name)
	absent := ""
	if v.Keys != nil {
		parameter, given = fmt.Sprintf("struct node_%s *node", name), "struct node_"+name+" *node, "
		slot = fmt.Sprintf("->%s[node->node.index]", name)
		absent = "\tif (!node)\n\t\treturn all;\n"
	}
	var add, merge strings.Builder
	line := func(b *strings.Builder, format string, arguments ...any) { fmt.Fprintf(b, format+"\n", arguments...) }
	line(&add, "\ts->count++;")
	line(&merge, "\t\tall.count += s->count;")
	if s.Sum {
		line(&add, "\ts->sum += x;")
		line(&merge, "\t\tall.sum += s->sum;")
	}
	if s.Min {
		line(&add, "\tif (s->count == 1 || x < s->minimum)\n\t\ts->minimum = x;")
		line(&merge, "\t\tif (s->minimum < all.minimum)\n\t\t\tall.minimum = s->minimum;")
	}
	if s.Max {
		line(&add, "\tif (s->count == 1 || x > s->maximum)\n\t\ts->maximum = x;")
		line(&merge, "\t\tif (s->maximum > all.maximum)\n\t\t\tall.maximum = s->maximum;")
	}
	if s.Variance {
		line(&add, "\tstap_variance_add(s->count, &s->mean, &s->squares, (stap_long)((stap_ulong)x << %d));", s.Shift)
	}
	buckets := "s->buckets"
	if v.Keys != nil {
		buckets = "node->buckets"
	}
	if h := s.Histogram; h != nil {
		bucket := "stap_log_bucket(x)"
		if !h.Log {
			bucket = fmt.Sprintf("stap_linear_bucket(x, %s, %s, %d)", number(h.Low), number(h.Step), h.Buckets())
		}
		if v.Keys == nil {
			line(&add, "\t%s[%s]++;", buckets, bucket)
		} else {
			line(&add, "\tstap_count_up(&%s[%s]);", buckets, bucket)
		}
	}
	words := []string{
		"NAME", name, "PARAMETER", parameter, "GIVEN", given, "SLOT", slot, "ABSENT", absent,
		"ADD", add.String(), "MERGE", merge.String(), "SHIFT", fmt.Sprint(s.Shift),
	}
	t.printf("%s", fill(`
static inline void add_NAME(struct stap_context *c, GIVENstap_long x)
{
	struct statistics_NAME *s = &script_own(c)SLOT;

ADD}

/* What all CPUs have. */
static inline struct stap_statistics merge_NAME(PARAMETER)
{
	struct stap_statistics all = STAP_NO_STATISTICS;
	unsigned int cpu;

ABSENT	for (cpu = 0; cpu < stap_cpu_count; cpu++) {
		const struct statistics_NAME *s = &script_of_cpu(cpu)SLOT;

		if (s->count == 0)
			continue;
MERGE	}
`, words...))
	if s.Variance {
		t.printf("%s", fill(`	for (cpu = 0; cpu < stap_cpu_count; cpu++) {
		const struct statistics_NAME *s = &script_of_cpu(cpu)SLOT;

		if (s->count != 0)
			all.squares += stap_variance_squares(s->count, s->mean, s->squares,
							     stap_variance_mean(all.sum, all.count, SHIFT));
	}
`, words...))
	}
	t.printf("\treturn all;\n}\n")
	t.clear(v)
	if s.Histogram != nil {
		t.histogram(v, words)
	}
}

// clear writes the function that makes a variable or a new element empty.
func (t *translator) clear(v *elaborate.Variable) {
	if v.Keys == nil {
		t.printf("%s", fill(`
static inline void empty_NAME(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < stap_cpu_count; cpu++)
		script_of_cpu(cpu)->NAME = (struct statistics_NAME){ 0 };
}
`, "NAME", t.global(v)))
		return
	}
	buckets := ""
	if v.Statistics.Histogram != nil {
		buckets = "\t__builtin_memset(node->buckets, 0, sizeof(node->buckets));\n"
	}
	t.printf("%s", fill(`
static inline void clear_NAME(struct node_NAME *node)
{
	unsigned int cpu;

	for (cpu = 0; cpu < stap_cpu_count; cpu++)
		script_of_cpu(cpu)->NAME[node->node.index] = (struct statistics_NAME){ 0 };
BUCKETS}
`, "NAME", t.global(v), "BUCKETS", buckets))
}

// histogram writes a histogram's shape, if it is printed, and the functions that
// give its counts.
func (t *translator) histogram(v *elaborate.Variable, words []string) {
	h := v.Statistics.Histogram
	if t.printed[v] {
		t.printf("\nstatic const struct stap_histogram histogram_%s = { .buckets = %d", t.global(v), h.Buckets())
		if !h.Log {
			t.printf(", .linear = 1, .low = %s, .high = %s, .step = %s", number(h.Low), number(h.High), number(h.Step))
		}
		t.printf(" };\n")
	}
	bucket := "\treturn node->buckets[i];\n"
	if v.Keys == nil {
		bucket = `	for (cpu = 0; cpu < stap_cpu_count; cpu++)
		n += script_of_cpu(cpu)SLOT.buckets[i];
	return n;
`
	}
	locals := ""
	if v.Keys == nil {
		locals = "\tstap_long n = 0;\n\tunsigned int cpu;\n\n"
	}
	argument := ""
	if v.Keys != nil {
		argument = "node"
	}
	t.printf("%s", fill(fill(`
static inline stap_long bucket_NAME(GIVENint i)
{
LOCALSBUCKET}

/* Copies the counts of all buckets; what is empty is an error. */
static inline void buckets_NAME(struct stap_context *c, GIVENstap_long *counts)
{
	struct stap_statistics all = merge_NAME(ARGUMENT);
	int i;

	if (stap_is_empty(c, &all))
		return;
	for (i = 0; i < COUNT; i++)
		counts[i] = bucket_NAME(NEXTi);
}

static inline stap_long at_NAME(struct stap_context *c, GIVENstap_long i)
{
	struct stap_statistics all = merge_NAME(ARGUMENT);

	if (stap_is_empty(c, &all))
		return 0;
	if (i < 0 || i >= COUNT) {
		stap_error(c, "histogram index out of range");
		return 0;
	}
	return bucket_NAME(NEXTi);
}
`, "LOCALS", locals, "BUCKET", bucket, "ARGUMENT", argument, "NEXT", next(argument), "COUNT", fmt.Sprint(h.Buckets())), words...))
}

// next is an argument with the comma after it.
func next(argument string) string {
	if argument == "" {
		return ""
	}
	return argument + ", "
}

// statistic finds the element that keys name; "" for a scalar.
func (b *body) statistic(v *elaborate.Variable, keys []string) string {
	if v.Keys == nil {
		return ""
	}
	return b.find(v, keys)
}

func (b *body) aggregate(x *elaborate.Aggregate) string {
	keys, values := b.keys(x.Keys, x.X)
	node := ""
	if x.Variable.Keys != nil {
		node = b.need(x.Token, x.Variable, keys)
	}
	b.emit("add_%s(c, %s%s);", b.global(x.Variable), next(node), values[0])
	return values[0]
}

func (b *body) extract(x *elaborate.Extract) string {
	keys, _ := b.keys(x.Keys)
	node := b.statistic(x.Variable, keys)
	b.declare("struct stap_statistics all;")
	b.emit("all = merge_%s(%s);", b.global(x.Variable), node)
	switch x.Function {
	case "count", "sum":
		return b.set("all.%s", x.Function)
	case "variance":
		t := b.set("stap_extract_variance(c, &all, %d)", x.Variable.Statistics.Shift)
		b.fails(x.Token)
		return t
	}
	t := b.set("stap_extract_%s(c, &all)", x.Function)
	b.fails(x.Token)
	return t
}

// snapshot copies a histogram's counts into the frame, under a name.
func (b *body) snapshot(h *elaborate.HistogramOf, name string) string {
	counts := b.member(name, h.Variable.Statistics.Histogram.Buckets())
	keys, _ := b.keys(h.Keys)
	node := b.statistic(h.Variable, keys)
	b.emit("buckets_%s(c, %s%s);", b.global(h.Variable), next(node), counts)
	b.fails(h.Token)
	return counts
}

func (b *body) bucket(x *elaborate.Bucket) string {
	keys, values := b.keys(x.Buckets.Keys, x.Index)
	node := b.statistic(x.Buckets.Variable, keys)
	t := b.set("at_%s(c, %s%s)", b.global(x.Buckets.Variable), next(node), values[0])
	b.fails(x.Token)
	return t
}

// hasBucket does not look at the counts: a bucket is there, whatever is in it.
func (b *body) hasBucket(x *elaborate.HasBucket) string {
	_, values := b.keys(x.Buckets.Keys, x.Index)
	n := x.Buckets.Variable.Statistics.Histogram.Buckets()
	return b.set("%[1]s >= 0 && %[1]s < %[2]d", values[0], n)
}

// usesStatistics reports whether some variable is of that type.
func (t *translator) usesStatistics() bool {
	return slices.ContainsFunc(t.program.Globals, func(v *elaborate.Variable) bool { return v.Type == parse.Stats })
}

func (t *translator) usesHistograms() bool {
	return slices.ContainsFunc(t.program.Globals, func(v *elaborate.Variable) bool {
		return v.Type == parse.Stats && v.Statistics.Histogram != nil
	})
}
