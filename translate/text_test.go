package translate_test

import "testing"

// TestErrors: T002, errno_str, errno_p, return_str.
func TestErrors(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "names", script: `probe begin { println(errno_str(2), errno_str(-2), errno_str(11), errno_str(-512), errno_str(0) . errno_str(531) . errno_str(41) . errno_str(100000)) }`,
			want: "ENOENTENOENTEAGAINERESTARTSYS\n"},
		{name: "numbers", script: `probe begin { println(errno_p(-13), " ", errno_p(13), " ", errno_p(0), " ", errno_p(-4000), " ", errno_p(-9223372036854775807 - 1)) }`,
			want: "13 13 0 0 0\n"},
		{name: "results", script: `probe begin { println(return_str(1, 12), " ", return_str(2, 255), " ", return_str(3, 8), " ", return_str(3, 0), " ", return_str(2, -1), " ", return_str(1, -5000)) }`,
			want: "12 0xff 010 0 -1 (EPERM) -5000\n"},
	})
}
