package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// UserError is a condition that the user can put right: Message says what is
// the matter in one sentence without a period, Hint what to do about it, and
// Cause, which may be nil, what was underneath.
type UserError struct {
	Message string
	Hint    string
	Cause   error
}

// Error gives the message without the hint.
func (e *UserError) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *UserError) Unwrap() error { return e.Cause }

// ToolError is a program that failed for a reason that this package has no
// name for: its command line, what it said, and how it ended.
type ToolError struct {
	Command string
	Output  string
	Err     error
}

// Error gives command, end and the last line of output.
func (e *ToolError) Error() string {
	text := fmt.Sprintf("%s: %v", e.Command, e.Err)
	if last := lastLine(e.Output); last != "" {
		text += ": " + last
	}
	return text
}

// Unwrap gives how the program ended.
func (e *ToolError) Unwrap() error { return e.Err }

func lastLine(output string) string {
	output = strings.TrimSpace(output)
	return output[strings.LastIndexByte(output, '\n')+1:]
}

// explainWrite turns the reasons for which writing below a folder fails on
// healthy machines into something to act on; other errors pass unchanged.
func explainWrite(folder string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return diskFull(folder, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &UserError{
			Message: "cannot write in " + folder,
			Hint:    "make the folder yours, or name another one with XDG_DATA_HOME (kernels) or SYSTEMTAP_DIR (cache)",
			Cause:   err,
		}
	}
	return err
}

func diskFull(folder string, cause error) *UserError {
	return &UserError{
		Message: "the disk is full: no room left in " + folder,
		Hint:    "free some space and run the same command again: it continues where it stopped",
		Cause:   cause,
	}
}
