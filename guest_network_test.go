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

// TestGuestNetwork has known traffic over the loopback device and over devices of a program's own, seen by what the
// library has of sockets, TCP, UDP, devices, netfilter and SNMP's counters: htons, ntohl, ip_ntop, format_ipaddr,
// inet_get_*, sock_*_num2str, tcp_get_info_rto, tcpmib_*, ipmib_*, linuxmib_*.
func TestGuestNetwork(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning, func(c *vm.Config) { c.Modules = append(c.Modules, "bridge", "tun") })
			g.program(t, "testdata/network/network.c")
			g.program(t, "testdata/network/devices.c")
			if status, _, stderr := g.run(t, "ifconfig", "lo", "127.0.0.1", "mtu", "1500", "up"); status != 0 {
				t.Fatal(stderr)
			}
			for _, name := range []string{"sockets", "counters", "devices"} {
				t.Run(name, func(t *testing.T) { g.traffic(t, name) })
			}
			if complaints := g.Complaints(); len(complaints) > 0 {
				t.Errorf("the kernel complains:\n%s", strings.Join(complaints, "\n"))
			}
		})
	}
}

// counted is what a script counted, and what the kernel counted meanwhile.
var counted = regexp.MustCompile(`(?m)^(script|kernel) (\w+) (-?\d+)\n`)

// traffic runs a script of testdata/network. Its counters must be equal to the kernel's, one that the kernel does not
// name is 0, and the rest of its output is what the script says.
func (g *guestTest) traffic(t *testing.T, name string) {
	script := filepath.Join("..", "network", name+".stp")
	want := readOutcome(t, filepath.Join("testdata/guest", script), g.kernel.Arch.Name)
	module := g.build(t, g.release, append(slices.Clone(want.stap), script)...)
	status, stdout, stderr := g.run(t, append(append([]string{"staprun", "-R"}, want.staprun...), module)...)
	if status != 0 || stderr != "" {
		t.Errorf("status %d, %s", status, stderr)
	}
	kernel := map[string]string{}
	for _, match := range counted.FindAllStringSubmatch(stdout, -1) {
		if match[1] == "kernel" {
			kernel[match[2]] = match[3]
		}
	}
	for _, match := range counted.FindAllStringSubmatch(stdout, -1) {
		if of := kernel[match[2]]; match[1] == "script" && match[3] != of && (match[3] != "0" || of != "") {
			t.Errorf("%s: counted %s, the kernel %q", match[2], match[3], of)
		}
	}
	if rest := counted.ReplaceAllString(stdout, ""); rest != want.stdout {
		t.Errorf("output:\n%swant:\n%s", rest, want.stdout)
	}
	g.nothingLeft(t)
}
