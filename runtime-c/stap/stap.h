/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The interface between a compiled script and the runtime.
 *
 * A script's C includes this file and nothing else: no kernel header, so it
 * compiles in some hundredths of a second and no new kernel can break it. Only
 * runtime.c sees the kernel. (A script with embedded C of its user has the
 * kernel's headers in front of this one; both ways work.)
 *
 * A script gives the runtime one struct stap_script; a handler gets the
 * context of its CPU and calls the functions below.
 */
#ifndef STAP_H
#define STAP_H

/* Changes when a struct below does; a module whose halves differ does not load. */
#define STAP_INTERFACE 12

#ifndef MAXSTRINGLEN
#define MAXSTRINGLEN 512
#endif
#ifndef MAXACTION
#define MAXACTION 1000
#endif
#ifndef MAXACTION_INTERRUPTIBLE
#define MAXACTION_INTERRUPTIBLE (MAXACTION * 10)
#endif
#ifndef MAXERRORS
#define MAXERRORS 0
#endif
#ifndef MAXSKIPPED
#define MAXSKIPPED 100
#endif
#ifndef MAXTRYLOCK
#define MAXTRYLOCK 100
#endif
#ifndef TRYLOCKDELAY
#define TRYLOCKDELAY 10 /* microseconds */
#endif
#ifndef MINSTACKSPACE
#define MINSTACKSPACE 1024
#endif

typedef signed long long stap_long;
typedef unsigned long long stap_ulong;

struct stap_probe;
struct stap_place_family;
struct stap_match;

#define stap_unlikely(x) __builtin_expect(!!(x), 0)

/* Where text goes: a reserved piece of the relay buffer, or a string. */
struct stap_output {
	char *at;	/* the next byte; NULL while a handler has printed nothing */
	char *end;	/* the first byte that is not ours */
	int relay;	/* room can be had by stap_output_more() */
	int cut;	/* not all of it found room in the string */
};

/* Of a message that is formatted, in bytes. */
#define STAP_MESSAGE_ROOM (MAXSTRINGLEN > 256 ? MAXSTRINGLEN : 256)

/* How many calls in progress a run-time error tells of. */
#define STAP_CALLERS 8

/* What a handler works with: one per CPU, in use by one handler at a time. */
struct stap_context {
	struct stap_output out;
	const char *error;	/* the run-time error that ends the handler, or NULL */
	const char *near;	/* of an error: "identifier 'x' at file:line:column" */
	const char *callers[STAP_CALLERS]; /* and the calls that led there, innermost first */
	int caller_count;
	int next;		/* the function ended by "next": its overload is to run */
	long actions;		/* how much this hit may still do */
	int nesting;		/* calls of recursive functions in progress */
	void *cpu_data;		/* this CPU's part of the script's variables */
	const struct stap_probe *probe;
	unsigned long address;	/* where probe has none, or is of a return; ask stap_hit_address() */
	void *registers;	/* struct pt_regs of the hit, or NULL */
	void *arguments;	/* what ftrace has of the hit (trace.h), or NULL */
	void *hit;		/* the family's own: what it has of the hit */
	const unsigned long *words;	/* what a tracepoint passes, as many words as its place says */
	char *kept;		/* what the entry of the function keeps for its return, or NULL */
	char *strings;		/* the stack of frames: the next free byte */
	char *strings_end;
	struct stap_match *match;	/* the last =~ or !~, NULL if the script does not ask */
	int holding;		/* so many locks; not interrupted meanwhile */
	unsigned long interrupts;	/* whether they were on before the first one */
	char *message;		/* STAP_MESSAGE_ROOM bytes: what error points to when it was formatted */
};

/* A function of the script that gives a text, as constants of probes have it. */
typedef void stap_text_function(struct stap_context *c, char *result);

/* A probe family: how its probes are set and taken away. */
struct stap_family {
	const char *name;
	const char *type;	/* as probe_type() says it */
	int is_return;		/* its probes hit when a function returns */
	/* Runs or sets the probe; gives 0 or a negative errno. */
	int (*arm)(struct stap_probe *probe);
	void (*disarm)(struct stap_probe *probe);
	const struct stap_place_family *how;	/* the runtime's own, of places in code */
	/* Runs the probe after all others are disarmed; failed says how the session ended. */
	void (*finish)(struct stap_probe *probe, int failed);
};

extern const struct stap_family stap_begin, stap_end, stap_error_family;
extern const struct stap_family stap_never, stap_timer, stap_jiffies, stap_profile;
extern const struct stap_family stap_function, stap_kprobe, stap_return, stap_entry, stap_tracepoint;
extern const struct stap_family stap_perf, stap_counter, stap_watch;
extern const struct stap_family stap_procfs_read, stap_procfs_write, stap_netfilter;

/* One probe point with its handler. */
struct stap_probe {
	const struct stap_family *family;
	const char *point;	/* as messages show it */
	const char *written;	/* as the script has it, or NULL: like point */
	void (*handler)(struct stap_context *c);
	const void *place;	/* the family's own: what the script's C says of the place */
	void *site;		/* the family's own: what it keeps while the probe is set */
	unsigned long address;	/* of the place in code, while the probe is set; else 0 */
	int dispensable;	/* the session goes on where it cannot be set */
	int system_call;	/* where a system call begins: arguments are those of the call */
	int overrides;		/* its handler may leave out the function that it is at the entry of */
	const void *const *constants;	/* what its handler has for this probe alone, or NULL */
	int (*condition)(struct stap_context *c); /* whether its handler can do anything, as far as globals tell; or NULL */
	unsigned int held;	/* why its handler does not run now, of enum stap_hold; 0: it does */
	const char *where;	/* in the script: "file:line:column" */
	const char *origin;	/* the points that it comes from, through aliases */
	unsigned int index;	/* its number among the probes */
	void *account;		/* what each CPU counts of it, a per-CPU pointer (account.c) */
};

/* The instruction that was hit, or where a return goes to; 0 of what is not in code. */
static inline unsigned long stap_hit_address(const struct stap_context *c)
{
	return c->probe->address && !c->probe->family->is_return ? c->probe->address : c->address;
}

/*
 * An address of the kernel or of a module, wherever that was loaded: so many
 * bytes behind a symbol, or of the kernel behind _stext.
 */
struct stap_address {
	const char *module;	/* NULL: the kernel */
	const char *symbol;	/* as kprobes look it up: "vfs_read", "nfs:nfs_open"; NULL: _stext */
	long offset;
};

/* As a symbol: the offset is the address. */
extern const char stap_absolute[];

/* Where it is now; 0: it is not there. */
unsigned long stap_resolve(const struct stap_address *at);

/* stap_function, stap_kprobe: where the place is. */
struct stap_function_place {
	struct stap_address at;
};

/* stap_return: where the function is, and what is kept of its entry. */
struct stap_return_place {
	struct stap_address at;
	stap_ulong active;	/* calls under way that are followed at once, or 0 */
	struct stap_probe *entry;	/* what runs at the entry, or NULL */
	unsigned long kept;	/* how many bytes it keeps, the first word being 1 when that is complete */
};

/* stap_timer, stap_jiffies: how often; the unit is a nanosecond, or the kernel's tick. */
struct stap_timer_place {
	stap_ulong period;
	stap_ulong random;	/* each period is longer or shorter by at most this much */
};

/* stap_perf, stap_counter: an event as perf_event_open(2) names it. */
struct stap_perf_place {
	unsigned int type;
	stap_ulong config;
	stap_ulong period;	/* events between two hits; 0: of a counter, or with a frequency */
	stap_ulong frequency;	/* hits in a second, or 0 */
};

/* stap_watch: memory of the kernel. */
struct stap_watch_place {
	unsigned long address;	/* 0: at is where */
	struct stap_address at;
	unsigned int length;	/* 1, 2, 4 or 8 bytes */
	int reads;		/* hit by reading, too */
};

/* stap_procfs_read, stap_procfs_write: a file in the session's folder. */
struct stap_procfs_place {
	const char *path;
	unsigned int mode;
	unsigned long size;	/* of what is read, at most; 0: as long as a string */
};

/* stap_netfilter: a hook, by the kernel's numbers. */
struct stap_netfilter_place {
	unsigned int hook;
	unsigned char protocol;
	int priority;
};

/* stap_tracepoint: which, and how many of the words that it passes the handler uses, from the first one on. */
struct stap_tracepoint_place {
	const char *name;
	const char *module;	/* NULL: it is the kernel's */
	int words;
};

/* A scalar that can be set when the module is loaded: a number, or a text of MAXSTRINGLEN. */
struct stap_global {
	const char *name;
	stap_long *number;
	char *text;
};

/* All that the runtime knows of a script. */
struct stap_script {
	unsigned int interface;		/* STAP_INTERFACE */
	unsigned int probe_count;
	struct stap_probe *probes;	/* begin first, in the order in which they are armed */
	unsigned long anchor;		/* how far register_kprobe is behind _stext, where addresses count from that; 0: none does */
	unsigned long strings;		/* bytes for frames that one handler can need */
	unsigned long match_bytes;	/* a struct stap_match with its groups, or 0 */
	unsigned long data_size;	/* bytes for arrays */
	unsigned long cpu_data_size;	/* bytes of each CPU's own, for counters and statistics */
	void (*prepare)(void *data);	/* gets the bytes for arrays, all zero */
	int (*allocate)(void);		/* stap_data_allocate, or NULL without such data */
	void (*release)(void);		/* stap_data_release */
	const struct stap_global *globals;
	unsigned int global_count;
	const struct stap_named_lock *locks;
	unsigned int lock_count;
	int timed;			/* -t: each hit is timed, not one of many */
	int guru;			/* -g: it may change what the kernel does */
	void (*conditions)(void);	/* stap_conditions_evaluate, or NULL where no probe has one */
};

extern struct stap_script stap_script;

/*
 * Run the handler of the context's probe. The script has them, since it can call
 * its handlers directly: stap_run() those of probes that hit, as often as the
 * kernel comes by; stap_run_once() those of the session.
 */
void stap_run(struct stap_context *c);
void stap_run_once(struct stap_context *c);

/* What each CPU has for itself, as c->cpu_data has the running one's. */
extern void **stap_cpu_blocks;
extern unsigned int stap_cpu_count;
int stap_data_allocate(void);
void stap_data_release(void);
/* Adds 1 to a number that several CPUs add to at once. */
void stap_count_up(stap_long *count);

/*
 * Conditions of probes (condition.c). A handler that has changed a global that
 * conditions read says so; some time later they are evaluated.
 */
extern int stap_conditions_due;
void stap_conditions_queue(void);
void stap_conditions_evaluate(void);

static inline void stap_conditions_change(void)
{
	__asm__ volatile("" ::: "memory");
	if (stap_unlikely(!__atomic_load_n(&stap_conditions_due, __ATOMIC_RELAXED)))
		stap_conditions_queue();
}

struct stap_json;

/* With --monitor (monitor.c), of the script: writes its globals, and makes them what they were at first. */
struct stap_monitored {
	void (*show)(struct stap_json *json);
	void (*clear)(struct stap_json *json);
};

extern const struct stap_monitored stap_monitored;

struct stap_lock;

/* Between the two no handler uses what the lock (NULL: none) is of; alone: to change it, or to read statistics. */
void stap_json_begin(struct stap_json *json, struct stap_lock *lock, int alone);
void stap_json_end(struct stap_json *json, struct stap_lock *lock, int alone);
void stap_json_name(struct stap_json *json, const char *name);
void stap_json_number(struct stap_json *json, stap_long value);
void stap_json_text(struct stap_json *json, const char *text);
void stap_json_open(struct stap_json *json);
void stap_json_close(struct stap_json *json);
/* An element's name: each of its keys by its number from 0, and the end. */
void stap_json_key_number(struct stap_json *json, int nth, stap_long key);
void stap_json_key_text(struct stap_json *json, int nth, const char *key);
void stap_json_keys_end(struct stap_json *json);

/* A lock of one global variable: readers, or -1 for a writer. */
struct stap_lock {
	int holders;
	unsigned int waits;	/* how often it was not free at once */
	unsigned int timeouts;	/* and not in time */
};

/* A lock with the name of its global, for the report. */
struct stap_named_lock {
	const char *name;
	const struct stap_lock *lock;
};

/* What a session may do; it can be changed while that runs (limits.c). */
struct stap_limits {
	unsigned long maxerrors;	/* errors that do not end the session */
	unsigned long maxskipped;	/* skipped hits before something is done about them */
	unsigned long maxaction;	/* statements of a hit, of handlers that may do more than their text has */
	unsigned long maxtrylock;	/* tries for a lock */
	unsigned long overload_interval;	/* cycles */
	unsigned long overload_threshold;	/* cycles of them in handlers; 0: as many as there are */
	unsigned long strict;		/* 1: what exceeds a limit ends the session */
};

extern struct stap_limits stap_limits;

/*
 * Each gives 1, or 0 after MAXTRYLOCK tries: then the hit is skipped. A handler that
 * holds a lock is not interrupted. An interrupt might want a lock of the kernel's
 * whose owner has hit a probe, too, and waits for the handler.
 */
int stap_lock_read(struct stap_context *c, struct stap_lock *lock);
int stap_lock_write(struct stap_context *c, struct stap_lock *lock);
/* Waits as long as it takes, which must be a few instructions of another CPU. */
void stap_lock_spin(struct stap_context *c, struct stap_lock *lock);
/* The same to read, where other CPUs may take as long as a handler does. */
void stap_lock_await(struct stap_context *c, struct stap_lock *lock);
void stap_unlock_read(struct stap_context *c, struct stap_lock *lock);
void stap_unlock_write(struct stap_context *c, struct stap_lock *lock);

/*
 * Errors: the first one stays until the handler ends or a try catches it. On
 * its way out each function that it passes says where it was (stap_unwind).
 */
void stap_error(struct stap_context *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void stap_unwind(struct stap_context *c, const char *place);
void stap_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes n actions out of what the hit may do; 0 when it is used up. */
static inline int stap_act(struct stap_context *c, int n)
{
#ifdef STAP_SUPPRESS_TIME_LIMITS
	return 1;
#endif
	c->actions -= n;
	if (stap_unlikely(c->actions < 0)) {
		stap_error(c, "MAXACTION exceeded");
		return 0;
	}
	return 1;
}

/* Whether a hit may do n actions, for handlers that never do more: known when they are compiled. */
static inline int stap_may_act(struct stap_context *c, long n)
{
#ifndef STAP_SUPPRESS_TIME_LIMITS
	if (n > MAXACTION_INTERRUPTIBLE && n > (long)stap_limits.maxaction) {
		stap_error(c, "MAXACTION exceeded");
		return 0;
	}
#endif
	return 1;
}

/* What a string takes in a frame, at most. */
#define STAP_STRING_ROOM ((MAXSTRINGLEN + 7UL) / 8 * 8)

/* A frame for the strings of one call; its bytes are not cleared. */
static inline void *stap_push(struct stap_context *c, unsigned long size)
{
	char *frame = c->strings;

	size = (size + 7) / 8 * 8;
	if (stap_unlikely((unsigned long)(c->strings_end - frame) < size)) {
		stap_error(c, "MAXNESTING exceeded");
		return 0;
	}
	c->strings = frame + size;
	return frame;
}

static inline void stap_pop(struct stap_context *c, void *frame)
{
	c->strings = frame;
}

/* Arithmetic that the C language leaves open. */
static inline stap_long stap_divide(struct stap_context *c, stap_long x, stap_long y)
{
	if (stap_unlikely(y == 0)) {
		stap_error(c, "division by 0");
		return 0;
	}
	return y == -1 ? (stap_long)-(stap_ulong)x : x / y;
}

static inline stap_long stap_modulo(struct stap_context *c, stap_long x, stap_long y)
{
	if (stap_unlikely(y == 0)) {
		stap_error(c, "division by 0");
		return 0;
	}
	return y == -1 ? 0 : x % y;
}

static inline stap_long stap_divide_unsigned(struct stap_context *c, stap_ulong x, stap_ulong y)
{
	if (stap_unlikely(y == 0)) {
		stap_error(c, "division by 0");
		return 0;
	}
	return x / y;
}

static inline stap_long stap_modulo_unsigned(struct stap_context *c, stap_ulong x, stap_ulong y)
{
	if (stap_unlikely(y == 0)) {
		stap_error(c, "division by 0");
		return 0;
	}
	return x % y;
}

/* The bits of a 32-bit floating-point number (IEEE 754) as those of the same 64-bit one. */
static inline stap_long stap_widen_float(stap_long bits)
{
	stap_ulong sign = (stap_ulong)(bits & 0x80000000) << 32, fraction = bits & 0x7fffff;
	int exponent = bits >> 23 & 0xff;

	if (exponent == 0xff)		/* infinite, or no number */
		exponent = 0x7ff;
	else if (exponent)
		exponent += 1023 - 127;
	else if (fraction) {		/* too small for the usual form, but not in 64 bits */
		exponent = 1023 - 126;
		for (; !(fraction & 0x800000); exponent--)
			fraction <<= 1;
		fraction &= 0x7fffff;
	}
	return sign | (stap_ulong)exponent << 52 | fraction << 29;
}

/* Arithmetic on the bits of 64-bit floating-point numbers (float.c), and those as text (float_text.c). */
stap_long stap_fp_add(stap_long x, stap_long y);
stap_long stap_fp_multiply(stap_long x, stap_long y);
stap_long stap_fp_divide(stap_long x, stap_long y);
stap_long stap_fp_remainder(stap_long x, stap_long y);
stap_long stap_fp_root(stap_long x);
stap_long stap_fp_equal(stap_long x, stap_long y);
stap_long stap_fp_less(stap_long x, stap_long y);
stap_long stap_fp_from_long(stap_long value);
stap_long stap_fp_to_long(stap_long x, stap_long mode);	/* mode: how it is rounded, as tapsets/floatingpoint.stp says */
stap_long stap_fp_make(int negative, int exponent, stap_ulong significand, int more);
void stap_fp_string(char *dst, stap_long x, stap_long precision);
stap_long stap_fp_from_string(const char *text);

/* Strings: dst has MAXSTRINGLEN bytes and always ends in a NUL. */
void stap_string_copy(char *dst, const char *src);
void stap_string_append(char *dst, const char *src);
int stap_string_compare(const char *x, const char *y);
/* Parts of strings, search, numbers (text.c); words of a string (tokenize.c), of the one before where input is empty. */
void stap_substring(char *dst, const char *text, stap_long start, stap_long length);
stap_long stap_string_position(const char *text, const char *part);	/* -1: it is not there */
void stap_string_replace(char *dst, const char *text, const char *from, const char *to);
stap_long stap_string_number(const char *text, stap_long base);
void stap_tokenize(char *dst, const char *input, const char *delimiters);
/*
 * As C would have it in a source (escape.c), in most characters (0: those of a string): a text, or memory up to a NUL or
 * length bytes (-1: no matter how many). Gives 0 where memory cannot be read.
 */
#define STAP_ESCAPE_QUOTED 1	/* in quotes */
#define STAP_ESCAPE_WHOLE 2	/* a NUL is a byte like others */
#define STAP_ESCAPE_USER 4	/* memory of the current process */
#define STAP_ESCAPE_JSON 8	/* as JSON has it */
void stap_escape_text(char *dst, const char *text, stap_long most, unsigned int flags);
int stap_escape_memory(char *dst, stap_long address, stap_long length, stap_long most, unsigned int flags);
/* The same in quotes; the address, where it cannot be read. */
void stap_quote_memory(char *dst, stap_long address, stap_long length, stap_long most, unsigned int flags);
void stap_address_string(char *dst, stap_long address);

/* Memory of the kernel and of the current process: size is 1, 2, 4 or 8 bytes; faults are errors. */
stap_long stap_kernel_read(struct stap_context *c, stap_long address, int size, int is_signed);
stap_long stap_user_read(struct stap_context *c, stap_long address, int size, int is_signed);
void stap_kernel_write(struct stap_context *c, stap_long address, int size, stap_long value);
void stap_user_write(struct stap_context *c, stap_long address, int size, stap_long value);
/* Sets a bit-field: so many bits from a bit of the first byte (0 to 7) on. */
void stap_kernel_write_bits(struct stap_context *c, stap_long address, int shift, int bits, stap_long value);
void stap_user_write_bits(struct stap_context *c, stap_long address, int shift, int bits, stap_long value);
/* Writes at most so many bytes of a text, and a NUL. */
void stap_kernel_write_string(struct stap_context *c, stap_long address, const char *text, stap_long most);
void stap_user_write_string(struct stap_context *c, stap_long address, const char *text, stap_long most);
/* The nth argument of the probed function, from 0, by the calling convention. */
stap_long stap_argument(struct stap_context *c, int n);
/* What the probed function returned. */
stap_long stap_return_value(struct stap_context *c);
/* Reads a NUL-terminated string; faults are errors. */
void stap_user_string(struct stap_context *c, char *dst, stap_long address);
void stap_kernel_string(struct stap_context *c, char *dst, stap_long address);
/* The same of at most so many bytes. */
void stap_user_string_n(struct stap_context *c, char *dst, stap_long address, stap_long most);
void stap_kernel_string_n(struct stap_context *c, char *dst, stap_long address, stap_long most);
/* The same without an error, and a number of the current process: 0 where it cannot be read. */
int stap_string_at(char *dst, stap_long address, stap_long most, int user);
int stap_number_at(stap_long *value, stap_long address, int size, int is_signed);
/* A string of characters of 2 or 4 bytes, as UTF-8; -1 where it cannot be read, 0 where it is none (wide.c). */
int stap_wide_string_at(char *dst, stap_long address, int size, int user);
void stap_wide_string(struct stap_context *c, char *dst, stap_long address, int size, int user);

/* The $variables of netfilter and procfs probes, and the count of a perf counter on this CPU. */
stap_long stap_netfilter_hooknum(struct stap_context *c);
stap_long stap_netfilter_pf(struct stap_context *c);
stap_long stap_netfilter_skb(struct stap_context *c);
stap_long stap_netfilter_in(struct stap_context *c);
stap_long stap_netfilter_out(struct stap_context *c);
stap_long stap_netfilter_verdict(struct stap_context *c);
void stap_netfilter_set_verdict(struct stap_context *c, stap_long verdict);
void stap_procfs_value(struct stap_context *c, char *dst);
void stap_procfs_set_value(struct stap_context *c, const char *value);
void stap_procfs_append_value(struct stap_context *c, const char *value);
stap_long stap_perf_count(struct stap_context *c, const struct stap_probe *probe);

/* Printing. */
void stap_output_more(struct stap_output *out, unsigned long n);
void stap_put_bytes(struct stap_output *out, const char *text, unsigned long length);
void stap_put_string(struct stap_output *out, const char *text);
void stap_put_long(struct stap_output *out, stap_long value);
void stap_output_string(struct stap_output *out, char *dst);	/* begin printing into dst */
void stap_output_finish(struct stap_output *out);		/* ends what that began */

/*
 * What is short is written in one go, to the relay buffer alone: room for all of
 * it, STAP_ROOM bytes at most, is found once, and after that nothing is checked.
 *
 *	at = stap_room(&c->out, 5 + STAP_LONG_ROOM);
 *	at = stap_write(at, "pid: ", 5);
 *	c->out.at = stap_write_long(at, pid);
 */
#define STAP_ROOM 256UL
#define STAP_LONG_ROOM 24	/* of a number */

static inline char *stap_room(struct stap_output *out, unsigned long n)
{
	if (stap_unlikely((unsigned long)(out->end - out->at) < n))
		stap_output_more(out, n);
	return out->at;
}

static inline char *stap_write(char *at, const char *text, unsigned long length)
{
	__builtin_memcpy(at, text, length);
	return at + length;
}

char *stap_write_long(char *at, stap_long value);

#define STAP_FORMAT_MINUS 1
#define STAP_FORMAT_ZERO 2
#define STAP_FORMAT_PLUS 4
#define STAP_FORMAT_SPACE 8
#define STAP_FORMAT_SHARP 16

/* One conversion of a format: width and precision are -1 when not given. */
struct stap_format {
	int flags;
	stap_long width;
	stap_long precision;
	char conversion;	/* d u o x X p c s b m M */
};

void stap_put_number(struct stap_output *out, struct stap_format f, stap_long value);
void stap_put_text(struct stap_output *out, struct stap_format f, const char *text);
/* The bytes at an address: user memory with STAP_FORMAT_SHARP. Faults are errors. */
void stap_put_memory(struct stap_context *c, struct stap_output *out, struct stap_format f, stap_long address);

/*
 * As C writes them, in quotes: a character, and the string at an address of the
 * kernel or of the current process, of at most limit bytes (-1: to its NUL),
 * with "..." behind it if it is cut. Faults are errors.
 */
void stap_put_quoted_character(struct stap_output *out, char byte);
void stap_put_quoted(struct stap_context *c, struct stap_output *out, stap_long address, stap_long limit);

/* The task in whose context the handler runs (task.c). */
stap_long stap_pid(void);
stap_long stap_tid(void);
stap_long stap_ppid(void);
stap_long stap_pgrp(void);
stap_long stap_sid(void);
stap_long stap_uid(void);
stap_long stap_euid(void);
stap_long stap_gid(void);
stap_long stap_egid(void);
stap_long stap_cpu(void);
void stap_execname(char *dst);
void stap_pexecname(char *dst);
stap_long stap_is_myproc(void);
stap_long stap_time_ns(void);

/* Other clocks, ticks, cycles and the load of the machine (clock.c); a time in seconds as text, and the time zone (calendar.c). */
stap_long stap_clock_monotonic(void);
stap_long stap_clock_local(void);
stap_long stap_clock_cpu(struct stap_context *c, stap_long cpu);
stap_long stap_cycles(void);
stap_long stap_ticks(void);
stap_long stap_ticks_per_second(void);
stap_long stap_load_average(struct stap_context *c, stap_long which);	/* times 2048 */
void stap_load_averages(char *dst);
void stap_calendar(struct stap_context *c, char *dst, stap_long seconds);
stap_long stap_zone_offset(void);
void stap_zone_name(char *dst);

/* 48 random bits (random.c). */
stap_ulong stap_random(void);

/*
 * Paths and open files (file.c): the name of a dentry; its path in its file system, without a slash before it; its
 * path as a task sees it, with the layout of struct mount; "" of no dentry. A file is a struct file, or 0.
 */
void stap_dentry_name(struct stap_context *c, char *dst, stap_long dentry);
void stap_dentry_path(struct stap_context *c, char *dst, stap_long dentry);
void stap_task_path(struct stap_context *c, char *dst, stap_long task, stap_long dentry, stap_long vfsmount,
		    stap_long mount_vfsmount, stap_long mount_parent, stap_long mount_point);
/* So many bytes of the kernel's memory, to a NUL if there is one. */
void stap_kernel_text(struct stap_context *c, char *dst, stap_long address, stap_long length);
stap_long stap_task_file(struct stap_context *c, stap_long task, stap_long fd);
stap_long stap_task_files_most(struct stap_context *c, stap_long task);
stap_long stap_task_files_open(struct stap_context *c, stap_long task);
/* How many bytes an iovec of the current process is for. */
stap_long stap_user_vector_bytes(struct stap_context *c, stap_long vector, stap_long count);

/* The same numbers as the namespaces of another process have them (namespace.c). */
enum stap_id {
	STAP_ID_PROCESS, STAP_ID_THREAD, STAP_ID_PARENT, STAP_ID_GROUP, STAP_ID_SESSION,
	STAP_ID_USER, STAP_ID_EFFECTIVE_USER, STAP_ID_USER_GROUP, STAP_ID_EFFECTIVE_USER_GROUP,
};
stap_long stap_namespace_id(struct stap_context *c, enum stap_id id);

/*
 * Tasks by their address or number (tasks.c). An address that is no task's is a
 * run-time error, or what its bytes say.
 */
stap_long stap_current_task(void);
stap_long stap_user_registers(void);
stap_long stap_task_of_number(stap_long number);
stap_long stap_task_owner(struct stap_context *c, stap_long address, enum stap_id id);
stap_long stap_task_namespace_id(struct stap_context *c, stap_long address, enum stap_id id);

/* Memory as the kernel counts it (usage.c): of a struct mm_struct, one of its counters; of this machine. */
stap_long stap_memory_pages(struct stap_context *c, stap_long mm, stap_long counter);
stap_long stap_page_size(void);
stap_long stap_node_of(struct stap_context *c, stap_long address);
stap_long stap_allocation_kernel(void);
void stap_allocation_flags(char *dst, stap_long flags);

/* The current process's memory of its start (process.c). */
void stap_command_line(struct stap_context *c, char *dst, stap_long first, stap_long last, const char *delimiter);
void stap_environment(struct stap_context *c, char *dst, const char *name);

/* What the text of a probe point says (point.c). */
void stap_point_argument(char *dst, const char *point, const char *component);

/* Where the hit is (hit.c). */
void stap_symbol(char *dst, stap_long address);
void stap_symbol_module(struct stap_context *c, char *dst, stap_long address);
stap_long stap_user_mode(struct stap_context *c);
stap_long stap_is_32_bit_process(void);
stap_long stap_user_address(void);

/* Arguments from 1 and the result, or an error (convention.c). */
stap_long stap_argument_checked(struct stap_context *c, stap_long n);
stap_long stap_long_argument_checked(struct stap_context *c, stap_long n);	/* of the type long of who calls */
void stap_set_argument_checked(struct stap_context *c, stap_long n, stap_long value);
stap_long stap_return_value_checked(struct stap_context *c);
void stap_set_return_value_checked(struct stap_context *c, stap_long value);

/* The system call that the current task is in (systemcall.c); narrow: of a caller of 32 bits, whose arguments have no more. */
#define STAP_SYSTEM_CALL_ARGUMENTS 6
int stap_system_call_narrow(void);
stap_long stap_system_call_number(void);
/* All arguments, one of them counted from 0, and another value of one; gives whether the caller is narrow. */
int stap_system_call_arguments(stap_ulong arguments[STAP_SYSTEM_CALL_ARGUMENTS]);
stap_long stap_system_call_argument(stap_long n);
void stap_system_call_set(stap_long n, stap_long value);
/* Those that socketcall(2) has in memory. */
int stap_socket_call_arguments(stap_ulong arguments[STAP_SYSTEM_CALL_ARGUMENTS]);
stap_long stap_socket_call_argument(stap_long n);

/*
 * Errors (errno.c): the name of a number or of its opposite, NULL if there is none, or as a text; and what a function
 * returned, in hexadecimal (format 2), octal (3) or decimal.
 */
const char *stap_error_name(stap_long number);
void stap_error_string(char *dst, stap_long number);
void stap_return_string(char *dst, stap_long format, stap_long value);

/* Where a variable of the kernel or of a module is, of those that the script names. */
struct stap_data_address {
	struct stap_address at;
	unsigned long address;	/* 0: it is not loaded now */
};

extern struct stap_data_address stap_data_addresses[];
extern const unsigned int stap_data_address_count;
stap_long stap_data_address(struct stap_context *c, unsigned int n);
/* How far this CPU's copy of per-CPU data is behind where that was linked. */
stap_long stap_cpu_offset(void);

/* The registers of the hit (registers.c), by DWARF's numbers; of those that are set, bits from shift on. */
stap_long stap_register(struct stap_context *c, int n);
void stap_set_register(struct stap_context *c, int n, int shift, int bits, stap_long value);
void stap_set_argument_bits(struct stap_context *c, int n, int bits, stap_long value);
void stap_print_registers(struct stap_context *c);
/* One by its name, without a sign or with that of its size; an error where there is none. */
stap_long stap_register_named(struct stap_context *c, const char *name, int is_signed);

/* The kernel's stack (stack.c). */
stap_long stap_stack_size(void);
stap_long stap_stack_unused(void);
stap_long stap_caller(struct stap_context *c);
void stap_caller_name(struct stap_context *c, char *dst);
void stap_callers(struct stap_context *c, char *dst, stap_long levels);
void stap_print_backtrace(struct stap_context *c);
void stap_sprint_backtrace(struct stap_context *c, char *dst);
void stap_backtrace(struct stap_context *c, char *dst);
stap_long stap_stack_address(struct stap_context *c, stap_long depth);
void stap_task_backtrace(struct stap_context *c, char *dst, stap_long task);
enum stap_unknown { STAP_TASK_UNKNOWN, STAP_USER_UNKNOWN };
void stap_not_known(enum stap_unknown what);
void stap_symbol_data(char *dst, stap_long address);
void stap_print_symbols(struct stap_context *c, const char *list);
void stap_sprint_symbols(struct stap_context *c, char *dst, const char *list);

/* Code that the script has the lines of (lines.c): of the kernel, or a section of a module. */
struct stap_line_part {
	struct stap_address at;
	const unsigned char *table, *table_end;
	unsigned int position, size;	/* in the table; bytes */
	int initial;			/* it is code of a module's start, and gone after that */
	unsigned long address;		/* 0: it is not there now */
};

extern struct stap_line_part stap_line_parts[];
extern const unsigned int stap_line_part_count;
void stap_symbol_file(char *dst, stap_long address);
void stap_symbol_line(char *dst, stap_long address);
void stap_symbol_file_line(char *dst, stap_long address);
void stap_print_backtrace_lines(struct stap_context *c);
/*
 * Whether the function that was hit has been called in one of several ways. Each is
 * a length and that many distances of return addresses from the place that was hit,
 * the nearest caller's first; 0 ends them. inside: the place is no function's entry.
 */
int stap_called_from(struct stap_context *c, const long *chains, int inside);

/* The session (session.c), its processes (target_set.c) and its module (module.c). */
stap_long stap_target(void);
stap_long stap_target_set_has(stap_long pid);
void stap_target_set_report(struct stap_context *c);
stap_long stap_staprun_pid(void);
void stap_module_name(char *dst);
void stap_module_size(char *dst);

/* Writes a line to the kernel's log, once that is safe (log.c). */
void stap_printk(struct stap_context *c, stap_long level, const char *text);
/* Writes a line to the buffer of ftrace (ftrace.c). */
void stap_trace_text(const char *text);

/* What a script does to the process and the machine that it meets (guru.c). */
void stap_raise(struct stap_context *c, stap_long number);
void stap_delay(struct stap_context *c, stap_long count, stap_long unit);	/* unit: in nanoseconds */
void stap_dump_stack(void);
void stap_panic(const char *message);

/* The function that is being entered does not run (override.c); its caller gets value. */
void stap_override_return(struct stap_context *c, stap_long value);
void stap_skip_call(struct stap_context *c);
/* It begins so many milliseconds later, its caller sleeps meanwhile. */
void stap_delay_call(struct stap_context *c, stap_long milliseconds);
/* It runs so many milliseconds later, its caller goes on at once (defer.c). */
void stap_defer_call(struct stap_context *c, stap_long milliseconds);
void stap_defer_call_returning(struct stap_context *c, stap_long milliseconds, stap_long value);
stap_long stap_cancel_deferred(stap_long argument);
/* Whether the call that was hit is one that was to run later. */
int stap_is_deferred(void);

/* A request of the block layer fails (block.c); what happens to packets (network.c). */
void stap_bio_fail(struct stap_context *c, stap_long bio, stap_long error);
stap_long stap_packet_port(stap_long packet, int destination);
void stap_packet_drop(struct stap_context *c, stap_long packet);
void stap_packet_duplicate(struct stap_context *c, stap_long packet);
void stap_packet_corrupt(struct stap_context *c, stap_long packet, stap_long n);

/* Addresses and other bytes as text, and headers of packets (inet.c). An IPv4 address is in the network's order. */
void stap_ipv4_text(char *dst, stap_long address);
void stap_ipv6_text(struct stap_context *c, char *dst, stap_long address);
void stap_hex_text(struct stap_context *c, char *dst, stap_long address, stap_long length, int separator);
void stap_printable_text(struct stap_context *c, char *dst, stap_long address, stap_long length);
stap_long stap_ip_protocol(stap_long header);
stap_long stap_packet_header(stap_long packet, stap_long header, stap_long wanted, stap_long size);
stap_long stap_jiffies_us(stap_long ticks);

/* Names of what sockets are (socket.c): of a number, or its digits; of a name, or -1; of bits, with | between. */
enum stap_socket_names {
	STAP_SOCKET_FAMILY, STAP_SOCKET_PROTOCOL, STAP_SOCKET_TYPE, STAP_SOCKET_STATE, STAP_SOCKET_FLAG, STAP_MESSAGE_FLAG,
	STAP_TCP_STATE, STAP_TCP_OPTION, STAP_IPV6_OPTION,
};
void stap_socket_name(char *dst, enum stap_socket_names names, stap_long number);
stap_long stap_socket_number(enum stap_socket_names names, const char *name);
void stap_socket_bits(char *dst, enum stap_socket_names names, stap_long bits);

/* A fault that the script asks for (fault.c). Functions take the name of one, which stands in this table. */
struct stap_fault {
	char name[32];
	void *state;	/* fault.c's own */
};

extern struct stap_fault stap_faults[];
extern const unsigned int stap_faults_count;
/* Whether the call fails; it may say a number of itself, or several from the first one on, and a text. */
int stap_fault(const char *name);
int stap_fault_at(const char *name, stap_long first, stap_long count);
int stap_fault_on(const char *name, const char *text, stap_long first, stap_long count);
void stap_fault_set(struct stap_context *c, const char *name, const char *settings);
/* Of numbers from first on, the first one that the fault's range has. */
stap_long stap_fault_first(const char *name, stap_long first);
stap_long stap_fault_injected(const char *name);
stap_long stap_fault_calls(const char *name);

/* Asks for the session's end; the handler goes on. */
void stap_exit(void);
/* The same, and the handler ends here: by an error that nothing catches and nobody reports. */
void stap_abort(struct stap_context *c);

/* What a script asks of staprun (request.c): another file for the output; to run a command. */
void stap_switch_file(void);
void stap_system(struct stap_context *c, const char *command);

/* For embedded C. */
#define CONTEXT c
#define STAP_PRINTF(...) stap_printf(c, __VA_ARGS__)
void stap_printf(struct stap_context *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#include "match.h"
#include "text.h"

#endif
