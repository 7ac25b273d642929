package runtimec_test

import (
	"os/exec"
	"testing"
)

// TestSocketNames compares the names of what sockets are with the C library's headers: sock_fam_num2str and its like.
func TestSocketNames(t *testing.T) {
	output, err := exec.Command(compileC(t, "socket_names.c")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	want := "77 is 77: 77, -1\nMSG_PEEK|MSG_DONTWAIT|131072\n0\n89\n"
	if string(output) != want {
		t.Errorf("output:\n%swant:\n%s", output, want)
	}
}
