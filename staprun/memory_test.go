package staprun

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestBufferKB: C481: a session's buffers are as large as its machine allows, those
// of any number of sessions together no larger than that.
func TestBufferKB(t *testing.T) {
	for _, m := range []memory{
		{totalKB: 32 << 20, availableKB: 30 << 20, cpus: 8},
		{totalKB: 4 << 20, availableKB: 3 << 20, cpus: 2},
		{totalKB: 480 << 10, availableKB: 400 << 10, cpus: 2},
	} {
		usual := min(mostBufferKB, m.totalKB/64/m.cpus)
		sessions, total := map[string]status{}, 0
		for {
			kb, err := m.bufferKB(0, sessions)
			if err != nil {
				var user *UserError
				if !errors.As(err, &user) || !strings.Contains(err.Error(), fmt.Sprintf("%d sessions are under way", len(sessions))) {
					t.Errorf("%+v: %v", m, err)
				}
				break
			}
			if len(sessions) == 0 && kb != usual {
				t.Errorf("%+v: the first gets %d KB, want %d", m, kb, usual)
			}
			if kb > usual || kb < leastBufferKB {
				t.Fatalf("%+v: session %d gets %d KB", m, len(sessions), kb)
			}
			total += kb * m.cpus
			sessions[fmt.Sprint(len(sessions))] = status{buffersKB: kb * m.cpus}
		}
		if len(sessions) < 100 || total > m.totalKB/8 {
			t.Errorf("%+v: %d sessions take %d KB", m, len(sessions), total)
		}
	}
	m := memory{totalKB: 1 << 20, availableKB: 512 << 10, cpus: 2}
	if kb, err := m.bufferKB(64<<10, nil); kb != 64<<10 || err != nil {
		t.Errorf("what is asked for: %d, %v", kb, err)
	}
	if kb, err := m.bufferKB(256<<10, nil); err == nil {
		t.Errorf("more than is free: %d", kb)
	}
}

func TestCountList(t *testing.T) {
	for list, want := range map[string]int{"0": 1, "0-3": 4, "0-1,4,6-7": 5, "": 0, "x,1": 1} {
		if got := countList(list); got != want {
			t.Errorf("%q: %d, want %d", list, got, want)
		}
	}
}

func TestZoneParameters(t *testing.T) {
	for _, test := range []struct {
		name string
		east int
		want string
	}{
		{"CEST", 7200, "zone=CEST zone_west=-7200"},
		{"-03", -10800, "zone=-03 zone_west=10800"},
		{"a zone\"", 0, "zone=a_zone_ zone_west=0"},
	} {
		if got := zoneParameters(time.Now().In(time.FixedZone(test.name, test.east))); got != test.want {
			t.Errorf("%q: %s, not %s", test.name, got, test.want)
		}
	}
}
