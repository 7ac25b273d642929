package staprun

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/gostap/gostap/kernel/modulefile"
	"github.com/gostap/gostap/staprun/bundle"
)

// OwnBundle reads the bundle that this program is; nil if it is none. A *UserError
// says what is wrong with it.
func OwnBundle() (*bundle.Bundle, error) {
	name := os.Args[0]
	b, err := bundle.Open("/proc/self/exe", name)
	if isNone(err) {
		return nil, nil
	}
	return b, bundleError(name, err)
}

// OpenBundle reads a bundle. A *UserError says what is wrong with it, or that the
// file is none.
func OpenBundle(path string) (*bundle.Bundle, error) {
	b, err := bundle.Open(path, path)
	if isNone(err) {
		return nil, &UserError{Message: path + " is not a bundle", Hint: "stap -p4 --bundle FILE makes one", Cause: err}
	}
	return b, bundleError("the bundle "+path, err)
}

func isNone(err error) bool {
	return errors.Is(err, bundle.ErrNone) || errors.Is(err, bundle.ErrProgram)
}

// bundleError gives errors of package bundle the form of ours; what is what could
// not be read.
func bundleError(what string, err error) error {
	var wrong *bundle.UserError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return &UserError{Message: wrong.Message, Hint: wrong.Hint, Cause: err}
	}
	return &UserError{Message: fmt.Sprintf("cannot read %s: %v", what, rootCause(err)), Cause: err}
}

// module gives the module to load, which fits this machine, and its name. It is a
// file of its own or in a bundle.
func (o *Options) module(here machine) (image []byte, name string, err error) {
	b := o.Bundle
	if b == nil {
		b, err = bundle.Open(o.Module, o.Module)
	}
	switch {
	case errors.Is(err, bundle.ErrProgram):
		return nil, "", &UserError{
			Message: o.Module + " is a program with no module in it",
			Hint:    "if it should be a bundle, it was cut: copy it again, or make it again with stap -p4 --bundle",
			Cause:   err,
		}
	case errors.Is(err, bundle.ErrNone):
		image, err = os.ReadFile(o.Module)
	case err == nil:
		image = bytes.Clone(b.Module) // it may get another name
		if err := here.checkBundle(b); err != nil {
			return nil, "", err
		}
	}
	if err != nil {
		return nil, "", bundleError("the module "+o.Module, err)
	}
	if name, err = modulefile.Name(image); err != nil {
		return nil, "", &UserError{Message: fmt.Sprintf("%s: %v", o.Module, err), Hint: "build it again with stap -p4", Cause: err}
	}
	if !isModuleName(name) {
		return nil, "", &UserError{Message: fmt.Sprintf("%s: %q is not the name of a module", o.Module, name), Hint: "build it again with stap -p4"}
	}
	return image, name, here.checkModule(image, o.Module)
}
