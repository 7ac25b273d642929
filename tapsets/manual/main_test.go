package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPages: there is a page for each subject, with its functions, points and macros; man
// reads them without complaints, where it is installed.
func TestPages(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "man3")
	if err := write(folder); err != nil {
		t.Fatal(err)
	}
	for subject, wanted := range map[string][]string{
		"context": {"tapset::context \\- Who runs", ".B execname:string ()", "the name of the current task"},
		"scsi":    {".B scsi.iodone\n", ".SH PROBE POINTS"},
		"input":   {".I char\nthe character."},
		"logging": {".TP\n.B assert (expression:long)\n.TQ\n.B assert (expression:long, msg:string)\n"},
		"defined": {".SH MACROS\n.TP\n.B @", ".B @choose_defined("},
	} {
		text, err := os.ReadFile(filepath.Join(folder, "tapset::"+subject+".3stap"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range wanted {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %q:\n%s", subject, want, text)
			}
		}
	}
	if _, err := exec.LookPath("groff"); err != nil {
		return
	}
	pages, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pages {
		if out, err := exec.Command("groff", "-man", "-Tutf8", "-ww", "-z", path).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}
