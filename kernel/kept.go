package kernel

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gostap/gostap/kernel/buildid"
	"golang.org/x/sys/unix"
)

// Kept gives what extract makes of the kernel's vmlinux, which is in its compressed
// image or, where there is none, a file. It is done once, and the result kept in a file
// of that name, beside a fetched kernel, in the cache folder for one of the system. A
// *UserError says that neither is at hand.
func (k *Kernel) Kept(part string, extract func(vmlinux []byte) ([]byte, error)) ([]byte, error) {
	from := k.source()
	path, err := k.keptPath(part, from)
	if err != nil {
		return nil, err
	}
	data, err := mapFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	vmlinux, err := k.Vmlinux()
	if err != nil {
		return nil, err
	}
	if data, err = extract(vmlinux); err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	if err := WriteWhole(path, data); err != nil {
		return nil, explainWrite(filepath.Dir(path), err)
	}
	return data, nil
}

// KeptOfModules gives what has been made of all of the kernel's modules and is kept
// in the cache folder until depmod runs again; the first time it is made.
func (k *Kernel) KeptOfModules(part string, make func() ([]byte, error)) ([]byte, error) {
	path := ""
	for _, list := range []string{"modules.dep", "modules.order", "modules.builtin"} {
		info, err := os.Stat(filepath.Join(k.ModulesDir, list))
		if err == nil {
			path = filepath.Join(k.cache, part, fmt.Sprintf("%s-%x-%x", k.Release, info.Size(), info.ModTime().UnixNano()))
			break
		}
	}
	if path == "" { // nothing tells when they change
		return make()
	}
	data, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if data, err = make(); err != nil {
		return nil, err
	}
	if err := WriteWhole(path, data); err != nil {
		return nil, explainWrite(filepath.Dir(path), err)
	}
	return data, nil
}

// source is the file with the kernel itself.
func (k *Kernel) source() string {
	if k.Image == "" {
		return k.Debuginfo
	}
	return k.Image
}

// Vmlinux gives the kernel itself as it is in its image, without compression, or in
// the file vmlinux where there is no image. It must not be written to.
func (k *Kernel) Vmlinux() ([]byte, error) {
	if k.unpacked != nil {
		return k.unpacked, nil
	}
	var err error
	switch from := k.source(); from {
	case "":
		_, err = k.keptPath("", "") // says what is missing
	case k.Image:
		k.unpacked, err = unpackImage(from)
	default:
		k.unpacked, err = mapFile(from)
	}
	return k.unpacked, err
}

// mapFile maps a file into memory, to be read, for as long as the program runs; what
// cannot be mapped, as some files of the kernel, is read.
func mapFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return mapOpen(file)
}

func mapOpen(file *os.File) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > 0 {
		if data, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED); err == nil {
			return data, nil
		}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

// keptPath names the file for a part of an image. In the cache folder the name
// tells apart images that had the same release one after the other.
func (k *Kernel) keptPath(part, image string) (string, error) {
	if image == "" {
		return "", &UserError{
			Message: "the image of kernel " + k.Release + " is not on this machine",
			Hint:    fmt.Sprintf("`%s` fetches it", k.Prep()),
		}
	}
	folder, name := filepath.Split(image)
	if strings.HasPrefix(folder, k.fetched+"/") {
		return filepath.Join(folder, part+"-"+k.Release), nil
	}
	info, err := os.Stat(image)
	if err != nil {
		return "", fmt.Errorf("image of kernel %s: %w", k.Release, err)
	}
	return filepath.Join(k.cache, part, fmt.Sprintf("%s-%x-%x", name, info.Size(), info.ModTime().UnixNano())), nil
}

// BuildID gives the kernel's build-id in hexadecimal: the running kernel's own
// word, or its image's, or that of its vmlinux, with or without DWARF. "" if the
// kernel has none; a *UserError if none of these is at hand.
func (k *Kernel) BuildID() (string, error) {
	if k.notes != "" {
		notes, err := os.ReadFile(k.notes)
		if err == nil {
			return buildid.InNotes(notes, binary.NativeEndian), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("the running kernel's build-id: %w", err)
		}
	}
	if k.source() == "" && k.BTF != "" {
		if id, err := buildid.OfFile(k.BTF); err == nil { // raw BTF is no ELF file
			return id, nil
		}
	}
	id, err := k.Kept("build-id", func(vmlinux []byte) ([]byte, error) {
		file, err := elf.NewFile(bytes.NewReader(vmlinux))
		if err != nil {
			return nil, fmt.Errorf("the kernel inside: %w", err)
		}
		return []byte(buildid.OfELF(file)), nil
	})
	return string(id), err
}

// Kallsyms gives the running kernel's list of its symbols; a *UserError for
// another kernel.
func (k *Kernel) Kallsyms() ([]byte, error) {
	if k.kallsyms == "" {
		return nil, &UserError{
			Message: "nothing on this machine tells the symbols of kernel " + k.Release,
			Hint:    fmt.Sprintf("`%s` fetches the kernel's image, which carries them", k.Prep()),
		}
	}
	return os.ReadFile(k.kallsyms)
}

// WriteWhole makes a file with its folders; whoever reads or makes it meanwhile sees all
// of it or none.
func WriteWhole(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // is gone when all went well
	_, err = temporary.Write(data)
	if err == nil {
		err = temporary.Chmod(0o644)
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
