package debuginfo

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
)

// This file finds DWARF that is not in the object's file itself: what several files
// share (DW_FORM_ref_sup4 and the like, or GNU's .gnu_debugaltlink), and units that
// the compiler left in files of their own (split DWARF: .dwo, or .dwp with many).

// debugFolder is where distributions put debuginfo.
const debugFolder = "/usr/lib/debug"

// supplementaryLink gives the name and build-id of the file that the object's DWARF
// shares with others.
func (o *Object) supplementaryLink() (name, buildID string, ok bool) {
	if name, buildID, ok = o.image.AlternateLink(); ok {
		return name, buildID, true
	}
	data, err := o.image.Section(".debug_sup")
	if err != nil || data == nil {
		return "", "", false
	}
	r := reader{data: data, order: o.image.Order}
	r.unsigned(2) // version
	shared := r.unsigned(1) != 0
	file := r.text()
	id := r.next(r.uleb())
	if r.short || shared || len(file) == 0 {
		return "", "", false
	}
	return string(file), hex.EncodeToString(id), true
}

func (o *Object) hasSupplementary() bool {
	_, _, ok := o.supplementaryLink()
	return ok
}

// supplementary gives the sections of the shared file; nil if it is not at hand.
func (o *Object) supplementary() *dwarfSections {
	o.alternate.once.Do(func() {
		name, id, ok := o.supplementaryLink()
		if !ok {
			return
		}
		paths := []string{name}
		if !filepath.IsAbs(name) {
			paths = []string{filepath.Join(filepath.Dir(o.image.Path), name)}
		}
		if len(id) > 2 {
			paths = append(paths, filepath.Join(debugFolder, ".build-id", id[:2], id[2:]+".debug"))
		}
		paths = append(paths, filepath.Join(debugFolder, ".dwz", filepath.Base(name)))
		for _, p := range paths {
			image, err := OpenImage(p)
			if err != nil {
				continue
			}
			if have := image.BuildID(); have == "" || id == "" || have == id {
				if s, err := readSections(image, ""); err == nil && len(s.info) > 0 {
					o.alternate.sections = s
					return
				}
			}
			image.Close()
		}
	})
	return o.alternate.sections
}

func (o *Object) openSupplementary() *source {
	sections := o.supplementary()
	if sections == nil {
		return nil
	}
	units, err := readUnits(o, supplementarySource, sections, sections.info, false)
	if err != nil {
		return nil
	}
	return &source{sections, sections.info, units}
}

// isSplit reports whether most of a unit is in another file.
func (o *Object) isSplit(u *unit) bool {
	if u.kind == unitSkeleton {
		return true
	}
	return u.kind == unitCompile && u.version == 4 && len(u.addresses) > 0 && u.ready() == nil && u.root.splitName != ""
}

// openSplit finds what a skeleton unit stands for: in a package beside the object's
// file, or in the file that the skeleton names.
func (o *Object) openSplit(number int) *source {
	units := o.main[infoSource].units
	if number-splitSources >= len(units) {
		return nil
	}
	skeleton := units[number-splitSources]
	if skeleton.ready() != nil || skeleton.root.splitName == "" {
		return nil
	}
	var s *source
	if p := o.splitPackage(); p != nil {
		s = p.unit(o, number, skeleton.signature)
	}
	if s == nil {
		s = o.openSplitFile(number, skeleton)
	}
	if s == nil {
		return nil
	}
	for _, u := range s.units {
		u.root.skeleton = skeleton
	}
	return s
}

func (o *Object) openSplitFile(number int, skeleton *unit) *source {
	paths := []string{skeleton.root.splitName}
	if !filepath.IsAbs(skeleton.root.splitName) {
		paths = []string{filepath.Join(skeleton.root.folder, skeleton.root.splitName)}
	}
	folder := filepath.Dir(o.image.Path)
	paths = append(paths, filepath.Join(folder, skeleton.root.splitName), filepath.Join(folder, filepath.Base(skeleton.root.splitName)))
	for _, p := range slices.Compact(paths) {
		if _, err := os.Stat(p); err != nil {
			continue
		}
		image, err := OpenImage(p)
		if err != nil {
			continue
		}
		sections, err := readSections(image, ".dwo")
		if err == nil {
			if units, err := readUnits(o, number, sections, sections.info, false); err == nil && belongs(units, skeleton) {
				return &source{sections, sections.info, units}
			}
		}
		image.Close()
	}
	return nil
}

// belongs reports whether split units are those of a skeleton.
func belongs(units []*unit, skeleton *unit) bool {
	for _, u := range units {
		u.root.skeleton = skeleton
		if u.kind == unitType || u.kind == unitSplitType {
			continue
		}
		if u.version < 5 && u.ready() != nil {
			return false
		}
		return u.signature == skeleton.signature
	}
	return false
}

// unitPackage is a file with many split units (DWARF 5, 7.3.5).
type unitPackage struct {
	sections *dwarfSections
	places   map[uint64]packagedUnit
}

// packagedUnit is where in a package's sections one unit's parts are.
type packagedUnit struct {
	info          [2]uint64 // offset and size
	abbreviations uint64
	bases         contribution
}

func (o *Object) splitPackage() *unitPackage {
	o.packageOnce.Do(func() {
		image, err := OpenImage(o.image.Path + ".dwp")
		if err != nil {
			return
		}
		sections, err := readSections(image, ".dwo")
		if err != nil {
			return
		}
		table, err := image.Section(".debug_cu_index")
		if err != nil || table == nil {
			return
		}
		places := readPackageIndex(&reader{data: table, order: image.Order})
		o.unitPackage = &unitPackage{sections, places}
	})
	return o.unitPackage
}

// readPackageIndex reads the table of a package's units. In version 2, which GNU's
// tools write for DWARF 4, sections have other numbers than in version 5.
func readPackageIndex(r *reader) map[uint64]packagedUnit {
	version := r.unsigned(4)
	if version != 2 {
		r.at = 0
		version = r.unsigned(2)
		r.unsigned(2)
	}
	columns, units, slots := r.unsigned(4), r.unsigned(4), r.unsigned(4)
	if r.short || columns > 16 || slots > uint64(len(r.data)) || units > slots {
		return nil
	}
	signatures, rows := make([]uint64, slots), make([]uint64, slots)
	for i := range signatures {
		signatures[i] = r.unsigned(8)
	}
	for i := range rows {
		rows[i] = r.unsigned(4)
	}
	names := make([]uint64, columns)
	for i := range names {
		names[i] = r.unsigned(4)
	}
	table := func() [][]uint64 {
		all := make([][]uint64, units)
		for i := range all {
			all[i] = make([]uint64, columns)
			for j := range all[i] {
				all[i][j] = r.unsigned(4)
			}
		}
		return all
	}
	offsets, sizes := table(), table()
	if r.short {
		return nil
	}
	places := map[uint64]packagedUnit{}
	for i, row := range rows {
		if row == 0 || row > units {
			continue
		}
		var p packagedUnit
		for c, name := range names {
			p.set(version, name, offsets[row-1][c], sizes[row-1][c])
		}
		places[signatures[i]] = p
	}
	return places
}

// set notes where a unit's part of one section is (DW_SECT_*).
func (p *packagedUnit) set(version, name, offset, size uint64) {
	switch name {
	case 1:
		p.info = [2]uint64{offset, size}
	case 3:
		p.abbreviations = offset
	case 4:
		p.bases.lines = offset
	case 5:
		if version == 2 {
			p.bases.locations = offset
		} else {
			p.bases.locationLists = offset
		}
	case 6:
		p.bases.stringOffsets = offset
	case 8:
		if version >= 5 {
			p.bases.rangeLists = offset
		}
	}
}

// unit gives the unit of that signature as a source of its own.
func (p *unitPackage) unit(o *Object, number int, signature uint64) *source {
	place, found := p.places[signature]
	end := place.info[0] + place.info[1]
	if !found || end > uint64(len(p.sections.info)) || end < place.info[0] {
		return nil
	}
	data := p.sections.info[place.info[0]:end:end]
	units, err := readUnits(o, number, p.sections, data, false)
	if err != nil {
		return nil
	}
	for _, u := range units {
		u.tableAt += place.abbreviations
		u.bases = place.bases
	}
	return &source{p.sections, data, units}
}

// typeUnit finds the type of a signature.
func (o *Object) typeUnit(signature uint64) (position, error) {
	o.signaturesOnce.Do(func() {
		o.signatures = map[uint64]position{}
		units, err := o.scannedUnits()
		if err != nil {
			return
		}
		for _, u := range units {
			if u.kind == unitType || u.kind == unitSplitType {
				o.signatures[u.signature] = u.position(u.begin + u.typeAt)
			}
		}
	})
	p, found := o.signatures[signature]
	if !found {
		return 0, errEntry
	}
	return p, nil
}
