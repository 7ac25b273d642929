// Package buildid reads the id that a linker gives each file that it makes, by
// which a kernel or module and its debuginfo are known to belong together.
//
// In go ELF notes, those of a file or the running kernel's in /sys/kernel/notes,
// out comes the id in hexadecimal. A note is the length of its name, the length
// of its contents, its type, and then both, each filled up to four bytes; the id
// is the contents of type 3 under the name "GNU".
package buildid

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// InNotes finds the id among ELF notes; "" if there is none.
func InNotes(notes []byte, order binary.ByteOrder) string {
	const header, gnuBuildID = 12, 3
	for len(notes) >= header {
		nameSize, size := uint64(order.Uint32(notes)), uint64(order.Uint32(notes[4:]))
		kind := order.Uint32(notes[8:])
		begin := header + (nameSize+3)&^3
		end := begin + size
		if end > uint64(len(notes)) {
			break
		}
		if kind == gnuBuildID && string(notes[header:header+nameSize]) == "GNU\x00" && size > 0 {
			return hex.EncodeToString(notes[begin:end])
		}
		notes = notes[min((end+3)&^3, uint64(len(notes))):]
	}
	return ""
}

// OfELF finds the id of a file that has been opened; "" if it has none.
func OfELF(file *elf.File) string {
	for _, section := range file.Sections {
		if section.Type != elf.SHT_NOTE {
			continue
		}
		notes, err := section.Data()
		if err != nil {
			continue // the id may be elsewhere
		}
		if id := InNotes(notes, file.ByteOrder); id != "" {
			return id
		}
	}
	return ""
}

// OfFile finds the id of the file of that path; "" if it has none.
func OfFile(path string) (string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	defer file.Close()
	return OfELF(file), nil
}
