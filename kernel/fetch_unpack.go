package kernel

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// install unpacks a component's packages beside its final place and moves it
// there.
func (p *preparation) install(ctx context.Context, release string, c component, packages []string) error {
	temporary, err := os.MkdirTemp(p.machine.kernels(), unpacking)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	for _, pkg := range packages {
		if err := unpack(ctx, pkg, temporary, p.selectionOf(release, c)); err != nil {
			return fmt.Errorf("unpacking %s: %w", filepath.Base(pkg), err)
		}
	}
	final := filepath.Join(p.machine.kernels(), release)
	switch c {
	case image:
		err = linkBuildTree(temporary, release)
	case headers:
		err = relocateHeaders(temporary, final, release)
	}
	if err != nil {
		return err
	}
	if err := flush(temporary); err != nil {
		return err
	}
	return moveInto(final, temporary, c)
}

// selection says which files to take out of a package.
type selection struct {
	place func(name string) string // where a file goes, "" for those that are not wanted
	last  func() bool              // all that is wanted has been taken: read no further; nil: never
}

func (s selection) complete() bool { return s.last != nil && s.last() }

// selectionOf gives the files of a component's packages that the release's
// tree has, each with its place there.
func (p *preparation) selectionOf(release string, c component) selection {
	if c == debuginfo {
		return p.selectDebuginfo(release)
	}
	return selection{place: func(name string) string {
		switch c {
		case image:
			if rest, found := strings.CutPrefix(name, "usr/lib/modules/"); found {
				return "lib/modules/" + rest
			}
			if strings.HasPrefix(name, "boot/") || strings.HasPrefix(name, "lib/modules/") {
				return name
			}
		case headers:
			if strings.HasPrefix(name, "usr/src/") || strings.HasPrefix(name, "usr/lib/linux-kbuild") {
				return name
			}
		}
		return ""
	}}
}

// selectDebuginfo takes what is asked for and not there: vmlinux, and the files of
// modules.
func (p *preparation) selectDebuginfo(release string) selection {
	k := p.machine.kernel(release)
	vmlinux, folder := "usr/lib/debug/boot/vmlinux-"+release, "usr/lib/debug/lib/modules/"+release+"/"
	wanted := map[string]bool{}
	for _, name := range p.modulesWithoutDebuginfo(k) {
		wanted[name] = true
	}
	if p.request.Debuginfo && k.Debuginfo == "" {
		wanted[vmlinux] = true
	}
	return selection{last: func() bool { return len(wanted) == 0 }, place: func(name string) string {
		key := name
		if strings.HasPrefix(name, folder) && strings.Contains(name, ".ko") {
			key = ModuleName(name)
		}
		if !wanted[key] && !(wanted[AllModules] && key != name) {
			return ""
		}
		delete(wanted, key)
		return name
	}}
}

// modulesWithoutDebuginfo gives those of the modules asked for whose DWARF is not at
// hand.
func (p *preparation) modulesWithoutDebuginfo(k *Kernel) []string {
	asked := p.request.DebuginfoModules
	present := map[string]string{}
	for _, folder := range k.folders.absolute {
		files, err := moduleFiles(filepath.Join(folder, "lib/modules", k.Release), "", ".debug")
		if err == nil { // else it is not there
			maps.Copy(present, files)
		}
	}
	if slices.Contains(asked, AllModules) {
		all, err := k.Modules()
		if err != nil {
			return []string{AllModules} // they come with the image
		}
		asked = slices.Sorted(maps.Keys(all))
	}
	var missing []string
	for _, name := range asked {
		if name = ModuleName(name); present[name] == "" {
			missing = append(missing, name)
		}
	}
	return missing
}

// unpack takes the selected files out of a package.
func unpack(ctx context.Context, pkg, folder string, selected selection) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	command := newCommand(ctx, "dpkg-deb", "--fsys-tarfile", pkg)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	err = unpackTar(root, tar.NewReader(output), selected)
	enough := err == nil && selected.complete()
	if err == nil && !enough {
		_, err = io.Copy(io.Discard, output) // the padding after the archive
	}
	output.Close()
	failed := command.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case enough:
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case failed != nil:
		return &ToolError{Command: command.String(), Output: complaints.String(), Err: failed}
	}
	return err
}

func unpackTar(root *os.Root, archive *tar.Reader, selected selection) error {
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		place := selected.place(path.Clean(header.Name))
		if place == "" {
			continue
		}
		if err := root.MkdirAll(path.Dir(place), 0o755); err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(place, 0o755)
		case tar.TypeSymlink:
			err = root.Symlink(relativeTarget(place, header.Linkname), place)
		case tar.TypeLink:
			err = root.Link(selected.place(path.Clean(header.Linkname)), place)
		case tar.TypeReg:
			err = unpackFile(root, place, header, archive)
		}
		if err != nil || selected.complete() {
			return err
		}
	}
}

func unpackFile(root *os.Root, place string, header *tar.Header, content io.Reader) error {
	file, err := root.OpenFile(place, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, header.FileInfo().Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return root.Chtimes(place, header.ModTime, header.ModTime)
}

// relativeTarget makes a link to /usr/src/… one that holds in any root.
func relativeTarget(place, target string) string {
	if !path.IsAbs(target) {
		return target
	}
	return strings.Repeat("../", strings.Count(place, "/")) + strings.TrimPrefix(target, "/")
}

// linkBuildTree makes lib/modules/RELEASE/build point at the headers' place,
// whether they are there already or not.
func linkBuildTree(tree, release string) error {
	link := filepath.Join(tree, "lib/modules", release, "build")
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink("../../../usr/src/linux-headers-"+release, link)
}

// relocateHeaders makes the headers' Makefile, which includes another one by
// its absolute path below /usr/src, name the place where that will be.
func relocateHeaders(tree, final, release string) error {
	name := filepath.Join(tree, "usr/src/linux-headers-"+release, "Makefile")
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(text, []byte("include /usr/src/"), []byte("include "+final+"/usr/src/"))
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return err
	}
	return os.Chtimes(name, info.ModTime(), info.ModTime())
}

// BuildTools gives the folders of that name, such as linux-kbuild-6.1, that have tools of a
// kernel's build: the system's, then those that came with fetched kernels.
func BuildTools(name string) ([]string, error) {
	machine, err := thisMachine()
	if err != nil {
		return nil, err
	}
	folders, err := filepath.Glob(filepath.Join(machine.kernels(), "*/usr/lib", name))
	if err != nil {
		return nil, err
	}
	return append([]string{filepath.Join(machine.root, "usr/lib", name)}, folders...), nil
}

// flush makes what was unpacked outlast a crash before it is moved.
func flush(folder string) error {
	file, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.Syncfs(int(file.Fd()))
}

// moveInto moves a component's folders to their place, last the one that
// Find recognises it by. What lies there already is from a move that was
// interrupted, or this component would not have been missing.
func moveInto(final, temporary string, c component) error {
	var places []string
	switch c {
	case image:
		places = []string{"lib", "boot"}
	case headers:
		kbuild, err := os.ReadDir(filepath.Join(temporary, "usr/lib"))
		if err != nil {
			return err
		}
		for _, folder := range kbuild {
			places = append(places, "usr/lib/"+folder.Name())
		}
		places = append(places, "usr/src")
	case debuginfo:
		files, err := filesBelow(temporary)
		if err != nil {
			return err
		}
		places = files
	}
	for _, place := range places {
		from, to := filepath.Join(temporary, place), filepath.Join(final, place)
		if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	return nil
}

// filesBelow gives the files in a folder by their paths in it.
func filesBelow(folder string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var inside string
			inside, err = filepath.Rel(folder, path)
			files = append(files, inside)
		}
		return err
	})
	return files, err
}
