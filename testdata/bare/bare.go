// Package bare makes data folders with fetched kernels that have no debuginfo.
//
// In goes a kernel whose parts lie in the user's data folder, out comes a folder for
// XDG_DATA_HOME in which the same parts are linked but for usr/lib/debug: what BTF
// and the image's symbols can do alone is tested and measured with it.
package bare

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gostap/gostap/kernel"
)

// Link makes the data folder in data.
func Link(data string, k *kernel.Kernel) error {
	fetched, _, found := strings.Cut(k.BuildTree, "/usr/src/")
	if !k.Fetched || !found {
		return fmt.Errorf("the build tree %q is not in the data folder; run: stap prep --vm -r %s", k.BuildTree, k.Release)
	}
	for _, folder := range []string{"boot", "lib", "usr/src", "usr/lib"} {
		to := filepath.Join(data, "gostap", "kernels", k.Release, folder)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		entries, err := os.ReadDir(filepath.Join(fetched, folder))
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if entry.Name() == "debug" {
				continue
			}
			if err := os.Symlink(filepath.Join(fetched, folder, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
