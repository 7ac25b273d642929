package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"

	"github.com/gostap/gostap/kernel"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// newPrepCommand makes `stap prep`, which fetches a kernel's parts.
func newPrepCommand() *cobra.Command {
	var request kernel.Request
	var list bool
	var debuginfo []string
	command := &cobra.Command{
		Use:   "prep [-r RELEASE] [-a ARCH] [--suite RELEASE] [--vm] [--debuginfo[=MODULES]] [--headers-only] [--list]",
		Short: "Fetch a kernel's headers, image and debuginfo",
		Long: `Fetch what scripts for a kernel need, from Debian's packages, into
~/.local/share/gostap/kernels (XDG_DATA_HOME is heeded). What is there already
is not fetched again; what was interrupted continues. Root is needed only to
install programs that --vm lacks, and is then asked for once.`,
		Args:                  noOperands,
		DisableFlagsInUseLine: true,
		SilenceUsage:          true,
		SilenceErrors:         true,
		RunE: func(command *cobra.Command, _ []string) error {
			if list {
				return listKernels(command.OutOrStdout())
			}
			if request.HeadersOnly && request.Guest {
				return &kernel.UserError{Message: "--headers-only and --vm exclude each other", Hint: "a guest needs the kernel's image"}
			}
			request.Debuginfo = len(debuginfo) > 0
			request.DebuginfoModules = slices.DeleteFunc(debuginfo, func(name string) bool { return name == kernelObject })
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			found, err := kernel.Prepare(ctx, request, newProgress(command.ErrOrStderr()))
			if errors.Is(err, context.Canceled) {
				return &kernel.UserError{Message: "interrupted", Hint: "run the same command again: it continues where it stopped", Cause: err}
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "kernel %s is ready\n", found.Release)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVarP(&request.Release, "release", "r", "", "kernel `RELEASE` or its beginning: 6.1 is the newest 6.1 (default: the running kernel)")
	flags.StringVarP(&request.Arch, "arch", "a", "", "`ARCHITECTURE` of the kernel: x86_64 or arm64 (default: this machine's)")
	flags.StringVar(&request.Suite, "suite", "", "`RELEASE` of Debian that the kernel comes from, such as trixie (default: this machine's)")
	flags.BoolVar(&request.Guest, "vm", false, "also what stap --vm needs: QEMU, compiler, busybox")
	flags.StringSliceVar(&debuginfo, "debuginfo", nil, "also the kernel's DWARF, and that of the `MODULES` named, separated by commas; all is all of them")
	flags.Lookup("debuginfo").NoOptDefVal = kernelObject
	flags.BoolVar(&request.HeadersOnly, "headers-only", false, "neither image nor modules")
	flags.BoolVar(&list, "list", false, "list the kernels at hand")
	return command
}

// listKernels prints a line per kernel with what is at hand of it.
func listKernels(out io.Writer) error {
	kernels, err := kernel.All()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RELEASE\tIMAGE\tHEADERS\tBTF\tDWARF\tWHERE")
	for _, k := range kernels {
		where := "not on this machine"
		for _, path := range []string{k.BTF, k.Debuginfo, k.Image, k.BuildTree} {
			if path != "" {
				where = filepath.Dir(path)
			}
		}
		if k.Fetched {
			where = "fetched"
		}
		release := k.Release
		if k.Running {
			release += " (running)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", release,
			yesNo(k.Image), yesNo(k.BuildTree), yesNo(k.BTF), yesNo(k.Debuginfo), where)
	}
	return table.Flush()
}

func yesNo(path string) string {
	if path == "" {
		return "no"
	}
	return "yes"
}

// prepProgress shows a preparation: a bar on a terminal, a line per step
// elsewhere.
type prepProgress struct {
	out      io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
}

func newProgress(out io.Writer) *prepProgress {
	file, isFile := out.(*os.File)
	return &prepProgress{out: out, terminal: isFile && term.IsTerminal(int(file.Fd()))}
}

// Step begins a line.
func (p *prepProgress) Step(text string) {
	p.bar = nil
	fmt.Fprintln(p.out, text)
}

// Download moves the step's bar.
func (p *prepProgress) Download(done, total int64) {
	if !p.terminal {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionShowBytes(true),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	}
	if err := p.bar.Set64(done); err != nil {
		p.terminal = false // a bar that cannot be drawn is done without
	}
}
