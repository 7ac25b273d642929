package inject

import (
	"fmt"
	"strconv"
	"strings"
)

// This file is the faults of SCSI disks. They happen where the driver says that a command is done, so the kernel's own
// error handler meets them as it meets those of a disk.

// hostBytes are ways in which a command ends without the device's word (include/scsi/scsi_status.h).
var hostBytes = map[string]int{
	"no-connect": 0x01, "bus-busy": 0x02, "time-out": 0x03, "bad-target": 0x04, "abort": 0x05, "parity": 0x06, "error": 0x07,
	"reset": 0x08, "soft-error": 0x0b, "requeue": 0x0d, "transport-disrupted": 0x0e,
}

func scsi(r *Request) (*part, error) {
	p := &part{point: "scsi.iodone", text: "scsi_disk($cmd)", number: "scsi_lba($cmd)", count: "scsi_blocks($cmd)"}
	if err := r.disk(p, map[string]string{"": "", "read": "scsi_is_read($cmd) && ", "write": "scsi_is_write($cmd) && "}); err != nil {
		return nil, err
	}
	lba := fmt.Sprintf("fault_first(%q, scsi_lba($cmd))", r.faultName())
	if r.Port != 0 || r.Device != "" || r.Duplicate || r.Corrupt {
		return nil, wrong("", "--port, --device, --duplicate and --corrupt are for packets")
	}
	var asked []string
	take := func(option, statement string) {
		asked = append(asked, option)
		p.does = append(p.does, statement)
	}
	if r.MediumError {
		take("--medium-error", fmt.Sprintf("scsi_fail($cmd, 3, scsi_is_write($cmd) ? 0x0c : 0x11, 0, %s)", lba))
	}
	if r.Sense != "" {
		key, code, qualifier, err := sense(r.Sense)
		if err != nil {
			return nil, err
		}
		take("--sense", fmt.Sprintf("scsi_fail($cmd, %d, 0x%02x, 0x%02x, %s)", key, code, qualifier, lba))
	}
	if r.Host != "" {
		value, known := hostBytes[r.Host]
		if !known {
			return nil, wrong("they are "+names(hostBytes), "--host %s: there is no such end of a command", r.Host)
		}
		take("--host", fmt.Sprintf("scsi_end($cmd, 0x%02x)", value))
	}
	if r.Drop {
		take("--drop", "skip_call()")
	}
	if r.Delay != 0 {
		n, err := milliseconds(r.Delay)
		if err != nil {
			return nil, err
		}
		take("--delay", fmt.Sprintf("defer_call(%d)", n))
		// A command that has timed out is the error handler's, and must not be done once more.
		p.more += "\nprobe scsi.timeout { cancel_deferred(cmd) }\n"
	}
	if len(asked) > 1 {
		return nil, wrong("run one after the other", "%s are two faults of one command", strings.Join(asked, " and "))
	}
	if r.Drop || r.Delay != 0 {
		p.more += fmt.Sprintf("\nprobe scsi.timeout_handler { if (fault_count(%q)) override_return(not_handled) }\n", r.faultName())
	}
	if r.Escalate {
		if !r.Drop && r.Delay == 0 {
			return nil, wrong("", "--escalate is for --drop and --delay: other commands are not aborted")
		}
		p.more += "\nprobe scsi.abort_handler { override_return(0x2003) }\n"
	}
	p.more += recovery
	return p, nil
}

// recovery tells what the kernel's error handler does about it.
const recovery = `
probe scsi.timeout { printf("timeout: %s\n", scsi_describe(cmd)) }
probe scsi.abort { printf("abort: %s\n", scsi_describe(cmd)) }
probe scsi.recovery { printf("resets: host %d\n", host_no) }
probe scsi.reset { printf("%s: %s\n", step, done ? "done" : "failed") }
probe scsi.set_state { printf("state: %d:%d:%d:%d %s, was %s\n", host_no, channel, dev_id, lun, state_str, old_state_str) }
`

// disk takes what chooses a disk's commands.
func (r *Request) disk(p *part, on map[string]string) error {
	when, known := on[r.On]
	if !known {
		return wrong("", "--on takes read or write, not '%s'", r.On)
	}
	p.when = when
	if r.Disk != "" {
		r.Settings = append(r.Settings, "match="+strings.TrimPrefix(r.Disk, "/dev/"))
	}
	if r.Match != "" {
		return wrong("", "--match is for functions; a disk is chosen by --disk")
	}
	if r.Range != "" {
		r.Settings = append(r.Settings, "range="+r.Range)
	}
	if r.Return != "" || r.Flip != "" || len(r.Arguments) > 0 || r.Of != "" {
		return wrong("", "--return, --argument and --flip are for functions and system calls")
	}
	return nil
}

// sense reads KEY/CODE/QUALIFIER, hexadecimal like SCSI's tables of them.
func sense(text string) (key, code, qualifier int64, err error) {
	words := strings.Split(text, "/")
	numbers := make([]int64, 3)
	for i, word := range words {
		if i >= len(numbers) {
			break
		}
		if numbers[i], err = strconv.ParseInt(strings.TrimPrefix(word, "0x"), 16, 64); err != nil {
			break
		}
	}
	if err != nil || len(words) < 1 || len(words) > 3 || numbers[0] < 0 || numbers[0] > 15 || numbers[1] < 0 || numbers[1] > 255 || numbers[2] < 0 || numbers[2] > 255 {
		return 0, 0, 0, wrong("", "--sense takes KEY/CODE/QUALIFIER in hexadecimal, such as 3/11/0, not '%s'", text)
	}
	return numbers[0], numbers[1], numbers[2], nil
}
