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

	"github.com/gostap/gostap/kbuild"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// version is set by the build.
var version = "development"

// settings are what the command line says.
type settings struct {
	script        string // -e
	scriptGiven   bool
	moreScripts   []string // -E
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
	s := &settings{}
	status := 0
	root := newCommand(s, &status)
	root.AddCommand(newPrepCommand(), newDoctorCommand(), newFormatCommand(s))
	sorted, err := sortArguments(root, arguments)
	if err == nil {
		root.SetArgs(sorted)
		err = root.ExecuteContext(context.Background())
	}
	if err != nil {
		s.complain(os.Stderr, err)
		return max(status, 1)
	}
	return status
}

const usageTemplate = `Usage:
  {{.UseLine}}{{range .Commands}}{{if .IsAvailableCommand}}
  {{.UseLine}}
        {{.Short}}{{end}}{{end}}

Options:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
`

func newCommand(s *settings, status *int) *cobra.Command {
	command := &cobra.Command{
		Use: `stap [options] FILE [arguments]
  stap [options] -e SCRIPT [arguments]
  stap [options] - [arguments]`,
		Short:                 "Ask a live kernel a question in the SystemTap language",
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		Args:                  cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, arguments []string) error {
			if s.versionWanted {
				fmt.Fprint(command.OutOrStdout(), versionText())
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
	command.SetUsageTemplate(usageTemplate)
	command.SetHelpCommand(&cobra.Command{Hidden: true})
	command.CompletionOptions.DisableDefaultCmd = true
	command.SetFlagErrorFunc(explainFlag)
	s.addFlags(command)
	return command
}

// Kernels that the tests run on, by the beginning of their releases.
const oldestTested, newestTested = "6.1", "6.12"

func versionText() string {
	return fmt.Sprintf(`Systemtap translator/driver (version %s, gostap)
MIT licence; modules that it makes are Dual MIT/GPL.
tested kernel versions: %s ... %s
enabled features: BTF KBUILD-REPLAY VM
`, version, oldestTested, newestTested)
}

func (s *settings) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVarP(&s.script, "script", "e", "", "the script's `TEXT`")
	flags.StringArrayVarP(&s.moreScripts, "more-script", "E", nil, "`TEXT` of one more script, beside FILE or -e")
	flags.IntVarP(&s.lastPass, "pass", "p", 5, "stop after pass `N`, 1 to 5, and show its result")
	flags.CountVarP(&s.verbose, "verbose", "v", "``say what each pass did; -vv: what the build runs, too")
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
	flags.StringVarP(&s.arch, "arch", "a", "", "`ARCHITECTURE` of the kernel: x86_64")
	flags.StringArrayVarP(&s.makeVariables, "build-variable", "B", nil, "`NAME=VALUE` for the kernel's build")
	flags.StringArrayVarP(&s.defines, "define", "D", nil, "`NAME[=VALUE]` for the C of the module, such as MAXSTRINGLEN=1024")
	flags.StringArrayVarP(&s.libraries, "library", "I", nil, "`FOLDER` with more library scripts")
	flags.BoolVar(&s.guest, "vm", false, "run in a throw-away guest")
	flags.StringArrayVar(&s.guestFiles, "vm-add", nil, "`PATH` that -c needs in the guest")
	flags.StringVar(&s.kbuildMode, "kbuild", "replay", "`HOW` to build: replay, or full for the kernel's own build only")
	flags.BoolVar(&s.disableCache, "disable-cache", false, "neither read nor write the cache")
	flags.BoolVar(&s.poisonCache, "poison-cache", false, "write the cache, do not read finished modules from it")
	flags.BoolVar(&s.cleanCache, "clean-cache", false, "remove what exceeds the cache's limit, and exit")
	flags.StringVar(&s.diagnostics, "diagnostics", "text", "`FORM` of messages: text or json")
	flags.StringVar(&s.color, "color", "auto", "`WHEN` messages are coloured: auto, always or never")
	flags.Lookup("color").NoOptDefVal = "always"
	flags.BoolVarP(&s.versionWanted, "version", "V", false, "version and licence")
	flags.BoolP("help", "h", false, "this help")
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "colour" {
			name = "color"
		}
		return pflag.NormalizedName(name)
	})
}

// What is said of options whose values are outside of their range.
const (
	invalidPass   = "Invalid pass number (should be 1-5)."
	invalidBuffer = "Invalid buffer size (should be 1-4095)."
	invalidTarget = "Invalid target process ID number."
)

// explainFlag gives the message for an option's value that is not of its type.
func explainFlag(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return &usageError{err.Error()}
	}
	flag := invalid.GetFlag()
	messages := map[string]string{"pass": invalidPass, "buffer": invalidBuffer, "target": invalidTarget}
	if message, ok := messages[flag.Name]; ok {
		return &usageError{message}
	}
	return usage("invalid argument '%s' for --%s", invalid.GetValue(), flag.Name)
}

// definePattern and variablePattern are what -D and -B take.
var (
	definePattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(=-?[A-Za-z0-9_.-]+)?$`)
	variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
)

// check says what is wrong with the options.
func (s *settings) check(command *cobra.Command) error {
	given := command.Flags().Changed
	s.scriptGiven = given("script")
	switch {
	case s.lastPass < 1 || s.lastPass > 5:
		return &usageError{invalidPass}
	case given("buffer") && (s.bufferMB < 1 || s.bufferMB > 4095):
		return &usageError{invalidBuffer}
	case given("target") && s.target < 1:
		return &usageError{invalidTarget}
	case given("command") && given("target"):
		return usage("You can't specify -c and -x together.")
	case s.guest && given("target"):
		return usage("-x names a process of this machine, and --vm runs in a guest that has none of them: use -c")
	case len(s.guestFiles) > 0 && !s.guest:
		return usage("--vm-add is for --vm")
	case s.kbuildMode != "full" && s.kbuildMode != "replay":
		return usage("--kbuild is full or replay, not '%s'", s.kbuildMode)
	case s.diagnostics != "text" && s.diagnostics != "json":
		return usage("--diagnostics is text or json, not '%s'", s.diagnostics)
	case s.color != "auto" && s.color != "always" && s.color != "never":
		return usage("Invalid argument '%s' for --color.", s.color)
	case s.arch != "" && s.arch != "x86_64":
		return usage("modules for %s are not made by this version: x86_64 are", s.arch)
	case given("output") && s.output == "":
		return usage("-o takes the name of a file")
	}
	for _, d := range s.defines {
		if !definePattern.MatchString(d) {
			return usage("ERROR: Safety pattern mismatch for -D parameter ('%s' vs. '%s')", d, definePattern)
		}
	}
	for _, v := range s.makeVariables {
		if !variablePattern.MatchString(v) {
			return usage("-B takes NAME=VALUE, not '%s'", v)
		}
	}
	if given("module") {
		var err error
		if s.module, err = kbuild.UserName(s.module); err != nil {
			return err
		}
	}
	s.fullBuild = s.kbuildMode == "full"
	s.verbose += positive(os.Getenv("SYSTEMTAP_VERBOSE"))
	return nil
}

// positive reads SYSTEMTAP_VERBOSE and the like; 0 when it is not a number.
func positive(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
