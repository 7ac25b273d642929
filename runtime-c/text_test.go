package runtimec_test

import (
	"os/exec"
	"strings"
	"testing"
)

// textCases are the cases of testdata/text.c, in its order.
var textCases = []struct{ name, want string }{
	{"decimal", `-9223372036854775808`},
	{"unsigned", `18446744073709551615`},
	{"hex", `0x0`},
	{"octal", `022, 000, 04755`},
	{"nothing between commas", `1, 0644`},
	{"open flags", `O_RDONLY, O_RDWR|O_CREAT, O_WRONLY|0x40000000`},
	{"protection", `PROT_NONE, PROT_READ|PROT_WRITE|PROT_EXEC`},
	{"one of several", `SEEK_SET, 0x63`},
	{"map", `MAP_PRIVATE|MAP_ANONYMOUS, MAP_FILE|MAP_FIXED, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT`},
	{"device", `makedev(0x8, 0x1234501)`},
	{"node", `S_IFREG|0644, makedev(0x1, 0x3)`},
	{"folder", `AT_FDCWD, 3`},
	{"clock", `CLOCK_MONOTONIC, MAKE_THREAD_CPUCLOCK(1, CPUCLOCK_SCHED), FD_TO_CLOCKID(5)`},
	{"signal", `SIGKILL, SIGRTMIN, SIGRT_32, 65, SIGSTKFLT`},
	{"clone", `CLONE_VM|SIGCHLD, SIGCHLD, 0`},
	{"futex", `FUTEX_WAKE_PRIVATE, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME`},
	{"key", `KEY_SPEC_SESSION_KEYRING, 12`},
	{"string", `"plain\t\"\\\n\001\377"`},
	{"unreadable string", `0x0, 0xffff`},
	{"string without an end", `0x10ffd`},
	{"buffer to the last byte", `"xxx"`},
	{"buffer beyond that", `0x10ffd`},
	{"buffer", `"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"..., "", 0x10000`},
	{"preview", `"xx"...`},
	{"argv", `["ls", "-l"], [], 0x0`},
	{"argv without an end", `["ls", 0x11000]`},
	{"narrow argv", `["ls", "-l"]`},
	{"vector", `[{iov_base="ls", iov_len=2}, {iov_base=0x4d, iov_len=3}], [{iov_base=0x10000, iov_len=2}], NULL`},
	{"time", `[1.000000005], [1.000005], NULL, 0x8`},
	{"no time", `[-1, 1000000000]`},
	{"file times", `[UTIME_NOW, UTIME_OMIT]`},
	{"narrow time", `[-1.000000005], [34359738375.000000002], {it_interval=[-1.000005], it_value=[7.000008]}`},
	{"narrow action", `{sa_handler=0x1000, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x2000}`},
	{"narrow limits", `{rlim_cur=RLIM_INFINITY, rlim_max=1024}`},
	{"narrow lock", `{l_type=F_WRLCK, l_whence=SEEK_END, l_start=5, l_len=6}, {l_type=F_WRLCK, l_whence=SEEK_END, l_start=5, l_len=0}`},
	{"limits", `{rlim_cur=RLIM_INFINITY, rlim_max=8192*1024}, {rlim_cur=RLIM64_INFINITY, rlim_max=8192*1024}`},
	{"sets", `[INT SEGV], 0x10000, NULL`},
	{"nearly all", `~[HUP INT]`},
	{"semaphores", `[{sem_num=1, sem_op=-1, sem_flg=SEM_UNDO|IPC_NOWAIT}, {sem_num=2, sem_op=1, sem_flg=0}]`},
	{"many", `[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...]`},
	{"unreadable", `[0, 0x11000], 0x8`},
	{"bits", `[0 1 15], [0 1]`},
	{"keyctl", `KEY_SPEC_SESSION_KEYRING, 1, 0x5`},
	{"prctl", `SIGKILL, CAP_SYS_ADMIN, 0x1`},
	{"mapped", `{AF_INET6, ::ffff:1.2.3.4, 80}`},
	{"any", `{AF_INET6, ::, 80}, ::`},
	{"runs", `{AF_INET6, 2001:0:0:1::2, 443}`},
	{"parts", `AF_INET6, 2001:0:0:1::2, 443, 5, 7`},
	{"short", `{AF_INET6}, 0x10000, 0x10000, NULL`},
	{"local", `{AF_UNIX, @"abc"}, {AF_UNIX, ""}`},
	{"unknown", `{0x63, "ab"}`},
}

// TestText: the text of system calls' arguments, as T410 and strace have it.
func TestText(t *testing.T) {
	output, err := exec.Command(compileC(t, "text.c")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	got := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(output)), "\n") {
		name, text, _ := strings.Cut(line, ": ")
		got[name] = text
	}
	for _, c := range textCases {
		if got[c.name] != c.want {
			t.Errorf("%s is %s, want %s", c.name, got[c.name], c.want)
		}
		delete(got, c.name)
	}
	// A string ends in quotes before it would be cut; what else has no room is counted as cut.
	if text := got["no room"]; len(text) >= 512 || !strings.HasSuffix(text, `x"...`) {
		t.Errorf("no room: %s", text)
	}
	if text := got["cut"]; len(text) != 512 || !strings.HasSuffix(text, "*") {
		t.Errorf("cut: %s", text)
	}
	if len(got) != 2 {
		t.Errorf("cases that nobody knows: %v", got)
	}
}
