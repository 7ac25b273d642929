package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gostap/gostap/kbuild"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/staprun"
	"github.com/gostap/gostap/staprun/vm"
	"golang.org/x/term"
)

// errSaid is the end after messages that have been written.
var errSaid = errors.New("said already")

// errInterrupted is the end by a signal before the script ran.
var errInterrupted = errors.New("interrupted")

// passError is a pass that failed.
type passError struct {
	pass int
	note string // what the line that ends the run adds, "" for nothing
	err  error
}

func (e *passError) Error() string { return e.err.Error() }

func (e *passError) Unwrap() error { return e.err }

// failed gives the status and the error of a run whose pass did not succeed.
func failed(pass int, err error) (int, error) {
	var failure *passError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &failure):
		return 1, err
	case errors.Is(err, context.Canceled):
		err = errInterrupted
	}
	return 1, &passError{pass: pass, err: err}
}

// complain writes the error that ended the program: what is wrong, what helps,
// and which pass it was. Diagnostics of a script have been written by then.
func (s *settings) complain(out io.Writer, err error) {
	var usage *usageError
	isUsage := errors.As(err, &usage)
	switch paint := s.painter(); {
	case errors.Is(err, errSaid):
	case s.diagnostics == "json":
		s.render(out, parse.Diagnostics{{Message: err.Error(), Hint: hintOf(err)}})
	case isUsage:
		fmt.Fprintf(out, "stap: %s\nTry '--help' for more information.\n", usage.message)
	default:
		fmt.Fprintf(out, "%s %v\n", paint("error", "ERROR:"), err)
		if hint := hintOf(err); hint != "" {
			fmt.Fprintf(out, "hint: %s\n", hint)
		}
	}
	var failure *passError
	if s.diagnostics == "json" || isUsage || !errors.As(err, &failure) {
		return
	}
	what := [...]string{1: "parse", 2: "analysis", 3: "translation", 4: "compilation", 5: "run"}[failure.pass]
	fmt.Fprintf(out, "Pass %d: %s failed.  [man error::pass%d]\n", failure.pass, what, failure.pass)
	if failure.note != "" {
		fmt.Fprintln(out, failure.note)
	}
	var said *saidError
	if errors.As(err, &said) {
		fmt.Fprintf(out, "Number of similar error messages suppressed: %d.\nRerun with -v to see them.\n", said.similar)
	}
	if firstFailure() {
		fmt.Fprintln(out, explanation)
	}
}

// explanation is what a user is told once.
const explanation = `
(Said once:) "[man NAME]" in a message names a page of SystemTap's manual, where there is more about it.
"stap --help" lists the options, "stap doctor" says what this machine can do, "stap check FILE" checks a script.`

// firstFailure reports whether no run of this user has failed before, as far as
// can be remembered.
func firstFailure() bool {
	folder, err := kernel.CacheFolder()
	if err != nil || os.MkdirAll(folder, 0o755) != nil {
		return false
	}
	mark, err := os.OpenFile(filepath.Join(folder, "explained"), os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return false
	}
	return mark.Close() == nil
}

// hintOf gives what the user can do about an error, "" if nobody knows.
func hintOf(err error) string {
	var k *kernel.UserError
	var r *staprun.UserError
	var g *vm.UserError
	var b *kbuild.BuildError
	switch {
	case errors.As(err, &k):
		return k.Hint
	case errors.As(err, &r):
		return r.Hint
	case errors.As(err, &g):
		return g.Hint
	case errors.As(err, &b):
		return "-vv shows all that the build printed"
	}
	return ""
}

// diagnosticsOf gives the diagnostics that a pass returned as its error.
func diagnosticsOf(err error) parse.Diagnostics {
	var found parse.Diagnostics
	errors.As(err, &found)
	return found
}

// saidError is errSaid when messages like those that have been written were left
// out.
type saidError struct{ similar int }

func (e *saidError) Error() string { return errSaid.Error() }

func (e *saidError) Unwrap() error { return errSaid }

// report writes what a pass found, of messages that are alike one without -v; it
// gives errSaid when that ends the run.
func (d *driver) report(found parse.Diagnostics) error {
	shown, similar := d.wanted(found), 0
	if d.verbose == 0 && d.diagnostics == "text" {
		shown, similar, _ = shown.Fold()
	}
	d.render(d.stderr, shown)
	if similar > 0 {
		return &saidError{similar}
	}
	return d.verdict(found)
}

// reportAll is report with all messages.
func (d *driver) reportAll(found parse.Diagnostics) error {
	d.render(d.stderr, d.wanted(found))
	return d.verdict(found)
}

// wanted leaves the warnings out with -w, and adds with -v what messages only count.
func (d *driver) wanted(found parse.Diagnostics) parse.Diagnostics {
	if d.verbosity(2) > 0 {
		for _, f := range found {
			if f.Detail != "" {
				f.Hint, f.Detail = f.Detail, ""
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(f *parse.Diagnostic) bool {
		return f.Severity != parse.Error && d.noWarnings
	})
}

// verdict gives errSaid when what has been found ends the run.
func (d *driver) verdict(found parse.Diagnostics) error {
	isWarning := func(f *parse.Diagnostic) bool { return f.Severity == parse.Warning }
	if found.Errors() > 0 || d.fatalWarnings && slices.ContainsFunc(d.wanted(found), isWarning) {
		return errSaid
	}
	return nil
}

func (s *settings) render(out io.Writer, found parse.Diagnostics) {
	if s.diagnostics == "json" {
		_ = parse.RenderJSON(out, found) // nobody is left to tell that standard error is gone
		return
	}
	parse.Render(out, found, s.painter())
}

// painter colours messages on a terminal, by SYSTEMTAP_COLORS.
func (s *settings) painter() parse.Painter {
	plain := func(_, text string) string { return text }
	if s.color != "always" && (s.color != "auto" || !term.IsTerminal(int(os.Stderr.Fd()))) {
		return plain
	}
	colors := map[string]string{"error": "01;31", "warning": "00;33", "source": "00;34", "caret": "01", "token": "01"}
	if custom, ok := os.LookupEnv("SYSTEMTAP_COLORS"); ok {
		if custom == "" {
			return plain
		}
		for _, entry := range strings.Split(custom, ":") {
			role, code, ok := strings.Cut(entry, "=")
			if _, known := colors[role]; !ok || !known {
				return plain
			}
			colors[role] = code
		}
	}
	return func(role, text string) string {
		return "\033[" + colors[role] + "m\033[K" + text + "\033[m\033[K"
	}
}

// count gives "1 probe", "2 probes".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// watch measures a pass.
type watch struct {
	begin time.Time
	usage syscall.Rusage
}

func startWatch() watch {
	w := watch{begin: time.Now()}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &w.usage) // cannot fail for oneself
	return w
}

// pass writes the -v line of a pass: what it did, memory, time. The resident
// size is the peak so far.
func (d *driver) pass(w watch, pass int, format string, arguments ...any) {
	if d.verbosity(pass) == 0 {
		return
	}
	var now syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &now)
	milliseconds := func(a, b syscall.Timeval) int64 {
		return (b.Nano() - a.Nano()) / int64(time.Millisecond)
	}
	memory := processMemory()
	fmt.Fprintf(d.stderr, "Pass %d: %s using %dvirt/%dres/%dshr/%ddata kb, in %dusr/%dsys/%dreal ms.\n", pass, fmt.Sprintf(format, arguments...),
		memory["VmSize"], now.Maxrss, memory["RssFile"]+memory["RssShmem"], memory["VmData"],
		milliseconds(w.usage.Utime, now.Utime), milliseconds(w.usage.Stime, now.Stime), time.Since(w.begin).Milliseconds())
}

// processMemory reads the sizes in /proc/self/status, in kB.
func processMemory() map[string]int {
	sizes := map[string]int{}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return sizes
	}
	for _, line := range strings.Split(string(status), "\n") {
		name, value, ok := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); ok && strings.HasSuffix(value, " kB") {
			sizes[name] = positive(strings.TrimSuffix(value, " kB"))
		}
	}
	return sizes
}

// trace shows what the build runs, with -vv.
func (d *driver) trace(format string, arguments ...any) {
	if d.verbosity(4) >= 2 {
		fmt.Fprintf(d.stderr, format, arguments...)
	}
}
