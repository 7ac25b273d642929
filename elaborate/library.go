package elaborate

import (
	"strings"

	"github.com/gostap/gostap/parse"
)

// library finds what library files declare, by name.
type library struct {
	files []*parse.File
}

func indexLibrary(files []*parse.File) library { return library{files} }

// Functions gives the overloads in the first file that has one.
func (l library) Functions(name string, arity int) ([]*parse.Function, *parse.File) {
	for _, file := range l.files {
		var found []*parse.Function
		for _, f := range file.Functions {
			if f.Text == name && len(f.Parameters) == arity && !f.Private {
				found = append(found, f)
			}
		}
		if found != nil {
			return found, file
		}
	}
	return nil, nil
}

func (l library) Arities(name string) []int {
	var found []int
	for _, file := range l.files {
		for _, f := range file.Functions {
			if f.Text == name && !f.Private {
				found = append(found, len(f.Parameters))
			}
		}
	}
	return found
}

func (l library) Global(name string) (*parse.Global, *parse.File) {
	for _, file := range l.files {
		for _, g := range file.Globals {
			if g.Text == name && !g.Private {
				return g, file
			}
		}
	}
	return nil, nil
}

func (l library) Aliases(match func(string) bool) []*parse.Alias {
	var found []*parse.Alias
	for _, file := range l.files {
		for _, a := range file.Aliases {
			for _, name := range a.Names {
				if match(dotted(name)) {
					found = append(found, a)
					break
				}
			}
		}
	}
	return found
}

func (l library) FunctionNames() []string {
	var names []string
	for _, file := range l.files {
		for _, f := range file.Functions {
			if !f.Private && !strings.HasPrefix(f.Text, "_") {
				names = append(names, f.Text)
			}
		}
	}
	return names
}

func (l library) AliasNames() []string {
	var names []string
	for _, file := range l.files {
		for _, a := range file.Aliases {
			for _, name := range a.Names {
				names = append(names, dotted(name))
			}
		}
	}
	return names
}

// fileOf gives the file that an alias is declared in.
func (l library) fileOf(a *parse.Alias) *parse.File {
	for _, file := range l.files {
		if file.Source == a.Position.Source {
			return file
		}
	}
	return nil
}
