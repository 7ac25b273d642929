package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// report is what came of all examples.
type report struct {
	kernels  []string
	outcomes []*outcome
}

// kind is what has to change for a script to be built.
type kind int

// The kinds of causes, those first that are ours.
const (
	language  kind = iota // what the passes refuse or cannot do
	library               // what the library does not have
	debuginfo             // what is not at hand
	absent                // what the kernel does not have
)

func (k kind) String() string {
	return [...]string{"not understood", "not in the library", "debuginfo is not at hand", "not in the kernel"}[k]
}

// cause is why a script was not built.
type cause struct {
	kind kind
	text string
}

// causes tells kinds by what messages say; the first that matches counts.
var causes = []struct {
	kind    kind
	message *regexp.Regexp
	text    string
}{
	{language, regexp.MustCompile(`^the module cannot be built.*modpost: "(\w+)".* undefined!`), "$1, which the runtime does not have"},
	{language, regexp.MustCompile(`^the module cannot be built.*?: (\S+:\d+):\d+: error: (.*?)(?:; did you mean.*| \[-W.*)?$`), "C of $1: $2"},
	{library, regexp.MustCompile(`^unresolved function (\w+)`), "function $1"},
	{library, regexp.MustCompile(`^unknown operator @(\w+)`), "macro @$1"},
	{library, regexp.MustCompile(`^unresolved .*global \w+ (\w+)`), "global $1"},
	{library, regexp.MustCompile(`^while resolving probe point (.*?): probe point (?:mismatch|truncated)`), "point $1"},
	{debuginfo, regexp.MustCompile(`^(.*) needs the debuginfo of (.*?) for (.*?):`), "$3 of $2"},
	{absent, regexp.MustCompile(`^while resolving probe point (.*?): kernel .* has none of`), "alias $1"},
	{absent, regexp.MustCompile(`^no match: (.* has no module .*)`), "$1"},
	{absent, regexp.MustCompile(`^(no match|.*is inlined wherever it is called|cannot probe .return of \d+ inlined function).*`), "function $token"},
	{absent, regexp.MustCompile(`^.*tracepoint.*(?:not found|no such|has no).*`), "tracepoint $token"},
	{absent, regexp.MustCompile(`^unable to find (?:local|variable|member|global|tracepoint variable).*`), "variable $token"},
	{absent, regexp.MustCompile(`^number invalid or out of range$`), "what /proc/kallsyms of this machine does not tell"},
	{absent, regexp.MustCompile(`^(type definition '.*?' not found)`), "$1"},
}

// message is what stap says with --diagnostics=json.
type message struct {
	Severity, Kind, Message, Token string
}

// errorsIn reads the errors that a command wrote.
func errorsIn(output string) []message {
	var found []message
	for _, line := range strings.Split(output, "\n") {
		var m message
		if json.Unmarshal([]byte(line), &m) == nil && m.Severity == "error" {
			found = append(found, m)
		}
	}
	return found
}

// causes gives why it was not built, those of the first kind that there is.
func (o *outcome) causes() []cause {
	var found []cause
	for _, m := range errorsIn(o.output) {
		found = append(found, causeOf(m))
	}
	if len(found) == 0 {
		text, _, _ := strings.Cut(strings.TrimSpace(o.output), "\n")
		return []cause{{language, text}}
	}
	first := slices.MinFunc(found, func(a, b cause) int { return int(a.kind - b.kind) }).kind
	found = slices.DeleteFunc(found, func(c cause) bool { return c.kind != first })
	slices.SortFunc(found, func(a, b cause) int { return strings.Compare(a.text, b.text) })
	return slices.Compact(found)
}

func causeOf(m message) cause {
	for _, c := range causes {
		if at := c.message.FindStringSubmatchIndex(m.Message); at != nil {
			text := strings.ReplaceAll(c.text, "$token", strings.ReplaceAll(strings.Trim(m.Token, `"`), "$", "$$"))
			return cause{c.kind, string(c.message.ExpandString(nil, text, m.Message, at))}
		}
	}
	text := m.Message
	if m.Token != "" {
		text += ": " + m.Token
	}
	return cause{language, text}
}

// share is how many of how many.
type share struct{ built, of int }

func (s share) percent() float64 {
	if s.of == 0 {
		return 100
	}
	return 100 * float64(s.built) / float64(s.of)
}

// counts gives, for a kernel, the scripts that probe it, those of them that it could
// serve, and those that probe something else.
func (r *report) counts(kernel string) (all, possible, elsewhere share) {
	for _, o := range r.outcomes {
		if o.kernel != kernel {
			continue
		}
		built := 0
		if o.built {
			built = 1
		}
		if o.elsewhere {
			elsewhere = share{elsewhere.built + built, elsewhere.of + 1}
			continue
		}
		all = share{all.built + built, all.of + 1}
		if o.built || o.causes()[0].kind != absent {
			possible = share{possible.built + built, possible.of + 1}
		}
	}
	return all, possible, elsewhere
}

// write prints the table, and for each cause the scripts that it stops.
func (r *report) write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| kernel | scripts that probe the kernel | built | of those whose points the kernel has | scripts that probe elsewhere, too | built |\n|---|---|---|---|---|---|\n")
	for _, k := range r.kernels {
		all, possible, elsewhere := r.counts(k)
		fmt.Fprintf(&b, "| %s | %d | %d | %.1f %% of %d | %d | %d |\n", k, all.of, all.built, possible.percent(), possible.of, elsewhere.of, elsewhere.built)
	}
	if parsed := slices.DeleteFunc(slices.Clone(r.outcomes), func(o *outcome) bool { return !o.parsed }); len(parsed) > 0 {
		fmt.Fprintf(&b, "\nThe commands of %d of them ask for pass 1 alone.\n", len(names(parsed)))
	}
	for _, k := range []kind{language, library, debuginfo, absent} {
		r.writeKind(&b, k)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeKind writes the causes of one kind, those first that stop most scripts.
func (r *report) writeKind(b *strings.Builder, k kind) {
	stopped := map[string][]*outcome{}
	for _, o := range r.outcomes {
		if o.built || o.elsewhere {
			continue
		}
		for _, c := range o.causes() {
			if c.kind == k {
				stopped[c.text] = append(stopped[c.text], o)
			}
		}
	}
	if len(stopped) == 0 {
		return
	}
	var texts []string
	for text := range stopped {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int {
		if n := len(names(stopped[b])) - len(names(stopped[a])); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	fmt.Fprintf(b, "\n| %s | scripts |\n|---|---|\n", k)
	for _, text := range texts {
		scripts := names(stopped[text])
		if len(stopped[text]) < len(scripts)*len(r.kernels) {
			for i, name := range scripts {
				scripts[i] += r.where(stopped[text], name)
			}
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", strings.ReplaceAll(text, "|", `\|`), strings.Join(scripts, ", "))
	}
}

// where names the kernels that stop a script, unless all do.
func (r *report) where(stopped []*outcome, name string) string {
	var kernels []string
	for _, o := range stopped {
		if o.name == name {
			kernels = append(kernels, o.kernel)
		}
	}
	if len(kernels) == len(r.kernels) {
		return ""
	}
	return " (" + strings.Join(kernels, ", ") + ")"
}

// writeMessages prints what the scripts that were not built say.
func (r *report) writeMessages(w io.Writer) {
	for _, o := range r.outcomes {
		if !o.built {
			fmt.Fprintf(w, "%s on %s: %s\n%s\n", o.name, o.kernel, o.command, o.output)
		}
	}
}

// The lines of a document between which the report stands.
const beginMark, endMark = "<!-- corpus begins -->\n", "<!-- corpus ends -->\n"

// intoFile puts the report into a document.
func (r *report) intoFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), beginMark)
	_, after, found2 := strings.Cut(rest, endMark)
	if !found || !found2 {
		return fmt.Errorf("%s has no lines %q and %q", path, beginMark, endMark)
	}
	var b strings.Builder
	if err := r.write(&b); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(before+beginMark+b.String()+endMark+after), 0o644)
}

// check fails when too few scripts are built.
func (r *report) check(least float64) error {
	for _, k := range r.kernels {
		if _, possible, _ := r.counts(k); possible.percent() < least {
			return fmt.Errorf("%s: %.1f %% of the scripts whose points the kernel has are built, fewer than %.0f", k, possible.percent(), least)
		}
	}
	return nil
}
