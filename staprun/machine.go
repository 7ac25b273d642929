package staprun

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/kernel/modulefile"
	"github.com/gostap/gostap/staprun/bundle"
	"golang.org/x/sys/unix"
)

// machine is what a module must fit.
type machine struct {
	arch    string // as uname -m prints it
	release string // as uname -r prints it
	sys     string // where sysfs is
}

func thisMachine() (machine, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return machine{}, fmt.Errorf("asking for the kernel's release: %w", err)
	}
	return machine{arch: unix.ByteSliceToString(u.Machine[:]), release: unix.ByteSliceToString(u.Release[:]), sys: "/sys"}, nil
}

// checkModule sees whether a module, by what its file says, can run here; a
// *UserError says why not.
func (m machine) checkModule(image []byte, path string) error {
	arch, err := modulefile.Arch(image)
	if err != nil {
		return &UserError{Message: fmt.Sprintf("%s: %v", path, err), Cause: err}
	}
	vermagic, err := modulefile.Vermagic(image)
	if err != nil {
		return &UserError{Message: fmt.Sprintf("%s: %v", path, err), Cause: err}
	}
	release, _, _ := strings.Cut(vermagic, " ")
	if err := m.check("the module "+path, arch, release, "build it with: stap -p4"); err != nil {
		return err
	}
	return checkBuilds(image, path, m.sys)
}

// checkBundle sees whether a bundle, by its manifest, can run here; a *UserError
// says why not.
func (m machine) checkBundle(b *bundle.Bundle) error {
	const again = "make it with: stap -p4 --bundle FILE"
	what, kernel := "the bundle "+b.Name, b.Manifest.Kernel
	if err := m.check(what, kernel.Architecture, kernel.Release, again); err != nil || kernel.BuildID == "" {
		return err
	}
	running, err := runningBuild(m.sys, "kernel")
	if err != nil {
		return &UserError{
			Message: fmt.Sprintf("%s was made for one build of the kernel, and the build-id of this one cannot be read: %v", what, err),
			Hint:    "mount sysfs, which has it: mount -t sysfs sysfs /sys",
			Cause:   err,
		}
	}
	if running != kernel.BuildID {
		return &UserError{
			Message: fmt.Sprintf("%s was made for another build of the kernel: build-id %s, and this is %s", what, kernel.BuildID, orNone(running)),
			Hint:    again + " -r RELEASE, with the image of the kernel that runs here",
		}
	}
	return nil
}

// check compares what something was made for with what is here.
func (m machine) check(what, arch, release, again string) error {
	switch {
	case arch != m.arch:
		return &UserError{
			Message: fmt.Sprintf("%s was made for %s, and this is %s", what, arch, m.arch),
			Hint:    fmt.Sprintf("%s -a %s -r %s", again, m.arch, m.release),
		}
	case release != m.release:
		return &UserError{
			Message: fmt.Sprintf("%s was made for kernel %s, and this is %s", what, release, m.release),
			Hint:    fmt.Sprintf("%s -r %s", again, m.release),
		}
	}
	return nil
}
