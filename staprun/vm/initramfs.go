package vm

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cavaliergopher/cpio"
	"golang.org/x/sys/unix"

	"github.com/gostap/gostap/staprun/vm/guest"
)

// File is one entry of the guest's file system.
type File struct {
	Path string // absolute, in the guest; missing parent folders are made
	// Mode holds the permission bits and the type: regular, fs.ModeDir or
	// fs.ModeSymlink.
	Mode fs.FileMode
	Host string // the file on the host with the contents, or "" for Data
	Data []byte // the contents, or a symlink's target
}

// merged are the folders that are symlinks into /usr in the guest, whatever
// the host has.
var merged = []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"}

// guestPath is a path relative to the root with the merged folders resolved:
// /lib64/ld.so is usr/lib64/ld.so.
func guestPath(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if top, _, _ := strings.Cut(name, "/"); slices.Contains(merged, top) {
		return "usr/" + name
	}
	return name
}

// archive writes a cpio archive that the kernel unpacks as its root.
type archive struct {
	buffer *bufio.Writer
	cpio   *cpio.Writer
	made   map[string]bool // folders
}

func newArchive(w io.Writer) *archive {
	buffer := bufio.NewWriterSize(w, 1<<20)
	return &archive{buffer: buffer, cpio: cpio.NewWriter(buffer), made: map[string]bool{"": true}}
}

func (a *archive) close() error {
	return errors.Join(a.cpio.Close(), a.buffer.Flush())
}

// add writes one entry after its parent folders.
func (a *archive) add(file File) error {
	if slices.Contains(merged, strings.Trim(path.Clean(file.Path), "/")) {
		return nil // the guest has its own
	}
	name := guestPath(file.Path)
	if err := a.folder(path.Dir(name)); err != nil {
		return err
	}
	header := &cpio.Header{Name: name, Mode: unixMode(file.Mode), Links: 1}
	switch {
	case file.Mode.IsDir():
		if a.made[name] {
			return nil
		}
		a.made[name] = true
		header.Links = 2
		return a.cpio.WriteHeader(header)
	case file.Host != "":
		return a.copy(header, file.Host)
	}
	return a.write(header, file.Data)
}

func (a *archive) write(header *cpio.Header, data []byte) error {
	header.Size = int64(len(data))
	if err := a.cpio.WriteHeader(header); err != nil {
		return fmt.Errorf("%s: %w", header.Name, err)
	}
	_, err := a.cpio.Write(data)
	return err
}

// folder writes a folder and those above it, once each.
func (a *archive) folder(name string) error {
	if name == "." || a.made[name] {
		return nil
	}
	if err := a.folder(path.Dir(name)); err != nil {
		return err
	}
	a.made[name] = true
	return a.cpio.WriteHeader(&cpio.Header{Name: name, Mode: cpio.TypeDir | 0o755, Links: 2})
}

func (a *archive) copy(header *cpio.Header, host string) error {
	source, err := os.Open(host)
	if err != nil {
		return unreadable("a file for the guest", host, err)
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return unreadable("a file for the guest", host, err)
	}
	header.Size, header.ModTime = info.Size(), info.ModTime()
	if err := a.cpio.WriteHeader(header); err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	if n, err := io.Copy(a.cpio, source); err != nil || n != header.Size {
		return unreadable("a file for the guest", host, errors.Join(err, fmt.Errorf("%d of %d bytes", n, header.Size)))
	}
	return nil
}

func unixMode(mode fs.FileMode) cpio.FileMode {
	bits := cpio.FileMode(mode.Perm())
	switch {
	case mode.IsDir():
		bits |= cpio.TypeDir
	case mode&fs.ModeSymlink != 0:
		bits |= cpio.TypeSymlink | 0o777
	default:
		bits |= cpio.TypeReg
	}
	if mode&fs.ModeSticky != 0 {
		bits |= cpio.ModeSticky
	}
	if mode&fs.ModeSetuid != 0 {
		bits |= cpio.ModeSetuid
	}
	if mode&fs.ModeSetgid != 0 {
		bits |= cpio.ModeSetgid
	}
	return bits
}

// skeleton is the part of the guest's files that needs nothing of the host.
func skeleton() []File {
	folder := func(path string, mode fs.FileMode) File { return File{Path: path, Mode: fs.ModeDir | mode} }
	text := func(path, data string) File { return File{Path: path, Mode: 0o644, Data: []byte(data)} }
	files := []File{
		folder("/usr", 0o755),
		folder("/dev", 0o755), folder("/proc", 0o555), folder("/sys", 0o555),
		folder("/tmp", fs.ModeSticky|0o777), folder("/run", 0o755), folder("/var/tmp", fs.ModeSticky|0o777),
		folder("/root", 0o700), folder("/home", 0o755), folder("/mnt", 0o755),
		text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
		text("/etc/group", "root:x:0:\nnogroup:x:65534:\n"),
		text("/etc/hosts", "127.0.0.1 localhost guest\n"),
		text("/etc/hostname", "guest\n"),
		{Path: "/init", Mode: fs.ModeSymlink, Data: []byte("usr/bin/staprun")},
		{Path: "/etc/mtab", Mode: fs.ModeSymlink, Data: []byte("/proc/self/mounts")},
	}
	for _, name := range merged {
		files = append(files, folder("/usr/"+name, 0o755))
	}
	return files
}

// applets are the links that make busybox's programs. Their names are read out of it,
// where they stand in a row, each with a NUL behind it: it may not run here.
func applets(busybox string) ([]File, error) {
	data, err := os.ReadFile(busybox)
	if err != nil {
		return nil, unreadable("the guest's busybox", busybox, err)
	}
	const first = "\x00[\x00[[\x00"
	_, row, found := bytes.Cut(data, []byte(first))
	row, _, complete := bytes.Cut(row, []byte{0, 0})
	if !found || !complete {
		return nil, &UserError{
			Message: busybox + " has no list of programs in it",
			Hint:    "a static busybox is needed (Debian: apt-get install busybox-static)",
		}
	}
	var files []File
	for name := range strings.SplitSeq("[\x00[[\x00"+string(row), "\x00") {
		for _, folder := range []string{"/usr/bin/", "/usr/sbin/"} {
			files = append(files, File{Path: folder + name, Mode: fs.ModeSymlink, Data: []byte("/usr/bin/busybox")})
		}
	}
	return files, nil
}

// writeBase writes the archive that is the same for every boot of a kernel.
func writeBase(w io.Writer, c Config) error {
	library, err := openModules(c.ModulesDir)
	if err != nil {
		return err
	}
	modules, err := library.resolve(append(slices.Clone(transportModules), c.Modules...))
	if err != nil {
		return err
	}
	files, err := applets(c.Busybox)
	if err != nil {
		return err
	}
	files = append(skeleton(), files...)
	files = append(files,
		File{Path: "/usr/bin/busybox", Mode: 0o755, Host: c.Busybox},
		File{Path: "/usr/bin/staprun", Mode: 0o755, Host: c.Staprun},
	)
	var list bytes.Buffer
	for _, m := range modules {
		path := "/usr/lib/modules/" + m.name + ".ko"
		files = append(files, File{Path: path, Mode: 0o644, Data: m.image})
		fmt.Fprintln(&list, strings.TrimSpace(path+" "+m.parameters))
	}
	files = append(files, File{Path: guest.ModuleList, Mode: 0o644, Data: list.Bytes()})

	out := newArchive(w)
	for _, name := range merged { // before the files that resolve through them
		header := &cpio.Header{Name: name, Mode: unixMode(fs.ModeSymlink), Links: 1}
		if err := out.write(header, []byte("usr/"+name)); err != nil {
			return err
		}
	}
	for _, file := range files {
		if err := out.add(file); err != nil {
			return err
		}
	}
	return out.close()
}

// initramfs returns the guest's root as an archive in memory: no file to
// clean up, however this process ends. The second result is its size in bytes.
func initramfs(c Config) (*os.File, int64, error) {
	fd, err := unix.MemfdCreate("initramfs", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, 0, fmt.Errorf("initramfs: %w", err)
	}
	memory := os.NewFile(uintptr(fd), "initramfs")
	size, err := func() (int64, error) {
		if err := appendBase(memory, c); err != nil {
			return 0, err
		}
		if len(c.Files) > 0 {
			extra := newArchive(memory)
			for _, file := range c.Files {
				if err := extra.add(file); err != nil {
					return 0, err
				}
			}
			if err := extra.close(); err != nil {
				return 0, err
			}
		}
		return memory.Seek(0, io.SeekCurrent)
	}()
	if err != nil {
		memory.Close()
		return nil, 0, err
	}
	return memory, size, nil
}

// cachedBases is how many base archives the cache holds: some kernels, some
// builds of staprun.
const cachedBases = 8

// appendBase appends the base archive, from the cache if it is there. A cache
// that cannot be written to only costs time.
func appendBase(w io.Writer, c Config) error {
	folder := filepath.Join(c.CacheDir, "initramfs")
	key, err := baseKey(c)
	if err != nil {
		return err
	}
	entry := filepath.Join(folder, key+".cpio")
	if cached, err := os.Open(entry); err == nil {
		defer cached.Close()
		now := time.Now()
		_ = os.Chtimes(entry, now, now)
		_, err := io.Copy(w, cached)
		return err
	}
	var base bytes.Buffer
	if err := writeBase(&base, c); err != nil {
		return err
	}
	if err := storeBase(folder, entry, base.Bytes()); err == nil {
		trimBases(folder)
	}
	_, err = w.Write(base.Bytes())
	return err
}

func storeBase(folder, entry string, data []byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, "new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), entry)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}

// trimBases removes the entries that were used longest ago, and what a killed
// process left half-written.
func trimBases(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	used := map[string]time.Time{}
	var names []string
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			used[entry.Name()] = info.ModTime()
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return used[b].Compare(used[a]) })
	for i, name := range names {
		abandoned := strings.HasPrefix(name, "new-") && time.Since(used[name]) > time.Hour
		if i >= cachedBases || abandoned {
			os.Remove(filepath.Join(folder, name))
		}
	}
}

// baseKey names a base archive by everything that goes into it.
func baseKey(c Config) (string, error) {
	hash := sha256.New()
	for _, file := range []string{c.Staprun, c.Busybox, c.ModulesDir} {
		info, err := os.Stat(file)
		if err != nil {
			return "", unreadable("a part of the guest", file, err)
		}
		fmt.Fprintln(hash, file, info.Size(), info.ModTime().UnixNano())
	}
	self, err := os.Executable() // another version may lay the guest out differently
	if err != nil {
		return "", err
	}
	info, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	fmt.Fprintln(hash, info.Size(), info.ModTime().UnixNano())
	fmt.Fprintf(hash, "%q", c.Modules)
	return fmt.Sprintf("%x", hash.Sum(nil)[:16]), nil
}
