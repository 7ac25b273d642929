package bundle

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// elfFile makes a file of one segment and sections with these contents.
func elfFile(kind elf.Type, machine elf.Machine, segment elf.ProgType, sections map[string]string) []byte {
	const headers = 64 + 56
	names, body := "\x00", []byte{}
	table := []elf.Section64{{}}
	add := func(name string, kind elf.SectionType, text string) {
		table = append(table, elf.Section64{Name: uint32(len(names)), Type: uint32(kind), Off: uint64(headers + len(body)), Size: uint64(len(text))})
		names += name + "\x00"
		body = append(body, text...)
	}
	for _, name := range []string{".text", ".modinfo", ".gnu.linkonce.this_module"} {
		if text, ok := sections[name]; ok {
			add(name, elf.SHT_PROGBITS, text)
		}
	}
	table = append(table, elf.Section64{Type: uint32(elf.SHT_NOBITS), Off: 4, Size: 1 << 40})
	add(".shstrtab", elf.SHT_STRTAB, names+".shstrtab\x00")
	header := elf.Header64{Type: uint16(kind), Machine: uint16(machine), Version: 1, Ehsize: 64, Phoff: 64, Phentsize: 56, Phnum: 1,
		Shoff: uint64(headers + len(body)), Shentsize: 64, Shnum: uint16(len(table)), Shstrndx: uint16(len(table) - 1)}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	var file bytes.Buffer
	for _, part := range []any{header, elf.Prog64{Type: uint32(segment), Off: headers, Filesz: 8}, body, table} {
		_ = binary.Write(&file, binary.LittleEndian, part) // into memory
	}
	return file.Bytes()
}

func testProgram(machine elf.Machine) []byte {
	return elfFile(elf.ET_EXEC, machine, elf.PT_LOAD, map[string]string{".text": strings.Repeat("code", 10)})
}

func testModule() []byte {
	return elfFile(elf.ET_REL, elf.EM_X86_64, elf.PT_NULL, map[string]string{
		".modinfo":                  "license=GPL\x00name=hello\x00vermagic=1.2.3-x SMP\x00",
		".gnu.linkonce.this_module": "\x00\x00\x00hello\x00\x00\x00\x00",
	})
}

var given = Manifest{
	Stap: "1.0", Script: Script{Name: "<input>", SHA256: sum([]byte("probe begin { }"))},
	Kernel: Kernel{BuildID: "0123"}, Probes: []string{"begin", `kernel.function("x")`},
}

// write makes a bundle.
func write(t *testing.T, program []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := Write(&file, program, testModule(), given); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func read(data []byte) (*Bundle, error) { return Read(bytes.NewReader(data), int64(len(data)), "file") }

// TestBundle: what is written can be read, by this package and by any that reads zip archives.
func TestBundle(t *testing.T) {
	program := testProgram(elf.EM_X86_64)
	file := write(t, program)
	if !bytes.HasPrefix(file, program) {
		t.Error("it does not begin with the program")
	}
	b, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	want := given
	want.Format, want.Module, want.Program.SHA256 = Format, Module{"hello", sum(testModule())}, sum(program)
	want.Kernel.Release, want.Kernel.Architecture = "1.2.3-x", "x86_64"
	if fmt.Sprint(b.Manifest) != fmt.Sprint(want) || !bytes.Equal(b.Module, testModule()) || b.Name != "file" {
		t.Errorf("%+v\nand should be\n%+v", b.Manifest, want)
	}
	if again := write(t, program); !bytes.Equal(again, file) {
		t.Error("the same input gives other bytes")
	}
	if again := write(t, file); !bytes.Equal(again, file) {
		t.Error("a bundle's staprun does not make the same bundle")
	}
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := want.Text()
	if err != nil || !strings.Contains(string(text), "\n  \"script\": {\n    \"name\": \"<input>\",\n") {
		t.Errorf("%s, %v", text, err)
	}
	for name, want := range map[string][]byte{"manifest.json": text, "hello.ko": testModule()} {
		if got, err := content(archive, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if len(archive.File) != 2 {
		t.Errorf("%d files", len(archive.File))
	}
}

// TestRefused: what no bundle can be made of.
func TestRefused(t *testing.T) {
	program := testProgram(elf.EM_X86_64)
	for name, test := range map[string]struct {
		program []byte
		want    string
	}{
		"a script":             {[]byte("#!/bin/sh\nexec staprun \"$@\"\n" + strings.Repeat("#", 100)), "not a whole ELF program"},
		"nothing":              {nil, "not a whole ELF program"},
		"a program cut":        {program[:len(program)-1], "not a whole ELF program"},
		"a module":             {testModule(), "not a whole ELF program"},
		"another architecture": {testProgram(elf.EM_AARCH64), "is for aarch64, and the module for x86_64"},
		"libraries":            {elfFile(elf.ET_DYN, elf.EM_X86_64, elf.PT_INTERP, map[string]string{".text": "12345678"}), "not linked statically"},
	} {
		var wrong *UserError
		if err := Write(io.Discard, test.program, testModule(), given); !errors.As(err, &wrong) || !strings.Contains(wrong.Message, test.want) || wrong.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Write(io.Discard, program, []byte("text"), given); err == nil {
		t.Error("a text is a module")
	}
}

// TestNone: what is no bundle.
func TestNone(t *testing.T) {
	program := testProgram(elf.EM_X86_64)
	padded := append(slices.Clone(program), make([]byte, 200)...)
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"a module":                 {testModule(), ErrNone},
		"a text":                   {[]byte("text"), ErrNone},
		"a long text":              {bytes.Repeat([]byte("text"), 100), ErrNone},
		"a text of digits":         {bytes.Repeat([]byte("0123"), 100), ErrNone},
		"a program":                {program, ErrProgram},
		"a program with something": {padded, ErrProgram},
	} {
		if _, err := read(test.data); err != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// outcome reads what became of a bundle.
func outcome(t *testing.T, what string, data []byte) string {
	t.Helper()
	b, err := read(data)
	var wrong *UserError
	switch {
	case err == nil:
		t.Errorf("%s: it will do: %+v", what, b.Manifest)
	case errors.Is(err, ErrProgram):
		return err.Error()
	case !errors.As(err, &wrong) || wrong.Hint == "" || strings.Contains(wrong.Message, "\n"):
		t.Errorf("%s: %v", what, err)
	default:
		return wrong.Message
	}
	return ""
}

// TestCut: at whatever length a bundle was cut, that is said.
func TestCut(t *testing.T) {
	program := testProgram(elf.EM_X86_64)
	file := write(t, program)
	for length := range file {
		got := outcome(t, fmt.Sprintf("%d bytes", length), file[:length])
		want := "the bundle file was cut: the end of its program is missing"
		switch {
		case length < 64:
			want = fmt.Sprintf("file was cut: it has %d bytes", length)
		case length == len(program):
			want = ErrProgram.Error() // staprun itself
		case length > len(program):
			want = "the bundle file was cut: the end of its archive is missing"
		}
		if got != want {
			t.Errorf("%d bytes of %d and %d: %q", length, len(program), len(file), got)
		}
	}
	if got := outcome(t, "a longer one", append(slices.Clone(file), "\n"...)); !strings.Contains(got, "its archive is missing") {
		t.Errorf("a longer one: %q", got)
	}
}

// TestChanged: whichever bit of a bundle was changed, that is said.
func TestChanged(t *testing.T) {
	program := testProgram(elf.EM_X86_64)
	file := write(t, program)
	said := map[string]int{}
	for at := range file {
		for bit := range 8 {
			changed := slices.Clone(file)
			changed[at] ^= 1 << bit
			got := outcome(t, fmt.Sprintf("bit %d of byte %d", bit, at), changed)
			if !strings.HasPrefix(got, "the bundle file was changed: ") {
				t.Errorf("bit %d of byte %d of %d and %d: %q", bit, at, len(program), len(file), got)
			}
			part, _, _ := strings.Cut(strings.TrimPrefix(got, "the bundle file was changed: "), " is ")
			said[part]++
			if at >= len(program) && part != "the SHA-256 of its archive" {
				t.Errorf("byte %d is the archive's: %q", at, got)
			}
		}
	}
	if said["the SHA-256 of its program"] == 0 || said["the SHA-256 of its archive"] == 0 {
		t.Errorf("said: %v", said)
	}
}

// sealed puts an archive of these files behind a program.
func sealed(t *testing.T, program []byte, files ...string) []byte {
	t.Helper()
	file := bytes.NewBuffer(slices.Clone(program))
	w := zip.NewWriter(file)
	w.SetOffset(int64(len(program)))
	_ = w.SetComment(strings.Repeat("0", sealSize)) // it is not too long
	for i := 0; i < len(files); i += 2 {
		entry, err := w.Create(files[i])
		if err == nil {
			_, err = entry.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data := file.Bytes()
	end := len(data) - sealSize
	copy(data[end:], sum(data[len(program):end]))
	return data
}

// TestManifest: archives whose seal is right, and whose manifest is not.
func TestManifest(t *testing.T) {
	program := testProgram(elf.EM_X86_64)
	whole := given
	if err := whole.describe(program, testModule()); err != nil {
		t.Fatal(err)
	}
	text := func(change func(*Manifest)) string {
		m := whole
		change(&m)
		text, err := m.Text()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	right, module := text(func(*Manifest) {}), string(testModule())
	if _, err := read(sealed(t, program, "manifest.json", right, "hello.ko", module)); err != nil {
		t.Errorf("a right one: %v", err)
	}
	for name, test := range map[string]struct {
		files []string
		want  string
	}{
		"no manifest":     {[]string{"hello.ko", module}, "was changed: its manifest.json cannot be read: open manifest.json: file does not exist"},
		"no JSON":         {[]string{"manifest.json", right[1:], "hello.ko", module}, "was changed: its manifest.json cannot be read: "},
		"half of it":      {[]string{"manifest.json", right[:100], "hello.ko", module}, "was changed: its manifest.json cannot be read: "},
		"no format":       {[]string{"manifest.json", "{}", "hello.ko", module}, "its manifest.json cannot be read: it does not say its format"},
		"another type":    {[]string{"manifest.json", strings.Replace(right, `"probes": [`, `"probes": 4, "more": [`, 1), "hello.ko", module}, "cannot be read"},
		"a later format":  {[]string{"manifest.json", `{"format": 2, "probes": 4}`}, "the bundle file has format 2, and this staprun knows format 1"},
		"no module":       {[]string{"manifest.json", right}, "its module cannot be read: open hello.ko: file does not exist"},
		"another module":  {[]string{"manifest.json", right, "hello.ko", module + " "}, "the SHA-256 of its module is "},
		"another program": {[]string{"manifest.json", text(func(m *Manifest) { m.Program.SHA256 = "12" }), "hello.ko", module}, "the SHA-256 of its program is "},
	} {
		if got := outcome(t, name, sealed(t, program, test.files...)); !strings.Contains(got, test.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestWriteFile: the file is there as a whole or not at all.
func TestWriteFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	names := func() (names []string) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	program := testProgram(elf.EM_X86_64)
	if err := WriteFile(path, program[1:], testModule(), given); err == nil || names() != nil {
		t.Errorf("of no program: %v, %q", err, names())
	}
	for range 2 {
		if err := WriteFile(path, program, testModule(), given); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o755 || !slices.Equal(names(), []string{"file"}) {
			t.Errorf("%v, %v, %q", info.Mode(), err, names())
		}
	}
	if _, err := Open(os.DevNull, ""); err != ErrNone {
		t.Errorf("a device: %v", err)
	}
	if b, err := Open(path, "./file"); err != nil || b.Name != "./file" {
		t.Errorf("%+v, %v", b, err)
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "none/file"): "it cannot be written: no such file or directory",
		filepath.Join(path, "file"):        "it cannot be written: not a directory",
		folder:                             "something that is no file has that name",
		os.DevNull:                         "something that is no file has that name",
	} {
		var wrong *UserError
		if err := WriteFile(path, program, testModule(), given); !errors.As(err, &wrong) || !strings.Contains(wrong.Message, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if !slices.Equal(names(), []string{"file"}) {
		t.Errorf("%q is left", names())
	}
}

// TestThisProgram: where a real program ends, as go links it.
func TestThisProgram(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := readProgram(bytes.NewReader(data), int64(len(data))); err != nil || p.end != int64(len(data)) {
		t.Errorf("%+v of %d bytes, %v", p, len(data), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(testProgram(elf.EM_X86_64))
	f.Add(testModule())
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = read(data)
		end := len(data) - sealSize
		if p, err := readProgram(bytes.NewReader(data), int64(len(data))); err == nil && end > 0 && p.end < int64(end) {
			copy(data[end:], sum(data[p.end:end])) // whatever is in it, the seal is right
			_, _ = read(data)
		}
	})
}
