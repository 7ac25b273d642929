package inject

import "fmt"

// This file is the faults of the network: packets on their way to a device.

func network(r *Request) (*part, error) {
	p := &part{point: "network.send"}
	if r.Port != 0 {
		if r.Port < 1 || r.Port > 65535 {
			return nil, wrong("", "--port %d: ports are from 1 to 65535", r.Port)
		}
		p.when = fmt.Sprintf("(packet_source_port(packet) == %[1]d || packet_destination_port(packet) == %[1]d) && ", r.Port)
	}
	if r.Device != "" {
		p.text = "packet_device(packet)"
		r.Settings = append(r.Settings, "match="+r.Device)
	}
	if r.Return != "" || r.Flip != "" || len(r.Arguments) > 0 || r.Of != "" || r.Match != "" || r.Range != "" || r.Disk != "" || r.On != "" {
		return nil, wrong("packets are chosen by --port and --device", "--return, --argument, --flip, --match, --range, --disk and --on are not for packets")
	}
	var asked int
	take := func(statement string) {
		asked++
		p.does = append(p.does, statement)
	}
	if r.Drop {
		take("packet_drop(packet)")
	}
	if r.Duplicate {
		take("packet_duplicate(packet)")
	}
	if r.Corrupt {
		take(fmt.Sprintf("packet_corrupt(packet, fault_count(%q))", r.faultName()))
	}
	if r.Delay != 0 {
		n, err := milliseconds(r.Delay)
		if err != nil {
			return nil, err
		}
		take(fmt.Sprintf("defer_call(%d, 0)", n))
	}
	if asked > 1 {
		return nil, wrong("run one after the other", "--drop, --duplicate, --corrupt and --delay are faults of one packet each")
	}
	return p, nil
}
