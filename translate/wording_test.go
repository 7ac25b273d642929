package translate_test

import "testing"

// TestKernelWords, of T001, runs the library's functions that put numbers into words and need no kernel: signal_str,
// sigset_mask_str, sa_handler_str, sa_flags_str, si_code_str, rlimit_from_str, msecs_to_string, usecs_to_string,
// nsecs_to_string, cputime_to_string, cputime_to_msecs, cputime_to_usecs, bytes_to_string, irqflags_str, softirq_name,
// lock_kind, capability_str.
func TestKernelWords(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "signals", script: `probe begin { printf("[%s] %s %s %s %s %s [%s] [%s]\n", signal_str(0), signal_str(1), signal_str(9), signal_str(31), signal_str(32),
			signal_str(34), signal_str(65), signal_str(-1)) }`, want: "[] SIGHUP SIGKILL SIGSYS SIGRTMIN SIGRTMIN+2 [] []\n"},
		{name: "sets of signals", script: `probe begin { printf("[%s] %s %s %s\n", sigset_mask_str(0), sigset_mask_str(1), sigset_mask_str(0x4002), sigset_mask_str(1 << 63 | 1 << 8)) }`,
			want: "[] 1 2,15 9,64\n"},
		{name: "handlers", script: `probe begin { println(sa_handler_str(0), " ", sa_handler_str(1), " ", sa_handler_str(-1), " ", sa_handler_str(0x401136)) }`,
			want: "default ignored error 0x401136\n"},
		{name: "flags of handlers", script: `probe begin { printf("[%s] %s %s\n", sa_flags_str(0), sa_flags_str(0x10000004), sa_flags_str(0xc4000008)) }`,
			want: "[] SA_SIGINFO|SA_RESTART SA_RESTORER|SA_NODEFER|SA_RESETHAND|0x8\n"},
		{name: "who sent a signal", script: `probe begin { println(si_code_str(0), " ", si_code_str(0x80), " ", si_code_str(-1), " ", si_code_str(-6), " ", si_code_str(2)) }`,
			want: "SI_USER SI_KERNEL SI_QUEUE SI_TKILL 2\n"},
		{name: "limits", script: `probe begin { println(rlimit_from_str("RLIMIT_CPU"), " ", rlimit_from_str("NOFILE"), " ", rlimit_from_str("RLIMIT_RTTIME"), " ", rlimit_from_str("x")) }`,
			want: "0 7 15 -1\n"},
		{name: "times", script: `probe begin { println(msecs_to_string(66851), " ", usecs_to_string(66851002), " ", nsecs_to_string(66851002003), " ", msecs_to_string(0)) }`,
			want: "1m6.851s 1m6.851002s 1m6.851002003s 0m0.000s\n"},
		{name: "times of CPUs", script: `probe begin { println(cputime_to_string(66851002003), " ", cputime_to_msecs(66851002003), " ", cputime_to_usecs(66851002003)) }`,
			want: "1m6.851s 66851 66851002\n"},
		{name: "bytes", script: `probe begin { printf("[%s] [%s] [%s] [%s] [%s] [%s] [%s] [%s]\n", bytes_to_string(0), bytes_to_string(1023), bytes_to_string(1024), bytes_to_string(53248),
			bytes_to_string(102400), bytes_to_string(1048575), bytes_to_string(11 * 1048576 + 524288), bytes_to_string(5000 * 1073741824)) }`,
			want: "[    0] [ 1023] [ 1.0K] [52.0K] [ 100K] [1023K] [11.5M] [5000G]\n"},
		{name: "flags of interrupts", script: `probe begin { printf("[%s] %s %s\n", irqflags_str(0), irqflags_str(0x2080), irqflags_str(0x3)) }`,
			want: "[] IRQF_SHARED|IRQF_ONESHOT IRQF_TRIGGER_BOTH\n"},
		{name: "soft interrupts", script: `probe begin { println(softirq_name(1), " ", softirq_name(3), " ", softirq_name(9), "[", softirq_name(10), "]") }`, want: "TIMER NET_RX RCU[]\n"},
		{name: "kinds of locks", script: `probe begin { println(lock_kind(0), " ", lock_kind(1), " ", lock_kind(5), " ", lock_kind(2), " ", lock_kind(0x21), " ", lock_kind(0xc), " ", lock_kind(0x12)) }`,
			want: "semaphore spinlock rwlock rwsem mutex rtmutex percpu-rwsem\n"},
		{name: "capabilities", script: `probe begin { println(capability_str(0), " ", capability_str(21), " ", capability_str(40), "[", capability_str(99), "]") }`,
			want: "CAP_CHOWN CAP_SYS_ADMIN CAP_CHECKPOINT_RESTORE[]\n"},
	})
}
