package main

import (
	"slices"
	"testing"
)

// TestImpliedPrivilege has the groups of C421.
func TestImpliedPrivilege(t *testing.T) {
	for _, row := range []struct {
		uid    int
		groups []string
		want   string
	}{
		{0, []string{"stapusr"}, ""},
		{1000, nil, ""},
		{1000, []string{"stapusr"}, "stapusr"},
		{1000, []string{"stapusr", "stapsys"}, "stapsys"},
		{1000, []string{"stapusr", "stapdev"}, ""},
	} {
		got := impliedPrivilege(row.uid, func(group string) bool { return slices.Contains(row.groups, group) })
		if got != row.want {
			t.Errorf("user %d of %v: %q, want %q", row.uid, row.groups, got, row.want)
		}
	}
}
