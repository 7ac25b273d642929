package main

import (
	"fmt"
	"strconv"

	"github.com/gostap/gostap/kernel"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// resourceLimits are limits of this process and of the compiler that it runs, as
// setrlimit has them.
type resourceLimits map[int]uint64

var limitedResources = []struct {
	option   string
	resource int
	unit     string
	of       string
}{
	{"rlimit-as", unix.RLIMIT_AS, "BYTES", "address space"},
	{"rlimit-cpu", unix.RLIMIT_CPU, "SECONDS", "processor time"},
	{"rlimit-nproc", unix.RLIMIT_NPROC, "NUMBER", "processes of the user"},
	{"rlimit-stack", unix.RLIMIT_STACK, "BYTES", "stack"},
	{"rlimit-fsize", unix.RLIMIT_FSIZE, "BYTES", "a file that is written"},
}

func (l *resourceLimits) addTo(flags *pflag.FlagSet) {
	*l = resourceLimits{}
	for _, r := range limitedResources {
		flags.Func(r.option, fmt.Sprintf("at most `%s` of %s for stap and the compiler", r.unit, r.of), func(text string) error {
			limit, err := strconv.ParseUint(text, 10, 63)
			if err == nil {
				(*l)[r.resource] = limit
			}
			return err
		})
	}
}

// set puts the limits into force.
func (l resourceLimits) set() error {
	for _, r := range limitedResources {
		limit, given := l[r.resource]
		if !given {
			continue
		}
		if err := unix.Setrlimit(r.resource, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return &kernel.UserError{Message: fmt.Sprintf("cannot set --%s to %d: %v", r.option, limit, err), Cause: err}
		}
	}
	return nil
}
