/* What both files of the fixture see. */

struct ring; /* complete in ring.c only */

enum colour { RED, GREEN = 5, NONE = -1 };
enum flags { FLAG_A = 1, FLAG_BIG = 0x80000000u };

struct bits {
	unsigned int low : 3;
	int middle : 7;
	unsigned long wide : 40;
	_Bool last : 1;
};

typedef int (*compare_t)(const void *a, const void *b);

struct shape {
	struct shape *next;
	const char *name;
	enum colour colour;
	union {
		int number;
		float real;
	};
	struct {
		short x, y;
	} at;
	struct bits bits;
	volatile int *device;
	double grid[2][3];
	compare_t compare;
	struct ring *ring;
	unsigned char tail[];
};

struct ring *ring_next(struct ring *r);
int ring_use(struct ring *r, int n);
void stop(const char *why) __attribute__((noreturn, cold));

static inline __attribute__((always_inline)) int square(int n)
{
	int result = n * n;

	return result;
}

static inline __attribute__((always_inline)) int squares(int a, int b)
{
	int sum = 0;

	{
		int first = square(a);

		sum += first;
	}
	sum += square(b);
	return sum;
}
