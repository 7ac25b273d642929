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

// tracepointOptions are of a kernel with some tracepoints and a module with one; of
// a second module with tracepoints there is no BTF.
func tracepointOptions() elaborate.Options {
	return elaborate.Options{
		BTF:  kernelBTF,
		Guru: true,
		TraceSystem: func(object, name string) (string, error) {
			return map[string]string{
				"kernel sched_switch": "sched", "kernel sched_wakeup": "sched", "kernel odd_event": "odd",
				"kernel many_event": "odd", "disk disk_open": "disks",
			}[object+" "+name], nil
		},
		TracedModules: func() (map[string]map[string]string, error) {
			return map[string]map[string]string{"disk": {"disk_open": "disks"}, "plain": {"plain_open": "disks", "sched_plain": "sched"},
				"old_tape": {"tape_open": "tapes"}}, nil
		},
		ModuleBTF: func(module string) (*debuginfo.BTF, error) {
			if module != "disk" {
				return nil, &kernel.UserError{Message: "no module " + module, Hint: "look elsewhere"}
			}
			b := btftest.New()
			disk := b.Struct("disk", 4, btftest.Member{Name: "number", Type: b.Int("int", 4, true)})
			b.Function("__traceiter_disk_open", 0, btftest.Parameter{Name: "__data", Type: b.Pointer(0)}, btftest.Parameter{Name: "d", Type: b.Pointer(disk)})
			b.Function("disk_other", 0)
			return debuginfo.ParseBTF(b.Bytes())
		},
	}
}

// TestTracepoints: P280, P281, P305, P306, P372: the tracepoints that a point stands
// for, by system, name and module, and what they pass.
func TestTracepoints(t *testing.T) {
	const (
		sched  = `kernel.trace("sched:sched_switch") $preempt:bool $prev:struct task_struct* $next:struct task_struct* $prev_state:unsigned int`
		wakeup = `kernel.trace("sched:sched_wakeup") $p:struct task_struct*`
		odd    = `kernel.trace("odd:odd_event") $name:char const* $state:s8`
		many   = `kernel.trace("odd:many_event") $a:int $b:int $c:int $d:int $e:int $f:int $g:int $h:int $i:int $j:int $k:int $l:int`
		bare   = `kernel.trace("bare_tp")`
		disk   = `kernel.trace("disks:disk_open") $d:struct disk*`
		plain  = `kernel.trace("disks:plain_open")`
	)
	for point, want := range map[string][]string{
		`kernel.trace("sched_switch")`:             {sched},
		`kernel.trace("sched:sched_switch")`:       {sched},
		`kernel.trace("sched_*")`:                  {sched, wakeup},
		`kernel.trace("sched:*")`:                  {sched, wakeup},
		`kernel.trace("s*d:*wa*")`:                 {wakeup},
		`kernel.trace("*")`:                        {bare, many, odd, sched, wakeup},
		`kernel.trace("*:*")`:                      {many, odd, sched, wakeup},
		`kernel.trace("bare_tp")`:                  {bare},
		`kernel.trace("disk_open")`:                {disk},
		`kernel.trace("disks:*")`:                  {disk, plain},
		`module("disk").tracepoint("*")`:           {`module("disk").tracepoint("disk_open") $d:struct disk*`},
		`module("d*").tracepoint("disk_open")`:     {`module("disk").tracepoint("disk_open") $d:struct disk*`},
		`module("old-t*").tracepoint("tape_*")`:    {`module("old_tape").tracepoint("tape_open")`},
		`kernel.tracepoint("sched_w*")`:            {`kernel.tracepoint("sched_wakeup") $p:struct task_struct*`},
		`kernel.tracepoint("disk_open")?`:          nil,
		`kernel.trace("odd:sched_switch")?`:        nil,
		`module("disk").tracepoint("disk_other")?`: nil,
	} {
		wanted, err := parse.Parse(&parse.Source{Name: "list", Text: []byte("probe " + point + " {}")}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		listed, found, err := elaborate.List(wanted, nil, library(), tracepointOptions())
		if err != nil || len(found) > 0 {
			t.Errorf("%s: %v %v", point, found, err)
		}
		var lines []string
		for _, l := range listed {
			lines = append(lines, strings.Join(append([]string{l.Point}, l.Variables...), " "))
		}
		if fmt.Sprint(lines) != fmt.Sprint(want) {
			t.Errorf("%s:\n got %s\nwant %s", point, strings.Join(lines, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// TestTracepointArguments: P280, P281, P282, P320: arguments are words in their
// order, a structure that fits takes one of them, and pointers can be followed.
func TestTracepointArguments(t *testing.T) {
	for text, want := range map[string]string{
		`probe kernel.trace("sched_switch") { println($prev->pid, $preempt) }`:                             `@kderef(4, @argument(1)), @argument(0)`,
		`probe kernel.trace("odd_event") { println($state) }`:                                              `@argument(2)`,
		`probe kernel.trace("sched_switch") { println($$name, $$system) }`:                                 `"sched_switch", "sched"`,
		`probe kernel.trace("bare_tp") { println($$name, $$system, "|", $$vars) }`:                         `"bare_tp", "", "|", ""`,
		`probe kernel.trace("odd_event") { println($$vars) }`:                                              `"name=%#x word={...} state=%#x wide={...} behind=?"`,
		`probe kernel.trace("sched_wakeup") { println($$parms$) }`:                                         `"p={.pid=%d, .comm=[...]}"`,
		`probe kernel.trace("sched_wakeup") { println($p$$) }`:                                             `"{.pid=%d, .comm=%.16q}"`,
		`probe kernel.tracepoint("sched_wakeup") { println($arg1->pid, $p->pid) }`:                         `@kderef(4, @argument(0)), @kderef(4, @argument(0))`,
		`probe kernel.trace("sched_wakeup") { println(@defined($q) ? 1 : @defined($p), @defined($arg1)) }`: `1, 0`,
		`probe kernel.trace("sched_wakeup") { $p->pid = 3 }`:                                               `(@kderef(4, @argument(0)) = 3)`,
		`probe module("disk").tracepoint("disk_open") { println($d->number) }`:                             `@kderef(4, @argument(0))`,
		`probe kernel.trace("disks:plain_open") { println($$name, $$vars) }`:                               `"plain_open", ""`,
	} {
		program, found, err := elaborateTraced(t, text, true)
		if err != nil || found.Errors() > 0 {
			t.Errorf("%s: %v %v", text, found, err)
			continue
		}
		var out strings.Builder
		if err := elaborate.Dump(&out, program, true); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s:\n%swant %s", text, out.String(), want)
		}
	}
}

func elaborateTraced(t *testing.T, text string, guru bool) (*elaborate.Program, parse.Diagnostics, error) {
	t.Helper()
	file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte(text)}, parse.Options{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	options := tracepointOptions()
	options.Guru = guru
	return elaborate.Elaborate([]*parse.File{file}, library(), options)
}

// TestTracepointMistakes: P280, P281, P282, P350: what is wrong is said in one
// message, with names that may have been meant.
func TestTracepointMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`probe kernel.trace("sched_swich") { println(1) }`:                "no match (similar tracepoints: sched_switch, sched_plain, sched_wakeup, ",
		`probe kernel.trace("sched:sched_swich") { println(1) }`:          "no match (similar tracepoints: sched:sched_switch, ",
		`probe kernel.trace("odd:sched_*") { println(1) }`:                "no match (similar tracepoints: ",
		`probe kernel.trace("a:b:c") { println(1) }`:                      "malformed specification of a tracepoint",
		`probe kernel.trace("sched:") { println(1) }`:                     "malformed specification of a tracepoint",
		`probe kernel.tracepoint("disk_open") { println(1) }`:             "no match (similar tracepoints: ",
		`probe module("disk").tracepoint("disk_opn") { println(1) }`:      "no match (similar tracepoints: disk_open)",
		`probe module("none").tracepoint("x") { println(1) }`:             "no module none",
		`probe kernel.trace("sched_switch") { println($nxt) }`:            "unable to find tracepoint variable '$nxt' of sched_switch",
		`probe kernel.trace("sched_switch") { println($arg1) }`:           "unable to find tracepoint variable '$arg1'",
		`probe kernel.trace("disks:plain_open") { println($d) }`:          "unable to find tracepoint variable '$d'",
		`probe kernel.trace("sched_switch") { println($$locals) }`:        "$$locals is no group of target variables",
		`probe kernel.trace("sched_switch") { println($next->nosuch) }`:   "unable to find member 'nosuch' for struct task_struct",
		`probe kernel.trace("odd_event") { println($word) }`:              "is a structure passed by value",
		`probe kernel.trace("odd_event") { println($behind) }`:            "stands behind $wide, which is wider than a register",
		`probe kernel.trace("many_event") { println($m) }`:                "is not one of the first 12",
		`probe kernel.trace("sched_switch") { println($return) }`:         "unable to find tracepoint variable '$return'",
		`probe kernel.trace("sched_switch") { $prev_state = 1 }`:          "an argument of a tracepoint cannot be set",
		`probe kernel.trace("sched_switch") { $prev = 1 }`:                "an argument of a tracepoint cannot be set",
		`probe kernel.trace("sched_switch") if ($preempt) { println(1) }`: "must not use target variables",
		`probe kernel.trace(1) { println(1) }`:                            "probe point mismatch",
		`probe kernel.trace { println(1) }`:                               "probe point mismatch",
	} {
		_, found, err := elaborateTraced(t, text, true)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if found.Errors() != 1 || !strings.Contains(found.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", text, found, want)
		}
	}
	_, found, err := elaborateTraced(t, `probe kernel.trace("sched_wakeup") { $p->pid = 1 }`, false)
	if err != nil || !strings.Contains(found.Error(), "need stap -g") {
		t.Errorf("without guru mode: %v %v", found, err)
	}
}
