package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Request says what shall be at hand when Prepare is done.
type Request struct {
	Release     string // full, or the beginning of one; "" for the running kernel, of others for what Debian installs
	Arch        string // a name of its architecture; "": this machine's
	Suite       string // the release of Debian that it comes from, such as trixie; "": this machine's
	Guest       bool   // also what a guest needs: QEMU, compiler, busybox; with Release "" any kernel of this Debian will do
	Debuginfo   bool   // also vmlinux with DWARF
	HeadersOnly bool   // neither image nor modules

	DebuginfoModules []string // also the DWARF of these modules; AllModules is all of them
}

// AllModules stands for all modules in a Request.
const AllModules = "all"

// Progress is told how a preparation goes on.
type Progress interface {
	Step(text string)           // something begins
	Download(done, total int64) // bytes of all packages of this step
}

// component is a part of a kernel that is fetched and put in place as one.
type component int

const (
	image component = iota
	headers
	debuginfo
)

func (c component) String() string {
	return [...]string{"image", "headers", "debuginfo"}[c]
}

// preparation is one run of Prepare.
type preparation struct {
	machine  machine
	apt      *apt
	request  Request
	progress Progress
	asked    bool   // root's help was asked for already
	last     string // the release that was fetched last, or should have been
}

// Prepare fetches what is missing and gives the kernel. What is at hand
// already is not fetched again; without a network, or without apt, a request
// that can be met from what is at hand is met. Two at once wait for each
// other. Conditions that the user can change come as *UserError.
func Prepare(ctx context.Context, request Request, progress Progress) (*Kernel, error) {
	machine, err := Query{Arch: request.Arch}.machine()
	if err != nil {
		return nil, err
	}
	p := &preparation{machine: machine, apt: newApt(machine, progress), request: request, progress: progress}
	return p.run(ctx)
}

func (p *preparation) run(ctx context.Context) (*Kernel, error) {
	if err := checkRequest(p.request, p.machine.data); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.machine.kernels(), 0o755); err != nil {
		return nil, explainWrite(p.machine.data, err)
	}
	unlock, err := p.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := p.sweep(); err != nil {
		return nil, err
	}
	kernel, err := p.fetch(ctx)
	if errors.Is(err, errOldLists) && (p.ownLists() || os.Geteuid() == 0) {
		if err := p.renewLists(ctx); err != nil {
			return nil, err
		}
		kernel, err = p.fetch(ctx)
		// A mirror may have lost the newest; a few older ones are worth a try.
		for range 5 {
			release := p.last
			if !errors.Is(err, errOldLists) || release == "" || release == p.request.Release {
				break
			}
			p.progress.Step(fmt.Sprintf("the mirror has lost the packages of %s: trying an older one", release))
			p.apt.lost = append(p.apt.lost, release)
			kernel, err = p.fetch(ctx)
		}
	}
	if err != nil || p.request.HeadersOnly {
		return kernel, p.explainLost(err)
	}
	if p.request.Guest && p.request.Release == "" {
		if err := p.chooseGuest(kernel.Release); err != nil {
			return nil, explainWrite(p.machine.data, err)
		}
	}
	if kernel.BTF == "" {
		p.progress.Step("taking BTF out of the image of " + kernel.Release)
	}
	if _, err := kernel.BTFData(); err != nil {
		return nil, err
	}
	return kernel, nil
}

var plainRelease = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~_-]*$`)

var plainSuite = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func checkRequest(request Request, data string) error {
	switch {
	case strings.HasPrefix(request.Release, "/"):
		return &UserError{
			Message: "a build tree is not fetched: " + request.Release,
			Hint:    "use it as it is: stap -r " + request.Release,
		}
	case request.Suite != "" && !plainSuite.MatchString(request.Suite):
		return &UserError{
			Message: fmt.Sprintf("%q is not the name of a release of Debian", request.Suite),
			Hint:    "give one like bookworm or trixie",
		}
	case request.Release != "" && !plainRelease.MatchString(request.Release):
		return &UserError{
			Message: fmt.Sprintf("%q is not a kernel release", request.Release),
			Hint:    "give a release like `uname -r` prints it, or the beginning of one, such as 6.1; `stap prep --list` shows those at hand",
		}
	case strings.ContainsAny(data, " \t\n:"):
		return &UserError{
			Message: fmt.Sprintf("the kernel's build cannot work below a folder with a space or colon in its name: %q", data),
			Hint:    "name another folder with XDG_DATA_HOME",
		}
	}
	return nil
}

// fetch brings the parts that are missing, and what a guest needs.
func (p *preparation) fetch(ctx context.Context) (*Kernel, error) {
	if present := p.present(p.request.Release); present != nil && p.settled(present) {
		return present, p.prepareGuest(ctx, present.Release)
	}
	if err := p.needPackages(ctx); err != nil {
		if present := p.present(p.request.Release); present != nil {
			return present, p.prepareGuest(ctx, present.Release)
		}
		return nil, err
	}
	release, err := p.resolve(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.prepareGuest(ctx, release); err != nil {
		return nil, err
	}
	known := p.machine.kernel(release)
	if known.ModulesDir != "" {
		if err := p.checkModules(known); err != nil {
			return nil, err
		}
	}
	if err := p.fetchComponents(ctx, release, p.missing(known)); err != nil {
		present := p.present(p.request.Release)
		if present != nil && errors.Is(err, errOffline) {
			p.progress.Step(fmt.Sprintf("%v: taking %s, which is at hand", err, present.Release))
			return present, nil
		}
		return nil, explainWrite(p.machine.data, err)
	}
	kernel := p.machine.kernel(release)
	if missing := p.missing(kernel); len(missing) > 0 {
		if err := p.checkModules(kernel); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("the packages of %s did not bring its %v", release, missing)
	}
	return kernel, nil
}

// settled reports whether a kernel at hand is the one that is meant, so that
// Debian need not be asked for a newer one.
func (p *preparation) settled(k *Kernel) bool {
	if p.request.Release != "" {
		return k.Release == p.request.Release
	}
	if p.request.Suite != "" { // nothing tells of which it is
		return false
	}
	chosen, err := os.Readlink(p.machine.guestLink())
	return k.Running || err == nil && filepath.Base(chosen) == k.Release
}

// chooseGuest makes a release the one that guests boot when none is named.
func (p *preparation) chooseGuest(release string) error {
	temporary := p.machine.guestLink() + ".new" // the lock is held: no other one uses it
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(filepath.Join("kernels", release), temporary); err != nil {
		return err
	}
	return os.Rename(temporary, p.machine.guestLink())
}

// present gives the newest kernel that meets the request without fetching, or
// nil.
func (p *preparation) present(release string) *Kernel {
	candidates, err := p.candidates(release)
	if err != nil {
		return nil // what is wrong comes to light when fetching
	}
	for _, kernel := range slices.Backward(candidates) {
		if len(p.missing(kernel)) == 0 {
			return kernel
		}
	}
	return nil
}

// candidates gives the kernels at hand that a release may mean, the best last.
func (p *preparation) candidates(release string) ([]*Kernel, error) {
	if release != "" {
		kernels, err := p.machine.all()
		return slices.DeleteFunc(kernels, func(k *Kernel) bool { return k.Arch != p.machine.arch || !matches(k.Release, release) }), err
	}
	find := func() (*Kernel, error) { return p.machine.find("") }
	if p.request.Guest {
		find = p.machine.findGuest
	}
	kernel, err := find()
	return []*Kernel{kernel}, err
}

func (p *preparation) missing(k *Kernel) []component {
	var missing []component
	if !p.request.HeadersOnly && (k.Image == "" || k.ModulesDir == "") {
		missing = append(missing, image)
	}
	if k.BuildTree == "" {
		missing = append(missing, headers)
	}
	if p.request.Debuginfo && k.Debuginfo == "" || len(p.modulesWithoutDebuginfo(k)) > 0 {
		missing = append(missing, debuginfo)
	}
	return missing
}

// checkModules gives an error for a module that the kernel does not have.
func (p *preparation) checkModules(k *Kernel) error {
	for _, name := range p.request.DebuginfoModules {
		if name == AllModules {
			continue
		}
		if _, err := k.packedModule(name); err != nil {
			return err
		}
	}
	return nil
}

// resolve settles which release is meant, with apt's data.
func (p *preparation) resolve(ctx context.Context) (string, error) {
	if p.request.Release != "" {
		return p.apt.newest(ctx, p.request.Release)
	}
	if p.ownLists() {
		return p.apt.standard(ctx)
	}
	running, err := p.machine.running()
	if err != nil {
		return "", err
	}
	if p.present(running) != nil {
		return running, nil
	}
	release, err := p.apt.newest(ctx, running)
	var unknown *UserError
	if err == nil || !errors.As(err, &unknown) {
		return release, err
	}
	if p.request.Guest {
		return p.apt.standard(ctx)
	}
	return "", &UserError{
		Message: "Debian has no packages for the running kernel " + running,
		Hint:    "`stap prep --vm` fetches a kernel for a guest; -r RELEASE fetches another one; for a kernel of your own use its build tree: stap -r /path/to/tree",
		Cause:   err,
	}
}

func (p *preparation) fetchComponents(ctx context.Context, release string, components []component) error {
	if len(components) == 0 {
		return nil
	}
	var all []aptPackage
	var need int64
	counts := make([]int, len(components))
	for i, component := range components {
		packages, err := p.apt.packagesFor(ctx, release, component)
		if err != nil {
			return err
		}
		all, counts[i] = append(all, packages...), len(packages)
		need += p.roomFor(release, packages, component)
	}
	if err := p.haveRoom(release, need); err != nil {
		return err
	}
	p.last = release
	p.progress.Step("fetching kernel " + release)
	files, err := p.apt.download(ctx, all, p.machine.downloads())
	if err != nil {
		return err
	}
	for i, component := range components {
		p.progress.Step(fmt.Sprintf("unpacking %s of %s", component, release))
		if err := p.install(ctx, release, component, files[:counts[i]]); err != nil {
			return err
		}
		for _, file := range files[:counts[i]] {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
		files = files[counts[i]:]
	}
	return nil
}

// roomFor gives the bytes that a component takes: the packages and what is in
// them. Of a debuginfo package vmlinux is about a third, the modules are the rest.
func (p *preparation) roomFor(release string, packages []aptPackage, c component) int64 {
	const aModule = 10 << 20
	var need int64
	for _, pkg := range packages {
		unpacked := pkg.installedSize
		if c == debuginfo {
			vmlinux, modules := int64(0), min(int64(len(p.request.DebuginfoModules))*aModule, unpacked)
			if p.machine.kernel(release).Debuginfo == "" {
				vmlinux = unpacked / 3
			}
			if slices.Contains(p.request.DebuginfoModules, AllModules) {
				modules = unpacked - unpacked/3
			}
			unpacked = vmlinux + modules
		}
		need += pkg.size + unpacked
	}
	return need
}

// haveRoom refuses to begin what the disk cannot hold.
func (p *preparation) haveRoom(release string, need int64) error {
	free, err := freeSpace(p.machine.data)
	if err != nil {
		return err
	}
	if free < need {
		return &UserError{
			Message: fmt.Sprintf("the disk is full: kernel %s takes %d MB in %s, and %d MB are free", release, need>>20, p.machine.data, free>>20),
			Hint:    "free some space, or name a folder on another disk with XDG_DATA_HOME",
		}
	}
	return nil
}

// freeSpace gives the bytes that this user may still write below a folder,
// which need not exist yet.
func freeSpace(folder string) (int64, error) {
	var stat unix.Statfs_t
	for {
		err := unix.Statfs(folder, &stat)
		if err == nil {
			return int64(stat.Bavail) * stat.Bsize, nil
		}
		if !errors.Is(err, unix.ENOENT) || folder == filepath.Dir(folder) {
			return 0, fmt.Errorf("free space in %s: %w", folder, err)
		}
		folder = filepath.Dir(folder)
	}
}

func (m machine) downloads() string { return filepath.Join(m.data, "downloads") }

// lock waits until no other preparation works in the data folder.
func (p *preparation) lock(ctx context.Context) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(p.machine.data, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, explainWrite(p.machine.data, err)
	}
	for waited := false; ; waited = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
		}
		if !waited {
			p.progress.Step("waiting for another stap prep to finish")
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

const unpacking = ".unpacking-"

// sweep removes what killed preparations left behind: what they had unpacked,
// and downloads that nobody came back for.
func (p *preparation) sweep() error {
	old := time.Now().Add(-7 * 24 * time.Hour)
	err := removeMatching(p.machine.downloads(), func(info fs.FileInfo) bool { return info.ModTime().Before(old) })
	if err != nil {
		return err
	}
	return removeMatching(p.machine.kernels(), func(info fs.FileInfo) bool { return strings.HasPrefix(info.Name(), unpacking) })
}

func removeMatching(folder string, match func(fs.FileInfo) bool) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || !match(info) {
			continue // gone, or to be kept
		}
		if err := os.RemoveAll(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
