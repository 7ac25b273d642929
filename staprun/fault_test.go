package staprun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFaultCounts(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"disk on probability=1% seed=7 calls=100 considered=50 injected=2 unlogged=0", "fault disk: 2 of 100 calls failed"},
		{"disk on range=1-2 calls=100 considered=0 injected=0 unlogged=0", "fault disk: 0 of 100 calls failed; the settings passed all of them by: range=1-2"},
		{"disk off calls=100 considered=0 injected=0 unlogged=0", "fault disk: 0 of 100 calls failed; it was not on"},
		{"disk off calls=0 considered=0 injected=0 unlogged=0", "fault disk: 0 of 0 calls failed; no call asked for it"},
		{"disk on calls=9 considered=9 injected=9 unlogged=4", "fault disk: 9 of 9 calls failed; 4 of them are not in the log, which had no room"},
	} {
		if got := readFaultCount(test.line).String(); got != test.want {
			t.Errorf("%s: %s", test.line, got)
		}
	}
}

func TestFaultJUnit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report")
	f := &faults{module: "stap_12", options: FaultOptions{JUnit: name}, counts: []faultCount{
		readFaultCount("a on calls=2 considered=2 injected=1 unlogged=0"), readFaultCount("b off calls=0 considered=0 injected=0 unlogged=0")}}
	if err := f.writeJUnit("dd <x", "Child process exited with status 1"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	for _, want := range []string{
		`<testsuite name="stap_12" tests="3" failures="1" skipped="1">`, `<testcase classname="faults" name="a">`,
		`<skipped message="fault b: 0 of 0 calls failed; no call asked for it">`, `<testcase classname="command" name="dd &lt;x">`,
		`<failure message="Child process exited with status 1">`,
	} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%v: no %s in %s", err, want, text)
		}
	}
}

func TestScriptOfModule(t *testing.T) {
	for module, want := range map[string]string{"stap_1d78_4711": "stap_1d78", "stap_1d78": "stap_1d78", "mine": "mine", "my_own_one": "my_own_one"} {
		if got := scriptOf(module); got != want {
			t.Errorf("%s: %s", module, got)
		}
	}
}
