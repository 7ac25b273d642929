package debuginfo

import (
	"os"

	"golang.org/x/sys/unix"
)

// release gives back the memory that the pages of a file take that lie within a part
// of a section. They are read from the file again when they are needed.
func (m *Image) release(section []byte, begin, end uint64) {
	first, inFile := m.offsetInFile(section)
	if !inFile {
		return
	}
	page := uint64(os.Getpagesize())
	begin, end = (first+begin+page-1)&^(page-1), (first+end)&^(page-1)
	if begin < end && end <= uint64(len(m.data)) {
		// It is advice: without it more memory is in use, and nothing else.
		_ = unix.Madvise(m.data[begin:end], unix.MADV_DONTNEED)
	}
}

// offsetInFile tells where in the mapped file a section is that was not decompressed
// or relocated: only those pages are the file's own.
func (m *Image) offsetInFile(section []byte) (uint64, bool) {
	if !m.mapped || len(section) == 0 {
		return 0, false
	}
	for _, s := range m.file.Sections {
		if raw, err := m.raw(s); err == nil && len(raw) > 0 && &raw[0] == &section[0] {
			return s.Offset, true
		}
	}
	return 0, false
}
