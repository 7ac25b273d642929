package elaborate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/elaborate/debuginfo/btftest"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// network is a kernel that has what netfilter probes ask for.
func network() (*debuginfo.BTF, error) {
	b := btftest.New()
	number := b.Int("unsigned int", 4, false)
	b.Enum("nf_inet_hooks", btftest.Enumerator{Name: "NF_INET_PRE_ROUTING", Value: 0}, btftest.Enumerator{Name: "NF_INET_LOCAL_OUT", Value: 3},
		btftest.Enumerator{Name: "NF_INET_NUMHOOKS", Value: 5})
	b.Enum("nf_ip_hook_priorities", btftest.Enumerator{Name: "NF_IP_PRI_FIRST", Value: -1 << 31}, btftest.Enumerator{Name: "NF_IP_PRI_RAW", Value: -300})
	b.Enum("nf_ip6_hook_priorities", btftest.Enumerator{Name: "NF_IP6_PRI_LAST", Value: 1<<31 - 1})
	b.Struct("sk_buff", 8, btftest.Member{Name: "len", Type: number, Offset: 32})
	b.Struct("net_device", 16, btftest.Member{Name: "ifindex", Type: number})
	return debuginfo.ParseBTF(b.Bytes())
}

// place elaborates one probe and gives where it is, or what is said of it.
func place(t *testing.T, point, body string, o elaborate.Options) string {
	t.Helper()
	file, err := parse.Parse(&parse.Source{Name: "test", Text: []byte("probe " + point + " { " + body + " }")}, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.BTF = network
	program, found, err := elaborate.Elaborate([]*parse.File{file}, library(), o)
	switch {
	case err != nil:
		t.Fatal(err)
	case len(found) > 0:
		return found.Error()
	}
	return strings.TrimPrefix(fmt.Sprintf("%+v", program.Probes[0].Place), "&")
}

// TestPlaces: P225, P226, P271, P285, P290, P291: the numbers that points stand for.
func TestPlaces(t *testing.T) {
	for point, want := range map[string]string{
		`timer.ms(20).randomize(5)`:                              "{Period:20000000 Random:5000000 Jiffies:false}",
		`timer.jiffies(20).randomize(20)`:                        "{Period:20 Random:20 Jiffies:true}",
		`timer.hz(3)`:                                            "{Period:333333333 Random:0 Jiffies:false}",
		`perf.type(1).config(2)`:                                 "{Kind:1 Config:2 Period:1000000 Frequency:0 Counter:}",
		`perf.type(1).config(2).sample(7)`:                       "{Kind:1 Config:2 Period:7 Frequency:0 Counter:}",
		`perf.type(1).config(2).hz(7)`:                           "{Kind:1 Config:2 Period:0 Frequency:7 Counter:}",
		`perf.type(1).config(2).counter("x")`:                    "{Kind:1 Config:2 Period:0 Frequency:0 Counter:x}",
		`netfilter.hook("NF_INET_LOCAL_OUT").pf("NFPROTO_IPV4")`: "{Hook:3 Protocol:2 Priority:0}",
		`netfilter.pf("PF_INET6").hook("NF_IP6_FORWARD").priority("NF_IP6_PRI_LAST")`:   "{Hook:2 Protocol:10 Priority:2147483647}",
		`netfilter.pf("NFPROTO_INET").hook("1").priority("NF_IP_PRI_FIRST")`:            "{Hook:1 Protocol:1 Priority:-2147483648}",
		`netfilter.hook("NF_ARP_OUT").pf("NFPROTO_ARP").priority(-7)`:                   "{Hook:1 Protocol:3 Priority:-7}",
		`netfilter.hook("NF_BR_BROUTING").pf("PF_BRIDGE").priority("0x10")`:             "{Hook:5 Protocol:7 Priority:16}",
		`kernel.data("jiffies").write`:                                                  "{Address:0 At:jiffies+0x0 Length:8 Reads:false}",
		`kernel.data(0xffffffff81000002).length(2).rw`:                                  "{Address:-2130706430 At:_stext+0x0 Length:2 Reads:true}",
		`netfilter.hook("NF_INET_NUMHOOKS").pf("NFPROTO_IPV4")`:                         "unable to use hook 'NF_INET_NUMHOOKS'",
		`netfilter.hook("NF_INET_LOCAL_IN").pf("NFPROTO_IPV4")`:                         "NF_INET_LOCAL_OUT",
		`netfilter.hook("9").pf("9")`:                                                   "unable to use protocol family '9'",
		`netfilter.hook("NF_INET_LOCAL_OUT").pf("PF_INET").priority("NF_IP6_PRI_LAST")`: "(similar: NF_IP_PRI_FIRST, NF_IP_PRI_RAW)",
	} {
		if got := place(t, point, `println(1)`, elaborate.Options{}); !strings.Contains(got, want) {
			t.Errorf("%s: %s\nwant %s", point, got, want)
		}
	}
	for point, want := range map[string]int64{
		`procfs.read`: 0o400, `procfs.umask(0).read`: 0o444, `procfs.umask(0).write`: 0o222, `procfs.write`: 0o200, `procfs("x").umask(0x3f).read.maxsize(9)`: 0o400,
	} {
		body := `println($value)`
		if strings.Contains(point, "read") {
			body = `$value = "x"`
		}
		if got := place(t, point, body, elaborate.Options{}); !strings.Contains(got, fmt.Sprintf("Mode:%d ", want)) {
			t.Errorf("%s: %s\nwant mode %#o", point, got, want)
		}
	}
	if got := place(t, `netfilter.hook("9").pf("9")`, `println(1)`, elaborate.Options{Guru: true}); got != "{Hook:9 Protocol:9 Priority:0}" {
		t.Errorf("in guru mode: %s", got)
	}
}

// TestPackets: P291, P320: what a netfilter probe's handler has, and what of it can be set.
func TestPackets(t *testing.T) {
	const point = `netfilter.hook("NF_IP_LOCAL_IN").pf("PF_INET")`
	for body, want := range map[string][2]string{
		`println($skb->len, $in->ifindex, $$parms)`: {"{Hook", "{Hook"},
		`println($skb->length)`:                     {"unable to find member 'length' for struct sk_buff", "unable to find member"},
		`$verdict = 0`:                              {"need stap -g", "{Hook"},
		`$verdict += 1`:                             {"need stap -g", "can be set with '=' only"},
		`$skb->len = 0`:                             {"need stap -g", "{Hook"},
		`$in = 0`:                                   {"need stap -g", "it cannot be set here: it is no variable"},
		`println($dev)`:                             {"a netfilter probe has no $dev", "a netfilter probe has no $dev"},
	} {
		for i, guru := range []bool{false, true} {
			if got := place(t, point, body, elaborate.Options{Guru: guru}); !strings.Contains(got, want[i]) {
				t.Errorf("%s, guru %t: %s\nwant %s", body, guru, got, want[i])
			}
		}
	}
}

// TestPerfCounters: P285, L135: at most sixteen counters, each of its own name; one that nothing reads stays.
func TestPerfCounters(t *testing.T) {
	var script strings.Builder
	for i := range 16 {
		fmt.Fprintf(&script, "probe perf.type(0).config(%d).counter(\"c%d\") { }\n", i, i)
	}
	script.WriteString(`probe begin { println(@perf("c7")) }`)
	got := elaborateFiles(t, elaborate.Options{}, "", script.String())
	if !strings.Contains(got, `@perf("c7")`) || strings.Count(got, ".counter(") != 2*16 {
		t.Errorf("got\n%s", got)
	}
	script.WriteString(` probe perf.type(0).config(0).counter("more") { }`)
	if got := elaborateFiles(t, elaborate.Options{}, "", script.String()); !strings.Contains(got, "too many perf counters: there can be 16") {
		t.Errorf("got\n%s", got)
	}
}

// TestWatched: P271: what is said of a symbol to watch, where the kernel's symbols are at hand.
func TestWatched(t *testing.T) {
	table := debuginfo.NewSymbolTable([]debuginfo.Symbol{
		{Name: "jiffies", Address: debuginfo.Address{Offset: 0x1000}}, {Name: "panic_timeout", Address: debuginfo.Address{Offset: 0x1014}},
		{Name: "twice", Address: debuginfo.Address{Offset: 0x2000}}, {Name: "twice", Address: debuginfo.Address{Offset: 0x3000}},
	}, debuginfo.Places{})
	at := func(table *debuginfo.SymbolTable, err error) elaborate.Options {
		return elaborate.Options{Symbols: func(string) (*debuginfo.SymbolTable, error) { return table, err }}
	}
	for point, want := range map[string]string{
		`kernel.data("jiffies").write`:                 "{Address:0 At:jiffies",
		`kernel.data("panic_timeout").length(4).write`: "Length:4",
		`kernel.data("panic_timeout").write`:           "the address of panic_timeout is not a multiple of the length, 8",
		`kernel.data("jiffie").write`:                  "no match: the kernel has no symbol jiffie (similar: jiffies)",
		`kernel.data("twice").rw`:                      "the kernel has 2 symbols twice",
	} {
		if got := place(t, point, `println(1)`, at(table, nil)); !strings.Contains(got, want) {
			t.Errorf("%s: %s\nwant %s", point, got, want)
		}
	}
	if got := place(t, `kernel.data("jiffie").write`, `println(1)`, at(nil, &kernel.UserError{Message: "no symbols"})); !strings.HasPrefix(got, "{") {
		t.Errorf("without symbols: %s", got)
	}
}
