//go:build guest

package gostap_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// TestGuestFaults has faults in functions and system calls and in two SCSI disks, one of scsi_debug, which does nothing of
// the kind by itself here, where the kernel has that, and the others of virtio-scsi, on each kernel of GOSTAP_KERNELS.
func TestGuestFaults(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			k, err := kernel.FindGuest(kernel.Named(beginning))
			if err != nil {
				t.Fatal(err)
			}
			modules, err := k.Modules()
			if err != nil {
				t.Fatal(err)
			}
			g := bootGuest(t, beginning, func(c *vm.Config) {
				c.Modules = []string{"sd_mod", "virtio_scsi", "raid1"}
				c.Disks = []int{64, 64}
				if modules["scsi_debug"] != "" {
					c.Modules = slices.Insert(c.Modules, 1, "scsi_debug dev_size_mb=64 delay=0 inq_vendor=debug")
					c.Disks = []int{64}
				}
				c.Memory = 768
				c.Files = append(c.Files, vm.File{Path: "/ext4.gz", Mode: 0o644, Data: fileSystem(t)})
			})
			for _, disk := range g.disks(t) {
				t.Run(disk.driver, func(t *testing.T) {
					for _, test := range diskTests {
						t.Run(test.name, func(t *testing.T) { test.run(g, t, disk) })
					}
				})
			}
			t.Run("md", g.mirror)
			t.Run("block", g.failingRequests)
			t.Run("network", g.lostPackets)
			t.Run("replay", g.replayed)
			t.Run("control", g.controlled)
			t.Run("watchdog", g.watchdog)
			t.Run("functions", g.failingFunctions)
			t.Run("refused", g.refusedFaults)
			t.Run("examples", g.faultExamples)
			t.Run("campaign", g.campaign)
			g.nothingLeft(t)
		})
	}
}

// fileSystem gives an empty ext4 of 64 MB, compressed by gzip.
func fileSystem(t *testing.T) []byte {
	t.Helper()
	image := filepath.Join(t.TempDir(), "ext4")
	output, err := exec.Command("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0", image, "64M").CombinedOutput()
	if err != nil {
		t.Fatalf("mkfs.ext4: %v\n%s; run: ./setup test", err, output)
	}
	contents, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(contents); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

var diskTests = []struct {
	name string
	run  func(*guestTest, *testing.T, disk)
}{
	{"medium error", (*guestTest).mediumError},
	{"delayed", (*guestTest).delayed},
	{"dropped", (*guestTest).dropped},
	{"escalated", (*guestTest).escalated},
	{"ext4 read", (*guestTest).unreadableFile},
	{"ext4 journal", (*guestTest).failedJournal},
}

// disk is one of the guest's, by its name and its driver's.
type disk struct{ name, driver string }

// disks waits for those of the guest and gives one of each driver.
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
		if !slices.ContainsFunc(disks, func(other disk) bool { return other.driver == d.driver }) {
			disks = append(disks, d)
		}
	}
	return disks
}

// inject builds the module of stap inject and puts it into the guest.
func (g *guestTest) inject(t *testing.T, arguments ...string) string {
	t.Helper()
	return g.buildWith(t, append([]string{"inject", "-p4", "-r", g.release, "-DMAXTRYLOCK=100000"}, arguments...)...)
}

// injected runs a module of faults with a command, and gives what was printed: what the script prints comes some
// milliseconds after what the command does.
func (g *guestTest) injected(t *testing.T, module, command string) (status int, stdout, stderr string) {
	t.Helper()
	status, stdout, stderr = g.run(t, "staprun", "-R", "-c", "sh -c '"+command+"'", module)
	g.nothingLeft(t)
	return status, stdout, stderr
}

// checkText compares a text with an expression, all of it.
func checkText(t *testing.T, what, text, expression string) {
	t.Helper()
	if !regexp.MustCompile(`(?s)^` + expression + `$`).MatchString(text) {
		t.Errorf("%s:\n%s\ndoes not match %s", what, text, expression)
	}
}

// mediumError: a block that cannot be read fails those reads that have it in them, and no others; what is before it arrives.
func (g *guestTest) mediumError(t *testing.T, disk disk) {
	module := g.inject(t, "scsi", "--disk", disk.name, "--range", "4097-4099", "--medium-error", "--on", "read")
	status, stdout, stderr := g.injected(t, module, `
		for skip in 511 512 513; do dd if=/dev/`+disk.name+` of=/tmp/block bs=4k count=1 iflag=direct skip=$skip 2>/tmp/error; echo $? $(wc -c < /tmp/block) $(grep -c "No data available" /tmp/error); done
		dd if=/dev/zero of=/dev/`+disk.name+` bs=4k count=1 oflag=direct seek=512 2>/dev/null; echo $?`)
	checkText(t, "dd", stdout, `0 4096 0\n1 0 1\n0 4096 0\n0\n`)
	checkText(t, fmt.Sprintf("staprun, status %d", status), stderr, `fault scsi: [1-9] of \d+ calls failed\n`)
}

// dropped: an answer that never comes is a timeout, and an abort, after which the command is tried again.
func (g *guestTest) dropped(t *testing.T, disk disk) {
	g.run(t, "sh", "-c", "echo 1 > /sys/block/"+disk.name+"/device/timeout")
	module := g.inject(t, "scsi", "--disk", disk.name, "--drop", "--times", "1")
	_, stdout, stderr := g.injected(t, module, "dd if=/dev/"+disk.name+" of=/dev/null bs=4k count=1 iflag=direct skip=100 2>/dev/null; status=$?; sleep 0.5; echo read $status")
	checkText(t, "recovery", stdout, `timeout: `+disk.name+` read 8 blocks from 800\nabort: `+disk.name+` read 8 blocks from 800\nread 0\n`)
	checkText(t, "summary", stderr, `fault scsi: 1 of \d+ calls failed\n`)
}

// escalated: where the driver cannot abort, the kernel resets.
func (g *guestTest) escalated(t *testing.T, disk disk) {
	module := g.inject(t, "scsi", "--disk", disk.name, "--drop", "--escalate", "--times", "1")
	_, stdout, _ := g.injected(t, module, "dd if=/dev/"+disk.name+" of=/dev/null bs=4k count=1 iflag=direct skip=100 2>/dev/null; status=$?; sleep 0.5; echo read $status")
	checkText(t, "recovery", stdout, `timeout: .*abort: .*resets: host \d\ndevice reset: done\n.*read 0\n`)
}

// delayed: the answer comes later, and is what it would have been.
func (g *guestTest) delayed(t *testing.T, disk disk) {
	module := g.inject(t, "scsi", "--disk", disk.name, "--delay", "700ms", "--times", "1", "--on", "read")
	_, stdout, _ := g.injected(t, module, `
		echo pattern | dd of=/dev/`+disk.name+` bs=4k count=1 conv=sync,fsync seek=30 2>/dev/null; echo 3 > /proc/sys/vm/drop_caches
		a=$(cut -d " " -f 1 /proc/uptime | tr -d .); dd if=/dev/`+disk.name+` bs=4k count=1 iflag=direct skip=30 2>/dev/null | head -n 1; b=$(cut -d " " -f 1 /proc/uptime | tr -d .)
		[ $((b - a)) -ge 69 ] && echo late`)
	checkText(t, "read", stdout, `pattern\nlate\n`)
}

// mountExt4 makes a file system on a disk and mounts it on /mnt. Its data begins behind the first quarter.
func (g *guestTest) mountExt4(t *testing.T, disk disk) {
	t.Helper()
	status, stdout, stderr := g.run(t, "sh", "-c", "mkdir -p /mnt && gunzip -c /ext4.gz >/dev/"+disk.name+" && mount -t ext4 -o errors=remount-ro /dev/"+disk.name+" /mnt")
	if status != 0 {
		t.Fatalf("%s%s", stdout, stderr)
	}
}

// unreadableFile: a file whose blocks cannot be read gives EIO, and the file system goes on.
func (g *guestTest) unreadableFile(t *testing.T, disk disk) {
	g.mountExt4(t, disk)
	defer g.run(t, "umount", "/mnt")
	g.run(t, "sh", "-c", "dd if=/dev/urandom of=/mnt/file bs=1M count=40 2>/dev/null; sync; echo 3 > /proc/sys/vm/drop_caches")
	module := g.inject(t, "scsi", "--disk", disk.name, "--range", "90000-90063", "--medium-error", "--on", "read")
	_, stdout, stderr := g.injected(t, module, `cat /mnt/file >/dev/null; echo read $?; echo new > /mnt/new && cat /mnt/new`)
	checkText(t, "read", stdout, `read 1\nnew\n`)
	checkText(t, "messages", stderr, `cat: read error: Input/output error\nfault scsi: [1-9]\d* of \d+ calls failed\n`)
}

// failedJournal: where the journal cannot be written, the file system becomes read-only.
func (g *guestTest) failedJournal(t *testing.T, disk disk) {
	g.mountExt4(t, disk)
	defer g.run(t, "umount", "/mnt")
	module := g.inject(t, "scsi", "--disk", disk.name, "--medium-error", "--on", "write")
	_, stdout, _ := g.injected(t, module, `echo text > /mnt/file; sync; sleep 1; (echo more > /mnt/other) 2>/dev/null || echo refused; (echo more > /mnt/other) 2>&1; dmesg | grep "EXT4.*`+disk.name+`.*Remounting"`)
	checkText(t, "messages", stdout, `refused\n.*(Read-only file system|Input/output error)\n.*read-only\n`)
}

// mirror: md finds out which of its two disks cannot be written, goes on with the other, and the data survives.
func (g *guestTest) mirror(t *testing.T) {
	status, stdout, stderr := g.run(t, "sh", "-c", `
		echo md0 > /sys/module/md_mod/parameters/new_array && cd /sys/block/md0/md && echo none > metadata_version &&
		echo raid1 > level && echo 2 > raid_disks && echo 32768 > component_size &&
		for disk in a b; do cat /sys/block/sd$disk/dev > new_dev || exit; done &&
		echo 0 > dev-sda/slot && echo 1 > dev-sdb/slot && echo none > resync_start && echo active > array_state || exit
		dd if=/dev/urandom of=/tmp/data bs=1M count=8 2>/dev/null`)
	if status != 0 {
		t.Fatalf("%s%s", stdout, stderr)
	}
	module := g.inject(t, "scsi", "--disk", "sda", "--range", "2048-4095", "--medium-error", "--on", "write")
	_, stdout, stderr = g.injected(t, module, `
		dd if=/tmp/data of=/dev/md0 bs=1M conv=fsync 2>/dev/null; echo 3 > /proc/sys/vm/drop_caches
		dd if=/dev/md0 bs=1M count=8 2>/dev/null | cmp - /tmp/data && echo same
		grep -A 1 ^md0 /proc/mdstat`)
	checkText(t, "mirror", stdout, `same\nmd0 : active raid1 .*sda\[0\]\(F\).*\[_U\]\n`)
	checkText(t, "summary", stderr, `fault scsi: [1-9]\d* of \d+ calls failed\n`)
	if status, stdout, stderr := g.run(t, "sh", "-c", "echo clear > /sys/block/md0/md/array_state"); status != 0 {
		t.Errorf("%s%s", stdout, stderr)
	}
}

// replayed: the log of a run makes the same calls of the same processes fail, 20 times, although they run at the same time.
func (g *guestTest) replayed(t *testing.T) {
	work := `for i in 1 2 3 4 5 6; do (cat /proc/version; head -n 1 /proc/meminfo; wc -l < /proc/cpuinfo) > /dev/null 2>&1 & done; wait`
	module := g.inject(t, "function", "vfs_read", "--return", "EIO", "--probability", "40%", "--seed", "3", "-c", "true")
	var said string // on standard error
	run := func(arguments ...string) []string {
		status, _, stderr := g.run(t, append(append([]string{"staprun", "-R", "-c", "sh -c '" + work + "'", "--fault-log", "/tmp/log"}, arguments...), module)...)
		_, log, _ := g.run(t, "sh", "-c", "grep -v ^# /tmp/log | cut -d ' ' -f 1-3 | sort")
		if log == "" {
			t.Fatalf("status %d, no faults: %s", status, stderr)
		}
		said = stderr
		return strings.Split(strings.TrimSpace(log), "\n")
	}
	first := run()
	g.run(t, "cp", "/tmp/log", "/tmp/first")
	for i := range 20 {
		if again := run("--fault-replay", "/tmp/first"); !slices.Equal(again, first) {
			t.Fatalf("replay %d: %d faults and not %d: %s\n%s\nand not\n%s", i, len(again), len(first), said, strings.Join(again, "\n"), strings.Join(first, "\n"))
		}
	}
	if again := run(); !slices.Equal(again, first) {
		t.Errorf("the same seed: %d faults and not %d", len(again), len(first))
	}
	g.nothingLeft(t)
}

// controlled: a fault is set, changed and switched off while the script runs.
func (g *guestTest) controlled(t *testing.T) {
	module := g.inject(t, "function", "vfs_read", "--return", "EIO", "--process", "head", "--times", "0")
	_, stdout, stderr := g.injected(t, module, `
		file=$(echo /proc/systemtap/*/faults); read_one() { head -n 1 /proc/version > /dev/null 2>&1; echo $?; }
		cat $file; read_one; echo "vfs_read times=1" > $file; read_one; read_one; echo "* off" > $file; read_one
		echo "vfs_read reset caller=ksys_read process=head" > $file; read_one; echo "vfs_read caller=ksys_write" > $file; read_one
		echo "vfs_read reset process=he?d" > $file; read_one; cut -d " " -f 1-4 $file
		mkdir -p /tmp/cgroups && mount -t cgroup2 none /tmp/cgroups && mkdir -p /tmp/cgroups/some/below
		echo "vfs_read reset process=head cgroup=/some" > $file; read_one
		(sh -c "echo \$PPID > /tmp/cgroups/some/below/cgroup.procs"; read_one)
		echo "vfs_read reset cgroup=/none" > $file; cut -d " " -f 1-2 $file
		for bad in "vfs_write on" "vfs_read" "vfs_read every=x" "alive" "at vfs_read" "at vfs_write 1 1" ""; do echo "$bad" > $file && echo "taken: $bad"; done 2>/dev/null
		head -c 3000 /dev/zero > $file 2>/dev/null || echo "refused"`)
	checkText(t, "reads", stdout, `vfs_read on times=0 process=head calls=\d+ considered=\d+ injected=0 unlogged=0\n0\n1\n0\n0\n1\n0\n1\nvfs_read on process=he\?d calls=\d+\n0\n1\nvfs_read off\nrefused\n`)
	checkText(t, "summary", stderr, `WARNING: fault vfs_read does not happen: there is no /none\nfault vfs_read: [1-9]\d* of \d+ calls failed\n`)
}

// watchdog: when staprun does not run any more, nothing fails.
func (g *guestTest) watchdog(t *testing.T) {
	module := g.inject(t, "function", "vfs_read", "--return", "EIO", "--process", "head")
	_, stdout, stderr := g.run(t, "sh", "-c", `staprun -R --fault-watchdog 5 `+module+` & run=$!
		until grep -q "vfs_read on" /proc/systemtap/*/faults 2>/dev/null; do usleep 100000; done
		sleep 2; head -n 1 /proc/version > /dev/null 2>&1; echo $?
		kill -STOP $run; sleep 8; head -n 1 /proc/version > /dev/null 2>&1; echo $?
		kill -CONT $run; sleep 1; kill $run; wait $run; dmesg | grep -c "no progress for 5 s: all faults are off"`)
	checkText(t, "reads", stdout, `1\n0\n1\n`)
	checkText(t, "messages", stderr, `WARNING: the machine made no progress for 5 s, so all faults were switched off\nfault vfs_read: .*`)
	g.nothingLeft(t)
}

// failingFunctions: results, arguments, delays and flipped bits of functions and system calls.
func (g *guestTest) failingFunctions(t *testing.T) {
	g.run(t, "sh", "-c", "printf 'AAAAAAAA' > /tmp/letters")
	for _, test := range []struct {
		arguments []string
		command   string
		want      string
	}{
		{[]string{"syscall", "openat", "--return", "EACCES", "--match", "filename=/tmp/l*"}, `cat /tmp/letters 2>&1; cat /etc/nothing 2>&1; true`, `.*letters.*: Permission denied\n.*No such file.*\n`},
		{[]string{"syscall", "read", "--argument", "count=3", "--process", "head"}, `head -c 5 /tmp/letters`, `AAAAA`},
		{[]string{"function", "vfs_read", "--flip", "buf", "--process", "head", "--range", "count=1-99999999"}, `head -c 8 /tmp/letters`, `ACAAAAAA`},
		{[]string{"memory", "--caller", "do_filp_open", "--process", "cat", "--times", "1"}, `cat /tmp/letters 2>&1; cat /tmp/letters; true`, `.*Cannot allocate memory\nAAAAAAAA`},
		{[]string{"function", "do_unlinkat", "--delay", "600ms", "--process", "rm"}, `:> /tmp/gone; a=$(cut -d " " -f 1 /proc/uptime | tr -d .); rm /tmp/gone; b=$(cut -d " " -f 1 /proc/uptime | tr -d .); [ $((b - a)) -ge 60 ] && [ ! -e /tmp/gone ] && echo late`, `late\n`},
	} {
		t.Run(strings.Join(test.arguments[:2], " "), func(t *testing.T) {
			if slices.Contains(test.arguments, "--delay") {
				g.needs(t, "CONFIG_PREEMPT_COUNT only with that a kernel knows who holds a spin lock and must not sleep")
			}
			_, stdout, stderr := g.injected(t, g.inject(t, test.arguments...), test.command)
			checkText(t, strings.Join(test.arguments, " "), stdout, test.want)
			checkText(t, "summary", stderr, `fault .*: [1-9]\d* of \d+ calls failed\n`)
		})
	}
}

// refusedFaults: what cannot be is said before anything is armed.
func (g *guestTest) refusedFaults(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"function", "vfs_raed", "--return", "EIO"}, `vfs_raed`},
		{[]string{"function", "kfree", "--return", "EIO"}, `kfree returns nothing`},
		{[]string{"function", "do_exit", "--return", "0"}, `do_exit never returns`},
		{[]string{"function", "vfs_read", "--return", "EWHAT"}, `there is no such error`},
		{[]string{"function", "vfs_read", "--return", "-5000"}, `no kernel takes that for an error`},
		{[]string{"function", "vfs_read"}, `what shall happen at function vfs_read`},
		{[]string{"scsi", "--disk", "sda"}, `what shall happen at scsi`},
		{[]string{"scsi", "--drop", "--medium-error"}, `two faults of one command`},
		{[]string{"tape"}, `there is no fault of kind 'tape'`},
	} {
		var stderr bytes.Buffer
		command := g.command(append([]string{"inject", "-p4", "-r", g.release}, test.arguments...)...)
		command.Stderr = &stderr
		if output, err := command.Output(); err == nil || !strings.Contains(stderr.String(), test.want) || len(output) > 0 {
			t.Errorf("%q: %v\n%s%s", test.arguments, err, output, stderr.String())
		}
	}
	module := g.inject(t, "function", "vfs_read", "--return", "EIO")
	for _, test := range []struct{ log, want string }{
		{"# gostap faults of stap_00\nvfs_read 1 1\n", `line 1: these are the faults of another script (stap_00`},
		{"vfs_write 1 1\n", `line 1: the script has no fault "vfs_write"`},
		{"vfs_read 1 1\nvfs_read x 1\n", `line 2: "vfs_read x 1" is not a line of a log`},
		{"# nothing\n", `there is no fault in it`},
	} {
		if err := g.Put("/tmp/bad", 0o644, strings.NewReader(test.log)); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := g.run(t, "staprun", "-R", "--fault-replay", "/tmp/bad", "-c", "echo ran", module)
		if status != 1 || stdout != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: status %d, %s\n%s", test.log, status, stdout, stderr)
		}
		g.nothingLeft(t)
	}
	without := g.build(t, g.release, "-e", "probe begin { exit() }")
	if status, _, stderr := g.run(t, "staprun", "-R", "--fault-log", "/tmp/log", without); status != 1 || !strings.Contains(stderr, "the script asks for no faults") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// failingRequests: requests fail before a driver sees them, by their sectors, of a partition's disk as of a disk; others come later.
func (g *guestTest) failingRequests(t *testing.T) {
	module := g.inject(t, "block", "--disk", "sda", "--range", "800-807", "--return", "ENOSPC", "--on", "write")
	_, stdout, stderr := g.injected(t, module, `
		for seek in 99 100; do dd if=/dev/zero of=/dev/sda bs=4k count=1 oflag=direct seek=$seek 2>/tmp/error; echo $?; done; grep -o "No space left on device" /tmp/error
		dd if=/dev/sda of=/dev/null bs=4k count=1 iflag=direct skip=100 2>/dev/null; echo $?; true`)
	checkText(t, "requests", stdout, `0\n1\nNo space left on device\n0\n`)
	checkText(t, "summary", stderr, `fault block: 1 of \d+ calls failed\n`)
	module = g.inject(t, "block", "--disk", "sda", "--delay", "700ms", "--on", "read", "--times", "1")
	_, stdout, _ = g.injected(t, module, `
		a=$(cut -d " " -f 1 /proc/uptime | tr -d .); dd if=/dev/sda of=/dev/null bs=4k count=1 iflag=direct skip=30 2>/dev/null; b=$(cut -d " " -f 1 /proc/uptime | tr -d .)
		[ $((b - a)) -ge 65 ] && echo late`)
	checkText(t, "late request", stdout, `late\n`)
}

// lostPackets: packets from or to a port are lost, late, there twice or changed, and others are not.
func (g *guestTest) lostPackets(t *testing.T) {
	if status, _, stderr := g.run(t, "ip", "link", "set", "lo", "up"); status != 0 {
		t.Fatal(stderr)
	}
	g.program(t, "testdata/guest/datagram.c")
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"--drop"}, ``},
		{[]string{"--duplicate"}, `soon hello\nsoon hello\n`},
		{[]string{"--corrupt"}, `soon hgllo\n`},
		{[]string{"--delay", "400ms"}, `late hello\n`},
	} {
		module := g.inject(t, append([]string{"network", "--port", "2000"}, test.arguments...)...)
		_, stdout, stderr := g.injected(t, module, `/tmp/datagram 3000; echo and; /tmp/datagram 2000`)
		checkText(t, strings.Join(test.arguments, " "), stdout, `soon hello\nand\n`+test.want)
		checkText(t, "summary", stderr, `fault network: 1 of 1 calls failed\n`)
	}
}

// campaign: each call site of an allocator under a system call fails once, in a guest of its own.
func (g *guestTest) campaign(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report")
	command := g.command("inject", "campaign", "openat", "-r", g.release, "--vm", "-c", "cat /etc/hostname", "--report", report)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if !regexp.MustCompile(`(?s)^( +\d+  \w+ +returned (-12|\d), the command [01]\n){2,}openat: \d+ call sites had no memory, all that there are; something is wrong with 0(;.*unknown.*)?\n$`).Match(output) {
		t.Errorf("%v\n%s\n%s", err, output, stderr.String())
	}
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), `"complete":true`) {
		t.Errorf("%v\n%s", err, text)
	}
}

// faultExamples runs the scripts of examples/faults: each has its fault happen, and says so.
func (g *guestTest) faultExamples(t *testing.T) {
	scripts, err := filepath.Glob("examples/faults/*.stp")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in examples/faults: %v", err)
	}
	for _, script := range scripts {
		module := g.build(t, g.release, "-g", filepath.Join("..", "..", script))
		_, stdout, stderr := g.injected(t, module, `for i in 1 2 3 4; do dd if=/dev/zero of=/tmp/file bs=1 count=1 conv=fsync; done 2>/dev/null
			head -n 1 /proc/version > /dev/null; dd if=/dev/sda of=/dev/null bs=4k count=1 skip=512 iflag=direct 2>/dev/null; sleep 0.3`)
		if stdout == "" || !regexp.MustCompile(`(?m)^fault \w+: [1-9]\d* of \d+ calls failed$`).MatchString(stderr) {
			t.Errorf("%s:\n%s\n%s", script, stdout, stderr)
		}
	}
}
