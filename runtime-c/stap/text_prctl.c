/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of prctl(2) and ptrace(2), whose first argument says what the others are. */
#include "stap.h"

#define PRCTL_NAMES(N) \
	N(PR_SET_PDEATHSIG, 1) N(PR_GET_PDEATHSIG, 2) N(PR_GET_DUMPABLE, 3) N(PR_SET_DUMPABLE, 4) N(PR_GET_UNALIGN, 5) \
	N(PR_SET_UNALIGN, 6) N(PR_GET_KEEPCAPS, 7) N(PR_SET_KEEPCAPS, 8) N(PR_GET_FPEMU, 9) N(PR_SET_FPEMU, 10) \
	N(PR_GET_FPEXC, 11) N(PR_SET_FPEXC, 12) N(PR_GET_TIMING, 13) N(PR_SET_TIMING, 14) N(PR_SET_NAME, 15) \
	N(PR_GET_NAME, 16) N(PR_GET_ENDIAN, 19) N(PR_SET_ENDIAN, 20) N(PR_GET_SECCOMP, 21) N(PR_SET_SECCOMP, 22) \
	N(PR_CAPBSET_READ, 23) N(PR_CAPBSET_DROP, 24) N(PR_GET_TSC, 25) N(PR_SET_TSC, 26) N(PR_GET_SECUREBITS, 27) \
	N(PR_SET_SECUREBITS, 28) N(PR_SET_TIMERSLACK, 29) N(PR_GET_TIMERSLACK, 30) N(PR_TASK_PERF_EVENTS_DISABLE, 31) \
	N(PR_TASK_PERF_EVENTS_ENABLE, 32) N(PR_MCE_KILL, 33) N(PR_MCE_KILL_GET, 34) N(PR_SET_MM, 35) \
	N(PR_SET_CHILD_SUBREAPER, 36) N(PR_GET_CHILD_SUBREAPER, 37) N(PR_SET_NO_NEW_PRIVS, 38) N(PR_GET_NO_NEW_PRIVS, 39) \
	N(PR_GET_TID_ADDRESS, 40) N(PR_SET_THP_DISABLE, 41) N(PR_GET_THP_DISABLE, 42) N(PR_MPX_ENABLE_MANAGEMENT, 43) \
	N(PR_MPX_DISABLE_MANAGEMENT, 44) N(PR_SET_FP_MODE, 45) N(PR_GET_FP_MODE, 46) N(PR_CAP_AMBIENT, 47) \
	N(PR_SVE_SET_VL, 50) N(PR_SVE_GET_VL, 51) N(PR_GET_SPECULATION_CTRL, 52) N(PR_SET_SPECULATION_CTRL, 53) \
	N(PR_PAC_RESET_KEYS, 54) N(PR_SET_TAGGED_ADDR_CTRL, 55) N(PR_GET_TAGGED_ADDR_CTRL, 56) N(PR_SET_IO_FLUSHER, 57) \
	N(PR_GET_IO_FLUSHER, 58) N(PR_SET_SYSCALL_USER_DISPATCH, 59) N(PR_PAC_SET_ENABLED_KEYS, 60) \
	N(PR_PAC_GET_ENABLED_KEYS, 61) N(PR_SCHED_CORE, 62) N(PR_SME_SET_VL, 63) N(PR_SME_GET_VL, 64) N(PR_SET_MDWE, 65) \
	N(PR_GET_MDWE, 66) N(PR_SET_MEMORY_MERGE, 67) N(PR_GET_MEMORY_MERGE, 68) N(PR_RISCV_V_SET_CONTROL, 69) \
	N(PR_RISCV_V_GET_CONTROL, 70) N(PR_SET_VMA, 0x53564d41) N(PR_GET_AUXV, 0x41555856) N(PR_SET_PTRACER, 0x59616d61)
const struct stap_names stap_prctl_names = STAP_NAMES(PRCTL_NAMES, STAP_ONE_OF);

#define PRCTL_DUMPABLE_NAMES(N) \
	N(SUID_DUMP_DISABLE, 0) N(SUID_DUMP_USER, 1) N(SUID_DUMP_ROOT, 2)
const struct stap_names stap_prctl_dumpable_names = STAP_NAMES(PRCTL_DUMPABLE_NAMES, STAP_ONE_OF);

#define SECURE_BITS_NAMES(N) \
	N(SECBIT_NOROOT, 0x1) N(SECBIT_NOROOT_LOCKED, 0x2) N(SECBIT_NO_SETUID_FIXUP, 0x4) \
	N(SECBIT_NO_SETUID_FIXUP_LOCKED, 0x8) N(SECBIT_KEEP_CAPS, 0x10) N(SECBIT_KEEP_CAPS_LOCKED, 0x20) \
	N(SECBIT_NO_CAP_AMBIENT_RAISE, 0x40) N(SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED, 0x80)
const struct stap_names stap_secure_bits_names = STAP_NAMES(SECURE_BITS_NAMES, 0);

#define AMBIENT_NAMES(N) \
	N(PR_CAP_AMBIENT_IS_SET, 1) N(PR_CAP_AMBIENT_RAISE, 2) N(PR_CAP_AMBIENT_LOWER, 3) N(PR_CAP_AMBIENT_CLEAR_ALL, 4)
const struct stap_names stap_ambient_names = STAP_NAMES(AMBIENT_NAMES, STAP_ONE_OF);

#define TIME_STAMP_NAMES(N) \
	N(PR_TSC_ENABLE, 1) N(PR_TSC_SIGSEGV, 2)
const struct stap_names stap_time_stamp_names = STAP_NAMES(TIME_STAMP_NAMES, STAP_ONE_OF);

#define SECCOMP_MODE_NAMES(N) \
	N(SECCOMP_MODE_DISABLED, 0) N(SECCOMP_MODE_STRICT, 1) N(SECCOMP_MODE_FILTER, 2)
const struct stap_names stap_seccomp_mode_names = STAP_NAMES(SECCOMP_MODE_NAMES, STAP_ONE_OF);

#define SPECULATION_NAMES(N) \
	N(PR_SPEC_STORE_BYPASS, 0) N(PR_SPEC_INDIRECT_BRANCH, 1) N(PR_SPEC_L1D_FLUSH, 2)
const struct stap_names stap_speculation_names = STAP_NAMES(SPECULATION_NAMES, STAP_ONE_OF);

#define MEMORY_MAP_NAMES(N) \
	N(PR_SET_MM_START_CODE, 1) N(PR_SET_MM_END_CODE, 2) N(PR_SET_MM_START_DATA, 3) N(PR_SET_MM_END_DATA, 4) \
	N(PR_SET_MM_START_STACK, 5) N(PR_SET_MM_START_BRK, 6) N(PR_SET_MM_BRK, 7) N(PR_SET_MM_ARG_START, 8) \
	N(PR_SET_MM_ARG_END, 9) N(PR_SET_MM_ENV_START, 10) N(PR_SET_MM_ENV_END, 11) N(PR_SET_MM_AUXV, 12) \
	N(PR_SET_MM_EXE_FILE, 13) N(PR_SET_MM_MAP, 14) N(PR_SET_MM_MAP_SIZE, 15)
const struct stap_names stap_memory_map_names = STAP_NAMES(MEMORY_MAP_NAMES, STAP_ONE_OF);

#define MEMORY_AREA_NAMES(N) \
	N(PR_SET_VMA_ANON_NAME, 0)
const struct stap_names stap_memory_area_names = STAP_NAMES(MEMORY_AREA_NAMES, STAP_ONE_OF);

#define MDWE_NAMES(N) \
	N(PR_MDWE_REFUSE_EXEC_GAIN, 0x1) N(PR_MDWE_NO_INHERIT, 0x2)
const struct stap_names stap_mdwe_names = STAP_NAMES(MDWE_NAMES, 0);

#define ARCH_PRCTL_NAMES(N) \
	N(ARCH_SET_GS, 0x1001) N(ARCH_SET_FS, 0x1002) N(ARCH_GET_FS, 0x1003) N(ARCH_GET_GS, 0x1004) \
	N(ARCH_GET_CPUID, 0x1011) N(ARCH_SET_CPUID, 0x1012) N(ARCH_GET_XCOMP_SUPP, 0x1021) N(ARCH_GET_XCOMP_PERM, 0x1022) \
	N(ARCH_REQ_XCOMP_PERM, 0x1023) N(ARCH_GET_XCOMP_GUEST_PERM, 0x1024) N(ARCH_REQ_XCOMP_GUEST_PERM, 0x1025) \
	N(ARCH_MAP_VDSO_X32, 0x2001) N(ARCH_MAP_VDSO_32, 0x2002) N(ARCH_MAP_VDSO_64, 0x2003) N(ARCH_GET_UNTAG_MASK, 0x4001) \
	N(ARCH_ENABLE_TAGGED_ADDR, 0x4002) N(ARCH_GET_MAX_TAG_BITS, 0x4003) N(ARCH_FORCE_TAGGED_SVA, 0x4004) \
	N(ARCH_SHSTK_ENABLE, 0x5001) N(ARCH_SHSTK_DISABLE, 0x5002) N(ARCH_SHSTK_LOCK, 0x5003) N(ARCH_SHSTK_UNLOCK, 0x5004) \
	N(ARCH_SHSTK_STATUS, 0x5005)
const struct stap_names stap_arch_prctl_names = STAP_NAMES(ARCH_PRCTL_NAMES, STAP_ONE_OF);

#define PTRACE_NAMES(N) \
	N(PTRACE_TRACEME, 0) N(PTRACE_PEEKTEXT, 1) N(PTRACE_PEEKDATA, 2) N(PTRACE_PEEKUSER, 3) N(PTRACE_POKETEXT, 4) \
	N(PTRACE_POKEDATA, 5) N(PTRACE_POKEUSER, 6) N(PTRACE_CONT, 7) N(PTRACE_KILL, 8) N(PTRACE_SINGLESTEP, 9) \
	N(PTRACE_GETREGS, 12) N(PTRACE_SETREGS, 13) N(PTRACE_GETFPREGS, 14) N(PTRACE_SETFPREGS, 15) N(PTRACE_ATTACH, 16) \
	N(PTRACE_DETACH, 17) N(PTRACE_GETFPXREGS, 18) N(PTRACE_SETFPXREGS, 19) N(PTRACE_OLDSETOPTIONS, 21) \
	N(PTRACE_SYSCALL, 24) N(PTRACE_GET_THREAD_AREA, 25) N(PTRACE_SET_THREAD_AREA, 26) N(PTRACE_ARCH_PRCTL, 30) \
	N(PTRACE_SYSEMU, 31) N(PTRACE_SYSEMU_SINGLESTEP, 32) N(PTRACE_SINGLEBLOCK, 33) N(PTRACE_SETOPTIONS, 0x4200) \
	N(PTRACE_GETEVENTMSG, 0x4201) N(PTRACE_GETSIGINFO, 0x4202) N(PTRACE_SETSIGINFO, 0x4203) N(PTRACE_GETREGSET, 0x4204) \
	N(PTRACE_SETREGSET, 0x4205) N(PTRACE_SEIZE, 0x4206) N(PTRACE_INTERRUPT, 0x4207) N(PTRACE_LISTEN, 0x4208) \
	N(PTRACE_PEEKSIGINFO, 0x4209) N(PTRACE_GETSIGMASK, 0x420a) N(PTRACE_SETSIGMASK, 0x420b) \
	N(PTRACE_SECCOMP_GET_FILTER, 0x420c) N(PTRACE_SECCOMP_GET_METADATA, 0x420d) N(PTRACE_GET_SYSCALL_INFO, 0x420e) \
	N(PTRACE_GET_RSEQ_CONFIGURATION, 0x420f) N(PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, 0x4210) \
	N(PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, 0x4211)
const struct stap_names stap_ptrace_names = STAP_NAMES(PTRACE_NAMES, STAP_ONE_OF);

#define PTRACE_OPTIONS_NAMES(N) \
	N(PTRACE_O_TRACESYSGOOD, 0x1) N(PTRACE_O_TRACEFORK, 0x2) N(PTRACE_O_TRACEVFORK, 0x4) N(PTRACE_O_TRACECLONE, 0x8) \
	N(PTRACE_O_TRACEEXEC, 0x10) N(PTRACE_O_TRACEVFORKDONE, 0x20) N(PTRACE_O_TRACEEXIT, 0x40) \
	N(PTRACE_O_TRACESECCOMP, 0x80) N(PTRACE_O_EXITKILL, 0x100000) N(PTRACE_O_SUSPEND_SECCOMP, 0x200000)
const struct stap_names stap_ptrace_options_names = STAP_NAMES(PTRACE_OPTIONS_NAMES, 0);

#define REGISTER_SET_NAMES(N) \
	N(NT_PRSTATUS, 1) N(NT_PRFPREG, 2) N(NT_X86_XSTATE, 514) N(NT_386_TLS, 512) N(NT_386_IOPERM, 513) \
	N(NT_ARM_TLS, 1025) N(NT_ARM_HW_BREAK, 1026) N(NT_ARM_HW_WATCH, 1027) N(NT_ARM_SYSTEM_CALL, 1028) \
	N(NT_ARM_SVE, 1029) N(NT_ARM_PAC_MASK, 1030) N(NT_PRXFPREG, 0x46e62b7f)
const struct stap_names stap_register_set_names = STAP_NAMES(REGISTER_SET_NAMES, STAP_ONE_OF);

enum stap_prctl_kind {
	STAP_PRCTL_NONE, STAP_PRCTL_NUMBER, STAP_PRCTL_HEX, STAP_PRCTL_POINTER, STAP_PRCTL_SIGNAL, STAP_PRCTL_STRING,
	STAP_PRCTL_CAPABILITY, STAP_PRCTL_NAMES,
};

/* The arguments of a command, from the second on. */
struct stap_prctl {
	unsigned short command;
	unsigned char kinds[4];
	const struct stap_names *names;	/* of those that are STAP_PRCTL_NAMES */
};

#define P(command, ...) { command, { __VA_ARGS__ }, 0 }
#define PN(command, names, ...) { command, { __VA_ARGS__ }, &names }

/* Others have all five, as numbers. */
static const struct stap_prctl stap_prctl_commands[] = {
	P(1, STAP_PRCTL_SIGNAL),
	P(2, STAP_PRCTL_POINTER),
	P(3, STAP_PRCTL_NONE),
	PN(4, stap_prctl_dumpable_names, STAP_PRCTL_NAMES),
	P(5, STAP_PRCTL_POINTER),
	P(7, STAP_PRCTL_NONE),
	P(8, STAP_PRCTL_NUMBER),
	P(9, STAP_PRCTL_POINTER),
	P(11, STAP_PRCTL_POINTER),
	P(13, STAP_PRCTL_NONE),
	P(15, STAP_PRCTL_STRING),
	P(16, STAP_PRCTL_POINTER),
	P(19, STAP_PRCTL_POINTER),
	P(21, STAP_PRCTL_NONE),
	PN(22, stap_seccomp_mode_names, STAP_PRCTL_NAMES, STAP_PRCTL_POINTER),
	P(23, STAP_PRCTL_CAPABILITY),
	P(24, STAP_PRCTL_CAPABILITY),
	P(25, STAP_PRCTL_POINTER),
	PN(26, stap_time_stamp_names, STAP_PRCTL_NAMES),
	P(27, STAP_PRCTL_NONE),
	PN(28, stap_secure_bits_names, STAP_PRCTL_NAMES),
	P(29, STAP_PRCTL_NUMBER),
	P(30, STAP_PRCTL_NONE),
	P(31, STAP_PRCTL_NONE),
	P(32, STAP_PRCTL_NONE),
	PN(35, stap_memory_map_names, STAP_PRCTL_NAMES, STAP_PRCTL_HEX, STAP_PRCTL_HEX, STAP_PRCTL_HEX),
	P(36, STAP_PRCTL_NUMBER),
	P(37, STAP_PRCTL_POINTER),
	P(38, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
	P(39, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
	P(40, STAP_PRCTL_POINTER),
	P(41, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
	P(42, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
	PN(47, stap_ambient_names, STAP_PRCTL_NAMES, STAP_PRCTL_CAPABILITY, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
	PN(52, stap_speculation_names, STAP_PRCTL_NAMES, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
	PN(65, stap_mdwe_names, STAP_PRCTL_NAMES, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
	P(66, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER, STAP_PRCTL_NUMBER),
};

static const struct stap_prctl *stap_prctl_of(unsigned int command)
{
	unsigned int i;

	for (i = 0; i < sizeof(stap_prctl_commands) / sizeof(*stap_prctl_commands); i++)
		if (stap_prctl_commands[i].command == command)
			return &stap_prctl_commands[i];
	return 0;
}

/* PR_SET_VMA: a kind of area, where it is, how long, and its name. */
static void stap_text_memory_area(struct stap_text *t, stap_long value, int n)
{
	switch (n) {
	case 0: stap_text_flags(t, value, &stap_memory_area_names); break;
	case 1: stap_text_hex(t, value); break;
	case 2: stap_text_unsigned(t, value); break;
	default: stap_text_string(t, value);
	}
}

static void stap_text_prctl_argument(struct stap_text *t, stap_long value, stap_long command, int n)
{
	const struct stap_prctl *known = stap_prctl_of(command);

	if ((unsigned int)command == 0x53564d41) {
		stap_text_memory_area(t, value, n);
		return;
	}
	if (!known) {
		stap_text_hex(t, value);
		return;
	}
	switch (known->kinds[n]) {
	case STAP_PRCTL_NUMBER: stap_text_decimal(t, value); break;
	case STAP_PRCTL_HEX: stap_text_bits(t, value); break;
	case STAP_PRCTL_POINTER: stap_text_pointer(t, value); break;
	case STAP_PRCTL_SIGNAL: stap_text_signal(t, value); break;
	case STAP_PRCTL_STRING: stap_text_string(t, value); break;
	case STAP_PRCTL_CAPABILITY: stap_text_flags(t, (unsigned int)value, &stap_capability_names); break;
	case STAP_PRCTL_NAMES: stap_text_flags(t, value, known->names);
	}
}

void stap_text_prctl2(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_prctl_argument(t, value, command, 0);
}

void stap_text_prctl3(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_prctl_argument(t, value, command, 1);
}

void stap_text_prctl4(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_prctl_argument(t, value, command, 2);
}

void stap_text_prctl5(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_prctl_argument(t, value, command, 3);
}

/* ptrace(2): whom, where, and what. */
void stap_text_ptrace_pid(struct stap_text *t, stap_long pid, stap_long request)
{
	if (request)	/* PTRACE_TRACEME wants nobody */
		stap_text_decimal(t, (int)pid);
}

void stap_text_ptrace_address(struct stap_text *t, stap_long address, stap_long request)
{
	if (!request)
		return;
	if (request == 0x4204 || request == 0x4205) /* PTRACE_GETREGSET, PTRACE_SETREGSET */
		stap_text_flags(t, address, &stap_register_set_names);
	else
		stap_text_pointer(t, address);
}

void stap_text_ptrace_data(struct stap_text *t, stap_long data, stap_long request)
{
	switch (request) {
	case 0:
		break;
	case 7: case 8: case 9: case 17: case 24: /* a signal to go on with */
		stap_text_signal(t, data);
		break;
	case 0x4200: case 0x4206:
		stap_text_flags(t, data, &stap_ptrace_options_names);
		break;
	case 4: case 5: case 6:
		stap_text_hex(t, data);
		break;
	default:
		stap_text_pointer(t, data);
	}
}

/* arch_prctl(2)'s argument. */
void stap_text_arch_value(struct stap_text *t, stap_long value, stap_long code)
{
	if (code == 0x1011)	/* ARCH_GET_CPUID has none */
		return;
	if (code == 0x1012)
		stap_text_decimal(t, (int)value);
	else
		stap_text_hex(t, value);
}
