package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is a command line that makes no sense.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usage(format string, arguments ...any) error {
	return &usageError{fmt.Sprintf(format, arguments...)}
}

// arrange puts a command line into an order that cobra reads as GNU's getopt_long
// reads the original: options with their values first, by their full names, then
// "--" and the operands. A subcommand is one only as the first word, so any file can
// be a script and any word a script's argument.
//
//	x.stp foo -gp4 --disa -- -v  →  --guru --pass=4 --disable-cache -- x.stp foo -v
//
// The options of a script's first line and of the file rc come before the others.
func arrange(root *cobra.Command, arguments []string) ([]string, error) {
	var sorted []string
	command := root
	if len(arguments) > 0 {
		for _, sub := range root.Commands() {
			if sub.Name() == arguments[0] {
				command, sorted, arguments = sub, arguments[:1:1], arguments[1:]
				break
			}
		}
	}
	command.InitDefaultHelpFlag()
	arguments, err := splitInterpreterLine(arguments)
	if err != nil {
		return nil, err
	}
	always, err := arrangeRC(root, command)
	if err != nil {
		return nil, err
	}
	options, operands, arguments, err := splitOptions(command.Flags(), arguments)
	if command.Name() == "check" && len(arguments) > 0 { // operands are files, the rest is for the scripts
		operands = append(operands, "--")
	}
	return slices.Concat(sorted, always, options, []string{"--"}, operands, arguments), err
}

// arrangeRC gives the options of the file rc that a command knows, of those that
// stap knows.
func arrangeRC(root, command *cobra.Command) ([]string, error) {
	if command != root && command.Name() != "check" {
		return nil, nil
	}
	words, err := rcOptions()
	if err != nil {
		return nil, err
	}
	root.InitDefaultHelpFlag()
	options, operands, rest, err := splitOptions(root.Flags(), words)
	if err != nil {
		return nil, usage("in the file rc: %v", err)
	}
	if operands = append(operands, rest...); len(operands) > 0 {
		return nil, usage("the file rc is for options: '%s' is none", operands[0])
	}
	return slices.DeleteFunc(options, func(option string) bool {
		name, _, _ := strings.Cut(option[2:], "=")
		return command.Flags().Lookup(name) == nil
	}), nil
}

// splitOptions gives the options as --name or --name=value, the words between them,
// and what follows "--".
func splitOptions(flags *pflag.FlagSet, arguments []string) (options, operands, rest []string, err error) {
	for len(arguments) > 0 {
		word := arguments[0]
		arguments = arguments[1:]
		var found []string
		switch {
		case word == "--":
			return options, operands, arguments, nil
		case word == "-" || !strings.HasPrefix(word, "-"):
			operands = append(operands, word)
		case strings.HasPrefix(word, "--"):
			found, arguments, err = longOption(flags, word[2:], arguments)
		default:
			found, arguments, err = shortOptions(flags, word[1:], arguments)
		}
		if err != nil {
			return nil, nil, nil, err
		}
		options = append(options, found...)
	}
	return options, operands, nil, nil
}

// longOption reads NAME or NAME=VALUE, with the beginning of a name if only one
// option begins so. It gives the option and the words after it and its value.
func longOption(flags *pflag.FlagSet, text string, rest []string) ([]string, []string, error) {
	given, value, hasValue := strings.Cut(text, "=")
	flag := flags.Lookup(given)
	if flag == nil {
		var candidates []*pflag.Flag
		var names []string
		flags.VisitAll(func(f *pflag.Flag) {
			names = append(names, "--"+f.Name)
			if strings.HasPrefix(f.Name, given) {
				candidates = append(candidates, f)
			}
		})
		switch len(candidates) {
		case 0:
			similar := ""
			if near := parse.Similar("--"+given, names, 3); len(near) > 0 {
				similar = " (similar: " + strings.Join(near, ", ") + ")"
			}
			return nil, nil, usage("unrecognized option '--%s'%s", given, similar)
		case 1:
			flag = candidates[0]
		default:
			names = nil
			for _, f := range candidates {
				names = append(names, "'--"+f.Name+"'")
			}
			slices.Sort(names)
			return nil, nil, usage("option '--%s' is ambiguous; possibilities: %s", given, strings.Join(names, " "))
		}
	}
	switch {
	case !hasValue && flag.NoOptDefVal != "":
		return []string{"--" + flag.Name}, rest, nil
	case hasValue && flag.NoOptDefVal != "" && flag.Value.Type() != "string":
		return nil, nil, usage("option '--%s' doesn't allow an argument", flag.Name)
	case !hasValue && len(rest) == 0:
		return nil, nil, usage("option '--%s' requires an argument", flag.Name)
	case !hasValue:
		value, rest = rest[0], rest[1:]
	}
	return []string{"--" + flag.Name + "=" + value}, rest, nil
}

// shortOptions reads the letters of one word: gvp4 is g, v, and p with 4.
func shortOptions(flags *pflag.FlagSet, letters string, rest []string) ([]string, []string, error) {
	var options []string
	for i, letter := range letters {
		flag := flags.ShorthandLookup(string(letter))
		if letter > '~' || flag == nil {
			return nil, nil, usage("invalid option -- '%c'", letter)
		}
		if flag.NoOptDefVal != "" {
			options = append(options, "--"+flag.Name)
			continue
		}
		value := letters[i+1:]
		if value == "" {
			if len(rest) == 0 {
				return nil, nil, usage("option requires an argument -- '%c'", letter)
			}
			value, rest = rest[0], rest[1:]
		}
		return append(options, "--"+flag.Name+"="+value), rest, nil
	}
	return options, rest, nil
}

// noOperands refuses what is neither an option nor its value.
func noOperands(command *cobra.Command, operands []string) error {
	if len(operands) > 0 {
		return usage("%s takes options only, not '%s'", command.Name(), operands[0])
	}
	return nil
}
