package main

import (
	"fmt"
	"io"

	"github.com/gostap/gostap/kernel"
	"github.com/spf13/cobra"
)

// newDoctorCommand makes `stap doctor`, which says what this machine can do.
func newDoctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "doctor",
		Short:                 "Say what this machine can do, and what it lacks",
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		RunE: func(command *cobra.Command, _ []string) error {
			report, err := kernel.Examine()
			if err != nil {
				return err
			}
			printReport(command.OutOrStdout(), report)
			if !report.Native && !report.Guest {
				return &kernel.UserError{
					Message: "neither stap nor stap --vm can run on this machine as it is",
					Hint:    "`stap prep --vm` brings what a guest needs",
				}
			}
			return nil
		},
	}
}

func printReport(out io.Writer, report *kernel.Report) {
	for _, check := range report.Checks {
		fmt.Fprintf(out, "%-4s %-12s %s\n", check.State, check.Name, check.Finding)
		if check.Advice != "" {
			fmt.Fprintf(out, "%18s%s\n", "", check.Advice)
		}
	}
	can := map[bool]string{true: "can", false: "cannot"}
	fmt.Fprintf(out, "\nstap %s load modules into this kernel; stap --vm %s run.\n", can[report.Native], can[report.Guest])
}
