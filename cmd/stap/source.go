package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
)

// sources finds the script: -e, a file or standard input, and those of -E. What
// follows is the script's arguments.
func (d *driver) sources(ctx context.Context, arguments []string) ([]*parse.Source, []string, error) {
	var first *parse.Source
	var err error
	switch {
	case d.scriptGiven:
		first = &parse.Source{Name: "<input>", Text: []byte(d.script)}
	case len(arguments) == 0:
		return nil, nil, usage("A script must be specified.\nGive a file, - for standard input, or the text itself after -e.")
	case arguments[0] == "-":
		first, arguments = &parse.Source{Name: "<input>"}, arguments[1:]
		first.Text, err = readAll(ctx, os.Stdin)
	default:
		first, err = readScript(arguments[0])
		arguments = arguments[1:]
	}
	if err != nil {
		return nil, nil, err
	}
	if at := bytes.IndexByte(first.Text, 0); at >= 0 {
		return nil, nil, &kernel.UserError{
			Message: fmt.Sprintf("%s is not a script: byte %d of it is 0", first.Name, at+1),
			Hint:    "a finished module is run with staprun, a program with -c",
		}
	}
	sources := []*parse.Source{first}
	for i, text := range d.moreScripts {
		sources = append(sources, &parse.Source{Name: fmt.Sprintf("<input%d>", i+1), Text: []byte(text)})
	}
	return sources, arguments, nil
}

func readScript(name string) (*parse.Source, error) {
	text, err := os.ReadFile(name)
	if err == nil {
		return &parse.Source{Name: name, Text: text}, nil
	}
	e := &kernel.UserError{Message: fmt.Sprintf("cannot read the script %s: %v", name, errors.Unwrap(err)), Cause: err}
	if errors.Is(err, fs.ErrNotExist) {
		e.Hint = "a script on the command line goes after -e"
	}
	return nil, e
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

// library puts the scripts of the -I folders before those that are built in: of
// two definitions the first one holds.
func (d *driver) library(options parse.Options) (*parse.Library, error) {
	library := parse.NewLibrary(options)
	for _, folder := range d.libraries {
		k, err := d.findKernel()
		if err != nil {
			return nil, err
		}
		paths, err := libraryFiles(folder, k)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, &kernel.UserError{Message: fmt.Sprintf("cannot read the library script %s: %v", path, errors.Unwrap(err)), Cause: err}
			}
			source := &parse.Source{Name: path, Text: text, Library: true}
			library.Add(parse.IndexSource(source), func() (*parse.Source, error) { return source, nil })
		}
	}
	tapsets.AddTo(library)
	return library, nil
}

// libraryFiles lists the scripts of a library folder that are for a kernel. Those
// in folders named after its release (for VERSION-REST also VERSION, and VERSION's
// first two numbers) and architecture come before those for all, and of equal
// names the first one counts:
//
//	linux/RELEASE/ARCH  linux/RELEASE  …  linux/6.1/ARCH  linux/6.1  linux/ARCH  linux
//
// then the same without linux.
func libraryFiles(root string, k *kernel.Kernel) ([]string, error) {
	if _, err := os.ReadDir(root); err != nil {
		return nil, &kernel.UserError{Message: fmt.Sprintf("cannot read the library folder %s: %v", root, errors.Unwrap(err)), Cause: err}
	}
	base, _, _ := strings.Cut(k.Release, "-")
	parts := strings.SplitN(base, ".", 3)
	versions := []string{k.Release, base, strings.Join(parts[:min(2, len(parts))], "."), ""}
	var paths []string
	for _, platform := range []string{"linux", ""} {
		seen := map[string]bool{}
		for _, version := range versions {
			for _, arch := range []string{k.Arch, ""} {
				found, err := filepath.Glob(filepath.Join(quoteGlob(root), platform, version, arch, "*.stp*"))
				if err != nil {
					return nil, fmt.Errorf("the library folder %s: %w", root, err)
				}
				found = slices.DeleteFunc(found, func(path string) bool {
					return filepath.Ext(path) != ".stp" && filepath.Ext(path) != ".stpm"
				})
				for _, path := range found {
					if name := filepath.Base(path); !seen[name] {
						seen[name] = true
						paths = append(paths, path)
					}
				}
			}
		}
	}
	return paths, nil
}

// quoteGlob gives the pattern that matches a path and nothing else.
func quoteGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
