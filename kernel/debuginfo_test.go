package kernel

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	idA = "aa00000000000000000000000000000000000001"
	idB = "bb00000000000000000000000000000000000002"
)

// elfFile makes an ELF file with these sections, and with a build-id.
func elfFile(t *testing.T, id string, sections map[string]string) string {
	t.Helper()
	var body, names bytes.Buffer
	names.WriteByte(0)
	headers := []elf.Section64{{}}
	add := func(name string, kind elf.SectionType, data []byte) {
		headers = append(headers, elf.Section64{Name: uint32(names.Len()), Type: uint32(kind), Off: uint64(64 + body.Len()), Size: uint64(len(data)), Addralign: 1})
		names.WriteString(name + "\x00")
		body.Write(data)
	}
	if id != "" {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		note := []byte{4, 0, 0, 0, byte(len(raw)), 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0}
		add(".note.gnu.build-id", elf.SHT_NOTE, append(note, raw...))
	}
	for name, data := range sections {
		add(name, elf.SHT_PROGBITS, []byte(data))
	}
	names.WriteString(".shstrtab\x00")
	headers = append(headers, elf.Section64{
		Name: uint32(names.Len() - len(".shstrtab\x00")), Type: uint32(elf.SHT_STRTAB), Off: uint64(64 + body.Len()), Size: uint64(names.Len()),
	})
	body.Write(names.Bytes())
	header := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Shentsize: 64,
		Shoff: uint64(64 + body.Len()), Shnum: uint16(len(headers)), Shstrndx: uint16(len(headers) - 1),
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	var file bytes.Buffer
	for _, part := range []any{header, body.Bytes(), headers} {
		if err := binary.Write(&file, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return file.String()
}

var dwarf = map[string]string{".debug_info": "debuginfo"}

// debuginfoMachine has a kernel of build-id idA with the module drm-x, idB.
func debuginfoMachine(t *testing.T) (machine, string) {
	m := fakeMachine(t)
	const release = "1.2.3-test"
	image := elfFile(t, idA, nil)
	write(t, filepath.Join(m.root, "boot/vmlinuz-"+release), string(bzImage([]byte(image))))
	modules := filepath.Join(m.root, "lib/modules", release)
	write(t, filepath.Join(modules, "modules.order"), "")
	write(t, filepath.Join(modules, "modules.builtin"), "kernel/fs/ext4/ext4.ko\n")
	write(t, filepath.Join(modules, "kernel/drivers/drm-x.ko"), elfFile(t, idB, nil))
	return m, release
}

func debuginfoOf(m machine, release, object string) (string, error) {
	return m.kernel(release).DebuginfoOf(context.Background(), object, &quiet{})
}

// TestDebuginfoPlaces: P380, P381. Each place is found, and that before others.
func TestDebuginfoPlaces(t *testing.T) {
	m, release := debuginfoMachine(t)
	modules := "lib/modules/" + release
	fetched := filepath.Join(m.kernels(), release)
	other := t.TempDir()
	tests := map[string][]string{"kernel": { // the worst first
		filepath.Join(fetched, "usr/lib/debug/.build-id", idA[:2], idA[2:]+".debug"),
		filepath.Join(m.root, "usr/lib/debug/.build-id", idA[:2], idA[2:]+".debug"),
		filepath.Join(m.root, "boot/vmlinux-"+release),
		filepath.Join(m.root, modules, "vmlinux"),
		filepath.Join(m.root, modules, "build/vmlinux"),
		filepath.Join(fetched, "usr/lib/debug/boot/vmlinux-"+release),
		filepath.Join(m.root, "usr/lib/debug/boot/vmlinux-"+release),
		filepath.Join(m.root, "usr/lib/debug", modules, "vmlinux"),
	}, "drm_x": {
		filepath.Join(m.root, "usr/lib/debug/.build-id", idB[:2], idB[2:]+".debug"),
		filepath.Join(fetched, "usr/lib/debug", modules, "kernel/drivers/drm-x.ko"),
		filepath.Join(m.root, "usr/lib/debug", modules, "kernel/drivers/drm-x.ko"),
		filepath.Join(m.root, "usr/lib/debug", modules, "kernel/drivers/drm-x.ko.debug"),
		filepath.Join(m.root, modules, "kernel/drivers/drm-x.ko.debug"),
		filepath.Join(m.root, modules, "kernel/drivers/.debug/drm-x.ko.debug"),
		filepath.Join(m.root, modules, "kernel/drivers/drm-x.ko"),
	}}
	for object, places := range tests {
		id := map[string]string{"kernel": idA, "drm_x": idB}[object]
		for _, place := range places {
			write(t, place, elfFile(t, id, dwarf))
			if got, err := debuginfoOf(m, release, object); err != nil || got != place {
				t.Errorf("%s: %q, %v, want %s", object, got, err, place)
			}
		}
	}
	t.Setenv("SYSTEMTAP_DEBUGINFO_PATH", "+:sub:"+other)
	for object, place := range map[string]string{
		"kernel": filepath.Join(other, modules, "vmlinux"),
		"drm_x":  filepath.Join(m.root, modules, "kernel/drivers/sub/drm-x.ko.debug"),
	} {
		id := map[string]string{"kernel": idA, "drm_x": idB}[object]
		write(t, filepath.Join(m.root, modules, "kernel/drivers/drm-x.ko"), elfFile(t, idB, nil))
		write(t, place, elfFile(t, id, dwarf))
		if got, err := debuginfoOf(m, release, object); err != nil || got != place {
			t.Errorf("%s: %q, %v, want %s", object, got, err, place)
		}
	}
}

// TestDebuginfoByLink: P381. A module without build-id names its debuginfo and the
// sum of it.
func TestDebuginfoByLink(t *testing.T) {
	m, release := debuginfoMachine(t)
	debug := elfFile(t, "", dwarf)
	link := func(sum uint32) string {
		return string(binary.LittleEndian.AppendUint32([]byte("x.dbg\x00\x00\x00"), sum))
	}
	folder := filepath.Join(m.root, "lib/modules", release, "kernel/drivers")
	place := filepath.Join(m.root, "usr/lib/debug/lib/modules", release, "kernel/drivers/x.dbg")
	write(t, place, debug)
	write(t, filepath.Join(folder, "drm-x.ko"), elfFile(t, "", map[string]string{".gnu_debuglink": link(crc32.ChecksumIEEE([]byte(debug)))}))
	if got, err := debuginfoOf(m, release, "drm-x"); err != nil || got != place {
		t.Errorf("%q, %v", got, err)
	}
	write(t, filepath.Join(folder, "drm-x.ko"), elfFile(t, "", map[string]string{".gnu_debuglink": link(1)}))
	if got, err := debuginfoOf(m, release, "drm-x"); err == nil {
		t.Errorf("%q has another sum", got)
	}
}

// TestDebuginfoMissing: P351, P383. What is missing or of another build says what to
// install, with both build-ids.
func TestDebuginfoMissing(t *testing.T) {
	m, release := debuginfoMachine(t)
	expect := func(object string, wants ...string) {
		t.Helper()
		_, err := debuginfoOf(m, release, object)
		var wrong *UserError
		if !errors.As(err, &wrong) {
			t.Fatalf("%s: %v", object, err)
		}
		for _, want := range wants {
			if !strings.Contains(wrong.Message+"\n"+wrong.Hint, want) {
				t.Errorf("%s: %s (%s), want %q", object, wrong.Message, wrong.Hint, want)
			}
		}
	}
	expect("kernel", "not on this machine", idA, "`stap prep --debuginfo -r "+release+"`", "linux-image-"+release+"-dbg", "DEBUGINFOD_URLS")
	expect("drm_x", "not on this machine", idB, "`stap prep --debuginfo=drm_x -r "+release+"`")
	expect("ext4", "built into", "kernel.function")
	expect("nonesuch", "no module nonesuch")
	write(t, filepath.Join(m.root, "usr/lib/debug/boot/vmlinux-"+release), elfFile(t, idB, dwarf))
	expect("kernel", "of another build", idA, idB, "stap prep")
	write(t, filepath.Join(m.root, "usr/lib/debug/boot/vmlinux-"+release), elfFile(t, "", dwarf))
	expect("kernel", "of another build", idA, "missing")
}

// TestDebuginfod: P380. Servers are asked in turn, and what they give is kept.
func TestDebuginfod(t *testing.T) {
	m, release := debuginfoMachine(t)
	asked := 0
	serve := func(handler http.HandlerFunc) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.URL
	}
	empty := serve(http.NotFound)
	good := serve(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/sub/buildid/"+idA+"/debuginfo" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, elfFile(t, idA, dwarf))
	}) + "/sub/"
	wrong := serve(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, elfFile(t, idB, dwarf)) })
	broken := serve(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "", http.StatusBadGateway) })
	slow := serve(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	cut := serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		fmt.Fprint(w, elfFile(t, idA, dwarf))
	})
	t.Setenv("DEBUGINFOD_TIMEOUT", "1")
	for url, want := range map[string]string{
		empty: "not there", wrong: "not the debuginfo of build-id " + idA, broken: "502", slow: "no answer for 1s",
		cut: "unexpected EOF", "http://127.0.0.1:1": "connection refused",
	} {
		t.Setenv("DEBUGINFOD_URLS", url)
		begin := time.Now()
		path, err := debuginfoOf(m, release, "kernel")
		var userError *UserError
		if !errors.As(err, &userError) || !strings.Contains(userError.Message, want) || !strings.Contains(userError.Message, url) {
			t.Errorf("%s: %q, %v", want, path, err)
		}
		if time.Since(begin) > 10*time.Second {
			t.Errorf("%s: it took %v", want, time.Since(begin))
		}
	}
	t.Setenv("DEBUGINFOD_URLS", "ima:enforcing "+empty+" "+broken+"  "+good)
	for range 2 {
		path, err := debuginfoOf(m, release, "kernel")
		if err != nil || !strings.HasPrefix(path, m.cache) || asked != 1 {
			t.Errorf("%q, %v, asked %d times", path, err, asked)
		}
	}
	left, err := filepath.Glob(filepath.Join(m.cache, "debuginfod", idA, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	t.Setenv("DEBUGINFOD_URLS", "")
	if _, err := debuginfoOf(m, release, "drm_x"); err == nil || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	t.Setenv("DEBUGINFOD_TIMEOUT", "soon")
	if _, err := debuginfoOf(m, release, "drm_x"); err == nil || !strings.Contains(err.Error(), "DEBUGINFOD_TIMEOUT") {
		t.Errorf("%v", err)
	}
}

func TestModuleOfCompressedFile(t *testing.T) {
	m, release := debuginfoMachine(t)
	folder := filepath.Join(m.root, "lib/modules", release, "kernel/drivers")
	text, err := os.ReadFile(filepath.Join(folder, "drm-x.ko"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "drm-x.ko")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "drm-x.ko.gz"), string(gzipped(t, text)))
	place := filepath.Join(m.root, "usr/lib/debug/lib/modules", release, "kernel/drivers/drm-x.ko.debug")
	write(t, place, elfFile(t, idB, dwarf))
	k := m.kernel(release)
	for range 2 {
		path, err := k.Module("drm-x")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
	if got, err := debuginfoOf(m, release, "drm_x"); err != nil || got != place {
		t.Errorf("%q, %v", got, err)
	}
}
