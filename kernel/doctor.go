package kernel

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// State is how a check went.
type State int

// OK needs nothing, Warning costs something, Missing keeps plain stap or
// stap --vm from running.
const (
	OK State = iota
	Warning
	Missing
)

// String gives ok, warn or no.
func (s State) String() string { return [...]string{"ok", "warn", "no"}[s] }

// Check is one thing that was looked at: what was found, and what to do about
// it, "" where there is nothing to do.
type Check struct {
	Name    string
	State   State
	Finding string
	Advice  string
}

// Report is what a machine can do.
type Report struct {
	Checks []Check
	Native bool // plain stap can load modules into the running kernel
	Guest  bool // stap --vm can run
}

// Examine looks at this machine. It changes nothing and needs no privileges.
func Examine() (*Report, error) {
	machine, err := thisMachine()
	if err != nil {
		return nil, err
	}
	return machine.examine()
}

// examine is Examine below the machine's root folder.
func (m machine) examine() (*Report, error) {
	running, err := m.find("")
	if err != nil {
		return nil, err
	}
	kernels, err := m.all()
	if err != nil {
		return nil, err
	}
	guest, _ := m.findGuest() // nil is a finding, not a failure
	load := []Check{
		m.checkPrivileges(),
		m.checkModules(),
		m.checkKprobes(running),
		m.checkLockdown(),
		m.checkSignatures(),
		checkHeaders(running),
	}
	build := []Check{
		m.checkCompiler(running, guest),
		m.checkProgram("make", "make", "sudo apt-get install make"),
		m.checkLibelf(),
		checkDisk(m.cache),
	}
	boot := []Check{
		m.checkProgram("QEMU", m.arch.Emulator, "`stap prep --vm` installs it"),
		m.checkBusybox(),
		checkFetched(kernels, guest),
	}
	better := []Check{
		checkBTF(running),
		checkDebuginfo(running),
		m.checkSecureBoot(),
		m.checkKVM(),
	}
	return &Report{
		Checks: slices.Concat(load, build, better, boot),
		Native: nothingMissing(load, build),
		Guest:  nothingMissing(build, boot),
	}, nil
}

func nothingMissing(groups ...[]Check) bool {
	return !slices.ContainsFunc(slices.Concat(groups...), func(check Check) bool { return check.State == Missing })
}

// text gives a small file below the root without the space around it, and
// whether it is there.
func (m machine) text(path string) (string, bool) {
	data, err := os.ReadFile(filepath.Join(m.root, path))
	return string(bytes.TrimSpace(data)), err == nil
}

func (m machine) checkPrivileges() Check {
	status, _ := m.text("proc/self/status")
	for line := range strings.Lines(status) {
		if mask, found := strings.CutPrefix(line, "CapEff:"); found {
			capabilities, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
			if err == nil && capabilities>>unix.CAP_SYS_MODULE&1 == 1 {
				return Check{"privileges", OK, "may load modules (CAP_SYS_MODULE)", ""}
			}
		}
	}
	return Check{"privileges", Missing, "may not load modules (no CAP_SYS_MODULE)", "run stap as root, with sudo; `stap --vm` needs no root"}
}

func (m machine) checkModules() Check {
	if _, found := m.text("proc/modules"); !found {
		return Check{"modules", Missing, "the running kernel has no loadable modules (CONFIG_MODULES)", "`stap --vm` runs scripts in a guest"}
	}
	if disabled, _ := m.text("proc/sys/kernel/modules_disabled"); disabled == "1" {
		return Check{"modules", Missing, "loading is switched off until the next boot (kernel.modules_disabled)",
			"find what sets it in /etc/sysctl.d and boot again, or use `stap --vm`"}
	}
	return Check{"modules", OK, "the running kernel loads modules", ""}
}

func (m machine) checkKprobes(running *Kernel) Check {
	config, err := running.Config()
	if err == nil && config["CONFIG_KPROBES"] == "y" || err != nil && m.hasSymbol("register_kprobe") {
		return Check{"kprobes", OK, "the running kernel has them", ""}
	}
	return Check{"kprobes", Missing, "the running kernel has none (CONFIG_KPROBES)", "`stap --vm` runs scripts in a guest whose kernel has them"}
}

// hasSymbol looks in the running kernel's own symbol table.
func (m machine) hasSymbol(name string) bool {
	file, err := os.Open(filepath.Join(m.root, "proc/kallsyms"))
	if err != nil {
		return false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasSuffix(lines.Text(), " "+name) {
			return true
		}
	}
	return false
}

func checkBTF(running *Kernel) Check {
	if running.BTF != "" {
		return Check{"BTF", OK, running.BTF, ""}
	}
	if running.Image != "" {
		return Check{"BTF", OK, "is taken out of " + running.Image, ""}
	}
	return Check{"BTF", Warning, "none for the running kernel (CONFIG_DEBUG_INFO_BTF)",
		"functions' parameters then need debuginfo: `stap prep --debuginfo`"}
}

func checkHeaders(running *Kernel) Check {
	if running.BuildTree != "" {
		return Check{"headers", OK, running.BuildTree, ""}
	}
	return Check{"headers", Missing, "none for the running kernel " + running.Release,
		"`stap prep` fetches Debian's; for a kernel of your own: stap -r /path/to/build/tree"}
}

func checkDebuginfo(running *Kernel) Check {
	if running.Debuginfo != "" {
		return Check{"debuginfo", OK, running.Debuginfo, ""}
	}
	return Check{"debuginfo", Warning, "none for the running kernel: no lines, inlined functions or locals", "`stap prep --debuginfo` fetches it where a script asks for it"}
}

// checkCompiler wants the compilers that the running kernel and the guest's
// were built with, as far as modules can be built for them.
func (m machine) checkCompiler(running, guest *Kernel) Check {
	var found, lacking []string
	for _, kernel := range []*Kernel{running, guest} {
		if kernel == nil || kernel.BuildTree == "" {
			continue
		}
		config, err := kernel.Config()
		if err != nil {
			continue // without a configuration nothing is built for it
		}
		compiler := compilerOf(config)
		if path := m.lookPath(compiler); path != "" {
			found = append(found, path)
		} else {
			lacking = append(lacking, compiler)
		}
	}
	if len(found) == 0 && len(lacking) == 0 {
		return m.checkProgram("compiler", "gcc", "sudo apt-get install gcc")
	}
	if len(lacking) > 0 {
		lacking = slices.Compact(lacking)
		return Check{"compiler", Missing, "no " + strings.Join(lacking, ", ") + ", which the kernel was built with",
			"sudo apt-get install " + strings.Join(lacking, " ")}
	}
	return Check{"compiler", OK, strings.Join(slices.Compact(found), ", "), ""}
}

func (m machine) checkProgram(name, program, advice string) Check {
	if path := m.lookPath(program); path != "" {
		return Check{name, OK, path, ""}
	}
	return Check{name, Missing, "no " + program + " in PATH", advice}
}

func (m machine) checkLibelf() Check {
	if m.hasLibrary("libelf.so.1") {
		return Check{"libelf", OK, "is there for the kernel's objtool", ""}
	}
	return Check{"libelf", Missing, "no libelf.so.1, which the kernel's objtool uses", "sudo apt-get install libelf1"}
}

func (m machine) checkLockdown() Check {
	modes, found := m.text("sys/kernel/security/lockdown")
	if !found || strings.Contains(modes, "[none]") {
		return Check{"lockdown", OK, "off", ""}
	}
	_, mode, _ := strings.Cut(modes, "[")
	mode, _, _ = strings.Cut(mode, "]")
	return Check{"lockdown", Missing, "the kernel is locked down (" + mode + "): it loads signed modules only",
		"switch Secure Boot off or boot without lockdown=, or use `stap --vm`"}
}

func (m machine) checkSignatures() Check {
	if enforced, _ := m.text("sys/module/module/parameters/sig_enforce"); enforced == "Y" {
		return Check{"signatures", Missing, "the kernel loads signed modules only (module.sig_enforce)",
			"boot without module.sig_enforce, or use `stap --vm`"}
	}
	return Check{"signatures", OK, "not enforced", ""}
}

func (m machine) checkSecureBoot() Check {
	// Four bytes of attributes, one of value.
	variable, err := os.ReadFile(filepath.Join(m.root, "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"))
	if err == nil && len(variable) == 5 && variable[4] == 1 {
		return Check{"Secure Boot", Warning, "on: most distributions' kernels are locked down by it", "see the line about lockdown"}
	}
	return Check{"Secure Boot", OK, "off", ""}
}

func (m machine) checkKVM() Check {
	file, err := os.OpenFile(filepath.Join(m.root, "dev/kvm"), os.O_RDWR, 0)
	switch {
	case err == nil:
		file.Close()
		return Check{"KVM", OK, "/dev/kvm opens", ""}
	case os.IsPermission(err):
		return Check{"KVM", Warning, "no permission for /dev/kvm: guests are emulated, which is slower", "sudo adduser $USER kvm, and log in again"}
	}
	return Check{"KVM", Warning, "no /dev/kvm: guests are emulated, which is slower", "load kvm_intel or kvm_amd, or allow nested virtualisation"}
}

func (m machine) checkBusybox() Check {
	if path, err := m.busybox(); err == nil {
		return Check{"busybox", OK, path, ""}
	}
	return Check{"busybox", Missing, "no static busybox for a guest's file system", "`stap prep --vm` fetches it without root"}
}

func checkFetched(kernels []*Kernel, guest *Kernel) Check {
	if guest == nil {
		return Check{"kernels", Missing, "none at hand that a guest could boot", "`stap prep --vm` fetches one"}
	}
	var releases []string
	for _, kernel := range kernels {
		if kernel.Fetched {
			releases = append(releases, kernel.Release)
		}
	}
	if len(releases) == 0 {
		return Check{"kernels", OK, "none fetched; a guest can boot " + guest.Release, ""}
	}
	return Check{"kernels", OK, "fetched: " + strings.Join(releases, ", "), ""}
}

// Less than little room is too little for one build, less than enough will be
// used up by the cache.
const (
	littleRoom = 200 << 20
	enoughRoom = 1 << 30
)

func checkDisk(cache string) Check {
	const advice = "free some space, or name another cache folder with SYSTEMTAP_DIR"
	free, err := freeSpace(cache)
	if err != nil {
		return Check{"disk", Warning, err.Error(), advice}
	}
	finding := fmt.Sprintf("%d MB are free in %s", free>>20, cache)
	switch {
	case free < littleRoom:
		return Check{"disk", Missing, finding, advice}
	case free < enoughRoom:
		return Check{"disk", Warning, finding, advice}
	}
	return Check{"disk", OK, finding, ""}
}
