package debuginfo

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file is about tracepoints. BTF, or DWARF, has their arguments: each tracepoint has a
// function __traceiter_NAME that calls what is registered with it, whose parameters
// are a pointer of the kernel's own and what the tracepoint passes. Their systems,
// "sched" of sched_switch, are in the data of the kernel or module: each event is a
// structure, which refers to its class, which refers to the system's name.

// tracepointPrefix is what the names of such functions begin with.
const tracepointPrefix = "__traceiter_"

// Tracepoints gives the tracepoints whose names match, in the order of the records;
// their parameters are what they pass. Of a name that is there several times, the
// first counts.
func (b *BTF) Tracepoints(match func(name string) bool) ([]*Function, error) {
	type found struct {
		name      string
		prototype uint32
	}
	var all []found
	seen := map[string]bool{}
	for _, record := range b.tracepointRecords() {
		name := strings.TrimPrefix(b.name(record.name), tracepointPrefix)
		if !seen[name] && match(name) {
			seen[name] = true
			all = append(all, found{name, record.prototype})
		}
	}
	var tracepoints []*Function
	for _, each := range all {
		f, err := b.prototype(each.name, each.prototype)
		if err != nil {
			return nil, err
		}
		if len(f.Parameters) == 0 {
			return nil, fmt.Errorf("BTF: %s%s has no parameter for data", tracepointPrefix, each.name)
		}
		f.Parameters = f.Parameters[1:]
		tracepoints = append(tracepoints, f)
	}
	return tracepoints, nil
}

// Tracepoints gives the same of an object with DWARF, in the order of the names.
func (o *Object) Tracepoints(match func(name string) bool) ([]*Function, error) {
	functions, err := o.Functions(Match{Name: func(name string) bool {
		name, ours := strings.CutPrefix(name, tracepointPrefix)
		return ours && match(name)
	}})
	if err != nil {
		return nil, err
	}
	var tracepoints []*Function
	for _, code := range functions {
		f, err := o.Prototype(code)
		if err != nil {
			return nil, err
		}
		if len(f.Parameters) == 0 {
			return nil, fmt.Errorf("DWARF: %s has no parameter for data", f.Name)
		}
		f.Name, f.Parameters = strings.TrimPrefix(f.Name, tracepointPrefix), f.Parameters[1:]
		tracepoints = append(tracepoints, f)
	}
	slices.SortFunc(tracepoints, func(x, y *Function) int { return strings.Compare(x.Name, y.Name) })
	return slices.CompactFunc(tracepoints, func(x, y *Function) bool { return x.Name == y.Name }), nil
}

// nameBegins tells whether the name at offset begins so.
func (b *BTF) nameBegins(offset uint32, beginning string) bool {
	if b.base != nil {
		size := b.base.stringsEnd()
		if offset < size {
			return b.base.nameBegins(offset, beginning)
		}
		offset -= size
	}
	end := uint64(offset) + uint64(len(beginning))
	return end <= uint64(len(b.strings)) && string(b.strings[offset:end]) == beginning
}

// written gives a type as the source has it: with typedefs and qualifiers, which
// stand behind what they qualify.
func (b *BTF) written(id uint32) string {
	var behind []string
	for range maxModifiers {
		if id == 0 {
			return joinReversed("void", behind)
		}
		r, err := b.record(id)
		if err != nil {
			return "?"
		}
		switch r.kind {
		case kindPointer:
			behind, id = append(behind, "*"), r.size
		case kindConst:
			behind, id = append(behind, " const"), r.size
		case kindVolatile:
			behind, id = append(behind, " volatile"), r.size
		case kindRestrict:
			behind, id = append(behind, " restrict"), r.size
		case kindTypeTag:
			id = r.size
		case kindArray:
			behind = append(behind, fmt.Sprintf("[%d]", b.order.Uint32(r.rest[8:])))
			id = b.order.Uint32(r.rest)
		case kindTypedef:
			return joinReversed(b.name(r.name), behind)
		default:
			t, err := b.Type(id)
			if err != nil {
				return "?"
			}
			return joinReversed(t.String(), behind)
		}
	}
	return "?"
}

func joinReversed(text string, behind []string) string {
	for i := range behind {
		text += behind[len(behind)-1-i]
	}
	return text
}

// TracepointNames lists the tracepoints that a module's file defines.
func (m *Image) TracepointNames() ([]string, error) {
	const prefix = "__tracepoint_"
	if _, size, ok := m.SectionAddress("__tracepoints_ptrs"); !ok || size == 0 {
		return nil, nil
	}
	symbols, err := m.Symbols()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range symbols {
		if name, ok := strings.CutPrefix(s.Name, prefix); ok && !strings.HasPrefix(name, "ptr_") {
			names = append(names, name)
		}
	}
	return names, nil
}

// TraceSystems gives the systems of the tracepoints that are events, by name, out
// of the data of a kernel or module. Nothing if the file does not say where its
// events are.
func (m *Image) TraceSystems(layout EventLayout) (map[string]string, error) {
	begin, size, ok, err := m.eventPointers()
	if !ok || err != nil {
		return nil, err
	}
	systems := map[string]string{}
	for at := begin; at < begin+size; at += pointerSize {
		event, err := m.pointer(at)
		if err != nil {
			return nil, err
		}
		name, system, err := m.event(event, layout)
		if err != nil {
			return nil, err
		}
		if name != "" {
			systems[name] = system
		}
	}
	return systems, nil
}

const pointerSize = 8

// eventPointers finds the array of pointers to the events.
func (m *Image) eventPointers() (begin, size uint64, ok bool, err error) {
	if begin, size, ok = m.SectionAddress("_ftrace_events"); ok {
		return begin, size, true, nil
	}
	table, err := m.SymbolTable()
	if err != nil {
		return 0, 0, false, err
	}
	first, last := table.Named("__start_ftrace_events"), table.Named("__stop_ftrace_events")
	if len(first) != 1 || len(last) != 1 || last[0].Address.Offset < first[0].Address.Offset {
		return 0, 0, false, nil
	}
	return first[0].Address.Offset, last[0].Address.Offset - first[0].Address.Offset, true, nil
}

// EventLayout is where the members of a trace event are, in bytes.
type EventLayout struct {
	class, system, tracepoint, name, flags uint64
	isTracepoint                           uint32 // in flags
}

// EventLayout reads out of the kernel's BTF how trace events are laid out.
func (b *BTF) EventLayout() (l EventLayout, err error) {
	for _, m := range []struct {
		of, name string
		to       *uint64
	}{
		{"trace_event_call", "class", &l.class}, {"trace_event_call", "tp", &l.tracepoint}, {"trace_event_call", "flags", &l.flags},
		{"trace_event_class", "system", &l.system}, {"tracepoint", "name", &l.name},
	} {
		t, err := b.TypeByName("struct " + m.of)
		if err != nil {
			return l, fmt.Errorf("struct %s: %w", m.of, err)
		}
		s, _ := t.(*Struct)
		offset, ok := memberOffset(s, m.name)
		if !ok {
			return l, fmt.Errorf("BTF: struct %s has no member %s", m.of, m.name)
		}
		*m.to = offset
	}
	err = b.Enumerators(func(_ *Enum, v EnumValue) bool {
		if v.Name == "TRACE_EVENT_FL_TRACEPOINT" {
			l.isTracepoint = uint32(v.Value)
		}
		return l.isTracepoint == 0
	})
	return l, err
}

// memberOffset finds a member, also one of an anonymous union inside.
func memberOffset(s *Struct, name string) (uint64, bool) {
	if s == nil {
		return 0, false
	}
	for _, m := range s.Members {
		if m.Name == name {
			return uint64(m.Offset / 8), true
		}
		if m.Name != "" {
			continue
		}
		inner, err := m.Type()
		if err != nil {
			continue
		}
		union, _ := inner.(*Struct)
		if union == nil || !union.Union {
			continue
		}
		for _, choice := range union.Members {
			if choice.Name == name {
				return uint64((m.Offset + choice.Offset) / 8), true
			}
		}
	}
	return 0, false
}

// event gives the tracepoint's name of an event and its system; "" for one that
// has no tracepoint of its own, such as one of a system call.
func (m *Image) event(at uint64, l EventLayout) (name, system string, err error) {
	flags, err := m.At(at+l.flags, 4)
	if err != nil || m.Order.Uint32(flags)&l.isTracepoint == 0 {
		return "", "", err
	}
	tracepoint, err := m.pointer(at + l.tracepoint)
	if err != nil {
		return "", "", err
	}
	class, err := m.pointer(at + l.class)
	if err != nil {
		return "", "", err
	}
	if name, err = m.textAt(tracepoint + l.name); err != nil {
		return "", "", err
	}
	system, err = m.textAt(class + l.system)
	return name, system, err
}

func (m *Image) pointer(at uint64) (uint64, error) {
	data, err := m.At(at, pointerSize)
	if err != nil {
		return 0, err
	}
	return m.Order.Uint64(data), nil
}

// textAt reads the text that the pointer at an address points to.
func (m *Image) textAt(at uint64) (string, error) {
	const longest = 128
	address, err := m.pointer(at)
	if err != nil {
		return "", err
	}
	var text []byte
	for len(text) < longest {
		data, err := m.piece(address+uint64(len(text)), longest/2)
		if err != nil {
			return "", err
		}
		if end := bytes.IndexByte(data, 0); end >= 0 {
			return string(append(text, data[:end]...)), nil
		}
		text = append(text, data...)
	}
	return "", errors.New("a name in the kernel's data has no end")
}

// piece gives what there is at an address, size bytes or, near the end of a
// section, fewer.
func (m *Image) piece(address uint64, size int) ([]byte, error) {
	data, err := m.At(address, size)
	for err != nil && size > 1 {
		size /= 2
		data, err = m.At(address, size)
	}
	return data, err
}
