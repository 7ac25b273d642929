package elaborate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
)

// ProcfsPlace is a file of the script's own in /proc/systemtap/MODULE: probe
// procfs("name").read makes the text that a reader gets, procfs("name").write
// has the text that somebody writes. Either is $value. All probes of a path are
// one file.
type ProcfsPlace struct {
	Path  string
	Write bool
	Mode  int64 // of the file: what this probe adds
	Size  int64 // of a text that is read, at most; 0: MAXSTRINGLEN
	token parse.Token
}

func (*ProcfsPlace) order() order { return order{stage: stageArm} }

const (
	defaultProcfsPath = "command"
	mostProcfsSize    = 64 << 20
	readable          = 0o444
	writable          = 0o222
)

func procfsFamily() family {
	var patterns []string
	for _, base := range []string{"procfs", "procfs(string)"} {
		for _, umask := range []string{"", ".umask(number)"} {
			patterns = append(patterns, base+umask+".read", base+umask+".read.maxsize(number)", base+umask+".write")
		}
	}
	return family{patterns: patterns, resolve: resolveProcfs}
}

func resolveProcfs(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	place := &ProcfsPlace{Path: defaultProcfsPath, token: p.Components[0].Token}
	if literal, ok := p.Components[0].Argument.(*parse.StringLiteral); ok {
		place.Path, place.token = literal.Value, literal.Token
		if d := checkProcfsPath(literal); d != nil {
			return nil, d
		}
	}
	umask := int64(-1)
	for _, c := range p.Components[1:] {
		n := numberArgument(c)
		switch c.Text {
		case "umask":
			if n < 0 || n > 0o777 {
				return nil, semanticError(c.Token, "umask value out of range (0, 0777)")
			}
			umask = n
		case "write":
			place.Write = true
		case "maxsize":
			if n < 1 || n > mostProcfsSize {
				return nil, semanticError(c.Token, fmt.Sprintf("maxsize value out of range (1, %d)", mostProcfsSize))
			}
			place.Size = n
		}
	}
	switch {
	case place.Write && umask < 0:
		umask = 0o022
	case umask < 0:
		umask = 0o044
	}
	place.Mode = (readable | writable) &^ umask
	if place.Write {
		place.Mode &= writable
	} else {
		place.Mode &= readable
	}
	if d := e.checkProcfsFolder(place); d != nil {
		return nil, d
	}
	return oneSite(place, p), nil
}

// runtimeFiles are those that the session itself has in its folder.
var runtimeFiles = regexp.MustCompile(`^(control|trace[0-9]+)$`)

func checkProcfsPath(path *parse.StringLiteral) *parse.Diagnostic {
	name := path.Value
	switch {
	case name == "":
		return semanticError(path.Token, "procfs path cannot be empty")
	case strings.HasPrefix(name, "/"):
		return semanticError(path.Token, "procfs path cannot start with a '/'")
	case strings.HasSuffix(name, "/"):
		return semanticError(path.Token, "procfs path cannot end with a '/'")
	}
	segments := strings.Split(name, "/")
	for _, segment := range segments {
		switch {
		case segment == "":
			return semanticError(path.Token, "procfs path cannot have an empty segment")
		case segment == "." || segment == "..":
			return semanticError(path.Token, fmt.Sprintf("procfs path cannot have the segment '%s'", segment))
		case len(segment) > 255:
			return semanticError(path.Token, "procfs path cannot have a segment of more than 255 bytes")
		}
	}
	if runtimeFiles.MatchString(segments[0]) {
		return semanticError(path.Token, fmt.Sprintf("procfs path cannot be '%s': the session has a file of that name", segments[0]))
	}
	return nil
}

// checkProcfsFolder finds paths of which one would be a file and a folder.
func (e *elaborator) checkProcfsFolder(place *ProcfsPlace) *parse.Diagnostic {
	for _, h := range e.probes {
		other, ok := h.probe.Place.(*ProcfsPlace)
		if ok && (strings.HasPrefix(other.Path, place.Path+"/") || strings.HasPrefix(place.Path, other.Path+"/")) {
			file := min(place.Path, other.Path)
			d := semanticError(place.token, fmt.Sprintf("procfs path '%s' cannot be a file and a folder", file))
			d.Notes = []parse.Note{{Position: other.token.Position, Message: fmt.Sprintf("the other is '%s'", other.Path)}}
			return d
		}
	}
	return nil
}

func (*ProcfsPlace) variables() []string { return []string{"$value:string"} }

// isString reports which variables are strings: the only one.
func (*ProcfsPlace) isString(name string) bool { return name == "$value" }

func (p *ProcfsPlace) target(_ *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	if d := checkValue(t); d != nil {
		return value{}, d
	}
	if !p.Write {
		return value{}, semanticError(t.Token, "$value cannot be read in a procfs read probe: it is what the handler makes")
	}
	return value{x: &HitVariable{Family: "procfs", Name: "value", Result: parse.String}}, nil
}

// assign is "$value = x" and "$value .= x".
func (p *ProcfsPlace) assign(c *checker, x *parse.Assign, t *parse.Target, operator string) Expression {
	d := checkValue(t)
	switch {
	case d != nil:
	case p.Write:
		d = semanticError(t.Token, "$value is read only in a procfs write probe")
	case operator != "" && operator != ".":
		d = semanticError(x.Token, "$value can be set with '=' and '.=' only")
	}
	if d != nil {
		c.add(d)
		return nil
	}
	y := c.value(x.Y, parse.String)
	if y == nil {
		return nil
	}
	return &StoreHitVariable{Token: t.Token, Family: "procfs", Name: "value", Append: operator == ".", X: y}
}

// checkValue holds a target to "$value", the only one of a procfs probe.
func checkValue(t *parse.Target) *parse.Diagnostic {
	switch {
	case t.Name != "$value":
		d := semanticError(t.Token, fmt.Sprintf("a procfs probe has no %s", t.Name))
		d.Hint = "it has $value"
		return d
	case len(t.Accessors) > 0 || t.AddressOf || t.Pretty > 0:
		return semanticError(t.Token, "$value is a string")
	}
	return nil
}

// inputFile is how the names of files begin to which staprun writes what it reads
// from standard input.
const inputFile = "__stdin"

// ReadsInput reports whether a program has probes for standard input.
func (p *Program) ReadsInput() bool {
	return slices.ContainsFunc(p.Probes, func(probe *Probe) bool {
		place, ok := probe.Place.(*ProcfsPlace)
		return ok && place.Write && strings.HasPrefix(place.Path, inputFile)
	})
}
