package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gostap/gostap/kernel"
)

// rcOptions reads the options that the user wants in each run, from the file rc
// of SYSTEMTAP_DIR or of .systemtap in the home folder. It gives none when there
// is no such file.
func rcOptions() ([]string, error) {
	folder := os.Getenv("SYSTEMTAP_DIR")
	if folder == "" {
		home := os.Getenv("HOME")
		if home == "" {
			return nil, nil
		}
		folder = filepath.Join(home, ".systemtap")
	}
	path := filepath.Join(folder, "rc")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, &kernel.UserError{Message: fmt.Sprintf("cannot read the options in %s: %v", path, errors.Unwrap(err)), Cause: err}
	}
	var options []string
	for i, line := range strings.Split(string(text), "\n") {
		words, err := splitWords(line)
		if err != nil {
			return nil, &kernel.UserError{Message: fmt.Sprintf("%s:%d: %v", path, i+1, err), Hint: "a line holds options as on a shell's command line"}
		}
		options = append(options, words...)
	}
	return options, nil
}

// splitWords splits a line as a shell does: quotes, backslashes, $NAME, ${NAME}, ~
// and comments mean what they mean there. Commands are not run.
//
//	-v -I "$HOME/tapset"  →  -v, -I, /home/me/tapset
func splitWords(line string) ([]string, error) {
	s := &wordSplitter{rest: line}
	for s.rest != "" {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if s.quote != 0 {
		return nil, fmt.Errorf("no closing %c", s.quote)
	}
	s.endWord()
	return s.words, nil
}

type wordSplitter struct {
	rest   string
	words  []string
	word   strings.Builder
	inWord bool // even if it is empty so far: ''
	quote  byte // the quote that is open, or 0
}

func (s *wordSplitter) endWord() {
	if s.inWord {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.inWord = false
}

// step takes a byte, or what belongs together, off the rest.
func (s *wordSplitter) step() error {
	c := s.rest[0]
	s.rest = s.rest[1:]
	switch {
	case s.quote == '\'' && c != '\'':
		s.word.WriteByte(c)
	case c == s.quote:
		s.quote = 0
	case c == '`' || c == '$' && strings.HasPrefix(s.rest, "("):
		return errors.New("commands are not run here")
	case c == '$':
		return s.variable()
	case c == '\\':
		return s.escape()
	case s.quote != 0:
		s.word.WriteByte(c)
	case c == '"' || c == '\'':
		s.quote, s.inWord = c, true
	case strings.IndexByte(" \t\r", c) >= 0:
		s.endWord()
	case c == '#' && !s.inWord:
		s.rest = ""
	case strings.IndexByte("|&;<>(){}", c) >= 0:
		return fmt.Errorf("%c needs a backslash or quotes", c)
	case c == '~' && !s.inWord && (s.rest == "" || s.rest[0] == '/' || s.rest[0] == ' '):
		s.word.WriteString(os.Getenv("HOME"))
		s.inWord = true
	default:
		s.word.WriteByte(c)
		s.inWord = true
	}
	return nil
}

// escape takes what a backslash protects. Between double quotes that is a quote,
// a dollar, a backquote or a backslash; before all else it stands for itself.
func (s *wordSplitter) escape() error {
	if s.rest == "" {
		return errors.New("nothing after the backslash")
	}
	c := s.rest[0]
	s.rest = s.rest[1:]
	if s.quote == '"' && strings.IndexByte("\"$`\\", c) < 0 {
		s.word.WriteByte('\\')
	}
	s.word.WriteByte(c)
	s.inWord = true
	return nil
}

// variable puts in a variable of the environment, as one word.
func (s *wordSplitter) variable() error {
	isName := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	braces := strings.HasPrefix(s.rest, "{")
	text := strings.TrimPrefix(s.rest, "{")
	n := 0
	for n < len(text) && isName(text[n]) {
		n++
	}
	if n == 0 || braces && !strings.HasPrefix(text[n:], "}") {
		return errors.New("$ needs the name of a variable after it, a backslash before it, or single quotes")
	}
	if value := os.Getenv(text[:n]); value != "" {
		s.word.WriteString(value)
		s.inWord = true
	}
	s.rest = text[n:]
	if braces {
		s.rest = text[n+1:]
	}
	return nil
}

// splitInterpreterLine takes apart what a script's first line says after the
// program: the kernel hands all of it over as one word.
//
//	#!/usr/bin/stap -g -v     "-g -v" ./x.stp foo  →  -g -v ./x.stp foo
func splitInterpreterLine(arguments []string) ([]string, error) {
	if len(arguments) < 2 || !strings.HasPrefix(arguments[0], "-") || !strings.ContainsAny(arguments[0], " \t") {
		return arguments, nil
	}
	line, err := firstLine(arguments[1])
	if err != nil || !strings.HasPrefix(line, "#!") || !strings.HasSuffix(line, arguments[0]) {
		return arguments, nil // an option whose value has a blank in it, before any other word
	}
	words, err := splitWords(arguments[0])
	if err != nil {
		return nil, &kernel.UserError{Message: fmt.Sprintf("%s:1: %v", arguments[1], err), Hint: "the line holds options as on a shell's command line"}
	}
	return append(words, arguments[1:]...), nil
}

// firstLine reads a file's first line, without the blanks at its end: the kernel
// takes 256 bytes of it at most.
func firstLine(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	start := make([]byte, 256)
	n, err := file.Read(start)
	line, _, _ := bytes.Cut(start[:n], []byte("\n"))
	return strings.TrimRight(string(line), " \t"), err
}
