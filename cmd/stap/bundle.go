package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/kbuild"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
	"github.com/gostap/gostap/staprun/bundle"
)

// errBundleRuns refuses --bundle for a script that would run.
var errBundleRuns = &usageError{"--bundle is for -p4: without it the script runs here, and nothing is packed"}

// validateBundle refuses --bundle where no module is left behind.
func (s *settings) validateBundle() error {
	switch {
	case s.bundle == "":
		return usage("--bundle takes the name of a file")
	case s.listings.wanted():
		return usage("--bundle packs a module, and %s makes none", s.listings.given[0])
	case s.guest:
		return usage("--bundle is for -p4: --vm runs the script, and packs nothing")
	case s.lastPass < 4:
		return usage("--bundle packs a module, which pass 4 makes: it is for -p4")
	}
	return nil
}

// pack makes the bundle of the module and prints its path.
func (d *driver) pack(script []*parse.File, program *elaborate.Program, built *kbuild.Result) error {
	manifest, err := d.manifest(script, program)
	if err != nil {
		return err
	}
	k, err := d.findKernel()
	if err != nil {
		return err
	}
	staprun, err := findStaprun(k.Arch)
	if err != nil {
		return err
	}
	contents, err := os.ReadFile(staprun)
	if err != nil {
		return &kernel.UserError{Message: fmt.Sprintf("cannot read the staprun for the bundle: %v", err), Hint: "name another one with SYSTEMTAP_STAPRUN", Cause: err}
	}
	module, err := os.ReadFile(built.Path)
	if err != nil {
		return err
	}
	err = bundle.WriteFile(d.bundle, contents, module, manifest)
	if wrong := (*bundle.UserError)(nil); errors.As(err, &wrong) {
		return &kernel.UserError{Message: fmt.Sprintf("cannot make the bundle %s: %s", d.bundle, wrong.Message), Hint: wrong.Hint, Cause: err}
	}
	if err != nil {
		return fmt.Errorf("the bundle %s: %w", d.bundle, err)
	}
	fmt.Fprintln(d.stdout, d.bundle)
	return nil
}

// manifest says of a bundle what its module does not.
func (d *driver) manifest(script []*parse.File, program *elaborate.Program) (bundle.Manifest, error) {
	text := sha256.New()
	for _, part := range script {
		text.Write(part.Source.Text)
	}
	id, err := d.kernelBuildID()
	return bundle.Manifest{
		Stap:   version,
		Script: bundle.Script{Name: script[0].Source.Name, SHA256: hex.EncodeToString(text.Sum(nil))},
		Kernel: bundle.Kernel{BuildID: id},
		Probes: pointsOf(program),
	}, err
}

// kernelBuildID is "" where nothing at hand tells it.
func (d *driver) kernelBuildID() (string, error) {
	k, err := d.findKernel()
	if err != nil {
		return "", err
	}
	id, err := k.BuildID()
	if missing := (*kernel.UserError)(nil); errors.As(err, &missing) {
		return "", nil
	}
	return id, err
}

// pointsOf gives the probes' points. A return's entry, which is a probe of its own,
// is not the user's.
func pointsOf(program *elaborate.Program) []string {
	entries := map[*elaborate.Probe]bool{}
	for _, probe := range program.Probes {
		entries[probe.Entry] = true
	}
	points := []string{}
	for _, probe := range program.Probes {
		if !entries[probe] {
			points = append(points, probe.Point)
		}
	}
	return points
}
