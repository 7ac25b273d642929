package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kbuild"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
	"github.com/gostap/gostap/translate"
)

// runPasses is the way of a script through the five passes. It gives the status
// to exit with.
func runPasses(ctx context.Context, s *settings, arguments []string) (status int, err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	d := &driver{settings: s, stdout: os.Stdout, stderr: os.Stderr}
	defer d.cleanUp()
	if s.cleanCache {
		return 0, d.cleanCache()
	}

	script, library, err := d.parse(arguments)
	if err != nil || d.stopAfter(1) {
		return failed(1, err)
	}
	program, err := d.elaborate(script, library)
	if err != nil || d.stopAfter(2) {
		return failed(2, err)
	}
	module := d.translate(program)
	if d.stopAfter(3) {
		return failed(3, d.show(module.C))
	}
	built, err := d.build(ctx, module)
	if err != nil || d.stopAfter(4) {
		return failed(4, err)
	}
	status, err = d.run(ctx, built)
	if err != nil || status != 0 {
		return 1, &passError{pass: 5, err: cmp.Or(err, errSaid)}
	}
	return 0, nil
}

// driver carries what the passes share: the settings and the kernel.
type driver struct {
	*settings
	stdout, stderr io.Writer
	kernel         *kernel.Kernel
	folder         string // temporary
}

func (d *driver) stopAfter(pass int) bool { return d.lastPass == pass }

func (d *driver) show(text []byte) error {
	_, err := d.stdout.Write(text)
	return err
}

// parse is pass 1: the script, from wherever it comes, and the library.
func (d *driver) parse(arguments []string) (script, library []*parse.File, err error) {
	watch := startWatch()
	sources, rest, err := d.sources(arguments)
	if err != nil {
		return nil, nil, err
	}
	var found parse.Diagnostics
	for _, source := range sources {
		file, err := parse.Parse(source, parse.Options{Arguments: rest})
		found = append(found, diagnosticsOf(err)...)
		script = append(script, file)
	}
	if err := d.report(found); err != nil {
		return nil, nil, err
	}
	library, err = d.library()
	if err != nil {
		return nil, nil, err
	}
	d.pass(watch, "Pass 1: parsed user script and %d library scripts", len(library))
	if d.stopAfter(1) {
		return nil, nil, parse.Dump(d.stdout, script...)
	}
	return script, library, nil
}

// sources finds the script: -e, a file or standard input. What follows is the
// script's arguments.
func (d *driver) sources(arguments []string) ([]*parse.Source, []string, error) {
	var sources []*parse.Source
	for i, text := range d.moreScripts {
		sources = append(sources, &parse.Source{Name: fmt.Sprintf("<input%d>", i+1), Text: []byte(text)})
	}
	if d.scriptGiven {
		return append(sources, &parse.Source{Name: "<input>", Text: []byte(d.script)}), arguments, nil
	}
	if len(arguments) == 0 {
		return nil, nil, &usageError{"A script must be specified.\nGive a file, - for standard input, or the text itself after -e."}
	}
	name := arguments[0]
	if name == "-" {
		text, err := io.ReadAll(os.Stdin)
		return append(sources, &parse.Source{Name: "<input>", Text: text}), arguments[1:], err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		e := &kernel.UserError{Message: fmt.Sprintf("cannot read the script %s: %v", name, errors.Unwrap(err)), Cause: err}
		if errors.Is(err, fs.ErrNotExist) {
			e.Hint = "a script on the command line goes after -e"
		}
		return nil, nil, e
	}
	return append(sources, &parse.Source{Name: name, Text: text}), arguments[1:], nil
}

// library parses the scripts of -I folders and those that are built in.
func (d *driver) library() ([]*parse.File, error) {
	var files []*parse.File
	read := func(system fs.FS, prefix string) error {
		return fs.WalkDir(system, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".stp" {
				return err
			}
			text, err := fs.ReadFile(system, path)
			if err != nil {
				return err
			}
			file, err := parse.Parse(&parse.Source{Name: prefix + path, Text: text, Library: true}, parse.Options{})
			// A broken library file is not there; the script may do without.
			for _, found := range diagnosticsOf(err) {
				found.Severity = parse.Warning
				d.render(d.stderr, parse.Diagnostics{found})
			}
			files = append(files, file)
			return nil
		})
	}
	if err := read(tapsets.Files, "tapset/"); err != nil {
		return nil, err
	}
	for _, folder := range d.libraries {
		if err := read(os.DirFS(folder), folder+"/"); err != nil {
			return nil, &kernel.UserError{Message: fmt.Sprintf("cannot read the library folder %s: %v", folder, err), Cause: err}
		}
	}
	return files, nil
}

// elaborate is pass 2.
func (d *driver) elaborate(script, library []*parse.File) (*elaborate.Program, error) {
	watch := startWatch()
	program, found, err := elaborate.Elaborate(script, library, elaborate.Options{BTF: d.btf, Guru: d.guru})
	if err != nil {
		return nil, err
	}
	for _, file := range script {
		for _, n := range file.UnusedArguments {
			found = append(found, &parse.Diagnostic{Severity: parse.Warning, Message: fmt.Sprintf("unused command line option $%d/@%d", n, n)})
		}
	}
	if err := d.report(found); err != nil {
		return nil, err
	}
	d.pass(watch, "Pass 2: analyzed script: %s, %s, %s, %s", count(len(program.Probes), "probe"),
		count(len(program.Functions), "function"), count(len(program.Embedded), "embed"), count(len(program.Globals), "global"))
	if d.stopAfter(2) {
		elaborate.Dump(d.stdout, program)
	}
	return program, nil
}

// btf reads what the kernel says of its types.
func (d *driver) btf() (*debuginfo.BTF, error) {
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	data, err := k.BTFData()
	if err != nil {
		return nil, err
	}
	return debuginfo.ParseBTF(data)
}

// findKernel finds the kernel that the module is made for, the first time.
func (d *driver) findKernel() (*kernel.Kernel, error) {
	if d.kernel != nil {
		return d.kernel, nil
	}
	find := kernel.Find
	if d.guest {
		find = kernel.FindGuest
	}
	k, err := find(d.release)
	d.kernel = k
	return k, err
}

// translate is pass 3.
func (d *driver) translate(program *elaborate.Program) translate.Module {
	watch := startWatch()
	module := translate.Translate(program)
	d.pass(watch, "Pass 3: translated to C")
	return module
}

// build is pass 4.
func (d *driver) build(ctx context.Context, module translate.Module) (*kbuild.Result, error) {
	watch := startWatch()
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	if err := d.checkRun(); err != nil {
		return nil, err
	}
	if d.folder, err = os.MkdirTemp("", "stap"); err != nil {
		return nil, &kernel.UserError{Message: fmt.Sprintf("cannot make a temporary folder: %v", err), Hint: "name another place with TMPDIR", Cause: err}
	}
	options := kbuild.Options{
		PoisonCache: d.poisonCache, Full: d.fullBuild, Name: d.module, Folder: d.folder,
		Defines: d.defines, MakeVariables: d.makeVariables, Trace: d.trace,
	}
	if !d.disableCache {
		if options.Cache, err = d.openCache(); err != nil {
			return nil, err
		}
	}
	if err := d.checkOutput(); err != nil {
		return nil, err
	}
	built, err := kbuild.Build(ctx, module, k, options)
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	if err != nil {
		return nil, err
	}
	if built.Cached {
		d.pass(watch, "Pass 4: using cached %s", built.Path)
	} else {
		d.pass(watch, "Pass 4: compiled C into %q", filepath.Base(built.Path))
	}
	if err := d.leaveModule(built); err != nil {
		return nil, err
	}
	if d.stopAfter(4) {
		fmt.Fprintln(d.stdout, built.Path)
	}
	return built, nil
}

// leaveModule puts a module where its user will look for it: one with a name
// into the current folder, any other that has been asked for into the cache or,
// without one, a folder that is kept.
func (d *driver) leaveModule(built *kbuild.Result) error {
	if d.module == "" {
		if d.stopAfter(4) && strings.HasPrefix(built.Path, d.folder) {
			cache, err := d.openCache()
			if err != nil || d.disableCache {
				d.keep = true
				return nil
			}
			if path, ok := cache.Path(built.Name); ok {
				built.Path = path
			}
		}
		return nil
	}
	data, err := os.ReadFile(built.Path)
	if err != nil {
		return err
	}
	path := d.module + ".ko"
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return &kernel.UserError{Message: fmt.Sprintf("cannot leave the module in the current folder: %v", err), Cause: err}
	}
	built.Path, err = filepath.Abs(path)
	if d.stopAfter(4) {
		built.Path = path
	}
	return err
}

func (d *driver) openCache() (*kbuild.Cache, error) {
	folder, err := kernel.CacheFolder()
	if err != nil {
		return nil, err
	}
	return kbuild.OpenCache(filepath.Join(folder, "cache"))
}

func (d *driver) cleanCache() error {
	cache, err := d.openCache()
	if err != nil {
		return err
	}
	return cache.Clean()
}

func (d *driver) cleanUp() {
	if d.folder == "" {
		return
	}
	if d.keep {
		fmt.Fprintf(d.stderr, "Keeping temporary directory %q\n", d.folder)
		return
	}
	os.RemoveAll(d.folder)
}
