package translate_test

import (
	"bytes"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/translate"
)

// TestBuilds: P383: a module says which builds it is for, if it is not for all.
func TestBuilds(t *testing.T) {
	c := translate.Translate(&elaborate.Program{Builds: []elaborate.Build{{Object: "kernel", ID: "1f"}, {Object: "nfs", ID: "2e"}}}).C
	for _, want := range []string{`.modinfo`, `"stap_build=kernel 1f";`, `"stap_build=nfs 2e";`} {
		if !bytes.Contains(c, []byte(want)) {
			t.Errorf("%s is missing in\n%s", want, c)
		}
	}
	if c := translate.Translate(&elaborate.Program{}).C; bytes.Contains(c, []byte("stap_build=")) {
		t.Error("a program of names alone is for one build")
	}
}
