package main

import (
	"time"

	"github.com/gostap/gostap/elaborate"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settings are what the command line says.
type settings struct {
	scriptSettings
	messageSettings
	symbolSettings
	listings listings

	lastPass    int
	showVersion bool

	release        string
	arch           string
	sysroot        string
	buildRoot      string
	module         string
	bundle         string // the file that module and staprun are packed into; "": none
	moduleInfo     []string
	makeVariables  []string
	kbuildMode     string
	keep           bool
	disableCache   bool
	poisonCache    bool
	cleanCache     bool
	resourceLimits resourceLimits

	output      string
	timeoutText string
	command     string
	target      int
	bufferMB    int
	bulk        bool
	leave       bool // -F
	rotation    string
	namespaces  int
	stats       string
	faultLog    string
	faultReplay string
	junit       string
	watchdog    int // of faults, seconds; -1: as staprun has it
	guest       bool
	guestFiles  []string
	guestDisks  []int  // MB each
	guestAppend string // to its kernel's command line
	packed      string // the command whose program and files the guest is to have; "": that of -c
}

// scriptSettings say where the script is and what it means.
type scriptSettings struct {
	scripts                []string // of -e; more than one is a mistake
	moreScripts            []string // of -E
	libraries              []string
	guru                   bool
	defines                []string
	globals                []string // NAME=VALUE of -G
	timeout                time.Duration
	compatible             string
	privilege              string
	unprivileged           bool
	skipBadVariables       bool
	suppressHandlerErrors  bool
	suppressTimeLimits     bool
	unoptimized            bool
	strictLimits           bool
	timing                 bool
	monitor                int // seconds between two looks; 0: none
	noGlobalDisplay        bool
	runtime                string
	prologueSearching      string
	keepGoingAfterMistakes bool
	maxPlaces              int
}

// messageSettings say what is written beside the script's output.
type messageSettings struct {
	verbose       int    // of all passes
	verboseByPass string // more of it: a digit per pass
	noWarnings    bool
	fatalWarnings bool
	diagnostics   string
	color         string
}

// flagGroup is one part of the help.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

func newFlagGroup(title string, add func(*pflag.FlagSet)) flagGroup {
	flags := pflag.NewFlagSet(title, pflag.ContinueOnError)
	flags.SortFlags = false
	add(flags)
	return flagGroup{title, flags}
}

// flagGroups are the options of stap itself.
func (s *settings) flagGroups() []flagGroup {
	return []flagGroup{
		newFlagGroup("The script", s.scriptSettings.addTo),
		newFlagGroup("What is shown", func(flags *pflag.FlagSet) {
			flags.IntVarP(&s.lastPass, "pass", "p", 5, "stop after pass `N` and show its result: 1 the syntax tree, 2 names and types, 3 the C, 4 the module's path")
			s.listings.addTo(flags)
			s.messageSettings.addTo(flags)
			flags.BoolVarP(&s.showVersion, "version", "V", false, "version and licence")
			flags.BoolP("help", "h", false, "this help")
		}),
		newFlagGroup("The module", s.addModuleFlags),
		newFlagGroup("The run", s.addRunFlags),
	}
}

func (s *scriptSettings) addTo(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&s.scripts, "script", "e", nil, "the script's `TEXT`")
	flags.StringArrayVarP(&s.moreScripts, "more-script", "E", nil, "`TEXT` of one more script, beside FILE or -e")
	flags.StringArrayVarP(&s.libraries, "library", "I", nil, "`FOLDER` with more library scripts, searched before all others")
	flags.BoolVarP(&s.guru, "guru", "g", false, "guru mode: embedded C and writing to the kernel are allowed")
	flags.StringArrayVarP(&s.defines, "define", "D", nil, "`NAME[=VALUE]` for the C of the module, such as MAXSTRINGLEN=1024")
	flags.StringArrayVarP(&s.globals, "global", "G", nil, "`NAME=VALUE`: the global NAME begins with VALUE")
	flags.StringVar(&s.compatible, "compatible", "", "the language and the library of SystemTap `VERSION`")
	flags.StringVar(&s.privilege, "privilege", "", "refuse what members of `GROUP` may not do: stapusr, stapsys or stapdev")
	flags.BoolVar(&s.unprivileged, "unprivileged", false, "the same as --privilege=stapusr")
	flags.BoolVar(&s.skipBadVariables, "skip-badvars", false, "a $variable that cannot be resolved is 0")
	flags.BoolVar(&s.suppressHandlerErrors, "suppress-handler-errors", false, "a run-time error ends its handler, not the session")
	flags.BoolVar(&s.suppressTimeLimits, "suppress-time-limits", false, "handlers may run as long as they like (needs -g)")
	flags.BoolVar(&s.strictLimits, "strict-limits", false, "too many skipped hits, or too much time in handlers, end the session instead of a probe")
	flags.IntVar(&s.maxPlaces, "max-places", elaborate.DefaultMaxPlaces, "a probe point may stand for `NUMBER` places")
	flags.BoolVarP(&s.unoptimized, "unoptimized", "u", false, "keep what has no effect")
	flags.IntVar(&s.monitor, "monitor", 0, "show what the session is at, anew each `SEC` seconds (1)")
	flags.Lookup("monitor").NoOptDefVal = "1"
	flags.BoolVarP(&s.timing, "timing", "t", false, "at the end, what each probe cost: hits, times, what was skipped")
	flags.BoolVar(&s.noGlobalDisplay, "no-global-var-display", false, "do not print globals at the end that are written and never read")
	flags.StringVar(&s.runtime, "runtime", "kernel", "`WHAT` the script runs in: kernel")
	flags.StringVar(&s.prologueSearching, "prologue-searching", "auto", "`WHEN` to look for the end of functions' prologues: never or auto")
	flags.Lookup("prologue-searching").NoOptDefVal = "always"
	flags.BoolVar(&s.keepGoingAfterMistakes, "semantic-keep-going", false, "the mistakes that pass 2 finds, all of them as ever, also as JSON")
}

func (s *messageSettings) addTo(flags *pflag.FlagSet) {
	flags.CountVarP(&s.verbose, "verbose", "v", "``say what each pass did; -vv: what the build runs, too")
	flags.StringVar(&s.verboseByPass, "vp", "", "more `DIGITS` of -v for passes 1 to 5: 002 adds 2 to pass 3")
	flags.BoolVarP(&s.noWarnings, "no-warnings", "w", false, "no warnings")
	flags.BoolVarP(&s.fatalWarnings, "fatal-warnings", "W", false, "a warning fails its pass")
	flags.StringVar(&s.diagnostics, "diagnostics", "text", "`FORM` of messages: text or json")
	flags.StringVar(&s.color, "color", "auto", "`WHEN` messages are coloured: auto, always or never")
	flags.Lookup("color").NoOptDefVal = "always"
}

// addTarget adds what says which kernel is meant.
func (s *settings) addTarget(flags *pflag.FlagSet) {
	flags.StringVarP(&s.release, "release", "r", "", "kernel `RELEASE`, its beginning (6.1: the newest 6.1), or a build tree's path")
	flags.StringVarP(&s.arch, "arch", "a", "", "`ARCHITECTURE` of the kernel: x86_64 or arm64")
	flags.StringVar(&s.buildRoot, "build-root", "", "`FOLDER` with a system whose compiler and tools build, and whose kernels are looked for, unless --sysroot names others")
	flags.StringVar(&s.sysroot, "sysroot", "", "`FOLDER` with the files of the system that the module is for: its kernel, headers and debuginfo")
}

func (s *settings) addModuleFlags(flags *pflag.FlagSet) {
	s.addTarget(flags)
	flags.StringVarP(&s.module, "module", "m", "", "`NAME` of the module, which is left in the current folder, or in the bundle")
	flags.StringVar(&s.bundle, "bundle", "", "with -p4, pack the module and staprun into `FILE`, which runs where nothing else is installed: ./FILE; ./FILE --manifest says what is in it")
	flags.StringArrayVar(&s.moduleInfo, "modinfo", nil, "`NAME=VALUE` for modinfo to show")
	flags.StringArrayVarP(&s.makeVariables, "build-variable", "B", nil, "`NAME=VALUE` for the kernel's build")
	flags.StringVar(&s.kbuildMode, "kbuild", "replay", "`HOW` to build: replay, or full for the kernel's own build only")
	s.symbolSettings.addTo(flags)
	flags.BoolVarP(&s.keep, "keep", "k", false, "keep the temporary folder")
	flags.BoolVar(&s.disableCache, "disable-cache", false, "neither read nor write the cache")
	flags.BoolVar(&s.poisonCache, "poison-cache", false, "write the cache, do not read finished modules from it")
	flags.BoolVar(&s.cleanCache, "clean-cache", false, "remove what exceeds the cache's limit, and exit")
	s.resourceLimits.addTo(flags)
}

func (s *settings) addRunFlags(flags *pflag.FlagSet) {
	flags.StringVarP(&s.output, "output", "o", "", "write the script's output to `FILE`; %Y, %m, … are parts of the time, as strftime has them")
	flags.StringVarP(&s.command, "command", "c", "", "run `COMMAND`: target() is its process, the session ends with it")
	flags.IntVarP(&s.target, "target", "x", 0, "target() is `PID`")
	flags.IntVarP(&s.bufferMB, "buffer", "s", 0, "`MB` of output buffer per CPU, 1 to 4095")
	flags.BoolVarP(&s.bulk, "bulk", "b", false, "a file for each CPU, FILE_cpu0 or stpd_cpu0 and so on; stap merge puts them into one order")
	flags.StringVarP(&s.rotation, "size", "S", "", "files of -o take turns at `SIZE[,N]` MB: FILE.0, FILE.1 and so on; N of them are kept")
	flags.BoolVarP(&s.leave, "flight-recorder", "F", false, "leave the script running, its newest output kept in the buffers for staprun -A; with -o, staprun reads in the background, and its number is printed")
	flags.IntVar(&s.namespaces, "target-namespaces", 0, "the ns_ functions count as the namespaces of process `PID` do")
	flags.StringVar(&s.stats, "stats", "", "at the end, what each probe and the output came to, on standard error: json (the `FORM`)")
	flags.StringVar(&s.faultLog, "fault-log", "", "write the faults that happen to `FILE`")
	flags.StringVar(&s.faultReplay, "fault-replay", "", "have the faults of the log `FILE` happen, and no others")
	flags.IntVar(&s.watchdog, "fault-watchdog", -1, "switch all faults off when staprun has not run for `SECONDS` (30); 0: never")
	flags.Lookup("fault-watchdog").DefValue = "0" // the help says it
	flags.StringVar(&s.junit, "junit", "", "write what came of the faults to `FILE`, as JUnit's XML")
	flags.StringVarP(&s.timeoutText, "timeout", "T", "", "stop after `SECONDS`, such as 0.5")
	flags.BoolVar(&s.guest, "vm", false, "run in a throw-away guest")
	flags.StringArrayVar(&s.guestFiles, "vm-add", nil, "`PATH` that -c needs in the guest")
	flags.IntSliceVar(&s.guestDisks, "vm-disk", nil, "an empty SCSI disk of so many `MB` in the guest: sda, sdb and so on")
}

// addFlags gives a command the options of some groups.
func addFlags(command *cobra.Command, groups ...flagGroup) {
	flags := command.Flags()
	flags.SortFlags = false
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "colour" {
			name = "color"
		}
		return pflag.NormalizedName(name)
	})
	for _, group := range groups {
		flags.AddFlagSet(group.flags)
	}
}
