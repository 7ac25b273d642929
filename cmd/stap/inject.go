package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gostap/gostap/inject"
	"github.com/gostap/gostap/kernel"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newInjectCommand makes `stap inject`, which writes a script (package inject) and runs it.
func newInjectCommand(s *settings, status *int) *cobra.Command {
	r := &inject.Request{}
	var when injectSettings
	var showScript bool
	campaign := &inject.Campaign{}
	var reportJSON string
	command := &cobra.Command{
		Use:   "inject [options] KIND [NAME]",
		Short: "Have functions, system calls, disks or the network fail",
		Long: `Have functions, system calls, disks or the network of a running kernel fail, as often as you say:

  stap inject syscall openat --return EACCES --match 'filename=/etc/*' -c 'cat /etc/hosts'
  stap inject function vfs_read --return EIO --probability 1% --seed 7 --process dd
  stap inject function vfs_fsync_range --delay 200ms --every 10
  stap inject scsi --disk sdb --range 2048-4095 --medium-error --on read
  stap inject scsi --disk sdb --drop --times 1
  stap inject block --disk nvme0n1 --return EIO --on write --every 1000
  stap inject memory --probability 1% --caller do_sys_openat2 -c 'cat /etc/hostname'
  stap inject campaign openat -c 'cat /etc/hostname' --vm
  stap inject network --port 80 --delay 200ms --probability 5%

With -c or -x only that process and what comes from it meet faults of functions and system
calls. --script shows the script that does it, to be changed and run with stap -g.`,
		Args:                  cobra.ArbitraryArgs,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
	}
	addFlags(command,
		newFlagGroup("", func(flags *pflag.FlagSet) {
			flags.StringVar(&r.Return, "return", "", "the function does not run, its caller gets `VALUE`: EIO, NULL, -5, 0")
			flags.StringArrayVar(&r.Arguments, "argument", nil, "`NAME=VALUE`: the function gets that argument")
			flags.DurationVar(&r.Delay, "delay", 0, "the call, or a disk's answer, comes so much later, such as 200ms (`TIME`)")
			flags.StringVar(&r.Flip, "flip", "", "a bit of the memory that `PARAMETER[:LENGTH]` points to is turned when the function has run")
			flags.StringVar(&r.Module, "module", "", "the kernel's module that the function is in (`NAME`)")
			flags.StringVar(&r.Disk, "disk", "", "of scsi and block: the disk's `NAME`, such as sda; all of them without it")
			flags.StringVar(&r.On, "on", "", "of scsi and block: what fails, read or write (`WHAT`); all without it")
			flags.BoolVar(&r.MediumError, "medium-error", false, "of scsi: the block cannot be read, or written")
			flags.StringVar(&r.Sense, "sense", "", "of scsi: the disk's answer is `KEY/CODE/QUALIFIER`, such as 4/44/0")
			flags.StringVar(&r.Host, "host", "", "of scsi: how the adapter says that the command ended (`BYTE`): no-connect, bus-busy, …")
			flags.BoolVar(&r.Drop, "drop", false, "of scsi: the answer never comes; of network: the packet is lost")
			flags.BoolVar(&r.Escalate, "escalate", false, "of scsi: nor can the driver abort the command")
			flags.IntVar(&r.Port, "port", 0, "of network: packets from or to port `N`")
			flags.StringVar(&r.Device, "device", "", "of network: packets that leave by the device `NAME`")
			flags.BoolVar(&r.Duplicate, "duplicate", false, "of network: the packet is sent twice")
			flags.BoolVar(&r.Corrupt, "corrupt", false, "of network: a bit of the packet's data is turned")
			flags.StringVar(&r.Allocator, "allocator", "slab", "of memory and campaign: where memory is missing, slab or pages (`NAME`)")
			flags.IntVar(&campaign.Most, "sites", 0, "of campaign: `N` call sites at most")
			flags.BoolVar(&campaign.EachCall, "each-call", false, "of campaign: each call fails once, not each call site")
			flags.StringVar(&reportJSON, "report", "", "of campaign: write the report to `FILE`, as JSON")
			when.addTo(flags)
			flags.StringVar(&r.Match, "match", "", "those calls that name such a text (`PARAMETER=PATTERN`)")
			flags.StringVar(&r.Range, "range", "", "those calls that name such a number, those commands that have such a block: `[PARAMETER=]LOW-HIGH`")
			flags.StringVar(&r.Name, "name", "", "`NAME` of the fault, in messages and in the file faults")
			flags.BoolVar(&showScript, "script", false, "show the script, and end")
			s.addTarget(flags)
		}),
		newFlagGroup("", s.addRunFlags),
		newFlagGroup("", func(flags *pflag.FlagSet) {
			flags.StringArrayVarP(&s.defines, "define", "D", nil, "`NAME=VALUE`: a macro of the module's C")
			flags.StringArrayVarP(&s.makeVariables, "build-variable", "B", nil, "`NAME=VALUE` for the kernel's build")
			flags.IntVarP(&s.lastPass, "pass", "p", 5, "stop after pass `N`, as stap does")
			s.messageSettings.addTo(flags)
			flags.BoolP("help", "h", false, "this help")
		}))
	command.RunE = func(command *cobra.Command, operands []string) error {
		if len(operands) == 0 || len(operands) > 2 {
			return usage("inject takes what shall fail: one of %s, or campaign; and the name of a function or system call.", strings.Join(inject.Kinds(), ", "))
		}
		r.Kind = operands[0]
		if len(operands) == 2 {
			r.Of = operands[1]
		}
		r.Settings = when.words(command.Flags().Changed)
		if (s.command != "" || s.target != 0) && (r.Kind == "function" || r.Kind == "syscall" || r.Kind == "memory") {
			r.Settings = append(r.Settings, "target")
		}
		if r.Kind == "campaign" {
			campaign.SystemCall, campaign.Allocator = r.Of, r.Allocator
			if err := s.validate(command.Flags()); err != nil {
				return err
			}
			var err error
			*status, err = runCampaign(command.Context(), s, campaign, reportJSON)
			return asKernelError(err)
		}
		script, err := r.Script()
		if err != nil {
			return asKernelError(err)
		}
		if showScript {
			_, err := fmt.Fprint(os.Stdout, script)
			return err
		}
		s.scripts, s.guru = []string{script}, true
		if err := s.validate(command.Flags()); err != nil {
			return err
		}
		*status, err = runPasses(command.Context(), s, nil)
		return err
	}
	return command
}

// asKernelError gives a request that makes no sense the form of the others.
func asKernelError(err error) error {
	if wrong := (*inject.UserError)(nil); errors.As(err, &wrong) {
		return &kernel.UserError{Message: wrong.Message, Hint: wrong.Hint, Cause: err}
	}
	return err
}

// injectSettings are the words of fault_set() that have options of the same names.
type injectSettings struct{ flags *pflag.FlagSet }

// injectWords are those settings, in the order in which help lists them.
var injectWords = []struct{ name, usage string }{
	{"probability", "how likely a call fails: 1%, 0.01 or 1/100 (`SHARE`)"},
	{"seed", "`N` for the probability: with the same one the same calls fail"},
	{"every", "each `N`th call fails"},
	{"skip", "the first `N` calls do not"},
	{"times", "`N` calls at most"},
	{"after", "no call does in the first `TIME`, such as 5s"},
	{"process", "calls of processes of that `NAME`, with * and ?"},
	{"pid", "calls of process `PID`"},
	{"cgroup", "calls of processes in the cgroup `/PATH` and below"},
	{"caller", "calls on whose stack `FUNCTION` is"},
}

func (w *injectSettings) addTo(flags *pflag.FlagSet) {
	w.flags = flags
	for _, word := range injectWords {
		flags.String(word.name, "", word.usage)
	}
}

// words gives those that the command line has, as fault_set() takes them.
func (w *injectSettings) words(given func(string) bool) []string {
	var words []string
	for _, word := range injectWords {
		if given(word.name) {
			words = append(words, word.name+"="+w.flags.Lookup(word.name).Value.String())
		}
	}
	return words
}
