/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * array.h as an ordinary program. Its arguments are the array's capacity and
 * whether it wraps; it reads operations, one a line, and answers each with one:
 *
 *	set TEXT N VALUE    ok, or the error
 *	get TEXT N          the value, or none
 *	delete TEXT N       ok, or none
 *	sort MEMBER ORDER   ok; MEMBER is 0 (the text), 1 (the number) or v (the value)
 *	clear               ok
 *	list                TEXT,N=VALUE of each element in the order of iteration
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stap.h"
#include "array.h"

struct node {
	struct stap_node node;
	stap_long value;
	stap_long k1;
	char k0[MAXSTRINGLEN];
};

static struct stap_array array = { .overflow = "full" };

void stap_error(struct stap_context *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(c->message, STAP_MESSAGE_ROOM, format, arguments);
	va_end(arguments);
	c->error = c->message;
}

static unsigned int hash(const char *k0, stap_long k1)
{
	return stap_hash_end(stap_hash_long(stap_hash_string(0, k0), k1));
}

static struct node *find(const char *k0, stap_long k1)
{
	struct stap_node *at = stap_array_chain(&array, hash(k0, k1));

	for (; at; at = at->chain) {
		struct node *node = (struct node *)at;

		if (node->k1 == k1 && stap_keys_equal(node->k0, k0))
			return node;
	}
	return NULL;
}

static int compare_k0(const struct stap_node *x, const struct stap_node *y)
{
	return strcmp(((const struct node *)x)->k0, ((const struct node *)y)->k0);
}

static int compare_k1(const struct stap_node *x, const struct stap_node *y)
{
	return stap_compare_long(((const struct node *)x)->k1, ((const struct node *)y)->k1);
}

static int compare_value(const struct stap_node *x, const struct stap_node *y)
{
	return stap_compare_long(((const struct node *)x)->value, ((const struct node *)y)->value);
}

static void set(const char *k0, stap_long k1, stap_long value)
{
	static char message[STAP_MESSAGE_ROOM];
	static struct stap_context c = { .message = message };
	struct node *node = find(k0, k1);

	if (!node) {
		node = (struct node *)stap_array_take(&c, &array);
		if (!node) {
			puts(c.error);
			return;
		}
		snprintf(node->k0, sizeof(node->k0), "%s", k0);
		node->k1 = k1;
		stap_array_publish(&array, &node->node, hash(k0, k1));
	}
	node->value = value;
	puts("ok");
}

static void list(void)
{
	const struct stap_node *previous = &array.head;
	struct node *at;

	for (at = stap_array_first(&array); !stap_array_at_end(&array, at); at = stap_array_next(at)) {
		if (at->node.previous != previous)
			abort();
		previous = &at->node;
		printf("%s,%lld=%lld ", at->k0, at->k1, at->value);
	}
	if (array.head.previous != previous)
		abort();
	puts("");
}

int main(int count, char **arguments)
{
	unsigned int capacity = atoi(arguments[count - 2]), buckets = STAP_BUCKETS(capacity);
	char line[256], k0[64], member;
	stap_long k1, value;
	int order;

	array.wrap = atoi(arguments[count - 1]);
	stap_array_prepare(&array, calloc(buckets, sizeof(struct stap_node *)), buckets,
			   calloc(capacity, sizeof(struct node)), sizeof(struct node), capacity);
	while (fgets(line, sizeof(line), stdin)) {
		struct node *node;

		if (sscanf(line, "set %63s %lld %lld", k0, &k1, &value) == 3) {
			set(k0, k1, value);
		} else if (sscanf(line, "get %63s %lld", k0, &k1) == 2) {
			node = find(k0, k1);
			if (node)
				printf("%lld\n", node->value);
			else
				puts("none");
		} else if (sscanf(line, "delete %63s %lld", k0, &k1) == 2) {
			node = find(k0, k1);
			if (node)
				stap_array_remove(&array, &node->node);
			puts(node ? "ok" : "none");
		} else if (sscanf(line, "sort %c %d", &member, &order) == 2) {
			stap_array_sort(&array, order, member == '0' ? compare_k0 : member == '1' ? compare_k1 : compare_value);
			puts("ok");
		} else if (!strcmp(line, "clear\n")) {
			while (!stap_array_is_empty(&array))
				stap_array_remove(&array, array.head.next);
			puts("ok");
		} else {
			list();
		}
	}
	return 0;
}
