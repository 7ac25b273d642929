// Package runtimec carries the C runtime inside the stap binary. The runtime
// itself is in the folder stap: stap.h says what a script's C sees of it,
// runtime.h what its units share.
//
// The runtime is made of units, each compiled apart. A module has the core in
// it and those others whose functions its script calls, so a script pays for
// nothing that it does not use. Needed finds them by name: a unit that defines
// stap_pid is needed where that word stands in the script's C, in a header that
// it includes, or in another unit that is needed.
package runtimec

import (
	"bytes"
	"embed"
	"path"
	"regexp"
	"slices"
)

// Sources holds the runtime's files in the folder "stap".
//
//go:embed stap/*.c stap/*.h
var Sources embed.FS

// Core is the unit that every module has in it.
const Core = "runtime"

// Units are the runtime's translation units, each the name of a file in
// Sources without its suffix. The first script that needs one waits for it to
// be compiled, most of which is reading the kernel's headers: a unit includes
// those that it uses and no others.
var Units = []string{
	Core, "print", "format", "string", "text", "tokenize", "escape", "wide", "address", "code", "condition", "convention", "errno", "clock", "calendar", "float", "float_text", "random", "ftrace", "bitness", "timer", "lock", "memory",
	"dump", "data", "dataaddress", "percpu", "return", "quote", "tracepoint", "profile", "perf", "watch", "procfs", "netfilter",
	"task", "tasks", "usage", "file", "namespace", "process", "point", "hit", "registers", "stack", "lines", "module", "monitor", "log", "guru", "override", "defer", "block", "network", "fault", "target_set", "request", "inet", "socket", "textwrite", "textmemory", "text_file", "text_ioctl", "text_ipc", "text_map", "text_mount", "text_open", "text_poll", "text_prctl", "text_process", "text_signal", "text_socket", "text_sockopt", "text_system", "text_time", "text_vector", "systemcall",
}

// OptionalExports are kernel symbols that the runtime uses where a kernel
// exports them: each that does is defined as STAP_EXPORTED_NAME.
var OptionalExports = []string{"__dev_queue_xmit", "context_tracking", "ftrace_free_filter", "ftrace_set_filter_ips", "hrtimer_setup"}

var (
	// A definition begins in the first column with its type.
	definition = regexp.MustCompile(`(?m)^((?:[a-z]\w* \*?)+)(stap_\w+)(?:\[\])?(?: = |\(|;)`)
	included   = regexp.MustCompile(`(?m)^#include "(\w+\.[ch])"`)
	// A unit may be made of several files.
	includedSource = regexp.MustCompile(`(?m)^#include "(\w+\.c)"`)

	word = regexp.MustCompile(`\bstap_\w+`)
)

// interfaceHeaders declare what units define, so naming them needs none.
var interfaceHeaders = []string{"stap.h", "text.h", "runtime.h", "place.h", "print.h"}

// Defines lists what a unit, other than the core, defines for scripts and
// other units.
func Defines(unit string) []string {
	var names []string
	text := source(unit + ".c")
	for _, match := range includedSource.FindAllSubmatch(text, -1) {
		text = append(text, source(string(match[1]))...)
	}
	for _, match := range definition.FindAllSubmatch(text, -1) {
		switch first, _, _ := bytes.Cut(match[1], []byte(" ")); string(first) {
		case "static", "extern", "typedef":
		default:
			names = append(names, string(match[2]))
		}
	}
	return names
}

// Needed lists the units of a module whose script has that C, in the order of
// Units.
func Needed(c []byte) []string {
	definedIn := map[string]string{}
	for _, unit := range Units {
		for _, name := range Defines(unit) {
			definedIn[name] = unit
		}
	}
	taken := map[string]bool{}
	var take func(unit string)
	read := func(texts [][]byte) {
		for _, text := range texts {
			for _, name := range word.FindAll(text, -1) {
				if unit, ours := definedIn[string(name)]; ours {
					take(unit)
				}
			}
		}
	}
	take = func(unit string) {
		if !taken[unit] {
			taken[unit] = true
			read(withIncluded(source(unit + ".c")))
		}
	}
	take(Core)
	read(withIncluded(c))
	return slices.DeleteFunc(slices.Clone(Units), func(unit string) bool { return !taken[unit] })
}

// withIncluded gives a text and those of the runtime that it includes.
func withIncluded(text []byte) [][]byte {
	texts := [][]byte{text}
	seen := map[string]bool{}
	for _, header := range interfaceHeaders {
		seen[header] = true
	}
	for i := 0; i < len(texts); i++ {
		for _, match := range included.FindAllSubmatch(texts[i], -1) {
			if name := string(match[1]); !seen[name] {
				seen[name] = true
				texts = append(texts, source(name))
			}
		}
	}
	return texts
}

// source gives a file of the runtime; of one that is not there, nothing.
func source(name string) []byte {
	text, err := Sources.ReadFile(path.Join("stap", name))
	if err != nil {
		return nil
	}
	return text
}
