package kernel

import "testing"

func TestVersionLess(t *testing.T) {
	ordered := []string{
		"5.10.0-30-amd64",
		"6.1-rc3-amd64",
		"6.1~rc7",
		"6.1",
		"6.1-1",
		"6.1.0-9-rt-amd64",
		"6.1.0-9-amd64",
		"6.1.0-9-cloud-amd64",
		"6.1.0-10-amd64",
		"6.1.7+deb12-amd64",
		"6.1.38",
		"6.12.1",
		"6.12.9+deb12-cloud-amd64",
		"6.12.107+deb12-cloud-amd64",
		"10.0.0",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := VersionLess(a, b); got != (i < j) {
				t.Errorf("VersionLess(%q, %q) = %v", a, b, got)
			}
		}
	}
	if VersionLess("6.01", "6.1") || VersionLess("6.1", "6.01") {
		t.Error("leading zeros make a difference")
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		release, asked string
		want           bool
	}{
		{"6.1.0-9-cloud-amd64", "6.1", true},
		{"6.1.0-9-cloud-amd64", "6.1.", true},
		{"6.1.0-9-cloud-amd64", "6", true},
		{"6.1.0-9-cloud-amd64", "6.1.0-9", true},
		{"6.1.0-9-cloud-amd64", "6.1.0-9-cloud-amd64", true},
		{"6.12.9+deb12-amd64", "6.12.9", true},
		{"6.12.9+deb12-amd64", "6.1", false},
		{"6.1.0-91-amd64", "6.1.0-9", false},
		{"6.12.9+deb12-amd64", "6.12.9+deb", false},
		{"6.1.0-9-cloud-amd64", "6.1.0-9-amd64", false},
		{"6.1.0-9-amd64", "6.1-amd64", true},
		{"6.1.0-9-cloud-amd64", "6.1-amd64", false},
		{"6.1.0-9-cloud-amd64", "6.1-cloud-amd64", true},
		{"6.1.0-9-amd64", "6.1-cloud-amd64", false},
		{"6.1.0-91-amd64", "6.1.0-9-amd64", false},
		{"6.1.0-9-arm64", "6.1-amd64", false},
		{"6.1.0-9-rt-amd64", "6.1-amd64", false},
		{"6.12.9+deb12-rt-amd64", "6.12-amd64", false},
		{"6.12.9+deb12-rt-amd64", "6.12-rt-amd64", true},
	} {
		if got := matches(test.release, test.asked); got != test.want {
			t.Errorf("matches(%q, %q) = %v", test.release, test.asked, got)
		}
	}
}
