package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
)

// library is all that scripts can use: what is in the folders of libraryRoots, in
// this order, then what is built in, unless SYSTEMTAP_TAPSET stands for that. Of two
// definitions the first one holds.
func (d *driver) library(options parse.Options) (*parse.Library, error) {
	library := parse.NewLibrary(options)
	paths, err := d.libraryPaths()
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, &kernel.UserError{Message: fmt.Sprintf("cannot read the library script %s: %v", path, errors.Unwrap(err)), Cause: err}
		}
		source := &parse.Source{Name: path, Text: text, Library: true, Folder: true}
		library.Add(parse.IndexSource(source), func() (*parse.Source, error) { return source, nil })
	}
	if os.Getenv("SYSTEMTAP_TAPSET") == "" {
		tapsets.AddTo(library)
	}
	return library, nil
}

// libraryRoots are the folders of library scripts on this machine: those of -I,
// systemtap/tapset in the folders of XDG_DATA_DIRS, and SYSTEMTAP_TAPSET.
func (d *driver) libraryRoots() []string {
	roots := slices.Clone(d.libraries)
	for _, folder := range filepath.SplitList(os.Getenv("XDG_DATA_DIRS")) {
		root := filepath.Join(folder, "systemtap", "tapset")
		_, err := os.Stat(root)
		// SystemTap's own library is C for the C runtime beside it, not for ours.
		_, ownErr := os.Stat(filepath.Join(folder, "systemtap", "runtime"))
		if err == nil && ownErr != nil {
			roots = append(roots, root)
		}
	}
	if root := os.Getenv("SYSTEMTAP_TAPSET"); root != "" {
		roots = append(roots, root)
	}
	return roots
}

// libraryPaths lists the library scripts on this machine that are for the kernel,
// each once.
func (d *driver) libraryPaths() ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for _, root := range d.libraryRoots() {
		k, err := d.findKernel()
		if err != nil {
			return nil, err
		}
		paths, err := libraryFiles(root, k)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			real, err := filepath.EvalSymlinks(path)
			if err != nil {
				real = path // reading it will say why
			}
			if !seen[real] {
				seen[real] = true
				all = append(all, path)
			}
		}
	}
	return all, nil
}

// notLibraryFile refuses a library script as the script: it would be there twice.
func (d *driver) notLibraryFile(name string) error {
	script, err := os.Stat(name)
	if err != nil {
		return nil // reading it says why
	}
	paths, err := d.libraryPaths()
	if err != nil {
		return err
	}
	for _, path := range paths {
		if file, err := os.Stat(path); err == nil && os.SameFile(script, file) {
			return usage("tapset file '%s' cannot be run directly as a session script.", name)
		}
	}
	return nil
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
			for _, arch := range []string{k.Arch.Name, ""} {
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
