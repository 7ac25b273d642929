package elaborate_test

import (
	"slices"
	"testing"

	"github.com/gostap/gostap/parse"
)

// TestCounters: R533: which globals CPUs count apart, without a lock: those of
// which no handler can tell.
func TestCounters(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		want   []string
	}{
		"counted in one, read in another": {`global n probe timer.s(1) { n++ } probe timer.s(2) { println(n) }`, []string{"n"}},
		"added to":                        {`global n probe kernel.function("do_sys_openat2") { n += $dfd & 7 } probe end { println(n) }`, []string{"n"}},
		"of unknown sign":                 {`global n probe kernel.function("do_sys_openat2") { n += $dfd } probe end { println(n) }`, nil},
		"in both directions":              {`global n probe timer.s(1) { n++ } probe timer.s(2) { n-- } probe end { println(n) }`, nil},
		"counted down":                    {`global n probe timer.s(1) { n-- } probe timer.s(2) { n -= 2 } probe end { println(n) }`, []string{"n"}},
		"two in one handler":              {`global n, m probe timer.s(1) { n++; m++ } probe timer.s(2) { println(n == m) }`, nil},
		"two read in one handler":         {`global n, m probe timer.s(1) { n++ } probe timer.s(2) { m++ } probe timer.s(3) { println(n, m) }`, nil},
		"two read at the end":             {`global n, m probe timer.s(1) { n++ } probe timer.s(2) { m++ } probe end { println(n, m) }`, []string{"m", "n"}},
		"read after counting":             {`global n probe timer.s(1) { n++; println(n) }`, nil},
		"its value used":                  {`global n probe timer.s(1) { println(n++) }`, nil},
		"read twice":                      {`global n probe timer.s(1) { n++ } probe timer.s(2) { println(n - n) }`, nil},
		"read in a loop":                  {`global n probe timer.s(1) { n++ } probe timer.s(2) { while (n < 5) println(1) }`, nil},
		"counted in a loop":               {`global n probe timer.s(1) { for (i = 0; i < 2; i++) n++ } probe timer.s(2) { println(n) }`, nil},
		"counted twice":                   {`global n probe timer.s(1) { n++; n++ } probe timer.s(2) { println(n) }`, nil},
		"counted in a function":           {`global n function f() { n++ } probe timer.s(1) { f(); f() } probe timer.s(2) { println(n) }`, nil},
		"set by another":                  {`global n probe timer.s(1) { n++ } probe timer.s(2) { n = 0 } probe end { println(n) }`, nil},
		"set by begin":                    {`global n probe begin { n = 5 } probe timer.s(1) { n++ } probe end { println(n) }`, []string{"n"}},
		"beside what never changes":       {`global n, step = 2 probe timer.s(1) { n++; println(step) } probe end { println(n) }`, []string{"n"}},
		"in a condition":                  {`global n probe timer.s(1) { n++ } probe timer.s(2) if (n > 5) { println(1) }`, []string{"n"}},
	} {
		t.Run(name, func(t *testing.T) {
			program, err := elaborateSource(t, &parse.Source{Name: "test", Text: []byte(test.script)}, false)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range program.Globals {
				if g.PerCPU {
					got = append(got, g.Text)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("%s\ngot %v, want %v", test.script, got, test.want)
			}
		})
	}
}
