package translate

import (
	"fmt"
	"slices"
)

// This file is the faults that a script asks for: a table of their names, in which the argument of a function points to
// its own.

func (b *body) fault(name string) string {
	return fmt.Sprintf("stap_faults[%d].name", slices.Index(b.program.Faults, name))
}

func (t *translator) faults() {
	if len(t.program.Faults) == 0 {
		return
	}
	t.printf("\nstruct stap_fault stap_faults[] = {\n")
	for _, name := range t.program.Faults {
		t.printf("\t{ %s },\n", quote(name))
	}
	t.printf("};\nconst unsigned int stap_faults_count = %d;\n", len(t.program.Faults))
}
