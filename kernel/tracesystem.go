package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// TraceSystems gives the system of each tracepoint, "sched" of sched_switch, as
// far as it is known: from the kernel's headers, and on the running kernel from
// what it says itself. There may be others in it that the kernel does not have.
func (k *Kernel) TraceSystems() (map[string]string, error) {
	reader := eventReader{systems: map[string]string{}}
	if k.BuildTree != "" {
		headers, err := k.traceHeaders()
		if err != nil {
			return nil, fmt.Errorf("trace events of kernel %s: %w", k.Release, err)
		}
		for _, path := range headers {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("trace events of kernel %s: %w", k.Release, err)
			}
			reader.read(string(text))
		}
	}
	if k.traceEvents != "" {
		if err := readTraceFolder(k.traceEvents, reader.systems); err != nil {
			return nil, fmt.Errorf("the running kernel's trace events: %w", err)
		}
	}
	return reader.systems, nil
}

// traceHeaders lists the headers of the build tree that declare tracepoints.
func (k *Kernel) traceHeaders() ([]string, error) {
	arch := k.Arch.Kbuild
	patterns := []string{
		"include/trace/events/*.h", "include/trace/hooks/*.h", "include/ras/*.h",
		"arch/" + arch + "/include/asm/trace/*.h", "arch/" + arch + "/include/asm/*trace*.h",
	}
	var headers []string
	for _, tree := range k.sourceTrees() {
		for _, pattern := range patterns {
			found, err := filepath.Glob(filepath.Join(tree, pattern))
			if err != nil {
				return nil, err
			}
			headers = append(headers, found...)
		}
	}
	return headers, nil
}

// sourceTrees gives the build tree and, if that has been made beside its source,
// the tree of that: the Makefile includes its Makefile. As Debian divides a tree:
// include /usr/src/linux-headers-…-common/Makefile, which in another system's root is meant there.
func (k *Kernel) sourceTrees() []string {
	trees := []string{k.BuildTree}
	makefile, err := os.ReadFile(filepath.Join(k.BuildTree, "Makefile"))
	if err != nil {
		return trees
	}
	for line := range strings.Lines(string(makefile)) {
		path, found := strings.CutPrefix(strings.TrimSpace(line), "include ")
		if !found || filepath.Base(path) != "Makefile" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(k.BuildTree, path)
		} else if k.Sysroot != "" && !strings.HasPrefix(path, k.fetched+"/") {
			if path, err = securejoin.SecureJoin(k.Sysroot, path); err != nil {
				continue
			}
		}
		if tree := filepath.Dir(path); tree != k.BuildTree {
			trees = append(trees, tree)
		}
	}
	return trees
}

// readTraceFolder adds what tracefs has in its folder "events": a folder for each
// system, with one for each event. Who may not look there learns nothing.
func readTraceFolder(folder string, systems map[string]string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, system := range entries {
		if !system.IsDir() {
			continue
		}
		events, err := os.ReadDir(filepath.Join(folder, system.Name()))
		if err != nil {
			return err
		}
		for _, event := range events {
			if _, known := systems[event.Name()]; event.IsDir() && !known {
				systems[event.Name()] = system.Name()
			}
		}
	}
	return nil
}
