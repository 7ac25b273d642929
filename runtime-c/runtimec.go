// Package runtimec carries the C runtime inside the stap binary. The runtime
// itself is in the folder stap: runtime.c says what it is made of, stap.h what
// a script's C sees of it.
package runtimec

import "embed"

// Sources holds the runtime's files in the folder "stap".
//
//go:embed stap/*.c stap/*.h
var Sources embed.FS

// OptionalExports are kernel symbols that the runtime uses where a kernel
// exports them: each that does is defined as STAP_EXPORTED_NAME.
var OptionalExports = []string{"hrtimer_setup"}
