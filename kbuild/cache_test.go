package kbuild

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gostap/gostap/kernel"
	runtimec "github.com/gostap/gostap/runtime-c"
	"github.com/gostap/gostap/translate"
)

func newCache(t *testing.T) *Cache {
	t.Helper()
	c, err := OpenCache(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t *testing.T, c *Cache, key string, size int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.ko")
	if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.addModule(key, path); err != nil {
		t.Fatal(err)
	}
}

// TestCacheShrinks: C472: the modules that were not used for longest go, and
// what a killed process left an hour ago.
func TestCacheShrinks(t *testing.T) {
	c := newCache(t)
	for i, key := range []string{"aa1", "bb2", "cc3"} {
		put(t, c, key, 1000)
		when := time.Now().Add(time.Duration(i-3) * time.Hour)
		if err := os.Chtimes(c.modulePath(key), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := c.module("aa1"); !ok { // used now
		t.Fatal("aa1 is not there")
	}
	left := filepath.Join(c.root, temporaryPrefix+"left")
	if err := os.WriteFile(left, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * abandonedAfter)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	if err := c.shrink(2000); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"aa1": true, "bb2": false, "cc3": true} {
		if _, ok := c.module(key); ok != want {
			t.Errorf("%s is there: %v", key, ok)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a killed process left is still there")
	}
}

// TestCacheDamage: C473: an empty module or a damaged recipe is not used.
func TestCacheDamage(t *testing.T) {
	c := newCache(t)
	put(t, c, "aa1", 0)
	if _, ok := c.module("aa1"); ok {
		t.Error("an empty module is used")
	}
	folder := filepath.Join(c.root, "kernel", "k")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "recipe.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.kernel("k"); err == nil {
		t.Error("a damaged recipe is used")
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("a damaged recipe stays")
	}
}

func TestSavedCommand(t *testing.T) {
	folder := t.TempDir()
	text := "savedcmd_" + folder + "/x.o := gcc -DA='\"$$x\"' -o " + folder + "/x.o " + folder + "/x.c ; ./tools/objtool " + folder + "/x.o\n\nother\n"
	if err := os.WriteFile(filepath.Join(folder, ".x.o.cmd"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := (&builder{options: Options{Folder: folder}}).savedCommand("x.o")
	if want := `gcc -DA='"$x"' -o @FOLDER@/x.o @FOLDER@/x.c ; ./tools/objtool @FOLDER@/x.o`; got != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestBuildErrorIsOneLine(t *testing.T) {
	e := &BuildError{Log: "make: x\nfoo.c: In function 'f':\nfoo.c:3:1: error: bad\nmore\n", Err: os.ErrInvalid}
	if got := e.Error(); strings.Contains(got, "\n") || !strings.Contains(got, "foo.c:3:1: error: bad") || !strings.Contains(got, "bug of stap") {
		t.Error(got)
	}
}

// TestBuild builds for the kernels of GOSTAP_KERNELS, or the newest that is fetched, with the -B
// of GOSTAP_OPTIONS.
func TestBuild(t *testing.T) {
	kernels := strings.Fields(os.Getenv("GOSTAP_KERNELS"))
	if len(kernels) == 0 {
		kernels = []string{""}
	}
	var variables []string
	for word, words := "", strings.Fields(os.Getenv("GOSTAP_OPTIONS")); len(words) > 0; words = words[1:] {
		if word == "-B" {
			variables = append(variables, words[0])
		}
		word = words[0]
	}
	for _, beginning := range kernels {
		k, err := kernel.FindGuest(kernel.Named(beginning))
		if err != nil && beginning == "" {
			t.Skipf("no kernel to build for (%v): stap prep --vm fetches one", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Run(k.Release, func(t *testing.T) { testBuild(t, k, variables) })
	}
}

// testBuild builds two at once into an empty cache, then by the recorded build, and one with a
// user's C and the precompiled header.
func testBuild(t *testing.T, k *kernel.Kernel, variables []string) {
	c := newCache(t)
	build := func(script string, embedded bool) (*Result, string) {
		var trace bytes.Buffer
		var lock sync.Mutex
		result, err := Build(context.Background(), translate.Module{C: []byte(script), KernelHeaders: embedded}, k, Options{
			Cache: c, Folder: t.TempDir(), MakeVariables: variables, Trace: func(format string, arguments ...any) {
				lock.Lock()
				defer lock.Unlock()
				trace.WriteString(format)
				for _, a := range arguments {
					if s, ok := a.(string); ok {
						trace.WriteString(s)
					}
				}
			}})
		if err != nil {
			t.Errorf("%v\n%s", err, trace.String())
			return &Result{}, ""
		}
		return result, trace.String()
	}
	script := func(body string) string {
		return "#include \"stap.h\"\nstatic void p(struct stap_context *c) { " + body + " }\n" +
			"void stap_run(struct stap_context *c) { p(c); }\nvoid stap_run_once(struct stap_context *c) { p(c); }\n" +
			"static struct stap_probe probes[] = { { .family = &stap_begin, .point = \"begin\", .handler = p } };\n" +
			"struct stap_script stap_script = { STAP_INTERFACE, 1, probes, 0 };\n"
	}
	var both sync.WaitGroup
	for _, body := range []string{"stap_exit();", "stap_put_long(&c->out, 1);"} {
		both.Go(func() { build(script(body), false) })
	}
	both.Wait()
	result, trace := build(script(`stap_put_string(&c->out, "hello\n"); stap_exit();`), false)
	if strings.Contains(trace, "make -j") || trace == "" {
		t.Errorf("the recorded build was not used:\n%s", trace)
	}
	checkModule(t, result.Path)
	if info, err := os.Stat(result.Path); err != nil || info.Size() > 90_000 {
		t.Errorf("the smallest module is large: %d bytes, %v", info.Size(), err)
	}
	if result, _ := build(script("stap_exit();"), false); !result.Cached {
		t.Error("a finished module was built again")
	}
	// A script that names something of every unit, and so compiles those that are missing.
	var calls strings.Builder
	calls.WriteString("\n#include \"print.h\"\n")
	for _, name := range []string{"stap_data_addresses", "stap_data_address_count", "stap_faults", "stap_faults_count", "stap_monitored"} { // of scripts that name data or faults, and with --monitor
		fmt.Fprintf(&calls, "asm(\".pushsection .data; .globl %[1]s; %[1]s: .quad 0; .popsection\");", name)
	}
	for _, unit := range runtimec.Units {
		for _, name := range runtimec.Defines(unit) {
			fmt.Fprintf(&calls, "asm(\".pushsection .data; .quad %s; .popsection\");", name)
		}
	}
	result, trace = build(script(calls.String()), false)
	if strings.Contains(trace, "make -j") || strings.Contains(trace, "modpost") {
		t.Errorf("the units are built in full:\n%s", trace)
	}
	checkModule(t, result.Path)
	checkUnits(t, c)
	symvers, err := os.ReadFile(filepath.Join(k.BuildTree, "Module.symvers"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := string(regexp.MustCompile(`(?m)^0x\w+\t(\w+)\t\w+/.*\tEXPORT_SYMBOL\t$`).FindSubmatch(symvers)[1])
	for _, n := range []string{"1", "2"} {
		// It refers to a symbol of another module's, of which only modpost knows what to say.
		body := fmt.Sprintf(`char old[4]; strlcpy(old, "older", sizeof(old)); pr_info("%%d%%s", current->pid + %s, old); asm(".pushsection .data\n.quad %s\n.popsection");`, n, foreign)
		result, trace := build(script(body), true)
		if strings.Contains(trace, "make -j") || !strings.Contains(trace, "modpost has to") {
			t.Errorf("embedded C is built in full, or not described:\n%s", trace)
		}
		checkModule(t, result.Path)
	}
	if headers, _ := filepath.Glob(filepath.Join(c.root, "kernel", "*", precompiledHeader+".gch")); len(headers) != 1 {
		t.Error("no precompiled header was kept")
	}
	if left, _ := filepath.Glob(filepath.Join(c.root, temporaryPrefix+"*")); left != nil {
		t.Errorf("left in the cache: %v", left)
	}
}

// checkModule checks that a module lists the checksum of every symbol that it
// takes from the kernel.
func checkModule(t *testing.T, path string) {
	t.Helper()
	undefined, defined, err := objectSymbols(path)
	if err != nil {
		t.Error(err)
		return
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	versions := file.Section("__versions")
	if versions == nil {
		return // a kernel without checksums
	}
	list, err := versions.Data()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range undefined {
		if !bytes.Contains(list, []byte("\x00"+name+"\x00")) {
			t.Errorf("%s: no checksum of %s", path, name)
		}
	}
	if !slices.Contains(defined, "init_module") {
		t.Errorf("%s: it cannot be loaded", path)
	}
}

// checkUnits compares what the units' objects define with what their sources
// are said to.
func checkUnits(t *testing.T, c *Cache) {
	t.Helper()
	for _, unit := range runtimec.Units {
		objects, _ := filepath.Glob(filepath.Join(c.root, "kernel", "*", unitO(unit)))
		if len(objects) != 1 {
			t.Errorf("kept objects of unit %s: %v", unit, objects)
			continue
		}
		_, defined, err := objectSymbols(objects[0])
		if err != nil {
			t.Error(err)
		}
		want := runtimec.Defines(unit)
		slices.Sort(want)
		slices.Sort(defined)
		// What is behind STAP_UNIT is for the core, which does without.
		defined = slices.DeleteFunc(defined, func(s string) bool {
			return !strings.HasPrefix(s, "stap_") || strings.HasSuffix(s, "_unit")
		})
		if unit != runtimec.Core && !slices.Equal(want, defined) {
			t.Errorf("unit %s defines %q, and its source is said to define %q", unit, defined, want)
		}
	}
}
