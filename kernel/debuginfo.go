package kernel

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gostap/gostap/kernel/buildid"
)

// debuginfoPath is where debuginfo is looked for in place of /usr/lib/debug: folders
// separated by colons. A relative one is meant beside the file that the debuginfo is
// of. A leading + or - (whether to check files' sums) is for other programs.
const debuginfoPath = "SYSTEMTAP_DEBUGINFO_PATH"

// debugFolders are where debuginfo packages put their files.
type debugFolders struct {
	absolute []string // like /usr/lib/debug
	relative []string // to the folder of the file in question
}

func (m machine) debugFolders(fetched string) debugFolders {
	folders := debugFolders{absolute: []string{filepath.Join(m.root, "usr/lib/debug")}, relative: []string{".debug"}}
	if path, set := os.LookupEnv(debuginfoPath); set {
		folders = debugFolders{}
		for _, folder := range filepath.SplitList(path) {
			folder = strings.TrimLeft(folder, "+-")
			if filepath.IsAbs(folder) {
				folders.absolute = append(folders.absolute, folder)
			} else if folder != "" {
				folders.relative = append(folders.relative, folder)
			}
		}
	}
	folders.absolute = append(folders.absolute, filepath.Join(fetched, "usr/lib/debug"))
	return folders
}

// ofKernel gives the places of a kernel's vmlinux, best first.
func (d debugFolders) ofKernel(release, root, fetched, id string) []string {
	modules := "lib/modules/" + release
	var places []string
	for _, folder := range d.absolute {
		places = append(places, filepath.Join(folder, modules, "vmlinux"), filepath.Join(folder, "boot/vmlinux-"+release))
	}
	for _, top := range []string{root, fetched} {
		for _, folder := range d.relative {
			places = append(places, filepath.Join(top, modules, folder, "vmlinux"))
		}
		for _, place := range []string{modules + "/build/vmlinux", modules + "/vmlinux", "boot/vmlinux-" + release} {
			places = append(places, filepath.Join(top, place))
		}
	}
	return append(places, d.ofBuildID(id)...)
}

// ofBuildID gives the places of a file's debuginfo by its build-id.
func (d debugFolders) ofBuildID(id string) []string {
	if len(id) < 4 {
		return nil
	}
	var places []string
	for _, folder := range d.absolute {
		places = append(places, filepath.Join(folder, ".build-id", id[:2], id[2:]+".debug"))
	}
	return places
}

// ofFile gives the places of a file's debuginfo: link is the name that the file
// itself gives, "" if it gives none; place is where the file is on the machine that
// its package is for, such as /lib/modules/….
func (d debugFolders) ofFile(path, place, id, link string) []string {
	places := []string{path}
	names := []string{filepath.Base(path) + ".debug"}
	if link != "" {
		names = append(names, filepath.Base(link))
	}
	folder := filepath.Dir(path)
	for _, name := range names {
		for _, relative := range d.relative {
			places = append(places, filepath.Join(folder, relative, name))
		}
		places = append(places, filepath.Join(folder, name))
	}
	for _, name := range append(names, filepath.Base(path)) {
		for _, absolute := range d.absolute {
			places = append(places, filepath.Join(absolute, filepath.Dir(place), name))
		}
	}
	return append(places, d.ofBuildID(id)...)
}

// search is for the debuginfo of one file.
type search struct {
	what    string // in messages: "kernel RELEASE"
	id      string // the build-id that it must have; "" if that is not known
	checked bool   // there is a sum to check where there is no build-id
	sum     uint32
	hint    string
	other   string // a file that was of another build
	otherID string
}

// first gives the first file among places that has DWARF and is of the right build;
// "" if there is none.
func (s *search) first(places []string) string {
	for _, place := range places {
		file, err := elf.Open(place)
		if err != nil {
			continue
		}
		found := file.Section(".debug_info") != nil || file.Section(".zdebug_info") != nil
		id := buildid.OfELF(file)
		file.Close()
		switch {
		case !found:
		case s.id == "" && s.checked && !hasSum(place, s.sum):
		case s.id == "" || id == s.id:
			return place
		case s.other == "":
			s.other, s.otherID = place, id
		}
	}
	return ""
}

// hasSum tells whether a file has the CRC that .gnu_debuglink gives.
func hasSum(path string, sum uint32) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	hash := crc32.NewIEEE()
	_, err = io.Copy(hash, file)
	return err == nil && hash.Sum32() == sum
}

// failure says what was not found, or not of the right build.
func (s *search) failure(server error) error {
	e := &UserError{Message: "the debuginfo of " + s.what + " is not on this machine", Hint: s.hint, Cause: server}
	if s.id != "" {
		e.Message += ", build-id " + s.id
	}
	if s.other != "" {
		if s.otherID == "" {
			s.otherID = "missing"
		}
		e.Message = fmt.Sprintf("%s is of another build than %s: its build-id is %s, and not %s", s.other, s.what, s.otherID, s.id)
	}
	if server != nil {
		e.Message += fmt.Sprintf("; %v", server)
	}
	return e
}

// DebuginfoOf finds the file with the DWARF of an object, "kernel" or a module: on
// this machine or, where DEBUGINFOD_URLS is set, on a debuginfod server. Its build-id
// is that of the object. A *UserError says what to install, and both build-ids where
// they differ.
func (k *Kernel) DebuginfoOf(ctx context.Context, object string, progress Progress) (string, error) {
	s, places, err := k.searchFor(object)
	if err != nil {
		return "", err
	}
	if path := s.first(places); path != "" {
		return path, nil
	}
	servers, err := debuginfodServers(k.cache)
	if err != nil {
		return "", err
	}
	path, err := servers.debuginfo(ctx, s.id, s.what, progress)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil || path == "" {
		return "", s.failure(err)
	}
	return path, nil
}

func (k *Kernel) searchFor(object string) (*search, []string, error) {
	if object == "kernel" {
		id, err := k.BuildID()
		var unknown *UserError
		if err != nil && !errors.As(err, &unknown) {
			return nil, nil, err
		}
		s := &search{what: "kernel " + k.Release, id: id, hint: k.debuginfoHint("--debuginfo")}
		var own []string
		if k.Debuginfo != "" {
			own = []string{k.Debuginfo}
		}
		return s, append(own, k.folders.ofKernel(k.Release, k.root, k.fetched, id)...), nil
	}
	installed, err := k.packedModule(object)
	if err != nil {
		return nil, nil, err
	}
	path, err := k.Module(object)
	if err != nil {
		return nil, nil, err
	}
	file, err := elf.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("module %s: %w", path, err)
	}
	defer file.Close()
	name := ModuleName(path)
	s := &search{
		what: fmt.Sprintf("module %s of kernel %s", name, k.Release), id: buildid.OfELF(file),
		hint: k.debuginfoHint("--debuginfo=" + name),
	}
	var link string
	link, s.sum, s.checked = debugLink(file)
	modules := "lib/modules/" + k.Release + "/"
	place := installed[max(strings.LastIndex(installed, modules), 0):]
	return s, k.folders.ofFile(path, place, s.id, link), nil
}

func (k *Kernel) debuginfoHint(option string) string {
	return fmt.Sprintf("`%s` fetches it without root, or `sudo apt-get install linux-image-%s-dbg`; "+
		"or name a debuginfod server with DEBUGINFOD_URLS", k.Prep(option), k.Release)
}

// debugLink reads .gnu_debuglink: a name, filled up with NULs to four bytes, and the
// CRC of the file of that name.
func debugLink(file *elf.File) (name string, sum uint32, ok bool) {
	section := file.Section(".gnu_debuglink")
	if section == nil {
		return "", 0, false
	}
	data, err := section.Data()
	if err != nil {
		return "", 0, false
	}
	name, _, _ = strings.Cut(string(data), "\x00")
	at := (len(name) + 4) &^ 3
	if name == "" || at+4 > len(data) {
		return "", 0, false
	}
	return name, file.ByteOrder.Uint32(data[at:]), true
}
