// Package modulefile reads and changes kernel module files (.ko) without the
// tools that make them.
//
// A module carries its name in two places: in the name array of struct module,
// at a fixed place of the section .gnu.linkonce.this_module, and as "name=…" in
// the section .modinfo (scripts/mod/modpost.c writes both). kbuild compiles
// modules under a name that is as long as a name can be, so that SetName can put
// any other in its place: shorter names are filled up with NULs, which the
// kernel skips between two .modinfo entries (next_string in kernel/module/main.c).
package modulefile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"regexp"
)

// MaxName is the longest name in bytes: MODULE_NAME_LEN less the NUL.
const MaxName = 64 - 8 - 1

var validName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// Name gives the name of the module in the file.
func Name(module []byte) (string, error) {
	slot, err := findSlot(module)
	if err != nil {
		return "", err
	}
	return slot.name, nil
}

// SetName changes the name of the module in place. It fails when the name is
// not a module name, or longer than the room that the file has for it.
func SetName(module []byte, name string) error {
	slot, err := findSlot(module)
	if err != nil {
		return err
	}
	if !validName.MatchString(name) || len(name) > slot.room {
		return fmt.Errorf("%q cannot be the module's name: up to %d letters, digits and underscores can", name, slot.room)
	}
	put := func(at int, room int) {
		n := copy(module[at:at+room], name)
		clear(module[at+n : at+room])
	}
	put(slot.modinfo, slot.room)
	put(slot.structure, slot.room)
	return nil
}

// Vermagic gives the "vermagic=" entry: the kernel that the module was made for
// is its first word.
func Vermagic(module []byte) (string, error) {
	values, err := Entries(module, "vermagic")
	if err != nil {
		return "", err
	}
	if len(values) == 0 {
		return "", fmt.Errorf("the module does not say for which kernel it was made")
	}
	return values[0], nil
}

// Arch gives the architecture that an ELF file is for, as uname -m prints it.
// Those that no module is made for have their name in ELF.
func Arch(file []byte) (string, error) {
	const machine = 18 // where e_machine is
	if len(file) < machine+2 || !bytes.HasPrefix(file, []byte(elf.ELFMAG)) {
		return "", fmt.Errorf("not a kernel module: it is no ELF file")
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(file[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	switch m := elf.Machine(order.Uint16(file[machine:])); m {
	case elf.EM_X86_64:
		return "x86_64", nil
	case elf.EM_AARCH64:
		return "aarch64", nil
	default:
		return m.String(), nil
	}
}

// Entries gives what the entries "key=…" of the section .modinfo say.
func Entries(module []byte, key string) ([]string, error) {
	data, _, err := section(module, ".modinfo")
	if err != nil {
		return nil, err
	}
	var values []string
	for _, entry := range bytes.Split(data, []byte{0}) {
		if value, ok := bytes.CutPrefix(entry, []byte(key+"=")); ok {
			values = append(values, string(value))
		}
	}
	return values, nil
}

// slot is where the name stands, as offsets in the file.
type slot struct {
	name      string
	room      int
	modinfo   int
	structure int
}

func findSlot(module []byte) (slot, error) {
	data, offset, err := section(module, ".modinfo")
	if err != nil {
		return slot{}, err
	}
	data = append([]byte{0}, data...)
	at := bytes.Index(data, []byte("\x00name="))
	if at < 0 {
		return slot{}, fmt.Errorf("the module has no name")
	}
	at += len("\x00name=")
	length := bytes.IndexByte(data[at:], 0)
	if length < 1 {
		return slot{}, fmt.Errorf("the module has no name")
	}
	room := length
	for at+room+1 < len(data) && data[at+room+1] == 0 {
		room++
	}
	s := slot{name: string(data[at : at+length]), room: min(room, MaxName), modinfo: offset + at - 1}

	structure, offset, err := section(module, ".gnu.linkonce.this_module")
	if err != nil {
		return slot{}, err
	}
	at = bytes.Index(structure, append([]byte(s.name), 0))
	if at < 0 || at+s.room > len(structure) {
		return slot{}, fmt.Errorf("the module's structure does not carry its name %q", s.name)
	}
	s.structure = offset + at
	return s, nil
}

// section gives a section's bytes and their offset in the file.
func section(module []byte, name string) ([]byte, int, error) {
	file, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, 0, fmt.Errorf("not a kernel module: %w", err)
	}
	s := file.Section(name)
	if s == nil || s.Type == elf.SHT_NOBITS || s.Offset+s.FileSize > uint64(len(module)) {
		return nil, 0, fmt.Errorf("not a kernel module: it has no section %s", name)
	}
	return module[s.Offset : s.Offset+s.FileSize], int(s.Offset), nil
}
