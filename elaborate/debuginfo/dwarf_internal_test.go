package debuginfo

import (
	"encoding/binary"
	"testing"
)

// TestSourcePath: paths relative to the source's top, however the kernel was built.
func TestSourcePath(t *testing.T) {
	for _, test := range []struct{ compiledIn, folder, name, want string }{
		// at the source's top
		{"/usr/src/linux-6.0", "", "fs/read_write.c", "fs/read_write.c"},
		{"/usr/src/linux-6.0", "./include/linux", "fs.h", "include/linux/fs.h"},
		{"/usr/src/linux-6.0", "/usr/src/linux-6.0/fs", "open.c", "fs/open.c"},
		// in a folder below
		{"/build/linux-6.0/debian/build/amd64", "", "/build/linux-6.0/fs/open.c", "fs/open.c"},
		{"/build/linux-6.0/debian/build/amd64", "/build/linux-6.0/arch/x86/kernel/../../x86/xen", "xen-head.S", "arch/x86/xen/xen-head.S"},
		{"/build/linux-6.0/obj", "", "../mm/slab.c", "mm/slab.c"},
		{"/build/linux-6.0/obj", "../include/linux", "fs.h", "include/linux/fs.h"},
		{"/build/linux-6.0/obj", "include/generated", "bounds.h", "include/generated/bounds.h"},
		// where the compiler was told to take the source's folder off
		{"debian/build/amd64", "include/linux", "fs.h", "include/linux/fs.h"},
		{"debian/build/amd64", "", "kernel/fork.c", "kernel/fork.c"},
		// in a folder elsewhere
		{"/home/me/objects", "", "/home/me/linux/net/socket.c", "net/socket.c"},
		{"/objects", "/src/kernels/linux/net", "socket.c", "net/socket.c"},
		// a module of one's own
		{"/usr/src/linux-headers-6.0", "", "/home/me/module/twin.c", "/home/me/module/twin.c"},
	} {
		u := &unit{root: root{folder: test.compiledIn}}
		if got := u.sourcePath(test.folder, test.name); got != test.want {
			t.Errorf("%s in %s, compiled in %s, is %s, want %s", test.name, test.folder, test.compiledIn, got, test.want)
		}
	}
}

func TestLEB128(t *testing.T) {
	for _, test := range []struct {
		data     []byte
		unsigned uint64
		signed   int64
		length   int
	}{
		{[]byte{0}, 0, 0, 1},
		{[]byte{0x7f}, 127, -1, 1},
		{[]byte{0x80, 0x01}, 128, 128, 2},
		{[]byte{0xe5, 0x8e, 0x26}, 624485, 624485, 3},
		{[]byte{0xc0, 0xbb, 0x78}, 1973696, -123456, 3},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 1<<64 - 1, -1, 10},
		{[]byte{0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 1, 1, 12},
	} {
		u := reader{data: test.data, order: binary.LittleEndian}
		s := u
		if n := u.uleb(); n != test.unsigned || u.at != test.length || u.short {
			t.Errorf("% x is %d with %d bytes", test.data, n, u.at)
		}
		if n := s.sleb(); n != test.signed || s.at != test.length || s.short {
			t.Errorf("% x is %d with %d bytes and a sign", test.data, n, s.at)
		}
		short := reader{data: test.data[:test.length-1], order: binary.LittleEndian}
		if short.uleb(); !short.short {
			t.Errorf("% x is a number", short.data)
		}
	}
}

// TestNumbers: numbers of three bytes, as indexes have them, in both orders.
func TestNumbers(t *testing.T) {
	data := []byte{1, 2, 3}
	for order, want := range map[binary.ByteOrder]uint64{binary.LittleEndian: 0x030201, binary.BigEndian: 0x010203} {
		r := reader{data: data, order: order}
		if n := r.unsigned(3); n != want {
			t.Errorf("%v: %#x, want %#x", order, n, want)
		}
	}
}

// TestPackageIndex: where the units of a package are, in the form of DWARF 5 (7.3.5.3);
// a fixture has the one that GNU's tools write.
func TestPackageIndex(t *testing.T) {
	var table []byte
	put := func(numbers ...uint32) {
		for _, n := range numbers {
			table = binary.LittleEndian.AppendUint32(table, n)
		}
	}
	put(5, 5, 2, 4) // version, sections, units, slots
	for _, signature := range []uint64{0, 0x1122334455667788, 0, 0x99} {
		table = binary.LittleEndian.AppendUint64(table, signature)
	}
	put(0, 1, 0, 2)              // rows of the slots
	put(1, 3, 5, 6, 8)           // info, abbreviations, location lists, string offsets, range lists
	put(0, 0, 0, 0, 0)           // offsets
	put(100, 200, 300, 400, 500) //
	put(100, 200, 300, 400, 500) // sizes
	put(10, 20, 30, 40, 50)      //
	places := readPackageIndex(&reader{data: table, order: binary.LittleEndian})
	if len(places) != 2 || places[0x1122334455667788].info != [2]uint64{0, 100} {
		t.Errorf("%v", places)
	}
	want := packagedUnit{
		info: [2]uint64{100, 10}, abbreviations: 200,
		bases: contribution{stringOffsets: 400, rangeLists: 500, locationLists: 300},
	}
	if places[0x99] != want {
		t.Errorf("%+v, want %+v", places[0x99], want)
	}
	for n := range table {
		if places := readPackageIndex(&reader{data: table[:n], order: binary.LittleEndian}); len(places) > 0 {
			t.Errorf("%d of %d bytes are taken for an index", n, len(table))
		}
	}
}

// TestDeclarator: what C writes around the name of a type.
func TestDeclarator(t *testing.T) {
	for want, steps := range map[string]func(d *declarator){
		"int":                      func(*declarator) {},
		"int const*":               func(d *declarator) { d.pointer(); d.qualify("const") },
		"int* const":               func(d *declarator) { d.qualify("const"); d.pointer() },
		"int[2][3]":                func(d *declarator) { d.array(2); d.array(3) },
		"int*[4]":                  func(d *declarator) { d.array(4); d.pointer() },
		"int (*)[4]":               func(d *declarator) { d.pointer(); d.array(4) },
		"int (*)(long int, void*)": func(d *declarator) { d.pointer(); d.function([]string{"long int", "void*"}) },
		"int const volatile":       func(d *declarator) { d.qualify("volatile"); d.qualify("const") },
		"int (*(*)(void))(char)": func(d *declarator) {
			d.pointer()
			d.function([]string{"void"})
			d.pointer()
			d.function([]string{"char"})
		},
		"int (*[2])(struct request)": func(d *declarator) { d.array(2); d.pointer(); d.function([]string{"struct request"}) },
	} {
		var d declarator
		if steps(&d); d.of("int") != want {
			t.Errorf("%s, want %s", d.of("int"), want)
		}
	}
}
