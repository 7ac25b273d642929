package translate_test

import "testing"

// TestNetworkOrder: htons, htonl, htonll and back.
func TestNetworkOrder(t *testing.T) {
	runSemantics(t, []semantics{
		{name: "there", script: `probe begin { printf("%x %x %x\n", htons(0x1234), htonl(0x12345678), htonll(0x123456789abcdef0)) }`,
			want: "3412 78563412 f0debc9a78563412\n"},
		{name: "and back", script: `probe begin { printf("%x %x %x\n", ntohs(0xff3412), ntohl(0x80563412), ntohll(1)) }`,
			want: "1234 12345680 100000000000000\n"},
	})
}
