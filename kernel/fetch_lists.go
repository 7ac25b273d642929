package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// This file gives apt package lists of another architecture, or of another release of
// Debian, than the machine's own. They lie in a folder of the user's,
//
//	~/.local/share/gostap/apt/SUITE-ARCHITECTURE/sources.list, lists/, cache/
//
// and come from where the machine's own lists come from: of those, what is Debian's,
// with the release's name replaced. So the system is not changed, and no root is needed.

// staleLists is how old such lists may be before they are read anew.
const staleLists = 24 * time.Hour

// ownLists tells whether the machine's own package lists do not do.
func (p *preparation) ownLists() bool {
	return p.request.Suite != "" || p.machine.arch != p.machine.host
}

// useLists has apt work with the lists that the request is about.
func (p *preparation) useLists(ctx context.Context) error {
	if !p.ownLists() || p.apt.options != nil {
		return nil
	}
	folder := p.listsFolder()
	info, err := os.Stat(filepath.Join(folder, "sources.list"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err == nil && time.Since(info.ModTime()) < staleLists {
		p.apt.options = p.listOptions()
		return nil
	}
	return p.readLists(ctx)
}

// renewLists reads the lists again, those of the machine as root.
func (p *preparation) renewLists(ctx context.Context) error {
	if p.ownLists() {
		return p.readLists(ctx)
	}
	err := p.asRoot(ctx, true, nil)
	p.apt = newApt(p.machine, p.progress)
	return err
}

func (p *preparation) listsFolder() string {
	suite := p.request.Suite
	if suite == "" {
		suite = "here"
	}
	return filepath.Join(p.machine.data, "apt", suite+"-"+p.machine.arch.Debian)
}

// listOptions are those of apt for such lists: nothing of the machine's own, of its
// installed packages neither.
func (p *preparation) listOptions() []string {
	folder := p.listsFolder()
	options := []string{
		"APT::Architecture=" + p.machine.arch.Debian,
		"APT::Architectures::=" + p.machine.arch.Debian,
		"APT::Sandbox::User=root",
		"Dir::Etc::SourceList=" + filepath.Join(folder, "sources.list"),
		"Dir::Etc::SourceParts=-",
		"Dir::State::Lists=" + filepath.Join(folder, "lists"),
		"Dir::State::status=/dev/null",
		"Dir::Cache=" + filepath.Join(folder, "cache"),
	}
	if p.machine.arch != p.machine.host {
		options = append(options, "APT::Architectures::="+p.machine.host.Debian)
	}
	var words []string
	for _, option := range options {
		words = append(words, "-o", option)
	}
	return words
}

// readLists fetches the lists.
func (p *preparation) readLists(ctx context.Context) error {
	folder := p.listsFolder()
	p.apt = newApt(p.machine, p.progress)
	sources, err := p.sources(ctx)
	if err != nil {
		return err
	}
	for _, below := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(folder, below), 0o755); err != nil {
			return explainWrite(p.machine.data, err)
		}
	}
	list := filepath.Join(folder, "sources.list")
	if err := os.WriteFile(list, []byte(sources), 0o644); err != nil {
		return explainWrite(p.machine.data, err)
	}
	p.apt.options = p.listOptions()
	p.progress.Step("reading the package lists for " + p.machine.arch.Debian + suiteText(p.request.Suite))
	// By itself apt calls it a success to have fetched nothing.
	_, err = p.apt.run(ctx, "", "apt-get", "-q=2", "-o", "APT::Update::Error-Mode=any", "update")
	if err == nil {
		return nil
	}
	err = explainDownload(p.machine.data, err)
	if _, shown := p.apt.showOne(ctx, "linux-base"); shown != nil {
		if err := os.Remove(list); err != nil { // or there would seem to be lists
			return err
		}
		return p.explainLists(err)
	}
	// Some of the lists are enough; those that the network kept from being read are not new.
	if !errors.Is(err, errOffline) {
		return nil
	}
	p.progress.Step(fmt.Sprintf("%v: the package lists may be old", err))
	return os.Chtimes(list, time.Time{}, time.Now().Add(-staleLists))
}

func suiteText(suite string) string {
	if suite == "" {
		return ""
	}
	return " of Debian " + suite
}

func (p *preparation) explainLists(err error) error {
	if p.request.Suite == "" || errors.Is(err, errOffline) {
		return err
	}
	var failed *ToolError
	if errors.As(err, &failed) { // to read the lists again would not help
		err = failed
	}
	return &UserError{
		Message: fmt.Sprintf("no package lists of Debian %q for %s where this machine has its own from", p.request.Suite, p.machine.arch.Debian),
		Hint:    "give the name of a release, such as bookworm or trixie",
		Cause:   err,
	}
}

// explainLost says what to do about packages that such lists name and the mirror has not.
func (p *preparation) explainLost(err error) error {
	var lost *UserError
	if !p.ownLists() || !errors.Is(err, errOldLists) || !errors.As(err, &lost) {
		return err
	}
	return &UserError{Message: lost.Message, Hint: otherKernelHint, Cause: lost.Cause}
}

// sources gives the lines of sources.list: where this machine has Debian's main
// packages from, and their security updates.
func (p *preparation) sources(ctx context.Context) (string, error) {
	output, err := p.apt.run(ctx, "", "apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)|$(RELEASE)", "Created-By: Packages", "Component: main")
	if err != nil {
		return "", err
	}
	lines := sourceLines(output, p.request.Suite)
	if len(lines) == 0 {
		return "", &UserError{
			Message: "this machine's package lists are not Debian's",
			Hint:    "stap prep fetches Debian's kernels; for another system name a folder with its files: --sysroot",
		}
	}
	return strings.Join(lines, ""), nil
}

const debianKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// sourceLines makes lines of sources.list of lines "ORIGIN|URI|RELEASE", as they are or,
// if a suite is named, with that in place of the machine's own. The updates of a release
// that is no longer the newest may have gone from a mirror: they are left out then.
func sourceLines(targets, suite string) []string {
	trust := ""
	if isFile(debianKeys) {
		trust = "[signed-by=" + debianKeys + "] "
	}
	var lines []string
	for target := range strings.Lines(targets) {
		fields := strings.Split(strings.TrimSpace(target), "|")
		if len(fields) != 3 || fields[0] != "Debian" {
			continue
		}
		release := fields[2]
		if suite != "" {
			kind := ""
			if _, after, found := strings.Cut(release, "-"); found {
				kind = "-" + after
			}
			if kind != "" && kind != "-security" || kind == "-security" && (suite == "sid" || suite == "experimental") {
				continue
			}
			release = suite + kind
		}
		line := fmt.Sprintf("deb %s%s %s main\n", trust, fields[1], release)
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}
