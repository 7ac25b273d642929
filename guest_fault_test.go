//go:build guest

package gostap_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gostap/gostap/staprun/vm"
)

// TestGuestSCSI has faults in two SCSI disks, sda of scsi_debug, which does nothing of the kind by itself here, and sdb of
// virtio-scsi, on each kernel of GOSTAP_KERNELS.
func TestGuestSCSI(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning, func(c *vm.Config) {
				c.Modules = []string{"sd_mod", "scsi_debug dev_size_mb=64 delay=0 inq_vendor=debug", "virtio_scsi", "raid1"}
				c.Disks = []int{64}
				c.Memory = 768
			})
			for _, disk := range g.disks(t) {
				t.Run(disk.driver, func(t *testing.T) {
					t.Run("medium error", func(t *testing.T) { g.mediumError(t, disk) })
				})
			}
			g.nothingLeft(t)
		})
	}
}

// disk is one of the guest's, by its name and its driver's.
type disk struct{ name, driver string }

// disks waits for those of the guest and gives them.
func (g *guestTest) disks(t *testing.T) []disk {
	t.Helper()
	g.await(t, `[ $(ls -d /sys/block/sd? | wc -l) = 2 ]`)
	_, text, stderr := g.run(t, "sh", "-c", `for d in /sys/block/sd?; do h=$(readlink -f $d/device); echo ${d##*/} $(cat ${h%/target*}/scsi_host/host*/proc_name); done`)
	var disks []disk
	for line := range strings.Lines(text) {
		var d disk
		if _, err := fmt.Sscan(line, &d.name, &d.driver); err != nil {
			t.Fatalf("%q: %v\n%s", text, err, stderr)
		}
		disks = append(disks, d)
	}
	return disks
}

// mediumError: a block that cannot be read fails those reads that have it in them, and no others.
func (g *guestTest) mediumError(t *testing.T, disk disk) {
	module := g.build(t, g.release, "-g", "-e", `
		probe begin { fault_set("medium", "range=4096-4099 match=`+disk.name+`") }
		probe scsi.iodone {
			if (scsi_is_read($cmd) && fault_on("medium", scsi_disk($cmd), scsi_lba($cmd), scsi_blocks($cmd))) {
				printf("%s\n", scsi_describe($cmd))
				scsi_fail($cmd, 3, 0x11, 0, 4096)
			}
		}`)
	status, stdout, stderr := g.run(t, "staprun", "-R", "-c", fmt.Sprintf("sh -c 'dd if=/dev/%[1]s of=/dev/null bs=4k count=1 skip=511 iflag=direct; dd if=/dev/%[1]s of=/dev/null bs=4k count=1 skip=512 iflag=direct; echo 3 >/proc/sys/vm/drop_caches'", disk.name), module)
	t.Logf("%d\n%s\n%s\n%s", status, stdout, stderr, g.Console())
}
