package parse_test

import (
	"testing"

	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/testdata/errortest"
)

func TestErrors(t *testing.T) {
	errortest.Run(t, "../testdata/parse/*.stp", func(source *parse.Source) error {
		_, err := parse.Parse(source, parse.Options{})
		return err
	})
}
