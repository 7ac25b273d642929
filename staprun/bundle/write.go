package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gostap/gostap/kernel/modulefile"
)

// Write writes the bundle of a staprun and a module. Of the manifest it fills in
// what these two say themselves: the format, the sums, the module's name, the
// kernel's release and architecture. A *UserError says that the program cannot
// begin a bundle, or is for another architecture than the module.
func Write(out io.Writer, program, module []byte, m Manifest) error {
	headers, err := readProgram(bytes.NewReader(program), int64(len(program)))
	switch {
	case err != nil || headers.end > int64(len(program)):
		return &UserError{Message: "the staprun for it is not a whole ELF program", Hint: staprunHint, Cause: err}
	case !headers.static:
		return &UserError{Message: "the staprun for it is not linked statically, so it would need libraries", Hint: staprunHint}
	}
	program = program[:headers.end] // what follows may be the archive of another bundle
	if err := m.describe(program, module); err != nil {
		return err
	}
	archive, err := pack(&m, module, headers.end)
	if err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	for _, part := range [][]byte{program, archive} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

const staprunHint = "name the static one, as make builds it, with SYSTEMTAP_STAPRUN"

// describe fills in what program and module say.
func (m *Manifest) describe(program, module []byte) error {
	name, err := modulefile.Name(module)
	if err != nil {
		return fmt.Errorf("the module: %w", err)
	}
	vermagic, err := modulefile.Vermagic(module)
	if err != nil {
		return fmt.Errorf("the module: %w", err)
	}
	m.Kernel.Release, _, _ = strings.Cut(vermagic, " ")
	if m.Kernel.Architecture, err = modulefile.Arch(module); err != nil {
		return fmt.Errorf("the module: %w", err)
	}
	arch, err := modulefile.Arch(program)
	if err != nil {
		return err
	}
	if arch != m.Kernel.Architecture {
		return &UserError{Message: fmt.Sprintf("the staprun for it is for %s, and the module for %s", arch, m.Kernel.Architecture), Hint: staprunHint}
	}
	m.Format = Format
	m.Module = Module{Name: name, SHA256: sum(module)}
	m.Program.SHA256 = sum(program)
	return nil
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

// noTime is the first that a zip archive can say: the files in it have none, so that
// the same input gives the same bytes.
var noTime = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// pack makes the archive that stands at an offset of the file, with its seal.
func pack(m *Manifest, module []byte, offset int64) ([]byte, error) {
	text, err := m.Text()
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	w.SetOffset(offset)
	if err := w.SetComment(strings.Repeat("0", sealSize)); err != nil {
		return nil, err
	}
	for _, file := range []struct {
		name string
		data []byte
	}{{manifestName, text}, {m.Module.Name + ".ko", module}} {
		header := &zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: noTime}
		header.SetMode(0o644)
		entry, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(file.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	sealed := archive.Bytes()
	end := len(sealed) - sealSize
	copy(sealed[end:], sum(sealed[:end]))
	return sealed, nil
}

// WriteFile is Write to an executable file, which is there as a whole or not at
// all. A *UserError also says why the file cannot be written.
func WriteFile(path string, program, module []byte, m Manifest) (err error) {
	cannot := func(cause error) error {
		reason := cause
		var pathError *fs.PathError
		var linkError *os.LinkError
		switch {
		case errors.As(cause, &pathError):
			reason = pathError.Err
		case errors.As(cause, &linkError):
			reason = linkError.Err
		}
		return &UserError{Message: fmt.Sprintf("it cannot be written: %v", reason), Hint: "name a file in a folder that you may write to, with room for it", Cause: cause}
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return cannot(errors.New("something that is no file has that name")) // a device would be replaced
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return cannot(err)
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	if err := Write(file, program, module, m); err != nil {
		var wrong *fs.PathError
		if errors.As(err, &wrong) {
			return cannot(err)
		}
		return err
	}
	for _, step := range []func() error{
		func() error { return file.Chmod(0o755) },
		file.Sync,
		file.Close,
		func() error { return os.Rename(file.Name(), path) },
	} {
		if err := step(); err != nil {
			return cannot(err)
		}
	}
	return nil
}
