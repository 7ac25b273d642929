package translate_test

import (
	"testing"

	"github.com/gostap/gostap/testdata/randomscript"
)

// TestRandomScripts: what the generator makes is valid: it passes without a diagnostic, and the interpreter ends on it.
func TestRandomScripts(t *testing.T) {
	for seed := range uint64(500) {
		script, _ := randomscript.Generate(seed)
		if len(translateScript(t, script)) == 0 {
			t.Fatalf("seed %d gives nothing:\n%s", seed, script)
		}
	}
}
