// Package kernel knows the kernel that a module is made for.
//
// What comes in is a release as people write it: "" for the running one, a
// full release, the beginning of one ("6.1"), or the path of a build tree.
// What goes out is a Kernel: where its kbuild tree, image, modules, BTF and
// DWARF lie on this machine, "" for what is not there. Two places are looked
// at, the system's own folders (/lib/modules, /boot, /sys/kernel/btf,
// /usr/lib/debug) and the user's data folder, which has one small tree per
// fetched release in the same shape:
//
//	~/.local/share/gostap/kernels/RELEASE/boot/vmlinuz-RELEASE, config-RELEASE, btf-RELEASE
//	                                      lib/modules/RELEASE/kernel/…
//	                                      usr/src/linux-headers-RELEASE, …-common
//	                                      usr/lib/linux-kbuild-…
//	                                      usr/lib/debug/boot/vmlinux-RELEASE
//	                                      usr/lib/debug/lib/modules/RELEASE/kernel/…
//
// Per release, each part is taken from the system if it is there and from the
// data folder otherwise. The beginning of a release asks for the newest one at
// hand, compared as versions and component by component: with 6.1.0-9-amd64,
// 6.1.0-10-amd64 and 6.12.1-amd64 at hand, "6.1" is 6.1.0-10-amd64.
//
// Prepare fills the data folder from Debian's packages without root: ask apt
// for the newest release that matches, download into a folder where an
// interrupted download can continue, unpack into a temporary folder, correct
// what the packages say about /usr/src, and rename into place. A part is
// renamed as a whole and last of all what Find recognises it by, so a prep
// that was killed leaves nothing that looks usable and is not.
//
// BTFData gives the kernel's BTF: a plain file where there is one, otherwise
// it is taken out of the compressed image once and kept. Kept does the same for
// other parts of an image.
//
// DebuginfoOf finds DWARF, of the kernel or a module: candidates by place, by
// build-id and by the name that the module gives, the best first; the first whose
// build-id is right is it. Last of all debuginfod servers are asked.
//
// Examine looks at a machine and says, check by check, what stap can do there.
package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kernel is one kernel and the places of its parts on this machine. All
// places are absolute paths, "" for a part that is not at hand.
type Kernel struct {
	Release    string // as uname -r prints it
	Arch       *Architecture
	BuildTree  string // the folder for kbuild's -C
	Image      string // the bootable image: vmlinuz
	ModulesDir string // lib/modules/RELEASE
	BTF        string // a file with raw BTF, or an ELF with a .BTF section
	Debuginfo  string // a vmlinux with DWARF
	Running    bool   // the kernel that this process runs on
	Fetched    bool   // at least one part lies in the user's data folder
	Sysroot    string // the root of the other system that it is of

	configs []string // places of the configuration, best first
	fetched string   // the tree for this release in the data folder
	cache   string   // where parts of a system's image are kept

	root        string // of the system
	folders     debugFolders
	notes       string // of the running kernel: the file with its ELF notes
	kallsyms    string // of the running kernel: the file with its symbols
	loaded      string // of the running kernel: the file with its modules
	traceEvents string // of the running kernel: tracefs's folder of the events
	unpacked    []byte // the image, once it has been unpacked
	modules     map[string]string
	builtin     map[string]bool
}

// machine is where kernels are looked for.
type machine struct {
	root  string        // "/", or the top of a fake tree
	data  string        // fetched things
	cache string        // things that can be made again
	host  *Architecture // of the programs that run here
	arch  *Architecture // of the kernels that are wanted
	other bool          // the root is that of another system: none of its kernels runs here
	any   bool          // kernels of all architectures are wanted
}

// Query says which kernels are meant.
type Query struct {
	Release string // full, the beginning of one, a build tree's path, or ""
	Arch    string // a name of their architecture; "": this machine's
	Sysroot string // the folder that is the root of the system that has them, of any architecture if none is named; "": this system's
}

// Named reads a query of a word, [ARCHITECTURE:]RELEASE[@SYSROOT], as tests name kernels.
func Named(word string) (q Query) {
	q.Release, q.Sysroot, _ = strings.Cut(word, "@")
	if arch, release, found := strings.Cut(q.Release, ":"); found {
		q.Arch, q.Release = arch, release
	}
	return q
}

func (q Query) machine() (machine, error) {
	m, err := thisMachine()
	if err != nil {
		return m, err
	}
	if m.arch, err = ArchitectureNamed(q.Arch); err != nil && q.Arch != "" {
		return m, err
	}
	if err != nil {
		m.arch = m.host // nothing is built here, but read
	}
	if q.Sysroot == "" {
		return m, nil
	}
	m.other, m.any = true, q.Arch == ""
	if m.root, err = filepath.Abs(q.Sysroot); err != nil {
		return m, err
	}
	if info, err := os.Stat(m.root); err != nil || !info.IsDir() {
		return m, &UserError{Message: "there is no folder " + q.Sysroot, Hint: "name the folder that has the target's boot, lib/modules and usr", Cause: err}
	}
	return m, nil
}

func thisMachine() (machine, error) {
	data, err := dataFolder()
	if err != nil {
		return machine{}, err
	}
	cache, err := CacheFolder()
	if err != nil {
		return machine{}, err
	}
	return machine{root: "/", data: data, cache: cache, host: Host(), arch: Host()}, nil
}

func dataFolder() (string, error) {
	if folder := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(folder) {
		return filepath.Join(folder, "gostap"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &UserError{Message: "no home folder to keep kernels in", Hint: "set HOME or XDG_DATA_HOME", Cause: err}
	}
	return filepath.Join(home, ".local", "share", "gostap"), nil
}

// CacheFolder gives the folder for things that can be made again:
// SYSTEMTAP_DIR, or gostap in the user's cache folder. It need not exist.
func CacheFolder() (string, error) {
	if folder := os.Getenv("SYSTEMTAP_DIR"); folder != "" {
		return filepath.Abs(folder)
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", &UserError{Message: "no cache folder", Hint: "set HOME, XDG_CACHE_HOME or SYSTEMTAP_DIR", Cause: err}
	}
	return filepath.Join(folder, "gostap"), nil
}

// Find gives the kernel that is meant by the query's release: "" is the running
// kernel, or the newest that another machine has; a path the build tree there;
// anything else a full release, or the beginning of one, of which the newest at
// hand is taken. A full release needs no architecture. The running kernel is found
// even when no part of it is at hand; for the rest a *UserError says what is.
func Find(q Query) (*Kernel, error) {
	machine, err := q.machine()
	if err != nil {
		return nil, err
	}
	k, err := machine.find(q.Release)
	if err == nil && q.Arch != "" && k.Arch != machine.arch {
		return nil, &UserError{
			Message: fmt.Sprintf("kernel %s is for %s, not for %s", k.Release, k.Arch.Name, machine.arch.Name),
			Hint:    "leave out -a, or name another kernel with -r",
		}
	}
	return k, err
}

// FindGuest is Find for a kernel to boot: "" is, of those whose image, modules
// and build tree are at hand, the running kernel, the one that `stap prep --vm`
// chose, or the newest, in this order.
func FindGuest(q Query) (*Kernel, error) {
	if q.Release != "" {
		return Find(q)
	}
	machine, err := q.machine()
	if err != nil {
		return nil, err
	}
	return machine.findGuest()
}

// All gives the kernels of which any part is at hand, and the running one,
// the oldest first.
func All() ([]*Kernel, error) {
	machine, err := thisMachine()
	if err != nil {
		return nil, err
	}
	return machine.all()
}

func (m machine) find(asked string) (*Kernel, error) {
	if strings.HasPrefix(asked, "/") {
		return m.fromBuildTree(asked)
	}
	if asked == "" && m.runsItself() {
		running, err := m.running()
		if err != nil {
			return nil, err
		}
		return m.kernel(running), nil
	}
	kernels, err := m.all()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, kernel := range slices.Backward(kernels) {
		if kernel.Release == asked {
			return kernel, nil
		}
		names = append(names, kernel.Release)
	}
	for _, kernel := range slices.Backward(kernels) {
		if (m.any || kernel.Arch == m.arch) && kernel.hasPart() && (asked == "" || matches(kernel.Release, asked)) {
			return kernel, nil
		}
	}
	return nil, m.notAtHand(asked, names)
}

func (m machine) notAtHand(asked string, names []string) error {
	e := &UserError{Message: "no kernel at hand", Hint: "at hand: " + strings.Join(names, ", ")}
	if len(names) == 0 {
		e.Hint = "none is"
	}
	var options []string
	if asked != "" {
		e.Message = fmt.Sprintf("no kernel %q at hand", asked)
		options = []string{"-r", asked}
	}
	if m.arch != m.host {
		e.Message += " for " + m.arch.Name
	}
	if m.other {
		e.Message += " in " + m.root
		e.Hint = "its headers belong into lib/modules/RELEASE/build or usr/src there; " + e.Hint
	} else {
		e.Hint = fmt.Sprintf("`%s` fetches it; %s", m.arch.Prep(options...), e.Hint)
	}
	return e
}

// runsItself tells whether a kernel of the wanted kind may be running here.
func (m machine) runsItself() bool { return !m.other && m.arch == m.host }

func (m machine) findGuest() (*Kernel, error) {
	kernels, err := m.all()
	if err != nil {
		return nil, err
	}
	chosen, err := os.Readlink(m.guestLink())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the guest's kernel: %w", err)
	}
	rank := func(k *Kernel) int {
		switch {
		case !k.bootable() || k.Arch != m.arch && !m.any:
			return 0
		case k.Running:
			return 3
		case k.Release == filepath.Base(chosen):
			return 2
		}
		return 1
	}
	var best *Kernel
	for _, kernel := range kernels {
		if rank(kernel) > 0 && (best == nil || rank(kernel) >= rank(best)) {
			best = kernel
		}
	}
	if best == nil {
		e := &UserError{Message: "no kernel at hand that a guest could boot", Hint: "`" + m.arch.Prep("--vm") + "` fetches one"}
		if m.arch != m.host {
			e.Message += " for " + m.arch.Name
		}
		if m.other {
			e.Message += " in " + m.root
			e.Hint = "it takes boot/vmlinuz-RELEASE, lib/modules/RELEASE and the headers in lib/modules/RELEASE/build or usr/src there"
		}
		return nil, e
	}
	return best, nil
}

func (k *Kernel) bootable() bool {
	return k.Image != "" && k.ModulesDir != "" && k.BuildTree != ""
}

func (m machine) running() (string, error) {
	release, err := os.ReadFile(filepath.Join(m.root, "proc/sys/kernel/osrelease"))
	if err != nil {
		return "", fmt.Errorf("the running kernel's release: %w", err)
	}
	return string(bytes.TrimSpace(release)), nil
}

// guestLink points at the kernel that guests of an architecture boot when none is named.
func (m machine) guestLink() string {
	name := "guest-kernel"
	if m.arch != m.host {
		name += "-" + m.arch.Name
	}
	return filepath.Join(m.data, name)
}

func (m machine) kernels() string { return filepath.Join(m.data, "kernels") }

func (m machine) all() ([]*Kernel, error) {
	var releases []string
	if running, err := m.running(); err == nil && !m.other {
		releases = append(releases, running)
	}
	releases = append(releases, m.releasesBelow(m.root)...)
	fetched, err := os.ReadDir(m.kernels())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("fetched kernels: %w", err)
	}
	for _, entry := range fetched {
		if !m.other {
			releases = append(releases, m.releasesBelow(filepath.Join(m.kernels(), entry.Name()))...)
		}
	}
	slices.Sort(releases)
	var kernels []*Kernel
	for _, release := range slices.Compact(releases) {
		if kernel := m.kernel(release); kernel.Running || kernel.hasPart() {
			kernels = append(kernels, kernel)
		}
	}
	slices.SortStableFunc(kernels, func(a, b *Kernel) int {
		switch {
		case VersionLess(a.Release, b.Release):
			return -1
		case VersionLess(b.Release, a.Release):
			return 1
		}
		return 0
	})
	return kernels, nil
}

// releasesBelow gives what may be a release by its name in one tree.
func (m machine) releasesBelow(root string) []string {
	var releases []string
	for _, place := range []struct{ folder, beginning string }{
		{"lib/modules", ""},
		{"boot", "vmlinuz-"},
		{"usr/src", "linux-headers-"},
		{"usr/lib/debug/boot", "vmlinux-"},
	} {
		entries, err := os.ReadDir(m.below(root, place.folder))
		if err != nil {
			continue // a tree has the places that it has
		}
		for _, entry := range entries {
			release, found := strings.CutPrefix(entry.Name(), place.beginning)
			if found && release != "" && isDigit(release[0]) {
				releases = append(releases, release)
			}
		}
	}
	return releases
}
