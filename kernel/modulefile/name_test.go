package modulefile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
	"testing"
)

// module makes an object file with the two sections that carry a name.
func module(name string, room int) []byte {
	modinfo := append([]byte("license=GPL\x00name="+name), make([]byte, room-len(name)+1)...)
	modinfo = append(modinfo, "vermagic=1.2.3-x SMP\x00"...)
	structure := append(make([]byte, 24), append([]byte(name), make([]byte, 100)...)...)
	names := "\x00.modinfo\x00.gnu.linkonce.this_module\x00.shstrtab\x00"
	header := elf.Header64{Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Shentsize: 64, Shnum: 4, Shstrndx: 3}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	body := append(append(bytes.Clone(modinfo), structure...), names...)
	header.Shoff = uint64(64 + len(body))
	at := uint64(64)
	sections := []elf.Section64{{}}
	for _, s := range []struct {
		name string
		size int
	}{{".modinfo", len(modinfo)}, {".gnu.linkonce.this_module", len(structure)}, {".shstrtab", len(names)}} {
		sections = append(sections, elf.Section64{Name: uint32(strings.Index(names, "\x00"+s.name) + 1), Type: uint32(elf.SHT_PROGBITS), Off: at, Size: uint64(s.size)})
		at += uint64(s.size)
	}
	sections[3].Type = uint32(elf.SHT_STRTAB)
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, header)
	out.Write(body)
	_ = binary.Write(&out, binary.LittleEndian, sections)
	return out.Bytes()
}

// TestSetName: R522: a name can be replaced, again and again, by one that fits.
func TestSetName(t *testing.T) {
	m := module("long_placeholder", 16)
	for _, name := range []string{"a", "longer_name", "b", "long_placeholder"} {
		if err := SetName(m, name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := Name(m); got != name || err != nil {
			t.Errorf("%q, %v; want %q", got, err, name)
		}
	}
	for _, name := range []string{"", "much_too_long_for_it", "a-b", "a/b"} {
		if SetName(m, name) == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if got, err := Vermagic(m); got != "1.2.3-x SMP" || err != nil {
		t.Errorf("vermagic %q, %v", got, err)
	}
}

func TestArch(t *testing.T) {
	for kind, want := range map[elf.Machine]string{elf.EM_X86_64: "x86_64", elf.EM_AARCH64: "aarch64", elf.EM_S390: "EM_S390"} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			m := module("name", 4)
			m[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
			if order == binary.BigEndian {
				m[elf.EI_DATA] = byte(elf.ELFDATA2MSB)
			}
			order.PutUint16(m[18:], uint16(kind))
			if got, err := Arch(m); got != want || err != nil {
				t.Errorf("%s, %v: %q, %v", want, order, got, err)
			}
		}
	}
	for _, text := range []string{"", "\x7fELF", "text that is long enough"} {
		if got, err := Arch([]byte(text)); err == nil {
			t.Errorf("%q is for %s", text, got)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add(module("name", 10))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Name(data); err == nil {
			_ = SetName(data, "x")
			_, _ = Vermagic(data)
		}
		_, _ = Arch(data)
	})
}
