package kernel

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// FindProgram finds a program of another system, the root of which is a folder here, by an
// absolute path or by its name in the folders of searchPath, which is in the form of PATH.
// It gives the program's path there and the file here that it leads to, links followed as
// they are there; an error that wraps fs.ErrNotExist if there is none.
func FindProgram(root, name, searchPath string) (path, file string, err error) {
	candidates := []string{name}
	if !strings.Contains(name, "/") {
		candidates = candidates[:0]
		for _, folder := range filepath.SplitList(searchPath) {
			candidates = append(candidates, filepath.Join(folder, name))
		}
	}
	for _, path := range candidates {
		if !filepath.IsAbs(path) {
			continue
		}
		file, err := securejoin.SecureJoin(root, path)
		if err != nil {
			continue
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, file, nil
		}
	}
	return "", "", fmt.Errorf("%s in %s: %w", name, root, fs.ErrNotExist)
}
