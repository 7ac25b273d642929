package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
	"github.com/spf13/pflag"
)

// listings are the options that list something instead of running a script.
type listings struct {
	points    string // -l
	variables string // -L
	functions bool
	aliases   bool
	types     bool
	given     []string // which of them, as they are written
}

func (l *listings) addTo(flags *pflag.FlagSet) {
	flags.StringVarP(&l.points, "list", "l", "", "list the probe points that `POINT` stands for, with * in it")
	flags.StringVarP(&l.variables, "list-variables", "L", "", "list `POINT` with the variables that can be used there")
	flags.BoolVar(&l.functions, "dump-functions", false, "list the library's functions")
	flags.BoolVar(&l.aliases, "dump-probe-aliases", false, "list the library's probe aliases")
	flags.BoolVar(&l.types, "dump-probe-types", false, "list the forms of probe points")
}

func (l *listings) wanted() bool { return len(l.given) > 0 }

func (l *listings) validate(given func(string) bool) error {
	for _, option := range []struct{ name, written string }{
		{"list", "-l"}, {"list-variables", "-L"}, {"dump-functions", "--dump-functions"},
		{"dump-probe-aliases", "--dump-probe-aliases"}, {"dump-probe-types", "--dump-probe-types"},
	} {
		if given(option.name) {
			l.given = append(l.given, option.written)
		}
	}
	switch {
	case len(l.given) > 1:
		return usage("ERROR: only one of the -l/-L/--dump-* switches may be specified")
	case l.wanted() && given("script"):
		return l.noScript()
	}
	return nil
}

func (l *listings) noScript() error {
	return usage("%s takes no script: -E adds what it needs.", l.given[0])
}

// list writes the listing that is wanted to standard output. The scripts of -E may
// add to what there is. The status is 1 if nothing is listed.
func (d *driver) list(ctx context.Context, arguments []string) (int, error) {
	if len(arguments) > 0 {
		return 1, d.listings.noScript()
	}
	library, err := d.library(d.parseOptions(nil))
	if err != nil {
		return failed(1, err)
	}
	script, found := d.parseSources(d.withMoreScripts(nil), nil, library)
	if err := d.report(found); err != nil {
		return failed(1, err)
	}
	var lines []string
	switch {
	case d.listings.functions:
		lines = d.functionLines(script, library)
	case d.listings.aliases:
		lines = d.aliasLines(script, library)
	case d.listings.types:
		lines = elaborate.Forms()
	default:
		if lines, err = d.pointLines(script, library); err != nil {
			return failed(2, err)
		}
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	if err := d.report(library.Warnings()); err != nil {
		return failed(2, err)
	}
	out := bufio.NewWriter(d.stdout)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	if err := out.Flush(); err != nil {
		return 1, err
	}
	if len(lines) == 0 {
		return 1, nil
	}
	return 0, ctx.Err()
}

// pointLines are those of -l and -L. Why there are none is said with -v.
func (d *driver) pointLines(script []*parse.File, library *parse.Library) ([]string, error) {
	text := d.listings.points + d.listings.variables
	source := &parse.Source{Name: "<input>", Text: []byte("probe " + text + " { }")}
	wanted, found := d.parseSources([]*parse.Source{source}, nil, library)
	if err := d.report(found); err != nil {
		return nil, &passError{pass: 1, err: err}
	}
	list := elaborate.List
	if d.listings.variables == "" {
		list = elaborate.ListNames
	}
	points, found, err := list(wanted[0], script, library, d.elaborateOptions())
	if err != nil {
		return nil, err
	}
	if d.verbosity(2) > 0 {
		d.render(d.stderr, d.wanted(found))
	}
	var lines []string
	for _, point := range points {
		line := point.Point
		if d.listings.variables != "" {
			line = strings.Join(append([]string{line}, point.Variables...), " ")
			if d.verbosity(2) > 0 && len(point.Addresses) > 0 {
				line += " /* pc=" + strings.Join(point.Addresses, " pc=") + " */"
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// hidden says of a name whether it is the library's own affair, which is shown
// with -v.
func (d *driver) hidden(name string) bool {
	return strings.HasPrefix(name, "_") && d.verbosity(1) == 0
}

func (d *driver) functionLines(script []*parse.File, library *parse.Library) []string {
	var all []*parse.Function
	for _, file := range script {
		all = append(all, file.Functions...)
	}
	for _, name := range library.FunctionNames() {
		for _, arity := range library.Arities(name) {
			overloads, _ := library.Functions(name, arity)
			all = append(all, overloads...)
		}
	}
	var lines []string
	for _, f := range all {
		if !d.hidden(f.Text) {
			lines = append(lines, signature(f, d.verbosity(1) > 0))
		}
	}
	return lines
}

// Tags of functions in C: who may use them, and what pass 2 may think of them.
var (
	privilegeTags = []string{"/* guru */", "/* unprivileged */", "/* myproc-unprivileged */"}
	effectTags    = []string{"/* pure */", "/* stable */", "/* unmangled */", "/* unmodified-fnargs */"}
)

// signature gives "name:type (parameter:type, …)" with the tags of the C; those
// for pass 2 only if all are wanted.
func signature(f *parse.Function, allTags bool) string {
	line := f.Signature()
	if f.Code == nil {
		return line
	}
	tags := slices.Clone(privilegeTags)
	if allTags {
		tags = append(tags, effectTags...)
	}
	for _, tag := range tags {
		if strings.Contains(f.Code.Text, tag) {
			line += " " + tag
		}
	}
	return line
}

func (d *driver) aliasLines(script []*parse.File, library *parse.Library) []string {
	var all []*parse.Alias
	for _, file := range script {
		all = append(all, file.Aliases...)
	}
	all = append(all, library.Aliases("", func(string) bool { return true })...)
	var lines []string
	for _, alias := range all {
		points := make([]string, len(alias.Points))
		for i, point := range alias.Points {
			points[i] = point.String()
		}
		for _, name := range alias.Names {
			if !d.hidden(name.String()) {
				lines = append(lines, name.String()+" = "+strings.Join(points, ", "))
			}
		}
	}
	return lines
}
