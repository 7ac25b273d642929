package inject

import "fmt"

// This file is the faults of disks of any kind: a request of the block layer, as it is submitted. No driver sees one that fails.

func block(r *Request) (*part, error) {
	p := &part{point: "block.submit", text: "bio_disk(bio)", number: "bio_sector(bio)", count: "bio_sectors(bio)"}
	value := r.Return
	r.Return = ""
	if err := r.disk(p, map[string]string{"": "", "read": "bio_is_read(bio) && ", "write": "bio_is_write(bio) && "}); err != nil {
		return nil, err
	}
	if r.MediumError || r.Sense != "" || r.Host != "" || r.Drop || r.Escalate {
		return nil, wrong("a request fails with --return EIO, or comes later with --delay", "--medium-error, --sense, --host, --drop and --escalate are for scsi")
	}
	if value != "" && r.Delay != 0 {
		return nil, wrong("run one after the other", "--return and --delay are two faults of one request")
	}
	if value != "" {
		n, err := result(value)
		if err != nil {
			return nil, err
		}
		if n >= 0 {
			return nil, wrong("as in --return EIO", "--return %s: a request fails with an error", value)
		}
		p.does = append(p.does, fmt.Sprintf("bio_fail(bio, %d)", n))
	}
	if r.Delay != 0 {
		n, err := milliseconds(r.Delay)
		if err != nil {
			return nil, err
		}
		p.does = append(p.does, fmt.Sprintf("defer_call(%d)", n))
	}
	return p, nil
}
