package kbuild

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/shlex"
)

// precompiledHeader is a header in a kept kernel's folder that stands for the
// kernel's: with its .gch beside it a script with embedded C compiles in a
// quarter of the time.
const precompiledHeader = "stap_kernel_headers.h"

// withPrecompiledHeader gives the compile command of a script with embedded C:
// one that uses the precompiled header, which is made now if it is missing, or
// the recorded one if it cannot be made.
//
// gcc takes a precompiled header only as the first thing in the file, so the
// headers that kbuild includes from the command line move into it.
func (c *Cache) withPrecompiledHeader(ctx context.Context, b *builder, kept *keptKernel) string {
	compiler, rest, _ := strings.Cut(kept.recipe.Compile, ";")
	words, err := shlex.Split(compiler)
	if err != nil {
		return kept.recipe.Compile
	}
	var flags, included []string
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == "-include" && i+1 < len(words):
			included = append(included, words[i+1])
			i++
		case words[i] == "-o" && i+1 < len(words):
			i++
		case words[i] == "-c", strings.HasPrefix(words[i], "-Wp,-M"), strings.HasSuffix(words[i], "/"+scriptC):
		default:
			flags = append(flags, words[i])
		}
	}
	header := filepath.Join(kept.folder, precompiledHeader)
	if _, err := os.Stat(header + ".gch"); err != nil {
		if err := b.precompile(ctx, kept, flags, included); err != nil {
			b.options.Trace("the kernel's headers were not precompiled: %v\n", err)
			return kept.recipe.Compile
		}
	}
	command := quote(append(flags, "-include", header, "-c", "-o", folderMark+"/"+scriptO, folderMark+"/"+scriptC))
	if rest != "" {
		command += ";" + rest
	}
	return command
}

func (b *builder) precompile(ctx context.Context, kept *keptKernel, flags, included []string) error {
	var text strings.Builder
	for _, file := range included {
		fmt.Fprintf(&text, "#include %q\n", file)
	}
	text.WriteString("#include \"kernel.h\"\n")
	header := filepath.Join(kept.folder, precompiledHeader)
	if err := os.WriteFile(header, []byte(text.String()), 0o644); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(kept.folder, temporaryPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if err := temporary.Close(); err != nil {
		return err
	}
	command := quote(append(flags, "-x", "c-header", "-o", temporary.Name(), header))
	if err := b.shell(ctx, kept.recipe, command); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), header+".gch")
}

// quote makes one line for sh of words.
func quote(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
