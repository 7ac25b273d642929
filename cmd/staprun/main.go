// Command staprun loads a module that stap -p4 built, runs its session and
// unloads it. It is all that a target machine needs; as a bundle (package
// staprun/bundle), it has the module in itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gostap/gostap/staprun"
	"github.com/gostap/gostap/staprun/vm/guest"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// version is set by the build.
var version = "development"

// The child of -c calls execve from its first thread: from another one the kernel would give
// that thread the first one's number, and scripts would see a task's pid change.
func init() {
	if isGate() {
		runtime.LockOSThread()
	}
}

func isGate() bool { return len(os.Args) == 3 && os.Args[1] == staprun.Gate }

func main() {
	if guest.Wanted() {
		guest.Main()
	}
	if isGate() {
		status, err := staprun.BecomeCommand(os.Args[2])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(status)
	}
	inBackground := len(os.Args) > 1 && os.Args[1] == staprun.DaemonChild
	if inBackground {
		os.Args = slices.Delete(os.Args, 1, 2)
	}
	os.Exit(run(inBackground))
}

// arguments are what the command line says.
type arguments struct {
	staprun.Options
	unique      bool
	remove      string
	manifest    bool
	rotation    string
	color       string
	readTimeout int
	monitor     int
	watchdog    int
}

// defaultWatchdog is how many seconds a machine may stand still until faults are switched off.
const defaultWatchdog = 30

func run(inBackground bool) int {
	a := &arguments{Options: staprun.Options{Stdout: os.Stdout, Stderr: os.Stderr}}
	status := 0
	command := &cobra.Command{
		Use: `staprun [options] MODULE.ko|BUNDLE [NAME=VALUE ...]
  staprun [options] -A NAME
  staprun -d NAME
  staprun --manifest BUNDLE`,
		Long: `Run a module that stap built.

A bundle, which stap -p4 --bundle makes, is staprun with a module in it, and takes
the same options: ./BUNDLE [options] [NAME=VALUE ...], ./BUNDLE --manifest`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, words []string) (err error) {
			if err := a.settle(command.Flags().Changed, words); err != nil {
				return err
			}
			switch {
			case a.remove != "":
				return staprun.Remove(a.remove)
			case a.manifest:
				return a.showManifest()
			case inBackground:
				a.Started = staprun.DaemonStarted()
			case a.Daemon:
				var pid int
				if pid, status, err = staprun.Daemonize(os.Args[1:]); pid != 0 {
					fmt.Println(pid)
				}
				return err
			}
			status, err = staprun.Run(context.Background(), a.Options)
			return err
		},
	}
	a.addFlags(command)
	if err := command.Execute(); err != nil {
		complain(err)
		return 1
	}
	return status
}

func (a *arguments) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVarP(&a.Command, "command", "c", "", "run `COMMAND`; the session ends with it")
	flags.IntVarP(&a.Target, "target", "x", 0, "what target() gives: `PID`")
	flags.IntVarP(&a.Namespaces, "target-namespaces", "N", 0, "count ids as the namespaces of process `PID` do")
	flags.StringVarP(&a.Output, "output", "o", "", "write the script's output to `FILE`; %Y, %m, … are parts of the time, as strftime has them")
	flags.StringVarP(&a.rotation, "size", "S", "", "files of -o take turns at `SIZE[,N]` MB; N of them are kept")
	flags.BoolVar(&a.Bulk, "bulk", false, "a file for each CPU, as stap -b has it: FILE_cpu0, FILE_cpu1, …; stap merge puts them into one order")
	flags.IntVarP(&a.BufferMB, "buffer", "b", 0, "`MB` of output buffer per CPU, 1 to 4095")
	flags.IntVarP(&a.readTimeout, "read-timeout", "T", 0, "`MILLISECONDS` between two reads of a stream of output (10)")
	flags.BoolVarP(&a.Detach, "detach", "L", false, "leave the module once it runs")
	flags.StringVarP(&a.Attach, "attach", "A", "", "go on with module `NAME`, which was left")
	flags.StringVarP(&a.remove, "delete", "d", "", "end and unload module `NAME`, if nobody reads its output; '*': all such")
	flags.BoolVarP(&a.Daemon, "daemon", "D", false, "run in the background, print the number of the process; messages stand in -o's file")
	flags.StringVar(&a.Stats, "stats", "", "at the end, what each probe and the output came to, on standard error: `json`")
	flags.StringArrayVar(&a.Limits, "set", nil, "a limit of the session: `NAME=VALUE`, such as maxerrors=5")
	flags.StringVar(&a.Faults.Log, "fault-log", "", "write the faults that happen to `FILE`")
	flags.StringVar(&a.Faults.Replay, "fault-replay", "", "have the faults of the log `FILE` happen, and no others")
	flags.IntVar(&a.watchdog, "fault-watchdog", defaultWatchdog, "switch all faults off when this process has not run for `SECONDS`; 0: never")
	flags.StringVar(&a.Faults.JUnit, "junit", "", "write what came of the faults to `FILE`, as JUnit's XML")
	flags.BoolVar(&a.manifest, "manifest", false, "print what a bundle holds and what it is for, as JSON, and end")
	flags.IntVarP(&a.monitor, "monitor", "M", 0, "show what the session is at, anew each `SEC` seconds")
	flags.BoolVarP(&a.unique, "rename", "R", false, "load under a name that no other run has")
	flags.BoolVarP(&a.Verbose, "verbose", "v", false, "say how each probe was armed")
	flags.BoolVarP(&a.NoWarnings, "no-warnings", "w", false, "no warnings")
	flags.StringVarP(&a.color, "color", "C", "auto", "`WHEN` messages are coloured: auto, always or never")
	flags.BoolP("uprobes", "u", false, "nothing: kernels of today have uprobes")
	_ = flags.MarkHidden("uprobes")
	flags.BoolP("help", "h", false, "help for staprun")
	flags.BoolP("version", "V", false, "version of staprun")
}

// settle checks what the command line says and brings it into its form.
func (a *arguments) settle(given func(string) bool, words []string) (err error) {
	a.KeepName = !a.unique
	a.Color = a.color == "always" || a.color == "auto" && isTerminal(os.Stderr) && os.Getenv("TERM") != "dumb"
	a.Faults.Watchdog = time.Duration(a.watchdog) * time.Second
	a.Monitor = time.Duration(a.monitor) * time.Second
	a.ReadTimeout = time.Duration(a.readTimeout) * time.Millisecond
	if given("size") {
		if a.Rotation, err = staprun.ParseRotation(a.rotation); err != nil {
			return err
		}
	}
	if a.Attach == "" && a.remove == "" {
		if err := a.takeModule(words); err != nil {
			return err
		}
		words = nil
	}
	wrong := func(format string, arguments ...any) error {
		return &staprun.UserError{Message: fmt.Sprintf(format, arguments...), Hint: "staprun --help lists the options"}
	}
	switch {
	case len(words) > 0:
		return wrong("-A and -d take one name and no other words: %s", strings.Join(words, " "))
	case a.manifest && (a.Attach != "" || a.remove != ""):
		return wrong("--manifest is of a bundle, and a module that is loaded is none")
	case a.manifest && a.Module == "":
		return wrong("which bundle? This staprun is none itself")
	case a.Module == "" && a.Attach == "" && a.remove == "":
		return wrong("which module? staprun takes the file that stap -p4 made, or -A or -d with the name of a loaded one")
	case a.Attach != "" && (a.Command != "" || a.Target != 0 || a.Detach || given("buffer")):
		return wrong("-A goes on with a session that is under way: -c, -x, -L and -b are for its start")
	case a.Command != "" && a.Target != 0:
		return wrong("You can't specify -c and -x together.")
	case given("target") && a.Target < 1 || given("target-namespaces") && a.Namespaces < 1:
		return wrong("-x and -N take the number of a process")
	case given("buffer") && (a.BufferMB < 1 || a.BufferMB > 4095):
		return wrong("-b takes a number of MB, 1 to 4095")
	case given("read-timeout") && (a.readTimeout < 1 || a.readTimeout > 60000):
		return wrong("-T takes a number of milliseconds, 1 to 60000")
	case given("output") && a.Output == "":
		return wrong("-o takes the name of a file")
	case a.watchdog < 0 || a.watchdog > 86400:
		return wrong("--fault-watchdog takes a number of seconds, up to a day")
	case given("size") && a.Output == "" && !a.Bulk:
		return wrong("-S is for files: name them with -o")
	case a.Daemon && a.Output == "":
		return wrong("-D runs in the background, so it needs a file for the output: -o")
	case a.Daemon && a.Detach:
		return wrong("-D has a process read the output in the background, -L has none")
	case !slices.Contains([]string{"auto", "always", "never"}, a.color):
		return wrong("-C takes auto, always or never, not %s", strconv.Quote(a.color))
	}
	return nil
}

// takeModule says which module it is by the words of the command line. The first one
// names its file, unless it sets a global of the module that is in this program.
func (a *arguments) takeModule(words []string) (err error) {
	if len(words) == 0 || strings.Contains(words[0], "=") {
		if a.Bundle, err = staprun.OwnBundle(); err != nil {
			return err
		}
	}
	if a.Bundle != nil {
		a.Module, a.Globals = a.Bundle.Name, words
	} else if len(words) > 0 {
		a.Module, a.Globals = words[0], words[1:]
	}
	return nil
}

// showManifest prints the manifest of the bundle that this program is or that is named.
func (a *arguments) showManifest() (err error) {
	b := a.Bundle
	if b == nil {
		if b, err = staprun.OpenBundle(a.Module); err != nil {
			return err
		}
	}
	text, err := b.Manifest.Text()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func isTerminal(file *os.File) bool {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

func complain(err error) {
	fmt.Fprintf(os.Stderr, "ERROR: %v\n", err)
	var user *staprun.UserError
	if errors.As(err, &user) && user.Hint != "" {
		fmt.Fprintf(os.Stderr, "hint: %s\n", user.Hint)
	}
}
