package main

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/spf13/pflag"
)

// laterOption is an option of SystemTap that this version refuses.
type laterOption struct {
	letter string
	name   string
	value  string // what it takes: "" nothing, "X" a value, "[X]" perhaps one
	what   string // what is missing, as the subject of a sentence
	hint   string
}

var laterOptions = []laterOption{
	{letter: "P", what: "searching prologues, which is for probes of user programs,"},
	{letter: "i", name: "interactive", what: "the interactive editor"},
	{letter: "q", what: "the record of what is covered of the library"},
	{letter: "R", value: "X", what: "another C runtime than the one inside stap"},
	{name: "check-version", what: "warning of what depends on the version of the language"},
	{name: "sysenv", value: "X", what: "the environment of programs under another root"},
	{name: "sign-module", value: "[X]", what: "signing modules"},
	{name: "download-debuginfo", value: "[X]", what: "fetching debug information on the way", hint: "`stap prep --debuginfo` fetches a kernel's"},
	{name: "debug", what: "debug information in the module"},
	{name: "example", value: "X", what: "running an example by its name", hint: "give the example's file"},
	{name: "language-server", what: "the language server", hint: "`stap check --diagnostics=json FILE` is for editors, too"},
	{name: "build-as", value: "X", what: "building as another user"},
	{name: "save-uprobes", what: "a copy of the module uprobes, which no kernel of today needs,"},
	{name: "dyninst", what: "running a script inside of programs"},
	{name: "bpf", what: "running a script as BPF"},
	{name: "remote", value: "X", what: "running on other machines", hint: "build there, or run the module that -p4 makes there with staprun"},
	{name: "remote-prefix", what: "running on other machines"},
	{name: "use-server", value: "[X]", what: "building on a server"},
	{name: "use-server-on-error", value: "[X]", what: "building on a server"},
	{name: "list-servers", value: "[X]", what: "building on a server"},
	{name: "trust-servers", value: "[X]", what: "building on a server"},
}

// laterFlags make the refused options known to the command line. The help does
// not list them.
func laterFlags() flagGroup {
	return newFlagGroup("later", func(flags *pflag.FlagSet) {
		for _, option := range laterOptions {
			switch option.value {
			case "":
				flags.BoolP(option.flag(), option.letter, false, "")
			default:
				flags.StringP(option.flag(), option.letter, "", "")
			}
			if option.value == "[X]" {
				flags.Lookup(option.flag()).NoOptDefVal = "yes"
			}
		}
	})
}

// flag names the option for cobra, which wants a long name.
func (o laterOption) flag() string {
	if o.name == "" {
		return o.letter
	}
	return o.name
}

// written is how the option stands on a command line.
func (o laterOption) written() string {
	if o.name == "" {
		return "-" + o.letter
	}
	return "--" + o.name
}

// refuseLater says what an option would need that is not there.
func refuseLater(flags *pflag.FlagSet) error {
	for _, option := range laterOptions {
		if flags.Changed(option.flag()) {
			return notInThisVersion(option.written(), option.what, option.hint)
		}
	}
	return nil
}

func notInThisVersion(option, what, hint string) error {
	return &kernel.UserError{Message: fmt.Sprintf("%s: %s is not in this version", option, what), Hint: hint}
}

// laterNames lists the refused options for the help.
func laterNames() string {
	var names []string
	for _, option := range laterOptions {
		names = append(names, option.written())
	}
	return strings.Join(names, " ")
}
