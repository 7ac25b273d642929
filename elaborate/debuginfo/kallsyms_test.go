package debuginfo_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate/debuginfo"
)

// kallsymsImage is how a kernel's build lays out its symbols.
type kallsymsImage struct {
	base     uint64
	offset   func(address, base uint64) uint32 // nil: addresses as they are
	behind   bool                              // offsets and base stand behind the tokens
	sequence bool                              // something stands between the markers and the tokens
}

type linkedSymbol struct {
	kind    byte
	name    string
	address uint64
}

// write makes an image with those symbols, which are sorted by address.
func (k kallsymsImage) write(symbols []linkedSymbol) []byte {
	le := binary.LittleEndian
	image := bytes.Repeat([]byte{0xcc}, 1000)
	align := func() {
		for len(image)%8 != 0 {
			image = append(image, 0)
		}
	}
	addresses := func() {
		align()
		for _, s := range symbols {
			if k.offset == nil {
				image = le.AppendUint64(image, s.address)
			} else {
				image = le.AppendUint32(image, k.offset(s.address, k.base))
			}
		}
		align()
		if k.offset != nil {
			image = le.AppendUint64(image, k.base)
		}
	}
	if !k.behind {
		addresses()
	}
	image = le.AppendUint32(image, uint32(len(symbols)))
	align()
	var markers []int
	begin := len(image)
	for i, s := range symbols {
		if i%256 == 0 {
			markers = append(markers, len(image)-begin)
		}
		text := string(s.kind) + s.name
		text = strings.ReplaceAll(text, "function", "\x80") // a token of several letters
		if n := len(text); n < 0x80 {
			image = append(image, byte(n))
		} else {
			image = append(image, byte(n&0x7f|0x80), byte(n>>7))
		}
		image = append(image, text...)
	}
	align()
	for _, m := range markers {
		image = le.AppendUint32(image, uint32(m))
	}
	align()
	if k.sequence {
		image = append(image, bytes.Repeat([]byte{1, 2, 3}, len(symbols))...)
		align()
	}
	var index []byte
	begin = len(image)
	for i := range 256 {
		index = le.AppendUint16(index, uint16(len(image)-begin))
		token := fmt.Sprintf("<%02x>", i)
		if i > ' ' && i < 0x7f {
			token = string(rune(i))
		} else if i == 0x80 {
			token = "function"
		}
		image = append(append(image, token...), 0)
	}
	align()
	image = append(image, index...)
	if k.behind {
		addresses()
	}
	return append(image, bytes.Repeat([]byte{0xcc}, 1000)...)
}

// perCPU is the meaning of offsets in kernels where variables of each CPU begin at 0.
func perCPU(address, base uint64) uint32 {
	if address>>63 == 0 {
		return uint32(address)
	}
	return uint32(base - 1 - address)
}

func relative(address, base uint64) uint32 { return uint32(address - base) }

// TestKallsyms: the layouts that kernels have had.
func TestKallsyms(t *testing.T) {
	const base = 0xffffffff81000000
	var symbols []linkedSymbol
	for i := range 1500 {
		symbols = append(symbols, linkedSymbol{"tTdW"[i%4], fmt.Sprintf("function_%d", i), base + 16*uint64(i/2)})
	}
	symbols[700].name = strings.Repeat("long_name_", 30)
	withPerCPU := slices.Concat([]linkedSymbol{{'A', "fixed_percpu_data", 0}, {'A', "cpu_number", 0x1000}}, symbols)
	for name, test := range map[string]struct {
		image   kallsymsImage
		symbols []linkedSymbol
	}{
		"addresses":                {kallsymsImage{}, symbols},
		"relative":                 {kallsymsImage{base: base, offset: relative}, symbols},
		"absolute per CPU":         {kallsymsImage{base: base, offset: perCPU}, withPerCPU},
		"with sequences":           {kallsymsImage{base: base, offset: perCPU, sequence: true}, withPerCPU},
		"behind, absolute per CPU": {kallsymsImage{base: base, offset: perCPU, behind: true}, withPerCPU},
		"behind, relative":         {kallsymsImage{base: base, offset: relative, behind: true}, symbols},
	} {
		got, err := debuginfo.Kallsyms(test.image.write(test.symbols))
		if err != nil || len(got) != len(test.symbols) {
			t.Errorf("%s: %d symbols, %v", name, len(got), err)
			continue
		}
		for i, want := range test.symbols {
			if s := got[i]; s.Name != want.name || s.Address.Offset != want.address {
				t.Errorf("%s: symbol %d is %s at %#x, want %s at %#x", name, i, s.Name, s.Address.Offset, want.name, want.address)
				break
			}
		}
		first := len(got) - len(symbols)
		if f, d, w := got[first], got[first+2], got[first+3]; !f.Function || f.Global || f.Size != 16 || d.Function || !w.Weak || !w.Function {
			t.Errorf("%s: %+v %+v %+v", name, f, d, w)
		}
	}
	whole := kallsymsImage{base: base, offset: perCPU, behind: true}.write(symbols)
	for name, image := range map[string][]byte{"nothing": nil, "zeros": make([]byte, 5000), "cut": whole[:len(whole)-2000]} {
		if got, err := debuginfo.Kallsyms(image); err == nil {
			t.Errorf("%s: %d symbols", name, len(got))
		}
	}
}

// FuzzKallsyms: a damaged image gives an error or wrong symbols, and no panic.
func FuzzKallsyms(f *testing.F) {
	symbols := make([]linkedSymbol, 300)
	for i := range symbols {
		symbols[i] = linkedSymbol{'t', fmt.Sprint("f", i), 0xffffffff81000000 + uint64(i)}
	}
	f.Add(kallsymsImage{base: 0xffffffff81000000, offset: perCPU, behind: true}.write(symbols))
	f.Add(kallsymsImage{base: 0xffffffff81000000, offset: relative}.write(symbols))
	f.Fuzz(func(_ *testing.T, image []byte) { _, _ = debuginfo.Kallsyms(image) })
}
