// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A module for tests of probes: variables of every kind, in functions that are
 * called with known values whenever somebody writes to /proc/gostap_odd. What is
 * read from there is what they came to.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "odd.h"

static int odd_callback(int x) { return x; }

struct odd odd_global = { .a = 11, .name = "global", .color = GREEN };
static struct odd *volatile odd_pointer = &odd_global;
static volatile int odd_numbers[3] = { 10, 20, 30 };
static DEFINE_PER_CPU(int, odd_each) = 3;
static volatile long odd_sink;
static long odd_results[8];

static __attribute__((noipa)) int odd_plain(struct odd *p, int n, const char *text)
{
	static int calls = 70;
	int local = n * 3 + p->a;

	calls++;
	odd_sink = local;
	barrier();
	odd_sink = local + n + (text[0] == 'x');
	return local + n + calls - 70;
}

static __attribute__((noipa)) int odd_bits(struct odd *p)
{
	odd_sink = p->low;
	return p->low + p->middle + p->high + p->negative + p->truth;
}

static __attribute__((noipa)) long odd_value(struct pair pair, int after)
{
	odd_sink = pair.a;
	return pair.a + pair.b + pair.c + pair.d + after;
}

static __attribute__((noipa)) struct pair odd_small(int a)
{
	struct pair pair = { a, 'p', 'q', -4 };

	odd_sink = a;
	return pair;
}

static __attribute__((noipa)) struct large odd_large(int a, int b, int c, int d, int e, int f, int g, long h)
{
	struct large result = { { a + b, c + d, e + f, g, h } };

	odd_sink = a;
	return result;
}

static __always_inline int odd_inlined(int x, const struct odd *o)
{
	int twice = x * 2;

	odd_sink = twice;
	barrier();
	odd_sink = x + o->a;
	return twice;
}

static __attribute__((noipa)) int odd_labels(int n)
{
	int sum = 0;

	asm volatile("" : "+r" (n));
again:
	sum += n;
	odd_sink = sum;
	if (--n > 0)
		goto again;
	return sum + odd_inlined(sum, &odd_global);
}

static ssize_t odd_write(struct file *file, const char __user *text, size_t size, loff_t *offset)
{
	struct odd *p = kzalloc(sizeof(*p) + 4 * sizeof(p->tail[0]), GFP_KERNEL);
	struct pair pair = { 1, 'b', 'c', -2 };
	struct large large;

	if (!p)
		return -ENOMEM;
	*p = (struct odd){
		.a = -5, .name = "odd", .in = { -7 }, .low = 5, .middle = 1234, .high = 200000, .negative = -3, .truth = true,
		.word = 0x4847464544434241, .color = BLUE, .call = odd_callback, .list = { 1, 2, 3, 4 }, .next = odd_pointer,
	};
	*(u64 *)&p->wide = 0xbff8000000000000;	/* -1.5 */
	*(u32 *)&p->narrow = 0x3e800000;	/* 0.25 */
	p->tail[2] = -9;
	odd_results[0] = odd_plain(p, 8, "text");
	odd_results[1] = odd_bits(p);
	odd_results[2] = odd_value(pair, 5);
	odd_results[3] = odd_small(6).a;
	large = odd_large(1, 2, 3, 4, 5, 6, 7, 8);
	odd_results[4] = large.a[2];
	odd_results[5] = odd_labels(3) + odd_numbers[1];
	odd_results[6] = twin_caller(4);
	odd_results[7] = this_cpu_read(odd_each);
	odd_sink = nested_outer(3);
	kfree(p);
	return size;
}

static int odd_show(struct seq_file *file, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(odd_results); i++)
		seq_printf(file, "%ld ", odd_results[i]);
	seq_putc(file, '\n');
	return 0;
}

static int odd_open(struct inode *inode, struct file *file)
{
	return single_open(file, odd_show, NULL);
}

static const struct proc_ops odd_operations = {
	.proc_open = odd_open, .proc_read = seq_read, .proc_write = odd_write, .proc_release = single_release,
};

static int __init odd_init(void)
{
	return proc_create("gostap_odd", 0600, NULL, &odd_operations) ? 0 : -ENOMEM;
}

static void __exit odd_exit(void)
{
	remove_proc_entry("gostap_odd", NULL);
}

module_init(odd_init);
module_exit(odd_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Variables for tests of probes");
