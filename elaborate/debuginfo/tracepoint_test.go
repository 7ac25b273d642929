package debuginfo_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/elaborate/debuginfo/btftest"
)

// TestTracepoints: P280, P306: tracepoints with what they pass, the pointer of
// the kernel's own left out, and types as the source has them.
func TestTracepoints(t *testing.T) {
	btf, err := debuginfo.ParseBTF(btftest.Kernel())
	if err != nil {
		t.Fatal(err)
	}
	tracepoints, err := btf.Tracepoints(func(name string) bool { return strings.HasPrefix(name, "odd") || strings.HasPrefix(name, "sched_s") })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range tracepoints {
		line := f.Name
		for _, p := range f.Parameters {
			line += " " + p.Name + ":" + p.Written()
		}
		got = append(got, line)
	}
	want := []string{
		"sched_switch preempt:bool prev:struct task_struct* next:struct task_struct* prev_state:unsigned int",
		"odd_event name:char const* word:union word state:s8 wide:struct wide behind:int",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	b := btftest.New()
	b.Function("__traceiter_nothing", 0)
	if btf, err = debuginfo.ParseBTF(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	if _, err := btf.Tracepoints(func(string) bool { return true }); err == nil {
		t.Error("a tracepoint that passes nothing at all is taken for one")
	}
}

// TestTracepointsOfDWARF: P280: DWARF says the same, in the order of the names.
func TestTracepointsOfDWARF(t *testing.T) {
	source, file := filepath.Join(t.TempDir(), "traced.c"), filepath.Join(t.TempDir(), "traced.o")
	const text = "int __traceiter_second(void *data, const char *name, long n) { return 0; }\n" +
		"int __traceiter_first(void *data) { return 0; }\nint other(int x) { return x; }\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(aCompiler(t), "-g", "-c", "-o", file, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	o, err := debuginfo.Open("traced", file, "")
	if err != nil {
		t.Fatal(err)
	}
	tracepoints, err := o.Tracepoints(func(string) bool { return true })
	if err != nil || len(tracepoints) != 2 || tracepoints[0].Name != "first" || len(tracepoints[0].Parameters) != 0 || tracepoints[1].Name != "second" {
		t.Fatalf("tracepoints %v, %v", tracepoints, err)
	}
	if p := tracepoints[1].Parameters; len(p) != 2 || p[0].Name+":"+p[0].Written() != "name:char const*" || p[1].Name+":"+p[1].Written() != "n:long int" {
		t.Errorf("second passes %v", p)
	}
}

func aCompiler(t *testing.T) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("a C compiler is needed: gcc-12 or gcc")
		}
	}
	return compiler
}

// eventLayoutBTF lays events out as events.c does.
func eventLayoutBTF(t *testing.T) *debuginfo.BTF {
	t.Helper()
	b := btftest.New()
	text, flags := b.Pointer(b.Int("char", 1, true)), b.Int("int", 4, true)
	tracepoint := b.Struct("tracepoint", 16, btftest.Member{Name: "name", Type: text, Offset: 64})
	class := b.Struct("trace_event_class", 16, btftest.Member{Name: "system", Type: text})
	which := b.Union("", 8, btftest.Member{Name: "name", Type: text}, btftest.Member{Name: "tp", Type: b.Pointer(tracepoint)})
	b.Struct("trace_event_call", 32, btftest.Member{Name: "class", Type: b.Pointer(class)},
		btftest.Member{Type: which, Offset: 64}, btftest.Member{Name: "flags", Type: flags, Offset: 128})
	b.Enum("", btftest.Enumerator{Name: "TRACE_EVENT_FL_TRACEPOINT", Value: 16})
	btf, err := debuginfo.ParseBTF(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return btf
}

const eventSource = `
struct tracepoint { long key; const char *name; };
struct class { const char *system; long fields; };
struct event { struct class *class; union { const char *name; struct tracepoint *tp; }; int flags; };

struct tracepoint __tracepoint_disk_open = { .name = "disk_open" };
struct tracepoint __tracepoint_bare = { .name = "bare" };
struct tracepoint *const __tracepoint_ptr_disk_open __attribute__((section("__tracepoints_ptrs"), used)) = &__tracepoint_disk_open;
extern struct tracepoint __tracepoint_of_another_module;
struct tracepoint *use(void) { return &__tracepoint_of_another_module; }

static struct class disks = { .system = "disks" }, syscalls = { .system = "syscalls" };
static struct event event_disk_open = { .class = &disks, .tp = &__tracepoint_disk_open, .flags = 16 | 1 };
static struct event event_call = { .class = &syscalls, .name = "sys_enter_open", .flags = 1 };
static struct event *events[] __attribute__((section("_ftrace_events"), used)) = { &event_disk_open, &event_call };
`

// TestTraceSystems: P280: the tracepoints that a module's file defines, and the systems
// of those that are events.
func TestTraceSystems(t *testing.T) {
	source, object := filepath.Join(t.TempDir(), "events.c"), filepath.Join(t.TempDir(), "events.ko")
	if err := os.WriteFile(source, []byte(eventSource), 0o644); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(aCompiler(t), "-c", "-O1", "-o", object, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	image, err := debuginfo.OpenImage(object)
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	names, err := image.TracepointNames()
	slices.Sort(names)
	if want := []string{"bare", "disk_open"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("tracepoints %v %v, want %v", names, err, want)
	}
	layout, err := eventLayoutBTF(t).EventLayout()
	if err != nil {
		t.Fatal(err)
	}
	systems, err := image.TraceSystems(layout)
	if want := map[string]string{"disk_open": "disks"}; err != nil || !maps.Equal(systems, want) {
		t.Errorf("systems %v %v, want %v", systems, err, want)
	}
	plain, err := debuginfo.ParseBTF(btftest.Kernel())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.EventLayout(); err == nil {
		t.Error("a layout is read out of BTF that has none")
	}
}
