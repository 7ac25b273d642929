package vm

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// UserError is a mistake or a lack that the user can mend.
type UserError struct {
	Message string // what is wrong, with the file or program by name
	Hint    string // what to do about it; may be empty
}

// Error is the message without the hint.
func (e *UserError) Error() string { return e.Message }

// Failure is a guest that did not come up or died: nobody's mistake that we
// know of, so it carries what there is to look into.
type Failure struct {
	Reason  string   // what happened
	QEMU    string   // what QEMU wrote on its standard error
	Console []string // of the guest: what it complained of, or its last lines
}

// Error is the reason, then QEMU's words and the console's lines.
func (e *Failure) Error() string {
	var text strings.Builder
	text.WriteString(e.Reason)
	if e.QEMU != "" {
		fmt.Fprintf(&text, "\nQEMU: %s", e.QEMU)
	}
	if len(e.Console) > 0 {
		text.WriteString("\nthe guest's console:")
		for _, line := range e.Console {
			text.WriteString("\n  " + line)
		}
	}
	return text.String()
}

// unreadable is the error for a file that the configuration names.
func unreadable(what, path string, err error) error {
	reason := err.Error()
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		path, reason = pathError.Path, pathError.Err.Error()
	}
	return &UserError{
		Message: fmt.Sprintf("cannot read %s: %s: %s", what, path, reason),
		Hint:    "`stap prep --vm` gets what a guest needs",
	}
}
