package elaborate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

// This file is about what must not be probed: code that is gone when a probe
// comes, code that runs while a probe is served, code that the kernel itself does
// not let be probed. A function that a pattern matches is left out; one that a
// script names is an error, which guru mode does not always take back.

// refusal says why a function is not probed.
type refusal struct {
	form  string // of the message: "function %s is blocklisted"
	why   string // "it runs once, while the kernel boots"
	final bool   // in guru mode, too
}

const (
	refusedFunction = "function %s is blocklisted"
	refusedReturn   = "function %s return probe is blocklisted"
	refusedSection  = "function %s is in blocklisted section"
	refusedFile     = "function %s is in blocklisted file"
	refusedKprobes  = "kprobes function %s is blocklisted"
)

// area is a part of the kernel's code that a refusal holds for.
type area struct {
	low, high uint64
	refusal   refusal
}

// namedArea is the same by the symbols around it.
type namedArea struct {
	low, high string
	refusal   refusal
}

// refusedAreas are those that must not be probed.
var refusedAreas = []namedArea{
	{"__init_begin", "__init_end", refusal{refusedSection, "its code is gone once the kernel has booted", true}},
	{"_sinittext", "_einittext", refusal{refusedSection, "its code is gone once the kernel has booted", true}},
	{"__kprobes_text_start", "__kprobes_text_end", refusal{refusedKprobes, "it serves probes itself", true}},
	{"__noinstr_text_start", "__noinstr_text_end", refusal{refusedSection, "it runs where no instrumentation may", true}},
	{"__entry_text_start", "__entry_text_end", refusal{refusedSection, "it is the kernel's entry", true}},
	{"__irqentry_text_start", "__irqentry_text_end", refusal{refusedSection, "it is the entry of interrupts", true}},
	{"__static_call_text_start", "__static_call_text_end", refusal{refusedSection, "it is rewritten while the kernel runs", true}},
}

// sectionRefusals are the same for the sections of a module.
var sectionRefusals = map[string]refusal{
	".init.text":        {refusedSection, "its code is gone once the module is loaded", true},
	".exit.text":        {refusedSection, "it runs once, while the module is unloaded", false},
	".kprobes.text":     {refusedKprobes, "it serves probes itself", true},
	".noinstr.text":     {refusedSection, "it runs where no instrumentation may", true},
	".static_call.text": {refusedSection, "it is rewritten while the kernel runs", true},
	".devinit.text":     {refusedSection, "its code is gone once the module is loaded", true},
	".devexit.text":     {refusedSection, "it runs once, while the module is unloaded", false},
	".cpuinit.text":     {refusedSection, "its code is gone once the module is loaded", true},
	".cpuexit.text":     {refusedSection, "it runs once, while the module is unloaded", false},
	".meminit.text":     {refusedSection, "its code is gone once the module is loaded", true},
	".memexit.text":     {refusedSection, "it runs once, while the module is unloaded", false},
}

// nameFamily are functions that a handler, or what brings a hit to it, may itself
// be in the middle of: those whose names, without underscores in front, begin with
// one of the stems and match the pattern; with anywhere, those that contain a stem.
type nameFamily struct {
	stems    []string
	anywhere bool
	names    *regexp.Regexp // nil: the stem is enough
	why      string
}

const (
	lockWhy   = "it is a lock that a handler may need"
	insideWhy = "a hit goes through it"
	faultWhy  = "a fault in a handler goes through it"
	entryWhy  = "it is the entry of interrupts and faults"
	standsWhy = "it stands in for an instruction"
)

// nameFamilies are all families. Their patterns take longer to prepare than all else that
// stap does before its first pass: that waits for a point in code.
var nameFamilies = sync.OnceValue(func() []nameFamily {
	return []nameFamily{
		{stems: []string{"raw_", "arch_", "read_", "write_", "spin_", "rw_", "queued_"}, why: lockWhy,
			names: regexp.MustCompile(`^_*(raw_|arch_)*_*(queued_)?(read|write|spin|rw)_(try)?(lock|unlock)`)},
		{stems: []string{"mutex_", "rt_mutex_", "ww_mutex_"}, why: lockWhy, names: regexp.MustCompile(`mutex_(lock|unlock|trylock|is_locked|init)`)},
		{stems: []string{"down", "up", "rwsem_", "init_rwsem"}, why: lockWhy,
			names: regexp.MustCompile(`^_*((down|up)(_(read|write|interruptible|killable|trylock|timeout|nested|non_owner|common|nest_lock))*|rwsem_.*|init_rwsem)$`)},
		{stems: []string{"atomic_", "atomic64_", "atomic_long_", "raw_atomic", "arch_atomic"}, why: "it is a single instruction elsewhere",
			names: regexp.MustCompile(`^_*(raw_|arch_)?(atomic|atomic64|atomic_long)_(read|set|add|sub|inc|dec|and|or|xor|xchg|cmpxchg|try_cmpxchg|fetch)`)},
		{stems: []string{"atomic_notifier_call_chain", "blocking_notifier_call_chain", "raw_notifier_call_chain", "srcu_notifier_call_chain", "notifier_call_chain", "notify_die"}, why: faultWhy},
		{stems: []string{"do_", "exc_", "asm_exc_", "sysvec_", "asm_sysvec_", "common_interrupt", "asm_common_interrupt", "default_do_nmi", "nmi_", "int3", "oops_", "die"}, why: entryWhy,
			names: regexp.MustCompile(`^_*(do_(IRQ|page_fault|kern_addr_fault|user_addr_fault|int3|debug|nmi|trap|general_protection|divide_error|double_fault|machine_check)|(asm_)?(exc|sysvec)_.*|(asm_)?common_interrupt.*|default_do_nmi|nmi_.*|int3.*|oops_.*|die(_body|_header)?)$`)},
		{stems: []string{"apic", "softirq"}, anywhere: true, why: "it belongs to interrupts"},
		{stems: []string{"_intr"}, anywhere: true, why: "it belongs to interrupts", names: regexp.MustCompile(`_intr$`)},
		{stems: []string{"xen_"}, why: standsWhy},
		{stems: []string{"udelay", "ndelay", "delay", "const_udelay", "read_current_timer"}, why: "it waits in a loop for time to pass",
			names: regexp.MustCompile(`^_*((const_)?(udelay|ndelay|delay)|delay_(tsc|loop|halt|halt_tpause|halt_mwaitx)|read_current_timer)$`)},
		{stems: []string{"kernel_text_address", "module_text_address", "core_kernel_text", "is_module_text_address"}, why: "a hit asks it what kind of address that is"},
		{stems: []string{"get_current", "current_"}, why: "a hit asks it for the current task", names: regexp.MustCompile(`^_*(get_current$|current_)`)},
		{stems: []string{"search_exception_tables", "search_module_extables", "search_extable", "search_kernel_exception_table", "fixup_exception"}, why: faultWhy},
		{stems: []string{"setup_rt_frame"}, why: "it hands a signal to a process"},
		{stems: []string{"preempt_"}, why: insideWhy, names: regexp.MustCompile(`preempt_(.*count|schedule)`)},
		{stems: []string{"hash_64", "hash_ptr"}, why: insideWhy, names: regexp.MustCompile(`^hash_(64|ptr)$`)},
		{stems: []string{"native_set_pte"}, why: standsWhy},
		{stems: []string{"get_bh", "put_bh"}, why: "it is a single instruction elsewhere", names: regexp.MustCompile(`^(get|put)_bh$`)},
		{stems: []string{"switch_to"}, why: "the task changes in it", names: regexp.MustCompile(`^__switch_to(_asm)?$`)},
		{stems: []string{"x86_", "srso_", "retbleed_", "SCT__", "indirect_thunk", "write_ibpb", "entry_untrain_ret"}, why: standsWhy,
			names: regexp.MustCompile(`^_*(x86_(return_|indirect_|call_|jump_|.*thunk)|srso_|retbleed_|SCT__|indirect_thunk|write_ibpb|entry_untrain_ret)`)},
	}
})

// has reports whether a function is of the family.
func (f *nameFamily) has(name string) bool {
	bare := strings.TrimLeft(name, "_")
	for _, stem := range f.stems {
		if strings.HasPrefix(bare, stem) || f.anywhere && strings.Contains(name, stem) {
			return f.names == nil || f.names.MatchString(name)
		}
	}
	return false
}

// refusedReturns never return, or not to where they were called from.
var refusedReturns = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(_*do_exit|do_group_exit|make_task_dead|(_*(x64|ia32|arm64|se|do)_)?(compat_)?sys_exit(_group)?)$`)
})

// refusedFiles serve probes, or hold what is a single instruction elsewhere.
var refusedFiles = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|/)kernel/kprobes(/[^/]*)?\.c$|(^|/)arch/[^/]*/kernel/kprobes(/[^/]*\.c|\.c)$|(^|/)include/asm[^/]*/(io|io_64|bitops)\.h$|(^|/)asm/(io|io_64|bitops)\.h$|(^|/)paravirt[^/]*\.[ch]$|(^|/)ide-iops\.c$`)
})

// refusedAreas gives the areas that must not be probed, as far as the kernel's symbols tell them.
func (o *object) refusedAreas() []area {
	areas, _ := o.refused.get(func() ([]area, error) { return o.areas(refusedAreas) })
	return areas
}

// areas finds areas of the kernel's code by its symbols.
func (o *object) areas(named []namedArea) ([]area, error) {
	table, err := o.symbols()
	if err != nil {
		return nil, err
	}
	var areas []area
	for _, n := range named {
		first, last := table.Named(n.low), table.Named(n.high)
		if len(first) == 0 || len(last) == 0 {
			continue
		}
		if low, high := first[0].Address.Offset, last[0].Address.Offset; low < high {
			areas = append(areas, area{low, high, n.refusal})
		}
	}
	return areas, nil
}

// has reports whether an address of the kernel is in the area.
func (a area) has(at debuginfo.Address) bool {
	return at.Offset != 0 && a.low <= at.Offset && at.Offset < a.high
}

// isRefusedFile reports whether a file's functions are refused.
func (o *object) isRefusedFile(file string) bool {
	refused, known := o.files[file]
	if !known {
		if o.files == nil {
			o.files = map[string]bool{}
		}
		refused = refusedFiles().MatchString(file)
		o.files[file] = refused
	}
	return refused
}

// isOfKprobes reports whether the kernel's own list of what no kprobe may hit has
// a function.
func (o *object) isOfKprobes(entry debuginfo.Address) bool {
	listed, _ := o.kprobes.get(func() (map[debuginfo.Address]bool, error) {
		table, err := o.symbols()
		if err != nil {
			return nil, err
		}
		listed := map[debuginfo.Address]bool{}
		for _, a := range table.Forbidden() {
			listed[a] = true
		}
		return listed, nil
	})
	return listed[entry]
}

// refuse gives why code must not be probed; nil if it may. A place is inside a
// function, whose symbol may be "".
func (o *object) refuse(name, symbol, file string, at debuginfo.Address, returns, guru bool) *refusal {
	var found []refusal
	if o.isKernel() {
		for _, a := range o.refusedAreas() {
			if a.has(at) {
				found = append(found, a.refusal)
			}
		}
	} else if r, known := sectionRefusals[at.Section]; known {
		found = append(found, r)
	}
	if symbol != "" && o.isOfKprobes(at) {
		found = append(found, refusal{refusedKprobes, "the kernel lets no probe be set on it", true})
	}
	if o.isRefusedFile(file) {
		found = append(found, refusal{refusedFile, "it serves probes, or is a single instruction elsewhere", false})
	}
	families := nameFamilies()
	for i := range families {
		if families[i].has(name) {
			found = append(found, refusal{refusedFunction, families[i].why, false})
			break
		}
	}
	if returns && refusedReturns().MatchString(name) {
		found = append(found, refusal{refusedReturn, "it does not return", false})
	}
	if i := slices.IndexFunc(found, func(r refusal) bool { return r.final }); i >= 0 {
		return &found[i]
	}
	if guru || len(found) == 0 {
		return nil
	}
	return &found[0]
}

// leftOut collects the functions that a pattern matches and no probe is set on.
type leftOut struct {
	reasons []string // in the order in which they were met
	names   map[string][]string
}

// add notes a function with the reason, "…" in whose place the name can stand.
func (l *leftOut) add(name, reason string) {
	if l.names == nil {
		l.names = map[string][]string{}
	}
	if l.names[reason] == nil {
		l.reasons = append(l.reasons, reason)
	}
	if names := l.names[reason]; len(names) == 0 || names[len(names)-1] != name {
		l.names[reason] = append(names, name)
	}
}

// severalForms are the forms of messages for more than one function.
var severalForms = strings.NewReplacer(
	"kprobes function %s is", "%d kprobes functions are", "function %s return probe is", "return probes of %d functions are",
	"function %s is", "%d functions are", "%s has", "%d functions have", "%s is", "%d functions are", "a clone", "clones")

// message says in one line what has been left out, with numbers for what is more
// than one; detail names all. Both are "" if nothing has been left out.
func (l *leftOut) message() (message, detail string) {
	var messages, details []string
	for _, reason := range l.reasons {
		names := l.names[reason]
		slices.Sort(names)
		names = slices.Compact(names)
		if len(names) == 1 {
			messages = append(messages, fmt.Sprintf(reason, names[0]))
			continue
		}
		several := fmt.Sprintf(severalForms.Replace(reason), len(names))
		messages = append(messages, several)
		details = append(details, several+": "+strings.Join(names, ", "))
	}
	return strings.Join(messages, "; "), strings.Join(details, "; ")
}
