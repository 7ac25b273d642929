package elaborate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// kprobes gives the points and places that a point stands for, or what is wrong with it.
func kprobes(t *testing.T, point, body string, o elaborate.Options) string {
	t.Helper()
	file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte("probe " + point + " { " + body + " }")}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		return found.Error()
	}
	var lines []string
	for _, p := range program.Probes {
		lines = append(lines, fmt.Sprintf("%s %s", p.Point, strings.TrimPrefix(fmt.Sprintf("%+v", p.Place), "&")))
	}
	return strings.Join(lines, "\n")
}

// TestKprobePoints: P272, P237: what names with patterns and lists stand for, by symbols
// or, without any, by BTF; and what is refused.
func TestKprobePoints(t *testing.T) {
	symbols := func(object string) (*debuginfo.SymbolTable, error) {
		var list []debuginfo.Symbol
		for i, name := range []string{"vfs_read", "vfs_write", "vfs_write.cold", "__pfx_vfs_read", "vfs_data"} {
			list = append(list, debuginfo.Symbol{Name: name, Function: name != "vfs_data", Address: debuginfo.Address{Offset: uint64(16 * i)}})
		}
		return debuginfo.NewSymbolTable(list, debuginfo.Places{}), nil
	}
	for _, test := range []struct {
		point, want string
		options     elaborate.Options
	}{
		{point: `kprobe.function("any")`, want: "{At:any+0x0}"},
		{point: `kprobe.function("any").call`, want: "{At:any+0x0}"},
		{point: `kprobe.function("any").return`, want: "MaxActive:0"},
		{point: `kprobe.function("any").return.maxactive(7)`, want: "MaxActive:7"},
		{point: `kprobe.module("snd-hda").function("any")`, want: "{At:snd_hda:any+0x0}"},
		{point: `kprobe.function("vfs_{read,write}")`, want: "kprobe.function(\"vfs_read\") {At:vfs_read+0x0}\nkprobe.function(\"vfs_write\") {At:vfs_write+0x0}"},
		{point: `kprobe.function("*_w*e")`, want: "kprobe.function(\"vfs_write\") {At:vfs_write+0x0}", options: elaborate.Options{Symbols: symbols}},
		{point: `kprobe.function("vfs_*")`, want: "kprobe.function(\"vfs_read\") {At:vfs_read+0x0}\nkprobe.function(\"vfs_write\") {At:vfs_write+0x0}", options: elaborate.Options{Symbols: symbols}},
		{point: `kprobe.function("nothing*")`, want: "no function is named nothing*", options: elaborate.Options{Symbols: symbols}},
		{point: `kprobe.function("f@g.c")`, want: "is not the name of a function"},
		{point: `kprobe.function("{a,b")`, want: "is not the name of a function"},
		{point: `kprobe.module("*").function("f")`, want: "not the name of a module"},
		{point: `kprobe.function("f").return.maxactive(0)`, want: "maxactive value out of range (1, 65535)"},
		{point: `kprobe.statement(0xffffffff81000000).absolute`, want: "need stap -g"},
		{point: `kernel.statement(0xffffffff81000000).absolute`, want: "{At:0xffffffff81000000}", options: elaborate.Options{Guru: true}},
	} {
		if got := kprobes(t, test.point, `println(1)`, test.options); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s\nwant %s", test.point, got, test.want)
		}
	}
	if got := kprobes(t, `kprobe.function("f")`, `println($x)`, elaborate.Options{}); !strings.Contains(got, "has no variables") {
		t.Errorf("$x: %s", got)
	}
}
