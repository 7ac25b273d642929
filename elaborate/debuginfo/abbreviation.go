package debuginfo

import (
	"debug/dwarf"
	"errors"
)

// form is how an attribute's value is written (DW_FORM_*).
type form uint16

const (
	formAddr          form = 0x01
	formBlock2        form = 0x03
	formBlock4        form = 0x04
	formData2         form = 0x05
	formData4         form = 0x06
	formData8         form = 0x07
	formString        form = 0x08
	formBlock         form = 0x09
	formBlock1        form = 0x0a
	formData1         form = 0x0b
	formFlag          form = 0x0c
	formSdata         form = 0x0d
	formStrp          form = 0x0e
	formUdata         form = 0x0f
	formRefAddr       form = 0x10
	formRef1          form = 0x11
	formRef2          form = 0x12
	formRef4          form = 0x13
	formRef8          form = 0x14
	formRefUdata      form = 0x15
	formIndirect      form = 0x16
	formSecOffset     form = 0x17
	formExprloc       form = 0x18
	formFlagPresent   form = 0x19
	formStrx          form = 0x1a
	formAddrx         form = 0x1b
	formRefSup4       form = 0x1c
	formStrpSup       form = 0x1d
	formData16        form = 0x1e
	formLineStrp      form = 0x1f
	formRefSig8       form = 0x20
	formImplicitConst form = 0x21
	formLoclistx      form = 0x22
	formRnglistx      form = 0x23
	formRefSup8       form = 0x24
	formStrx1         form = 0x25
	formStrx2         form = 0x26
	formStrx3         form = 0x27
	formStrx4         form = 0x28
	formAddrx1        form = 0x29
	formAddrx2        form = 0x2a
	formAddrx3        form = 0x2b
	formAddrx4        form = 0x2c
	formGNUAddrIndex  form = 0x1f01
	formGNUStrIndex   form = 0x1f02
	formGNURefAlt     form = 0x1f20
	formGNUStrpAlt    form = 0x1f21
)

// attributeSpec is one attribute of an abbreviation.
type attributeSpec struct {
	name     dwarf.Attr
	form     form
	implicit int64 // the value of DW_FORM_implicit_const
}

// abbreviation describes the entries that begin with its code (DWARF 5, 7.5.3).
type abbreviation struct {
	tag        dwarf.Tag // 0: there is no such abbreviation
	children   bool
	attributes []attributeSpec
	plan       plan
}

// abbreviations is one table of them, by code.
type abbreviations struct {
	dense []abbreviation // code 1 is first
	rest  map[uint64]*abbreviation
	specs []attributeSpec // of all
	steps []step          // of all plans
}

func (t *abbreviations) get(code uint64) *abbreviation {
	if code-1 < uint64(len(t.dense)) {
		return &t.dense[code-1]
	}
	return t.rest[code]
}

var errAbbreviations = errors.New("DWARF: a table of abbreviations is damaged")

// read reads the table at the beginning of r. It takes the memory of what was in
// t before.
func (t *abbreviations) read(r *reader) error {
	t.dense, t.rest, t.specs = t.dense[:0], nil, t.specs[:0]
	for {
		code := r.uleb()
		if code == 0 {
			break
		}
		a := abbreviation{tag: dwarf.Tag(r.uleb()), children: r.unsigned(1) != 0}
		first := len(t.specs)
		for {
			s := attributeSpec{name: dwarf.Attr(r.uleb()), form: form(r.uleb())}
			if s.form == formImplicitConst {
				s.implicit = r.sleb()
			}
			if r.short {
				return errAbbreviations
			}
			if s.name == 0 && s.form == 0 {
				break
			}
			t.specs = append(t.specs, s)
		}
		a.attributes = t.specs[first:len(t.specs):len(t.specs)]
		if code == uint64(len(t.dense))+1 {
			t.dense = append(t.dense, a)
			continue
		}
		if t.rest == nil {
			t.rest = map[uint64]*abbreviation{}
		}
		t.rest[code] = &a
	}
	if r.short {
		return errAbbreviations
	}
	return nil
}
