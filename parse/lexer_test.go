package parse

import (
	"slices"
	"strings"
	"testing"
)

// words gives the tokens of a text as "kind:text", without the end.
func words(text string, arguments ...string) string {
	tokens, _ := tokenize(&Source{Text: []byte(text)}, &Options{Arguments: arguments}, nil)
	kinds := [...]string{"", "identifier", "keyword", "operator", "string", "number", "embedded", "junk"}
	var list []string
	for _, t := range tokens[:len(tokens)-1] {
		list = append(list, kinds[t.kind]+":"+t.Text)
	}
	return strings.Join(list, " ")
}

func TestTokens(t *testing.T) {
	tests := []struct{ id, text, want string }{
		{"L001", "a\tb\n\r\v\fc", "identifier:a identifier:b identifier:c"},
		{"L002", "a#b\nc//d\ne/*f\n/**/g", "identifier:a identifier:c identifier:e identifier:g"},
		{"L002 unterminated", "a /* b", "identifier:a"},
		{"L002 short", "a /*/ b */ c", "identifier:a identifier:c"},
		{"L003", "$foo $$vars $x$ $x$$ _a9$", "identifier:$foo identifier:$$vars identifier:$x$ identifier:$x$$ identifier:_a9$"},
		{"L004", "@cast @x$", "operator:@cast operator:@x$"},
		{"L005", "42 0x2A 052 12abc 1_0", "number:42 number:0x2A number:052 number:12abc number:1 identifier:_0"},
		{"L006", "-5", "operator:- number:5"},
		{"L007", "1.5", "number:1 operator:. number:5"},
		{"L008", `"a b" "c\"d"`, `string:"a b" string:"c\"d"`},
		{"L008 open", "\"a\nb", `junk:"a identifier:b`},
		{"L008 backslash at the end", "\"a\\\nb", `junk:"a\ identifier:b`},
		{"L011", "%{ a } %} b", "embedded:%{ a } %} identifier:b"},
		{"L011 open", "%{ a", "junk:%{"},
		{"L012", "<<<>>><<=>>=", "operator:<<< operator:>>> operator:<<= operator:>>="},
		{"L012 pairs", "== != <= >= =~ !~ .= && || ++ -> << >> %( %? %: %)",
			"operator:== operator:!= operator:<= operator:>= operator:=~ operator:!~ operator:.= operator:&& " +
				"operator:|| operator:++ operator:-> operator:<< operator:>> operator:%( operator:%? operator:%: operator:%)"},
		{"L013", "a%(b)", "identifier:a operator:%( identifier:b operator:)"},
		{"L013 shift", "x>>>=1", "identifier:x operator:>>> operator:= number:1"},
		{"L013 insert", "a<<<-1", "identifier:a operator:<<< operator:- number:1"},
		{"L014", "a\x00\xff`", `identifier:a junk:\x00 junk:\xff junk:\x60`},
		{"L015", "probe private limit probes", "keyword:probe keyword:private keyword:limit identifier:probes"},
		{"L020", "$1 @1", `identifier:ab number:3 string:"ab 3"`},
		{"L020 joined", "$1_x", "identifier:ab number:3 identifier:_x"},
		{"L020 word", "$2_x+", "identifier:hi_x operator:+"},
		{"L020 quoted", "@3", `string:"\"\\"`},
		{"L020 in a string", `"$1"`, `string:"$1"`},
		{"L021", "$# @#", `number:4 string:"4"`},
		{"L022", "$0 @5", "junk:$0 junk:@5"},
		{"L023", "$4", "junk:$1"},
		{"L431", "\xc3\xa9 \"\xc3\xa9\"", "junk:\\xc3 junk:\\xa9 string:\"\xc3\xa9\""},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			if got := words(test.text, "ab 3", "hi", `"\`, "$1"); got != test.want {
				t.Errorf("%q\n got %s\nwant %s", test.text, got, test.want)
			}
		})
	}
}

func TestPositions(t *testing.T) {
	source := &Source{Text: []byte("a /* \n */ bb\n\t%{\n%} $1\nc")}
	tokens, _ := tokenize(source, &Options{Arguments: []string{"x\ny"}}, nil)
	var got []string
	for _, token := range tokens {
		got = append(got, strings.TrimPrefix(token.Position.String(), ":")+" "+token.Text)
	}
	want := []string{"1:1 a", "2:5 bb", "3:2 %{\n%}", "4:4 x", "4:4 y", "5:1 c", "5:2 "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnusedArguments(t *testing.T) {
	t.Run("L024", func(t *testing.T) {
		source := &Source{Text: []byte(`probe begin { print($2, @4, "$1") }`)}
		file, err := Parse(source, Options{Arguments: []string{"a", "b", "c", "d"}})
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{1, 3}; !slices.Equal(file.UnusedArguments, want) {
			t.Errorf("got %v, want %v", file.UnusedArguments, want)
		}
	})
}

func TestUnquote(t *testing.T) {
	tests := []struct{ id, text, want string }{
		{"L009", `"\a\b\t\n\v\f\r"`, "\a\b\t\n\v\f\r"},
		{"L009 octal", `"\0\7\101\1012"`, "\x00\x07AA2"},
		{"L009 hexadecimal", `"\x41\x041g\xg"`, "AAgxg"},
		{"L009 dropped backslash", `"\"\q\\"`, `"q\`},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			got := unquote(test.text, true)
			if got != test.want {
				t.Errorf("%s: got %q, want %q", test.text, got, test.want)
			}
			if again := unquote(quote(got), true); again != got {
				t.Errorf("%q quoted is %s", got, quote(got))
			}
		})
	}
}
