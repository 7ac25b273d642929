//go:build guest

package gostap_test

import (
	"regexp"
	"strings"
	"testing"
)

// frame is a line of a backtrace in the kernel: R571.
var frame = regexp.MustCompile(`^ 0x[0-9a-f]{16} : ([\w.]+)\+0x[0-9a-f]+/0x[0-9a-f]+ \[\w+\]$`)

// nameless is a line of an address that no symbol covers: R571.
var nameless = regexp.MustCompile(`^ 0x[0-9a-f]{16}$`)

// checkBacktrace holds what probes of every kind show of the kernel's stack: the
// functions that are known to be there, in their order, and no frame of the
// probe's own way: R570, R571, R572, R575.
func checkBacktrace(t *testing.T, stdout string) {
	const (
		enter = `(entry_SYSCALL_64_after_hwframe|el0t_64_sync)`
		call  = `(do_syscall_64|x64_sys_call|invoke_syscall|el0_svc_common\S*) `
	)
	want := map[string]string{
		"function":   `^vfs_write ((__x64_sys|__arm64_sys|ksys)_write )+` + call + `.*` + enter + `$`,
		"kprobe":     `^vfs_read ((__x64_sys|__arm64_sys|ksys)_read |[\w.]+ )+` + enter + `$`,
		"return":     `^vfs_write ((__x64_sys|__arm64_sys|ksys)_write )+` + call + `.*` + enter + `$`,
		"tracepoint": `.*` + call + `([\w.]+ )*` + enter + `$`,
		"timer":      `.`,
		"profile":    `.`,
		"perf":       `.`,
	}
	sections := strings.Split(strings.TrimPrefix(stdout, "== "), "\n== ")
	for _, section := range sections {
		kind, text, _ := strings.Cut(strings.TrimSuffix(section, "\n"), "\n")
		lines := strings.Split(text, "\n")
		switch kind {
		case "begin":
			if want := "<no kernel backtrace at begin>\nno module contains the address 0x5\n" +
				"'12x' does not begin with an address in hexadecimal\n[0x5\n0x6\n]"; text != want {
				t.Errorf("begin:\n%s\nwant:\n%s", text, want)
			}
			continue
		case "end":
			if text != "<no kernel backtrace at end>" {
				t.Errorf("end: %s", text)
			}
			continue
		case "user":
			if !strings.HasPrefix(text, "<no kernel backtrace at timer.profile") {
				t.Errorf("user: %s", text)
			}
			continue
		case "function": // print_stack of the hit comes last
			last := len(lines) - 1
			if lines[last] != lines[0] {
				t.Errorf("print_stack shows %s, print_backtrace %s", lines[last], lines[0])
			}
			lines = lines[:last]
		case "return":
			for i, beginning := range []string{"Returning from: ", "Returning to  : "} {
				if i >= len(lines) || !strings.HasPrefix(lines[i], beginning) {
					t.Fatalf("return: no %q:\n%s", beginning, text)
				}
				lines[i] = strings.TrimPrefix(lines[i], beginning)
			}
		}
		var functions []string
		for _, line := range lines {
			match := frame.FindStringSubmatch(line)
			if match == nil {
				if want[kind] == "." && nameless.MatchString(line) {
					continue // a trampoline of ftrace, for which the kernel has no name
				}
				t.Errorf("%s: not a frame: %q", kind, line)
				continue
			}
			functions = append(functions, match[1])
		}
		chain := strings.Join(functions, " ")
		if want[kind] == "" || !regexp.MustCompile(want[kind]).MatchString(chain) {
			t.Errorf("%s: %s", kind, chain)
		}
		own := strings.Contains(text, "[stap_") || strings.Contains(chain, "trampoline")
		if want[kind] == "." {
			own = false // what comes with the time may interrupt a probe
		}
		if len(lines) > 20 || own {
			t.Errorf("%s: more than 20 frames, or some of the probe's own:\n%s", kind, text)
		}
		delete(want, kind)
	}
	for kind := range want {
		t.Errorf("no backtrace from %s", kind)
	}
}

// checkLines holds what testdata/guest/lines.stp shows: R573.
func checkLines(t *testing.T, stdout string) {
	want := []string{
		`0x5 0x5 0x5`,
		` 0x[0-9a-f]{16} : vfs_write\+0x0/0x[0-9a-f]+ at fs/read_write\.c:\d+ \[kernel\]`,
		` 0x[0-9a-f]{16} : ksys_write\+0x[0-9a-f]+/0x[0-9a-f]+ at fs/read_write\.c:\d+ \[kernel\]`,
		`( 0x[0-9a-f]{16} : \w+\+0x[0-9a-f]+/0x[0-9a-f]+ at \S+:\d+ \[kernel\]\n)*` +
			` 0x[0-9a-f]{16} : (do_syscall_64|el0_svc_common\S*)\+0x[0-9a-f]+/0x[0-9a-f]+ at arch/(x86/entry/common|arm64/kernel/syscall)\.c:\d+ \[kernel\]`,
		`( 0x[0-9a-f]{16} : \w+\+0x[0-9a-f]+/0x[0-9a-f]+ at \S+:\d+ \[kernel\]\n)*` +
			` 0x[0-9a-f]{16} : (entry_SYSCALL_64_after_hwframe|el0t_64_sync)\+0x[0-9a-f]+/0x[0-9a-f]+ at arch/(x86/entry/entry_64|arm64/kernel/entry)\.S:\d+ \[kernel\]`,
		`1 1 1 0`, // the entry has its own line, and so have more than five others; not all; all have one
	}
	if !regexp.MustCompile("^" + strings.Join(want, "\n") + "\n$").MatchString(stdout) {
		t.Errorf("output:\n%s", stdout)
	}
}
