// Command manual writes the manual pages of the library, one for each subject, of the
// comments in its files: tapset::SUBJECT(3stap).
//
//	go run ./tapsets/manual FOLDER
package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/tapsets"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: manual FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

// page is what there is about a subject.
type page struct {
	subject   string
	about     string // of its first file
	functions []*parse.Function
	aliases   []*parse.Alias
	macros    []*parse.Macro
}

// write makes the pages anew in a folder.
func write(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, p := range pages(newLibrary()) {
		var text strings.Builder
		p.write(&text)
		if err := os.WriteFile(filepath.Join(folder, "tapset::"+p.subject+".3stap"), []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// newLibrary gives the library as the newest of the kernels see it that it is tested on.
func newLibrary() *parse.Library {
	known := func(text string) func() (string, error) { return func() (string, error) { return text, nil } }
	library := parse.NewLibrary(parse.Options{Environment: parse.Environment{
		Release: known("6.12"), Arch: known("x86_64"), Config: func(string) (string, bool, error) { return "", false, nil },
	}})
	tapsets.AddTo(library)
	return library
}

// pages sorts what the library has by subjects: the names of its files, or of the folders
// that they are in.
func pages(library *parse.Library) []*page {
	bySubject := map[string]*page{}
	of := func(at parse.Position) *page {
		name := strings.TrimPrefix(at.Source.Name, "tapset/")
		subject, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(name, "m"), ".stp"), "/")
		p := bySubject[subject]
		if p == nil {
			p = &page{subject: subject, about: parse.HeaderOf(at.Source)}
			bySubject[subject] = p
		}
		return p
	}
	for _, name := range library.FunctionNames() {
		for _, arity := range library.Arities(name) {
			overloads, _ := library.Functions(name, arity)
			for _, f := range overloads {
				if !strings.HasPrefix(name, "_") {
					p := of(f.Position)
					p.functions = append(p.functions, f)
				}
			}
		}
	}
	for _, a := range library.Aliases("", func(string) bool { return true }) {
		if !strings.HasPrefix(a.Names[0].String(), "_") {
			p := of(a.Position)
			p.aliases = append(p.aliases, a)
		}
	}
	for _, name := range library.MacroNames() {
		if m, found := library.Macro(name); found && !strings.HasPrefix(name, "_") {
			p := of(m.Position)
			p.macros = append(p.macros, m)
		}
	}
	var all []*page
	for _, p := range bySubject {
		slices.SortStableFunc(p.functions, func(a, b *parse.Function) int { // as they were written: "the same" is the one above
			return cmp.Or(strings.Compare(a.Position.Source.Name, b.Position.Source.Name), a.Position.Offset-b.Position.Offset)
		})
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *page) int { return strings.Compare(a.subject, b.subject) })
	return all
}

// write writes a page in the language of man.
func (p *page) write(w io.Writer) {
	title := "tapset::" + p.subject
	summary, _, _ := strings.Cut(p.about, ". ")
	fmt.Fprintf(w, ".TH \"%s\" 3stap \"\" \"gostap\" \"Script library\"\n.SH NAME\n%s \\- %s\n", roff(strings.ToUpper(title)), roff(title), roff(strings.TrimSuffix(summary, ".")))
	fmt.Fprintf(w, ".SH DESCRIPTION\n%s\n", roff(p.about))
	if p.functions != nil {
		fmt.Fprintln(w, ".SH FUNCTIONS")
		p.writeFunctions(w)
	}
	if p.aliases != nil {
		fmt.Fprintln(w, ".SH PROBE POINTS")
		for _, a := range p.aliases {
			for i, name := range a.Names {
				begin(w, i == 0, name.String())
			}
			writeDoc(w, parse.DocOf(a.Position))
		}
	}
	if p.macros != nil {
		fmt.Fprintln(w, ".SH MACROS")
		for _, m := range p.macros {
			name := "@" + m.Text
			if m.Parameters != nil {
				name += "(" + strings.Join(m.Parameters, ", ") + ")"
			}
			begin(w, true, name)
			writeDoc(w, parse.DocOf(m.Position))
		}
	}
	fmt.Fprintln(w, ".SH SEE ALSO\n\\fIstap help NAME\\fR says what a kernel has of it.")
}

// writeFunctions writes the functions, those of one name together.
func (p *page) writeFunctions(w io.Writer) {
	var doc *parse.Doc
	for i, f := range p.functions {
		first := i == 0 || p.functions[i-1].Text != f.Text
		begin(w, first, strings.ReplaceAll(f.Signature(), ":unknown", ""))
		if own := parse.DocOf(f.Position); own != nil && (first || doc == nil) {
			doc = own
		}
		if i+1 == len(p.functions) || p.functions[i+1].Text != f.Text {
			writeDoc(w, doc)
			doc = nil
		}
	}
}

// begin starts an entry, or adds a name to it.
func begin(w io.Writer, first bool, name string) {
	tag := ".TQ"
	if first {
		tag = ".TP"
	}
	fmt.Fprintf(w, "%s\n.B %s\n", tag, roff(name))
}

func writeDoc(w io.Writer, doc *parse.Doc) {
	if doc == nil {
		return
	}
	text := doc.Text
	for _, sentence := range []struct{ begin, text string }{{"Since Linux ", doc.Since}, {"Until Linux ", doc.Until}, {"Instead: ", doc.Instead}} {
		if sentence.text != "" {
			text += " " + sentence.begin + sentence.text + "."
		}
	}
	fmt.Fprintln(w, roff(text))
	if doc.Variables == nil {
		return
	}
	fmt.Fprintln(w, ".RS")
	for _, v := range doc.Variables {
		fmt.Fprintf(w, ".TP\n.I %s\n%s\n", roff(strings.Join(v.Names, ", ")), roff(v.Text))
	}
	fmt.Fprintln(w, ".RE")
}

// roff quotes a text: no word of it is a command of the language.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
