package runtimec

import (
	"path"
	"regexp"
	"slices"
	"strings"
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

// TestUnitsAreKnown: a unit that has something to do at times is in the core's list, and is weak there. What is not gets no
// memory of its CPUs', and would write over the kernel's.
func TestUnitsAreKnown(t *testing.T) {
	read := func(name string) string {
		text, err := Sources.ReadFile(path.Join("stap", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, list, _ := strings.Cut(read("session.c"), "stap_units[] = {")
	list, _, _ = strings.Cut(list, "};")
	sources, err := Sources.ReadDir("stap")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, source := range sources {
		match := regexp.MustCompile(`(?m)^const struct stap_unit (STAP_UNIT\(\w+\)) = \{(.*)$`).FindStringSubmatch(read(source.Name()))
		if match == nil || match[2] == " };" { // an empty one only tells that it is there
			continue
		}
		found++
		if !strings.Contains(list, "&"+match[1]+",") || !strings.Contains(read("runtime.h"), "extern const struct stap_unit "+match[1]+" __weak;") {
			t.Errorf("%s: %s is not in the list of session.c and weak in runtime.h", source.Name(), match[1])
		}
	}
	if found < 10 {
		t.Errorf("only %d units found", found)
	}
}
