//go:build guest

package gostap_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// systemCallProbes: T400, T401, T411, T414: system calls of a program of 64 bits and of one of 32, by their functions
// and by the tracepoints of all calls: the same arguments and results.
func (g *guestTest) systemCallProbes(t *testing.T) {
	g.program(t, "testdata/guest/systemcalls.c")
	if g.kernel.Arch.Name == "x86_64" {
		g.program(t, "testdata/guest/narrow.c", "-m32", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie", "-fno-stack-protector")
	}
	module := g.build(t, g.release, "-e", `
		probe nd_syscall.open, nd_syscall.openat { if (pid() == target()) printf("%s %s %d %d\n", name, filename, flags & 0x41, int_arg(name == "open" ? 2 : 3) == flags) }
		probe tp_syscall.open, tp_syscall.openat { if (pid() == target()) printf("tp %s %s %d\n", name, filename, flags & 0x41) }
		probe syscall.open.return, syscall.openat.return, syscall.pread.return, syscall.umask.return { if (pid() == target()) printf("%s.return %s %d\n", name, retstr, retval < 0) }
		probe tp_syscall.open.return, tp_syscall.openat.return, tp_syscall.umask.return { if (pid() == target()) printf("tp %s.return %s\n", name, retstr) }
		probe syscall.pread { if (pid() == target()) printf("%s %d %#x %d\n", name, count, offset, long_arg(3)) }
		probe tp_syscall.pread { if (pid() == target()) printf("tp %s %d %#x\n", name, count, offset) }
		probe dw_syscall.getpid { if (pid() == target()) printf("%s%s\n", name, argstr) }
		probe syscall.umask { if (pid() == target()) printf("%s %o\n", name, mask) }
		probe syscall.connect { if (pid() == target()) printf("%s %d %#x %d\n", name, sockfd, addr_uaddr, addrlen) }
		probe kernel.function("compat_sys_lseek") { if (pid() == target()) printf("compat_sys_lseek %d %d\n", $fd, $offset) }
		probe syscall_any { if (pid() == target() && name == "socketcall") println(name, " ", syscall_nr, " ", syscall_num("socketcall"), " ", syscall_name(5)) }
		probe syscall.exit { if (pid() == target()) printf("%s %d\n", name, status) }
		probe syscall.exit.return { if (pid() == target()) println("returned from exit") }`)
	for program, want := range map[string]string{
		"systemcalls": `tp open "/tmp/opened-by-number" 65
			open "/tmp/opened-by-number" 65 1
			open.return 3 0
			tp open.return 3
			tp pread64 0 0x75bcd15
			pread64 0 0x75bcd15 0
			pread64.return -9 (EBADF) 1`,
		"narrow": `tp open "/tmp/narrow-file" 64
			open "/tmp/narrow-file" 64 1
			open.return 3 0
			tp open.return 3
			tp pread64 4 0x300000010
			pread64 4 0x300000010 4
			pread64.return 0 0
			compat_sys_lseek 77 -5
			tp openat "/no-such-file" 0
			openat "/no-such-file" 0 1
			openat.return -2 (ENOENT) 1
			tp openat.return -2 (ENOENT)
			socketcall 102 102 open
			socketcall 102 102 open
			connect 77 0x5000 16
			getpid
			umask 27
			umask.return 022 0
			tp umask.return 022
			exit 3`,
	} {
		if program == "narrow" && g.kernel.Arch.Name != "x86_64" {
			continue
		}
		_, stdout, stderr := g.run(t, "staprun", "-c", "/tmp/"+program, module)
		want = strings.ReplaceAll(want, "\t", "")
		if g.kernel.Arch.Name == "aarch64" { // which has no open
			want = regexp.MustCompile(`\bopen([ .])`).ReplaceAllString(want, "openat$1")
		}
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if program == "systemcalls" { // the library's own calls are before and behind
			lines = slices.DeleteFunc(lines, func(line string) bool { return !strings.Contains(line, "open") && !strings.Contains(line, "pread") })
		}
		for len(lines) > 0 && lines[0] == "getpid" { // of staprun, before the program begins
			lines = lines[1:]
		}
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("%s: output\n%s\nwant\n%s\n%s", program, got, want, stderr)
		}
	}
}

// systemCallChanges: T417: with guru, what a handler sets an argument's variable to is what the call gets.
func (g *guestTest) systemCallChanges(t *testing.T) {
	g.program(t, "testdata/guest/systemcalls.c")
	module := g.build(t, g.release, "-g", "-e", `
		global set
		probe nd_syscall.lseek { if (pid() == target() && fildes == 77) { fildes = 3; offset = 42 } }
		probe syscall.lseek.return { if (pid() == target() && retval == 42) println(retstr) }
		probe nd_syscall.openat, nd_syscall.open { if (filename_unquoted == "/tmp/opened-by-number") { filename_unquoted = "/tmp/opened-by-probes"; set++ } }
		probe end { println(set) }`)
	_, stdout, stderr := g.run(t, "staprun", "-c", "/tmp/systemcalls", module)
	if want := "42\n1\n"; stdout != want {
		t.Errorf("output\n%s\nwant\n%s\n%s", stdout, want, stderr)
	}
	if _, listed, _ := g.run(t, "ls", "/tmp"); !strings.Contains(listed, "opened-by-probes") {
		t.Errorf("no other file was opened: %s", listed)
	}
}
