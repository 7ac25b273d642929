package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file is loops over arrays and histograms.

// sorting is what some loop sorts an array by: a key (from 1), the value (0), or
// the rank that statistics give an element.
type sorting struct {
	array *elaborate.Variable
	by    int
}

const sortByRank = -1

// compareName is the C function that compares elements for a sorting.
func (t *translator) compareName(s sorting) string {
	by := "value"
	switch {
	case s.by == sortByRank:
		by = "rank"
	case s.by > 0:
		by = fmt.Sprintf("k%d", s.by-1)
	}
	return fmt.Sprintf("compare_%s_%s", t.global(s.array), by)
}

// comparisons writes the functions that an array is sorted with.
func (t *translator) comparisons(v *elaborate.Variable) {
	for by := sortByRank; by <= len(v.Keys); by++ {
		if !t.sortings[sorting{v, by}] {
			continue
		}
		member, kind := "rank", parse.Long
		switch {
		case by == 0:
			member, kind = "value", v.Type
		case by > 0:
			member, kind = keyNames(v)[by-1], v.Keys[by-1]
		}
		compare := "stap_compare_long"
		if kind == parse.String {
			compare = "stap_string_compare"
		}
		t.printf("%s", fill(`
static int FUNCTION(const struct stap_node *x, const struct stap_node *y)
{
	return COMPARE(((const struct node_NAME *)x)->MEMBER, ((const struct node_NAME *)y)->MEMBER);
}
`, "FUNCTION", t.compareName(sorting{v, by}), "COMPARE", compare, "NAME", t.global(v), "MEMBER", member))
	}
}

// keep puts a value where it stays while a loop runs.
func (b *body) keep(name string, t parse.Type, value string) string {
	if t == parse.String {
		b.strings = append(b.strings, name)
		b.emit("stap_string_copy(frame->%s, %s);", name, value)
		return "frame->" + name
	}
	b.declare("stap_long " + name + ";")
	b.emit("%s = %s;", name, value)
	return name
}

// foreach visits the elements of an array where they are. The limit counts those
// that do not match the slice, too: so has it always been.
func (b *body) foreach(s *elaborate.Foreach) {
	v := s.Array
	loop := b.loops
	b.loops++
	slice, more := b.keys(s.Slice, s.Limit)
	for i, value := range slice {
		if value != "" {
			slice[i] = b.keep(fmt.Sprintf("slice_%d_%d", loop, i), v.Keys[i], value)
		}
	}
	limit := ""
	if s.Limit != nil {
		limit = b.keep(fmt.Sprintf("limit_%d", loop), parse.Long, more[0])
	}
	if s.SortOrder != 0 {
		b.sort(s)
	}
	array := "array_" + b.global(v)
	at := b.cursor(v, fmt.Sprintf("at_%d_", loop))
	b.emit("for (%[1]s = stap_array_first(&%[2]s); !stap_array_at_end(&%[2]s, %[1]s); %[1]s = stap_array_next(%[1]s)) {", at, array)
	b.indent++
	b.spend(limit, s.Position)
	if condition := equal(v, at, slice); condition != "" {
		b.emit("if (!(%s))", condition)
		b.emit("\tcontinue;")
	}
	for i, k := range s.Keys {
		b.setVariable(k, fmt.Sprintf("%s->k%d", at, i))
	}
	if s.Value != nil {
		b.setVariable(s.Value, at+"->value")
	}
	b.turn(s.Body)
	b.indent--
	b.emit("}")
}

// spend ends a loop at its limit, and takes an action for each turn.
func (b *body) spend(limit string, at parse.Position) {
	if limit != "" {
		b.emit("if (%s-- <= 0)", limit)
		b.emit("\tbreak;")
	}
	b.act(1, at)
}

// sort sorts the array itself: later loops see the new order.
func (b *body) sort(s *elaborate.Foreach) {
	v := s.Array
	by := sorting{v, s.SortKey}
	if v.Type == parse.Stats && s.SortKey == 0 {
		by.by = sortByRank
		b.rank(v, s.SortByStat)
	}
	b.sortings[by] = true
	b.emit("stap_array_sort(&array_%s, %d, %s);", b.global(v), s.SortOrder, b.compareName(by))
}

// rank computes what elements of statistics are sorted by.
func (b *body) rank(v *elaborate.Variable, function string) {
	b.declare("struct stap_statistics all;")
	value := map[string]string{
		"sum": "all.sum", "min": "all.minimum", "max": "all.maximum", "avg": "all.sum / all.count",
	}[function]
	if value == "" {
		value = "all.count"
	}
	node := b.cursor(v, "node_")
	b.emit("for (%[1]s = stap_array_first(&array_%[2]s); !stap_array_at_end(&array_%[2]s, %[1]s); %[1]s = stap_array_next(%[1]s)) {", node, b.global(v))
	b.emit("\tall = merge_%s(%s);", b.global(v), node)
	b.emit("\t%s->rank = %s;", node, value)
	b.emit("}")
}

// foreachBucket visits the numbers of a histogram's buckets.
func (b *body) foreachBucket(s *elaborate.ForeachBucket) {
	loop := b.loops
	b.loops++
	n := s.Buckets.Variable.Statistics.Histogram.Buckets()
	counts := b.snapshot(s.Buckets, fmt.Sprintf("loop_counts_%d", loop))
	limit := ""
	if s.Limit != nil {
		limit = b.keep(fmt.Sprintf("limit_%d", loop), parse.Long, b.expression(s.Limit))
	}
	number := fmt.Sprintf("at_%d", loop)
	b.declare("int " + number + ";")
	bucket := number
	if s.SortOrder != 0 {
		order := b.member(fmt.Sprintf("order_%d", loop), (n+7)/8)
		by := counts
		if s.SortByKey {
			by = "0"
		}
		b.emit("stap_histogram_order((unsigned char *)%s, %d, %s, %d);", order, n, by, s.SortOrder)
		bucket = fmt.Sprintf("((unsigned char *)%s)[%s]", order, number)
	}
	b.emit("for (%[1]s = 0; %[1]s < %[2]d; %[1]s++) {", number, n)
	b.indent++
	b.spend(limit, s.Position)
	b.setVariable(s.Key, bucket)
	if s.Value != nil {
		b.setVariable(s.Value, fmt.Sprintf("%s[%s]", counts, bucket))
	}
	b.turn(s.Body)
	b.indent--
	b.emit("}")
}
