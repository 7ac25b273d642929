package staprun

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gostap/gostap/kernel/buildid"
	"github.com/gostap/gostap/kernel/modulefile"
)

// checkBuilds compares the builds that a module is for, of the kernel or of other
// modules, with those that run. A module says so if it has addresses or locations of
// variables in it that hold for one build alone: "stap_build=kernel 3b43fad5…". Modules
// that are not loaded are passed over. sys is /sys.
func checkBuilds(image []byte, path, sys string) error {
	builds, err := modulefile.Entries(image, "stap_build")
	if err != nil {
		return &UserError{Message: fmt.Sprintf("%s: %v", path, err), Cause: err}
	}
	for _, build := range builds {
		object, made, _ := strings.Cut(build, " ")
		what := "kernel"
		if object != "kernel" {
			what = "module " + object
		}
		running, err := runningBuild(sys, object)
		if errors.Is(err, fs.ErrNotExist) && object != "kernel" {
			continue
		}
		if err != nil {
			return fmt.Errorf("the build-id of the running %s: %w", what, err)
		}
		if running != made {
			return &UserError{
				Message: fmt.Sprintf("the module %s was made for another build of the %s: build-id %s, and this is %s", path, what, made, orNone(running)),
				Hint:    "it has addresses that hold for that build alone: build it again with the image and debuginfo of what runs here",
			}
		}
	}
	return nil
}

// runningBuild gives the build-id of what runs, "kernel" or a module; "" if it has none.
func runningBuild(sys, object string) (string, error) {
	notes := filepath.Join(sys, "kernel/notes")
	if object != "kernel" {
		notes = filepath.Join(sys, "module", object, "notes/.note.gnu.build-id")
	}
	data, err := os.ReadFile(notes)
	if err != nil {
		return "", err
	}
	return buildid.InNotes(data, binary.NativeEndian), nil
}

func orNone(id string) string {
	if id == "" {
		return "one without a build-id"
	}
	return id
}
