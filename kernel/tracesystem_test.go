package kernel

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// TestEventReader: P280: the tracepoints of a header, whatever macros declare them,
// and the system that stands before them.
func TestEventReader(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"#define TRACE_SYSTEM sched\nTRACE_EVENT(one,\n TP_PROTO(int a), TP_ARGS(a));\nDEFINE_EVENT(class, two, TP_PROTO(int a), TP_ARGS(a));":                            {"one": "sched", "two": "sched"},
		"#undef TRACE_SYSTEM\n#  define  TRACE_SYSTEM\tfirst\nTRACE_EVENT_CONDITION(a, x)\n#undef TRACE_SYSTEM\n#define TRACE_SYSTEM second\nDEFINE_EVENT_PRINT(c, b, x)": {"a": "first", "b": "second"},
		"#define TRACE_SYSTEM s\nDECLARE_TRACE(bare,\n\tTP_PROTO(void));\nDECLARE_EVENT_CLASS(class, TP_PROTO(int a));":                                                   {"bare": "s", "bare_tp": "s"},
		"#define TRACE_SYSTEM s\n/* TRACE_EVENT(no, x) */\n// DEFINE_EVENT(a, no, x)\n\"TRACE_EVENT(no)\"; TRACE_EVENT( /* here */ yes, \"a, (\")":                        {"yes": "s"},
		"#define TRACE_SYSTEM vectors\n#define VECTOR(name) \\\nDEFINE_EVENT_FN(class, name##_entry, x); \\\nDEFINE_EVENT_FN(class, name ## _exit, x)\nVECTOR(timer);\nVECTOR(irq)\n": {
			"timer_entry": "vectors", "timer_exit": "vectors", "irq_entry": "vectors", "irq_exit": "vectors"},
		"#define TRACE_SYSTEM s\n#define INNER(t, n) DEFINE_EVENT(t, n, x)\n#define OUTER(n) INNER(class, outer_##n)\nOUTER(a) OUTER(b)": {"outer_a": "s", "outer_b": "s"},
		"#define TRACE_SYSTEM s\n#define LOOP(n) DEFINE_EVENT(c, n) LOOP(n##x)\nLOOP(a)":                                                 {"a": "s", "ax": "s", "axx": "s", "axxx": "s", "axxxx": "s", "axxxxx": "s", "axxxxxx": "s", "axxxxxxx": "s"},
		"TRACE_EVENT(nobodys, x)":                                                        {},
		"#define TRACE_SYSTEM s\nTRACE_EVENT(cut,":                                       {},
		"#define TRACE_SYSTEM s\nTRACE_EVENT_FLAGS(a, 1) DEFINE_EVENT(only) TRACE_EVENT": {},
		"#define\n#define (\n#":                                                          {},
	} {
		reader := eventReader{systems: map[string]string{}}
		reader.read(text)
		if !maps.Equal(reader.systems, want) {
			t.Errorf("%s\n got %v\nwant %v", text, reader.systems, want)
		}
	}
}

// TestTraceSystems: P280: headers beside the build tree, and what the running
// kernel says of what they do not have.
func TestTraceSystems(t *testing.T) {
	m := fakeMachine(t)
	addKernel(t, m.root, runningRelease)
	build, source := filepath.Join(m.root, "usr/src/linux-headers-"+runningRelease), filepath.Join(m.root, "usr/src/common")
	write(t, filepath.Join(source, "Makefile"), "")
	write(t, filepath.Join(build, "Makefile"), "include "+filepath.Join(source, "Makefile")+"\n")
	write(t, filepath.Join(source, "include/trace/events/sched.h"), "#define TRACE_SYSTEM sched\nTRACE_EVENT(sched_switch, x)\n")
	write(t, filepath.Join(source, "arch/x86/include/asm/trace/fpu.h"), "#define TRACE_SYSTEM x86_fpu\nTRACE_EVENT(x86_fpu_init, x)\n")
	write(t, filepath.Join(source, "arch/arm64/include/asm/trace/other.h"), "#define TRACE_SYSTEM other\nTRACE_EVENT(other_event, x)\n")
	events := filepath.Join(m.root, "sys/kernel/tracing/events")
	write(t, filepath.Join(events, "regmap/regmap_reg_read/id"), "1\n")
	write(t, filepath.Join(events, "elsewhere/sched_switch/id"), "2\n")
	write(t, filepath.Join(events, "header_page"), "")
	k, err := m.find("")
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.TraceSystems()
	want := map[string]string{"sched_switch": "sched", "x86_fpu_init": "x86_fpu", "regmap_reg_read": "regmap"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v %v, want %v", got, err, want)
	}
}

// TestKeptOfModules: what has been made of the modules is made again when they change.
func TestKeptOfModules(t *testing.T) {
	m := fakeMachine(t)
	addKernel(t, m.root, runningRelease)
	k, err := m.find("")
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	get := func() string {
		t.Helper()
		data, err := k.KeptOfModules("part", func() ([]byte, error) { made++; return []byte("made"), nil })
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if get() != "made" || get() != "made" || made != 1 {
		t.Errorf("made %d times", made)
	}
	write(t, filepath.Join(k.ModulesDir, "modules.dep"), "a.ko:\n")
	if get(); made != 2 {
		t.Errorf("made %d times after a change", made)
	}
	failure := errors.New("failure")
	if _, err := k.KeptOfModules("other", func() ([]byte, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	for _, list := range []string{"modules.dep", "modules.order"} {
		if err := os.Remove(filepath.Join(k.ModulesDir, list)); err != nil {
			t.Fatal(err)
		}
	}
	if get(); made != 3 {
		t.Errorf("made %d times where nothing tells of changes", made)
	}
}
