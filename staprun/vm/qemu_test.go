package vm

import "testing"

func TestTranslatesSafely(t *testing.T) {
	for version, want := range map[string]bool{
		"QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright": false,
		"QEMU emulator version 8.0.4":                  false,
		"QEMU emulator version 8.1.0":                  true,
		"QEMU emulator version 10.0.2 (Debian 1:10.0)": true,
		"something else 9.1":                           false,
	} {
		if got := translatesSafely(version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}
