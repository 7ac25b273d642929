// Package bundle packs a module, the staprun that runs it and a manifest into
// one file, which runs on a machine that has nothing else.
//
// The file is the executable staprun, with a zip archive behind it:
//
//	staprun          the ELF program, up to its own end: what its headers speak of
//	manifest.json    what the bundle holds and what it is for (type Manifest)
//	NAME.ko          the module
//	directory        of the archive; the places in it count from the file's beginning
//	seal             the archive's comment: SHA-256 of the archive up to here, 64 digits
//
// Executing the file executes the program, whose headers tell where it ends, so
// the kernel does not look at what is behind it; a zip is read from its end, so
// unzip does not look at what is in front of it. staprun reads both ways: in
// itself (/proc/self/exe) or in another file, it finds the program's end by the
// headers and the archive by the seal.
//
// In, for writing: the program, the module, and of the manifest what the module
// does not say itself. Out: the same bytes for the same input, there are no
// time stamps. In, for reading: a file; out: manifest and module, whose sums
// have been checked, or what is the matter with the file. Every byte is under a
// sum: the program's is in the manifest, the manifest is under the seal. A file
// that was cut lacks the seal: what is missing may be a part of the archive, if
// bytes of one follow the program's end, or of the program, if its headers
// speak of more than there is.
//
// Example: `stap -p4 --bundle hello hello.stp` makes
//
//	hello            0 … 4,214,626     staprun
//	                     … 4,232,120   the archive: manifest.json, stap_1e66….ko, directory
//	                     … 4,232,184   the seal: 9f0c11d2…
//
// of which `./hello --manifest` and `unzip -p hello manifest.json` print
//
//	{
//	  "format": 1,
//	  "stap": "1.0",
//	  "script": { "name": "hello.stp", "sha256": "5dd1…" },
//	  "module": { "name": "stap_1e66…", "sha256": "00c7…" },
//	  "program": { "sha256": "e1f9…" },
//	  "kernel": { "release": "6.1.0-…", "architecture": "x86_64", "build_id": "3b43…" },
//	  "probes": [ "begin", "kernel.function(\"do_sys_openat2\")" ]
//	}
package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Format is the version of the manifest that this package writes and reads.
const Format = 1

// Manifest says what a bundle holds and what it is for.
type Manifest struct {
	Format  int      `json:"format"`
	Stap    string   `json:"stap"` // the version of stap that made the bundle
	Script  Script   `json:"script"`
	Module  Module   `json:"module"`
	Program Program  `json:"program"`
	Kernel  Kernel   `json:"kernel"`
	Probes  []string `json:"probes"` // their points, as resolved
}

// Script is what the module was made of.
type Script struct {
	Name   string `json:"name"`   // as messages show it
	SHA256 string `json:"sha256"` // of its text, of all parts one after the other
}

// Module is the file NAME.ko.
type Module struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Program is the staprun that the bundle begins with.
type Program struct {
	SHA256 string `json:"sha256"`
}

// Kernel is the one that the module was made for.
type Kernel struct {
	Release      string `json:"release"`      // as uname -r prints it
	Architecture string `json:"architecture"` // as uname -m prints it
	BuildID      string `json:"build_id"`     // in hexadecimal; "" where it is not known
}

// Bundle is one that has been read, and whose sums are right.
type Bundle struct {
	Name     string // of the file, for messages
	Manifest Manifest
	Module   []byte
}

// Text gives the manifest as it stands in a bundle.
func (m *Manifest) Text() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(m); err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	return text.Bytes(), nil
}

// UserError is what is wrong with a bundle, or with what one is to be made of.
type UserError struct {
	Message string
	Hint    string
	Cause   error // may be nil
}

// Error gives the message without the hint.
func (e *UserError) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *UserError) Unwrap() error { return e.Cause }

// What a file is that is no bundle.
var (
	ErrNone    = errors.New("not a bundle")                       // nor any other program
	ErrProgram = errors.New("a program with no module behind it") // which may be a staprun
)

const (
	manifestName = "manifest.json"
	sealSize     = 64 // SHA-256 in hexadecimal
)
