package runtimec

import (
	"slices"
	"testing"
)

func TestNeeded(t *testing.T) {
	for script, want := range map[string][]string{
		``:                                {Core},
		`stap_put_bytes(&c->out, "x", 1)`: {Core},
		`stap_begin, stap_exit()`:         {Core},
		`&stap_timer`:                     {Core, "timer"},
		`xstap_pid() stap_pidx()`:         {Core},
		"#include \"stap.h\"\nstap_put_long(&c->out, stap_pid())":                {Core, "print", "task"},
		`.family = &stap_function, stap_user_string(c, s, stap_argument(c, 1));`: {Core, "address", "code", "memory"},
	} {
		if got := Needed([]byte(script)); !slices.Equal(got, want) {
			t.Errorf("%q needs %q, want %q", script, got, want)
		}
	}
}
