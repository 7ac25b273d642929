package main

import (
	"cmp"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/kbuild"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/translate"
)

// runPasses is the way of a script through the five passes. It gives the status
// to exit with.
func runPasses(ctx context.Context, s *settings, arguments []string) (status int, err error) {
	return runPassesTo(ctx, s, arguments, os.Stdout)
}

// runPassesTo is the same with the script's output, and its command's, going elsewhere.
func runPassesTo(ctx context.Context, s *settings, arguments []string, stdout io.Writer) (status int, err error) {
	d := &driver{settings: s, stdout: stdout, stderr: os.Stderr}
	defer d.cleanUp()
	ctx, stop := d.heedSignals(ctx)
	defer stop()
	d.interrupted = ctx
	if s.cleanCache {
		return 0, d.cleanCache()
	}
	if err := s.resourceLimits.set(); err != nil {
		return 1, err
	}
	if s.listings.wanted() {
		return d.list(ctx, arguments)
	}

	script, library, err := d.parse(ctx, arguments)
	if err != nil || d.stopAfter(1) {
		return failed(1, err)
	}
	if err := d.checkRun(); err != nil {
		return 1, err
	}
	program, err := d.elaborate(script, library)
	if err != nil || d.stopAfter(2) {
		return failed(2, err)
	}
	d.readsInput = program.ReadsInput()
	module := d.translate(program)
	if d.stopAfter(3) {
		return failed(3, d.show(module.C))
	}
	built, err := d.build(ctx, module)
	if err == nil && d.bundle != "" {
		err = d.pack(script, program, built)
	}
	if err != nil || d.stopAfter(4) {
		return failed(4, err)
	}
	return d.run(ctx, built)
}

// driver carries what the passes share: the settings and the kernel.
type driver struct {
	*settings
	stdout, stderr io.Writer
	kernel         *kernel.Kernel
	objects        objects
	interrupted    context.Context // ends with a signal
	folder         string          // temporary
	readsInput     bool            // the script has probes for standard input
}

func (d *driver) stopAfter(pass int) bool { return d.lastPass == pass }

func (d *driver) show(text []byte) error {
	_, err := d.stdout.Write(text)
	return err
}

// parse is pass 1: the script, from wherever it comes, and the library.
func (d *driver) parse(ctx context.Context, arguments []string) (script []*parse.File, library *parse.Library, err error) {
	watch := startWatch()
	sources, rest, err := d.sources(ctx, arguments)
	if err != nil {
		return nil, nil, err
	}
	library, err = d.library(d.parseOptions(rest))
	if err != nil {
		return nil, nil, err
	}
	script, found := d.parseSources(sources, rest, library)
	if err := d.report(found); err != nil {
		if n := found.Errors(); n > 0 && d.diagnostics == "text" {
			fmt.Fprintf(d.stderr, "%s.\n", count(n, "parse error"))
		}
		return nil, nil, err
	}
	d.pass(watch, 1, "parsed user script and %s", count(library.Files(), "library script"))
	if d.stopAfter(1) {
		return nil, nil, parse.Dump(d.stdout, script...)
	}
	return script, library, ctx.Err()
}

// parseSources reads a script's parts.
func (d *driver) parseSources(sources []*parse.Source, arguments []string, library *parse.Library) (script []*parse.File, found parse.Diagnostics) {
	options := d.parseOptions(arguments)
	options.Macros = library.Macro
	for _, source := range sources {
		file, err := parse.Parse(source, options)
		found = append(append(found, file.Warnings...), diagnosticsOf(err)...)
		script = append(script, file)
	}
	if found.Errors() > 0 { // a library file that had to be left out may be why
		found = append(slices.Clone(library.Warnings()), found...)
	}
	return script, found
}

// elaborate is pass 2.
func (d *driver) elaborate(script []*parse.File, library *parse.Library) (*elaborate.Program, error) {
	watch := startWatch()
	program, found, err := d.analyze(script, library)
	if err != nil {
		return nil, err
	}
	if d.keepGoingAfterMistakes && d.diagnostics == "text" {
		_ = parse.RenderJSON(d.stderr, found) // nobody is left to tell that standard error is gone
	}
	if err := d.report(found); err != nil {
		return nil, err
	}
	d.pass(watch, 2, "analyzed script: %s, %s, %s, %s", count(len(program.Probes), "probe"),
		count(len(program.Functions), "function"), count(len(program.Embedded), "embed"), count(len(program.Globals), "global"))
	if d.stopAfter(2) {
		return nil, elaborate.Dump(d.stdout, program, d.verbosity(2) > 0)
	}
	return program, nil
}

// analyze is what pass 2 does, with all that there is to say of the script.
func (d *driver) analyze(script []*parse.File, library *parse.Library) (*elaborate.Program, parse.Diagnostics, error) {
	program, found, err := elaborate.Elaborate(script, library, d.elaborateOptions())
	if err != nil {
		return nil, nil, err
	}
	missing, err := d.missingSymbols()
	if err != nil {
		return nil, nil, err
	}
	found = append(append(library.Warnings(), missing...), found...)
	for _, n := range unusedArguments(script) {
		found = append(found, &parse.Diagnostic{Severity: parse.Warning, Message: fmt.Sprintf("unused command line option $%d/@%d", n, n)})
	}
	if found.Errors() == 0 {
		found = append(found, setGlobals(program, d.globals)...)
	}
	return program, found, nil
}

func (d *driver) elaborateOptions() elaborate.Options {
	return elaborate.Options{
		Machine: d.machine, BTF: d.btf, DebugInfo: d.debugInfo, Symbols: d.symbols, ModuleBTF: d.moduleBTF, BuildID: d.buildID, Modules: d.modules,
		LineTable: d.lineTable, LinesOf: d.linesOf, Header: d.header, MaxPlaces: d.maxPlaces, TraceSystem: d.traceSystem, TracedModules: d.tracedModules,
		Kernel: d.kernelName,
		Guru:   d.guru, Unoptimized: d.unoptimized, NoGlobalDisplay: d.noGlobalDisplay,
		SkipBadVariables: d.skipBadVariables, Compatible: d.compatible, Privilege: d.privilege,
	}
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
	k, err := find(kernel.Query{Release: d.release, Arch: d.arch, Sysroot: cmp.Or(d.sysroot, d.buildRoot)})
	d.kernel = k
	return k, err
}

// kernelName is what messages call it, "" if there is none.
func (d *driver) kernelName() string {
	if k, err := d.findKernel(); err == nil {
		return fmt.Sprintf("%s (%s)", k.Release, k.Arch.Name)
	}
	return ""
}

// machine gives the architecture of that kernel.
func (d *driver) machine() elf.Machine {
	if k, err := d.findKernel(); err == nil {
		return k.Arch.Machine
	}
	return kernel.Host().Machine
}

// translate is pass 3.
func (d *driver) translate(program *elaborate.Program) translate.Module {
	watch := startWatch()
	program.Timed = d.timing
	program.Monitored = d.monitor > 0
	module := translate.Translate(program)
	module.C = append(module.C, moduleInfo(d.moduleInfo)...)
	d.pass(watch, 3, "translated to C into %q", kbuild.ScriptFile)
	return module
}

// build is pass 4.
func (d *driver) build(ctx context.Context, module translate.Module) (*kbuild.Result, error) {
	watch := startWatch()
	k, err := d.findKernel()
	if err != nil {
		return nil, err
	}
	place := "" // where temporary files go
	if d.buildRoot != "" {
		place = kbuild.RootFolder(d.buildRoot)
	}
	if d.folder, err = os.MkdirTemp(place, "stap"); err != nil {
		return nil, &kernel.UserError{Message: fmt.Sprintf("cannot make a temporary folder: %v", err), Hint: "name another place with TMPDIR", Cause: err}
	}
	options := kbuild.Options{
		PoisonCache: d.poisonCache || d.keep, Full: d.kbuildMode == "full", Name: d.module, Folder: d.folder, Root: d.buildRoot,
		Defines: d.defines(), MakeVariables: d.makeVariables, Trace: d.trace,
	}
	if !d.disableCache {
		if options.Cache, err = d.openCache(); err != nil {
			return nil, err
		}
	}
	built, err := kbuild.Build(ctx, module, k, options)
	if err != nil || ctx.Err() != nil {
		return nil, explainBuild(ctx, k, err)
	}
	if built.Cached {
		d.pass(watch, 4, "using cached %s", built.Path)
	} else {
		d.pass(watch, 4, "compiled C into %q", filepath.Base(built.Path))
	}
	if d.bundle != "" {
		return built, nil
	}
	if err := d.leaveModule(built); err != nil {
		return nil, err
	}
	if d.stopAfter(4) {
		fmt.Fprintln(d.stdout, built.Path)
	}
	return built, nil
}

// explainBuild says of a failed build whether the kernel is one that was tested.
func explainBuild(ctx context.Context, k *kernel.Kernel, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	var build *kbuild.BuildError
	if !errors.As(err, &build) {
		return err
	}
	lies := "within"
	if kernel.VersionLess(k.Release, oldestTested) || !strings.HasPrefix(k.Release, newestTested+".") && kernel.VersionLess(newestTested, k.Release) {
		lies = "outside of"
	}
	note := fmt.Sprintf("Kernel version %s is %s the tested range %s ... %s.", k.Release, lies, oldestTested, newestTested)
	return &passError{pass: 4, note: note, err: err}
}

// leaveModule puts a module where its user will look for it: one with a name
// into the current folder, any other that has been asked for into the cache or,
// without one, a folder that is kept.
func (d *driver) leaveModule(built *kbuild.Result) error {
	if d.module == "" {
		if !d.stopAfter(4) || !strings.HasPrefix(built.Path, d.folder) {
			return nil
		}
		if d.disableCache {
			d.keep = true
			return nil
		}
		cache, err := d.openCache()
		if err != nil {
			return err
		}
		if path, ok := cache.Path(built.Name); ok {
			built.Path = path
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
