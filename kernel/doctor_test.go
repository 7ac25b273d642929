package kernel

import (
	"os"
	"path/filepath"
	"testing"
)

// goodMachine can do everything.
func goodMachine(t *testing.T) machine {
	t.Helper()
	m := fakeMachine(t)
	t.Setenv("PATH", "/usr/bin")
	addKernel(t, m.root, runningRelease)
	for path, text := range map[string]string{
		"proc/self/status":                         "Name:\tstap\nCapEff:\t000001ffffffffff\n",
		"proc/modules":                             "",
		"proc/sys/kernel/modules_disabled":         "0\n",
		"boot/config-" + runningRelease:            "CONFIG_KPROBES=y\n",
		"sys/kernel/btf/vmlinux":                   "raw",
		"sys/kernel/security/lockdown":             "[none] integrity confidentiality\n",
		"sys/module/module/parameters/sig_enforce": "N\n",
		"usr/bin/gcc-12":                           "program",
		"usr/bin/make":                             "program",
		"usr/bin/qemu-system-x86_64":               "program",
		"usr/lib/libelf.so.1":                      "library",
		"dev/kvm":                                  "",
		"bin/busybox":                              string(readTestdata(t, "vmlinux")),
	} {
		write(t, filepath.Join(m.root, path), text)
	}
	// The headers' .config comes before the image's.
	write(t, filepath.Join(m.root, "usr/src/linux-headers-"+runningRelease, ".config"),
		"CONFIG_KPROBES=y\nCONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian) 12.2.0\"\n")
	return m
}

func TestExamine(t *testing.T) {
	remove := func(path string) func(*testing.T, machine) {
		return func(t *testing.T, m machine) {
			t.Helper()
			if err := os.RemoveAll(filepath.Join(m.root, path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	set := func(path, text string) func(*testing.T, machine) {
		return func(t *testing.T, m machine) { t.Helper(); write(t, filepath.Join(m.root, path), text) }
	}
	headers := "usr/src/linux-headers-" + runningRelease
	for _, test := range []struct {
		name          string
		change        func(*testing.T, machine)
		check         string
		state         State
		native, guest bool
	}{
		{"nothing", func(*testing.T, machine) {}, "BTF", OK, true, true},
		{"not root", set("proc/self/status", "CapEff:\t0000000000000000\n"), "privileges", Missing, false, true},
		{"no modules", remove("proc/modules"), "modules", Missing, false, true},
		{"modules off", set("proc/sys/kernel/modules_disabled", "1\n"), "modules", Missing, false, true},
		{"no kprobes", set(headers+"/.config", "CONFIG_CC_VERSION_TEXT=\"gcc-12\"\n"), "kprobes", Missing, false, true},
		{"no BTF", remove("sys/kernel/btf"), "BTF", OK, true, true},
		{"no headers", remove(headers), "headers", Missing, false, false},
		{"no debuginfo", remove("usr/lib/debug"), "debuginfo", Warning, true, true},
		{"no compiler", remove("usr/bin/gcc-12"), "compiler", Missing, false, false},
		{"no make", remove("usr/bin/make"), "make", Missing, false, false},
		{"no libelf", remove("usr/lib/libelf.so.1"), "libelf", Missing, false, false},
		{"lockdown", set("sys/kernel/security/lockdown", "none [integrity] confidentiality\n"), "lockdown", Missing, false, true},
		{"signatures", set("sys/module/module/parameters/sig_enforce", "Y\n"), "signatures", Missing, false, true},
		{"Secure Boot", set("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\x06\x00\x00\x00\x01"), "Secure Boot", Warning, true, true},
		{"no QEMU", remove("usr/bin/qemu-system-x86_64"), "QEMU", Missing, true, false},
		{"no KVM", remove("dev/kvm"), "KVM", Warning, true, true},
		{"no busybox", remove("bin/busybox"), "busybox", Missing, true, false},
		{"no image", remove("boot"), "kernels", Missing, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := goodMachine(t)
			test.change(t, m)
			report, err := m.examine()
			if err != nil {
				t.Fatal(err)
			}
			if report.Native != test.native || report.Guest != test.guest {
				t.Errorf("native %v, guest %v", report.Native, report.Guest)
			}
			for _, check := range report.Checks {
				if check.Name == test.check && check.State != test.state {
					t.Errorf("%+v", check)
				}
				if (check.State == OK) != (check.Advice == "") {
					t.Errorf("advice does not go with the state: %+v", check)
				}
			}
		})
	}
}

func TestKprobesWithoutConfiguration(t *testing.T) {
	m := fakeMachine(t)
	running := m.kernel(runningRelease)
	if check := m.checkKprobes(running); check.State != Missing {
		t.Errorf("%+v", check)
	}
	write(t, filepath.Join(m.root, "proc/kallsyms"), "0000000000000000 T register_kprobes\n0000000000000000 T register_kprobe\n")
	if check := m.checkKprobes(running); check.State != OK {
		t.Errorf("%+v", check)
	}
}
