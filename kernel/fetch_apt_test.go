package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// The files testdata/*.txt are recorded from Debian's apt-cache and apt-get,
// with other version numbers.

func TestParsePackages(t *testing.T) {
	packages := make(map[string]aptPackage)
	for _, pkg := range parsePackages(string(readTestdata(t, "show.txt")), "amd64") {
		packages[pkg.name] = pkg
	}
	headers := packages["linux-headers-6.1.0-9-cloud-amd64"]
	want := aptPackage{
		name:          "linux-headers-6.1.0-9-cloud-amd64",
		depends:       [][]string{{"linux-headers-6.1.0-9-common"}, {"linux-kbuild-6.1"}, {"linux-compiler-gcc-12-x86"}},
		size:          1592924,
		installedSize: 2790 << 10,
	}
	if !reflect.DeepEqual(headers, want) {
		t.Errorf("%+v", headers)
	}
	if len(packages) != 5 || packages["busybox-static"].size != 928188 {
		t.Errorf("%d packages, busybox %+v", len(packages), packages["busybox-static"])
	}
	if target := metaTarget(packages["linux-image-cloud-amd64"]); target != "6.1.0-9-cloud-amd64" {
		t.Errorf("the meta-package stands for %q", target)
	}
	if isMeta(packages["linux-image-6.1.0-9-cloud-amd64"]) {
		t.Error("an image is taken for a meta-package")
	}
	newer := packages["linux-headers-6.12.9+deb12-cloud-amd64"]
	parts := []string{"linux-headers-", "linux-kbuild-"}
	needed := (&apt{arch: Host(), host: Host()}).partsNeeded([]aptPackage{newer}, []aptPackage{newer}, parts)
	if want := []string{"linux-headers-6.12.9+deb12-common", "linux-kbuild-6.12.9+deb12"}; !reflect.DeepEqual(needed, want) {
		t.Errorf("parts of the headers: %v", needed)
	}
}

func TestParsePackagesOnlyInstalled(t *testing.T) {
	if packages := parsePackages("Package: old\nStatus: install ok installed\nVersion: 1\n", "amd64"); len(packages) > 0 {
		t.Errorf("%v", packages)
	}
}

func TestCandidateReleases(t *testing.T) {
	here := func(text string) string { return strings.ReplaceAll(text, "amd64", Host().Debian) }
	names := here(string(readTestdata(t, "pkgnames.txt")))
	for asked, want := range map[string][2]string{
		"6.1":                 {"6.1.0-50-cloud-amd64", "6.1.0-50-amd64"},
		"6.12":                {"6.12.115+deb12-cloud-amd64", "6.12.115+deb12-amd64"},
		"6.1.0-9":             {"6.1.0-9-cloud-amd64", "6.1.0-9-amd64"},
		"6.1.0-9-cloud-amd64": {"6.1.0-9-cloud-amd64", ""},
		"6.1.0-9-amd64":       {"", "6.1.0-9-amd64"},
		"6.3":                 {"", ""},
	} {
		for i, releases := range candidateReleases(names, here(asked), Host()) {
			first := ""
			if len(releases) > 0 {
				first = releases[0]
			}
			if first != here(want[i]) {
				t.Errorf("%s, flavour %s: %q, want %q", asked, Host().flavours()[i], first, want[i])
			}
		}
	}
}

func TestParseURIs(t *testing.T) {
	files, err := parseURIs(string(readTestdata(t, "uris.txt")))
	if err != nil {
		t.Fatal(err)
	}
	want := aptFile{
		name:   "linux-kbuild-6.1_6.1.90-1_amd64.deb",
		size:   1568188,
		sha256: "7e852381f1c455a439230ea3261e3669f2307afdbed57db0fc08ed8ffa689f60",
	}
	if len(files) != 2 || files[1] != want {
		t.Errorf("%+v", files)
	}
	for _, line := range []string{"what?", "'uri' a.deb many SHA256:00", "'uri' a.deb 1 MD5Sum:00"} {
		if _, err := parseURIs(line); err == nil {
			t.Errorf("%q is read", line)
		}
	}
}

func TestExplainDownload(t *testing.T) {
	for output, want := range map[string]string{
		"E: Failed to fetch http://mirror.example/a.deb  Temporary failure resolving 'mirror.example'\nE: more\n": "cannot download: Failed to fetch http://mirror.example/a.deb  Temporary failure resolving",
		"E: Failed to fetch http://mirror.example/a.deb  404  Not Found [IP: 1]\n":                                "any more: Failed to fetch http://mirror.example/a.deb  404",
		"W: write (28: No space left on device)\nE: Failed to fetch a\n":                                          "the disk is full",
		"E: Unable to locate package a\n":                                                                         "any more: Unable to locate package a",
	} {
		err := explainDownload("/folder", &ToolError{Command: "apt-get", Output: output, Err: os.ErrInvalid})
		var explained *UserError
		if !errors.As(err, &explained) || !strings.Contains(explained.Message, want) || explained.Hint == "" {
			t.Errorf("%q: %v", output, err)
		}
	}
	var tool *ToolError
	if err := explainDownload("", &ToolError{Command: "apt-get", Output: "E: Strange\n", Err: os.ErrInvalid}); !errors.As(err, &tool) ||
		err.Error() != "apt-get: invalid argument: E: Strange" {
		t.Errorf("%v", err)
	}
}

func TestVerify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	want := aptFile{size: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
	for text, good := range map[string]bool{"abc": true, "ab": false, "abd": false, "abcd": false} {
		write(t, path, text)
		err := verify(path, want)
		if (err == nil) != good || errors.Is(err, errWrongContent) != (!good && len(text) >= 3) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
