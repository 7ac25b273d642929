/* Variables of every kind, for variables_test.go. build makes variables4.elf and variables5.elf of it. */
enum color { RED, GREEN = 5, BLUE = -1 };

struct inside { short q; };

struct odd {
	int a;
	const char *name;
	struct inside in;
	unsigned int low:3, middle:11, high:18;
	int negative:5;
	_Bool truth:1;
	union {
		long word;
		char bytes[8];
	};
	enum color color;
	double wide;
	float narrow;
	int (*call)(struct odd *);
	int list[4];
	struct odd *next;
	short tail[];
};

struct pair { int a; char b, c; short d; };
struct four { long a, b; };
struct large { long a[5]; };

struct odd first = { .a = 1 };
static struct odd *volatile second = &first;
static volatile int numbers[3] = { 1, 2, 3 };
volatile long sink;

int used(void *, ...);

__attribute__((noinline)) int plain(struct odd *p, int n, const char *text)
{
	static int calls = 7;
	int local = n * 3 + calls;

	calls++;
	used(p, local, text);
	return local + n;
}

__attribute__((noinline)) struct pair by_value(struct pair pair, struct four four, struct large large, int after)
{
	pair.a += four.a + four.b + large.a[2] + after;
	return pair;
}

__attribute__((noinline)) struct large many(int a, int b, int c, int d, int e, int f, int g, long h)
{
	struct large result = { { a + b, c + d, e + f, g, h } };

	used(&result, h);
	return result;
}

static inline __attribute__((always_inline)) int inlined(int x, const struct odd *o)
{
	int twice = x * 2;

	sink = twice;
	used((void *)o, twice);
	sink = x;
	return twice;
}

__attribute__((noinline)) int outer(struct odd *p)
{
	const int constant = 42;
	int unused = 5, known = 9;

	sink = p->a;
	used(p, constant);
	{
		long known = p->word;

		used(p, known);
		sink = known;
	}
	sink = inlined(p->a, &first) + known;
	return sink;
}

/* At the entry none of these is where DWARF says that it is, or DWARF says nothing. */
__attribute__((noinline, optimize(0))) int unoptimised(int n, struct odd *p)
{
	return used(p) + n;
}

__attribute__((noinline)) int reassigned(int n, int unused)
{
	n = 5;
	return used(0, n);
}

/* Named as a clone is, of which only DWARF can tell what its parameters are. */
__attribute__((noinline)) int cloned(int n, int unused) __asm__("cloned.constprop.0");
int cloned(int n, int unused)
{
	return used(0, n);
}

int used(void *p, ...) { return p != 0; }

void _stext(void) { }

void register_kprobe(void)
{
	struct pair pair = { 1 };
	struct four four = { 2 };
	struct large large = { { 3 } };

	plain(second, numbers[sink], "text");
	by_value(pair, four, large, 4);
	many(1, 2, 3, 4, 5, 6, 7, 8);
	outer(&first);
	unoptimised(1, &first);
	reassigned(1, 2);
	cloned(1, 2);
}
