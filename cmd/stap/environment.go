package main

import (
	"strings"
	"sync"

	"github.com/gostap/gostap/parse"
)

// parseOptions are what the script and the library are read with. The kernel is
// looked for when a conditional asks about it.
func (d *driver) parseOptions(arguments []string) parse.Options {
	config := sync.OnceValues(func() (map[string]string, error) {
		k, err := d.findKernel()
		if err != nil {
			return nil, err
		}
		return k.Config()
	})
	return parse.Options{
		Arguments:  arguments,
		Compatible: d.compatible,
		Environment: parse.Environment{
			Guru:      d.guru,
			Privilege: d.privilege,
			Release: func() (string, error) {
				k, err := d.findKernel()
				if err != nil {
					return "", err
				}
				return k.Release, nil
			},
			Arch: func() (string, error) {
				k, err := d.findKernel()
				if err != nil {
					return "", err
				}
				return scriptArch(k.Arch), nil
			},
			Config: func(name string) (string, bool, error) {
				options, err := config()
				value, ok := options[name]
				return value, ok, err
			},
		},
	}
}

// scriptArch gives the name that scripts know an architecture by, for the one
// that uname -m prints.
func scriptArch(machine string) string {
	for _, known := range []struct{ prefix, name string }{
		{"x86_64", "x86_64"}, {"aarch64", "arm64"}, {"arm64", "arm64"}, {"arm", "arm"}, {"ppc", "powerpc"},
		{"s390", "s390"}, {"mips", "mips"}, {"riscv", "riscv"}, {"ia64", "ia64"},
	} {
		if strings.HasPrefix(machine, known.prefix) {
			return known.name
		}
	}
	if len(machine) == 4 && machine[0] == 'i' && machine[2:] == "86" {
		return "i386"
	}
	return machine
}
