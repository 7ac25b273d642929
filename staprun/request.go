package staprun

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// requestPatience is how long a session that has ended waits for the commands
// that the script has asked for.
const requestPatience = 2 * time.Second

// system runs a command that the script asks for, whose output joins this
// process's own. Nobody waits for it but the end of the session, for a moment.
func (s *session) system(line string) {
	line = strings.ReplaceAll(line, "\x1e", "\n")
	command := exec.Command("/bin/sh", "-c", line)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		s.warn(fmt.Sprintf("the command %q of the script cannot be run: %v", line, rootCause(err)))
		return
	}
	s.requests.Add(1)
	go func() {
		defer s.requests.Done()
		_ = command.Wait() // what becomes of it is its own affair
	}()
}

// awaitRequests waits for the script's commands.
func (s *session) awaitRequests() {
	done := make(chan struct{})
	go func() {
		s.requests.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(requestPatience):
	}
}
