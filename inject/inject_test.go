package inject

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestScript(t *testing.T) {
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Kind: "syscall", Of: "openat", Return: "EACCES", Match: "filename=/etc/*", Settings: []string{"every=3"}},
			`probe begin { fault_set("openat", "every=3 match=/etc/*") }

probe kernel.function("sys_openat").call
{
	if (fault_on("openat", user_string($filename, "")))
		override_return(-13)
}
`},
		{Request{Kind: "function", Of: "nfs_open", Module: "nfs", Name: "slow", Delay: 50 * time.Millisecond, Arguments: []string{"flags=1"}, Range: "inode=7-9"},
			`probe begin { fault_set("slow", "range=7-9") }

probe module("nfs").function("nfs_open").call
{
	if (fault("slow", $inode)) {
		$flags = 1
		delay_call(50)
	}
}
`},
		{Request{Kind: "function", Of: "vfs_read", Flip: "buf:count"},
			`probe begin { fault_set("vfs_read", "on") }

probe kernel.function("vfs_read").return
{
	if (@entry($count) > 0 && fault("vfs_read"))
		fault_flip(@entry($buf), @entry($count), fault_count("vfs_read"))
}
`},
		{Request{Kind: "scsi", Disk: "/dev/sdb", MediumError: true, On: "read", Range: "8-15"},
			`probe begin { fault_set("scsi", "match=sdb range=8-15") }

probe scsi.iodone
{
	if (scsi_is_read($cmd) && fault_on("scsi", scsi_disk($cmd), scsi_lba($cmd), scsi_blocks($cmd)))
		scsi_fail($cmd, 3, scsi_is_write($cmd) ? 0x0c : 0x11, 0, fault_first("scsi", scsi_lba($cmd)))
}
` + recovery},
		{Request{Kind: "block", Disk: "vda", Return: "ENOSPC", On: "write"},
			"\tif (bio_is_write(bio) && fault_on(\"block\", bio_disk(bio), bio_sector(bio), bio_sectors(bio)))\n\t\tbio_fail(bio, -28)\n"},
		{Request{Kind: "network", Port: 80, Drop: true},
			"\tif ((packet_source_port(packet) == 80 || packet_destination_port(packet) == 80) && fault(\"network\"))\n\t\tpacket_drop(packet)\n"},
		{Request{Kind: "network", Device: "lo", Delay: time.Second}, "fault_on(\"network\", packet_device(packet)))\n\t\tdefer_call(1000, 0)"},
		{Request{Kind: "memory", Allocator: "pages"}, "probe allocation.pages\n{\n\tif (!allocation_must_succeed(flags) && fault(\"memory\"))\n\t\toverride_return(0)\n"},
		{Request{Kind: "scsi", Sense: "4/0x44"}, "scsi_fail($cmd, 4, 0x44, 0x00, "},
		{Request{Kind: "scsi", Host: "no-connect"}, "scsi_end($cmd, 0x01)"},
		{Request{Kind: "scsi", Drop: true, Escalate: true}, "probe scsi.abort_handler { override_return(0x2003) }"},
		{Request{Kind: "scsi", Delay: time.Second}, "probe scsi.timeout { cancel_deferred(cmd) }"},
	} {
		got, err := test.request.Script()
		whole := strings.HasPrefix(test.want, "probe begin")
		if err != nil || whole && got != test.want || !strings.Contains(got, test.want) {
			t.Errorf("%+v: %v\n%s\nwant\n%s", test.request, err, got, test.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Kind: "tape"}, "no fault of kind 'tape'"},
		{Request{Kind: "function", Return: "EIO"}, "which function"},
		{Request{Kind: "function", Of: "f"}, "what shall happen at function f"},
		{Request{Kind: "function", Of: "f", Return: "EWHAT"}, "no such error"},
		{Request{Kind: "function", Of: "f", Return: "-4096"}, "no kernel takes that"},
		{Request{Kind: "function", Of: "f", Delay: time.Microsecond}, "a millisecond to an hour"},
		{Request{Kind: "function", Of: "f", Return: "0", Match: "x"}, "PARAMETER=VALUE"},
		{Request{Kind: "function", Of: "f", Arguments: []string{"x y=1"}}, "PARAMETER=VALUE"},
		{Request{Kind: "function", Of: "f", Flip: "x", Return: "0"}, "--flip is for what a function has done"},
		{Request{Kind: "syscall", Of: "read", Module: "m", Return: "0"}, "--module is for functions"},
		{Request{Kind: "scsi"}, "what shall happen at scsi"},
		{Request{Kind: "scsi", Drop: true, MediumError: true}, "two faults"},
		{Request{Kind: "scsi", MediumError: true, Escalate: true}, "--escalate is for"},
		{Request{Kind: "scsi", Sense: "3/100"}, "--sense takes"},
		{Request{Kind: "scsi", Host: "gone"}, "no such end"},
		{Request{Kind: "memory", Allocator: "heap"}, "no such allocator"},
		{Request{Kind: "memory", Allocator: "slab", Return: "EIO"}, "gets none"},
		{Request{Kind: "function", Of: "f", Return: "0", Settings: []string{"every=often"}}, "--every often cannot be"},
		{Request{Kind: "function", Of: "f", Return: "0", Settings: []string{"after=5"}}, "--after 5 cannot be"},
		{Request{Kind: "function", Of: "f", Return: "0", Settings: []string{"process=two words"}}, "a setting is one word"},
		{Request{Kind: "block", Drop: true}, "are for scsi"},
		{Request{Kind: "block", Return: "0"}, "fails with an error"},
		{Request{Kind: "network", Drop: true, Corrupt: true}, "one packet each"},
		{Request{Kind: "network", Drop: true, Port: 70000}, "ports are from 1 to 65535"},
		{Request{Kind: "network"}, "what shall happen at network"},
		{Request{Kind: "scsi", Drop: true, On: "both"}, "--on takes"},
		{Request{Kind: "scsi", Drop: true, Return: "EIO"}, "are for functions"},
	} {
		var wrong *UserError
		if script, err := test.request.Script(); !errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v\n%s", test.request, err, script)
		}
	}
}
