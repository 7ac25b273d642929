package elaborate_test

import (
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
)

// TestOverrides: a function can be left out where it is entered; elsewhere it is said why not, and what to do.
func TestOverrides(t *testing.T) {
	for script, want := range map[string]string{
		`probe kernel.function("do_sys_openat2") { override_return(-5) }`:                            "override_return(-5)",
		`probe kprobe.function("do_sys_openat2") { skip_call() }`:                                    "skip_call()",
		`function fail() { override_return(-5) } probe kernel.function("do_sys_openat2") { fail() }`: "fail()",
		`probe kernel.function("do_sys_openat2").return { override_return(-5) }`:                     "the function has run",
		`probe kprobe.function("do_sys_openat2").return { delay_call(5) }`:                           "the function has run",
		`probe timer.s(1) { skip_call() }`:                                                           "no function is entered there",
		`function fail() { skip_call() } probe begin { fail() }`:                                     "fail cannot be done in probe begin",
		`probe kprobe.function("do_exit") { skip_call() }`:                                           "do_exit never returns",
		`probe kprobe.statement(4096).absolute { skip_call() }`:                                      "an address alone",
	} {
		got := elaborateFiles(t, elaborate.Options{Guru: true}, "", script)
		if !strings.Contains(got, want) {
			t.Errorf("%s\nno %q in %s", script, want, got)
		}
		if got := elaborateFiles(t, elaborate.Options{}, "", script); !strings.Contains(got, "need stap -g") {
			t.Errorf("%s without -g: %s", script, got)
		}
	}
}
