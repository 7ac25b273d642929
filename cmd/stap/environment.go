package main

import (
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
				return k.Arch.Script, nil
			},
			Config: func(name string) (string, bool, error) {
				options, err := config()
				value, ok := options[name]
				return value, ok, err
			},
		},
	}
}
