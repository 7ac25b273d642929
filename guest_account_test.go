//go:build guest

package gostap_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// sessionAccount is what the tests need of what --stats=json prints.
type sessionAccount struct {
	Probes []struct {
		Point string
		Hits  uint64
		Skips map[string]uint64
	}
	Transport struct {
		Produced, Delivered, Lost struct{ Messages, Bytes uint64 }
	}
}

// statsOf reads what --stats=json wrote among the lines of standard error.
func statsOf(t *testing.T, stderr string) (got sessionAccount) {
	t.Helper()
	_, object, _ := strings.Cut("\n"+stderr, "\n{")
	object, _, _ = strings.Cut(object, "\n")
	if err := json.Unmarshal([]byte("{"+object), &got); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	return got
}

// accounts: R552, R553: what --stats=json says is what the workload did: 1000 calls,
// each counted and printed, and what was delivered is what came out.
func (g *guestTest) accounts(t *testing.T) {
	module := g.build(t, g.release, "-e", `
		probe kernel.function("sys_chdir") { println("hit") }
		probe kernel.function("sys_chdir").return { println("return") }`)
	_, stdout, stderr := g.run(t, "staprun", "-R", "--stats=json", "-c", "i=0; while [ $i -lt 1000 ]; do cd /; i=$((i+1)); done", module)
	got := statsOf(t, stderr)
	for _, p := range got.Probes {
		if p.Hits != 1000 || p.Skips["reentrancy"] != 0 {
			t.Errorf("%s: %+v", p.Point, p)
		}
	}
	if n := strings.Count(stdout, "hit\n"); n != 1000 {
		t.Errorf("%d lines of hits", n)
	}
	if d := got.Transport.Delivered; d.Bytes != uint64(len(stdout)) || d.Messages != 2000 || d != got.Transport.Produced || got.Transport.Lost.Messages != 0 {
		t.Errorf("%+v for %d bytes", got.Transport, len(stdout))
	}
}

// limits: R535: limits are read and set while the session runs; nonsense is refused.
func (g *guestTest) limits(t *testing.T) {
	module := g.build(t, g.release, "-e", `probe begin { println("ready") } probe timer.ms(20) { error("late") }`)
	_, stdout, stderr := g.run(t, "staprun", "-R", "--set", "maxerrors=100000", "-c", `
		cd /proc/systemtap/stap_*; grep maxerrors limits
		echo "maxerrors 200000" >limits; grep maxerrors limits
		for text in nonsense "maxerrors -1" "maxerrors x" "maxerrors" "strict 2" ""; do echo "$text" >limits && echo "taken: $text"; done
		echo "maxerrors 0" >limits; sleep 5; echo "not ended"`, module)
	if strings.Replace(stdout, "ready\n", "", 1) != "maxerrors 100000\nmaxerrors 200000\n" || strings.Count(stderr, "Invalid argument") != 6 {
		t.Errorf("%s%s", stdout, stderr)
	}
}
