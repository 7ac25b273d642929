//go:build guest

package gostap_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/staprun/vm"
)

// TestGuestFiles has a disk with ext4 and files that the guest serves to itself by NFS, on each kernel of GOSTAP_KERNELS,
// and runs the scripts of testdata/file, whose comments are those of testdata/guest.
func TestGuestFiles(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning, func(c *vm.Config) {
				c.Modules = []string{"sd_mod", "virtio_scsi", "nfsd", "nfsv4"}
				c.Disks = []int{64}
				c.Files = append(c.Files, vm.File{Path: "/ext4.gz", Mode: 0o644, Data: fileSystem(t)})
				for _, name := range []string{"serve", "disk", "work"} {
					text, err := os.ReadFile(filepath.Join("testdata/file", name))
					if err != nil {
						t.Fatal(err)
					}
					c.Files = append(c.Files, vm.File{Path: "/" + name, Mode: 0o644, Data: text})
				}
			})
			g.await(t, "[ -b /dev/sda ]")
			if status, stdout, stderr := g.run(t, "sh", "/serve"); status != 0 {
				t.Fatalf("the file server: status %d\n%s%s", status, stdout, stderr)
			}
			for _, name := range []string{"disk", "nfs"} {
				t.Run(name, func(t *testing.T) { g.fileScript(t, name) })
			}
			t.Run("example", g.nfsExample)
			if status, stdout, stderr := g.run(t, "sh", "-c", "umount /mnt; echo 0 >/proc/fs/nfsd/threads"); status != 0 {
				t.Errorf("status %d\n%s%s", status, stdout, stderr)
			}
			g.nothingLeft(t)
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// fileScript runs a script of testdata/file.
func (g *guestTest) fileScript(t *testing.T, name string) {
	script := filepath.Join("testdata/file", name+".stp")
	want := readOutcome(t, script, g.kernel.Arch.Name)
	module := g.build(t, g.release, append(slices.Clone(want.stap), "../file/"+name+".stp")...)
	status, stdout, stderr := g.run(t, append(append([]string{"staprun", "-R"}, want.staprun...), module)...)
	if status != want.status || stdout != want.stdout || stderr != "" {
		t.Errorf("status %d, output:\n%swant:\n%s\nstandard error:\n%s", status, stdout, want.stdout, stderr)
	}
}

// nfsExample: examples/nfs.stp tells of a file that is written and of one that is read.
func (g *guestTest) nfsExample(t *testing.T) {
	g.example(t, "examples/nfs.stp", exampleTest{
		run: []string{"dd if=/dev/zero of=/mnt/written bs=4k count=3 conv=fsync", "echo 3 >/proc/sys/vm/drop_caches", "cat /mnt/written", "rm /mnt/written"},
		want: []*regexp.Regexp{
			regexp.MustCompile(`(?m)^127\.0\.0\.1 +nfsd\.write +[1-3] +12288 +\d+ +\d+  /\S*written$`),
			regexp.MustCompile(`(?m)^127\.0\.0\.1 +nfsd\.unlink +1 +0 +\d+ +\d+  /\S*$`),
		},
	})
}
