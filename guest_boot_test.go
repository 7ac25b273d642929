//go:build guest

package gostap_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// profiledInit is what docs/boot-profiling.md has an initramfs do before anything else.
const profiledInit = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
/boot.run -L
exec /init
`

// TestGuestBoot: a bundle of examples/boot.stp, made before the machine is there, is loaded by the first process of the
// initramfs, which goes on to be the machine's own; what it saw is read afterwards. On the first of GOSTAP_KERNELS.
func TestGuestBoot(t *testing.T) {
	beginnings := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	for _, beginning := range beginnings[:min(1, len(beginnings))] {
		t.Run(beginning, func(t *testing.T) {
			k, err := kernel.FindGuest(kernel.Named(beginning))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "boot.run")
			maker := &guestTest{release: k.Release, stap: "bin/stap", cache: t.TempDir()}
			maker.stap, _ = filepath.Abs(maker.stap)
			if output, err := maker.command("-p4", "-r", k.Release, "-m", "boot", "-G", "quiet=2", "--bundle", path, "../../examples/boot.stp").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			contents, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			g := bootGuest(t, beginning, func(c *vm.Config) {
				c.Files = append(c.Files, vm.File{Path: "/boot.run", Mode: 0o755, Data: contents}, vm.File{Path: "/profiled-init", Mode: 0o755, Data: []byte(profiledInit)})
				c.Append += " rdinit=/profiled-init"
				c.Modules = []string{"sd_mod", "virtio_scsi"}
				c.Disks = []int{16}
			})
			g.await(t, `[ -e /dev/sda ]`)
			g.run(t, "dd", "if=/dev/sda", "of=/dev/null", "bs=64k", "count=10", "iflag=direct")
			status, stdout, stderr := g.run(t, "/boot.run", "-A", "boot")
			if status != 0 {
				t.Errorf("status %d\n%s", status, stderr)
			}
			t.Log(stdout)
			for _, want := range []string{`^ +\d+ +module virtio_scsi$`, `^ +\d+ +\d+  dd +\d+ ran \d+ us$`, `^\d+ us$`, `^ +\d+ +init +1 still runs, ran \d+ us$`, `^sda: \d+ reads, \d+ KB$`} {
				if !regexp.MustCompile("(?m)" + want).MatchString(stdout) {
					t.Errorf("nothing matches %s", want)
				}
			}
			g.nothingLeft(t)
		})
	}
}
