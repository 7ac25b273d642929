// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A workload for storms of probes: functions that nobody else calls, in every
 * context that a kernel has, and an exact count of the calls. Who writes
 *
 *	"calls N"	calls storm_00 to storm_23 N times each, in turn
 *	"task N"	calls storm_task N times, in the writing process
 *	"softirq N"	has a tasklet call storm_softirq, N times one after the other
 *	"hardirq N"	the same with an interrupt and storm_hardirq
 *	"nmi N"		the same with NMIs, sent to all CPUs in turn, and storm_nmi
 *
 * to /proc/gostap_storm comes back when that is done. Reading gives a line
 * "FUNCTION CALLS SUM" for each function that was called, SUM being that of the
 * arguments.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/nmi.h>

enum { TASK = 24, SOFTIRQ, HARDIRQ, NMI, COUNTERS };

struct storm_counts {
	u64 calls[COUNTERS];
	s64 sum[COUNTERS];
};

/* Each context has counters that no other one on its CPU changes. */
static DEFINE_PER_CPU(struct storm_counts, storm_counts);
static DEFINE_MUTEX(storm_mutex);

static __always_inline void storm_count(int which, long argument)
{
	this_cpu_inc(storm_counts.calls[which]);
	this_cpu_add(storm_counts.sum[which], argument);
}

#define STORM(number)								\
static __attribute__((noipa)) long storm_##number(long argument)		\
{										\
	storm_count(1##number - 100, argument);					\
	return argument + 1;							\
}

STORM(00) STORM(01) STORM(02) STORM(03) STORM(04) STORM(05) STORM(06) STORM(07)
STORM(08) STORM(09) STORM(10) STORM(11) STORM(12) STORM(13) STORM(14) STORM(15)
STORM(16) STORM(17) STORM(18) STORM(19) STORM(20) STORM(21) STORM(22) STORM(23)

static long (*const storm_functions[])(long) = {
	storm_00, storm_01, storm_02, storm_03, storm_04, storm_05, storm_06, storm_07,
	storm_08, storm_09, storm_10, storm_11, storm_12, storm_13, storm_14, storm_15,
	storm_16, storm_17, storm_18, storm_19, storm_20, storm_21, storm_22, storm_23,
};

static __attribute__((noipa)) void storm_task(long argument) { storm_count(TASK, argument); }
static __attribute__((noipa)) void storm_softirq(long argument) { storm_count(SOFTIRQ, argument); }
static __attribute__((noipa)) void storm_hardirq(long argument) { storm_count(HARDIRQ, argument); }
static __attribute__((noipa)) void storm_nmi(long argument) { storm_count(NMI, argument); }

static DECLARE_COMPLETION(storm_done);
static long storm_argument;
static atomic_t storm_nmis_due = ATOMIC_INIT(0);

static void storm_tasklet_runs(struct tasklet_struct *tasklet)
{
	storm_softirq(storm_argument);
	complete(&storm_done);
}
static DECLARE_TASKLET(storm_tasklet, storm_tasklet_runs);

static void storm_work_runs(struct irq_work *work)
{
	storm_hardirq(storm_argument);
}
#ifndef IRQ_WORK_INIT_HARD /* before Linux 5.11 */
#define IRQ_WORK_INIT_HARD(f) { .flags = ATOMIC_INIT(0), .func = f }
#endif
static struct irq_work storm_work = IRQ_WORK_INIT_HARD(storm_work_runs);

/* An NMI that is not ours is left to others. */
static int storm_nmi_comes(unsigned int type, struct pt_regs *regs)
{
	if (atomic_read(&storm_nmis_due) != smp_processor_id() + 1)
		return NMI_DONE;
	storm_nmi(storm_argument);
	atomic_set(&storm_nmis_due, 0);
	return NMI_HANDLED;
}

static void storm_send_nmi(long n)
{
	unsigned int tries = 0;
	int cpu;

	cpus_read_lock();
	n %= num_online_cpus();
	for_each_online_cpu(cpu)
		if (!n--)
			break;
	atomic_set(&storm_nmis_due, cpu + 1);
	apic->send_IPI(cpu, NMI_VECTOR);
	while (atomic_read(&storm_nmis_due) && tries++ < 1000000000)
		cpu_relax();
	cpus_read_unlock();
}

static ssize_t storm_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	char text[64], what[16];
	long i, count;
	int f;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = 0;
	if (sscanf(text, "%15s %ld", what, &count) != 2)
		return -EINVAL;
	if (!strcmp(what, "calls")) {
		for (i = 0; i < count; i++) {
			for (f = 0; f < ARRAY_SIZE(storm_functions); f++)
				storm_functions[f](i);
			if (i % 64 == 63)
				cond_resched();
		}
		return size;
	}
	if (!strcmp(what, "task")) {
		for (i = 0; i < count; i++) {
			storm_task(i);
			if (i % 1024 == 1023)
				cond_resched();
		}
		return size;
	}
	mutex_lock(&storm_mutex);
	for (i = 0; i < count; i++) {
		storm_argument = i;
		if (!strcmp(what, "softirq")) {
			tasklet_schedule(&storm_tasklet);
			wait_for_completion(&storm_done);
		} else if (!strcmp(what, "hardirq")) {
			irq_work_queue(&storm_work);
			irq_work_sync(&storm_work);
		} else if (!strcmp(what, "nmi")) {
			storm_send_nmi(i);
			cond_resched();
		} else {
			size = -EINVAL;
			break;
		}
	}
	mutex_unlock(&storm_mutex);
	return size;
}

static int storm_show(struct seq_file *to, void *unused)
{
	static const char *const contexts[] = { "task", "softirq", "hardirq", "nmi" };
	int i, cpu;

	for (i = 0; i < COUNTERS; i++) {
		u64 calls = 0;
		s64 sum = 0;

		for_each_possible_cpu(cpu) {
			calls += per_cpu(storm_counts, cpu).calls[i];
			sum += per_cpu(storm_counts, cpu).sum[i];
		}
		if (!calls)
			continue;
		if (i < TASK)
			seq_printf(to, "storm_%02d %llu %lld\n", i, calls, sum);
		else
			seq_printf(to, "storm_%s %llu %lld\n", contexts[i - TASK], calls, sum);
	}
	return 0;
}

static int storm_open(struct inode *inode, struct file *file)
{
	return single_open(file, storm_show, NULL);
}

static const struct proc_ops storm_ops = {
	.proc_open = storm_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = storm_write,
};

static int __init storm_init(void)
{
	int rc = register_nmi_handler(NMI_LOCAL, storm_nmi_comes, 0, "gostap_storm");

	if (rc)
		return rc;
	if (proc_create("gostap_storm", 0600, NULL, &storm_ops))
		return 0;
	unregister_nmi_handler(NMI_LOCAL, "gostap_storm");
	return -ENOMEM;
}

static void __exit storm_exit(void)
{
	remove_proc_entry("gostap_storm", NULL);
	unregister_nmi_handler(NMI_LOCAL, "gostap_storm");
	irq_work_sync(&storm_work);
	tasklet_kill(&storm_tasklet);
}

module_init(storm_init);
module_exit(storm_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("workload for storms of probes");
