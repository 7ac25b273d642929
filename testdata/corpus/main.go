// Command corpus builds SystemTap's example scripts, as far as this version can.
//
// In goes a folder with the examples of Debian's package systemtap-doc. Beside each script
// lies a .meta file whose line test_check is a command for a shell, most often
// "stap -p4 x.stp arguments". Each of these commands is run for each kernel, with our stap
// in PATH; out comes a table of how many modules were built, and what the others lack,
// grouped by cause:
//
//	go run ./testdata/corpus -kernels "6.1 6.12" FOLDER
//
// Scripts with probe points in processes and interpreters are counted by themselves.
// These scripts are what T004 and T503 of docs/conformance.md count. -docs puts table and causes into docs/conformance.md. The status is 1 if fewer than
// -least percent of the scripts are built that a kernel could have served.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// patience is how long one command may take.
const patience = 5 * time.Minute

func main() {
	kernels := flag.String("kernels", "6.1 6.12", "the `RELEASES` to build for, as -r takes them")
	stap := flag.String("stap", "bin/stap", "`PATH` of stap")
	jobs := flag.Int("jobs", runtime.NumCPU(), "`NUMBER` of commands that run at a time")
	only := flag.String("only", "", "run the scripts whose names match the regular `EXPRESSION`")
	pass := flag.String("pass", "", "stop after pass `N` instead of after 4")
	least := flag.Float64("least", 0, "fail below so many `PERCENT`")
	docs := flag.String("docs", "", "put the table into `FILE`")
	verbose := flag.Bool("v", false, "print what each script that fails says")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: corpus [options] FOLDER")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := &corpus{stap: *stap, pass: *pass, jobs: *jobs}
	report, err := c.run(ctx, flag.Arg(0), strings.Fields(*kernels), *only)
	if err == nil && *verbose {
		report.writeMessages(os.Stdout)
	}
	if err == nil {
		err = report.write(os.Stdout)
	}
	if err == nil && *docs != "" {
		err = report.intoFile(*docs)
	}
	if err == nil {
		err = report.check(*least)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

// corpus runs commands.
type corpus struct {
	stap string
	pass string
	jobs int
}

// example is a script with the command that tries it.
type example struct {
	name      string // "process/sigmon"
	folder    string
	command   string
	elsewhere bool // it probes something that is not the kernel
}

// outcome is what came of an example on a kernel.
type outcome struct {
	*example
	kernel string
	built  bool
	output string // standard error
	took   time.Duration
}

func (c *corpus) run(ctx context.Context, folder string, kernels []string, only string) (*report, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	examples, err := findExamples(folder, pattern)
	if err != nil {
		return nil, err
	}
	wrappers, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(wrappers)
	var work []*outcome
	for _, k := range kernels {
		if err := c.wrap(filepath.Join(wrappers, k), k); err != nil {
			return nil, err
		}
		for _, e := range examples {
			work = append(work, &outcome{example: e, kernel: k})
		}
	}
	queue := make(chan *outcome)
	var workers sync.WaitGroup
	for range c.jobs {
		workers.Go(func() {
			for o := range queue {
				o.run(ctx, filepath.Join(wrappers, o.kernel))
			}
		})
	}
	for _, o := range work {
		queue <- o
	}
	close(queue)
	workers.Wait()
	return &report{kernels: kernels, outcomes: work}, ctx.Err()
}

// findExamples reads the .meta files. A command without a script of ours tries none.
func findExamples(folder string, only *regexp.Regexp) ([]*example, error) {
	var examples []*example
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".meta" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		command := commandOf(string(text))
		name := strings.TrimSuffix(path, ".meta")
		if command == "" || !only.MatchString(filepath.Base(name)) {
			return nil
		}
		e := &example{
			name:   filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(name),
			folder: filepath.Dir(path), command: command,
		}
		e.elsewhere, err = probesElsewhere(e.folder, command)
		examples = append(examples, e)
		return err
	})
	if err == nil && len(examples) == 0 {
		err = fmt.Errorf("no examples below %s", folder)
	}
	return examples, err
}

// commandOf gives the command of a .meta file that has stap look at its script; "" if
// it has none.
func commandOf(meta string) string {
	for _, line := range strings.Split(meta, "\n") {
		if command, found := strings.CutPrefix(line, "test_check:"); found && !strings.HasPrefix(strings.TrimSpace(command), "file ") {
			return strings.TrimSpace(command)
		}
	}
	return ""
}

var (
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*|#[^\n]*`)
	// elsewherePoint is how probe points begin that are not in the kernel.
	elsewherePoint = regexp.MustCompile(`(?:^|[\s,={'"])(?:process|python\d?|java|hotspot|perl|ruby|glib|gtk|stap\.pass\d)\s*[.(]`)
	interpreter    = regexp.MustCompile(`\spython\d?(?:\s|$)`)
	scriptName     = regexp.MustCompile(`[^ ]+\.stp\b`)
)

// probesElsewhere looks at the script that a command names, and at the command.
func probesElsewhere(folder, command string) (bool, error) {
	for _, name := range scriptName.FindAllString(command, -1) {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return false, err
		}
		if elsewherePoint.Match(comments.ReplaceAll(text, nil)) {
			return true, nil
		}
	}
	return elsewherePoint.MatchString(command) || interpreter.MatchString(command), nil
}

// wrap puts a program named stap into a folder that has the real one build for a kernel.
func (c *corpus) wrap(folder, kernel string) error {
	stap, err := filepath.Abs(c.stap)
	if err != nil {
		return err
	}
	if _, err := os.Stat(stap); err != nil {
		return fmt.Errorf("%w; make builds it", err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	target := "-r " + kernel
	if arch, release, found := strings.Cut(kernel, ":"); found {
		target = "-a " + arch + " -r " + release
	}
	pass := ""
	if c.pass != "" { // the last one counts
		pass = fmt.Sprintf(`for a; do shift; case $a in -*p4) a=${a%%4}%s ;; esac; set -- "$@" "$a"; done; `, c.pass)
	}
	text := fmt.Sprintf("#!/bin/sh\n%sexec %s %s --diagnostics=json \"$@\"\n", pass, stap, target)
	return os.WriteFile(filepath.Join(folder, "stap"), []byte(text), 0o755)
}

// run tries one example.
func (o *outcome) run(ctx context.Context, wrapper string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begin := time.Now()
	command := exec.CommandContext(ctx, "sh", "-c", o.command)
	command.Dir = o.folder
	command.Env = append(os.Environ(), "PATH="+wrapper+string(os.PathListSeparator)+os.Getenv("PATH"), "DEBUGINFOD_URLS=")
	var messages bytes.Buffer
	command.Stderr = &messages
	command.WaitDelay = time.Second
	err := command.Run()
	o.built, o.output, o.took = err == nil, messages.String(), time.Since(begin)
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.Canceled) {
		o.output += fmt.Sprintf("%s is over\n", patience)
	}
}

// names lists examples, sorted, each once.
func names(outcomes []*outcome) []string {
	var list []string
	for _, o := range outcomes {
		list = append(list, o.name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
