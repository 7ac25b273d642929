// Command stap compiles a script into a kernel module and runs it.
//
// This package is flags and the list of the passes (passes.go), nothing else:
// each pass is one call into the package that is named after it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gostap/gostap/parse"
	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "development"

func main() {
	arguments := os.Args[1:]
	if filepath.Base(os.Args[0]) == mergeName {
		arguments = append([]string{"merge"}, arguments...)
	}
	os.Exit(run(arguments))
}

// run is the whole program but for the exit.
func run(arguments []string) int {
	s := &settings{}
	status := 0
	root := newCommand(s, &status)
	root.AddCommand(newCheckCommand(s), newInjectCommand(s, &status), newFormatCommand(s), newMergeCommand(), newPrepCommand(), newDoctorCommand(), newCompletionCommand(s))
	sorted, err := arrange(root, arguments)
	if err == nil {
		root.SetArgs(sorted)
		err = root.ExecuteContext(context.Background())
	}
	if err != nil {
		s.complain(os.Stderr, err)
		return max(status, 1)
	}
	return status
}

func newCommand(s *settings, status *int) *cobra.Command {
	command := &cobra.Command{
		Use:                   "stap",
		Short:                 "Ask a live kernel a question in the SystemTap language",
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		Args:                  cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, arguments []string) error {
			if s.showVersion {
				fmt.Fprint(command.OutOrStdout(), versionText())
				return nil
			}
			if err := s.validate(command.Flags()); err != nil {
				return err
			}
			var err error
			*status, err = runPasses(command.Context(), s, arguments)
			return err
		},
	}
	groups := s.flagGroups()
	addFlags(command, append(groups, laterFlags())...)
	command.SetHelpFunc(func(wanted *cobra.Command, _ []string) {
		if wanted == command {
			writeHelp(command.OutOrStdout(), command, groups)
		} else {
			writeSubcommandHelp(command.OutOrStdout(), wanted)
		}
	})
	help := newHelpCommand(s)
	command.SetHelpCommand(help)
	command.AddCommand(help) // for arrange, before cobra does it
	command.CompletionOptions.DisableDefaultCmd = true
	command.SetFlagErrorFunc(explainFlag)
	return command
}

// writeHelp writes the whole help: the forms of a command line, the options in
// groups, what is refused.
func writeHelp(out io.Writer, root *cobra.Command, groups []flagGroup) {
	fmt.Fprint(out, `Usage:
  stap [options] FILE [arguments]
  stap [options] -e SCRIPT [arguments]
  stap [options] - [arguments]         the script is on standard input
  stap [options] -l POINT              the probe points that POINT stands for
`)
	for _, sub := range root.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" { // which cobra does not count
			fmt.Fprintf(out, "  stap %s\n        %s\n", sub.Use, sub.Short)
		}
	}
	for _, group := range groups {
		fmt.Fprintf(out, "\n%s:\n%s", group.title, group.flags.FlagUsages())
	}
	fmt.Fprintf(out, "\nOptions of SystemTap that are not in this version:\n  %s\n", laterNames())
}

func writeSubcommandHelp(out io.Writer, command *cobra.Command) {
	about := command.Long
	if about == "" {
		about = command.Short + "."
	}
	fmt.Fprintf(out, "Usage:\n  stap %s\n\n%s\n\nOptions:\n%s", command.Use, about, command.LocalFlags().FlagUsages())
}

// Kernels that the tests run on, by the beginning of their releases.
const oldestTested, newestTested = "5.10", "6.12"

func versionText() string {
	return fmt.Sprintf(`Systemtap translator/driver (version %s, gostap %s)
MIT licence; modules that it makes are Dual MIT/GPL.
tested kernel versions: %s ... %s
enabled features: BTF KBUILD-REPLAY VM
`, parse.Compatible, version, oldestTested, newestTested)
}
