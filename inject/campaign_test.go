package inject

import (
	"strings"
	"testing"
)

// TestCampaignReport: what came of each site, also where the kernel died of one, with and without having said of which.
func TestCampaignReport(t *testing.T) {
	r := &Report{SystemCall: "openat"}
	read := func(text string) {
		t.Helper()
		if err := r.ReadAll(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	read(`other output
campaign: site 1 kmem_cache_alloc
 0xffffffff81000010 : getname_flags+0x10/0x20 [kernel]
campaign: result 1 -12
campaign: run 1 1 0 unknown
campaign: run 2 0 0 0
campaign: site 2 __kmalloc
campaign: result 2 -14
campaign: site 3 __kmalloc
`)
	r.Died()
	read(`campaign: passed 3 __kmalloc
 0xffffffff81000010 : x+0x10/0x20 [kernel]
campaign: run 1 0 0 unknown
campaign: run 3 0 0 unknown
campaign: site 4 __kmalloc
campaign: result 4 5
campaign: run 4 0 2 unknown
`)
	r.Died()
	read(`campaign: passed 5 kmalloc_trace
 0xffffffff81000030 : late+0x10/0x20 [kernel]
campaign: run 5 0 0 unknown
campaign: site 6 kmalloc_trace
campaign: run 6 139 0 3
campaign: end
`)
	want := []string{"", "it returned -14, which is not -ENOMEM", "the kernel crashed", "the kernel complained 2 times", "the kernel crashed", "3 objects leaked"}
	if len(r.Sites) != len(want) || !r.Complete || r.Wrong() != 5 {
		t.Fatalf("%+v", r)
	}
	for i, site := range r.Sites {
		if site.Number != i+1 || site.Verdict() != want[i] {
			t.Errorf("site %+v: %s", site, site.Verdict())
		}
	}
	if five := r.Sites[4]; five.Function != "kmalloc_trace" || len(five.Backtrace) != 1 || !strings.Contains(five.Backtrace[0], "late") {
		t.Errorf("%+v", five)
	}
	text := r.String()
	for _, line := range []string{
		"   1  kmem_cache_alloc             returned -12, the command 1\n",
		"   2  __kmalloc                    returned -14, the command 0  It returned -14, which is not -ENOMEM\n",
		"   6  kmalloc_trace                did not return, the command 139  3 objects leaked\n",
		"openat: 6 call sites had no memory, all that there are; something is wrong with 5\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
	junit, err := r.JUnit()
	if err != nil || !strings.Contains(string(junit), `<testsuite name="openat" tests="6" failures="5">`) {
		t.Errorf("%v\n%s", err, junit)
	}
}

func TestCampaignRefused(t *testing.T) {
	for want, c := range map[string]Campaign{
		"which command":      {SystemCall: "openat", Allocator: "slab"},
		"under which":        {Command: "true", Allocator: "slab"},
		"no such allocator":  {SystemCall: "openat", Command: "true", Allocator: "heap"},
		"under which system": {SystemCall: "open*", Command: "true", Allocator: "slab"},
	} {
		if _, err := c.Script(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
