package kernel

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// kernel looks for the parts of one release.
func (m machine) kernel(release string) *Kernel {
	fetched := filepath.Join(m.kernels(), release)
	k := &Kernel{Release: release, fetched: fetched, cache: m.cache, root: m.root, folders: m.debugFolders(fetched)}
	running, err := m.running()
	k.Running = err == nil && running == release && !m.other
	roots := []string{m.root, fetched}
	first := func(accept func(string) bool, places ...string) string {
		for _, root := range roots {
			for _, place := range places {
				if path := m.below(root, place); accept(path) {
					return path
				}
			}
		}
		return ""
	}
	modules := "lib/modules/" + release
	k.ModulesDir = first(isModulesDir, modules)
	k.BuildTree = first(isBuildTree, "usr/src/linux-headers-"+release, modules+"/build")
	if m.other {
		k.Sysroot = m.root
	}
	k.Image = first(isFile, "boot/vmlinuz-"+release, modules+"/vmlinuz")
	for _, place := range k.folders.ofKernel(release, m.root, fetched, "") {
		if place := m.inRoot(place); k.Debuginfo == "" && hasDWARF(place) {
			k.Debuginfo = place
		}
	}
	if config := first(isFile, "boot/config-"+release, modules+"/config"); config != "" {
		k.configs = append(k.configs, config)
	}
	if k.Running {
		k.configs = append(k.configs, filepath.Join(m.root, "proc/config.gz"))
		k.BTF = existing(filepath.Join(m.root, "sys/kernel/btf/vmlinux"))
		k.kallsyms = existing(filepath.Join(m.root, "proc/kallsyms"))
		k.loaded = filepath.Join(m.root, "proc/modules")
		k.notes = existing(filepath.Join(m.root, "sys/kernel/notes"))
		k.traceEvents = filepath.Join(m.root, "sys/kernel/tracing/events")
	}
	for _, path := range []string{k.BuildTree, k.ModulesDir, k.Image, k.Debuginfo} {
		k.Fetched = k.Fetched || strings.HasPrefix(path, fetched+"/")
	}
	m.complete(k)
	return k
}

// below gives the path of a place in a root. Links in another system's root lead to where
// they do in that system.
func (m machine) below(root, place string) string {
	if m.other && root == m.root {
		if path, err := securejoin.SecureJoin(root, place); err == nil {
			return path
		}
	}
	return filepath.Join(root, place)
}

// inRoot is below for a path that may be of the root.
func (m machine) inRoot(path string) string {
	if rest, found := strings.CutPrefix(path, strings.TrimSuffix(m.root, "/")+"/"); found {
		return m.below(m.root, rest)
	}
	return path
}

// fromBuildTree gives the kernel of a kbuild tree: what the tree says of
// itself, and the parts of its release that are at hand elsewhere.
func (m machine) fromBuildTree(tree string) (*Kernel, error) {
	tree = filepath.Clean(tree)
	if !isBuildTree(tree) {
		return nil, &UserError{
			Message: tree + " is not a kernel's build tree",
			Hint:    "name the folder with its Makefile and include/generated/autoconf.h: `make modules_prepare` makes the latter",
		}
	}
	release, err := releaseOf(tree)
	if err != nil {
		return nil, err
	}
	k := m.kernel(release)
	if k.BuildTree != tree {
		k.BuildTree = tree
		if built := filepath.Join(tree, k.Arch.image); isFile(built) {
			k.Image = built
		}
		if vmlinux := filepath.Join(tree, "vmlinux"); isFile(vmlinux) {
			k.BTF, k.Debuginfo = "", ""
			if hasDWARF(vmlinux) {
				k.Debuginfo = vmlinux
			}
		}
		m.complete(k)
	}
	return k, nil
}

// complete fills in what follows from the places found.
func (m machine) complete(k *Kernel) {
	if k.BuildTree != "" {
		k.configs = append([]string{filepath.Join(k.BuildTree, ".config")}, k.configs...)
	}
	k.Arch = m.arch
	if !m.other {
		k.Arch = m.host // what is fetched has a configuration
	}
	if config, err := k.Config(); err == nil {
		for _, arch := range architectures {
			if config[arch.option] == "y" {
				k.Arch = arch
			}
		}
	}
	if k.BTF != "" {
		return
	}
	if vmlinux := filepath.Join(k.BuildTree, "vmlinux"); k.BuildTree != "" && hasSection(vmlinux, ".BTF") {
		k.BTF = vmlinux
	} else if k.Image != "" {
		if kept, err := k.keptPath("btf", k.Image); err == nil {
			k.BTF = existing(kept)
		}
	}
	if k.BTF == "" && k.Debuginfo != "" && hasSection(k.Debuginfo, ".BTF") {
		k.BTF = k.Debuginfo
	}
}

func (k *Kernel) hasPart() bool {
	return k.BuildTree != "" || k.Image != "" || k.Debuginfo != "" || k.ModulesDir != ""
}

// CheckBuildTree gives nil if the kernel's headers are at hand, otherwise a
// *UserError that says how to get them.
func (k *Kernel) CheckBuildTree() error {
	if k.BuildTree != "" {
		return nil
	}
	return &UserError{
		Message: "the headers of kernel " + k.Release + " are not on this machine",
		Hint: fmt.Sprintf("`%s` fetches them without root, or `sudo apt-get install linux-headers-%s`; "+
			"for a kernel of your own give its build tree: -r /path/to/tree", k.Prep(), k.Release),
	}
}

// Prep gives the command, with more options or none, that fetches the kernel's parts.
func (k *Kernel) Prep(options ...string) string {
	return cmp.Or(k.Arch, Host()).Prep(append(options, "-r", k.Release)...)
}

// Header gives a file of the kernel's source that its headers have, such as
// include/linux/fs.h: of the build tree, or of the tree that it goes on in.
func (k *Kernel) Header(path string) ([]byte, error) {
	if err := k.CheckBuildTree(); err != nil {
		return nil, err
	}
	var text []byte
	var err error
	for _, tree := range k.sourceTrees() {
		if text, err = os.ReadFile(filepath.Join(tree, path)); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return text, err
}

// Config gives the kernel's configuration, "CONFIG_SMP" → "y", strings
// without their quotes, from the build tree, the image's package or the
// running kernel. Options that are not set are absent.
func (k *Kernel) Config() (map[string]string, error) {
	for _, place := range k.configs {
		config, err := readConfig(place)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("configuration of kernel %s: %w", k.Release, err)
		}
		return config, nil
	}
	return nil, &UserError{
		Message: "the configuration of kernel " + k.Release + " is not on this machine",
		Hint:    fmt.Sprintf("`%s` fetches it with the headers", k.Prep()),
	}
}

func readConfig(place string) (map[string]string, error) {
	file, err := os.Open(place)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var text io.Reader = file
	if strings.HasSuffix(place, ".gz") {
		if text, err = gzip.NewReader(file); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
	}
	config := make(map[string]string)
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		name, value, found := strings.Cut(lines.Text(), "=")
		if found && strings.HasPrefix(name, "CONFIG_") {
			if len(value) >= 2 && value[0] == '"' {
				value = strings.ReplaceAll(value[1:len(value)-1], `\"`, `"`)
			}
			config[name] = value
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	return config, nil
}

func releaseOf(tree string) (string, error) {
	release, err := os.ReadFile(filepath.Join(tree, "include/config/kernel.release"))
	if err == nil {
		return string(bytes.TrimSpace(release)), nil
	}
	header, err := os.ReadFile(filepath.Join(tree, "include/generated/utsrelease.h"))
	if err != nil {
		return "", fmt.Errorf("release of build tree %s: %w", tree, err)
	}
	for line := range strings.Lines(string(header)) {
		if value, found := strings.CutPrefix(line, "#define UTS_RELEASE "); found {
			return strings.Trim(strings.TrimSpace(value), `"`), nil
		}
	}
	return "", fmt.Errorf("release of build tree %s: no UTS_RELEASE in include/generated/utsrelease.h", tree)
}

func existing(path string) string {
	if isFile(path) {
		return path
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isModulesDir(path string) bool {
	return isFile(filepath.Join(path, "modules.order")) || isFile(filepath.Join(path, "modules.builtin"))
}

func isBuildTree(path string) bool {
	return isFile(filepath.Join(path, "Makefile")) && isFile(filepath.Join(path, "include/generated/autoconf.h"))
}

func hasDWARF(path string) bool {
	return hasSection(path, ".debug_info") || hasSection(path, ".zdebug_info")
}

func hasSection(path, name string) bool {
	file, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return file.Section(name) != nil
}
