// Command torture makes a kernel that checks itself, and says where it is.
//
// In go the newest package linux-source of a series (6.1) that apt knows, the
// options in the file config, and gcc-12; out comes a data folder for gostap with
// that one kernel in it, in the shape that package kernel describes:
//
//	~/.local/share/gostap/torture/KEY/gostap/kernels/RELEASE/boot/vmlinuz-RELEASE, …
//	                                 /gostap/busybox
//	                                 /tree        what it is built from and in
//
// KEY is a hash of the source's own hash, the options and the compiler's version, so
// that a kernel is built once; what is missing or was interrupted is built by the next
// run, and older ones are removed then. The folder is one of its own because "6.1" shall
// go on to mean Debian's kernel: who wants this one sets XDG_DATA_HOME to
// torture/KEY and GOSTAP_KERNELS to 6.1, or has this program run a command with them:
//
//	go run ./testdata/torture -- go test -tags guest -run '^TestGuest$' .
//
// With -report, what storms left in the file of that name (storm_test.go) becomes the table
// of docs/reliability.md.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

//go:embed config
var options string

const compiler = "gcc-12"

func main() {
	series := flag.String("series", "6.1", "of the kernel: that of Debian's package linux-source-`SERIES`")
	results := flag.String("report", "", "put what storms left in `FILE` into docs/reliability.md")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *series, *results, flag.Args()); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() > 0 && len(flag.Args()) > 0 {
			os.Exit(exit.ExitCode()) // the command has said why
		}
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, series, results string, command []string) error {
	if results != "" {
		return report(results, "docs/reliability.md")
	}
	k, err := find(ctx, series)
	if err != nil {
		return err
	}
	if err := k.make(ctx); err != nil {
		return err
	}
	if len(command) == 0 {
		fmt.Println(k.folder)
		return nil
	}
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env = append(os.Environ(), "XDG_DATA_HOME="+k.folder, "GOSTAP_KERNELS="+series)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return c.Run()
}

// sanitized is the kernel, made or not.
type sanitized struct {
	packageName string // Debian's
	data        string // gostap's data folder
	folder      string // torture/KEY in it
}

// tree is the source, and what is built in it.
func (k *sanitized) tree() string { return filepath.Join(k.folder, "tree") }

// marker exists once the kernel is whole; it tells how long that took.
func (k *sanitized) marker() string { return filepath.Join(k.folder, "built") }

// find names the kernel by what it is made of.
func find(ctx context.Context, series string) (*sanitized, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		data = filepath.Join(home, ".local", "share")
	}
	k := &sanitized{packageName: "linux-source-" + series, data: filepath.Join(data, "gostap")}
	// 'URI' FILE SIZE ALGORITHM:HASH
	uris, err := output(ctx, "", "apt-get", "download", "--print-uris", k.packageName)
	if err != nil {
		return nil, fmt.Errorf("%w; ./setup torture reads the lists of packages", err)
	}
	fields := strings.Fields(uris)
	if len(fields) < 4 {
		return nil, fmt.Errorf("apt-get tells nothing of %s: %q", k.packageName, uris)
	}
	version, err := output(ctx, "", compiler, "-dumpfullversion", "-dumpmachine")
	if err != nil {
		return nil, fmt.Errorf("%w; ./setup torture installs it", err)
	}
	key := sha256.Sum256([]byte(strings.Join([]string{fields[3], version, options}, "\x00")))
	k.folder = filepath.Join(k.data, "torture", fmt.Sprintf("%x", key[:8]))
	return k, nil
}

// make builds the kernel unless it is there.
func (k *sanitized) make(ctx context.Context) error {
	if err := os.MkdirAll(k.folder, 0o755); err != nil {
		return err
	}
	// Two at once wait for each other.
	lock, err := os.OpenFile(filepath.Join(k.folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if _, err := os.Stat(k.marker()); err == nil {
		return nil
	}
	start := time.Now()
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"fetching " + k.packageName, k.fetch},
		{"configuring the kernel", k.configure},
		{"building the kernel; that takes about half an hour", k.build},
		{"putting it in place", k.install},
	} {
		fmt.Fprintf(os.Stderr, "torture: %s\n", step.what)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	took := time.Since(start).Round(time.Second)
	fmt.Fprintf(os.Stderr, "torture: done in %v\n", took)
	if err := os.WriteFile(k.marker(), []byte(took.String()+"\n"), 0o644); err != nil {
		return err
	}
	return k.removeOthers()
}

// fetch downloads and unpacks the source. A tree is whole or not there.
func (k *sanitized) fetch(ctx context.Context) error {
	if _, err := os.Stat(k.tree()); err == nil {
		return nil
	}
	scratch, err := os.MkdirTemp(k.folder, "source")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if _, err := output(ctx, scratch, "apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", k.packageName); err != nil {
		return err
	}
	packages, err := filepath.Glob(filepath.Join(scratch, "*.deb"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("apt-get left %d packages", len(packages))
	}
	if _, err := output(ctx, scratch, "dpkg", "-x", packages[0], "."); err != nil {
		return err
	}
	if _, err := output(ctx, scratch, "tar", "-xf", "usr/src/"+k.packageName+".tar.xz"); err != nil {
		return err
	}
	return os.Rename(filepath.Join(scratch, k.packageName), k.tree())
}

// configure writes .config and checks that it has what the options ask for.
func (k *sanitized) configure(ctx context.Context) error {
	var text []byte
	for _, part := range []string{"arch/x86/configs/x86_64_defconfig", "kernel/configs/kvm_guest.config"} {
		more, err := os.ReadFile(filepath.Join(k.tree(), part))
		if err != nil {
			return err
		}
		text = append(text, more...)
	}
	place := filepath.Join(k.tree(), ".config")
	if err := os.WriteFile(place, append(text, options...), 0o644); err != nil {
		return err
	}
	if err := k.kbuild(ctx, "olddefconfig"); err != nil {
		return err
	}
	after, err := os.ReadFile(place)
	if err != nil {
		return err
	}
	return checkOptions(string(after))
}

var unset = regexp.MustCompile(`^# (CONFIG_\w+) is not set$`)

// checkOptions compares a configuration with the options asked for: the kernel's own
// tools drop what does not go together.
func checkOptions(config string) error {
	has := map[string]string{}
	for line := range strings.Lines(config) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found {
			has[name] = value
		}
	}
	var wrong []string
	for line := range strings.Lines(options) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, "=")
		if match := unset.FindStringSubmatch(line); match != nil {
			name, value, found = match[1], "", true
		}
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		if value == "n" {
			value = ""
		}
		if has[name] != value {
			wrong = append(wrong, fmt.Sprintf("%s=%s (and not %q)", name, has[name], value))
		}
	}
	if wrong != nil {
		return fmt.Errorf("the kernel cannot be configured as asked for: %s", strings.Join(wrong, ", "))
	}
	return nil
}

func (k *sanitized) build(ctx context.Context) error { return k.kbuild(ctx, "bzImage", "modules") }

// kbuild runs the kernel's make, in the background's share of the machine.
func (k *sanitized) kbuild(ctx context.Context, arguments ...string) error {
	jobs, err := output(ctx, "", "nproc")
	if err != nil {
		return err
	}
	arguments = append([]string{"-n", "19", "make", "-s", "-C", k.tree(), "-j" + strings.TrimSpace(jobs),
		"CC=" + compiler, "HOSTCC=" + compiler, "KBUILD_BUILD_TIMESTAMP=@0"}, arguments...)
	_, err = output(ctx, "", "nice", arguments...)
	return err
}

// install lays the kernel out as one that `stap prep` has fetched.
func (k *sanitized) install(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(k.tree(), "include/config/kernel.release"))
	if err != nil {
		return err
	}
	release := strings.TrimSpace(string(text))
	root := filepath.Join(k.folder, "gostap/kernels", release)
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	if err := k.kbuild(ctx, "INSTALL_MOD_PATH="+root, "modules_install"); err != nil {
		return err
	}
	for _, link := range []struct{ from, to string }{
		{"arch/x86/boot/bzImage", "boot/vmlinuz-" + release},
		{".config", "boot/config-" + release},
		{"vmlinux", "usr/lib/debug/boot/vmlinux-" + release},
	} {
		to := filepath.Join(root, link.to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Link(filepath.Join(k.tree(), link.from), to); err != nil {
			return err
		}
	}
	headers := filepath.Join(root, "usr/src")
	if err := os.MkdirAll(headers, 0o755); err != nil {
		return err
	}
	if err := os.Symlink(k.tree(), filepath.Join(headers, "linux-headers-"+release)); err != nil {
		return err
	}
	busybox := filepath.Join(k.folder, "gostap/busybox")
	_ = os.Remove(busybox)
	return os.Symlink(filepath.Join(k.data, "busybox"), busybox)
}

// removeOthers removes kernels of other sources and options.
func (k *sanitized) removeOthers() error {
	folders, err := filepath.Glob(filepath.Join(k.data, "torture", "*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if folder != k.folder {
			if err := os.RemoveAll(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// output runs a program and gives what it prints; the error has what it says of itself.
func output(ctx context.Context, folder, name string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		said := strings.TrimSpace(stderr.String())
		if len(said) > 4000 {
			said = said[len(said)-4000:]
		}
		return "", fmt.Errorf("%s: %w\n%s", name, err, said)
	}
	return string(text), nil
}
