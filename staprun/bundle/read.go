package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Open reads the bundle of that path; name is what messages call it. The error is
// as Read has it, or why the file cannot be read.
func Open(path, name string) (*Bundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNone // a pipe can be read only once, and from its beginning
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file, info.Size(), name)
}

// Read reads a bundle and checks its sums. The error is ErrNone or ErrProgram for
// what is no bundle, and a *UserError for one that was cut or changed, or that has
// another format.
func Read(file io.ReaderAt, size int64, name string) (*Bundle, error) {
	r := reader{file: file, size: size, name: name}
	headers, err := readProgram(file, size)
	if err != nil && !errors.Is(err, ErrNone) && !errors.Is(err, errCut) && !errors.Is(err, errShort) {
		return nil, err
	}
	seal, sealed := r.seal(err == nil)
	switch {
	case errors.Is(err, errShort):
		return nil, &UserError{Message: fmt.Sprintf("%s was cut: it has %d bytes", name, size), Hint: "copy it again, or make it again with stap -p4"}
	case !sealed && errors.Is(err, errCut):
		return nil, r.cut("its program")
	case !sealed && err != nil:
		return nil, err
	case !sealed && size < headers.end:
		return nil, r.cut("its program")
	case !sealed && !r.archiveAt(headers.end):
		return nil, ErrProgram
	case !sealed:
		return nil, r.cut("its archive")
	case err != nil || headers.end > size-sealSize:
		return nil, r.changed("its program is damaged", err)
	}
	if err := r.check("archive", headers.end, size-sealSize, seal); err != nil {
		return nil, err
	}
	b := &Bundle{Name: name}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, r.changed(fmt.Sprintf("its archive cannot be read: %v", err), err)
	}
	text, err := content(archive, manifestName)
	if err == nil {
		b.Manifest, err = r.parse(text)
	}
	var format *UserError
	switch {
	case errors.As(err, &format):
		return nil, err
	case err != nil:
		return nil, r.changed(fmt.Sprintf("its %s cannot be read: %v", manifestName, err), err)
	}
	if err := r.check("program", 0, headers.end, b.Manifest.Program.SHA256); err != nil {
		return nil, err
	}
	if b.Module, err = content(archive, b.Manifest.Module.Name+".ko"); err != nil {
		return nil, r.changed(fmt.Sprintf("its module cannot be read: %v", err), err)
	}
	return b, r.compare("module", sum(b.Module), b.Manifest.Module.SHA256)
}

// reader reads one bundle.
type reader struct {
	file io.ReaderAt
	size int64
	name string
}

func (r *reader) cut(part string) error {
	return &UserError{
		Message: fmt.Sprintf("the bundle %s was cut: the end of %s is missing", r.name, part),
		Hint:    againHint,
	}
}

func (r *reader) changed(how string, cause error) error {
	return &UserError{Message: fmt.Sprintf("the bundle %s was changed: %s", r.name, how), Hint: againHint, Cause: cause}
}

const againHint = "copy it again, or make it again with stap -p4 --bundle"

// seal gives the sum that stands at the end, and whether there is one. The end of
// the archive's directory tells so, or of a program the form of a sum: after one
// changed byte either is still right.
func (r *reader) seal(isProgram bool) (string, bool) {
	const directoryEnd = 22 // bytes, with the signature first and the comment's length last
	tail := make([]byte, directoryEnd+sealSize)
	if r.size < int64(len(tail)) {
		return "", false
	}
	if _, err := r.file.ReadAt(tail, r.size-int64(len(tail))); err != nil {
		return "", false
	}
	seal := tail[directoryEnd:]
	isEnd := bytes.HasPrefix(tail, []byte("PK\x05\x06")) && binary.LittleEndian.Uint16(tail[directoryEnd-2:]) == sealSize
	_, err := hex.DecodeString(string(seal))
	return string(seal), isEnd || isProgram && err == nil
}

// archiveAt reports whether what follows is an archive's beginning, or begins like one.
func (r *reader) archiveAt(offset int64) bool {
	beginning := []byte("PK\x03\x04")
	there := make([]byte, max(0, min(int64(len(beginning)), r.size-offset)))
	_, err := r.file.ReadAt(there, offset)
	return err == nil && len(there) > 0 && bytes.HasPrefix(beginning, there)
}

// check compares the sum of a part of the file.
func (r *reader) check(part string, from, to int64, want string) error {
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(r.file, from, to-from)); err != nil {
		return fmt.Errorf("reading the bundle %s: %w", r.name, err)
	}
	return r.compare(part, hex.EncodeToString(hash.Sum(nil)), want)
}

func (r *reader) compare(part, got, want string) error {
	if got == want {
		return nil
	}
	return r.changed(fmt.Sprintf("the SHA-256 of its %s is %s, and should be %.64q", part, got, want), nil)
}

// parse reads the manifest; of another format only what its number is.
func (r *reader) parse(text []byte) (m Manifest, err error) {
	var version struct{ Format *int }
	if err := json.Unmarshal(text, &version); err != nil {
		return m, err
	}
	switch {
	case version.Format == nil:
		return m, errors.New("it does not say its format")
	case *version.Format != Format:
		return m, &UserError{
			Message: fmt.Sprintf("the bundle %s has format %d, and this staprun knows format %d", r.name, *version.Format, Format),
			Hint:    "run the bundle itself, which has the staprun for it, or make it with the stap of this version",
		}
	}
	return m, json.Unmarshal(text, &m)
}

// content gives a file of the archive, whose checksum has been looked at.
func content(archive *zip.Reader, name string) ([]byte, error) {
	file, err := archive.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}
