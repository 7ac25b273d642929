// Package tapsets carries the script library inside the stap binary. The
// library is in the .stp files beside this one, a subject each; its functions
// in C call the runtime (runtime-c/stap/stap.h) and use no kernel header.
//
// What each file declares is known when stap is built (index.go), so that of
// all of them only those are read that a script needs. `go generate ./tapsets`
// writes the index anew.
//
// System calls are too many, and too much alike, to be written down. They are lines of
// systemcalls.table, whose head explains them:
//
//	openat  decimal  dfd:dirfd filename:path flags:flags(open) mode:mode(flags)
//
// systemcall.go reads the table, systemcall_script.go makes a library file of the
// lines of one call when a script names it: syscall.openat, nd_syscall.openat and so on,
// their returns, and a function in C that writes argstr. systemcall_numbers.table has the
// numbers of all architectures, for the probes at the tracepoints of all calls and for
// syscall_name() and syscall_num() (systemcall_names.go).
package tapsets

import (
	"embed"

	"github.com/gostap/gostap/parse"
)

//go:generate go run ./index

// Files holds the library.
//
//go:embed *.stp *.stpm
var Files embed.FS

// AddTo puts the library behind what another one has.
func AddTo(library *parse.Library) {
	for _, entry := range index {
		library.Add(entry, func() (*parse.Source, error) {
			text, err := Files.ReadFile(entry.File)
			return &parse.Source{Name: "tapset/" + entry.File, Text: text, Library: true}, err
		})
	}
	addSystemCallNames(library)
	addSystemCalls(library)
}
