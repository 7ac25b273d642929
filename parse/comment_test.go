package parse_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gostap/gostap/parse"
)

func TestDocOf(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want *parse.Doc
	}{
		"none":        {"function f() { }", nil},
		"plain":       {"/* f: no doc. */\nfunction f() { }", nil},
		"one line":    {"/** f: what it is. */\nfunction f() { }", &parse.Doc{Names: []string{"f"}, Text: "what it is."}},
		"two names":   {"/** f, g: what they are: so. */\nfunction f() { }", &parse.Doc{Names: []string{"f", "g"}, Text: "what they are: so."}},
		"not above":   {"/** f: what it is. */\nglobal x\nfunction f() { }", nil},
		"other above": {"/** e: other. */\nfunction e() { }\n/* f */\nfunction f() { }", nil},
		"many lines": {"/** a.f: what\n    it is.\n    x, y: the one\n      and the other.\n    z: last. */\nfunction f() { }", &parse.Doc{
			Names: []string{"a.f"}, Text: "what it is.",
			Variables: []parse.DocVariable{{Names: []string{"x", "y"}, Text: "the one and the other."}, {Names: []string{"z"}, Text: "last."}},
		}},
		"stars": {"/**\n * f: what\n * it is.\n */\nfunction f() { }", &parse.Doc{Names: []string{"f"}, Text: "what it is."}},
		"sentences": {"/** f: what it is. Since Linux 5.19.\n    x: a thing.\n    Until Linux 6.3. Instead: vfs.read. */\nfunction f() { }", &parse.Doc{
			Names: []string{"f"}, Text: "what it is.", Since: "5.19", Until: "6.3", Instead: "vfs.read",
			Variables: []parse.DocVariable{{Names: []string{"x"}, Text: "a thing."}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			source := &parse.Source{Name: "x.stp", Text: []byte(test.text)}
			file, err := parse.Parse(source, parse.Options{})
			if err != nil {
				t.Fatal(err)
			}
			f := file.Functions[len(file.Functions)-1]
			if got := parse.DocOf(f.Position); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s\ngot  %+v\nwant %+v", strings.TrimSpace(test.text), got, test.want)
			}
		})
	}
}
