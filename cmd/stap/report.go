package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/staprun"
	"golang.org/x/term"
)

// hintOf gives what the user can do about an error, "" if nobody knows.
func hintOf(err error) string {
	var k *kernel.UserError
	var s *staprun.UserError
	switch {
	case errors.As(err, &k):
		return k.Hint
	case errors.As(err, &s):
		return s.Hint
	}
	return ""
}

// diagnosticsOf gives the diagnostics that a pass returned as its error.
func diagnosticsOf(err error) parse.Diagnostics {
	var found parse.Diagnostics
	errors.As(err, &found)
	return found
}

// report writes what a pass found; it gives errSaid when that ends the run.
func (d *driver) report(pass int, found parse.Diagnostics) error {
	var shown parse.Diagnostics
	warnings := 0
	for _, f := range found {
		if f.Severity == parse.Warning {
			warnings++
			if d.noWarnings {
				continue
			}
		}
		shown = append(shown, f)
	}
	d.render(shown)
	failures := found.Errors()
	if failures == 0 && (warnings == 0 || !d.fatalWarnings) {
		return nil
	}
	if pass == 1 && d.diagnostics == "text" {
		fmt.Fprintf(d.stderr, "%s.\n", count(failures, "parse error"))
	}
	d.failed(pass)
	return errSaid
}

func (d *driver) render(found parse.Diagnostics) {
	if d.diagnostics == "json" {
		_ = parse.RenderJSON(d.stderr, found)
		return
	}
	parse.Render(d.stderr, found, d.painter())
}

// failed writes the line that ends a failed pass.
func (d *driver) failed(pass int) {
	if d.diagnostics == "json" {
		return
	}
	what := [...]string{1: "parse", 2: "analysis", 3: "translation", 4: "compilation", 5: "run"}[pass]
	fmt.Fprintf(d.stderr, "Pass %d: %s failed.  [man error::pass%d]\n", pass, what, pass)
}

// painter colours messages on a terminal, by SYSTEMTAP_COLORS.
func (d *driver) painter() parse.Painter {
	if d.color == "never" || d.color == "auto" && !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	colors := map[string]string{"error": "01;31", "warning": "00;33", "source": "00;34", "caret": "01", "token": "01"}
	if custom, ok := os.LookupEnv("SYSTEMTAP_COLORS"); ok {
		if custom == "" {
			return nil
		}
		for _, entry := range strings.Split(custom, ":") {
			role, code, ok := strings.Cut(entry, "=")
			if _, known := colors[role]; !ok || !known {
				return nil
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
func (d *driver) pass(w watch, format string, arguments ...any) {
	if d.verbose == 0 {
		return
	}
	var now syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &now)
	milliseconds := func(a, b syscall.Timeval) int64 {
		return (b.Nano() - a.Nano()) / int64(time.Millisecond)
	}
	memory := processMemory()
	fmt.Fprintf(d.stderr, "%s using %dvirt/%dres/%dshr/%ddata kb, in %dusr/%dsys/%dreal ms.\n", fmt.Sprintf(format, arguments...),
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
	if d.verbose >= 2 {
		fmt.Fprintf(d.stderr, format, arguments...)
	}
}
