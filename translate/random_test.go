package translate_test

import (
	"fmt"
	"testing"

	"github.com/gostap/gostap/testdata/randomscript"
)

// TestRandomScripts: what the generator makes is valid: it passes without a diagnostic, and the interpreter ends on it.
func TestRandomScripts(t *testing.T) {
	for seed := range uint64(500) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			script, _ := randomscript.Generate(seed)
			defer func() {
				if t.Failed() {
					t.Log(script)
				}
			}()
			if len(translateScript(t, script)) == 0 {
				t.Fatal("nothing was made of it")
			}
		})
	}
}
