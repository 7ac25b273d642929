package main

import (
	"bytes"
	"os"
	"testing"
)

// TestIndexIsCurrent: index.go says what the library's files declare now.
func TestIndexIsCurrent(t *testing.T) {
	want, err := generate(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../index.go")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("tapsets/index.go is not what the library declares (%v): run go generate ./tapsets", err)
	}
}
