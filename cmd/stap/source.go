package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// sources finds the script: -e, a file or standard input, and those of -E and -T.
// What follows is the script's arguments.
func (d *driver) sources(ctx context.Context, arguments []string) ([]*parse.Source, []string, error) {
	var first *parse.Source
	var err error
	switch {
	case len(d.scripts) > 0:
		first, err = d.givenScript()
	case len(arguments) == 0:
		return nil, nil, usage("A script must be specified.\nGive a file, - for standard input, or the text itself after -e.")
	default:
		if err := d.notLibraryFile(arguments[0]); err != nil {
			return nil, nil, err
		}
		first, err = readScript(ctx, arguments[0])
		arguments = arguments[1:]
	}
	if err != nil {
		return nil, nil, err
	}
	return d.withMoreScripts(first), arguments, nil
}

// givenScript is the one of -e.
func (d *driver) givenScript() (*parse.Source, error) {
	return checkText(&parse.Source{Name: "<input>", Text: []byte(d.scripts[0])})
}

// withMoreScripts adds those of -E, and the one that -T stands for. Listings have
// no first one.
func (d *driver) withMoreScripts(first *parse.Source) []*parse.Source {
	var sources []*parse.Source
	if first != nil {
		sources = append(sources, first)
	}
	for i, text := range d.moreScripts {
		sources = append(sources, &parse.Source{Name: fmt.Sprintf("<input%d>", i+1), Text: []byte(text)})
	}
	if d.timeout > 0 {
		text := fmt.Sprintf("probe timer.ms(%d) { exit() }", d.timeout.Milliseconds())
		sources = append(sources, &parse.Source{Name: "<timeout>", Text: []byte(text)})
	}
	return sources
}

// readScript reads a file, or standard input for "-".
func readScript(ctx context.Context, name string) (*parse.Source, error) {
	if name == "-" {
		text, err := readAll(ctx, os.Stdin)
		if err != nil {
			return nil, err
		}
		return checkText(&parse.Source{Name: "<input>", Text: text})
	}
	text, err := os.ReadFile(name)
	if err == nil {
		return checkText(&parse.Source{Name: name, Text: text})
	}
	e := &kernel.UserError{Message: fmt.Sprintf("cannot read the script %s: %v", name, errors.Unwrap(err)), Cause: err}
	if errors.Is(err, fs.ErrNotExist) {
		e.Hint = "a script on the command line goes after -e"
	}
	return nil, e
}

// checkText refuses a program or a module that was taken for a script.
func checkText(source *parse.Source) (*parse.Source, error) {
	if at := bytes.IndexByte(source.Text, 0); at >= 0 {
		return nil, &kernel.UserError{
			Message: fmt.Sprintf("%s is not a script: byte %d of it is 0", source.Name, at+1),
			Hint:    "a finished module is run with staprun, a program with -c",
		}
	}
	return source, nil
}

// readAll reads to the end, or until ctx is done.
func readAll(ctx context.Context, from io.Reader) ([]byte, error) {
	var text []byte
	var err error
	done := make(chan struct{})
	go func() {
		text, err = io.ReadAll(from)
		close(done)
	}()
	select {
	case <-done:
		return text, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// unusedArguments lists the arguments, by number, that no script uses. The
// library's argv has them all.
func unusedArguments(script []*parse.File) []int {
	named := false
	for _, file := range script {
		parse.Walk(file, func(n parse.Node) bool {
			switch n := n.(type) {
			case *parse.Identifier:
				named = named || n.Text == "argv" || n.Text == "argc"
			case *parse.Index:
				named = named || n.Text == "argv"
			}
			return !named
		})
	}
	if named {
		return nil
	}
	unused := script[0].UnusedArguments
	for _, file := range script[1:] {
		unused = slices.DeleteFunc(slices.Clone(unused), func(n int) bool {
			return !slices.Contains(file.UnusedArguments, n)
		})
	}
	return unused
}
