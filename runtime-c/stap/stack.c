/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The kernel's stack under the handler: its size, who called the place that was
 * hit, and that as text. The kernel finds frames by its own tables (ORC) and
 * names them by kallsyms, so that neither needs data of the module's.
 */
#include <linux/kallsyms.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>
#include "entry.h"
#include "unwind.h"

#ifndef MAXBACKTRACE
#define MAXBACKTRACE 20
#endif

#define STAP_FRAMES (MAXBACKTRACE > 128 ? MAXBACKTRACE : 128)

/* Room for a symbol, its offset and size, its module, and that it is a guess. */
#define STAP_INEXACT " (inexact)"
#define STAP_SYMBOL_TEXT (KSYM_SYMBOL_LEN + sizeof(" [kernel]" STAP_INEXACT))

/* What is too much for a stack that may be nearly full; a handler has its CPU's to itself. */
static struct stap_stack_cpu {
	unsigned long frames[STAP_FRAMES];	/* return addresses, innermost first */
	struct pt_regs registers;		/* where a walk begins */
	char text[STAP_SYMBOL_TEXT];		/* of stap_symbol_text()'s callers */
	char before[KSYM_SYMBOL_LEN];
} __percpu *stap_stack_cpus;

const struct stap_unit STAP_UNIT(stack) = {
	.load = stap_unwind_load, .cpu_size = sizeof(struct stap_stack_cpu), .cpu_area = (void __percpu **)&stap_stack_cpus,
};

stap_long stap_stack_size(void)
{
	return THREAD_SIZE;
}

/* A stack begins at a multiple of its size and grows down to there. */
stap_long stap_stack_unused(void)
{
	return (unsigned long)__builtin_frame_address(0) & (THREAD_SIZE - 1);
}

/* Where the function that was hit returns to, if the hit is at its entry; 0 if that is not known. */
static unsigned long stap_return_address(struct stap_context *c)
{
	struct pt_regs *registers = stap_saved_registers(c);

	return registers ? stap_machine_caller(registers) : 0;
}

/* Where the hit is in the kernel; 0 where it interrupted a process, which is on no stack of the kernel's. */
static unsigned long stap_kernel_address(struct stap_context *c)
{
	return c->registers && user_mode((struct pt_regs *)c->registers) ? 0 : stap_hit_address(c);
}

/* What a walk found, innermost first: those behind the exact ones are guesses of the unwinder's. */
struct stap_stack {
	unsigned long *frames;
	unsigned int n, exact;
};

#ifdef STAP_MACHINE_UNWIND
/* Adds the frames around those registers, from NULL on around this call. */
static void stap_unwind_from(struct stap_stack *stack, struct pt_regs *registers)
{
	struct pt_regs *room = &this_cpu_ptr(stap_stack_cpus)->registers;
	struct unwind_state state;
	unsigned long address, hidden;

	unwind_start(&state, current, registers, NULL);
	while (!unwind_done(&state) && stack->n < STAP_FRAMES) {
		address = unwind_get_return_address(&state);
		if (!address)
			break;
		hidden = stap_unwind_hidden(&state, room, address);
		if ((hidden || !unwind_error(&state)) && stack->exact == stack->n)
			stack->exact++;
		stack->frames[stack->n++] = hidden ?: address;
		if (!hidden)
			unwind_next_frame(&state);
	}
}

/*
 * From the registers of the hit, with neither the handler's frames nor code
 * that a probe made and the unwinder knows nothing of in between. A breakpoint
 * leaves the instruction pointer behind the place, where the stack may be
 * another: the registers are copied and put back to it. At a return the walk from here is as
 * good, where the unwinder can tell what is behind the return.
 */
static bool stap_walk_from_hit(struct stap_context *c, unsigned long hit, struct stap_stack *stack)
{
	struct pt_regs *at_hit = &this_cpu_ptr(stap_stack_cpus)->registers, *registers = stap_saved_registers(c);

	if (!registers || !hit || (c->probe->family->is_return && !STAP_RETURNS_HIDDEN))
		return false;
	*at_hit = *registers;
	at_hit->ip = hit;
	stack->frames[0] = hit;
	stack->exact = stack->n = 1;
	stap_unwind_from(stack, at_hit);
	return stack->n > 1;
}
#else
static bool stap_walk_from_hit(struct stap_context *c, unsigned long hit, struct stap_stack *stack)
{
	return false;
}
#endif

static unsigned int stap_walk_from_here(struct stap_stack *stack)
{
#if STAP_RETURNS_HIDDEN
	stack->n = 0;
	stap_unwind_from(stack, NULL);
#else
	stack->n = stack_trace_save(stack->frames, STAP_FRAMES, 0);
#endif
	stack->exact = STAP_FRAMES;
	return stack->n;
}

#ifdef STAP_MACHINE_LINK
/* Where the function returns to that was entered last of those with a probe of their return; 0: not known. */
static unsigned long stap_kretprobe_caller(void)
{
#if defined(CONFIG_KRETPROBES) && !defined(CONFIG_KRETPROBE_ON_RETHOOK)
	struct llist_node *last = READ_ONCE(current->kretprobe_instances.first);

	return last ? (unsigned long)container_of(last, struct kretprobe_instance, llist)->ret_addr : 0;
#else
	return 0;
#endif
}
#endif

/*
 * Where a function was hit at its first instruction, other than by the kernel's tracer, which makes a
 * frame for it, the walk knows nothing of its caller where no frame has that yet: it is put in.
 */
static unsigned int stap_add_caller(struct stap_context *c, unsigned long hit, unsigned long *frames, unsigned int n)
{
#ifdef STAP_MACHINE_LINK
	char *text = this_cpu_ptr(stap_stack_cpus)->before, *plus;
	unsigned long caller = stap_return_address(c);

	if (!hit || c->arguments || c->probe->family->is_return || !caller)
		return n;
	sprint_symbol(text, hit);
	plus = strrchr(text, '+');
	if (!plus || strncmp(plus, "+0x0/", 5))
		return n;
	sprint_symbol(text, caller);
	if (strstr(text, "kretprobe_trampoline"))
		caller = stap_kretprobe_caller();
	if (!caller || (n > 1 && frames[1] == caller))
		return n;
	n = min_t(unsigned int, n + 1, STAP_FRAMES - (frames - this_cpu_ptr(stap_stack_cpus)->frames));
	memmove(frames + 2, frames + 1, (n - 2) * sizeof(*frames));
	frames[1] = caller;
#endif
	return n;
}

/*
 * The frames from the hit on: first its own address. Where the registers of the
 * hit are not enough the stack is walked from here, so the handler's frames and
 * those of what called it come first; where the walk does not get through them
 * there are the hit and what looks like its caller.
 */
static struct stap_stack stap_walk(struct stap_context *c)
{
	struct stap_stack stack = { .frames = this_cpu_ptr(stap_stack_cpus)->frames };
	unsigned long *all = stack.frames, hit = stap_kernel_address(c);
	unsigned int n, i;

	if (stap_walk_from_hit(c, hit, &stack))
		return stack;
	n = stap_walk_from_here(&stack);
	for (i = 0; i < n; i++) {
		/* the hit's frame is a few bytes further on: behind what the probe put there */
		if (hit ? all[i] - hit < 16 : !within_module(all[i], THIS_MODULE))
			break;
	}
	if (i == n && hit) {
		i = 0;
		all[1] = stap_return_address(c);
		n = all[1] ? 2 : 1;
		stack.exact = 1;
	}
	if (hit)
		all[i] = hit;
	stack.frames = all + i;
	stack.n = stap_add_caller(c, hit, stack.frames, n - i);
	stack.exact = min(stack.exact, stack.n);
	return stack;
}

#ifndef STAP_CALLEE_MATCHALL
/* What a probe of a return puts in place of the address that the function returns to, once that is known. */
static unsigned long stap_trampoline;

/* A landing pad of this size may be between a function's entry and what was hit. */
#define STAP_LANDING 4

static bool stap_returns_to(struct stap_context *c, unsigned long address, long distance, int inside)
{
	long found = address - stap_hit_address(c);

	return found == distance || (!inside && found == distance - STAP_LANDING);
}
#endif

int stap_called_from(struct stap_context *c, const long *chains, int inside)
{
#ifdef STAP_CALLEE_MATCHALL
	return 1;
#else
	struct stap_stack stack;
	unsigned long nearest = inside ? 0 : stap_return_address(c);
	unsigned long trampoline = READ_ONCE(stap_trampoline);
	const long *chain;
	bool deep = !nearest || !trampoline || nearest == trampoline;
	long i;

	for (chain = chains; chain[0] && nearest; chain += 1 + chain[0]) {
		if (!stap_returns_to(c, nearest, chain[1], 0))
			continue;
		if (chain[0] == 1)
			return 1;
		deep = true;
	}
	if (!deep)
		return 0;
	stack = stap_walk(c);
	if (nearest && stack.n > 1 && stack.frames[1] != nearest)
		WRITE_ONCE(stap_trampoline, nearest);
	for (chain = chains; chain[0]; chain += 1 + chain[0]) {
		for (i = 1; i <= chain[0] && i < stack.n; i++)
			if (!stap_returns_to(c, stack.frames[i], chain[i], inside))
				break;
		if (i > chain[0])
			return 1;
	}
	return 0;
#endif
}

stap_long stap_caller(struct stap_context *c)
{
	struct stap_stack stack = stap_walk(c);

	if (stack.n >= 2)
		return stack.frames[1];
	stap_error(c, "the caller is not known");
	return 0;
}

void stap_caller_name(struct stap_context *c, char *dst)
{
	unsigned long address = stap_caller(c);
	size_t used;

	if (!address)
		return;
	stap_symbol(dst, address);
	used = strlen(dst);
	if (snprintf(dst + used, MAXSTRINGLEN - used, " 0x%lx", address) >= MAXSTRINGLEN - used)
		stap_string_cut();
}

static void stap_join_addresses(char *dst, const unsigned long *addresses, unsigned int n)
{
	unsigned int i;
	size_t used = 0;

	dst[0] = 0;
	for (i = 0; i < n; i++) {
		size_t length = snprintf(dst + used, MAXSTRINGLEN - used, "%s0x%lx", i ? " " : "", addresses[i]);

		if (used + length >= MAXSTRINGLEN) { /* whole addresses only */
			dst[used] = 0;
			stap_string_cut();
			return;
		}
		used += length;
	}
}

/* The hit's address and those of that many callers; of all if levels is negative. */
void stap_callers(struct stap_context *c, char *dst, stap_long levels)
{
	struct stap_stack stack = stap_walk(c);

	if (levels >= 0 && levels < stack.n)
		stack.n = levels + 1;
	stap_join_addresses(dst, stack.frames, stack.n);
}

/* What an address is: of an instruction, or of the one behind a call, which may be past its function's end. */
enum stap_frame_kind { STAP_FRAME_CODE, STAP_FRAME_RETURN };

/*
 * "name+0x1/0x2 [module]", the bare address in hexadecimal of what no symbol
 * is at. A call that does not return may be a function's last instruction: the
 * address behind it is looked up as the one before it.
 */
static char *stap_symbol_text(unsigned long address, enum stap_frame_kind kind)
{
	char *dst = this_cpu_ptr(stap_stack_cpus)->text;
	unsigned long offset, size;
	char *plus;
	int read = 0;

	sprint_symbol(dst, address);
	plus = strrchr(dst, '+');
	if (!plus || sscanf(plus, "+0x%lx/0x%lx%n", &offset, &size, &read) != 2)
		return dst;
	if (!offset && kind == STAP_FRAME_RETURN) {
		char *before = this_cpu_ptr(stap_stack_cpus)->before, *end;

		sprint_symbol(before, address - 1);
		end = strrchr(before, '+');
		if (end && sscanf(end, "+0x%lx/0x%lx%n", &offset, &size, &read) == 2) {
			snprintf(dst, STAP_SYMBOL_TEXT, "%.*s+0x%lx/0x%lx%s", (int)(end - before), before, offset + 1, size, end + read);
			plus = dst + (end - before);
		}
	}
	if (!strchr(plus, '['))
		strcat(dst, " [kernel]");
	return dst;
}

void stap_symbol_data(char *dst, stap_long address)
{
	stap_string_copy(dst, stap_symbol_text(address, STAP_FRAME_CODE));
}

/* note, which may be NULL, prints something about the instruction between the symbol and its module. */
static void stap_print_frame(struct stap_context *c, unsigned long address, enum stap_frame_kind kind, bool exact, stap_frame_note note)
{
	const char *text = stap_symbol_text(address, kind), *guess = exact ? "" : STAP_INEXACT, *module;

	if (!strncmp(text, "0x", 2)) {
		stap_printf(c, " 0x%lx%s\n", address, guess);
		return;
	}
	module = note ? strrchr(text, ' ') : NULL;
	if (!module) {
		stap_printf(c, " 0x%lx : %s%s\n", address, text, guess);
		return;
	}
	stap_printf(c, " 0x%lx : %.*s", address, (int)(module - text), text);
	note(c, kind == STAP_FRAME_RETURN ? address - 1 : address);
	stap_printf(c, "%s%s\n", module, guess);
}

/* Adds "name+0x1 [module]" and a new line, without the size; false where that does not fit. */
static bool stap_add_frame(char *dst, size_t *used, unsigned long address, enum stap_frame_kind kind, bool exact)
{
	char *text = stap_symbol_text(address, kind), *size, *module;
	size_t length;

	size = strrchr(text, '/');
	module = strstr(text, " [");
	if (size && module && size < module)
		memmove(size, module, strlen(module) + 1);
	if (!exact)
		strcat(text, STAP_INEXACT);
	length = strlen(text);
	if (*used + length + 1 >= MAXSTRINGLEN) {
		stap_string_cut();
		return false;
	}
	memcpy(dst + *used, text, length);
	*used += length;
	dst[(*used)++] = '\n';
	dst[*used] = 0;
	return true;
}

/*
 * The frames of a backtrace, at most MAXBACKTRACE; none where the hit is on no
 * stack of the kernel's that says anything: at the session's own points, and
 * where a process was interrupted in its own code.
 */
static struct stap_stack stap_backtrace_frames(struct stap_context *c)
{
	const struct stap_family *family = c->probe->family;
	struct stap_stack stack = { .n = 0 };

	if (family == &stap_begin || family == &stap_end || family == &stap_error_family)
		return stack;
	if (c->registers && user_mode((struct pt_regs *)c->registers))
		return stack;
	stack = stap_walk(c);
	stack.n = min_t(unsigned int, stack.n, MAXBACKTRACE);
	return stack;
}

/* The first frame is a return address, too, where nothing in code was hit. */
static enum stap_frame_kind stap_frame_kind(struct stap_context *c, unsigned int i)
{
	return i || c->probe->family->is_return || !stap_kernel_address(c) ? STAP_FRAME_RETURN : STAP_FRAME_CODE;
}

void stap_print_frames(struct stap_context *c, stap_frame_note note)
{
	struct stap_stack stack = stap_backtrace_frames(c);
	unsigned int i;

	if (!stack.n) {
		stap_printf(c, "<no kernel backtrace at %s>\n", c->probe->point);
		return;
	}
	if (c->probe->family->is_return && c->probe->address) {
		stap_printf(c, "Returning from: ");
		stap_print_frame(c, c->probe->address, STAP_FRAME_CODE, true, note);
		stap_printf(c, "Returning to  : ");
	}
	for (i = 0; i < stack.n; i++)
		stap_print_frame(c, stack.frames[i], stap_frame_kind(c, i), i < stack.exact, note);
}

void stap_print_backtrace(struct stap_context *c)
{
	stap_print_frames(c, NULL);
}

void stap_sprint_backtrace(struct stap_context *c, char *dst)
{
	struct stap_stack stack = stap_backtrace_frames(c);
	unsigned int i;
	size_t used = 0;

	dst[0] = 0;
	for (i = 0; i < stack.n; i++)
		if (!stap_add_frame(dst, &used, stack.frames[i], stap_frame_kind(c, i), i < stack.exact))
			return;
}

void stap_backtrace(struct stap_context *c, char *dst)
{
	struct stap_stack stack = stap_backtrace_frames(c);

	stap_join_addresses(dst, stack.frames, stack.n);
}

stap_long stap_stack_address(struct stap_context *c, stap_long depth)
{
	struct stap_stack stack = stap_backtrace_frames(c);

	if (depth >= 0 && depth < stack.n)
		return stack.frames[depth];
	stap_error(c, "the backtrace has %u frames, none at depth %lld", stack.n, depth);
	return 0;
}

/* The stack of another task may go away while it is read: what would keep it is not exported. */
void stap_task_backtrace(struct stap_context *c, char *dst, stap_long task)
{
	if (task == (stap_long)(unsigned long)current) {
		stap_backtrace(c, dst);
		return;
	}
	dst[0] = 0;
	stap_not_known(STAP_TASK_UNKNOWN);
}

/* Says once in a session why something is not known. */
void stap_not_known(enum stap_unknown what)
{
	static const char *const reasons[] = {
		[STAP_TASK_UNKNOWN] = "frames of another task than the current one are not known: its stack cannot be kept while it is read",
		[STAP_USER_UNKNOWN] = "missing unwind/symbol data for user-space programs: none is taken along into the module, not with -d or --ldd either",
	};
	static atomic_t said[ARRAY_SIZE(reasons)];

	if (!atomic_xchg(&said[what], 1))
		stap_warning("%s", reasons[what]);
}

/* The next address of a list in hexadecimal; false at its end, or with an error where it is no such list. */
static bool stap_next_address(struct stap_context *c, const char **list, unsigned long *address)
{
	int read = 0;

	*list += strspn(*list, " \n");
	if (!**list)
		return false;
	if (sscanf(*list, "%lx%n", address, &read) != 1 || ((*list)[read] && !strchr(" \n", (*list)[read]))) {
		stap_error(c, "'%.40s' does not begin with an address in hexadecimal", *list);
		return false;
	}
	*list += read;
	return true;
}

void stap_print_symbols(struct stap_context *c, const char *list)
{
	unsigned long address;

	while (stap_next_address(c, &list, &address))
		stap_print_frame(c, address, STAP_FRAME_CODE, true, NULL);
}

void stap_sprint_symbols(struct stap_context *c, char *dst, const char *list)
{
	char *lines = c->message; /* the list may be where the result goes */
	unsigned long address;
	size_t used = 0;

	lines[0] = 0;
	while (stap_next_address(c, &list, &address) && stap_add_frame(lines, &used, address, STAP_FRAME_CODE, true))
		;
	stap_string_copy(dst, lines);
}
