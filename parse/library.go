package parse

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Library is the script library: many files, of which only those are read that
// declare what a script asks for. Each is read once. It is not for use by
// several goroutines at a time.
//
// A file with a mistake is as if it were not there, and a warning says so.
type Library struct {
	options   Options
	files     int
	functions map[string][]*libraryFile // by "name/arity"
	arities   map[string][]int
	globals   map[string][]*libraryFile
	aliases   map[string][]*libraryFile
	macros    map[string][]*libraryFile
	warnings  Diagnostics
	sources   map[*Source]*File // those that were read
	later     []*laterFiles
}

// laterFiles are files that are many, and of which most scripts want none.
type laterFiles struct {
	begins func(name string) bool // what their aliases begin with
	add    func()                 // nil: they have been added
}

// libraryFile is a file that is read when it is needed.
type libraryFile struct {
	order   int
	open    func() (*Source, error)
	content *File // nil until it was read
	macros  map[string]*Macro
}

// argumentsFile is the library file that gives scripts their arguments as
// variables, and the only one that sees them.
const argumentsFile = "argv.stp"

// NewLibrary makes a library without files. The options are what its files are
// read with; of a script's arguments only argv.stp sees something.
func NewLibrary(options Options) *Library {
	l := &Library{
		options:   options,
		functions: map[string][]*libraryFile{},
		arities:   map[string][]int{},
		globals:   map[string][]*libraryFile{},
		aliases:   map[string][]*libraryFile{},
		sources:   map[*Source]*File{},
		macros:    map[string][]*libraryFile{},
	}
	l.options.Macros = l.Macro
	return l
}

// Add puts a file behind those that are there: of several definitions the
// first one counts. open gives its text.
func (l *Library) Add(index FileIndex, open func() (*Source, error)) {
	file := &libraryFile{order: l.files, open: open}
	l.files++
	for _, key := range index.Functions {
		l.functions[key] = append(l.functions[key], file)
		name, digits, _ := strings.Cut(key, "/")
		if arity, err := strconv.Atoi(digits); err == nil && !slices.Contains(l.arities[name], arity) {
			l.arities[name] = append(l.arities[name], arity)
		}
	}
	for _, name := range index.Globals {
		l.globals[name] = append(l.globals[name], file)
	}
	for _, name := range index.Aliases {
		l.aliases[name] = append(l.aliases[name], file)
	}
	for _, name := range index.Macros {
		l.macros[name] = append(l.macros[name], file)
	}
}

// AddLater puts files behind those that are there, once somebody asks for an alias whose
// first component they have.
func (l *Library) AddLater(begins func(first string) bool, add func()) {
	l.later = append(l.later, &laterFiles{begins, add})
}

// settle adds the files whose aliases begin with a name; all: whatever they begin with.
func (l *Library) settle(name string, all bool) {
	first, _, _ := strings.Cut(name, ".")
	for _, later := range l.later {
		if add := later.add; add != nil && (all || later.begins(first)) {
			later.add = nil
			add()
		}
	}
}

// Files is how many files the library has, read or not.
func (l *Library) Files() int { return l.files }

// Functions gives all overloads with this name and number of parameters that
// the first file with one has, and the file; nil where there is none.
func (l *Library) Functions(name string, arity int) ([]*Function, *File) {
	for _, file := range l.functions[functionKey(name, arity)] {
		content := l.read(file)
		var overloads []*Function
		for _, f := range content.Functions {
			if f.Text == name && len(f.Parameters) == arity && !f.Private {
				overloads = append(overloads, f)
			}
		}
		if overloads != nil {
			return overloads, content
		}
	}
	return nil, nil
}

// Arities lists, in order, how many parameters the functions of this name take.
func (l *Library) Arities(name string) []int { return slices.Sorted(slices.Values(l.arities[name])) }

// Global gives the global variable of this name and its file, nil where there
// is none.
func (l *Library) Global(name string) (*Global, *File) {
	for _, file := range l.globals[name] {
		content := l.read(file)
		for _, g := range content.Globals {
			if g.Text == name && !g.Private {
				return g, content
			}
		}
	}
	return nil, nil
}

// Aliases gives the aliases with a name for which match is true, of all files
// that have one, in the order of the files and of their text. If first is not "", that is
// the first component of all of them.
func (l *Library) Aliases(first string, match func(name string) bool) []*Alias {
	l.settle(first, first == "")
	wanted := map[*libraryFile]bool{}
	for name, files := range l.aliases {
		if match(name) {
			for _, file := range files {
				wanted[file] = true
			}
		}
	}
	return l.aliasesOf(wanted, match)
}

// AliasesNamed gives those with exactly that name.
func (l *Library) AliasesNamed(wanted string) []*Alias {
	l.settle(wanted, false)
	files := map[*libraryFile]bool{}
	for _, file := range l.aliases[wanted] {
		files[file] = true
	}
	return l.aliasesOf(files, func(name string) bool { return name == wanted })
}

// aliasesOf gives the aliases of some files whose names match.
func (l *Library) aliasesOf(wanted map[*libraryFile]bool, match func(name string) bool) []*Alias {
	inOrder := slices.SortedFunc(maps.Keys(wanted), func(a, b *libraryFile) int { return a.order - b.order })
	var aliases []*Alias
	for _, file := range inOrder {
		for _, a := range l.read(file).Aliases {
			if slices.ContainsFunc(a.Names, func(name *ProbePoint) bool { return match(name.dotted()) }) {
				aliases = append(aliases, a)
			}
		}
	}
	return aliases
}

// Macro gives the macro of this name, which all scripts and library files see.
func (l *Library) Macro(name string) (*Macro, bool) {
	var found *Macro
	for _, file := range l.macros[name] {
		if file.content == nil {
			l.readMacros(file)
		}
		m := file.macros[name]
		switch {
		case found == nil:
			found = m
		case m != nil && found.rival == nil:
			found.rival = m
		}
	}
	return found, found != nil
}

// FileOf gives the file that was read from a source, nil where there is none.
func (l *Library) FileOf(source *Source) *File { return l.sources[source] }

// FunctionNames lists the names of all functions, sorted.
func (l *Library) FunctionNames() []string { return slices.Sorted(maps.Keys(l.arities)) }

// GlobalNames lists the names of all global variables, sorted.
func (l *Library) GlobalNames() []string { return slices.Sorted(maps.Keys(l.globals)) }

// AliasNames lists the names of all aliases, sorted.
func (l *Library) AliasNames() []string {
	l.settle("", true)
	return slices.Sorted(maps.Keys(l.aliases))
}

// MacroNames lists the names of all macros, sorted.
func (l *Library) MacroNames() []string { return slices.Sorted(maps.Keys(l.macros)) }

// Warnings says what is wrong with the files that were read so far.
func (l *Library) Warnings() Diagnostics { return l.warnings }

// read gives what is in a file; nothing, if it has a mistake.
func (l *Library) read(file *libraryFile) *File {
	if file.content != nil {
		return file.content
	}
	file.content = &File{}
	source := l.open(file)
	if source == nil {
		return file.content
	}
	options := l.options
	if path.Base(source.Name) != argumentsFile {
		options.Arguments = nil
	}
	content, err := Parse(source, options)
	var found Diagnostics
	if errors.As(err, &found) {
		l.leaveOut(file, found)
		return file.content
	}
	l.warnings = append(l.warnings, content.Warnings...)
	file.content, l.sources[source] = content, content
	return content
}

// readMacros reads a file of macros.
func (l *Library) readMacros(file *libraryFile) {
	file.content = &File{}
	source := l.open(file)
	if source == nil {
		return
	}
	options := l.options
	options.Arguments = nil
	macros, found := readMacros(source, options)
	if found.Errors() > 0 {
		l.leaveOut(file, found)
		return
	}
	l.warnings = append(l.warnings, found...)
	file.macros = macros
}

// open gives the text of a file, nil if it cannot be read.
func (l *Library) open(file *libraryFile) *Source {
	source, err := file.open()
	if err != nil {
		l.leaveOut(file, Diagnostics{{Message: fmt.Sprintf("a library script is left out: %v", err)}})
		return nil
	}
	return source
}

// leaveOut makes a file as if it were not there, with a warning of why.
func (l *Library) leaveOut(file *libraryFile, mistakes Diagnostics) {
	for _, mistake := range mistakes {
		mistake.Severity, mistake.Kind = Warning, ""
	}
	l.warnings = append(l.warnings, mistakes...)
	l.forget(file)
}

// forget takes a file's names out of the lists, which may be in use.
func (l *Library) forget(file *libraryFile) {
	for _, index := range []map[string][]*libraryFile{l.functions, l.globals, l.aliases, l.macros} {
		for name, files := range index {
			if !slices.Contains(files, file) {
				continue
			}
			index[name] = slices.DeleteFunc(slices.Clone(files), func(f *libraryFile) bool { return f == file })
			if len(index[name]) == 0 {
				delete(index, name)
			}
		}
	}
	for name, arities := range l.arities {
		l.arities[name] = slices.DeleteFunc(arities, func(n int) bool { return l.functions[functionKey(name, n)] == nil })
		if len(l.arities[name]) == 0 {
			delete(l.arities, name)
		}
	}
}
