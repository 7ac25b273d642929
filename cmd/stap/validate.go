package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gostap/gostap/kbuild"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/staprun"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What is said of options whose values are outside of their range.
const (
	invalidPass    = "Invalid pass number (should be 1-5)."
	invalidBuffer  = "Invalid buffer size (should be 1-4095)."
	invalidTarget  = "Invalid target process ID number."
	invalidTimeout = "Invalid timeout interval."
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
	return usage("Invalid argument '%s' for --%s.", invalid.GetValue(), flag.Name)
}

// validate says what is wrong with the options, and settles what they leave open.
func (s *settings) validate(flags *pflag.FlagSet) error {
	given := flags.Changed
	if err := refuseLater(flags); err != nil {
		return err
	}
	for _, check := range []func(func(string) bool) error{
		s.scriptSettings.validate, s.messageSettings.validate, s.symbolSettings.validate, s.listings.validate, s.validateModule, s.validateRun,
	} {
		if err := check(given); err != nil {
			return err
		}
	}
	switch {
	case s.lastPass < 1 || s.lastPass > 5:
		return &usageError{invalidPass}
	case s.listings.wanted() && given("pass"):
		return usage("-p and -l, -L or --dump-* exclude each other: the listing is the result.")
	}
	if s.privilege == "" && s.lastPass == 5 && !s.guest && !s.listings.wanted() {
		s.privilege = impliedPrivilege(os.Geteuid(), inGroup)
	}
	s.verbose += positive(os.Getenv("SYSTEMTAP_VERBOSE"))
	return nil
}

// The patterns of what ends up in the module's C, in a make command or on
// staprun's command line.
var (
	definePattern     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(=-?[A-Za-z0-9_.-]+)?$`)
	globalPattern     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=[A-Za-z0-9_.-]+$`)
	moduleInfoPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=[^"\\\x00-\x1f]+$`)
	variablePattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
	versionPattern    = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)
	verbosePattern    = regexp.MustCompile(`^[0-9]{1,5}$`)
)

// safe says which of an option's values does not match the option's pattern.
func safe(option string, values []string, pattern *regexp.Regexp) error {
	for _, value := range values {
		if !pattern.MatchString(value) {
			return usage("ERROR: Safety pattern mismatch for %s parameter ('%s' vs. '%s')", option, value, pattern)
		}
	}
	return nil
}

func oneOf(option, value string, choices ...string) error {
	for _, choice := range choices {
		if value == choice {
			return nil
		}
	}
	return usage("Invalid argument '%s' for --%s: it is %s.", value, option, strings.Join(choices, " or "))
}

func (s *scriptSettings) validate(given func(string) bool) error {
	if s.unprivileged {
		if given("privilege") && s.privilege != "stapusr" {
			return usage("--unprivileged is --privilege=stapusr, and --privilege=%s was given, too.", s.privilege)
		}
		s.privilege = "stapusr"
	}
	switch {
	case len(s.scripts) > 1:
		return usage("Only one script can be given on the command line: -E adds to it.")
	case given("compatible") && !versionPattern.MatchString(s.compatible):
		return usage("ERROR: Invalid argument '%s' for --compatible: it takes a version such as %s", s.compatible, parse.Compatible)
	case given("compatible") && kernel.VersionLess(parse.Compatible, s.compatible):
		return usage("ERROR: systemtap version %s cannot be compatible with future version %s", parse.Compatible, s.compatible)
	case s.guru && s.privilege != "" && s.privilege != "stapdev":
		return usage("-g and --privilege=%s exclude each other: guru mode is for stapdev.", s.privilege)
	case s.suppressTimeLimits && !s.guru:
		return usage("--suppress-time-limits needs -g: a handler that does not end stops the machine.")
	case s.prologueSearching == "always":
		return notInThisVersion("--prologue-searching=always", "searching prologues, which is for probes of user programs,", "")
	case s.runtime == "dyninst" || s.runtime == "bpf":
		return notInThisVersion("--runtime="+s.runtime, "another runtime than the kernel's", "")
	}
	if given("privilege") {
		if err := oneOf("privilege", s.privilege, "stapusr", "stapsys", "stapdev"); err != nil {
			return err
		}
	}
	return errors.Join(
		oneOf("prologue-searching", s.prologueSearching, "never", "auto"),
		oneOf("runtime", s.runtime, "kernel"),
		safe("-D", s.defines, definePattern),
		safe("-G", s.globals, globalPattern),
	)
}

func (s *messageSettings) validate(given func(string) bool) error {
	if given("vp") && !verbosePattern.MatchString(s.verboseByPass) {
		return usage("Invalid argument '%s' for --vp: it takes one to five digits.", s.verboseByPass)
	}
	return errors.Join(
		oneOf("diagnostics", s.diagnostics, "text", "json"),
		oneOf("color", s.color, "auto", "always", "never"),
	)
}

func (s *settings) validateModule(given func(string) bool) error {
	if given("bundle") {
		if err := s.validateBundle(); err != nil {
			return err
		}
	}
	if err := s.validateTarget(given); err != nil {
		return err
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
	return errors.Join(
		oneOf("kbuild", s.kbuildMode, "full", "replay"),
		safe("--modinfo", s.moduleInfo, moduleInfoPattern),
	)
}

func (s *settings) validateTarget(given func(string) bool) error {
	if !given("release") {
		s.release = os.Getenv("SYSTEMTAP_RELEASE")
	}
	for name, folder := range map[string]*string{"build-root": &s.buildRoot, "sysroot": &s.sysroot} {
		if !given(name) {
			continue
		}
		if *folder == "" {
			return usage("--%s takes the name of a folder", name)
		}
		absolute, err := filepath.Abs(*folder)
		if err != nil {
			return err
		}
		*folder = absolute
	}
	if s.buildRoot != "" {
		if err := kbuild.CheckRoot(s.buildRoot); err != nil {
			return err
		}
	}
	if _, err := kernel.ArchitectureNamed(s.arch); err != nil && s.arch != "" {
		return err
	}
	return nil
}

func (s *settings) validateRun(given func(string) bool) error {
	switch {
	case given("stats") && s.stats != "json":
		return usage("--stats=%s: the form that there is: json.", s.stats)
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
	case len(s.guestDisks) > 0 && !s.guest:
		return usage("--vm-disk is for --vm")
	case slices.ContainsFunc(s.guestDisks, func(mb int) bool { return mb < 1 || mb > 65536 }):
		return usage("--vm-disk takes a number of MB, 1 to 65536")
	case s.guest && (s.bulk || s.leave):
		return usage("-b and -F leave files or a module behind, and nothing is left of a guest of --vm")
	case s.guest && given("target-namespaces"), given("target-namespaces") && s.namespaces < 1:
		return usage("--target-namespaces names a process of this machine")
	case given("size") && s.output == "" && !s.bulk:
		return usage("-S is for files: name them with -o")
	case given("output") && s.output == "":
		return usage("-o takes the name of a file")
	case given("monitor") && (s.monitor < 1 || s.listings.wanted()):
		return usage("--monitor shows a session that runs, anew each SEC seconds: SEC is at least 1, and -l, -L and --dump-* run none")
	case given("timeout"):
		var err error
		if s.timeout, err = parseTimeout(s.timeoutText); err != nil {
			return err
		}
	}
	if given("size") {
		if _, err := staprun.ParseRotation(s.rotation); err != nil {
			return usage("%v", err)
		}
	}
	return nil
}

// longestTimeout is how long a timer of the language can be.
const longestTimeout = 24 * time.Hour

// parseTimeout reads the seconds of -T.
func parseTimeout(text string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 0.001 || seconds > longestTimeout.Seconds() {
		return 0, usage("%s\nIt is a number of seconds, 0.001 to %d.", invalidTimeout, int(longestTimeout.Seconds()))
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// verbosity is how much is to be said of a pass.
func (s *messageSettings) verbosity(pass int) int {
	more := 0
	if pass <= len(s.verboseByPass) {
		more = int(s.verboseByPass[pass-1] - '0')
	}
	return s.verbose + more
}

// positive reads SYSTEMTAP_VERBOSE and the like; 0 when it is not a number.
func positive(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
