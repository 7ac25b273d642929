/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls on signals. */
#include "stap.h"

#define SIGACTION_NAMES(N) \
	N(SA_NOCLDSTOP, 0x1) N(SA_NOCLDWAIT, 0x2) N(SA_SIGINFO, 0x4) N(SA_UNSUPPORTED, 0x400) N(SA_EXPOSE_TAGBITS, 0x800) \
	N(SA_RESTORER, 0x4000000) N(SA_ONSTACK, 0x8000000) N(SA_RESTART, 0x10000000) N(SA_NODEFER, 0x40000000) \
	N(SA_RESETHAND, 0x80000000)
const struct stap_names stap_sigaction_names = STAP_NAMES(SIGACTION_NAMES, 0);

#define SIGMASK_HOW_NAMES(N) \
	N(SIG_BLOCK, 0) N(SIG_UNBLOCK, 1) N(SIG_SETMASK, 2)
const struct stap_names stap_sigmask_how_names = STAP_NAMES(SIGMASK_HOW_NAMES, STAP_ONE_OF);

#define STACK_FLAGS_NAMES(N) \
	N(SS_ONSTACK, 0x1) N(SS_DISABLE, 0x2) N(SS_AUTODISARM, 0x80000000)
const struct stap_names stap_stack_flags_names = STAP_NAMES(STACK_FLAGS_NAMES, 0);

#define NOTIFY_HOW_NAMES(N) \
	N(SIGEV_SIGNAL, 0) N(SIGEV_NONE, 1) N(SIGEV_THREAD, 2) N(SIGEV_THREAD_ID, 4)
const struct stap_names stap_notify_how_names = STAP_NAMES(NOTIFY_HOW_NAMES, STAP_ONE_OF);

#define SIGNAL_CODE_NAMES(N) \
	N(SI_USER, 0) N(SI_KERNEL, 128) N(SI_QUEUE, 0xffffffff) N(SI_TIMER, 0xfffffffe) N(SI_MESGQ, 0xfffffffd) \
	N(SI_ASYNCIO, 0xfffffffc) N(SI_SIGIO, 0xfffffffb) N(SI_TKILL, 0xfffffffa) N(SI_ASYNCNL, 0xffffffc4) \
	N(SI_DETHREAD, 0xfffffff9)
const struct stap_names stap_signal_code_names = STAP_NAMES(SIGNAL_CODE_NAMES, STAP_ONE_OF);

#define SIGNALFD_NAMES(N) \
	N(SFD_NONBLOCK, 0x800) N(SFD_CLOEXEC, 0x80000)
const struct stap_names stap_signalfd_names = STAP_NAMES(SIGNALFD_NAMES, 0);

#define PIDFD_SIGNAL_NAMES(N) \
	N(PIDFD_SIGNAL_THREAD, 0x1) N(PIDFD_SIGNAL_THREAD_GROUP, 0x2) N(PIDFD_SIGNAL_PROCESS_GROUP, 0x4)
const struct stap_names stap_pidfd_signal_names = STAP_NAMES(PIDFD_SIGNAL_NAMES, 0);

#define STAP_SIGNALS 64
#define STAP_RTMIN 32

static const char stap_signal_texts[STAP_RTMIN][7] = {
	"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
	"STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
};

/* Without "SIG". */
static void stap_text_signal_name(struct stap_text *t, int number)
{
	const char *name;

	if (number == STAP_RTMIN) {
		stap_text_put(t, "RTMIN", 5);
	} else if (number > STAP_RTMIN) {
		stap_text_put(t, "RT_", 3);
		stap_text_decimal(t, number - STAP_RTMIN);
	} else {
		name = stap_signal_texts[number];
		stap_text_put(t, name, name[5] ? 6 : __builtin_strlen(name));
	}
}

void stap_text_signal(struct stap_text *t, stap_long value)
{
	int number = value;

	if (number <= 0 || number > STAP_SIGNALS) {
		stap_text_decimal(t, number);
		return;
	}
	stap_text_put(t, "SIG", 3);
	stap_text_signal_name(t, number);
}

/* A set as its members, or, shorter, as those that it lacks. */
static void stap_text_sigset_value(struct stap_text *t, stap_ulong set)
{
	const char *separator = "";
	int number, members = 0;

	for (number = 0; number < STAP_SIGNALS; number++)
		members += set >> number & 1;
	if (members > 2 * STAP_SIGNALS / 3) {
		stap_text_put(t, "~", 1);
		set = ~set;
	}
	stap_text_open(t, "[");
	for (number = 1; number <= STAP_SIGNALS; number++) {
		if (!(set >> (number - 1) & 1))
			continue;
		stap_text_plain(t, separator);
		stap_text_signal_name(t, number);
		separator = " ";
	}
	stap_text_close(t, "]");
}

void stap_text_sigset(struct stap_text *t, stap_long address, stap_long size)
{
	stap_ulong set;

	if (!address || size != 8 || !stap_text_read_number(&set, address, 8))
		stap_text_pointer(t, address);
	else
		stap_text_sigset_value(t, set);
}

/* A set of the first signals, in a word of the caller's: at an address, and as an argument. */
void stap_text_old_sigset(struct stap_text *t, stap_long address)
{
	stap_ulong set;

	if (!address || !stap_text_read_number(&set, address, stap_text_word()))
		stap_text_pointer(t, address);
	else
		stap_text_sigset_value(t, set);
}

void stap_text_sigmask(struct stap_text *t, stap_long value)
{
	stap_text_sigset_value(t, (unsigned int)value);
}

void stap_text_signal_handler(struct stap_text *t, stap_long value)
{
	switch (value) {
	case 0: stap_text_plain(t, "SIG_DFL"); break;
	case 1: stap_text_plain(t, "SIG_IGN"); break;
	default: stap_text_hex(t, value);
	}
}

/* The parts of a sigaction, in the order in which they are written. */
struct stap_sigaction {
	stap_ulong handler, flags, restorer, mask;
};

static void stap_text_action(struct stap_text *t, const struct stap_sigaction *action)
{
	stap_text_open(t, "{");
	stap_text_name(t, "sa_handler");
	stap_text_signal_handler(t, action->handler);
	stap_text_name(t, "sa_mask");
	stap_text_sigset_value(t, action->mask);
	stap_text_name(t, "sa_flags");
	stap_text_flags(t, (unsigned int)action->flags, &stap_sigaction_names);
	if (action->flags & 0x4000000) { /* SA_RESTORER */
		stap_text_name(t, "sa_restorer");
		stap_text_hex(t, action->restorer);
	}
	stap_text_close(t, "}");
}

void stap_text_sigaction(struct stap_text *t, stap_long address)
{
	unsigned int word = stap_text_word();
	struct stap_sigaction action;

	if (address && stap_text_read_number(&action.handler, address, word) &&
	    stap_text_read_number(&action.flags, address + word, word) &&
	    stap_text_read_number(&action.restorer, address + 2 * word, word) &&
	    stap_text_read_number(&action.mask, address + 3 * word, 8))
		stap_text_action(t, &action);
	else
		stap_text_pointer(t, address);
}

/* What the first sigaction(2) took, which only 32-bit callers have. */
void stap_text_old_sigaction(struct stap_text *t, stap_long address)
{
	struct stap_sigaction action;

	if (address && stap_text_read_number(&action.handler, address, 4) && stap_text_read_number(&action.mask, address + 4, 4) &&
	    stap_text_read_number(&action.flags, address + 8, 4) && stap_text_read_number(&action.restorer, address + 12, 4))
		stap_text_action(t, &action);
	else
		stap_text_pointer(t, address);
}

/* Of a siginfo, what a process passes that sends one. */
void stap_text_siginfo(struct stap_text *t, stap_long address)
{
	unsigned int word = stap_text_word(), at = word == 8 ? 16 : 12;
	stap_ulong number, error, code, pid, uid, value;

	if (!address || !stap_text_read_number(&number, address, 4) || !stap_text_read_number(&error, address + 4, 4) ||
	    !stap_text_read_number(&code, address + 8, 4) || !stap_text_read_number(&pid, address + at, 4) ||
	    !stap_text_read_number(&uid, address + at + 4, 4) || !stap_text_read_number(&value, address + at + 8, word)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "si_signo");
	stap_text_signal(t, number);
	if (error) {
		stap_text_name(t, "si_errno");
		stap_text_decimal(t, (int)error);
	}
	stap_text_name(t, "si_code");
	stap_text_flags(t, code, &stap_signal_code_names);
	stap_text_name(t, "si_pid");
	stap_text_decimal(t, (int)pid);
	stap_text_name(t, "si_uid");
	stap_text_unsigned(t, uid);
	if ((int)code < 0) {
		stap_text_name(t, "si_int");
		stap_text_decimal(t, (int)value);
		stap_text_name(t, "si_ptr");
		stap_text_pointer(t, value);
	}
	stap_text_close(t, "}");
}

/* How a timer or a queue of messages notifies. */
void stap_text_sigevent(struct stap_text *t, stap_long address)
{
	unsigned int word = stap_text_word();
	stap_ulong value, number, how, thread;

	if (!address || !stap_text_read_number(&value, address, word) || !stap_text_read_number(&number, address + word, 4) ||
	    !stap_text_read_number(&how, address + word + 4, 4) || !stap_text_read_number(&thread, address + word + 8, 4)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	if (value || (int)how != 1) { /* SIGEV_NONE */
		stap_text_name(t, "sigev_value");
		stap_text_open(t, "{");
		stap_text_name(t, "sival_int");
		stap_text_decimal(t, (int)value);
		stap_text_name(t, "sival_ptr");
		stap_text_pointer(t, value);
		stap_text_close(t, "}");
	}
	stap_text_name(t, "sigev_signo");
	stap_text_signal(t, number);
	stap_text_name(t, "sigev_notify");
	stap_text_flags(t, how, &stap_notify_how_names);
	if (how == 4) {
		stap_text_name(t, "sigev_notify_thread_id");
		stap_text_decimal(t, (int)thread);
	}
	stap_text_close(t, "}");
}

void stap_text_signal_stack(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("ss_sp", STAP_WORD, .write = stap_text_pointer),
		STAP_FIELD("ss_flags", STAP_U32, .names = &stap_stack_flags_names),
		STAP_FIELD("ss_size", STAP_WORD),
		STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}
