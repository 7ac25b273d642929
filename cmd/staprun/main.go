// Command staprun loads a module that stap -p4 built, runs its session and
// unloads it. It is all that a target machine needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gostap/gostap/staprun"
	"github.com/gostap/gostap/staprun/vm/guest"
	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "development"

func main() {
	if guest.Wanted() {
		guest.Main()
	}
	if len(os.Args) == 3 && os.Args[1] == staprun.Gate {
		status, err := staprun.BecomeCommand(os.Args[2])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(status)
	}
	os.Exit(run())
}

func run() int {
	options := staprun.Options{Stdout: os.Stdout, Stderr: os.Stderr, KeepName: true}
	var output string
	var unique bool
	status := 0
	command := &cobra.Command{
		Use:           "staprun [options] MODULE.ko",
		Short:         "Run a module that stap built",
		Version:       version,
		Args:          cobra.ExactArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(_ *cobra.Command, arguments []string) error {
			options.Module = arguments[0]
			options.KeepName = !unique
			if options.Command != "" && options.Target != 0 {
				return &staprun.UserError{Message: "You can't specify -c and -x together."}
			}
			closeOutput, err := openOutput(&options, output)
			if err != nil {
				return err
			}
			status, err = staprun.Run(context.Background(), options)
			return errors.Join(err, closeOutput())
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&options.Verbose, "verbose", "v", false, "say how each probe was armed")
	flags.BoolVarP(&options.NoWarnings, "no-warnings", "w", false, "no warnings")
	flags.StringVarP(&options.Command, "command", "c", "", "run `COMMAND`; the session ends with it")
	flags.IntVarP(&options.Target, "target", "x", 0, "what target() gives: `PID`")
	flags.StringVarP(&output, "output", "o", "", "write the script's output to `FILE`")
	flags.IntVarP(&options.BufferMB, "buffer", "b", 0, "`MB` of output buffer per CPU")
	flags.BoolVarP(&unique, "rename", "R", false, "load under a name that no other run has")
	flags.BoolP("help", "h", false, "help for staprun")
	flags.BoolP("version", "V", false, "version of staprun")
	if err := command.Execute(); err != nil {
		complain(err)
		return 1
	}
	return status
}

// openOutput makes -o's file the script's output.
func openOutput(options *staprun.Options, path string) (func() error, error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, &staprun.UserError{Message: "cannot write the output: " + err.Error(), Cause: err}
	}
	options.Stdout = io.Writer(file)
	return file.Close, nil
}

func complain(err error) {
	fmt.Fprintf(os.Stderr, "ERROR: %v\n", err)
	var user *staprun.UserError
	if errors.As(err, &user) && user.Hint != "" {
		fmt.Fprintf(os.Stderr, "hint: %s\n", user.Hint)
	}
}
