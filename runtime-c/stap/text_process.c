/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls on processes and threads: their birth and end, limits, scheduling, futexes, capabilities. */
#include "stap.h"

#define CLONE_NAMES(N) \
	N(CLONE_VM, 0x100) N(CLONE_FS, 0x200) N(CLONE_FILES, 0x400) N(CLONE_SIGHAND, 0x800) N(CLONE_PIDFD, 0x1000) \
	N(CLONE_PTRACE, 0x2000) N(CLONE_VFORK, 0x4000) N(CLONE_PARENT, 0x8000) N(CLONE_THREAD, 0x10000) \
	N(CLONE_NEWNS, 0x20000) N(CLONE_SYSVSEM, 0x40000) N(CLONE_SETTLS, 0x80000) N(CLONE_PARENT_SETTID, 0x100000) \
	N(CLONE_CHILD_CLEARTID, 0x200000) N(CLONE_DETACHED, 0x400000) N(CLONE_UNTRACED, 0x800000) \
	N(CLONE_CHILD_SETTID, 0x1000000) N(CLONE_NEWCGROUP, 0x2000000) N(CLONE_NEWUTS, 0x4000000) N(CLONE_NEWIPC, 0x8000000) \
	N(CLONE_NEWUSER, 0x10000000) N(CLONE_NEWPID, 0x20000000) N(CLONE_NEWNET, 0x40000000) N(CLONE_IO, 0x80000000) \
	N(CLONE_CLEAR_SIGHAND, 0x100000000ULL) N(CLONE_INTO_CGROUP, 0x200000000ULL)
const struct stap_names stap_clone_names = STAP_NAMES(CLONE_NAMES, 0);

#define UNSHARE_NAMES(N) \
	N(CLONE_NEWTIME, 0x80) N(CLONE_VM, 0x100) N(CLONE_FS, 0x200) N(CLONE_FILES, 0x400) N(CLONE_SIGHAND, 0x800) \
	N(CLONE_THREAD, 0x10000) N(CLONE_NEWNS, 0x20000) N(CLONE_SYSVSEM, 0x40000) N(CLONE_NEWCGROUP, 0x2000000) \
	N(CLONE_NEWUTS, 0x4000000) N(CLONE_NEWIPC, 0x8000000) N(CLONE_NEWUSER, 0x10000000) N(CLONE_NEWPID, 0x20000000) \
	N(CLONE_NEWNET, 0x40000000)
const struct stap_names stap_unshare_names = STAP_NAMES(UNSHARE_NAMES, 0);

#define WAIT_NAMES(N) \
	N(WNOHANG, 0x1) N(WUNTRACED, 0x2) N(WEXITED, 0x4) N(WCONTINUED, 0x8) N(WNOWAIT, 0x1000000) \
	N(__WNOTHREAD, 0x20000000) N(__WALL, 0x40000000) N(__WCLONE, 0x80000000)
const struct stap_names stap_wait_names = STAP_NAMES(WAIT_NAMES, 0);

#define WAIT_ID_NAMES(N) \
	N(P_ALL, 0) N(P_PID, 1) N(P_PGID, 2) N(P_PIDFD, 3)
const struct stap_names stap_wait_id_names = STAP_NAMES(WAIT_ID_NAMES, STAP_ONE_OF);

#define RESOURCE_NAMES(N) \
	N(RLIMIT_CPU, 0) N(RLIMIT_FSIZE, 1) N(RLIMIT_DATA, 2) N(RLIMIT_STACK, 3) N(RLIMIT_CORE, 4) N(RLIMIT_RSS, 5) \
	N(RLIMIT_NPROC, 6) N(RLIMIT_NOFILE, 7) N(RLIMIT_MEMLOCK, 8) N(RLIMIT_AS, 9) N(RLIMIT_LOCKS, 10) \
	N(RLIMIT_SIGPENDING, 11) N(RLIMIT_MSGQUEUE, 12) N(RLIMIT_NICE, 13) N(RLIMIT_RTPRIO, 14) N(RLIMIT_RTTIME, 15)
const struct stap_names stap_resource_names = STAP_NAMES(RESOURCE_NAMES, STAP_ONE_OF);

#define USAGE_NAMES(N) \
	N(RUSAGE_SELF, 0) N(RUSAGE_CHILDREN, 0xffffffff) N(RUSAGE_BOTH, 0xfffffffe) N(RUSAGE_THREAD, 1)
const struct stap_names stap_usage_names = STAP_NAMES(USAGE_NAMES, STAP_ONE_OF);

#define PRIORITY_NAMES(N) \
	N(PRIO_PROCESS, 0) N(PRIO_PGRP, 1) N(PRIO_USER, 2)
const struct stap_names stap_priority_names = STAP_NAMES(PRIORITY_NAMES, STAP_ONE_OF);

#define IO_PRIORITY_WHICH_NAMES(N) \
	N(IOPRIO_WHO_PROCESS, 1) N(IOPRIO_WHO_PGRP, 2) N(IOPRIO_WHO_USER, 3)
const struct stap_names stap_io_priority_which_names = STAP_NAMES(IO_PRIORITY_WHICH_NAMES, STAP_ONE_OF);

#define IO_PRIORITY_CLASS_NAMES(N) \
	N(IOPRIO_CLASS_NONE, 0) N(IOPRIO_CLASS_RT, 1) N(IOPRIO_CLASS_BE, 2) N(IOPRIO_CLASS_IDLE, 3)
const struct stap_names stap_io_priority_class_names = STAP_NAMES(IO_PRIORITY_CLASS_NAMES, STAP_ONE_OF);

#define SCHEDULER_NAMES(N) \
	N(SCHED_NORMAL, 0x0) N(SCHED_FIFO, 0x1) N(SCHED_RR, 0x2) N(SCHED_BATCH, 0x3) N(SCHED_IDLE, 0x5) \
	N(SCHED_DEADLINE, 0x6) N(SCHED_EXT, 0x7) N(SCHED_RESET_ON_FORK, 0x40000000)
const struct stap_names stap_scheduler_names = STAP_NAMES(SCHEDULER_NAMES, 0x3fffffff);

#define SCHEDULER_FLAGS_NAMES(N) \
	N(SCHED_FLAG_RESET_ON_FORK, 0x1) N(SCHED_FLAG_RECLAIM, 0x2) N(SCHED_FLAG_DL_OVERRUN, 0x4) \
	N(SCHED_FLAG_KEEP_POLICY, 0x8) N(SCHED_FLAG_KEEP_PARAMS, 0x10) N(SCHED_FLAG_UTIL_CLAMP_MIN, 0x20) \
	N(SCHED_FLAG_UTIL_CLAMP_MAX, 0x40)
const struct stap_names stap_scheduler_flags_names = STAP_NAMES(SCHEDULER_FLAGS_NAMES, 0);

#define FUTEX_NAMES(N) \
	N(FUTEX_WAIT, 0) N(FUTEX_WAKE, 1) N(FUTEX_FD, 2) N(FUTEX_REQUEUE, 3) N(FUTEX_CMP_REQUEUE, 4) N(FUTEX_WAKE_OP, 5) \
	N(FUTEX_LOCK_PI, 6) N(FUTEX_UNLOCK_PI, 7) N(FUTEX_TRYLOCK_PI, 8) N(FUTEX_WAIT_BITSET, 9) N(FUTEX_WAKE_BITSET, 10) \
	N(FUTEX_WAIT_REQUEUE_PI, 11) N(FUTEX_CMP_REQUEUE_PI, 12) N(FUTEX_LOCK_PI2, 13)
const struct stap_names stap_futex_names = STAP_NAMES(FUTEX_NAMES, STAP_ONE_OF);

#define FUTEX2_NAMES(N) \
	N(FUTEX2_SIZE_U8, 0x0) N(FUTEX2_SIZE_U16, 0x1) N(FUTEX2_SIZE_U32, 0x2) N(FUTEX2_SIZE_U64, 0x3) N(FUTEX2_NUMA, 0x4) \
	N(FUTEX2_PRIVATE, 0x80)
const struct stap_names stap_futex2_names = STAP_NAMES(FUTEX2_NAMES, 0x3);

#define FUTEX_OPERATION_NAMES(N) \
	N(FUTEX_OP_SET, 0) N(FUTEX_OP_ADD, 1) N(FUTEX_OP_OR, 2) N(FUTEX_OP_ANDN, 3) N(FUTEX_OP_XOR, 4)
const struct stap_names stap_futex_operation_names = STAP_NAMES(FUTEX_OPERATION_NAMES, STAP_ONE_OF);

#define FUTEX_COMPARE_NAMES(N) \
	N(FUTEX_OP_CMP_EQ, 0) N(FUTEX_OP_CMP_NE, 1) N(FUTEX_OP_CMP_LT, 2) N(FUTEX_OP_CMP_LE, 3) N(FUTEX_OP_CMP_GT, 4) \
	N(FUTEX_OP_CMP_GE, 5)
const struct stap_names stap_futex_compare_names = STAP_NAMES(FUTEX_COMPARE_NAMES, STAP_ONE_OF);

#define BITSET_NAMES(N) \
	N(FUTEX_BITSET_MATCH_ANY, 0xffffffff)
const struct stap_names stap_bitset_names = STAP_NAMES(BITSET_NAMES, STAP_ONE_OF);

#define RSEQ_NAMES(N) \
	N(RSEQ_FLAG_UNREGISTER, 0x1)
const struct stap_names stap_rseq_names = STAP_NAMES(RSEQ_NAMES, 0);

#define PIDFD_NAMES(N) \
	N(PIDFD_NONBLOCK, 0x800) N(PIDFD_THREAD, 0x80)
const struct stap_names stap_pidfd_names = STAP_NAMES(PIDFD_NAMES, 0);

#define KCMP_NAMES(N) \
	N(KCMP_FILE, 0) N(KCMP_VM, 1) N(KCMP_FILES, 2) N(KCMP_FS, 3) N(KCMP_SIGHAND, 4) N(KCMP_IO, 5) N(KCMP_SYSVSEM, 6) \
	N(KCMP_EPOLL_TFD, 7)
const struct stap_names stap_kcmp_names = STAP_NAMES(KCMP_NAMES, STAP_ONE_OF);

#define SECCOMP_NAMES(N) \
	N(SECCOMP_SET_MODE_STRICT, 0) N(SECCOMP_SET_MODE_FILTER, 1) N(SECCOMP_GET_ACTION_AVAIL, 2) \
	N(SECCOMP_GET_NOTIF_SIZES, 3)
const struct stap_names stap_seccomp_names = STAP_NAMES(SECCOMP_NAMES, STAP_ONE_OF);

#define SECCOMP_FILTER_NAMES(N) \
	N(SECCOMP_FILTER_FLAG_TSYNC, 0x1) N(SECCOMP_FILTER_FLAG_LOG, 0x2) N(SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0x4) \
	N(SECCOMP_FILTER_FLAG_NEW_LISTENER, 0x8) N(SECCOMP_FILTER_FLAG_TSYNC_ESRCH, 0x10) \
	N(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0x20)
const struct stap_names stap_seccomp_filter_names = STAP_NAMES(SECCOMP_FILTER_NAMES, 0);

#define PERSONALITY_NAMES(N) \
	N(PER_LINUX, 0x0) N(PER_SVR4, 0x1) N(PER_SVR3, 0x2) N(PER_SCOSVR3, 0x3) N(PER_WYSEV386, 0x4) N(PER_ISCR4, 0x5) \
	N(PER_BSD, 0x6) N(PER_XENIX, 0x7) N(PER_LINUX32, 0x8) N(PER_IRIX32, 0x9) N(PER_IRIXN32, 0xa) N(PER_IRIX64, 0xb) \
	N(PER_RISCOS, 0xc) N(PER_SOLARIS, 0xd) N(PER_UW7, 0xe) N(PER_OSF4, 0xf) N(PER_HPUX, 0x10) N(UNAME26, 0x20000) \
	N(ADDR_NO_RANDOMIZE, 0x40000) N(FDPIC_FUNCPTRS, 0x80000) N(MMAP_PAGE_ZERO, 0x100000) N(ADDR_COMPAT_LAYOUT, 0x200000) \
	N(READ_IMPLIES_EXEC, 0x400000) N(ADDR_LIMIT_32BIT, 0x800000) N(SHORT_INODE, 0x1000000) N(WHOLE_SECONDS, 0x2000000) \
	N(STICKY_TIMEOUTS, 0x4000000) N(ADDR_LIMIT_3GB, 0x8000000)
const struct stap_names stap_personality_names = STAP_NAMES(PERSONALITY_NAMES, 0xff);

#define CAPABILITY_VERSION_NAMES(N) \
	N(_LINUX_CAPABILITY_VERSION_1, 0x19980330) N(_LINUX_CAPABILITY_VERSION_2, 0x20071026) \
	N(_LINUX_CAPABILITY_VERSION_3, 0x20080522)
const struct stap_names stap_capability_version_names = STAP_NAMES(CAPABILITY_VERSION_NAMES, STAP_ONE_OF);

#define CAPABILITY_NAMES(N) \
	N(CAP_CHOWN, 0) N(CAP_DAC_OVERRIDE, 1) N(CAP_DAC_READ_SEARCH, 2) N(CAP_FOWNER, 3) N(CAP_FSETID, 4) N(CAP_KILL, 5) \
	N(CAP_SETGID, 6) N(CAP_SETUID, 7) N(CAP_SETPCAP, 8) N(CAP_LINUX_IMMUTABLE, 9) N(CAP_NET_BIND_SERVICE, 10) \
	N(CAP_NET_BROADCAST, 11) N(CAP_NET_ADMIN, 12) N(CAP_NET_RAW, 13) N(CAP_IPC_LOCK, 14) N(CAP_IPC_OWNER, 15) \
	N(CAP_SYS_MODULE, 16) N(CAP_SYS_RAWIO, 17) N(CAP_SYS_CHROOT, 18) N(CAP_SYS_PTRACE, 19) N(CAP_SYS_PACCT, 20) \
	N(CAP_SYS_ADMIN, 21) N(CAP_SYS_BOOT, 22) N(CAP_SYS_NICE, 23) N(CAP_SYS_RESOURCE, 24) N(CAP_SYS_TIME, 25) \
	N(CAP_SYS_TTY_CONFIG, 26) N(CAP_MKNOD, 27) N(CAP_LEASE, 28) N(CAP_AUDIT_WRITE, 29) N(CAP_AUDIT_CONTROL, 30) \
	N(CAP_SETFCAP, 31) N(CAP_MAC_OVERRIDE, 32) N(CAP_MAC_ADMIN, 33) N(CAP_SYSLOG, 34) N(CAP_WAKE_ALARM, 35) \
	N(CAP_BLOCK_SUSPEND, 36) N(CAP_AUDIT_READ, 37) N(CAP_PERFMON, 38) N(CAP_BPF, 39) N(CAP_CHECKPOINT_RESTORE, 40)
const struct stap_names stap_capability_names = STAP_NAMES(CAPABILITY_NAMES, STAP_ONE_OF);

/* Flags of clone(2), with the signal of a child's end in their lowest byte. */
static void stap_text_clone_flags(struct stap_text *t, stap_ulong flags, stap_ulong number)
{
	if (flags || !number)
		stap_text_flags(t, flags, &stap_clone_names);
	if (!number)
		return;
	if (flags)
		stap_text_put(t, "|", 1);
	stap_text_signal(t, number);
}

void stap_text_clone(struct stap_text *t, stap_long value)
{
	stap_text_clone_flags(t, (stap_ulong)value & 0xffffff00, value & 0xff);
}

/* A field of clone3(2)'s, if one of these flags makes it count; else nothing. */
static int stap_text_clone_field(struct stap_text *t, stap_ulong address, const char *name, int counts)
{
	stap_ulong value;

	if (!counts)
		return 1;
	if (!stap_text_read_number(&value, address, 8))
		return 0;
	stap_text_name(t, name);
	stap_text_pointer(t, value);
	return 1;
}

static int stap_text_clone_fields(struct stap_text *t, stap_ulong address, stap_ulong size)
{
	static const struct stap_field birth[] = {
		STAP_FIELD("exit_signal", STAP_FIXED, .write = stap_text_signal),
		STAP_FIELD("stack", STAP_FIXED, .write = stap_text_pointer),
		STAP_FIELD("stack_size", STAP_FIXED, .write = stap_text_bits),
		STAP_FIELDS_END
	};
	static const struct stap_field rest[] = {
		STAP_FIELD("set_tid", STAP_FIXED, .write = stap_text_pointer), STAP_FIELD("set_tid_size", STAP_FIXED), STAP_FIELDS_END
	};
	static const struct stap_field group[] = { STAP_FIELD("cgroup", STAP_FIXED), STAP_FIELDS_END };
	stap_ulong flags, set = 0;

	if (!stap_text_read_number(&flags, address, 8))
		return 0;
	stap_text_name(t, "flags");
	stap_text_flags(t, flags, &stap_clone_names);
	if (!stap_text_clone_field(t, address + 8, "pidfd", !!(flags & 0x1000)) ||
	    !stap_text_clone_field(t, address + 16, "child_tid", !!(flags & 0x1200000)) ||
	    !stap_text_clone_field(t, address + 24, "parent_tid", !!(flags & 0x100000)) ||
	    !stap_text_fields(t, address + 32, birth) || !stap_text_clone_field(t, address + 56, "tls", !!(flags & 0x80000)))
		return 0;
	if (size >= 80 && stap_text_read_number(&set, address + 64, 8) && set)
		stap_text_fields(t, address + 64, rest);
	if (size >= 88 && flags & 0x200000000ULL)
		stap_text_fields(t, address + 80, group);
	return 1;
}

void stap_text_clone_arguments(struct stap_text *t, stap_long address, stap_long size)
{
	struct stap_text before = *t;

	if (address && (stap_ulong)size >= 64) {
		stap_text_open(t, "{");
		if (stap_text_clone_fields(t, address, size)) {
			stap_text_close(t, "}");
			return;
		}
		*t = before;
		*t->at = 0;
	}
	stap_text_pointer(t, address);
}

/* A limit: KB as products, as programs write them. */
static void stap_text_limit(struct stap_text *t, stap_ulong value, stap_ulong infinity, const char *name)
{
	if (value == infinity) {
		stap_text_plain(t, name);
	} else if (value > 1024 && !(value & 1023)) {
		stap_text_unsigned(t, value / 1024);
		stap_text_plain(t, "*1024");
	} else {
		stap_text_unsigned(t, value);
	}
}

static void stap_text_limit_word(struct stap_text *t, stap_long value)
{
	stap_text_limit(t, value, stap_text_word() == 4 ? 0xffffffff : ~0ULL, "RLIM_INFINITY");
}

static void stap_text_limit_long(struct stap_text *t, stap_long value)
{
	stap_text_limit(t, value, ~0ULL, "RLIM64_INFINITY");
}

void stap_text_limits(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("rlim_cur", STAP_WORD, .write = stap_text_limit_word),
		STAP_FIELD("rlim_max", STAP_WORD, .write = stap_text_limit_word),
		STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

void stap_text_limits64(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("rlim_cur", STAP_FIXED, .write = stap_text_limit_long),
		STAP_FIELD("rlim_max", STAP_FIXED, .write = stap_text_limit_long),
		STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

static void stap_text_cpus_of(struct stap_text *t, stap_ulong address, stap_ulong size)
{
	const char *separator = "";
	unsigned char byte = 0;
	stap_ulong cpu;

	for (cpu = 0; cpu < size * 8 && cpu < 8192 && !t->cut; cpu++) {
		if (!(cpu & 7) && !stap_text_read(&byte, address + cpu / 8, 1))
			return;
		if (byte >> (cpu & 7) & 1) {
			stap_text_plain(t, separator);
			stap_text_unsigned(t, cpu);
			separator = " ";
		}
	}
}

void stap_text_cpus(struct stap_text *t, stap_long address, stap_long size)
{
	char byte;

	if (!address || !stap_text_read(&byte, address, 1)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "[");
	stap_text_cpus_of(t, address, (unsigned int)size);
	stap_text_close(t, "]");
}

/* A number that is passed by its address. */
void stap_text_int_at(struct stap_text *t, stap_long address)
{
	stap_text_numbers(t, address, 1, STAP_S32, stap_text_decimal);
}

void stap_text_scheduling(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("size", STAP_U32), STAP_FIELD("sched_policy", STAP_U32, .names = &stap_scheduler_names),
		STAP_FIELD("sched_flags", STAP_FIXED, .names = &stap_scheduler_flags_names), STAP_FIELD("sched_nice", STAP_S32),
		STAP_FIELD("sched_priority", STAP_U32), STAP_FIELD("sched_runtime", STAP_FIXED),
		STAP_FIELD("sched_deadline", STAP_FIXED), STAP_FIELD("sched_period", STAP_FIXED),
		STAP_FIELDS_END
	};
	static const struct stap_field clamps[] = {
		STAP_FIELD("sched_util_min", STAP_U32), STAP_FIELD("sched_util_max", STAP_U32), STAP_FIELDS_END
	};
	stap_ulong size;

	if (!address || !stap_text_read_number(&size, address, 4)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	if (stap_text_fields(t, address, fields) && size >= 56)
		stap_text_fields(t, address + 48, clamps);
	stap_text_close(t, "}");
}

void stap_text_io_priority(struct stap_text *t, stap_long value)
{
	unsigned int priority = value;

	stap_text_plain(t, "IOPRIO_PRIO_VALUE(");
	stap_text_flags(t, priority >> 13, &stap_io_priority_class_names);
	stap_text_plain(t, ", ");
	stap_text_unsigned(t, priority & 0x1fff);
	stap_text_put(t, ")", 1);
}

/* futex(2): what it does, and by that what its other arguments are. */
#define STAP_FUTEX_WAIT 0
#define STAP_FUTEX_WAKE 1
#define STAP_FUTEX_FD 2
#define STAP_FUTEX_REQUEUE 3
#define STAP_FUTEX_CMP_REQUEUE 4
#define STAP_FUTEX_WAKE_OP 5
#define STAP_FUTEX_LOCK_PI 6
#define STAP_FUTEX_UNLOCK_PI 7
#define STAP_FUTEX_TRYLOCK_PI 8
#define STAP_FUTEX_WAIT_BITSET 9
#define STAP_FUTEX_WAKE_BITSET 10
#define STAP_FUTEX_WAIT_REQUEUE_PI 11
#define STAP_FUTEX_CMP_REQUEUE_PI 12
#define STAP_FUTEX_LOCK_PI2 13

void stap_text_futex(struct stap_text *t, stap_long value)
{
	unsigned int operation = value;

	stap_text_flags(t, operation & 0x7f, &stap_futex_names);
	if (operation & 0x80)
		stap_text_plain(t, "_PRIVATE");
	if (operation & 0x100)
		stap_text_plain(t, "|FUTEX_CLOCK_REALTIME");
	if (operation & ~0x1ffU) {
		stap_text_put(t, "|", 1);
		stap_text_hex(t, operation & ~0x1ffU);
	}
}

void stap_text_futex_value(struct stap_text *t, stap_long value, stap_long operation)
{
	switch (operation & 0x7f) {
	case STAP_FUTEX_LOCK_PI: case STAP_FUTEX_LOCK_PI2: case STAP_FUTEX_UNLOCK_PI: case STAP_FUTEX_TRYLOCK_PI:
		break;
	default:
		stap_text_unsigned(t, (unsigned int)value);
	}
}

/* A time, or a number as wide as a pointer. */
static void stap_text_futex_fourth(struct stap_text *t, stap_long value, stap_long operation,
				   void (*time)(struct stap_text *t, stap_long address))
{
	switch (operation & 0x7f) {
	case STAP_FUTEX_WAIT: case STAP_FUTEX_LOCK_PI: case STAP_FUTEX_LOCK_PI2: case STAP_FUTEX_WAIT_BITSET:
	case STAP_FUTEX_WAIT_REQUEUE_PI:
		time(t, value);
		break;
	case STAP_FUTEX_REQUEUE: case STAP_FUTEX_CMP_REQUEUE: case STAP_FUTEX_CMP_REQUEUE_PI: case STAP_FUTEX_WAKE_OP:
		stap_text_unsigned(t, (unsigned int)value);
	}
}

void stap_text_futex_time(struct stap_text *t, stap_long value, stap_long operation)
{
	stap_text_futex_fourth(t, value, operation, stap_text_timespec);
}

void stap_text_futex_time64(struct stap_text *t, stap_long value, stap_long operation)
{
	stap_text_futex_fourth(t, value, operation, stap_text_timespec64);
}

void stap_text_futex_second(struct stap_text *t, stap_long address, stap_long operation)
{
	switch (operation & 0x7f) {
	case STAP_FUTEX_REQUEUE: case STAP_FUTEX_CMP_REQUEUE: case STAP_FUTEX_CMP_REQUEUE_PI: case STAP_FUTEX_WAKE_OP:
	case STAP_FUTEX_WAIT_REQUEUE_PI:
		stap_text_hex(t, address);
	}
}

/* What FUTEX_WAKE_OP does to the second futex, and how it compares it. */
static void stap_text_futex_wake(struct stap_text *t, unsigned int value)
{
	stap_text_plain(t, value & 0x80000000 ? "FUTEX_OP_OPARG_SHIFT<<28|" : "");
	stap_text_flags(t, value >> 28 & 7, &stap_futex_operation_names);
	stap_text_plain(t, "<<28|");
	stap_text_hex(t, value >> 12 & 0xfff);
	stap_text_plain(t, "<<12|");
	stap_text_flags(t, value >> 24 & 0xf, &stap_futex_compare_names);
	stap_text_plain(t, "<<24|");
	stap_text_hex(t, value & 0xfff);
}

void stap_text_futex_third(struct stap_text *t, stap_long value, stap_long operation)
{
	switch (operation & 0x7f) {
	case STAP_FUTEX_WAIT_BITSET: case STAP_FUTEX_WAKE_BITSET:
		stap_text_flags(t, (unsigned int)value, &stap_bitset_names);
		break;
	case STAP_FUTEX_CMP_REQUEUE: case STAP_FUTEX_CMP_REQUEUE_PI:
		stap_text_unsigned(t, (unsigned int)value);
		break;
	case STAP_FUTEX_WAKE_OP:
		stap_text_futex_wake(t, value);
	}
}

static void stap_text_futex2_flags(struct stap_text *t, stap_long value)
{
	stap_text_flags(t, value, &stap_futex2_names);
}

void stap_text_futex_waits(struct stap_text *t, stap_long address, stap_long count)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("val", STAP_FIXED, .write = stap_text_hex),
		STAP_FIELD("uaddr", STAP_FIXED, .write = stap_text_pointer),
		STAP_FIELD("flags", STAP_U32, .write = stap_text_futex2_flags),
		STAP_FIELD(0, STAP_U32),
		STAP_FIELDS_END
	};

	stap_text_structs(t, address, (unsigned int)count, fields);
}

static void stap_text_capability_set(struct stap_text *t, stap_ulong set)
{
	const char *separator = "";
	int n;

	if (!set) {
		stap_text_put(t, "0", 1);
		return;
	}
	for (n = 0; n < 64; n++) {
		const char *name = stap_name_of(n, &stap_capability_names);

		if (!(set >> n & 1) || !name)
			continue;
		stap_text_plain(t, separator);
		stap_text_plain(t, "1<<");
		stap_text_plain(t, name);
		separator = "|";
		set &= ~(1ULL << n);
	}
	if (set) {
		stap_text_plain(t, separator);
		stap_text_hex(t, set);
	}
}

void stap_text_capability_header(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("version", STAP_U32, .names = &stap_capability_version_names), STAP_FIELD("pid", STAP_S32),
		STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

/* Three sets, each of 32 bits, and, but in the first version, three more with their upper halves. */
void stap_text_capabilities(struct stap_text *t, stap_long address, stap_long header)
{
	static const char *const names[] = { "effective", "permitted", "inheritable" };
	stap_ulong version, low, high;
	int i;

	if (!address || !stap_text_read_number(&version, header, 4) || !stap_text_read_number(&low, address, 4)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	for (i = 0; i < 3; i++) {
		if (!stap_text_read_number(&low, address + 4 * i, 4))
			break;
		if (version == 0x19980330)
			high = 0;
		else if (!stap_text_read_number(&high, address + 12 + 4 * i, 4))
			break;
		stap_text_name(t, names[i]);
		stap_text_capability_set(t, low | high << 32);
	}
	stap_text_close(t, "}");
}

/* seccomp(2)'s flags and argument, by its operation. */
void stap_text_seccomp_flags(struct stap_text *t, stap_long flags, stap_long operation)
{
	if ((int)operation == 1)
		stap_text_flags(t, (unsigned int)flags, &stap_seccomp_filter_names);
	else
		stap_text_unsigned(t, (unsigned int)flags);
}

void stap_text_seccomp_argument(struct stap_text *t, stap_long address, stap_long operation)
{
	static const struct stap_field program[] = {
		STAP_FIELD("len", STAP_U16), STAP_FIELD("filter", STAP_WORD, .write = stap_text_pointer), STAP_FIELDS_END
	};

	if ((int)operation == 1)
		stap_text_struct(t, address, program);
	else
		stap_text_pointer(t, address);
}

void stap_text_personality(struct stap_text *t, stap_long value)
{
	if ((unsigned int)value == 0xffffffff)
		stap_text_hex(t, (unsigned int)value);
	else
		stap_text_flags(t, (unsigned int)value, &stap_personality_names);
}

/* Of KCMP_FILE and KCMP_EPOLL_TFD alone. */
void stap_text_kcmp_index(struct stap_text *t, stap_long value, stap_long type)
{
	if (type == 0)
		stap_text_decimal(t, (int)value);
}

void stap_text_kcmp_second(struct stap_text *t, stap_long value, stap_long type)
{
	static const struct stap_field slot[] = {
		STAP_FIELD("efd", STAP_U32), STAP_FIELD("tfd", STAP_U32), STAP_FIELD("toff", STAP_U32), STAP_FIELDS_END
	};

	if (type == 0)
		stap_text_decimal(t, (int)value);
	else if (type == 7)
		stap_text_struct(t, value, slot);
}

static void stap_text_group_list(struct stap_text *t, stap_long address, stap_long count, enum stap_field_type type)
{
	if ((unsigned int)count > 65536) /* NGROUPS_MAX */
		stap_text_pointer(t, address);
	else
		stap_text_numbers(t, address, (int)count, type, stap_text_unsigned);
}

void stap_text_groups(struct stap_text *t, stap_long address, stap_long count)
{
	stap_text_group_list(t, address, count, STAP_U32);
}

void stap_text_groups16(struct stap_text *t, stap_long address, stap_long count)
{
	stap_text_group_list(t, address, count, STAP_U16);
}
