package parse_test

import (
	"errors"
	"testing"

	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/testdata/errortest"
)

// environment is a kernel for conditionals.
var environment = parse.Environment{
	Release: func() (string, error) { return "6.1.0-test", nil },
	Arch:    func() (string, error) { return "x86_64", nil },
	Config: func(name string) (string, bool, error) {
		if name == "CONFIG_ASKED" {
			return "", false, errors.New("the file is damaged")
		}
		value, ok := map[string]string{"CONFIG_HZ": "250", "CONFIG_PREEMPT": "y"}[name]
		return value, ok, nil
	},
}

func TestErrors(t *testing.T) {
	errortest.Run(t, "../testdata/parse/*.stp", func(source *parse.Source) error {
		_, err := parse.Parse(source, parse.Options{Environment: environment})
		return err
	})
}
