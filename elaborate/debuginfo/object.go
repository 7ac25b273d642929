package debuginfo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Object is one file's DWARF: a kernel's or a module's. It may be used by several
// goroutines at once. The file stays mapped for as long as the program runs.
type Object struct {
	Name  string // "kernel", or the module's
	image *Image

	cache   string
	buildID string

	unitsOnce sync.Once
	unitsErr  error
	main      [2]*source // .debug_info and .debug_types

	indexOnce sync.Once
	index     *index
	indexErr  error

	moreMutex sync.Mutex
	more      map[int]*source // the supplementary file's, and those of split units, by number
	alternate struct {
		once     sync.Once
		sections *dwarfSections
	}
	packageOnce sync.Once
	unitPackage *unitPackage // of split units (.dwp); nil if there is none

	signaturesOnce sync.Once
	signatures     map[uint64]position // of types in units of their own

	types  typeCache
	frames frames
	rows   rowCache
}

// Numbers of sources in a position. Split units come behind: that of the n-th unit
// of .debug_info is number splitSources+n.
const (
	infoSource          = 0
	typesSource         = 1
	supplementarySource = 2
	splitSources        = 3
)

// ErrNoDWARF says that a file has no DWARF.
var ErrNoDWARF = errors.New("it has no DWARF")

// Open reads an object's DWARF, lazily: file is an ELF file that has it. In
// cacheFolder an index of it is kept, by build-id; "" keeps none.
func Open(name, file, cacheFolder string) (*Object, error) {
	image, err := OpenImage(file)
	if err != nil {
		return nil, err
	}
	o, err := NewObject(name, image, cacheFolder)
	if err != nil {
		return nil, errors.Join(err, image.Close())
	}
	return o, nil
}

// NewObject is Open for a file that has been opened.
func NewObject(name string, image *Image, cacheFolder string) (*Object, error) {
	sections, err := readSections(image, "")
	if err != nil {
		return nil, err
	}
	if len(sections.info) == 0 {
		return nil, fmt.Errorf("%s: %w", image.Path, ErrNoDWARF)
	}
	o := &Object{Name: name, image: image, cache: cacheFolder, buildID: image.BuildID(), more: map[int]*source{}}
	o.main[infoSource] = &source{sections: sections, data: sections.info}
	o.main[typesSource] = &source{sections: sections, data: sections.types}
	return o, nil
}

// BuildID gives the file's build-id, in hexadecimal; "" if it has none.
func (o *Object) BuildID() string { return o.buildID }

// Image gives the file.
func (o *Object) Image() *Image { return o.image }

func (o *Object) damaged(err error) error {
	return fmt.Errorf("%s: the debuginfo cannot be read: %w", o.image.Path, err)
}

// units finds the units of the file itself.
func (o *Object) units() error {
	o.unitsOnce.Do(func() {
		for number, s := range o.main {
			units, err := readUnits(o, number, s.sections, s.data, number == typesSource)
			s.units = units
			if err != nil {
				o.unitsErr = o.damaged(err)
			}
		}
	})
	return o.unitsErr
}

// source gives the source of that number; nil if it cannot be had.
func (o *Object) source(number int) *source {
	if o.units() != nil {
		return nil
	}
	if number <= typesSource {
		return o.main[number]
	}
	o.moreMutex.Lock()
	defer o.moreMutex.Unlock()
	s, known := o.more[number]
	if !known {
		if number == supplementarySource {
			s = o.openSupplementary()
		} else {
			s = o.openSplit(number)
		}
		o.more[number] = s
	}
	return s
}

// unit gives the unit that an entry is in.
func (o *Object) unit(p position) (*unit, error) {
	s := o.source(p.source())
	if s == nil {
		return nil, errEntry
	}
	u := s.unitAround(p.offset())
	if u == nil {
		return nil, errEntry
	}
	return u, nil
}

func (o *Object) entry(p position) (entry, error) {
	u, err := o.unit(p)
	if err != nil {
		return entry{}, err
	}
	return u.entryAt(p.offset())
}

// scannedUnits lists the units whose entries the index is made of: of a skeleton,
// the unit that it stands for.
func (o *Object) scannedUnits() ([]*unit, error) {
	if err := o.units(); err != nil {
		return nil, err
	}
	var units []*unit
	for i, u := range o.main[infoSource].units {
		if o.isSplit(u) {
			if s := o.source(splitSources + i); s != nil {
				units = append(units, s.units...)
			}
			continue
		}
		units = append(units, u)
	}
	units = append(units, o.main[typesSource].units...)
	if o.hasSupplementary() {
		if s := o.source(supplementarySource); s != nil {
			units = append(units, s.units...)
		}
	}
	return units, nil
}

// ready opens the index or makes it.
func (o *Object) ready() (*index, error) {
	o.indexOnce.Do(func() { o.index, o.indexErr = o.openOrBuild() })
	return o.index, o.indexErr
}

func (o *Object) openOrBuild() (*index, error) {
	fingerprint := fingerprintOf(o.main[infoSource].sections, o.buildID)
	file := ""
	if o.cache != "" && o.buildID != "" {
		file = filepath.Join(o.cache, o.buildID+".debuginfo")
		if data, err := mapFile(file); err == nil {
			x, err := openIndex(data, fingerprint)
			if err == nil {
				return x, nil
			}
			if err := unmap(data); err != nil {
				return nil, err
			}
		}
	}
	units, err := o.scannedUnits()
	if err != nil {
		return nil, err
	}
	symbols := make(chan symbolAt, 1)
	go func() { symbols <- entrySymbols(o.image) }()
	all, err := scanUnits(o, units)
	if err != nil {
		return nil, o.damaged(err)
	}
	data := buildIndex(all, <-symbols, o.image.machine().room, fingerprint)
	if file != "" {
		// Without the file the next run is slower, and no worse.
		_ = writeIndex(file, data)
	}
	return openIndex(data, fingerprint)
}

// writeIndex puts an index where other runs find it, whole or not at all.
func writeIndex(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}
