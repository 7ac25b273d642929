package elaborate

import (
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

// blocklisted gives a kernel of a few symbols: code from 0x1000 on, of which some is in
// areas of its own.
func blocklisted() *object {
	symbol := func(name string, offset uint64) debuginfo.Symbol {
		return debuginfo.Symbol{Name: name, Address: debuginfo.Address{Offset: offset}, Function: true}
	}
	table := debuginfo.NewSymbolTable([]debuginfo.Symbol{
		symbol("_stext", 0x1000), symbol("__kprobes_text_start", 0x2000), symbol("__kprobes_text_end", 0x3000),
		symbol("__init_begin", 0x5000), symbol("__init_end", 0x6000),
	}, debuginfo.Places{Forbidden: []debuginfo.Address{{Offset: 0x1500}}})
	return &object{name: kernelObject, options: &Options{Symbols: func(string) (*debuginfo.SymbolTable, error) { return table, nil }}}
}

// TestBlocklist: P340, P341: what must not be probed, why, and what guru mode allows.
func TestBlocklist(t *testing.T) {
	kernel, module := blocklisted(), &object{name: "driver", options: &Options{}}
	for _, test := range []struct {
		object     *object
		name, file string
		at         debuginfo.Address
		returns    bool
		want       string // the message, "" if it may be probed
		guru       string
	}{
		{kernel, "vfs_read", "fs/read_write.c", debuginfo.Address{Offset: 0x1100}, false, "", ""},
		{kernel, "start", "init/main.c", debuginfo.Address{Offset: 0x5100}, false, refusedSection, refusedSection},
		{kernel, "get_kprobe", "kernel/probes.c", debuginfo.Address{Offset: 0x2100}, false, refusedKprobes, refusedKprobes},
		{kernel, "listed", "kernel/a.c", debuginfo.Address{Offset: 0x1500}, false, refusedKprobes, refusedKprobes},
		{kernel, "arm_kprobe", "kernel/kprobes.c", debuginfo.Address{Offset: 0x1100}, false, refusedFile, ""},
		{kernel, "can_boost", "arch/x86/kernel/kprobes/core.c", debuginfo.Address{Offset: 0x1100}, false, refusedFile, ""},
		{kernel, "inb", "arch/x86/include/asm/io.h", debuginfo.Address{Offset: 0x1100}, false, refusedFile, ""},
		{kernel, "do_exit", "kernel/exit.c", debuginfo.Address{Offset: 0x1100}, true, refusedReturn, ""},
		{kernel, "do_exit", "kernel/exit.c", debuginfo.Address{Offset: 0x1100}, false, "", ""},
		{kernel, "sys_exit_group", "", debuginfo.Address{Offset: 0x1100}, true, refusedReturn, ""},
		{kernel, "_raw_spin_lock", "", debuginfo.Address{Offset: 0x5100}, false, refusedSection, refusedSection},
		{module, "probe", "", debuginfo.Address{Section: ".text"}, false, "", ""},
		{module, "setup", "", debuginfo.Address{Section: ".init.text"}, false, refusedSection, refusedSection},
		{module, "clean", "", debuginfo.Address{Section: ".exit.text"}, false, refusedSection, ""},
	} {
		for _, guru := range []bool{false, true} {
			got, want := "", test.want
			if guru {
				want = test.guru
			}
			if r := test.object.refuse(test.name, test.name, test.file, test.at, test.returns, guru); r != nil {
				got = r.form
			}
			if got != want {
				t.Errorf("%s, guru %v: got %q, want %q", test.name, guru, got, want)
			}
		}
	}
	families := "_raw_spin_lock_irqsave raw_spin_unlock queued_spin_lock_slowpath _read_trylock mutex_lock __mutex_unlock_slowpath rt_mutex_lock down_read up " +
		"atomic_add arch_atomic64_inc atomic_notifier_call_chain notify_die do_IRQ do_page_fault exc_page_fault asm_exc_nmi do_int3 nmi_handle native_apic_mem_read " +
		"raise_softirq irq_intr xen_set_pte __udelay delay_tsc __kernel_text_address get_current current_umask search_exception_tables setup_rt_frame " +
		"preempt_count_add preempt_schedule hash_ptr native_set_pte get_bh __switch_to __x86_return_thunk"
	for _, name := range strings.Fields(families) {
		r := kernel.refuse(name, name, "", debuginfo.Address{Offset: 0x1100}, false, false)
		if r == nil || r.form != refusedFunction || r.why == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for _, name := range strings.Fields("do_sys_open vfs_read update_rq_clock downgrade upload nmiuser read_word_lock_state hash_64bit get_current_tty xenbus_probe do_nmipage intr_setup") {
		if r := kernel.refuse(name, name, "", debuginfo.Address{Offset: 0x1100}, false, false); r != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestLeftOut: P341: one line for all that is left out, with names for who asks.
func TestLeftOut(t *testing.T) {
	var left leftOut
	left.add("b", refusedSection)
	left.add("a", refusedSection)
	left.add("c", refusedKprobes)
	left.add("d", severalAddresses)
	left.add("e", severalAddresses)
	message, detail := left.message()
	if want := "2 functions are in blocklisted section; kprobes function c is blocklisted; 2 functions have several addresses: only debuginfo tells them apart"; message != want {
		t.Errorf("got %q, want %q", message, want)
	}
	if want := "2 functions are in blocklisted section: a, b; 2 functions have several addresses: only debuginfo tells them apart: d, e"; detail != want {
		t.Errorf("got %q, want %q", detail, want)
	}
}

// TestKernelWithoutKprobes: of a kernel that has none a hint says what to do instead.
func TestKernelWithoutKprobes(t *testing.T) {
	e := newElaborator(nil, Options{})
	_, err := e.kernelAnchor(blocklisted())
	missing, _ := atHand(err)
	if missing == nil || !strings.Contains(missing.Message, "register_kprobe") || !strings.Contains(missing.Hint, "-r names another kernel") || !strings.Contains(missing.Hint, "--vm") {
		t.Errorf("got %+v", missing)
	}
}
