package debuginfo

import "debug/dwarf"

// This file makes the scan of all entries fast: for each abbreviation it works out
// beforehand how its entries are read, so that most of an entry is passed over in
// one step, and what is below it not looked at when no code can be there.

// action is what the scan does with the entries of an abbreviation.
type action uint8

const (
	passOver     action = iota // and look at what is below
	passOverTree               // what is below is of no use
	takeFunction
	takeInlined
	takeVariable
	takeType
)

// field is an attribute that the scan takes.
type field uint8

const (
	noField field = iota
	fieldName
	fieldFile
	fieldLine
	fieldLow
	fieldHigh
	fieldRanges
	fieldEntry
	fieldOrigin
	fieldSpecification
	fieldDeclaration
	fieldLocation
	fieldConstant
	fieldSibling
	fields
)

var fieldOf = map[dwarf.Attr]field{
	dwarf.AttrName: fieldName, dwarf.AttrDeclFile: fieldFile, dwarf.AttrDeclLine: fieldLine,
	dwarf.AttrLowpc: fieldLow, dwarf.AttrHighpc: fieldHigh, dwarf.AttrRanges: fieldRanges,
	dwarf.AttrEntrypc: fieldEntry, dwarf.AttrAbstractOrigin: fieldOrigin,
	dwarf.AttrSpecification: fieldSpecification, dwarf.AttrDeclaration: fieldDeclaration,
	dwarf.AttrLocation: fieldLocation, dwarf.AttrConstValue: fieldConstant, dwarf.AttrSibling: fieldSibling,
}

// fieldSet is a set of fields.
type fieldSet uint16

func setOf(all ...field) fieldSet {
	s := fieldSet(0)
	for _, f := range all {
		s |= 1 << f
	}
	return s
}

func (s fieldSet) has(f field) bool { return s&(1<<f) != 0 }

var (
	codeFields     = setOf(fieldName, fieldFile, fieldLine, fieldLow, fieldHigh, fieldRanges, fieldEntry, fieldOrigin, fieldSpecification, fieldDeclaration, fieldSibling)
	variableFields = setOf(fieldName, fieldFile, fieldOrigin, fieldSpecification, fieldDeclaration, fieldLocation, fieldConstant)
	typeFields     = setOf(fieldName, fieldDeclaration, fieldSibling)
)

// actionFor tells what to do with entries of a tag, and which fields that takes.
func actionFor(tag dwarf.Tag) (action, fieldSet) {
	switch tag {
	case dwarf.TagSubprogram:
		return takeFunction, codeFields
	case dwarf.TagInlinedSubroutine:
		return takeInlined, codeFields
	case dwarf.TagVariable:
		return takeVariable, variableFields
	case dwarf.TagStructType, dwarf.TagUnionType, dwarf.TagEnumerationType, dwarf.TagTypedef, dwarf.TagBaseType, dwarf.TagClassType:
		return takeType, typeFields
	case dwarf.TagCompileUnit, dwarf.TagPartialUnit, dwarf.TagTypeUnit, dwarf.TagSkeletonUnit,
		dwarf.TagLexDwarfBlock, dwarf.TagNamespace, dwarf.TagTryDwarfBlock, dwarf.TagCatchDwarfBlock, dwarf.TagModule:
		return passOver, 0
	}
	return passOverTree, setOf(fieldSibling)
}

// stepKind is how one step goes over a part of an entry.
type stepKind uint8

const (
	skipBytes stepKind = iota
	skipLEB
	skipExpression // a block with its length as LEB128
	skipText
	skipOther
	takeField
)

// step is one step of reading an entry: of several attributes, if their size is
// known and nothing of them is wanted.
type step struct {
	kind     stepKind
	field    field
	form     form
	size     uint32
	implicit int64
}

// plan is how the entries of an abbreviation are read.
type plan struct {
	action  action
	sibling bool // what is below is not wanted, and DW_AT_sibling tells where it ends
	steps   []step
}

// fixedSize is how many bytes a value of a form takes, if all take as many.
func (u *unit) fixedSize(f form) (uint32, bool) {
	switch f {
	case formFlagPresent, formImplicitConst:
		return 0, true
	case formData1, formRef1, formFlag, formStrx1, formAddrx1:
		return 1, true
	case formData2, formRef2, formStrx2, formAddrx2:
		return 2, true
	case formStrx3, formAddrx3:
		return 3, true
	case formData4, formRef4, formStrx4, formAddrx4, formRefSup4:
		return 4, true
	case formData8, formRef8, formRefSig8, formRefSup8:
		return 8, true
	case formData16:
		return 16, true
	case formAddr:
		return uint32(u.addressSize), true
	case formStrp, formLineStrp, formSecOffset, formStrpSup, formGNUStrpAlt, formGNURefAlt:
		return uint32(u.offsetSize), true
	case formRefAddr:
		if u.version <= 2 {
			return uint32(u.addressSize), true
		}
		return uint32(u.offsetSize), true
	}
	return 0, false
}

// planAll works out the plans of a table of abbreviations, for the entries of unit u.
func (t *abbreviations) planAll(u *unit) {
	t.steps = t.steps[:0]
	for i := range t.dense {
		t.planOne(u, &t.dense[i])
	}
	for _, a := range t.rest {
		t.planOne(u, a)
	}
}

func (t *abbreviations) planOne(u *unit, a *abbreviation) {
	first := len(t.steps)
	action, wanted := actionFor(a.tag)
	have := fieldSet(0)
	for _, s := range a.attributes {
		if f := fieldOf[s.name]; f != noField {
			have |= 1 << f
		}
	}
	wanted &= have
	leaf := action == passOverTree || action == takeType
	sibling := leaf && a.children && have.has(fieldSibling)
	if !sibling {
		wanted &^= setOf(fieldSibling)
	}
	for _, s := range a.attributes {
		if sibling && wanted == 0 {
			break // the rest is jumped over with what is below
		}
		f := fieldOf[s.name]
		if wanted.has(f) && f != noField {
			wanted &^= 1 << f
			t.steps = append(t.steps, step{kind: takeField, field: f, form: s.form, implicit: s.implicit})
			continue
		}
		size, fixed := u.fixedSize(s.form)
		last := len(t.steps) - 1
		switch {
		case fixed && last >= first && t.steps[last].kind == skipBytes:
			t.steps[last].size += size
		case fixed:
			if size > 0 {
				t.steps = append(t.steps, step{kind: skipBytes, size: size})
			}
		default:
			kind := skipOther
			switch s.form {
			case formUdata, formSdata, formRefUdata, formStrx, formAddrx, formLoclistx, formRnglistx:
				kind = skipLEB
			case formExprloc, formBlock:
				kind = skipExpression
			case formString:
				kind = skipText
			}
			t.steps = append(t.steps, step{kind: kind, form: s.form, implicit: s.implicit})
		}
	}
	a.plan = plan{action: action, sibling: sibling, steps: t.steps[first:len(t.steps):len(t.steps)]}
}
