package translate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file is arrays: what the C of each is, and the expressions on elements.
// The generic half is runtime-c/stap/array.h.

// keyNames are the members of an element that hold its keys, and the parameters
// of functions that search by them.
func keyNames(v *elaborate.Variable) []string {
	names := make([]string, len(v.Keys))
	for i := range names {
		names[i] = fmt.Sprintf("k%d", i)
	}
	return names
}

func declaration(t parse.Type, name string) string {
	if t == parse.String {
		return "const char *" + name
	}
	return "stap_long " + name
}

const arrayCode = `
static struct stap_array array_NAME = { .wrap = WRAP, .overflow = OVERFLOW };

static inline unsigned int hash_NAME(PARAMETERS)
{
	return stap_hash_end(HASH);
}

/* The element with these keys, or NULL. */
static inline struct node_NAME *search_NAME(unsigned int hash, PARAMETERS)
{
	struct stap_node *at = stap_array_chain(&array_NAME, hash);

	for (; at; at = at->chain) {
		struct node_NAME *node = (struct node_NAME *)at;

		if (at->hash == hash && EQUAL)
			return node;
	}
	return 0;
}

static inline struct node_NAME *find_NAME(PARAMETERS)
{
	return search_NAME(hash_NAME(KEYS), KEYS);
}

static inline struct node_NAME *insert_NAME(struct stap_context *c, unsigned int hash, PARAMETERS)
{
	struct node_NAME *node = (struct node_NAME *)stap_array_take(c, &array_NAME);

	if (!node)
		return 0;
FILL	stap_array_publish(&array_NAME, &node->node, hash);
	return node;
}
`

const plainArrayCode = `
/* The same, made if there is none; NULL is an error. */
static inline struct node_NAME *need_NAME(struct stap_context *c, PARAMETERS)
{
	unsigned int hash = hash_NAME(KEYS);
	struct node_NAME *node = search_NAME(hash, KEYS);

	return node ? node : insert_NAME(c, hash, KEYS);
}

static inline TYPEget_NAME(PARAMETERS)
{
	struct node_NAME *node = find_NAME(KEYS);

	return node ? node->value : EMPTY;
}

static inline void set_NAME(struct stap_context *c, PARAMETERS, VALUE)
{
	struct node_NAME *node = need_NAME(c, KEYS);

	if (node)
		SET;
}
`

const statisticsArrayCode = `
/* The same, made if there is none; NULL is an error. Others may be adding to the array, too. */
static inline struct node_NAME *need_NAME(struct stap_context *c, PARAMETERS)
{
	unsigned int hash = hash_NAME(KEYS);
	struct node_NAME *node = search_NAME(hash, KEYS);

	if (node)
		return node;
	stap_lock_spin(c, &array_NAME.insertion);
	node = search_NAME(hash, KEYS);
	if (!node)
		node = insert_NAME(c, hash, KEYS);
	stap_unlock_write(c, &array_NAME.insertion);
	return node;
}
`

// overflow is what is said when an array is full.
func overflow(v *elaborate.Variable) string {
	switch {
	case v.Type == parse.Stats:
		return "aggregation overflow in " + v.Text
	case v.Capacity > 0:
		return fmt.Sprintf("Array overflow, check size limit (%d)", v.Capacity)
	}
	return "Array overflow, check MAXMAPENTRIES"
}

// array writes what is special to one array.
func (t *translator) array(v *elaborate.Variable) {
	name := t.global(v)
	var parameters, equal []string
	hash, fillIn := "0", ""
	for i, k := range keyNames(v) {
		parameters = append(parameters, declaration(v.Keys[i], k))
		if v.Keys[i] == parse.String {
			hash = fmt.Sprintf("stap_hash_string(%s, %s)", hash, k)
			equal = append(equal, fmt.Sprintf("stap_keys_equal(node->%[1]s, %[1]s)", k))
			fillIn += fmt.Sprintf("\tstap_string_copy(node->%[1]s, %[1]s);\n", k)
		} else {
			hash = fmt.Sprintf("stap_hash_long(%s, %s)", hash, k)
			equal = append([]string{fmt.Sprintf("node->%[1]s == %[1]s", k)}, equal...)
			fillIn += fmt.Sprintf("\tnode->%[1]s = %[1]s;\n", k)
		}
	}
	words := []string{
		"NAME", name, "PARAMETERS", strings.Join(parameters, ", "), "KEYS", strings.Join(keyNames(v), ", "),
		"HASH", hash, "EQUAL", strings.Join(equal, " && "), "WRAP", fmt.Sprint(truth(v.Wrap)), "OVERFLOW", quote(overflow(v)),
	}
	code := plainArrayCode
	switch v.Type {
	case parse.Stats:
		code = statisticsArrayCode
		fillIn += fmt.Sprintf("\tclear_%s(node);\n", name)
	case parse.String:
		fillIn += "\tnode->value[0] = 0;\n"
		words = append(words, "TYPE", "const char *", "EMPTY", `""`, "VALUE", "const char *value", "SET", "stap_string_copy(node->value, value)")
	default:
		fillIn += "\tnode->value = 0;\n"
		words = append(words, "TYPE", "stap_long ", "EMPTY", "0", "VALUE", "stap_long value", "SET", "node->value = value")
	}
	t.printf("%s", fill(arrayCode+code, append(words, "FILL", fillIn)...))
	t.printf("%s", fill(`
static inline void empty_NAME(void)
{
	while (!stap_array_is_empty(&array_NAME))
		stap_array_remove(&array_NAME, array_NAME.head.next);
}
`, "NAME", name))
	t.comparisons(v)
}

// node writes the type of an element: numbers first, since most searches end
// there.
func (t *translator) node(v *elaborate.Variable) {
	name := t.global(v)
	capacity := "MAXMAPENTRIES"
	if v.Capacity > 0 {
		capacity = fmt.Sprint(v.Capacity)
	}
	t.printf("enum { capacity_%s = %s };\n\n", name, capacity)
	t.printf("struct node_%s {\n\tstruct stap_node node;\n", name)
	switch v.Type {
	case parse.Long:
		t.printf("\tstap_long value;\n")
	case parse.Stats:
		if t.sortings[sorting{v, sortByRank}] {
			t.printf("\tstap_long rank; /* what the array was sorted by */\n")
		}
		if h := v.Statistics.Histogram; h != nil {
			t.printf("\tstap_long buckets[%d]; /* of all CPUs */\n", h.Buckets())
		}
	}
	for i, k := range keyNames(v) {
		if v.Keys[i] == parse.Long {
			t.printf("\tstap_long %s;\n", k)
		}
	}
	for i, k := range keyNames(v) {
		if v.Keys[i] == parse.String {
			t.printf("\tchar %s[MAXSTRINGLEN];\n", k)
		}
	}
	if v.Type == parse.String {
		t.printf("\tchar value[MAXSTRINGLEN];\n")
	}
	t.printf("};\n")
}

// keys computes an element's keys, those that are not "*", and what follows.
func (b *body) keys(keys []elaborate.Expression, more ...elaborate.Expression) ([]string, []string) {
	list := append(append([]elaborate.Expression(nil), keys...), more...)
	values := b.operands(list...)
	for i, k := range keys {
		// keys are compared as they would be stored
		if text, ok := k.(*elaborate.Text); ok && len(text.Value) >= shortText {
			t := b.text()
			b.emit("stap_string_copy(%s, %s);", t, values[i])
			values[i] = t
		}
	}
	return values[:len(keys)], values[len(keys):]
}

// shortText is the length of constants that are taken to fit into any string.
const shortText = 32

// cursor declares a variable that points to an element.
func (b *body) cursor(v *elaborate.Variable, prefix string) string {
	name := prefix + b.global(v)
	b.declare(fmt.Sprintf("struct node_%s *%s;", b.global(v), name))
	return name
}

func (b *body) find(v *elaborate.Variable, keys []string) string {
	node := b.cursor(v, "node_")
	b.emit("%s = find_%s(%s);", node, b.global(v), strings.Join(keys, ", "))
	return node
}

func (b *body) need(at parse.Token, v *elaborate.Variable, keys []string) string {
	node := b.cursor(v, "node_")
	b.emit("%s = need_%s(c, %s);", node, b.global(v), strings.Join(keys, ", "))
	b.failIf("!"+node, at)
	return node
}

func (b *body) element(x *elaborate.Element) string {
	if x.Array.Type == parse.String {
		t := b.text()
		b.emit("stap_string_copy(%s, %s);", t, b.textElement(x))
		return t
	}
	keys, _ := b.keys(x.Keys)
	return b.set("get_%s(%s)", b.global(x.Array), strings.Join(keys, ", "))
}

// textElement gives where an element stands in its array.
func (b *body) textElement(x *elaborate.Element) string {
	keys, _ := b.keys(x.Keys)
	p := b.temporary("p")
	b.emit("%s = get_%s(%s);", p, b.global(x.Array), strings.Join(keys, ", "))
	return p
}

// storeElement sets an element; its value is there only if it is wanted.
func (b *body) storeElement(x *elaborate.StoreElement, wanted bool) string {
	v := x.Element.Array
	keys, values := b.keys(x.Element.Keys, x.X)
	if v.Type == parse.String {
		return b.storeText(x, keys, values[0], wanted)
	}
	value := values[0]
	old := ""
	if mayFail(x.Operator) { // then there is to be no new element
		old = b.set("get_%s(%s)", b.global(v), strings.Join(keys, ", "))
		value = b.set("%s", arithmetic(x.Operator, old, value))
		b.fails(x.Token)
	}
	node := b.need(x.Element.Token, v, keys)
	if wanted && x.Old && old == "" {
		old = b.set("%s->value", node)
	}
	switch {
	case x.Operator == "" || mayFail(x.Operator):
		b.emit("%s->value = %s;", node, value)
	default:
		b.emit("%[1]s->value = %[2]s;", node, arithmetic(x.Operator, node+"->value", value))
	}
	switch {
	case !wanted:
		return ""
	case x.Old:
		return old
	}
	return b.set("%s->value", node)
}

func (b *body) storeText(x *elaborate.StoreElement, keys []string, value string, wanted bool) string {
	node := b.need(x.Element.Token, x.Element.Array, keys)
	old := ""
	if wanted && x.Old {
		old = b.text()
		b.emit("stap_string_copy(%s, %s->value);", old, node)
	}
	function := "copy"
	if x.Operator == "." {
		function = "append"
	}
	b.emit("stap_string_%s(%s->value, %s);", function, node, value)
	if wanted && !x.Old {
		old = b.text()
		b.emit("stap_string_copy(%s, %s->value);", old, node)
	}
	return old
}

// equal compares an element with keys; "" if all of them are "*".
func equal(v *elaborate.Variable, node string, keys []string) string {
	var terms []string
	for i, k := range keys {
		switch {
		case k == "":
		case v.Keys[i] == parse.String:
			terms = append(terms, fmt.Sprintf("stap_keys_equal(%s->k%d, %s)", node, i, k))
		default:
			terms = append(terms, fmt.Sprintf("%s->k%d == %s", node, i, k))
		}
	}
	return strings.Join(terms, " && ")
}

// anyKey reports whether one of the keys is "*".
func anyKey(keys []elaborate.Expression) bool {
	for _, k := range keys {
		if k == nil {
			return true
		}
	}
	return false
}

func (b *body) contains(x *elaborate.Contains) string {
	keys, _ := b.keys(x.Keys)
	if !anyKey(x.Keys) {
		return b.set("find_%s(%s) != 0", b.global(x.Array), strings.Join(keys, ", "))
	}
	array := "array_" + b.global(x.Array)
	node := b.cursor(x.Array, "node_")
	condition := equal(x.Array, node, keys)
	if condition == "" {
		return b.set("!stap_array_is_empty(&%s)", array)
	}
	t := b.set("0")
	b.emit("for (%[1]s = stap_array_first(&%[2]s); !%[3]s && !stap_array_at_end(&%[2]s, %[1]s); %[1]s = stap_array_next(%[1]s))", node, array, t)
	b.emit("\t%s = %s;", t, condition)
	return t
}

func (b *body) delete(s *elaborate.Delete) {
	v := s.Variable
	if s.Keys == nil {
		b.emit("empty_%s();", b.global(v))
		return
	}
	array := "array_" + b.global(v)
	keys, _ := b.keys(s.Keys)
	if !anyKey(s.Keys) {
		node := b.find(v, keys)
		b.emit("if (%s)", node)
		b.emit("\tstap_array_remove(&%s, &%s->node);", array, node)
		return
	}
	node, next := b.cursor(v, "node_"), b.cursor(v, "next_")
	condition := equal(v, node, keys)
	if condition == "" {
		b.emit("empty_%s();", b.global(v))
		return
	}
	b.emit("for (%[1]s = stap_array_first(&%[2]s); !stap_array_at_end(&%[2]s, %[1]s); %[1]s = %[3]s) {", node, array, next)
	b.emit("\t%s = stap_array_next(%s);", next, node)
	b.emit("\tif (%s)", condition)
	b.emit("\t\tstap_array_remove(&%s, &%s->node);", array, node)
	b.emit("}")
}
