package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/spf13/cobra"
)

// newFormatCommand makes `stap fmt`, which gives scripts the common form.
func newFormatCommand(s *settings) *cobra.Command {
	var write bool
	command := &cobra.Command{
		Use:   "fmt [-w] FILE...",
		Short: "Format scripts; what they mean stays the same",
		Long: `Print scripts in the common form: a tab for each level, one space between words,
comments below each other. Lines stay as they are broken, and so do comments and
embedded C. - is standard input. A file with a mistake is left alone.`,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		RunE: func(command *cobra.Command, files []string) error {
			if len(files) == 0 {
				return usage("fmt takes the names of scripts, or - for standard input")
			}
			var failure error
			for _, name := range files {
				if err := s.formatFile(command, name, write); err != nil && failure == nil {
					failure = err
				}
			}
			return failure
		},
	}
	command.Flags().BoolVarP(&write, "write", "w", false, "write to the files instead of standard output")
	return command
}

// formatFile formats one file. Diagnostics have been written when it returns.
func (s *settings) formatFile(command *cobra.Command, name string, write bool) error {
	source, err := readScript(command.Context(), name)
	if err != nil {
		return err
	}
	formatted, err := parse.Format(source)
	if found := diagnosticsOf(err); found != nil {
		s.render(command.ErrOrStderr(), found)
		return &passError{pass: 1, err: errSaid}
	}
	if err != nil {
		return err
	}
	if !write || name == "-" {
		_, err = command.OutOrStdout().Write(formatted)
		return err
	}
	if bytes.Equal(formatted, source.Text) {
		return nil
	}
	if err := replaceFile(name, formatted); err != nil {
		return &kernel.UserError{Message: fmt.Sprintf("cannot write %s: %v", name, errors.Unwrap(err)), Cause: err}
	}
	return nil
}

// replaceFile writes a file's new text beside it and renames it, so that the old
// or the new text is there whatever happens. A link stays one.
func replaceFile(name string, text []byte) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return os.WriteFile(name, text, info.Mode().Perm())
	}
	beside := name + ".new"
	file, err := os.OpenFile(beside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(beside, info.Mode().Perm())
	}
	if err == nil {
		err = os.Rename(beside, name)
	}
	if err != nil {
		os.Remove(beside)
	}
	return err
}
