/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Arrays, for scripts that have some.
 *
 * The elements of an array are nodes, all made when the module loads. Each is
 * in the array or free. Those in the array are in two places at once: in a
 * chain of the hash table, where they are found, and in a ring in the order of
 * iteration, which begins with the oldest one unless the array was sorted.
 *
 *	buckets   [ ]  [*]  [ ]  [*]           free -> node -> node
 *	                |         |
 *	head <--------> b <-----> a <---> head      (a came after b)
 *
 * What depends on the types of keys and values is written by the translator,
 * which puts struct stap_node in front of them:
 *
 *	struct node_global_a {
 *		struct stap_node node;
 *		stap_long value;
 *		stap_long k1;
 *		char k0[MAXSTRINGLEN];
 *	};
 *
 * Whoever changes an array has its lock for writing. There is one exception: in
 * an array of statistics, which several handlers add to at once, a new element
 * may be put in beside them under the array's lock "insertion". So nodes are
 * published when they are complete, and searches need no lock for that.
 */
#ifndef STAP_ARRAY_H
#define STAP_ARRAY_H

#ifndef MAXMAPENTRIES
#define MAXMAPENTRIES 2048
#endif
#ifndef MAPHASHBIAS
#define MAPHASHBIAS 0
#endif

/* How long the hash table of n elements is; MAPHASHBIAS doubles or halves it. */
#define STAP_BUCKETS(n) (((unsigned long)(n) << (MAPHASHBIAS > 0 ? MAPHASHBIAS : 0) >> (MAPHASHBIAS < 0 ? -(MAPHASHBIAS) : 0)) + 1)

struct stap_node {
	struct stap_node *chain;	/* of the same bucket, or the next free one */
	struct stap_node *next, *previous;
	stap_ulong born;		/* larger than that of all older elements */
	unsigned int hash;
	unsigned int index;		/* of the node among those of its array */
};

struct stap_array {
	struct stap_node head;		/* of the ring */
	struct stap_node **buckets;
	unsigned int bucket_count;
	struct stap_node *free;
	stap_ulong births;
	int wrap;			/* a full array loses its oldest element */
	int sorted;			/* the ring is not in the order of age */
	const char *overflow;		/* what is said when it is full */
	struct stap_lock insertion;
};

/* Makes an array of capacity nodes, node_size bytes each, which are all zero. */
static inline void stap_array_prepare(struct stap_array *array, struct stap_node **buckets, unsigned int bucket_count,
				      void *nodes, unsigned long node_size, unsigned int capacity)
{
	unsigned int i;

	array->head.next = array->head.previous = &array->head;
	array->buckets = buckets;
	array->bucket_count = bucket_count;
	for (i = capacity; i-- > 0;) {
		struct stap_node *node = (struct stap_node *)((char *)nodes + i * node_size);

		node->index = i;
		node->chain = array->free;
		array->free = node;
	}
}

/* Hashes: begin with 0, add the keys, end. Only the high bits of what was added last are good. */
static inline stap_ulong stap_hash_long(stap_ulong hash, stap_long key)
{
	return ((hash ^ hash >> 32) ^ (stap_ulong)key) * 0x9e3779b97f4a7c15ULL;
}

static inline stap_ulong stap_hash_string(stap_ulong hash, const char *key)
{
	hash ^= hash >> 32;
	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3ULL;
	return hash * 0x9e3779b97f4a7c15ULL;
}

static inline unsigned int stap_hash_end(stap_ulong hash)
{
	return hash >> 32;
}

static inline int stap_keys_equal(const char *x, const char *y)
{
	for (; *x == *y; x++, y++)
		if (!*x)
			return 1;
	return 0;
}

static inline struct stap_node **stap_array_bucket(struct stap_array *array, unsigned int hash)
{
	return &array->buckets[(stap_ulong)hash * array->bucket_count >> 32];
}

/* The first node that may be what is searched for, others follow by chain. */
static inline struct stap_node *stap_array_chain(struct stap_array *array, unsigned int hash)
{
	return __atomic_load_n(stap_array_bucket(array, hash), __ATOMIC_ACQUIRE);
}

static inline int stap_array_is_empty(const struct stap_array *array)
{
	return array->head.next == &array->head;
}

/* Whether a node is in the array: its neighbour knows it. */
static inline int stap_array_has(const struct stap_node *node)
{
	return node->next && node->next->previous == node;
}

static inline void stap_ring_remove(struct stap_node *node)
{
	node->previous->next = node->next;
	node->next->previous = node->previous;
}

/* Takes a node out of the array. */
static inline void stap_array_remove(struct stap_array *array, struct stap_node *node)
{
	struct stap_node **at = stap_array_bucket(array, node->hash);

	while (*at != node)
		at = &(*at)->chain;
	*at = node->chain;
	stap_ring_remove(node);
	node->chain = array->free;
	array->free = node;
	if (stap_array_is_empty(array))
		array->sorted = 0;
}

static inline struct stap_node *stap_array_oldest(struct stap_array *array)
{
	struct stap_node *oldest = array->head.next, *node;

	if (array->sorted)
		for (node = oldest->next; node != &array->head; node = node->next)
			if (node->born < oldest->born)
				oldest = node;
	return oldest;
}

/*
 * Gives a node to be filled in and published. When there is none left that is
 * an error, and NULL; an array that wraps gives up its oldest one instead.
 */
static inline struct stap_node *stap_array_take(struct stap_context *c, struct stap_array *array)
{
	struct stap_node *node;

	if (stap_unlikely(!array->free)) {
		if (!array->wrap) {
			stap_error(c, "%s", array->overflow);
			return 0;
		}
		stap_array_remove(array, stap_array_oldest(array));
	}
	node = array->free;
	array->free = node->chain;
	return node;
}

/* Puts a node with its keys and value into the array, as the newest. */
static inline void stap_array_publish(struct stap_array *array, struct stap_node *node, unsigned int hash)
{
	struct stap_node **bucket = stap_array_bucket(array, hash);
	struct stap_node *last = array->head.previous;

	node->hash = hash;
	node->born = ++array->births;
	node->chain = *bucket;
	node->next = &array->head;
	node->previous = last;
	__atomic_store_n(bucket, node, __ATOMIC_RELEASE);
	array->head.previous = node;
	__atomic_store_n(&last->next, node, __ATOMIC_RELEASE);
}

/*
 * Sorts the ring by a comparison that gives less than, equal to or greater than
 * 0 as strcmp does; order 1 puts the least first, -1 the greatest. Equal
 * elements keep their order. Runs of 1, 2, 4 … elements are merged in turn: no
 * recursion, no memory.
 */
static inline void stap_array_sort(struct stap_array *array, int order,
				   int (*compare)(const struct stap_node *x, const struct stap_node *y))
{
	struct stap_node *list = array->head.next, *node, *last;
	unsigned long run, merges;

	if (stap_array_is_empty(array))
		return;
	array->sorted = 1;
	array->head.previous->next = 0;
	for (run = 1, merges = 2; merges > 1; run *= 2) {
		struct stap_node *rest = list, **end = &list;

		for (merges = 0; rest; merges++) {
			struct stap_node *left = rest, *right;
			unsigned long lefts, rights = run;

			for (lefts = 0, right = left; right && lefts < run; lefts++)
				right = right->next;
			while (lefts > 0 || (rights > 0 && right)) {
				if (lefts > 0 && (rights == 0 || !right || order * compare(left, right) <= 0)) {
					*end = left;
					left = left->next;
					lefts--;
				} else {
					*end = right;
					right = right->next;
					rights--;
				}
				end = &(*end)->next;
			}
			rest = right;
		}
		*end = 0;
	}
	array->head.next = list;
	for (last = &array->head, node = list; node; last = node, node = node->next)
		node->previous = last;
	last->next = &array->head;
	array->head.previous = last;
}

static inline int stap_compare_long(stap_long x, stap_long y)
{
	return (x > y) - (x < y);
}

/* A node as one of the array's own type: typed by what it is assigned to. */
#define stap_array_first(array) ((void *)(array)->head.next)
#define stap_array_next(element) ((void *)(element)->node.next)
#define stap_array_at_end(array, element) (&(element)->node == &(array)->head)

#endif
