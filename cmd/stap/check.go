package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newCheckCommand makes `stap check`, which is passes 1 and 2 of each script for
// what they have to say.
func newCheckCommand(s *settings) *cobra.Command {
	tapsets := false
	command := &cobra.Command{
		Use:   "check [options] FILE ... [-- arguments]",
		Short: "Say what is wrong with scripts, and build nothing",
		Long: `Say what is wrong with each of the scripts, and build nothing. What is found goes
to standard output, as text or, with --diagnostics=json, as a JSON object per line;
the status is 1 if there is an error in one, 0 if not. A kernel is asked only for
what a script needs to know of it; headers are not needed.

With --tapsets it is the library that is checked, those of -I included: each function
and each alias against what a kernel says of itself without debuginfo. Points that are
not there are listed. Where something else is stated to serve, with "?" or "!", that is
no mistake.`,
		Args:                  cobra.ArbitraryArgs,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
	}
	addFlags(command, newFlagGroup("", func(flags *pflag.FlagSet) {
		s.scriptSettings.addTo(flags)
		s.messageSettings.addTo(flags)
		s.addTarget(flags)
		flags.BoolVar(&tapsets, "tapsets", false, "check the library against the kernel")
		flags.BoolP("help", "h", false, "this help")
	}))
	command.RunE = func(command *cobra.Command, operands []string) error {
		given := command.Flags().Changed
		if err := errors.Join(s.scriptSettings.validate(given), s.messageSettings.validate(given), s.validateTarget(given)); err != nil {
			return err
		}
		files, arguments := operands, []string(nil)
		if i := slices.Index(operands, "--"); i >= 0 {
			files, arguments = operands[:i], operands[i+1:]
		}
		d := &driver{settings: s, stdout: command.OutOrStdout(), stderr: os.Stderr, interrupted: command.Context()}
		if tapsets {
			if len(operands) > 0 || len(d.scripts) > 0 {
				return usage("--tapsets takes no script: the library is what is checked.")
			}
			return d.checkLibrary()
		}
		return d.check(command.Context(), files, arguments)
	}
	return command
}

// check says on standard output what is wrong with each script; it gives errSaid
// if there is an error in one.
func (d *driver) check(ctx context.Context, files, arguments []string) error {
	if len(files) == 0 && len(d.scripts) == 0 {
		return usage("check takes scripts: FILE, - for standard input, or -e TEXT.")
	}
	scripts := make([]func() (*parse.Source, error), 0, len(files)+1)
	if len(d.scripts) > 0 {
		scripts = append(scripts, d.givenScript)
	}
	for _, file := range files {
		scripts = append(scripts, func() (*parse.Source, error) { return readScript(ctx, file) })
	}
	messages := d.stderr
	d.stderr = d.stdout // what is found is the result
	var outcome error
	for _, read := range scripts {
		if err := d.checkScript(read, arguments); err != nil {
			outcome = errSaid
			d.complain(messages, err)
		}
	}
	return outcome
}

// checkScript is check for one script.
func (d *driver) checkScript(read func() (*parse.Source, error), arguments []string) error {
	source, err := read()
	if err != nil {
		return err
	}
	library, err := d.library(d.parseOptions(arguments))
	if err != nil {
		return err
	}
	script, found := d.parseSources(d.withMoreScripts(source), arguments, library)
	if found.Errors() == 0 {
		_, more, err := d.analyze(script, library)
		if err != nil {
			return errors.Join(d.reportAll(found), err)
		}
		found = append(found, more...)
	}
	return d.reportAll(found)
}

// checkLibrary says on standard output what the kernel lacks of what the library wants;
// it gives errSaid if something is wrong.
func (d *driver) checkLibrary() error {
	if _, err := d.findKernel(); err != nil {
		return err
	}
	library, err := d.library(d.parseOptions(nil))
	if err != nil {
		return err
	}
	examined, err := d.examineLibrary(library, func(string) bool { return true })
	if err != nil {
		return err
	}
	var found parse.Diagnostics
	for _, w := range library.Warnings() { // scripts do without such a file
		mistake := *w
		mistake.Kind, mistake.Severity = "semantic error", parse.Error
		found = append(found, &mistake)
	}
	found = append(found, examined.Diagnostics()...)
	d.stderr = d.stdout // what is found is the result
	outcome := d.reportAll(found)
	d.render(d.stdout, parse.Diagnostics{{Severity: parse.Information, Message: fmt.Sprintf("%s: %s; %s", d.kernelName(), examined.Summary(), count(found.Errors(), "error"))}})
	return outcome
}

// examineLibrary has pass 2 look at what is wanted of a library, with nothing at hand but
// what every kernel says of itself.
func (d *driver) examineLibrary(library *parse.Library, wanted func(name string) bool) (*elaborate.Examined, error) {
	options := d.elaborateOptions()
	options.DebugInfo, options.LineTable, options.LinesOf = nil, nil, nil
	return elaborate.ExamineLibrary(library, wanted, options)
}
