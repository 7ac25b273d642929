package elaborate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// TestList: P210, P305, C450, C451, P306, P307, P372: what a point stands for, sorted, each once,
// with its variables.
func TestList(t *testing.T) {
	aliases := `probe my.first = begin { name = "x"; n = 1 } probe my.second = kernel.function("do_sys_openat2") { file = $filename }
		probe my.second = kernel.function("none") { file = 1; other = 2 }`
	for point, want := range map[string]string{
		`kernel.function("do_sys_open*")`: "[{kernel.function(\"do_sys_openat2\") [$dfd:int $filename:char* $how:struct open_how*]}]",
		`kernel.function("foo").return`:   "[{kernel.function(\"foo\").return [$return:int $p:struct s* $n:int $str:char*]}]",
		`my.*`:                            "[{my.first [name:string n:long]} {my.second [file:long]}]",
		`begin, end`:                      "[{begin []} {end []}]",
		`nosuch ?`:                        "[]",
		`timer.profile, timer.sec(5)`:     "[{timer.profile []} {timer.sec(5) []}]",
		`procfs.*, never`:                 "[{never []} {procfs.read [$value:string]} {procfs.write [$value:string]}]",
		`procfs("x").umask(7).read`:       "[{procfs(\"x\").umask(7).read [$value:string]}]",
		`kernel.data("jiffies").**`:       "[{kernel.data(\"jiffies\").rw []} {kernel.data(\"jiffies\").write []}]",
		`netfilter.hook("3").pf("2")`:     "[{netfilter.hook(\"3\").pf(\"2\") [$hooknum:unsigned int $skb:struct sk_buff* $in:struct net_device* $out:struct net_device* $pf:unsigned char $verdict:unsigned int]}]",
		`perf.type(1).config(0).hz(9)`:    "[{perf.type(1).config(0).hz(9) []}]",
	} {
		wanted, err := parse.Parse(&parse.Source{Name: "list", Text: []byte("probe " + point + " {}")}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		script, err := parse.Parse(&parse.Source{Name: "script", Text: []byte(aliases)}, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		listed, found, err := elaborate.List(wanted, []*parse.File{script}, library(), elaborate.Options{BTF: kernelBTF})
		if err != nil || len(found) > 0 {
			t.Errorf("%s: %v %v", point, found, err)
		}
		var points []string
		for _, l := range listed {
			points = append(points, fmt.Sprintf("{%s %v}", l.Point, l.Variables))
		}
		if got := fmt.Sprint(points); got != want && !(want == "[]" && len(listed) == 0) {
			t.Errorf("%s:\n got %s\nwant %s", point, got, want)
		}
	}
	if forms := strings.Join(elaborate.Forms(), "\n"); !strings.Contains(forms, "timer.s(number)\n") {
		t.Errorf("forms:\n%s", forms)
	}
}
