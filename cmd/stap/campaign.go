package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gostap/gostap/inject"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// runCampaign runs a command once for each call site of an allocator under a system call, says what came of each, and gives
// status 1 if something is wrong with one. A guest whose kernel dies of one is started again.
func runCampaign(ctx context.Context, s *settings, c *inject.Campaign, reportJSON string) (status int, err error) {
	c.Command = s.command
	script, err := c.Script()
	if err != nil {
		return 1, err
	}
	s.scripts, s.guru = []string{script}, true
	s.packed, s.command, s.guestAppend = c.Command, c.Loop(), "nokaslr"
	s.defines = append(s.defines, "MAXACTION=100000", "MAXSTRINGLEN=1024", "STP_NO_OVERLOAD")
	report := &inject.Report{SystemCall: c.SystemCall, EachCall: c.EachCall}
	for {
		before := len(report.Sites)
		s.globals = []string{fmt.Sprintf("first=%d", before)}
		err = runOnce(ctx, s, report)
		var death *vm.Failure
		if report.Complete || !errors.As(err, &death) || ctx.Err() != nil || len(report.Sites) < before {
			break
		}
		report.Died()
		fmt.Fprintf(os.Stderr, "the guest's kernel died of site %d; the campaign goes on in another one\n", len(report.Sites))
		err = nil
	}
	if len(report.Sites) == 0 {
		if err == nil {
			err = &kernel.UserError{Message: fmt.Sprintf("the command asks for no memory under %s", c.SystemCall), Hint: "does it call it? stap -c COMMAND with a probe of it tells"}
		}
		return 1, err
	}
	fmt.Print(report)
	if err := writeReports(s.junit, reportJSON, report); err != nil {
		return 1, err
	}
	if report.Wrong() > 0 || !report.Complete && c.Most == 0 {
		status = 1
	}
	return status, nil
}

// runOnce runs the campaign until its end or the kernel's.
func runOnce(ctx context.Context, s *settings, report *inject.Report) error {
	reader, writer := io.Pipe()
	read := make(chan error)
	go func() { read <- report.ReadAll(reader) }()
	junit := s.junit
	s.junit = "" // that of the campaign is another one
	_, err := runPassesTo(ctx, s, nil, writer)
	s.junit = junit
	return errors.Join(err, writer.Close(), <-read)
}

func writeReports(junit, json string, report *inject.Report) error {
	for _, form := range []struct {
		name string
		text func() ([]byte, error)
	}{{junit, report.JUnit}, {json, report.JSON}} {
		if form.name == "" {
			continue
		}
		text, err := form.text()
		if err == nil {
			err = os.WriteFile(form.name, text, 0o644)
		}
		if err != nil {
			return &kernel.UserError{Message: "the report: " + err.Error(), Cause: err}
		}
	}
	return nil
}
