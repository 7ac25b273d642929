//go:build guest

package gostap_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gostap/gostap/staprun/vm"
)

// TestGuestUSB reads a megabyte of a disk behind USB, device 2 of bus 2, on each kernel of GOSTAP_USB_KERNELS: usb.submit_urb, usb.complete_urb.
func TestGuestUSB(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_USB_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning, func(c *vm.Config) {
				c.Modules = []string{"sd_mod", "xhci_pci", "usb_storage"}
				c.USBDisks = []int{16}
			})
			g.await(t, "[ -b /dev/sda ]")
			module := g.build(t, g.release, "-e", `
				global submitted, completed, wrong, waiting, of
				probe usb.submit_urb {
					if (type_str == "bulk" && input && length > 512) { submitted += length; of[dev, bus, device, endpoint]++ }
					waiting[urb] = dev
				}
				probe usb.complete_urb {
					if (type == 3 && input && length > 512) completed += length
					if (!([urb] in waiting) || waiting[urb] != dev || status) wrong++
				}
				probe end {
					printf("submitted %d completed %d wrong %d\n", submitted, completed, wrong)
					foreach ([dev, bus, device, endpoint] in of) printf("of %d %d %d\n", bus, device, endpoint)
				}`)
			status, stdout, stderr := g.run(t, "staprun", "-R", "-c", "dd if=/dev/sda of=/dev/null bs=64k count=16 iflag=direct", module)
			if want := "submitted 1048576 completed 1048576 wrong 0\nof 2 2 1\n"; status != 0 || stdout != want {
				t.Errorf("status %d, output\n%swant\n%s%s", status, stdout, want, stderr)
			}
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}
