package staprun

import (
	"testing"
	"time"
)

func TestFormatTime(t *testing.T) {
	at := time.Date(2021, time.February, 3, 4, 5, 6, 0, time.UTC)
	for name, want := range map[string]string{
		"out":                   "out",
		"out-%Y%m%d-%H%M%S.txt": "out-20210203-040506.txt",
		"%F_%T %y%%":            "2021-02-03_04:05:06 21%",
		"%j %s %b":              "034 1612325106 Feb",
		"100%":                  "100%",
		"%Q":                    "%Q",
	} {
		if got := FormatTime(name, at); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
