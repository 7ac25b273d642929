package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newHelpCommand makes `stap help`, which explains what the library has by its comments.
func newHelpCommand(s *settings) *cobra.Command {
	command := &cobra.Command{
		Use:   "help [-r RELEASE] [-a ARCH] [-I FOLDER] [NAME ...]",
		Short: "Explain functions, probe aliases and macros of the library",
		Long: `Explain functions, probe aliases and macros of the library, or a command of stap. With
a * in NAME list what it stands for. Of a probe alias it says where it is set, whether
the kernel has these places, and which variables it sets. Without a kernel at hand that
is left out.`,
		Args:                  cobra.ArbitraryArgs,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
	}
	addFlags(command, newFlagGroup("", func(flags *pflag.FlagSet) {
		flags.StringArrayVarP(&s.libraries, "library", "I", nil, "`FOLDER` with more library scripts, searched before all others")
		s.addTarget(flags)
		flags.BoolP("help", "h", false, "this help")
	}))
	command.RunE = func(command *cobra.Command, names []string) error {
		if len(names) == 0 {
			return command.Root().Help()
		}
		if err := s.validateTarget(command.Flags().Changed); err != nil {
			return err
		}
		d := &driver{settings: s, stdout: command.OutOrStdout(), stderr: os.Stderr, interrupted: command.Context()}
		return d.explain(command, names)
	}
	return command
}

// explain says what each name stands for.
func (d *driver) explain(command *cobra.Command, names []string) error {
	if d.release != "" {
		if _, err := d.findKernel(); err != nil {
			return err
		}
	}
	library, err := d.library(d.parseOptions(nil))
	if err != nil {
		return err
	}
	h := &helper{driver: d, library: library, out: d.stdout}
	unknown := false
	for i, name := range names {
		if i > 0 {
			fmt.Fprintln(h.out)
		}
		if sub, _, err := command.Root().Find([]string{name}); err == nil && sub != command.Root() {
			if err := sub.Help(); err != nil {
				return err
			}
			continue
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, "@"), "()")
		if strings.ContainsAny(name, "*?[") {
			if !h.listMatches(name) {
				return h.unknown(name)
			}
			continue
		}
		found, err := h.explain(name)
		if err != nil {
			return err
		}
		if !found {
			unknown = true
			d.complain(d.stderr, h.unknown(name))
		}
	}
	if unknown {
		return errSaid
	}
	return nil
}

// helper looks things up in a library.
type helper struct {
	*driver
	library *parse.Library
	out     io.Writer
}

// unknown says that nothing has the name, and what nearly has it.
func (h *helper) unknown(name string) error {
	e := &kernel.UserError{Message: fmt.Sprintf("the library has nothing that is named %s", name)}
	if similar := parse.Similar(name, h.names(), 5); len(similar) > 0 {
		e.Hint = "similar: " + strings.Join(similar, ", ")
	}
	return e
}

// names lists all functions, aliases and macros.
func (h *helper) names() []string {
	all := slices.Concat(h.library.FunctionNames(), h.library.AliasNames(), h.library.MacroNames())
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), h.hidden)
}

// listMatches lists what a pattern stands for, each with the first sentence about it.
func (h *helper) listMatches(pattern string) bool {
	found := false
	for _, name := range h.names() {
		if matches, err := path.Match(pattern, name); err != nil || !matches {
			continue
		}
		found = true
		if doc := h.docOf(name); doc != nil {
			sentence, _, _ := strings.Cut(doc.Text, ". ")
			fmt.Fprintf(h.out, "%-24s %s\n", name, strings.TrimSuffix(sentence, "."))
		} else {
			fmt.Fprintln(h.out, name)
		}
	}
	return found
}

// docOf gives the comment of the first thing that has a name.
func (h *helper) docOf(name string) *parse.Doc {
	for _, arity := range h.library.Arities(name) {
		overloads, _ := h.library.Functions(name, arity)
		for _, f := range overloads {
			if doc := parse.DocOf(f.Position); doc != nil {
				return doc
			}
		}
	}
	for _, a := range h.aliases(name) {
		if doc := parse.DocOf(a.Position); doc != nil {
			return doc
		}
	}
	if m, found := h.library.Macro(name); found {
		return parse.DocOf(m.Position)
	}
	return nil
}

func (h *helper) aliases(name string) []*parse.Alias {
	return h.library.Aliases("", func(n string) bool { return n == name })
}

// explain writes all that a name stands for, and reports whether it is anything.
func (h *helper) explain(name string) (bool, error) {
	arities, aliases := h.library.Arities(name), h.aliases(name)
	macro, isMacro := h.library.Macro(name)
	if arities == nil && aliases == nil && !isMacro {
		return false, nil
	}
	examined, err := h.examine(name)
	if err != nil {
		return true, err
	}
	if arities != nil {
		h.explainFunctions(name, arities, examined)
	}
	for _, a := range aliases {
		h.explainAlias(name, a, examined)
	}
	if isMacro {
		fmt.Fprintln(h.out, "@"+name+h.parameterList(macro.Parameters))
		h.explainText(parse.DocOf(macro.Position))
		fmt.Fprintf(h.out, "    Macro of %s.\n", place(macro.Position))
	}
	return true, nil
}

func (h *helper) parameterList(names []string) string {
	if names == nil {
		return ""
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// examine asks the kernel about a name; nil where none is at hand and none was asked for.
func (h *helper) examine(name string) (*elaborate.Examined, error) {
	_, err := h.findKernel()
	var examined *elaborate.Examined
	if err == nil {
		examined, err = h.examineLibrary(h.library, func(n string) bool { return n == name })
	}
	if err != nil && h.release+h.arch+h.sysroot+h.buildRoot == "" {
		return nil, nil
	}
	return examined, err
}

// explainFunctions writes the overloads of a function.
func (h *helper) explainFunctions(name string, arities []int, examined *elaborate.Examined) {
	var at parse.Position
	rights := ""
	var mistakes parse.Diagnostics
	for _, arity := range arities {
		overloads, _ := h.library.Functions(name, arity)
		for _, f := range overloads {
			inferred := *f
			for _, known := range examinedFunctions(examined) {
				if known.Position == f.Position {
					inferred.Result, inferred.Parameters = known.Result, slices.Clone(f.Parameters)
					for i, t := range known.Parameters {
						inferred.Parameters[i].Type = t
					}
					mistakes = append(mistakes, known.Mistakes...)
				}
			}
			if !at.IsValid() {
				at = f.Position
			}
			if f.Code != nil {
				rights = rightsOf(f.Code.Text)
			}
			fmt.Fprintln(h.out, strings.ReplaceAll(inferred.Signature(), ":unknown", ""))
		}
	}
	h.explainText(h.docOf(name))
	fmt.Fprintf(h.out, "    Function of %s.%s\n", place(at), rights)
	for _, m := range mistakes {
		fmt.Fprintf(h.out, "    Not on kernel %s: %s.\n", h.kernelName(), m.Message)
	}
}

func examinedFunctions(examined *elaborate.Examined) []elaborate.ExaminedFunction {
	if examined == nil {
		return nil
	}
	return examined.Functions
}

// rightsOf says who may call a function in C.
func rightsOf(code string) string {
	switch {
	case strings.Contains(code, "/* guru */"):
		return " In guru mode only."
	case strings.Contains(code, "/* unprivileged */"):
		return " For all users."
	case strings.Contains(code, "/* myproc-unprivileged */"):
		return " For all users, of their own processes."
	}
	return ""
}

// explainAlias writes an alias with its places and variables.
func (h *helper) explainAlias(name string, a *parse.Alias, examined *elaborate.Examined) {
	fmt.Fprintln(h.out, "probe "+name)
	doc := parse.DocOf(a.Position)
	h.explainText(doc)
	fmt.Fprintf(h.out, "    Alias of %s.\n", place(a.Position))
	var known *elaborate.ExaminedAlias
	if examined != nil {
		i := slices.IndexFunc(examined.Aliases, func(e elaborate.ExaminedAlias) bool { return e.Position == a.Position && e.Name == name })
		if i >= 0 {
			known = &examined.Aliases[i]
		}
	}
	if known == nil {
		fmt.Fprintln(h.out, "    It is set at:")
		for _, p := range a.Points {
			fmt.Fprintf(h.out, "        %s\n", p)
		}
		h.explainVariables(nil, doc)
		return
	}
	fmt.Fprintf(h.out, "    On kernel %s it is set at:\n", h.kernelName())
	for _, p := range known.Points {
		state := "is there"
		switch {
		case p.Skipped:
			state = "not needed"
		case p.Places == 0 && p.Why != nil:
			state = "not there: " + p.Reason()
		case p.Places > 1:
			state = fmt.Sprintf("%d places", p.Places)
		}
		fmt.Fprintf(h.out, "        %-60s %s\n", p.ProbePoint, state)
	}
	if !known.Served() {
		fmt.Fprintln(h.out, "    This kernel cannot serve it.")
	}
	h.explainVariables(known.Variables, doc)
	for _, m := range known.Mistakes {
		fmt.Fprintf(h.out, "    Not on this kernel: %s.\n", m.Message)
	}
}

// explainText writes what a comment says, in lines of a terminal's width.
func (h *helper) explainText(doc *parse.Doc) {
	if doc == nil {
		return
	}
	for _, line := range wrap(doc.Text, 92) {
		fmt.Fprintf(h.out, "    %s\n", line)
	}
	for _, kernels := range []struct{ what, text string }{{"Since Linux ", doc.Since}, {"Until Linux ", doc.Until}, {"Instead: ", doc.Instead}} {
		if kernels.text != "" {
			fmt.Fprintf(h.out, "    %s%s.\n", kernels.what, kernels.text)
		}
	}
}

// explainVariables writes the variables with their types, as far as they are known.
func (h *helper) explainVariables(variables []string, doc *parse.Doc) {
	about := map[string]string{}
	var documented []string
	if doc != nil {
		for _, v := range doc.Variables {
			for _, name := range v.Names {
				about[name] = v.Text
				documented = append(documented, name)
			}
		}
	}
	if variables == nil {
		variables = documented
	}
	if len(variables) == 0 {
		return
	}
	fmt.Fprintln(h.out, "    Variables:")
	for _, v := range variables {
		name, _, _ := strings.Cut(v, ":")
		fmt.Fprintln(h.out, strings.TrimRight(fmt.Sprintf("        %-24s %s", v, about[name]), " "))
	}
}

// place gives "tapset/scsi.stp:12".
func place(p parse.Position) string { return fmt.Sprintf("%s:%d", p.Source.Name, p.Line) }

// wrap parts a text into lines.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
