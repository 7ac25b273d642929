package kernel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// apt asks the machine's apt, as any user may. It never changes the system.
type apt struct {
	progress Progress
	arch     *Architecture          // of the packages
	host     *Architecture          // of what runs here
	options  []string               // of all of apt's programs: other lists than the machine's own
	known    map[string]*aptPackage // answers so far, nil for what apt does not have
	lost     []string               // releases whose packages are listed and cannot be downloaded
}

func newApt(m machine, progress Progress) *apt {
	return &apt{progress: progress, arch: m.arch, host: m.host, known: make(map[string]*aptPackage)}
}

// aptPackage is what apt-cache says of the version that it would install.
type aptPackage struct {
	name          string     // with ":ARCHITECTURE" if it is another one than asked for
	depends       [][]string // names; of each inner list one will do
	size          int64      // bytes of the package
	installedSize int64      // bytes unpacked
}

// aptFile is a package's file as apt-get would download it.
type aptFile struct {
	name   string
	size   int64
	sha256 string
}

var (
	errNoPackage = errors.New("no such package")
	errOldLists  = errors.New("old package lists")
	errOffline   = errors.New("no network")
)

// newCommand makes a command that ends with the context or, killed, with this
// process, and not by a Ctrl-C of its own. The C locale keeps apt's messages
// what explainDownload knows.
func newCommand(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Env = append(os.Environ(), "LC_ALL=C", "LANGUAGE=C")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	return command
}

// run gives what a program prints.
func (a *apt) run(ctx context.Context, folder, program string, arguments ...string) (string, error) {
	command := newCommand(ctx, program, append(slices.Clone(a.options), arguments...)...)
	command.Dir = folder
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return output.String(), &ToolError{Command: command.String(), Output: complaints.String(), Err: err}
	}
	return output.String(), nil
}

// show gives the named packages, those of them that apt has. One question to
// apt takes as long for many packages as for one: nearly a second.
func (a *apt) show(ctx context.Context, names ...string) ([]aptPackage, error) {
	unknown := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, known := a.known[name]
		return known
	})
	if len(unknown) > 0 {
		output, err := a.run(ctx, "", "apt-cache", append([]string{"show", "--no-all-versions"}, unknown...)...)
		var failed *ToolError
		if err != nil && !(errors.As(err, &failed) && strings.Contains(failed.Output, "No packages found")) {
			return nil, err
		}
		for _, name := range unknown {
			a.known[name] = nil
		}
		for _, pkg := range parsePackages(output, a.arch.Debian) {
			a.known[pkg.name] = &pkg
		}
	}
	var packages []aptPackage
	for _, name := range names {
		if pkg := a.known[name]; pkg != nil {
			packages = append(packages, *pkg)
		}
	}
	return packages, nil
}

func (a *apt) showOne(ctx context.Context, name string) (aptPackage, error) {
	packages, err := a.show(ctx, name)
	if err != nil {
		return aptPackage{}, err
	}
	if len(packages) == 0 {
		return aptPackage{}, fmt.Errorf("%s: %w", name, errNoPackage)
	}
	return packages[0], nil
}

// parsePackages reads the paragraphs that apt-cache show prints. Packages that
// are installed and can no longer be downloaded are left out.
func parsePackages(output, arch string) []aptPackage {
	var packages []aptPackage
	for paragraph := range strings.SplitSeq(output, "\n\n") {
		fields := make(map[string]string)
		for line := range strings.Lines(paragraph) {
			if name, value, found := strings.Cut(line, ": "); found && line[0] != ' ' {
				fields[name] = strings.TrimSpace(value)
			}
		}
		if fields["Package"] == "" || fields["Filename"] == "" {
			continue
		}
		pkg := aptPackage{name: fields["Package"]}
		if other := fields["Architecture"]; other != "" && other != "all" && other != arch {
			pkg.name += ":" + other
		}
		pkg.size, _ = strconv.ParseInt(fields["Size"], 10, 64) // 0: only the check for room suffers
		pkg.installedSize, _ = strconv.ParseInt(fields["Installed-Size"], 10, 64)
		pkg.installedSize <<= 10
		for _, field := range []string{"Pre-Depends", "Depends"} {
			pkg.depends = append(pkg.depends, parseDepends(fields[field])...)
		}
		packages = append(packages, pkg)
	}
	return packages
}

// parseDepends reads "a (= 1), b | c:any" as {{a}, {b, c}}.
func parseDepends(field string) [][]string {
	var depends [][]string
	for clause := range strings.SplitSeq(field, ",") {
		var names []string
		for alternative := range strings.SplitSeq(clause, "|") {
			name, _, _ := strings.Cut(strings.TrimSpace(alternative), " ")
			name, _, _ = strings.Cut(name, ":")
			if name != "" {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			depends = append(depends, names)
		}
	}
	return depends
}

var realRelease = regexp.MustCompile(`^[0-9]+\.[0-9]+`)

// newest gives the newest release that Debian has of what was asked for, a
// full release or the beginning of one.
func (a *apt) newest(ctx context.Context, asked string) (string, error) {
	output, err := a.run(ctx, "", "apt-cache", "pkgnames", "linux-image-")
	if err != nil {
		return "", err
	}
	for _, candidates := range candidateReleases(output, asked, a.arch) {
		for _, release := range candidates {
			if slices.Contains(a.lost, release) {
				continue
			}
			_, err := a.show(ctx, packageOf(release, image), packageOf(release, headers), packageOf(release, debuginfo))
			if err != nil {
				return "", err
			}
			pkg, err := a.showOne(ctx, packageOf(release, image))
			if err == nil && !isMeta(pkg) {
				return release, nil
			}
			if err != nil && !errors.Is(err, errNoPackage) {
				return "", err
			}
		}
	}
	return "", a.unknownKernel(asked)
}

const otherKernelHint = "run the same command again later, or ask for another kernel: -r RELEASE, --suite RELEASE"

func (a *apt) unknownKernel(asked string) *UserError {
	e := &UserError{
		Message: fmt.Sprintf("Debian's package lists have no kernel %q for %s", asked, a.arch.Debian),
		Hint:    "lists that are old do not know a new kernel: sudo apt-get update; `apt-cache pkgnames linux-image-` shows what there is",
	}
	if a.options != nil {
		e.Hint = "ask for the beginning of a release, such as 6.1, or for the kernels of another release of Debian: --suite"
	}
	if len(a.lost) > 0 {
		e.Message = fmt.Sprintf("the mirror has lost the packages of %s, and Debian's package lists have no other kernel %q for %s", strings.Join(a.lost, ", "), asked, a.arch.Debian)
		e.Hint = otherKernelHint
	}
	return e
}

// candidateReleases picks the releases that match from the names of packages,
// per flavour, the newest first. Apt knows names of packages that it does not
// have, so that these are candidates.
func candidateReleases(names, asked string, arch *Architecture) [][]string {
	var all [][]string
	rest := strings.Fields(names)
	for _, flavour := range arch.flavours() {
		var releases, others []string
		for _, name := range rest {
			release := strings.TrimPrefix(name, "linux-image-")
			switch {
			case !strings.HasSuffix(release, flavour):
				others = append(others, name)
			case realRelease.MatchString(release) && matches(release, asked):
				releases = append(releases, release)
			}
		}
		slices.SortFunc(releases, func(x, y string) int {
			if VersionLess(y, x) {
				return -1
			}
			return 1
		})
		all, rest = append(all, releases), others
	}
	return all
}

// isMeta tells a package that only stands for the newest of a kind.
func isMeta(pkg aptPackage) bool { return metaTarget(pkg) != "" }

func metaTarget(pkg aptPackage) string {
	for _, names := range pkg.depends {
		if release, found := strings.CutPrefix(names[0], "linux-image-"); found {
			return release
		}
	}
	return ""
}

// standard gives the release that this Debian's own meta-package stands for.
func (a *apt) standard(ctx context.Context) (string, error) {
	for _, flavour := range a.arch.flavours() {
		pkg, err := a.showOne(ctx, "linux-image"+flavour)
		if errors.Is(err, errNoPackage) {
			continue
		}
		if err != nil {
			return "", err
		}
		release := metaTarget(pkg)
		if slices.Contains(a.lost, release) {
			return a.newest(ctx, realRelease.FindString(release))
		}
		if release != "" {
			return release, nil
		}
	}
	return "", &UserError{
		Message: "the package lists have no package linux-image" + a.arch.flavours()[0],
		Hint:    "stap prep fetches Debian's kernels; on another system use a build tree: stap -r /path/to/tree",
	}
}

// packageOf names the package that stands for a component.
func packageOf(release string, c component) string {
	switch c {
	case headers:
		return "linux-headers-" + release
	case debuginfo:
		return "linux-image-" + release + "-dbg"
	}
	return "linux-image-" + release
}

// packagesFor gives the packages that a component is in: one by its name, and
// those that it needs and that are part of the component too.
func (a *apt) packagesFor(ctx context.Context, release string, c component) ([]aptPackage, error) {
	name := packageOf(release, c)
	parts := map[component][]string{
		image:   {"linux-binary-", "linux-modules-"},
		headers: {"linux-headers-", "linux-kbuild-"},
	}[c]
	first, err := a.showOne(ctx, name)
	if errors.Is(err, errNoPackage) {
		return nil, &UserError{
			Message: fmt.Sprintf("Debian's package lists have no %s of kernel %s (package %s)", c, release, name),
			Hint:    "sudo apt-get update, then ask for the beginning of the release, such as 6.1, to get the newest that there is",
			Cause:   err,
		}
	}
	if err != nil {
		return nil, err
	}
	packages := []aptPackage{first}
	for latest := packages; len(latest) > 0; packages = append(packages, latest...) {
		names := a.partsNeeded(latest, packages, parts)
		if latest, err = a.show(ctx, names...); err != nil {
			return nil, err
		}
		if len(latest) < len(names) {
			return nil, fmt.Errorf("%s needs %s: %w", name, strings.Join(names, ", "), errNoPackage)
		}
	}
	return packages, nil
}

// partsNeeded gives what the latest packages depend on, if it begins with one
// of parts and is not among the packages already. The tools of the kernel's build
// are to run here.
func (a *apt) partsNeeded(latest, packages []aptPackage, parts []string) []string {
	var needed []string
	for _, pkg := range latest {
		for _, alternatives := range pkg.depends {
			name := alternatives[0]
			if a.arch != a.host && strings.HasPrefix(name, "linux-kbuild-") {
				name += ":" + a.host.Debian
			}
			if slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(name, part) }) &&
				!slices.ContainsFunc(packages, func(pkg aptPackage) bool { return pkg.name == name }) &&
				!slices.Contains(needed, name) {
				needed = append(needed, name)
			}
		}
	}
	return needed
}

// download brings the packages' files into a folder and gives their paths. A
// file that is complete by size and checksum stays; apt continues or begins
// again what is not.
func (a *apt) download(ctx context.Context, packages []aptPackage, folder string) ([]string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	names := make([]string, len(packages))
	for i, pkg := range packages {
		names[i] = pkg.name
	}
	files, err := a.files(ctx, names)
	if err != nil {
		return nil, err
	}
	var paths, missing []string
	var total int64
	for i, file := range files {
		path := filepath.Join(folder, file.name)
		paths = append(paths, path)
		total += file.size
		if err := verify(path, file); errors.Is(err, errWrongContent) {
			if err := os.Remove(path); err != nil {
				return nil, err
			}
			missing = append(missing, names[i])
		} else if err != nil {
			missing = append(missing, names[i])
		}
	}
	if len(missing) > 0 {
		stop := a.watch(paths, total)
		_, err = a.run(ctx, folder, "apt-get", append([]string{"-q=2", "-o", "APT::Sandbox::User=root", "download"}, missing...)...)
		stop()
		if err != nil {
			return nil, explainDownload(folder, err)
		}
	}
	a.progress.Download(total, total)
	for i, file := range files {
		if err := verify(paths[i], file); err != nil {
			return nil, fmt.Errorf("apt's download: %w", err)
		}
	}
	return paths, nil
}

// files asks apt what it would download, in the order of the names.
func (a *apt) files(ctx context.Context, names []string) ([]aptFile, error) {
	output, err := a.run(ctx, "", "apt-get", append([]string{"download", "--print-uris"}, names...)...)
	if err != nil {
		return nil, explainDownload("", err)
	}
	files, err := parseURIs(output)
	if err != nil {
		return nil, err
	}
	ordered := make([]aptFile, len(names))
	for i, name := range names {
		bare, _, _ := strings.Cut(name, ":")
		at := slices.IndexFunc(files, func(file aptFile) bool { return strings.HasPrefix(file.name, bare+"_") })
		if at < 0 {
			return nil, fmt.Errorf("apt-get download --print-uris does not list %s", name)
		}
		ordered[i] = files[at]
	}
	return ordered, nil
}

// parseURIs reads lines like: 'URI' linux-kbuild-6.1_6.1.9-1_amd64.deb 1568188 SHA256:66b3…
func parseURIs(output string) ([]aptFile, error) {
	var files []aptFile
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 4 || !strings.HasPrefix(fields[3], "SHA256:") {
			return nil, fmt.Errorf("apt-get download --print-uris: cannot read %q", strings.TrimSpace(line))
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("apt-get download --print-uris: %w", err)
		}
		files = append(files, aptFile{name: filepath.Base(fields[1]), size: size, sha256: fields[3][len("SHA256:"):]})
	}
	return files, nil
}

var errWrongContent = errors.New("wrong content")

// verify gives nil for the right file, errWrongContent for one that no
// continued download can put right, another error for one that is not there
// or not complete.
func verify(path string, want aptFile) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err != nil {
		return err
	}
	if size < want.size {
		return fmt.Errorf("%s: %d bytes of %d: %w", path, size, want.size, io.ErrUnexpectedEOF)
	}
	if hex.EncodeToString(sum.Sum(nil)) != want.sha256 {
		return fmt.Errorf("%s: %w", path, errWrongContent)
	}
	return nil
}

// watch reports the growth of the files until stopped.
func (a *apt) watch(paths []string, total int64) (stop func()) {
	stopped, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticks := time.NewTicker(100 * time.Millisecond)
		defer ticks.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-ticks.C:
			}
			var size int64
			for _, path := range paths {
				if info, err := os.Stat(path); err == nil {
					size += info.Size()
				}
			}
			a.progress.Download(min(size, total), total)
		}
	}()
	return func() { close(stopped); <-done }
}

// explainDownload knows the ways in which apt's downloads fail.
func explainDownload(folder string, err error) error {
	var failed *ToolError
	if !errors.As(err, &failed) {
		return err
	}
	says := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(failed.Output, text) })
	}
	reason := strings.TrimPrefix(lastLine(failed.Output), "E: ")
	for line := range strings.Lines(failed.Output) {
		if strings.HasPrefix(line, "E: Failed to fetch") {
			reason = strings.TrimSpace(strings.TrimPrefix(line, "E: "))
			break
		}
	}
	switch {
	case says("No space left on device", "Disk quota exceeded"):
		return diskFull(folder, err)
	case says("404  Not Found", "Hash Sum mismatch", "File has unexpected size", "Unable to locate package", "no installation candidate"):
		return &UserError{Message: "apt cannot get the package any more: " + reason,
			Hint:  "the package lists are old: sudo apt-get update, then run the same command again",
			Cause: fmt.Errorf("%w: %w", errOldLists, err)}
	case says("Failed to fetch", "Could not resolve", "Temporary failure", "Unable to connect", "Could not connect"):
		return &UserError{Message: "cannot download: " + reason,
			Hint:  "check the network and run the same command again: it continues where it stopped",
			Cause: fmt.Errorf("%w: %w", errOffline, err)}
	}
	return err
}
