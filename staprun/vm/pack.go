package vm

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	securejoin "github.com/cyphar/filepath-securejoin"
	"github.com/google/shlex"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm/guest"
)

// Packed is what a program of the host needs in a guest.
type Packed struct {
	Files []File // for Config.Files
	// Missing names libraries that the host has not got either, as
	// "libx.so.1, which /usr/bin/y needs".
	Missing []string
}

// Pack finds the programs that a shell command names and what they need:
// interpreters, libraries, the standard library of Python and Perl. Packages
// that were installed on top of Python's are not standard: add them. Each
// path of add, a file or a folder, comes along with the same path. A word that
// names no program is left to the shell in the guest to complain of. The
// current folder exists in the guest, empty but for what was packed there.
func Pack(command string, add []string) (Packed, error) {
	return PackFrom(Origin{}, command, add)
}

// Origin says where the programs of a guest come from whose architecture or system is
// another one. The zero Origin is this machine.
type Origin struct {
	Arch    *kernel.Architecture // nil: this machine's
	Sysroot string               // the root of the system whose programs a command names; "": this machine's
}

// foreign tells whether its programs may not run here.
func (o Origin) foreign() bool {
	return o.Sysroot != "" || o.Arch != nil && o.Arch != kernel.Host()
}

// PackFrom is Pack for another system. Without a sysroot, a program of this machine comes
// along if it is for the guest's architecture, with libraries of the cross compiler's, and
// scripts do; what else a command names is left to the guest's own programs. Paths of add
// are this machine's; what these need of libraries is the sysroot's, if there is one.
func PackFrom(o Origin, command string, add []string) (Packed, error) {
	p := &packer{origin: o, seen: map[string]bool{}}
	p.libraryFolders = p.findLibraryFolders("/etc/ld.so.conf")
	if folder, err := os.Getwd(); err == nil {
		p.local = true
		if err := p.folder(folder); err != nil {
			return Packed{}, err
		}
		p.local = false
	}
	for _, word := range commandWords(command) {
		if err := p.word(word); err != nil {
			return Packed{}, err
		}
	}
	for _, path := range add {
		path, err := filepath.Abs(path)
		if err != nil {
			return Packed{}, err
		}
		if _, err := os.Stat(path); err != nil {
			return Packed{}, &UserError{
				Message: fmt.Sprintf("cannot pack %s for the guest: %v", path, errors.Unwrap(err)),
				Hint:    "files and folders for the guest must exist on this machine",
			}
		}
		p.local = true
		if err := p.tree(path, nil); err != nil {
			return Packed{}, err
		}
	}
	return Packed{Files: p.files, Missing: p.missing}, nil
}

var shells = []string{"sh", "ash", "bash", "dash", "ksh", "zsh", "busybox"}

// commandWords returns the words of a command that may name programs. That is
// every word, since env, timeout or xargs run their arguments, and so are the
// words of a shell's -c argument. Words with spaces are data.
func commandWords(command string) []string {
	separator := func(r rune) bool { return strings.ContainsRune("|&;()<>`$\n", r) }
	fields, err := shlex.Split(command)
	if err != nil {
		// Quoting that only a shell understands, such as a here-document.
		return strings.FieldsFunc(command, func(r rune) bool {
			return separator(r) || strings.ContainsRune(" \t\"'", r)
		})
	}
	var words []string
	shell := false
	for i, field := range fields {
		switch {
		case shell && strings.HasPrefix(fields[i-1], "-") && strings.HasSuffix(fields[i-1], "c"):
			words = append(words, commandWords(field)...)
		case !strings.ContainsAny(field, " \t"):
			words = append(words, strings.FieldsFunc(field, separator)...)
		}
		shell = shell || slices.Contains(shells, filepath.Base(field))
	}
	return words
}

// packer collects files, each once, at their paths on the system that they come from.
type packer struct {
	origin         Origin
	local          bool // the files are this machine's, whatever the origin
	files          []File
	seen           map[string]bool
	missing        []string
	libraryFolders []string
}

// host gives the path on this machine of a file of the origin, for a path without links.
func (p *packer) host(path string) string {
	if p.local || p.origin.Sysroot == "" {
		return path
	}
	return filepath.Join(p.origin.Sysroot, path)
}

// follow gives the file on this machine that a path of the origin leads to there.
func (p *packer) follow(path string) string {
	if p.local || p.origin.Sysroot == "" {
		return path
	}
	if place, err := securejoin.SecureJoin(p.origin.Sysroot, path); err == nil {
		return place
	}
	return p.host(path)
}

// lookPath finds the program that a word names, on the origin; "" if there is none.
func (p *packer) lookPath(word string) (string, error) {
	if p.origin.Sysroot == "" {
		path, err := exec.LookPath(word)
		if err != nil || !p.suits(path) {
			return "", nil
		}
		return filepath.Abs(path)
	}
	path, _, err := kernel.FindProgram(p.origin.Sysroot, word, guest.SearchPath)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return path, err
}

// suits tells whether a file can run in the guest: a script, or a program for its architecture.
func (p *packer) suits(path string) bool {
	file, err := elf.Open(path)
	if err != nil {
		return true
	}
	defer file.Close()
	return p.origin.Arch == nil || file.Machine == p.origin.Arch.Machine
}

func (p *packer) put(file File) {
	if !p.seen[file.Path] {
		p.seen[file.Path] = true
		p.files = append(p.files, file)
	}
}

// beforeBusybox are the folders of the guest's PATH where a program is found before
// busybox's of the same name.
var beforeBusybox = []string{"/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/bin"}

// word packs the program that a word names, if it does. A program that the
// guest would not find in its PATH gets a link there.
func (p *packer) word(word string) error {
	path, err := p.lookPath(word)
	if path == "" || err != nil {
		return err
	}
	if !strings.Contains(word, "/") && !slices.Contains(beforeBusybox, filepath.Dir(path)) {
		p.put(File{Path: "/usr/local/bin/" + word, Mode: fs.ModeSymlink, Data: []byte(path)})
	}
	return p.program(path)
}

// program packs a program with its runtime or its interpreter.
func (p *packer) program(path string) error {
	if p.seen[path] {
		return nil
	}
	for _, r := range runtimes {
		if r.name.MatchString(filepath.Base(path)) {
			if p.origin.foreign() {
				return &UserError{
					Message: fmt.Sprintf("cannot pack %s for the guest: only where it runs it says where its library is", path),
					Hint:    "name its folders with --vm-add, and a program that calls it by its path",
				}
			}
			return p.runtime(path, r)
		}
	}
	for _, word := range interpreter(p.follow(path)) {
		if err := p.word(word); err != nil {
			return err
		}
	}
	return p.regular(path, nil)
}

// interpreter returns the words of a script's first line after "#!".
func interpreter(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	start := make([]byte, 256)
	n, _ := file.Read(start)
	line, _, _ := strings.Cut(string(start[:n]), "\n")
	line, found := strings.CutPrefix(line, "#!")
	if !found {
		return nil
	}
	return strings.Fields(line)
}

// languageRuntime is an interpreter that needs its library folders.
type languageRuntime struct {
	name *regexp.Regexp
	// ask are arguments that make it print its real executable, then its
	// library folders, a line each.
	ask []string
	// skip are patterns of names in those folders that are large and not part
	// of what a script can count on: packages installed on top of the standard
	// library, tests, windows.
	skip []string
}

var runtimes = []languageRuntime{
	{
		name: regexp.MustCompile(`^python[0-9.]*$`),
		ask:  []string{"-c", `import sys; print("\n".join([sys.executable] + [p for p in sys.path if p]))`},
		skip: []string{"site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "config-*", "*.opt-[12].pyc"},
	},
	{
		name: regexp.MustCompile(`^perl[0-9.]*$`),
		ask:  []string{"-e", `print join("\n", $^X, @INC), "\n"`},
	},
}

// runtimePatience is how long a runtime may take to answer.
const runtimePatience = 20 * time.Second

// runtime packs an interpreter by what it says of itself. What PATH named may
// be a launcher that chooses between versions; the guest gets its choice.
func (p *packer) runtime(path string, r languageRuntime) error {
	ctx, cancel := context.WithTimeout(context.Background(), runtimePatience)
	defer cancel()
	answer, err := exec.CommandContext(ctx, path, r.ask...).Output()
	lines := strings.Fields(string(answer))
	if err != nil || len(lines) == 0 {
		return &UserError{Message: fmt.Sprintf("cannot pack %s for the guest: it does not run: %v", path, err)}
	}
	executable, err := filepath.Abs(lines[0])
	if err != nil {
		return err
	}
	if executable != path && len(interpreter(path)) > 0 {
		p.put(File{Path: path, Mode: fs.ModeSymlink, Data: []byte(executable)})
	} else if err := p.regular(path, nil); err != nil {
		return err
	}
	if err := p.regular(executable, nil); err != nil {
		return err
	}
	for _, folder := range lines[1:] {
		if info, err := os.Stat(folder); err != nil || !filepath.IsAbs(folder) || !info.IsDir() {
			continue
		}
		if err := p.tree(folder, r.skip); err != nil {
			return err
		}
	}
	// The mark of a virtual environment, beside or above the executable.
	for _, folder := range []string{filepath.Dir(executable), filepath.Dir(filepath.Dir(executable))} {
		if mark := filepath.Join(folder, "pyvenv.cfg"); isFile(mark) {
			if err := p.regular(mark, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// tree packs a file, or a folder with what is in it, without what matches a
// pattern of skip. Libraries that are missing for something in a folder are
// not reported: few need all of a folder.
func (p *packer) tree(path string, skip []string) error {
	root, err := p.resolve(path)
	if err != nil {
		return err
	}
	if isFile(root) {
		return p.regular(root, nil)
	}
	missing := len(p.missing)
	defer func() { p.missing = p.missing[:missing] }()
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return unreadable("a folder for the guest", path, err)
		}
		for _, pattern := range skip {
			if match, _ := filepath.Match(pattern, entry.Name()); !match {
				continue
			}
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case entry.IsDir():
			return p.folder(path)
		case isFile(path): // itself or through links
			return p.regular(path, nil)
		case entry.Type()&fs.ModeSymlink != 0:
			return p.link(path)
		}
		return nil // sockets and the like mean nothing in another machine
	})
}

func (p *packer) link(path string) error {
	target, err := os.Readlink(p.host(path))
	if err != nil {
		return unreadable("a link for the guest", path, err)
	}
	p.put(File{Path: path, Mode: fs.ModeSymlink, Data: []byte(target)})
	return nil
}

// folder packs an empty folder.
func (p *packer) folder(path string) error {
	place, err := p.resolve(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(place)
	if err != nil {
		return unreadable("a folder for the guest", path, err)
	}
	p.put(File{Path: place, Mode: info.Mode()})
	return nil
}

// resolve packs every symlink on the way to path and returns where it leads,
// a path without symlinks: /lib64/ld.so packs /lib64 → usr/lib64, then
// whatever link /usr/lib64/ld.so is.
func (p *packer) resolve(path string) (string, error) {
	const mostLinks = 40 // as the kernel
	links := 0
	current, rest := "/", strings.Split(filepath.Clean(path), "/")
	for len(rest) > 0 {
		next := filepath.Join(current, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(p.host(next))
		if err != nil {
			return "", unreadable("a file for the guest", path, err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			current = next
			continue
		}
		if links++; links > mostLinks {
			return "", unreadable("a file for the guest", path, errors.New("too many links"))
		}
		if err := p.link(next); err != nil {
			return "", err
		}
		target, err := os.Readlink(p.host(next))
		if err != nil {
			return "", unreadable("a link for the guest", next, err)
		}
		if filepath.IsAbs(target) {
			current = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return current, nil
}

// regular packs a file and, if it is an ELF file, its interpreter and its
// libraries. Inherited are the RPATH folders of what loads it.
func (p *packer) regular(path string, inherited []string) error {
	place, err := p.resolve(path)
	if err != nil || p.seen[place] {
		return err
	}
	info, err := os.Stat(p.host(place))
	if err != nil {
		return unreadable("a file for the guest", place, err)
	}
	p.put(File{Path: place, Mode: info.Mode(), Host: p.host(place)})
	file, err := elf.Open(p.host(place))
	if err != nil {
		return nil // data; one that cannot be read fails when it is copied
	}
	defer file.Close()
	return p.needs(place, file, inherited)
}

// needs packs the interpreter and the libraries of an ELF file.
func (p *packer) needs(path string, file *elf.File, inherited []string) error {
	if p.local && p.origin.Sysroot != "" { // where nothing but the program itself is this machine's
		p.local = false
		defer func() { p.local = true }()
	}
	for _, segment := range file.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, segment.Filesz)
		if _, err := segment.ReadAt(name, 0); err != nil {
			return unreadable("a program for the guest", path, err)
		}
		if err := p.loader(path, strings.TrimRight(string(name), "\x00")); err != nil {
			return err
		}
	}
	needed, err := file.ImportedLibraries()
	if err != nil || len(needed) == 0 {
		return nil
	}
	runpath := searchPath(path, file, elf.DT_RUNPATH)
	folders := runpath
	if len(runpath) == 0 {
		inherited = append(searchPath(path, file, elf.DT_RPATH), inherited...)
		folders = inherited
	}
	folders = append(slices.Clone(folders), p.libraryFolders...)
	for _, name := range needed {
		library := p.findLibrary(name, file, folders)
		if library == "" {
			p.missing = append(p.missing, name+", which "+path+" needs")
			continue
		}
		if p.fromCompiler() {
			if err := p.compilerLibrary(library, "/lib/"+name); err != nil {
				return err
			}
			continue
		}
		if err := p.regular(library, inherited); err != nil {
			return err
		}
	}
	return nil
}

// loader packs the interpreter of a program, and its list of where it looks beyond its
// built-in folders.
func (p *packer) loader(program, path string) error {
	const cache = "/etc/ld.so.cache"
	if p.fromCompiler() {
		library := p.findLibrary(filepath.Base(path), nil, p.libraryFolders)
		if library == "" {
			p.missing = append(p.missing, path+", which "+program+" needs")
			return nil
		}
		return p.compilerLibrary(library, path)
	}
	if place := p.follow(cache); isFile(place) {
		p.put(File{Path: cache, Mode: 0o644, Host: place})
	}
	return p.regular(path, nil)
}

// fromCompiler tells whether libraries come from a cross compiler's folder, where no guest
// would look for them: they are put into /lib.
func (p *packer) fromCompiler() bool {
	return p.origin.foreign() && p.origin.Sysroot == ""
}

// compilerLibrary packs a library of a cross compiler's, and what it needs.
func (p *packer) compilerLibrary(library, inGuest string) error {
	if p.seen[inGuest] {
		return nil
	}
	p.put(File{Path: inGuest, Mode: 0o755, Host: library})
	file, err := elf.Open(library)
	if err != nil {
		return unreadable("a library for the guest", library, err)
	}
	defer file.Close()
	return p.needs(library, file, nil)
}

// searchPath returns the folders of a DT_RPATH or DT_RUNPATH entry.
func searchPath(path string, file *elf.File, tag elf.DynTag) []string {
	entries, err := file.DynString(tag)
	if err != nil {
		return nil
	}
	origin := strings.NewReplacer("$ORIGIN", filepath.Dir(path), "${ORIGIN}", filepath.Dir(path))
	var folders []string
	for _, entry := range entries {
		folders = append(folders, filepath.SplitList(origin.Replace(entry))...)
	}
	return folders
}

// findLibrary returns the first library of that name that fits the architecture of the
// file, if there is one, or "".
func (p *packer) findLibrary(name string, user *elf.File, folders []string) string {
	candidates := []string{name}
	if !strings.Contains(name, "/") {
		candidates = candidates[:0]
		for _, folder := range folders {
			candidates = append(candidates, filepath.Join(folder, name))
		}
	}
	for _, candidate := range candidates {
		library, err := elf.Open(p.follow(candidate))
		if err != nil {
			continue
		}
		fits := user == nil || library.Class == user.Class && library.Machine == user.Machine
		library.Close()
		if fits {
			return candidate
		}
	}
	return ""
}

// findLibraryFolders returns the folders of a dynamic linker's configuration,
// with what it includes, then those that are built into the linker; of a foreign
// origin without a root those of the cross compiler.
func (p *packer) findLibraryFolders(configuration string) []string {
	if p.fromCompiler() && p.origin.Arch != nil {
		return []string{"/usr/" + p.origin.Arch.Target + "/lib"}
	}
	var folders []string
	var read func(path string, depth int)
	read = func(path string, depth int) {
		text, err := os.ReadFile(p.follow(path))
		if err != nil || depth > 8 {
			return
		}
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			words := strings.Fields(line)
			switch {
			case len(words) == 2 && words[0] == "include":
				pattern := words[1]
				if !filepath.IsAbs(pattern) {
					pattern = filepath.Join(filepath.Dir(path), pattern)
				}
				folder, name := filepath.Split(pattern)
				included, _ := filepath.Glob(filepath.Join(p.follow(folder), name))
				for _, file := range included {
					read(strings.TrimPrefix(file, strings.TrimSuffix(p.host("/"), "/")), depth+1)
				}
			case len(words) == 1 && filepath.IsAbs(words[0]):
				folders = append(folders, words[0])
			}
		}
	}
	read(configuration, 0)
	return append(folders, "/lib64", "/usr/lib64", "/lib", "/usr/lib")
}
