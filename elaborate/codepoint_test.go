package elaborate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/elaborate/debuginfo/btftest"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// The tests in this file are on a small kernel and a module, testdata/kernel, which
// were built by the script there. Its BTF is made here.

func smallBTF() (*debuginfo.BTF, error) {
	b := btftest.New()
	integer, long, unsigned := b.Int("int", 4, true), b.Int("long int", 8, true), b.Int("long unsigned int", 8, false)
	text := b.Pointer(b.Int("char", 1, true))
	b.Typedef("umode_t", b.Int("short unsigned int", 2, false))
	file := b.Pointer(b.Struct("file", 16, btftest.Member{Name: "flags", Type: integer}, btftest.Member{Name: "position", Type: long, Offset: 64}))
	var members []btftest.Member
	for i, name := range strings.Fields("r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di") {
		members = append(members, btftest.Member{Name: name, Type: unsigned, Offset: uint32(64 * i)})
	}
	registers := b.Pointer(b.Struct("pt_regs", 120, members...))
	fileParameter, mode := btftest.Parameter{Name: "file", Type: file}, btftest.Parameter{Name: "mode", Type: integer}
	b.Function("level", integer, btftest.Parameter{Name: "unused", Type: integer}, fileParameter)
	for _, name := range []string{"open_file", "lookup", "verify", "start_file"} {
		b.Function(name, integer, fileParameter, mode)
	}
	b.Function("read_file", integer, fileParameter)
	b.Function("twin", integer, fileParameter, btftest.Parameter{Name: "first", Type: integer})
	b.Function("twin", integer, btftest.Parameter{Name: "first", Type: long}, fileParameter)
	b.Function("cloned", integer, fileParameter, btftest.Parameter{Name: "five", Type: integer})
	b.Function("__x64_sys_open", long, btftest.Parameter{Name: "regs", Type: registers})
	b.Function("__ia32_compat_sys_read", long, btftest.Parameter{Name: "regs", Type: registers})
	b.Function("__ia32_sys_read", long, btftest.Parameter{Name: "regs", Type: registers})
	b.Function("__do_sys_getuid", long, btftest.Parameter{Name: "__unused", Type: registers})
	b.Function("__x64_sys_read", long, btftest.Parameter{Name: "regs", Type: registers})
	b.Function("__do_sys_read", long, btftest.Parameter{Name: "fd", Type: integer}, btftest.Parameter{Name: "buf", Type: text}, btftest.Parameter{Name: "count", Type: unsigned})
	b.Function("spin_lock", integer, btftest.Parameter{Name: "lock", Type: b.Pointer(integer)})
	b.Function("do_exit", 0, btftest.Parameter{Name: "code", Type: integer})
	b.Function("memory_operation", 0) // inlined everywhere
	return debuginfo.ParseBTF(b.Bytes())
}

// smallModules is what is known of the small kernel's modules.
type smallModules struct{}

func (smallModules) Modules() (map[string]string, error) {
	return map[string]string{"driver": "testdata/kernel/driver.ko", "snd_hda": "testdata/kernel/driver.ko"}, nil
}
func (smallModules) Builtin() (map[string]bool, error) { return map[string]bool{"ext4": true}, nil }
func (smallModules) ModuleAlias(name string) (string, error) {
	return map[string]string{"ext3": "ext4", "old_driver": "driver"}[name], nil
}

func smallFile(object string) string {
	if object == "kernel" {
		return "testdata/kernel/kernel.elf"
	}
	return "testdata/kernel/driver.ko"
}

// small gives the small kernel: with DWARF, with symbols and BTF, or with BTF alone.
func small(level string) elaborate.Options {
	o := elaborate.Options{
		BTF:     smallBTF,
		Modules: func() (elaborate.ModuleList, error) { return smallModules{}, nil },
		Header: func(path string) ([]byte, error) {
			if path != "include/linux/syscalls.h" {
				return nil, &kernel.UserError{Message: "no " + path}
			}
			return []byte("asmlinkage long sys_open(const char __user *filename,\n\t\tint flags, umode_t mode);\nasmlinkage long sys_getuid(void);\n"), nil
		},
		DebugInfo: func(object string) (*debuginfo.Object, error) {
			return nil, &kernel.UserError{Message: "the debuginfo of kernel 1.2.3 is not on this machine", Hint: "`stap prep --debuginfo -r 1.2.3` fetches it"}
		},
	}
	if level == "names" {
		return o
	}
	o.Symbols = func(object string) (*debuginfo.SymbolTable, error) {
		image, err := debuginfo.OpenImage(smallFile(object))
		if err != nil {
			return nil, err
		}
		return image.SymbolTable()
	}
	if level == "dwarf" {
		o.DebugInfo = func(object string) (*debuginfo.Object, error) { return debuginfo.Open(object, smallFile(object), "") }
	}
	return o
}

// listSmall gives the points that a point stands for with their addresses, and the
// messages.
func listSmall(t *testing.T, o elaborate.Options, point string) string {
	t.Helper()
	wanted, err := parse.Parse(&parse.Source{Name: "list", Text: []byte("probe " + point + " {}")}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listed, found, err := elaborate.List(wanted, nil, library(), o)
	if err != nil {
		t.Fatalf("%s: %v", point, err)
	}
	var lines []string
	for _, l := range listed {
		lines = append(lines, l.Point+" "+strings.Join(l.Addresses, " "))
	}
	for _, d := range found {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("! %s %s", d.Message, d.Hint)))
	}
	return strings.Join(lines, "\n")
}

const noDebuginfo = "the debuginfo of kernel 1.2.3 is not on this machine `stap prep --debuginfo -r 1.2.3` fetches it"

// TestCodePoints: P230, P231, P232, P233, P234, P235, P236, P239, P305, P340, P341,
// P350, P351, P372, P374: points in the code of the kernel, with DWARF.
func TestCodePoints(t *testing.T) {
	for _, test := range []struct{ point, want string }{
		{`function("open_file")`, `function("open_file@fs/open.c:10") _stext+0x40`},
		{`function("open_f*@open.c")`, `function("open_file@fs/open.c:10") _stext+0x40`},
		{`function("open_file@fs/open.c:10").return`, `function("open_file@fs/open.c:10").return _stext+0x40`},
		{`function("twin").call`, "function(\"twin@fs/open.c:4\").call _stext+0x30\nkernel.function(\"twin@fs/read.c:3\").call _stext+0xf0"},
		{`function("cloned")`, `function("cloned@fs/read.c:10") _stext+0xd0`},
		{`function("cloned.constprop.0").call`, `function("cloned.constprop.0").call _stext+0xd0`},
		{`function("may_read").call`, "! no match: may_read is inlined wherever it is called"},
		{`function("may_read").return`, "! cannot probe .return of 4 inlined function(s) may_read"},
		{`function("twin").exported`, "! no match: twin is static"},
		{`function("copy_bytes")`, `function("copy_bytes") _stext+0x201`},
		{`function("open_file").label("out")`, `function("open_file@fs/open.c:10").label("out") _stext+0x7c`},
		{`function("open_file").label("o*")`, `function("open_file@fs/open.c:10").label("out") _stext+0x7c`},
		{`function("open_file").label("in")`, "! no match: open_file has no label in"},
		{`function("std::open_file")`, "! no match (similar functions: read_file, start_file, spin_lock, copy_bytes, do_exit)"},
		{`function("open_file@fs/open.c:14")`, "function(\"open_file@fs/open.c:10\") _stext+0x40\n! For probing a particular line, use a .statement() probe, not .function()"},
		{`function("open_file@fs/open.c:14").return`, "! conflict :14 and .return probe"},
		{`function("open_file@fs/read.c")`, "! no match: open_file is in fs/open.c"},
		{`function("a b")`, `! malformed specification it is "name", "name@file", "name@file:line" or, in a statement, "name@file+lines"`},
		{`statement("open_file@fs/open.c:17")`, `statement("open_file@fs/open.c:17") _stext+0x72`},
		{`statement("open_file@fs/open.c+7")`, `statement("open_file@fs/open.c:17") _stext+0x72`},
		{`statement("*@fs/open.c:17")`, `statement("open_file@fs/open.c:17") _stext+0x72`},
		{`statement("open_file@fs/open.c:18")`, "! no line records for fs/open.c:18 [man error::dwarf] (try :17 or :19)"},
		{`statement(0xffffffff81000040)`, `statement(0xffffffff81000040) _stext+0x40`},
		{`function(0xffffffff81000040).return`, `function(0xffffffff81000040).return _stext+0x40`},
		{`statement(0xffffffff81000041)`, "! address 0xffffffff81000041 does not match the beginning of a statement"},
		{`statement(0x10)`, "! no match: there is no function at 0x10"},
		{`function("start_file")`, "! no match: function start_file is in blocklisted section its code is gone once the kernel has booted"},
		{`function("enter_kernel")`, "! no match: function enter_kernel is in blocklisted section it runs where no instrumentation may"},
		{`function("spin_lock")`, "! no match: function spin_lock is blocklisted it is a lock that a handler may need; stap -g allows it"},
		{`function("do_exit").return`, "! no match: function do_exit return probe is blocklisted it does not return; stap -g allows it"},
		{`function("do_exit").call`, `function("do_exit@fs/read.c:37").call _stext+0x1c0`},
		{`function("*_file").call`, "function(\"open_file@fs/open.c:10\").call _stext+0x40\nkernel.function(\"read_file@fs/read.c:27\").call _stext+0x170\n! function start_file is in blocklisted section"},
		{`function("open_file").callees(0)`, "! callees depth out of range (1, 8)"},
		{`function("open_file").callee("nothing")`, "! no match: no call of nothing in open_file is known"},
	} {
		want := test.want
		if want[0] != '!' {
			want = "kernel." + want
		}
		if got := listSmall(t, small("dwarf"), "kernel."+test.point); got != want {
			t.Errorf("%s:\n got %s\nwant %s", test.point, got, want)
		}
	}
}

// TestNamedPoints: P230, P234, P239, P350, P351: without DWARF a name is enough if it
// has one address and one prototype; what it takes DWARF for says so.
func TestNamedPoints(t *testing.T) {
	for _, test := range []struct{ level, point, want string }{
		{"symbols", `kernel.function("open_file")`, `kernel.function("open_file") _stext+0x40`},
		{"names", `kernel.function("open_file")`, `kernel.function("open_file") open_file+0x0`},
		{"symbols", `kernel.function("open_file").return`, `kernel.function("open_file").return _stext+0x40`},
		{"symbols", `kernel.function("lookup").exported`, `kernel.function("lookup").exported _stext+0x130`},
		{"symbols", `kernel.function("copy_bytes")`, `kernel.function("copy_bytes") _stext+0x201`},
		{"symbols", `kernel.function("__x64_sys_getuid")`, `kernel.function("__x64_sys_getuid") _stext+0xb0`},
		{"symbols", `kernel.function("__*_sys_getuid")`, `kernel.function("__do_sys_getuid") _stext+0xb0`},
		{"symbols", `kernel.function("twin")`, "! twin is there several times: only debuginfo tells them apart `stap prep --debuginfo -r 1.2.3` fetches it"},
		{"names", `kernel.function("twin")`, "! twin is there several times: only debuginfo tells them apart `stap prep --debuginfo -r 1.2.3` fetches it"},
		{"symbols", `kernel.function("cloned")`, "! cloned is there only as a clone of the compiler's, whose parameters may differ: only debuginfo tells them `stap prep --debuginfo -r 1.2.3` fetches it"},
		{"symbols", `kernel.function("memory_operation")`, "! no match (similar functions: __init_begin, copy_bytes, do_exit, enter_kernel, open_file)"},
		{"symbols", `kernel.function("c*ned").call`, "! cloned is there only as a clone of the compiler's, whose parameters may differ: only debuginfo tells them `stap prep --debuginfo -r 1.2.3` fetches it"},
		{"symbols", `kernel.function("*@fs/open.c")`, `! kernel.function("*@fs/open.c") needs the debuginfo of the kernel for files: ` + noDebuginfo},
		{"symbols", `kernel.function("open_file@fs/open.c:10")`, `! kernel.function("open_file@fs/open.c:10") needs the debuginfo of the kernel for lines: ` + noDebuginfo + `; without it there is kernel.function("open_file").call`},
		{"symbols", `kernel.function("may_read").inline`, `! kernel.function("may_read").inline needs the debuginfo of the kernel for inlined copies: ` + noDebuginfo + `; without it there is kernel.function("may_read").call`},
		{"symbols", `kernel.function("open_file").label("out")`, `! kernel.function("open_file").label("out") needs the debuginfo of the kernel for labels: ` + noDebuginfo + `; without it there is kernel.function("open_file").call`},
		{"symbols", `kernel.function("open_file").callees`, `! kernel.function("open_file").callees needs the debuginfo of the kernel for calls: ` + noDebuginfo + `; without it there is kernel.function("open_file").call`},
		{"symbols", `kernel.statement("open_file@fs/open.c:14")`, `! kernel.statement("open_file@fs/open.c:14") needs the debuginfo of the kernel for lines: ` + noDebuginfo + `; without it there is kernel.function("open_file").call`},
		{"symbols", `kernel.function(0xffffffff81000040)`, `kernel.function(0xffffffff81000040) _stext+0x40`},
	} {
		if got := listSmall(t, small(test.level), test.point); got != test.want {
			t.Errorf("%s, %s:\n got %s\nwant %s", test.level, test.point, got, test.want)
		}
	}
}

// TestModulePoints: P236, P238: modules by their names, with "-" or "_", by patterns,
// by files; what is none says what to write.
func TestModulePoints(t *testing.T) {
	for _, test := range []struct{ level, point, want string }{
		{"symbols", `module("driver").function("probe_device")`, `module("driver").function("probe_device") driver:probe_device+0x0`},
		{"dwarf", `module("driver").function("reset")`, `module("driver").function("reset@driver/driver.c:7") driver:reset+0x0`},
		{"dwarf", `module("snd-hda").function("probe_*").call`, `module("snd_hda").function("probe_device@driver/driver.c:13").call snd_hda:probe_device+0x0`},
		{"dwarf", `module("d*").function("reset")`, `module("driver").function("reset@driver/driver.c:7") driver:reset+0x0`},
		{"dwarf", `module("testdata/kernel/driver.ko").function("reset")`, `module("driver").function("reset@driver/driver.c:7") driver:reset+0x0`},
		{"dwarf", `module("driver").statement("probe_device@driver.c:15")`, `module("driver").statement("probe_device@driver/driver.c:15") driver:probe_device+0x0`},
		{"dwarf", `module("driver").function("init_module")`, "! no match: function init_module is in blocklisted section its code is gone once the module is loaded"},
		{"dwarf", `module("driver").statement(0x10)`, `module("driver").statement(0x10) driver:probe_device+0x0`},
		{"dwarf", `module("ext4").function("x")`, `! ext4 is no module: it is built into this kernel write kernel in place of module("ext4"): kernel.function(…)`},
		{"dwarf", `module("ext3").function("x")`, `! ext3 is no module of its own: it has gone into ext4, which is built into this kernel write kernel in place of module("ext3"): kernel.function("ext4_…")`},
		{"dwarf", `module("old-driver").function("x")`, `! old-driver is no module of its own: it has gone into driver write module("driver")`},
		{"dwarf", `module("drivel").function("x")`, "! no match: the kernel has no module drivel"},
		{"dwarf", `module("x*").function("x")`, "! no match: the kernel has no module x*"},
	} {
		if got := listSmall(t, small(test.level), test.point); got != test.want {
			t.Errorf("%s, %s:\n got %s\nwant %s", test.level, test.point, got, test.want)
		}
	}
}

// dumpSmall gives a script for the small kernel, elaborated.
func dumpSmall(t *testing.T, o elaborate.Options, script string) string {
	t.Helper()
	file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte(script)}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), o)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	if found.Errors() > 0 {
		return found.Error()
	}
	var out strings.Builder
	if err := elaborate.Dump(&out, program, true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestSystemCalls: P230: sys_NAME is the wrapper of that call; its parameters are in the
// caller's registers, with the names and types of the header or, where that has no
// names, of the function that does the work.
func TestSystemCalls(t *testing.T) {
	for _, level := range []string{"names", "symbols", "dwarf"} {
		at := "_stext+0xa0"
		if level == "names" {
			at = "__x64_sys_open+0x0"
		}
		if got, want := listSmall(t, small(level), `kernel.function("sys_open")`), `kernel.function("sys_open") `+at; got != want {
			t.Errorf("%s: got %s, want %s", level, got, want)
		}
		for script, want := range map[string]string{
			`probe kernel.function("sys_open") { println($filename, $flags, $mode) }`:       `@kderef(8, (@argument(0) + 112)), @kderef(4, (@argument(0) + 104)), @kderef(2, (@argument(0) + 96))`,
			`probe kernel.function("sys_open").return { println($return, @entry($flags)) }`: `$return, @entry(@kderef(4, (@argument(0) + 104)))`,
			`probe kernel.function("sys_read") { println($$parms) }`:                        `"fd=%#x buf=%#x count=%#x"`,
			`probe kernel.function("sys_open") { println($fd) }`:                            `unable to find variable '$fd' in function sys_open`,
			`probe kernel.function("sys_getuid") { println($$parms, "x") }`:                 `"x"`,
		} {
			if got := dumpSmall(t, small(level), script); !strings.Contains(got, want) {
				t.Errorf("%s, %s: no %s in\n%s", level, script, want, got)
			}
		}
	}
	if got, want := strings.Count(listSmall(t, small("symbols"), `kernel.function("sys_*")`), "\n"), 2; got != want {
		t.Errorf("sys_* stands for %d calls, want %d", got+1, want+1)
	}
}

// TestNarrowSystemCalls: T400: compat_sys_NAME is the wrapper that callers of 32 bits come in by, the first kind that
// there is; their arguments are in other registers.
func TestNarrowSystemCalls(t *testing.T) {
	if got, want := listSmall(t, small("names"), `kernel.function("compat_sys_read")`), `kernel.function("compat_sys_read") __ia32_compat_sys_read+0x0`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := dumpSmall(t, small("names"), `probe kernel.function("compat_sys_read") { println($fd, $buf) }`),
		`@kderef(4, (@argument(0) + 40)), @kderef(8, (@argument(0) + 88))`; !strings.Contains(got, want) {
		t.Errorf("no %s in\n%s", want, got)
	}
	for _, level := range []string{"names", "symbols"} { // one wrapper for all callers, and no such call
		for _, name := range []string{"compat_sys_getuid", "compat_sys_none", "sys_none"} {
			script := `probe kernel.function("` + name + `").call ?, begin { println(1) }`
			if got := dumpSmall(t, small(level), script); strings.Contains(got, name) {
				t.Errorf("%s: %s is there:\n%s", level, name, got)
			}
		}
	}
}

// TestCallees: P232: a callee's probe runs if it returns behind a call that is looked
// for; its return only where the entry did.
func TestCallees(t *testing.T) {
	for script, want := range map[string]string{
		`probe kernel.function("open_file").callee("twin") { println(1) }`:          "kernel.function(\"open_file@fs/open.c:10\").callee(\"twin@fs/open.c:4\") /* <- kernel.function(\"open_file\").callee(\"twin\") */\nif (@calledfrom(+58))",
		`probe kernel.function("open_file").callee("lookup").return { println(1) }`: "if (@calledfrom(-185))\n{\n  @entry(1);",
		`probe kernel.function("open_file").callee("may_read") { println(1) }`:      "callee(\"may_read\") */\n{",
		`probe kernel.function("read_file").callees(2) { println(1) }`:              "callee(\"lookup@fs/read.c:16\") /* <- kernel.function(\"read_file\").callees(2) */\nif (@calledfrom(",
	} {
		if got := dumpSmall(t, small("dwarf"), script); !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%s", script, want, got)
		}
	}
}

// TestMaxPlaces: P240: a point that stands for many places says for how many.
func TestMaxPlaces(t *testing.T) {
	o := small("dwarf")
	o.MaxPlaces = 3
	if got, want := dumpSmall(t, o, `probe kernel.function("*") { println(1) }`), " places, more than 3"; !strings.Contains(got, want) {
		t.Errorf("no %q in %s", want, got)
	}
}

// TestSpares: P231: an inlined copy that lacks a variable of the function out of line
// is left out, and that is said; what no copy has is a mistake.
func TestSpares(t *testing.T) {
	elaborated := func(body string) (probes int, messages string) {
		t.Helper()
		file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte(`probe kernel.function("level") { ` + body + ` }`)}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), small("dwarf"))
		if err != nil {
			t.Fatal(err)
		}
		if program != nil {
			probes = len(program.Probes)
		}
		if len(found) > 0 {
			messages = found.Error()
		}
		return probes, messages
	}
	if probes, messages := elaborated("println(1)"); probes != 2 || messages != "" {
		t.Errorf("%d probes, %s", probes, messages)
	}
	if probes, messages := elaborated("println($unused)"); probes != 1 || !strings.Contains(messages, "1 inlined copies are not probed: ") {
		t.Errorf("%d probes, %s", probes, messages)
	}
	if probes, messages := elaborated("println($nothing)"); probes != 0 || !strings.Contains(messages, "$nothing") && !strings.Contains(messages, "'nothing'") {
		t.Errorf("%d probes, %s", probes, messages)
	}
}

// TestListedSpares: P231, C450: an inlined copy whose handler would be left out is not listed either: the point is that
// of the function out of line.
func TestListedSpares(t *testing.T) {
	const text = `probe unused = kernel.function("level") { u = $unused } probe other = kernel.function("read_file") { n = 1 }`
	script, err := parse.Parse(&parse.Source{Name: "script", Text: []byte(text)}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := parse.Parse(&parse.Source{Name: "list", Text: []byte("probe unused, other {}")}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listed, found, err := elaborate.List(wanted, []*parse.File{script}, library(), small("dwarf"))
	if err != nil || len(found) > 0 {
		t.Fatal(found, err)
	}
	var lines []string
	for _, l := range listed {
		lines = append(lines, fmt.Sprintf("%s %s, %d places", l.Point, l.Variables[0], len(l.Addresses)))
	}
	if got, want := strings.Join(lines, "; "), "other n:long, 1 places; unused u:long, 1 places"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
