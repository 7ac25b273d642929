package elaborate_test

import (
	"strings"
	"testing"
)

// TestReturn: L134, P231, P233, P312: what a return's handler has of the entry is
// kept by a probe there: each parameter once, texts, too; what @defined asks for
// and a constant are not.
func TestReturn(t *testing.T) {
	entry := "kernel.function(\"foo\").return /* <- kernel.function(\"foo\").return */\n{\n  "
	for body, want := range map[string]string{
		`println($n, $n, $return)`:                       `printf("%d%d%d\n", @entry(@argument(1)), @entry(@argument(1)), $return)` + ";\n}\n" + entry + "@entry(@argument(1));\n  @entry(1);\n}",
		`println(@entry($n), @entry(execname()))`:        "@entry(@argument(1));\n  @entry(execname());\n  @entry(1);\n}",
		`println(@entry(@entry($n) + 1))`:                "{\n  @entry((@argument(1) + 1));\n  @entry(1);\n}",
		`println($p->a)`:                                 "{\n  @entry(@kderef(4, @argument(0)));\n  @entry(1);\n}",
		`println(@cast($p, "s")->a)`:                     `@kderef(4, @entry(@argument(0)))`,
		`p = @entry($p); println(p->a)`:                  `@kderef(4, p)`,
		`println(@entry($p$))`:                           `@entry(sprintf("{.a=%d, `,
		`println($$parms)`:                               `@entry(sprintf("p=%#x n=%#x str=%#x", @argument(0), @argument(1), @argument(2)))`,
		`println($$return, $$return$, $return$)`:         `sprintf("return=%#x", $return), sprintf("return=%d", $return), sprintf("%d", $return)`,
		`println(@defined($n), @defined($x), @entry(5))`: "printf(\"%d%d%d\\n\", 1, 0, 5);\n}\n",
		`s = @entry(execname()); println(s . "")`:        "s:string",
	} {
		if got := dumpBodies(t, `probe kernel.function("foo").return { `+body+` }`); !strings.Contains(got, want) {
			t.Errorf("%s\nno %s in\n%s", body, want, got)
		}
	}
	got := dumpBodies(t, `probe kernel.function("do_sys_openat*").return.maxactive(5) { println($$return) }`)
	if want := `kernel.function("do_sys_openat2").return.maxactive(5) /*`; !strings.Contains(got, want) || strings.Contains(got, "@entry") {
		t.Errorf("no %s in\n%s", want, got)
	}
}

// TestPretty: L150, P314, P330, P331, P332, P333, P370, P371: the printed forms, by
// type.
func TestPretty(t *testing.T) {
	for script, want := range map[string]string{
		`foo $p$`:                         `"{.a=%d, .n=%q, .in={...}, .b=%u}"`,
		`foo $p$$`:                        `"{.a=%d, .n=%q, .in={.q=%d}, .b=%u}"`,
		`foo $p->in$`:                     `"{.q=%d}", @kderef(2, (@argument(0) + 16))`,
		`foo $p->n$`:                      `"%q", @kderef(8, (@argument(0) + 8))`,
		`foo $$parms$$`:                   `"p={.a=%d, .n=%q, .in={.q=%d}, .b=%u} n=%d str=%q"`,
		`foo $$vars`:                      `"p=%#x n=%#x str=%#x"`,
		`foo $$locals`:                    `printf("%s\n", "")`,
		`foo $$return`:                    `printf("%s\n", "")`,
		`bar $all$`:                       `"{.next=%p, .name=[...], .uc=%Q, .c=%u, .d=?, .cb=%p, .un={...}, .arr=[...], .bb=%u}"`,
		`bar $all$$`:                      `"{.next=%p, .name=%.16q, .uc=%Q, .c=%u, .d=?, .cb=%p, .un={.i=%d, .c=%.8q}, .arr=[%d, ...], .bb=%u}"`,
		`bar $all->arr$`:                  `"[%d, ...]"`,
		`bar $all->name$`:                 `"%.16q"`,
		`bar $kind$`:                      `"%u", @argument(1)`,
		`bar $ch$`:                        `"%Q", @argument(2)`,
		`bar $long$`:                      `{` + strings.Repeat(".m=%d, ", 32) + `...}`,
		`bar $empty$`:                     `"{}"`,
		`bar $$parms`:                     `"all=%#x kind=%#x ch=%#x long=%#x empty=%#x"`,
		`by_value $$parms`:                `"first=%#x how={...} after=?"`,
		`by_value $$parms$`:               `"first=%d how={...} after=?"`,
		`odd_one $odd$`:                   `"{.low=%d, .high=%d, {...}, .list=[...], .next=?, .how={...}}"`,
		`odd_one $odd$$`:                  `"{.low=%d, .high=%d, {.word=%u, .byte=%Q}, .list=[%d, ...], .next=?, .how={.flags=%u, .mode=%u, .resolve=%u}}"`,
		`odd_one $nothing$`:               `"%p"`,
		`many @cast($a, "color")$`:        `"%u", @kderef(4, @argument(0))`,
		`many @cast($a, "s")->in$$ . "x"`: `(sprintf("{.q=%d}"`,
	} {
		name, x, _ := strings.Cut(script, " ")
		if got := dumpBodies(t, `probe kernel.function("`+name+`") { println(`+x+`) }`); !strings.Contains(got, want) {
			t.Errorf("%s\nno %s in\n%s", script, want, got)
		}
	}
}
