package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun"
	"github.com/spf13/cobra"
)

// mergeName is the name under which SystemTap has `stap merge`: a link to stap
// of that name is that command.
const mergeName = "stap-merge"

// newMergeCommand makes `stap merge`, which puts the files of -b into one order.
func newMergeCommand() *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "merge [-o OUTPUT] FILE...",
		Short: "Put the files that stap -b made into one order",
		Long: `Print what the files of stap -b hold, one of each CPU or several that took turns, in
the order in which the script printed it. What is missing in between is counted.`,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		RunE: func(command *cobra.Command, names []string) error {
			if len(names) == 0 {
				return usage("merge takes the files that stap -b made: stpd_cpu0 stpd_cpu1 ...")
			}
			return mergeFiles(command, output, names)
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "write to `OUTPUT` instead of standard output")
	return command
}

func mergeFiles(command *cobra.Command, output string, names []string) (err error) {
	var out io.Writer = command.OutOrStdout()
	if output != "" {
		file, err := os.Create(output)
		if err != nil {
			return &kernel.UserError{Message: fmt.Sprintf("cannot write %s: %v", output, errors.Unwrap(err)), Cause: err}
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	missing, err := staprun.MergeFiles(out, names)
	var user *staprun.UserError
	if errors.As(err, &user) {
		return &kernel.UserError{Message: user.Message, Hint: user.Hint, Cause: err}
	}
	if err == nil && missing > 0 {
		fmt.Fprintf(command.ErrOrStderr(), "WARNING: There were %d lost messages: they are in none of the files\n", missing)
	}
	return err
}
