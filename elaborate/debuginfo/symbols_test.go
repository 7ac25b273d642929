package debuginfo_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

func linked(offset uint64) debuginfo.Address { return debuginfo.Address{Offset: offset} }

func names(symbols []debuginfo.Symbol) string {
	var names []string
	for _, s := range symbols {
		names = append(names, s.Name)
	}
	return strings.Join(names, " ")
}

func testTable() *debuginfo.SymbolTable {
	function := func(name string, at uint64) debuginfo.Symbol {
		return debuginfo.Symbol{Name: name, Address: linked(at), Size: 8, Function: true}
	}
	return debuginfo.NewSymbolTable([]debuginfo.Symbol{
		function("show", 0x3000), function("_stext", 0x1000), function("show", 0x2000), function("show.isra.0", 0x4000),
		function("show.constprop.0.cold", 0x5000), function("showing", 0x6000), function("alias", 0x2000), function("show.part.3", 0x7000),
		function("sho", 0x8000), {Name: "show", Address: linked(0x9000), Size: 1 << 40},
		{Name: "init", Address: debuginfo.Address{Section: ".init.text", Offset: 0x10}, Function: true, Global: true, Weak: true},
	}, debuginfo.Places{
		FtraceSites: []debuginfo.Address{linked(0x3004), linked(0x2000), {Section: ".init.text", Offset: 0x10}, linked(0x8010)},
		Forbidden:   []debuginfo.Address{linked(0x6000)},
	})
}

func TestSymbolTable(t *testing.T) {
	table := testTable()
	kept, err := debuginfo.ReadSymbolTable(table.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(kept.Symbols(), table.Symbols()) || kept.Len() != 11 {
		t.Error("it is another one after it was kept")
	}
	functions, clones := kept.Lookup("show")
	if len(functions) != 2 || functions[0].Address != linked(0x2000) || functions[1].Address != linked(0x3000) {
		t.Errorf("functions: %v", functions)
	}
	if got := names(clones); got != "show.isra.0 show.part.3" {
		t.Errorf("clones: %s", got)
	}
	if got := kept.Named("init"); len(got) != 1 || !got[0].Global || !got[0].Weak || !got[0].Function || got[0].Address.Section != ".init.text" {
		t.Errorf("init: %v", got)
	}
	for _, none := range []string{"", "s", "shows", "zzz", "show."} {
		if got := kept.Named(none); got != nil {
			t.Errorf("%q: %v", none, got)
		}
	}
	if a, ok := kept.Anchor(); a != 0x1000 || !ok {
		t.Errorf("anchor %#x %v", a, ok)
	}
	for _, test := range []struct {
		at       debuginfo.Address
		want     string
		distance uint64
	}{
		{linked(0x2000), "show alias", 0}, {linked(0x2005), "show alias", 5}, {linked(0xfff), "", 0}, {linked(1 << 60), "show", 1<<60 - 0x9000},
		{debuginfo.Address{Section: ".init.text", Offset: 0x11}, "init", 1}, {debuginfo.Address{Section: ".init.text"}, "", 0},
		{debuginfo.Address{Section: ".other", Offset: 1}, "", 0},
	} {
		if got, distance := kept.At(test.at); names(got) != test.want || distance != test.distance {
			t.Errorf("at %v: %q + %d, want %q + %d", test.at, names(got), distance, test.want, test.distance)
		}
	}
	for entry, want := range map[debuginfo.Address]debuginfo.Address{
		linked(0x2000): linked(0x2000), linked(0x3000): linked(0x3004), {Section: ".init.text", Offset: 0x10}: {Section: ".init.text", Offset: 0x10},
		linked(0x4000): {}, linked(0x8000): {}, linked(0x9000): {},
	} {
		if got, ok := kept.FtraceSite(entry); ok != (want != debuginfo.Address{}) || ok && got != want {
			t.Errorf("site of %v: %v %v, want %v", entry, got, ok, want)
		}
	}
	if got := kept.Forbidden(); !reflect.DeepEqual(got, []debuginfo.Address{linked(0x6000)}) {
		t.Errorf("forbidden: %v", got)
	}
}

func TestSymbolsOfModule(t *testing.T) {
	m, err := debuginfo.NewImage("module", testModule(t))
	if err != nil {
		t.Fatal(err)
	}
	table, err := m.SymbolTable()
	if err != nil {
		t.Fatal(err)
	}
	if got := names(table.Symbols()); got != "init_function text_function __func__.1" {
		t.Errorf("%s", got)
	}
	text := table.Named("text_function")[0]
	if want := (debuginfo.Symbol{Name: "text_function", Address: debuginfo.Address{Section: ".text", Offset: 16}, Size: 20, Global: true, Function: true}); text != want {
		t.Errorf("%+v", text)
	}
	if site, ok := table.FtraceSite(text.Address); !ok || site.Offset != 20 || site.Section != ".text" {
		t.Errorf("site %v %v", site, ok)
	}
	if site, ok := table.FtraceSite(table.Named("init_function")[0].Address); !ok || site.Offset != 32 {
		t.Errorf("site %v %v", site, ok)
	}
}

func TestIsColdPart(t *testing.T) {
	for symbol, want := range map[string]bool{
		"f.cold": true, "f.isra.0.cold": true, "f.cold.12": true, "f.isra.0": false, "cold": false, ".cold": false, "f.coldplug": false, "f.cold.isra.0": false,
	} {
		if debuginfo.IsColdPart(symbol) != want {
			t.Errorf("%s: %v", symbol, !want)
		}
	}
}

// TestParseKallsyms: the running kernel's own list.
func TestParseKallsyms(t *testing.T) {
	text := "ffffffff81000000 T _stext\nffffffff81000100 t twice\nffffffff81000200 t twice\n0000000000001000 A per_cpu\n" +
		"ffffffff82000000 W weak\nffffffff83000000 d data\nffffffffc0000010 t inside\t[nfs]\nffffffffc0000020 T other\t[ext4]\n"
	symbols, err := debuginfo.ParseKallsyms([]byte(text), "")
	if err != nil || names(symbols) != "_stext twice twice per_cpu weak data" {
		t.Errorf("%s, %v", names(symbols), err)
	}
	if !symbols[0].Global || !symbols[0].Function || symbols[1].Global || !symbols[4].Weak || !symbols[4].Function || symbols[5].Function {
		t.Errorf("%+v", symbols)
	}
	inside, err := debuginfo.ParseKallsyms([]byte(text), "nfs")
	if err != nil || names(inside) != "inside" || inside[0].Address.Offset != 0xffffffffc0000010 {
		t.Errorf("%v, %v", inside, err)
	}
	if _, err := debuginfo.ParseKallsyms([]byte("0000000000000000 T _stext\n0000000000000000 t f\n"), ""); err == nil || !strings.Contains(err.Error(), "hides") {
		t.Errorf("%v", err)
	}
	if _, err := debuginfo.ParseKallsyms([]byte("xyz T _stext\n"), ""); err == nil {
		t.Error("no number is an address")
	}
}

// FuzzSymbolTable: a kept table that is damaged gives an error or wrong symbols, and
// no panic.
func FuzzSymbolTable(f *testing.F) {
	f.Add(testTable().Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := debuginfo.ReadSymbolTable(data)
		if err != nil {
			return
		}
		table.FtraceSites()
		table.Forbidden()
		for _, s := range table.Symbols() {
			table.Lookup(s.Name)
			table.At(s.Address)
			table.FtraceSite(s.Address)
		}
	})
}
