package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// bashCompletion and zshCompletion ask stap itself what can stand where the cursor
// is. Where that is nothing, files are offered.
const (
	bashCompletion = `# bash completion for stap: . <(stap completion bash)
_stap() {
	COMPREPLY=()
	local line
	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done < <("$1" completion words "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[\(.\"] ]] && compopt -o nospace
	return 0
}
complete -o bashdefault -o default -F _stap stap
`
	zshCompletion = `#compdef stap
# zsh completion for stap: stap completion zsh >~/.zfunc/_stap, with fpath=(~/.zfunc $fpath)
# in .zshrc in front of compinit; or: . <(stap completion zsh)
_stap() {
	local -a found
	found=("${(@f)$("${words[1]}" completion words "$LBUFFER" 2>/dev/null)}")
	found=(${found:#})
	if (( $#found )); then
		compadd -U -Q -S '' -- "${found[@]}"
	else
		_files
	fi
}
(( $+functions[compdef] )) && compdef _stap stap
`
)

// newCompletionCommand makes `stap completion`, which completes command lines.
func newCompletionCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh",
		Short: "Print a script for the shell that completes stap's command lines",
		Long: `Print a script that has the shell complete options, and probe points behind -l, -L
and in the script of -e: functions, files, tracepoints, aliases; in its handlers, and
behind stap help, what the library has. For bash:

    . <(stap completion bash)

or keep it in ~/.local/share/bash-completion/completions/stap. For zsh:

    . <(stap completion zsh)

or keep it as _stap in a folder of fpath.`,
		Args:                  cobra.RangeArgs(1, 2),
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		RunE: func(command *cobra.Command, arguments []string) error {
			out := command.OutOrStdout()
			switch {
			case len(arguments) == 1 && arguments[0] == "bash":
				_, err := fmt.Fprint(out, bashCompletion)
				return err
			case len(arguments) == 1 && arguments[0] == "zsh":
				_, err := fmt.Fprint(out, zshCompletion)
				return err
			case len(arguments) == 2 && arguments[0] == "words": // for these scripts
				if err := os.Unsetenv("DEBUGINFOD_URLS"); err != nil { // a key that is pressed fetches nothing
					return err
				}
				d := &driver{settings: s, stdout: io.Discard, stderr: io.Discard, interrupted: command.Context()}
				for _, word := range d.complete(command.Root(), arguments[1]) {
					if _, err := fmt.Fprintln(out, word); err != nil {
						return err
					}
				}
				return nil
			}
			return usage("Invalid argument '%s': it is bash or zsh.", arguments[0])
		},
	}
}

// complete gives what the last word of a command line, which ends at the cursor, may
// become.
func (d *driver) complete(root *cobra.Command, line string) []string {
	words, quote := shellWords(line)
	if len(words) < 2 {
		return nil
	}
	last, before := words[len(words)-1], words[1:len(words)-1]
	option := ""
	if len(before) > 0 {
		option = before[len(before)-1]
	}
	var found []string
	switch {
	case option == "-l" || option == "-L":
		found = d.completePoint(root, before[:len(before)-1], last)
	case option == "-e" || option == "-E":
		begin := pointBegin(last)
		if begin < 0 {
			found = d.completeFunction(last)
			break
		}
		for _, point := range d.completePoint(root, before[:len(before)-1], last[begin:]) {
			found = append(found, last[:begin]+point)
		}
	case strings.HasPrefix(last, "-"):
		return completeOption(root, last)
	case len(before) > 0 && before[0] == "help":
		return d.completeName(root, last)
	case len(words) == 2:
		return completeCommand(root, last)
	}
	for i, word := range found {
		found[i] = inQuotes(word, quote)
	}
	return found
}

// shellWords takes a command line apart as a shell would: quote is the quotation
// mark that is open in the last word, 0 if none is.
func shellWords(line string) (words []string, quote byte) {
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == c:
			quote = 0
		case quote == '\'':
			word.WriteByte(c)
		case c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			inWord = true
		case quote == '"':
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	return append(words, word.String()), quote
}

// inQuotes writes a word so that it stands within an open quotation mark; without one
// it brings its own if it needs them.
func inQuotes(word string, quote byte) string {
	switch {
	case quote == '"':
		return strings.NewReplacer("\\", "\\\\", `"`, `\"`, "$", `\$`, "`", "\\`").Replace(word)
	case quote == 0 && strings.ContainsAny(word, "()\"'*?[]$ {}"):
		return "'" + word // what is typed next belongs to it
	}
	return word
}

// pointBegin gives where the point begins that a script ends in; -1 if it does not
// end in one.
func pointBegin(script string) int {
	begin := strings.LastIndex(script, "probe ")
	if begin < 0 || strings.Contains(script[begin:], "{") {
		return -1
	}
	begin += len("probe ")
	inString := false
	for i := begin; i < len(script); i++ {
		switch c := script[i]; {
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == '='):
			begin = i + 1
		}
	}
	for begin < len(script) && script[begin] == ' ' {
		begin++
	}
	return begin
}

// completeFunction gives what a script may become that ends in a handler with the beginning
// of a function's name, or of a macro's.
func (d *driver) completeFunction(script string) []string {
	begin := len(script)
	for begin > 0 && isNameByte(script[begin-1]) {
		begin--
	}
	name, before := script[begin:], script[:begin]
	if name == "" || name[0] <= '9' || strings.Count(before, `"`)%2 == 1 || strings.HasSuffix(before, "$") || strings.HasSuffix(before, ".") || strings.HasSuffix(before, "->") {
		return nil
	}
	h := d.helper()
	if h == nil {
		return nil
	}
	names := h.library.FunctionNames()
	if strings.HasSuffix(before, "@") {
		names = h.library.MacroNames()
	}
	var found []string
	for _, function := range names {
		if strings.HasPrefix(function, name) && !h.hidden(function) {
			found = append(found, before+function+"(")
		}
	}
	return found
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// completeName gives what stap help explains, by the beginning of its name.
func (d *driver) completeName(root *cobra.Command, word string) []string {
	found := completeCommand(root, word)
	if h := d.helper(); h != nil {
		for _, name := range h.names() {
			if strings.HasPrefix(name, word) {
				found = append(found, name)
			}
		}
	}
	return found
}

// helper gives the library, nil where it cannot be read.
func (d *driver) helper() *helper {
	library, err := d.library(d.parseOptions(nil))
	if err != nil {
		return nil
	}
	return &helper{driver: d, library: library, out: d.stdout}
}

// completeOption gives the options that begin with a word.
func completeOption(root *cobra.Command, word string) []string {
	var found []string
	root.Flags().VisitAll(func(flag *pflag.Flag) {
		for _, option := range []string{"-" + flag.Shorthand, "--" + flag.Name} {
			if len(option) > 1 && strings.HasPrefix(option, word) {
				found = append(found, option)
			}
		}
	})
	return found
}

func completeCommand(root *cobra.Command, word string) []string {
	var found []string
	for _, sub := range root.Commands() {
		if (sub.IsAvailableCommand() || sub.Name() == "help") && strings.HasPrefix(sub.Name(), word) {
			found = append(found, sub.Name())
		}
	}
	return found
}

// completePoint gives what a point that is begun may become: up to its next
// component, or with a name in place of one that is begun.
func (d *driver) completePoint(root *cobra.Command, options []string, begun string) []string {
	if strings.Count(begun, `"`)%2 == 1 {
		return d.completeArgument(root, options, begun)
	}
	var found []string
	for _, form := range d.forms() {
		if next, ok := nextComponent(form, begun); ok {
			found = append(found, next)
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	return slices.DeleteFunc(found, func(word string) bool { // names rather than numbers
		return strings.HasSuffix(word, "(") && slices.Contains(found, word+`"`)
	})
}

// forms gives the forms of points, those of aliases among them.
func (d *driver) forms() []string {
	forms := elaborate.Forms()
	library, err := d.library(d.parseOptions(nil))
	if err != nil {
		return forms
	}
	return append(forms, library.AliasNames()...)
}

// nextComponent gives what begun may become by a form, "kernel.function(string)": its
// arguments stay, and one that comes next is opened.
func nextComponent(form, begun string) (string, bool) {
	components, given := strings.Split(form, "."), splitPoint(begun)
	if len(given) > len(components) {
		return "", false
	}
	last := len(given) - 1
	for i, component := range components[:last] {
		name, _, _ := strings.Cut(component, "(")
		if givenName, _, _ := strings.Cut(given[i], "("); givenName != name || strings.Contains(component, "(") != strings.Contains(given[i], "(") {
			return "", false
		}
	}
	name, argument, hasArgument := strings.Cut(components[last], "(")
	if strings.Contains(given[last], "(") || !strings.HasPrefix(name, given[last]) {
		return "", false
	}
	word := strings.Join(append(slices.Clone(given[:last]), name), ".")
	switch {
	case hasArgument && argument == "string)":
		word += `("`
	case hasArgument:
		word += "("
	}
	return word, true
}

// splitPoint parts a point at the dots that are in no argument.
func splitPoint(point string) []string {
	var parts []string
	begin, inString := 0, false
	for i := 0; i < len(point); i++ {
		switch {
		case point[i] == '"':
			inString = !inString
		case point[i] == '.' && !inString:
			parts = append(parts, point[begin:i])
			begin = i + 1
		}
	}
	return append(parts, point[begin:])
}

// completeArgument gives the points whose last argument begins with what is given of
// it. Files and lines stay away until an "@" asks for them.
func (d *driver) completeArgument(root *cobra.Command, options []string, begun string) []string {
	flags, _, _, err := splitOptions(root.Flags(), options)
	if err != nil || root.Flags().Parse(slices.DeleteFunc(flags, func(option string) bool { return strings.HasPrefix(option, "--list") })) != nil {
		return nil
	}
	library, err := d.library(d.parseOptions(nil))
	if err != nil {
		return nil
	}
	if name, isModule := strings.CutPrefix(begun, `module("`); isModule && !strings.Contains(name, `"`) {
		return d.completeModule(name)
	}
	source := &parse.Source{Name: "<input>", Text: []byte("probe " + begun + `*") { }`)}
	wanted, found := d.parseSources([]*parse.Source{source}, nil, library)
	if found.Errors() > 0 {
		return nil
	}
	points, _, err := elaborate.ListNames(wanted[0], nil, library, d.elaborateOptions())
	if err != nil {
		return nil
	}
	quote := strings.LastIndex(begun, `"`)
	var words []string
	for _, point := range points {
		word := point.Point
		if !strings.Contains(begun[quote:], "@") {
			if at := strings.LastIndex(word, "@"); at > quote {
				word = word[:at] + word[at+strings.Index(word[at:], `"`):]
			}
		}
		if strings.HasPrefix(word, begun) {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// completeModule gives the modules whose names begin so.
func (d *driver) completeModule(begun string) []string {
	modules, err := d.modules()
	if err != nil {
		return nil
	}
	files, err := modules.Modules()
	if err != nil {
		return nil
	}
	var words []string
	for name := range files {
		if strings.HasPrefix(name, kernel.ModuleName(begun)) {
			words = append(words, fmt.Sprintf("module(%q)", name))
		}
	}
	slices.Sort(words)
	return words
}
