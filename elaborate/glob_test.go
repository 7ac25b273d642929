package elaborate

import (
	"strings"
	"testing"

	"github.com/gostap/gostap/parse"
)

// TestPatterns: P204, P206: names with "*", "?" and "[…]", and "**" for any number of components.
func TestPatterns(t *testing.T) {
	for pattern, names := range map[string][2]string{
		"vfs_*":    {"vfs_ vfs_read", "vf xvfs_read"},
		"*_read":   {"vfs_read _read", "vfs_read2"},
		"*":        {"a abc", ""},
		"a?c":      {"abc acc", "ac abbc"},
		"[a-c]x":   {"ax bx cx", "dx x"},
		"[!a-c]x":  {"dx -x", "ax x"},
		"[^a]":     {"b", "a"},
		"a[b":      {"a[b", "ab"},
		"*a*b*":    {"ab xaxbx", "ba"},
		"sys_*[2]": {"sys_open2", "sys_open"},
	} {
		for _, name := range strings.Fields(names[0]) {
			if !matchGlob(pattern, name) {
				t.Errorf("%s does not match %s", pattern, name)
			}
		}
		for _, name := range strings.Fields(names[1]) {
			if matchGlob(pattern, name) {
				t.Errorf("%s matches %s", pattern, name)
			}
		}
	}
	for point, names := range map[string][2]string{
		"a.*":                  {"a.b", "a a.b.c b.b"},
		"a.**":                 {"a a.b a.b.c", "b"},
		"**.d":                 {"d a.d a.b.d", "d.a"},
		"a.**.d":               {"a.d a.b.d a.b.c.d", "a.b"},
		"timer.*(5)":           {"timer.s(number)", "timer.profile timer.s(string)"},
		`kernel.func*("x").r*`: {"kernel.function(string).return", "kernel.function(string)"},
	} {
		file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte("probe " + point + " { }")}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := file.Probes[0].Points[0]
		for _, name := range strings.Fields(names[0]) {
			if match(name, p) == nil {
				t.Errorf("%s does not match %s", point, name)
			}
		}
		for _, name := range strings.Fields(names[1]) {
			if match(name, p) != nil {
				t.Errorf("%s matches %s", point, name)
			}
		}
	}
}
