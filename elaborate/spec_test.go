package elaborate

import (
	"fmt"
	"testing"
)

// TestSpec: P230, P235, P350: the forms of a specification.
func TestSpec(t *testing.T) {
	for text, want := range map[string]string{
		"vfs_read":                   "{ vfs_read  {0 [] 0}} true",
		"vfs_*@fs/*.c:120":           "{ vfs_* fs/*.c {1 [{120 120}] 0}} true",
		"*@net/socket.c":             "{ * net/socket.c {0 [] 0}} true",
		"a::b::f@x.c:*":              "{a::b f x.c {2 [] 0}} true",
		"f@x.c:1-5":                  "{ f x.c {1 [{1 5}] 0}} true",
		"f@x.c:1,3,7-9":              "{ f x.c {1 [{1 1} {3 3} {7 9}] 0}} true",
		"f@x.c+2":                    "{ f x.c {3 [] 2}} true",
		"f@x++.c+2":                  "{ f x++.c {3 [] 2}} true",
		"f@x++.c":                    "{ f x++.c {0 [] 0}} true",
		"f@x.c:":                     "{ f x.c: {0 [] 0}} false",
		"f@x.c:5-3":                  "{ f x.c:5-3 {0 [] 0}} false",
		"f@x.c:0":                    "{ f x.c:0 {0 [] 0}} false",
		"f@x.c:99999999999999999999": "{ f x.c:99999999999999999999 {0 [] 0}} false",
		"f@":                         "{ f  {0 [] 0}} false",
		"":                           "{   {0 [] 0}} false",
		"@x.c:3":                     "{   {0 [] 0}} false",
		"f:3":                        "{ f:3  {0 [] 0}} false",
		"f@:3":                       "{ f  {1 [{3 3}] 0}} false",
	} {
		spec, ok := parseSpec(text)
		if got := fmt.Sprint(spec, ok); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestMatchFile: P230: a file by its path or any end of it.
func TestMatchFile(t *testing.T) {
	for pattern, want := range map[string]bool{
		"fs/read_write.c": true, "read_write.c": true, "write.c": false, "*write.c": true, "fs/*.c": true, "f?/read*": true,
		"linux/fs/read_write.c": false, "net/*.c": false, "[e-g]s/read_write.[ch]": true, "*": true, "fs": false,
	} {
		if got := (functionSpec{file: pattern}).matchFile("fs/read_write.c"); got != want {
			t.Errorf("%s: got %v", pattern, got)
		}
	}
	if !(functionSpec{scope: "*"}).matchScope() || (functionSpec{scope: "std"}).matchScope() {
		t.Error("functions of C are in no scope")
	}
}
