/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The runtime as an ordinary program: its own strings, contexts, memory,
 * printing and session, over a stand-in for what they use of the kernel. So a
 * script's meaning is tested where no kernel is at hand.
 *
 *	hosted [HITS]
 *
 * runs the begin handlers, then each armed probe HITS times (1), then the end
 * or error handlers. What the script prints and, in brackets, what the runtime
 * has to say goes to standard output, in order.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stap.h"

/* Two CPUs that take turns; nothing interrupts a handler. */
#define HOSTED_CPUS 2
static int hosted_cpu;
static unsigned long hosted_interrupts_off;

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;
typedef struct { int counter; } atomic_t;

#define __printf(string, first) __attribute__((format(__printf__, string, first)))
#define __user
#define __percpu
#define __this_cpu_dec_return(x) (--(x))
#define fallthrough __attribute__((fallthrough))
#define likely(x) (x)
#define unlikely(x) (x)
#define min(x, y) ((x) < (y) ? (x) : (y))
#define min_t(type, x, y) min((type)(x), (type)(y))
#define max_t(type, x, y) ((type)(x) > (type)(y) ? (type)(x) : (type)(y))
#define min3(x, y, z) min(min(x, y), z)
#define clamp_t(type, x, low, high) min_t(type, max_t(type, x, low), high)
#define container_of(at, type, member) ((type *)((char *)(at) - offsetof(type, member)))
#define barrier() __asm__ volatile("" ::: "memory")
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, value) ((x) = (value))
#define smp_store_release(at, value) (*(at) = (value))
#define cmpxchg(at, old, new) __sync_val_compare_and_swap(at, old, new)
#define atomic_inc(at) (++(at)->counter)
#define cmpxchg_acquire cmpxchg
#define cmpxchg_release cmpxchg
#define ATOMIC_INIT(n) { n }
#define atomic_inc_return(at) (++(at)->counter)
#define atomic64_t u64
#define atomic64_inc(at) (++*(at))
#define atomic_read(at) ((at)->counter)
#define DEFINE_MUTEX(name) int name
#define mutex_lock(at) ((void)(at))
#define mutex_unlock(at) ((void)(at))
#define __percpu
#define __ro_after_init
#define alloc_percpu(type) ((type *)calloc(HOSTED_CPUS, sizeof(type)))
#define free_percpu free
#define for_each_possible_cpu(cpu) for (cpu = 0; cpu < HOSTED_CPUS; cpu++)
#define num_possible_cpus() HOSTED_CPUS
#define nr_cpu_ids HOSTED_CPUS
#define raw_smp_processor_id() hosted_cpu
#define this_cpu_ptr(at) ((at) + hosted_cpu)
#define per_cpu_ptr(at, cpu) ((at) + (cpu))
#define per_cpu(x, cpu) (*per_cpu_ptr(&(x), cpu))
#define cpu_to_node(cpu) (cpu)
#define cpu_relax() barrier()
#define local_irq_save(flags) ((flags) = hosted_interrupts_off, hosted_interrupts_off = 1)
#define local_irq_restore(flags) (hosted_interrupts_off = (flags))
#define rcu_is_watching() true
#define roundup_pow_of_two(n) (n)
#define OPTIMIZER_HIDE_VAR(x) barrier()
#define THREAD_SIZE 16384UL
#define LINUX_VERSION_CODE 0
#define KERNEL_VERSION(a, b, c) 1
#define smp_mb() barrier()
#define notrace
#define noinline
#define __maybe_unused __attribute__((unused))
#define preempt_disable_notrace() barrier()
#define preempt_enable_notrace() barrier()
#define GFP_KERNEL 0
#define __GFP_ZERO 1
#define kvmalloc_node(size, flags, node) memset(malloc(size), (flags) & __GFP_ZERO ? 0 : 'x', size)
#define kvfree free
#define vzalloc(size) calloc(1, size)
#define vfree free
#define kcalloc(n, size, flags) calloc(n, size)
#define kfree free
#define ALIGN(x, to) (((x) + (to) - 1) / (to) * (to))
#define SMP_CACHE_BYTES 64
#define IS_ENABLED(option) 0
#define current 0
#define task_stack_page(task) 0
#define current_stack_pointer (~0UL)
#define ktime_get_mono_fast_ns() 0ULL
#define NSEC_PER_USEC 1000
#define scnprintf snprintf
#define vscnprintf vsnprintf
#define PAGE_SIZE 4096UL
#define read_word_at_a_time hosted_read_word
#define TASK_SIZE_MAX (1UL << 47)
#define ARRAY_SIZE(list) (sizeof(list) / sizeof((list)[0]))
#define __weak __attribute__((weak))

/* Errors that the kernel has for itself. */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define ERESTART_RESTARTBLOCK 516
#define EPROBE_DEFER 517
#define EOPENSTALE 518
#define ENOPARAM 519
#define EBADHANDLE 521
#define ENOTSYNC 522
#define EBADCOOKIE 523
#define ENOTSUPP 524
#define ETOOSMALL 525
#define ESERVERFAULT 526
#define EBADTYPE 527
#define EJUKEBOX 528
#define EIOCBQUEUED 529
#define ERECALLCONFLICT 530

/* staprun */
typedef int kuid_t;
#define task_tgid_nr(task) 45
#define current_uid() 43

static unsigned long hosted_read_word(const void *at)
{
	unsigned long word;

	memcpy(&word, at, sizeof(word));
	return word;
}

struct pt_regs {
	unsigned long arguments[6];
};

stap_long stap_argument(struct stap_context *c, int n)
{
	return ((struct pt_regs *)c->registers)->arguments[n];
}

/* The first page is what cannot be read. */
static long copy_from_kernel_nofault(void *dst, const void *src, size_t size)
{
	if ((unsigned long)src < PAGE_SIZE)
		return -EFAULT;
	memcpy(dst, src, size);
	return 0;
}

#define copy_from_user_nofault copy_from_kernel_nofault

static long copy_to_user_nofault(void *dst, const void *src, size_t size)
{
	if ((unsigned long)dst < PAGE_SIZE)
		return -EFAULT;
	memcpy(dst, src, size);
	return 0;
}

#define pagefault_disable() barrier()
#define pagefault_enable() barrier()
#define __put_kernel_nofault(dst, src, type, label) \
	do { \
		if ((unsigned long)(dst) < PAGE_SIZE) \
			goto label; \
		memcpy(dst, src, sizeof(type)); \
	} while (0)

#define module_param_named(name, variable, type, mode)
#define module_param_string(name, variable, size, mode)
#define MODULE_PARM_DESC(name, text)

/* No machine at all. */
#define STAP_MACHINE_NONE
#define stap_machine_possible(address) true

#include "runtime.h"

/* The transport: standard output. */
struct hosted_relay_cpu { unsigned long dropped, overwritten; u64 dropped_bytes, overwritten_bytes, committed_bytes; };
static struct hosted_relay_cpu hosted_relay_cpus[HOSTED_CPUS];
#define stap_relay_cpus (*hosted_relay_cpus)
static struct rchan { size_t subbuf_size, n_subbufs; } hosted_relay;
struct rchan *stap_relay = &hosted_relay;
static atomic_t stap_sequence;
static char hosted_text[STAP_MESSAGE_MAX];

void stap_message_commit(struct stap_context *c)
{
	fwrite(hosted_text, 1, c->out.at - hosted_text, stdout);
	c->out.at = c->out.end = NULL;
}

void stap_output_more(struct stap_output *out, unsigned long n)
{
	if (out->at)
		fwrite(hosted_text, 1, out->at - hosted_text, stdout);
	out->at = hosted_text;
	out->end = hosted_text + sizeof(hosted_text);
}

static __printf(2, 0) void stap_event_list(const char *kind, const char *format, va_list arguments)
{
	printf("[%s: ", kind);
	vprintf(format, arguments);
	printf("]\n");
}

void stap_event(const char *kind, const char *format, ...)
{
	va_list arguments;

	if (!format)
		return;
	va_start(arguments, format);
	stap_event_list(kind, format, arguments);
	va_end(arguments);
}

static void stap_exit_wake(void)
{
}

/* Limits and accounts: skips are counted and without consequence. */
#ifdef STAP_SUPPRESS_HANDLER_ERRORS
#define STAP_ERRORS_SUPPRESSED 1
#else
#define STAP_ERRORS_SUPPRESSED 0
#endif
struct stap_limits stap_limits = {
	.maxerrors = MAXERRORS, .maxskipped = MAXSKIPPED, .maxaction = MAXACTION_INTERRUPTIBLE, .maxtrylock = MAXTRYLOCK,
};
static atomic_t stap_skips;
static unsigned int stap_sheds;

void stap_skip(const struct stap_probe *probe, enum stap_skip why, unsigned long n)
{
	stap_skips.counter += why == STAP_SKIP_LOCK || why == STAP_SKIP_LOW_STACK ? n : 0;
}

static void stap_skips_sum(u64 skips[STAP_SKIPS])
{
	memset(skips, 0, STAP_SKIPS * sizeof(*skips));
}

void stap_handle_timed(struct stap_context *c)
{
	stap_run(c);
}

void stap_handle_once(struct stap_context *c)
{
	stap_run_once(c);
}

static u64 stap_clock(void)
{
	return 0;
}

static void stap_overload_stop(void)
{
}

#include "data.c"
#include "context.c"
#include "lock.c"
#include "output.c"
#include "string.c"
#include "text.c"
#include "tokenize.c"
#include "escape.c"
#include "point.c"
#include "memory.c"
#include "wide.c"
#include "calendar.c"
#include "float.c"
#include "float_text.c"
#include "print.c"
#include "format.c"
#include "quote.c"
#include "dump.c"
#include "errno.c"
static void stap_settle(void);
#include "session.c"

/* No probe is held. */
static void stap_settle(void)
{
}

/* With -DHOSTED_CONDITIONS it is said what they are and when that may have changed. */
int stap_conditions_due;

void stap_conditions_queue(void)
{
#ifdef HOSTED_CONDITIONS
	printf("[changed]");
#endif
}

void stap_conditions_evaluate(void)
{
#ifdef HOSTED_CONDITIONS
	struct stap_context *c = &per_cpu_ptr(&stap_cpus, 0)->context;
	unsigned int i;
	int holds;

	for (i = 0; i < stap_script.probe_count; i++) {
		if (!stap_script.probes[i].condition)
			continue;
		c->actions = MAXACTION;
		holds = stap_script.probes[i].condition(c);
		printf("[%s %d%s]", stap_script.probes[i].point, holds, c->error ? " failed" : "");
		c->error = NULL;
	}
#endif
}

/* Register n has 0x1111 * n; the bits of data are all set. */
static unsigned long hosted_registers[] = { 0, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555 };
static u64 hosted_data[] = { -1, -1, -1, -1 };

stap_long stap_register(struct stap_context *c, int n)
{
	return hosted_registers[n];
}

void stap_set_register(struct stap_context *c, int n, int shift, int bits, stap_long value)
{
	unsigned long mask = bits < 64 ? (1UL << bits) - 1 : ~0UL;

	hosted_registers[n] = (hosted_registers[n] & ~(mask << shift)) | (((unsigned long)value & mask) << shift);
}

void stap_set_argument_bits(struct stap_context *c, int n, int bits, stap_long value)
{
	stap_set_register(c, n, 0, bits, value);
}

void stap_set_return_value_checked(struct stap_context *c, stap_long value)
{
	stap_set_register(c, 0, 0, 64, value);
}

extern struct stap_data_address stap_data_addresses[] __weak;

stap_long stap_data_address(struct stap_context *c, unsigned int n)
{
	return (unsigned long)hosted_data + stap_data_addresses[n].at.offset;
}

stap_long stap_cpu_offset(void) { return 0x100; }
stap_long stap_pid(void) { return 41; }
stap_long stap_tid(void) { return 42; }
stap_long stap_ppid(void) { return 40; }
stap_long stap_uid(void) { return 43; }
stap_long stap_is_myproc(void) { return stap_staprun_uid == 43; }
void stap_module_size(char *dst)
{
	char text[64];

	snprintf(text, sizeof(text), "0data/0text/0ctx/0net/%lualloc kb", stap_allocated / 1024);
	stap_string_copy(dst, text);
}
stap_long stap_cpu(void) { return 0; }
stap_long stap_time_ns(void) { return 1700000000123456789LL; }
void stap_execname(char *dst) { stap_string_copy(dst, "hosted"); }

/* for scripts that are C by hand */
__weak void stap_run(struct stap_context *c)
{
	c->probe->handler(c);
}

__weak void stap_run_once(struct stap_context *c)
{
	c->probe->handler(c);
}

static int hosted_arm(struct stap_probe *probe)
{
	probe->site = probe;
	return 0;
}

static void hosted_disarm(struct stap_probe *probe)
{
	probe->site = NULL;
}

const struct stap_family stap_timer = { .name = "timer", .arm = hosted_arm, .disarm = hosted_disarm };
const struct stap_family stap_function = { .name = "function", .arm = hosted_arm, .disarm = hosted_disarm };

int main(int count, char **arguments)
{
	int hits = count > 1 ? atoi(arguments[1]) : 1;
	unsigned long cut = 0;
	char summary[512];
	unsigned int i;
	int cpu;

	if (stap_contexts_init() || (stap_script.allocate && stap_script.allocate()))
		return 1;
	for_each_possible_cpu(cpu)
		per_cpu_ptr(&stap_cpus, cpu)->context.out.relay = 1;
	stap_units_do(load);
	if (stap_session_start(44))
		return 1;
	for (; hits > 0; hits--) {
		for (i = 0; i < stap_script.probe_count; i++)
			if (stap_script.probes[i].site)
				stap_run_handler(&stap_script.probes[i], STAP_RUNNING);
		if (hosted_interrupts_off)
			abort();
		hosted_cpu = (hosted_cpu + 1) % HOSTED_CPUS;
	}
	stap_session_stop();
	stap_session_summary(summary, sizeof(summary));
	stap_units_do(unload);
	for_each_possible_cpu(cpu)
		cut += per_cpu(stap_cpus, cpu).cut;
	if (cut)
		printf("[cut: %lu]\n", cut);
	stap_contexts_exit();
	if (stap_script.release)
		stap_script.release();
	return fflush(stdout) ? 1 : 0;
}
