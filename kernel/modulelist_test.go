package kernel

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestModuleList: P238: modules by name, what is built in, and other names of both.
func TestModuleList(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "kernel/sound/snd-hda.ko"), "x")
	write(t, filepath.Join(folder, "kernel/net/dummy.ko.xz"), "x")
	write(t, filepath.Join(folder, "modules.builtin"), "kernel/fs/ext4/ext4.ko\n")
	write(t, filepath.Join(folder, "modules.builtin.modinfo"), "ext4.license=GPL\x00ext4.alias=fs-ext4\x00ext4.alias=fs-ext3\x00ext4.alias=pci:v*\x00")
	write(t, filepath.Join(folder, "modules.alias"), "# by depmod\nalias rtnl-link-dummy dummy\nalias pci:v00* snd_hda\n")
	list, err := (&Kernel{Release: "1.2.3", ModulesDir: folder}).ModuleList()
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(list.Names(), list.Builtin, list.Aliases); got != "[dummy snd_hda] map[ext4:true] map[ext3:ext4 ext4:ext4 rtnl_link_dummy:dummy]" {
		t.Error(got)
	}
	if _, err := (&Kernel{Release: "1.2.3"}).ModuleList(); err == nil {
		t.Error("a kernel without modules has a list of them")
	}
}

// TestHeader: a header is looked for in the build tree and in the source beside it.
func TestHeader(t *testing.T) {
	folder := t.TempDir()
	build, source := filepath.Join(folder, "build"), filepath.Join(folder, "source")
	write(t, filepath.Join(build, "Makefile"), "include ../source/Makefile\n")
	write(t, filepath.Join(source, "Makefile"), "all:\n")
	write(t, filepath.Join(source, "include/linux/a.h"), "int a;")
	k := &Kernel{Release: "1.2.3", BuildTree: build}
	if text, err := k.Header("include/linux/a.h"); err != nil || string(text) != "int a;" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := k.Header("include/linux/b.h"); err == nil {
		t.Error("a header that is not there")
	}
}
