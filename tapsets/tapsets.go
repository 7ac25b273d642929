// Package tapsets carries the script library inside the stap binary. The
// library is in the .stp files beside this one, a subject each; its functions
// in C call the runtime (runtime-c/stap/stap.h) and use no kernel header.
package tapsets

import "embed"

// Files holds the library.
//
//go:embed *.stp
var Files embed.FS
