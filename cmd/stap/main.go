// Command stap compiles a script into a kernel module and runs it.
//
// This package is flags and the list of the passes (passes.go), nothing else:
// each pass is one call into the package that is named after it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/gostap/gostap/kbuild"
	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "development"

// settings are what the command line says.
type settings struct {
	scripts       []string // -e and -E
	lastPass      int
	verbose       int
	keep          bool
	guru          bool
	noWarnings    bool
	fatalWarnings bool
	module        string
	output        string
	command       string
	target        int
	bufferMB      int
	release       string
	arch          string
	makeVariables []string
	defines       []string
	libraries     []string
	fullBuild     bool
	disableCache  bool
	poisonCache   bool
	cleanCache    bool
	diagnostics   string
	color         string
	guest         bool
	guestFiles    []string
	kbuildMode    string
	versionWanted bool
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is the whole program but for the exit.
func run(arguments []string) int {
	status := 0
	root := newCommand(&status)
	root.AddCommand(newPrepCommand(), newDoctorCommand())
	root.SetArgs(arguments)
	if err := root.ExecuteContext(context.Background()); err != nil {
		complain(err)
		return 1
	}
	return status
}

// usageError is a command line that makes no sense.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func newCommand(status *int) *cobra.Command {
	s := &settings{}
	command := &cobra.Command{
		Use: `stap [options] FILE [arguments]
  stap [options] -e SCRIPT [arguments]
  stap [options] - [arguments]`,
		Short:         "Ask a live kernel a question in the SystemTap language",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, arguments []string) error {
			if s.versionWanted {
				fmt.Printf("Systemtap translator/driver (gostap %s)\nMIT licence; modules that it makes are Dual MIT/GPL.\n", version)
				return nil
			}
			if err := s.check(command); err != nil {
				return err
			}
			var err error
			*status, err = runPasses(command.Context(), s, arguments)
			return err
		},
	}
	command.CompletionOptions.HiddenDefaultCmd = true
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err.Error()} })
	s.addFlags(command)
	return command
}

func (s *settings) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&s.scripts, "script", "e", nil, "the script's `TEXT`")
	flags.IntVarP(&s.lastPass, "pass", "p", 5, "stop after pass `N`, 1 to 5, and show its result")
	flags.CountVarP(&s.verbose, "verbose", "v", "say what each pass did")
	flags.BoolVarP(&s.keep, "keep", "k", false, "keep the temporary folder")
	flags.BoolVarP(&s.guru, "guru", "g", false, "guru mode: embedded C is allowed")
	flags.BoolVarP(&s.noWarnings, "no-warnings", "w", false, "no warnings")
	flags.BoolVarP(&s.fatalWarnings, "fatal-warnings", "W", false, "a warning fails its pass")
	flags.StringVarP(&s.module, "module", "m", "", "`NAME` of the module, which is left in the current folder")
	flags.StringVarP(&s.output, "output", "o", "", "write the script's output to `FILE`")
	flags.StringVarP(&s.command, "command", "c", "", "run `COMMAND`: target() is its process, the session ends with it")
	flags.IntVarP(&s.target, "target", "x", 0, "target() is `PID`")
	flags.IntVarP(&s.bufferMB, "buffer", "s", 0, "`MB` of output buffer per CPU, 1 to 4095")
	flags.StringVarP(&s.release, "release", "r", "", "kernel `RELEASE`, its beginning (6.1: the newest 6.1), or a build tree's path")
	flags.StringVarP(&s.arch, "arch", "a", "", "architecture of the kernel")
	flags.StringArrayVarP(&s.makeVariables, "build-variable", "B", nil, "`NAME=VALUE` for the kernel's build")
	flags.StringArrayVarP(&s.defines, "define", "D", nil, "`NAME=VALUE` for the C of the module, such as MAXSTRINGLEN=1024")
	flags.StringArrayVarP(&s.libraries, "library", "I", nil, "`FOLDER` with more library scripts")
	flags.BoolVar(&s.guest, "vm", false, "run in a throw-away guest")
	flags.StringArrayVar(&s.guestFiles, "vm-add", nil, "`PATH` that -c needs in the guest")
	flags.StringVar(&s.kbuildMode, "kbuild", "replay", "full: build with the kernel's own build only")
	flags.BoolVar(&s.disableCache, "disable-cache", false, "neither read nor write the cache")
	flags.BoolVar(&s.poisonCache, "poison-cache", false, "write the cache, do not read it")
	flags.BoolVar(&s.cleanCache, "clean-cache", false, "remove what exceeds the cache's limit, and exit")
	flags.StringVar(&s.diagnostics, "diagnostics", "text", "form of messages: text or json")
	flags.StringVar(&s.color, "color", "auto", "colour in messages: auto, always or never")
	flags.Lookup("color").NoOptDefVal = "always"
	flags.BoolVarP(&s.versionWanted, "version", "V", false, "version and licence")
	flags.BoolP("help", "h", false, "this help")
}

var safeDefine = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(=-?[A-Za-z0-9_.-]+)?$`)
var safeVariable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// check says what is wrong with the options.
func (s *settings) check(command *cobra.Command) error {
	given := command.Flags().Changed
	switch {
	case s.lastPass < 1 || s.lastPass > 5:
		return &usageError{"Invalid pass number (should be 1-5)."}
	case given("buffer") && (s.bufferMB < 1 || s.bufferMB > 4095):
		return &usageError{"Invalid buffer size (should be 1-4095)."}
	case given("command") && given("target"):
		return &usageError{"You can't specify -c and -x together."}
	case s.guest && given("target"):
		return &usageError{"-x names a process of this machine, and --vm runs in a guest that has none of them: use -c"}
	case len(s.guestFiles) > 0 && !s.guest:
		return &usageError{"--vm-add is for --vm"}
	case s.kbuildMode != "full" && s.kbuildMode != "replay":
		return &usageError{"--kbuild is full or replay"}
	case s.diagnostics != "text" && s.diagnostics != "json":
		return &usageError{"--diagnostics is text or json"}
	case s.color != "auto" && s.color != "always" && s.color != "never":
		return &usageError{"--color is auto, always or never"}
	case s.arch != "" && s.arch != "x86_64":
		return &usageError{fmt.Sprintf("modules for %s are not made by this version: x86_64 are", s.arch)}
	}
	for _, d := range s.defines {
		if !safeDefine.MatchString(d) {
			return &usageError{fmt.Sprintf("ERROR: Safety pattern mismatch for -D parameter ('%s' vs. '%s')", d, safeDefine)}
		}
	}
	for _, v := range s.makeVariables {
		if !safeVariable.MatchString(v) {
			return &usageError{fmt.Sprintf("-B takes NAME=VALUE, not '%s'", v)}
		}
	}
	if given("module") {
		s.module = strings.TrimSuffix(s.module, ".ko")
		if err := kbuild.CheckName(s.module); err != nil {
			return err
		}
	}
	s.fullBuild = s.kbuildMode == "full"
	return nil
}

// complain writes an error that ended the program. Diagnostics of a script have
// been written by then.
func complain(err error) {
	var usage *usageError
	switch {
	case errors.Is(err, errSaid):
		return
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "stap: %s\nTry '--help' for more information.\n", usage.message)
		return
	}
	fmt.Fprintf(os.Stderr, "ERROR: %v\n", err)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(os.Stderr, "hint: %s\n", hint)
	}
	var build *kbuild.BuildError
	if errors.As(err, &build) && os.Getenv("SYSTEMTAP_VERBOSE") == "" {
		fmt.Fprintln(os.Stderr, "hint: -vv shows all that the build printed")
	}
}

// positive reads SYSTEMTAP_VERBOSE and the like; 0 when it is not a number.
func positive(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
