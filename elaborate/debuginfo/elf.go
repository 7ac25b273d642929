package debuginfo

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/gostap/gostap/kernel/buildid"
	"golang.org/x/sys/unix"
)

// Image is an ELF file, mapped into memory: sections, symbols and notes of a
// kernel, a module or the debuginfo of one. It may be used by several goroutines
// at once. What it gives out is valid until Close, and must not be written to.
//
// The code and data of a relocatable file (a module) has no addresses yet: each
// section is given some of its own, none of them 0, and whatever refers to it is
// relocated to them. Place and Linear go from these to sections and back. A file
// that has been linked keeps the addresses that it has, whatever relocations were
// left in it.
type Image struct {
	Path    string
	Type    elf.Type
	Machine elf.Machine
	Order   binary.ByteOrder

	data     []byte
	mapped   bool
	file     *elf.File
	contents []contents // of section n
	base     []uint64   // of a relocatable file: where section n was put; 0: nowhere
}

// contents is what a section holds, once it has been asked for.
type contents struct {
	once sync.Once
	data []byte
	err  error
}

// OpenImage maps the ELF file of that path.
func OpenImage(path string) (*Image, error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	m, err := NewImage(path, data)
	if err != nil {
		return nil, errors.Join(err, unmap(data))
	}
	m.mapped = true
	return m, nil
}

// NewImage reads an ELF file that is in memory; path is what messages call it.
func NewImage(path string, data []byte) (*Image, error) {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m := &Image{
		Path: path, Type: file.Type, Machine: file.Machine, Order: file.ByteOrder,
		data: data, file: file, contents: make([]contents, len(file.Sections)),
	}
	if m.Type == elf.ET_REL {
		if err := m.layOut(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return m, nil
}

func mapFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil, fmt.Errorf("%s: not an ELF file", path)
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be mapped into memory: %w", path, err)
	}
	return data, nil
}

func unmap(data []byte) error { return unix.Munmap(data) }

// Close gives the file's memory back.
func (m *Image) Close() error {
	if !m.mapped {
		return nil
	}
	m.mapped = false
	return unmap(m.data)
}

// layOut gives each section of a relocatable file that is loaded an address.
func (m *Image) layOut() error {
	const first = 1 << 16 // so that 0 stays what it means in DWARF: nothing
	m.base = make([]uint64, len(m.file.Sections))
	next := uint64(first)
	for i, s := range m.file.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 || s.Size == 0 {
			continue
		}
		align := uint64(16)
		if s.Addralign > align && s.Addralign <= 1<<20 && s.Addralign&(s.Addralign-1) == 0 {
			align = s.Addralign
		}
		next = (next + align - 1) &^ (align - 1)
		if s.Size > math.MaxInt32 || next+s.Size > math.MaxInt32 {
			return fmt.Errorf("section %s is too large", s.Name)
		}
		m.base[i] = next
		next += s.Size + 1 // the end of one is not the beginning of another
	}
	return nil
}

// Place tells which section of a relocatable file an address belongs to, the
// end of a section to that section. Of other files the address is the place.
func (m *Image) Place(address uint64) (Address, bool) {
	if m.base == nil {
		return Address{Offset: address}, true
	}
	for i, base := range m.base {
		if base != 0 && address >= base && address-base <= m.file.Sections[i].Size {
			return Address{Section: m.file.Sections[i].Name, Offset: address - base}, true
		}
	}
	return Address{}, false
}

// Linear gives the address that Place would give back as a.
func (m *Image) Linear(a Address) (uint64, bool) {
	if m.base == nil {
		return a.Offset, a.Section == ""
	}
	for i, base := range m.base {
		if s := m.file.Sections[i]; base != 0 && s.Name == a.Section && a.Offset <= s.Size {
			return base + a.Offset, true
		}
	}
	return 0, false
}

// Section gives what is in a section, decompressed and relocated; nil if there
// is no such section, or nothing of it in this file. ".debug_info" is also found
// as ".zdebug_info". Sections of code are given as they are, not relocated.
func (m *Image) Section(name string) ([]byte, error) {
	i := m.sectionIndex(name)
	if i < 0 {
		return nil, nil
	}
	return m.sectionData(i)
}

func (m *Image) sectionIndex(name string) int {
	byName := func(name string) int {
		return slices.IndexFunc(m.file.Sections, func(s *elf.Section) bool { return s.Name == name && s.Type != elf.SHT_NULL })
	}
	i := byName(name)
	if rest, found := strings.CutPrefix(name, ".debug_"); i < 0 && found {
		i = byName(".zdebug_" + rest)
	}
	return i
}

// SectionAddress tells where a section is: its address, as Place understands it,
// and size; ok is false if it has none.
func (m *Image) SectionAddress(name string) (address, size uint64, ok bool) {
	i := m.sectionIndex(name)
	if i < 0 || m.file.Sections[i].Flags&elf.SHF_ALLOC == 0 {
		return 0, 0, false
	}
	if m.base != nil {
		return m.base[i], m.file.Sections[i].Size, m.base[i] != 0
	}
	return m.file.Sections[i].Addr, m.file.Sections[i].Size, true
}

func (m *Image) sectionData(i int) ([]byte, error) {
	c := &m.contents[i]
	c.once.Do(func() {
		if c.data, c.err = m.decompressed(m.file.Sections[i]); c.err == nil {
			c.data, c.err = m.relocated(i, c.data)
		}
		if c.err != nil {
			c.data, c.err = nil, fmt.Errorf("%s: section %s: %w", m.Path, m.file.Sections[i].Name, c.err)
		}
	})
	return c.data, c.err
}

// raw gives a section's bytes in the file.
func (m *Image) raw(s *elf.Section) ([]byte, error) {
	if s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL {
		return nil, nil
	}
	size := uint64(len(m.data))
	if s.Offset > size || s.FileSize > size-s.Offset {
		return nil, errors.New("the file is cut short")
	}
	return m.data[s.Offset : s.Offset+s.FileSize : s.Offset+s.FileSize], nil
}

// At gives the n bytes at an address of the file's code or data.
func (m *Image) At(address uint64, n int) ([]byte, error) {
	for i, s := range m.file.Sections {
		begin := s.Addr
		if m.base != nil {
			begin = m.base[i]
		}
		if s.Flags&elf.SHF_ALLOC == 0 || m.base != nil && begin == 0 || address < begin || address-begin >= s.Size {
			continue
		}
		data, err := m.sectionData(i)
		if err != nil {
			return nil, err
		}
		if at := address - begin; n >= 0 && at <= uint64(len(data)) && uint64(n) <= uint64(len(data))-at {
			return data[at : at+uint64(n)], nil
		}
	}
	return nil, fmt.Errorf("%s: nothing is at address %#x", m.Path, address)
}

// BuildID gives the id that the linker gave the file, in hexadecimal; "" if it
// has none.
func (m *Image) BuildID() string { return buildid.OfELF(m.file) }

// Link is what a file says of where its debuginfo is: a file's name and its CRC
// (.gnu_debuglink); ok is false if it says nothing.
func (m *Image) Link() (name string, crc uint32, ok bool) {
	data, err := m.Section(".gnu_debuglink")
	end := bytes.IndexByte(data, 0)
	at := (end + 4) &^ 3
	if err != nil || end <= 0 || at+4 > len(data) {
		return "", 0, false
	}
	return string(data[:end]), m.Order.Uint32(data[at:]), true
}

// AlternateLink is what a file says of where the part of its debuginfo is that it
// shares with others (.gnu_debugaltlink): a file's name and build-id.
func (m *Image) AlternateLink() (name, buildID string, ok bool) {
	data, err := m.Section(".gnu_debugaltlink")
	end := bytes.IndexByte(data, 0)
	if err != nil || end <= 0 {
		return "", "", false
	}
	return string(data[:end]), hex.EncodeToString(data[end+1:]), true
}
