//go:build guest

package gostap_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/staprun/vm"
)

// TestGuestSystemCallTexts: T400, T402, T410, T412, T413: the calls of a program as probes on all system calls write
// them and as strace does.
func TestGuestSystemCallTexts(t *testing.T) {
	for _, beginning := range strings.Fields(os.Getenv("GOSTAP_KERNELS")) {
		t.Run(beginning, func(t *testing.T) {
			g := bootGuest(t, beginning, func(c *vm.Config) {
				if c.Arch != kernel.Host().Name {
					return // strace is a program of this machine
				}
				packed, err := vm.Pack("strace", nil)
				if err != nil || len(packed.Missing) > 0 || len(packed.Files) == 0 {
					t.Fatalf("strace: %v, %v; run: ./setup test", err, packed.Missing)
				}
				c.Files = append(c.Files, packed.Files...)
			})
			g.program(t, "testdata/guest/systemcall-text.c")
			module := g.build(t, g.release, "-DMAXSTRINGLEN=1024", "-e", `probe syscall.* { if (pid() == target()) printf("%s(%s)\n", name, argstr) }`)
			if g.kernel.Arch == kernel.Host() {
				t.Run("as strace", func(t *testing.T) { g.sameTexts(t, module, "systemcall-text", 300) })
			}
			if g.kernel.Arch.Name == "x86_64" {
				g.program(t, "testdata/guest/systemcall-text-narrow.c", "-m32", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie", "-fno-stack-protector")
				t.Run("of 32 bits", func(t *testing.T) { g.sameTexts(t, module, "systemcall-text-narrow", 50) })
			}
			t.Run("shapes", func(t *testing.T) { g.textShapes(t, module) })
		})
	}
}

// tracedCall is a call as one of both writes it.
type tracedCall struct{ name, arguments, result string }

var (
	straceLine = regexp.MustCompile(`^(\w+)\((.*)\) += (.*)$`)
	ourLine    = regexp.MustCompile(`^(\w+)\((.*)\)()$`)
)

// tracedCalls reads the calls between the program's two marks.
func tracedCalls(t *testing.T, output string, line *regexp.Regexp) []tracedCall {
	t.Helper()
	var calls []tracedCall
	marks := 0
	for _, text := range strings.Split(output, "\n") {
		match := line.FindStringSubmatch(text)
		switch {
		case match == nil:
		case match[1] == "close" && match[2] == "-4242":
			marks++
		case marks == 1:
			calls = append(calls, tracedCall{match[1], match[2], match[3]})
		}
	}
	if marks != 2 {
		t.Fatalf("%d marks in the output:\n%s", marks, output)
	}
	return calls
}

// sameTexts compares what both write of a program, call by call.
func (g *guestTest) sameTexts(t *testing.T, module, program string, least int) {
	_, _, stderr := g.run(t, "strace", "-v", "-s", "50", "-o", "/tmp/strace.out", "/tmp/"+program)
	_, stdout, _ := g.run(t, "cat", "/tmp/strace.out")
	want := tracedCalls(t, stdout, straceLine)
	want = slices.DeleteFunc(want, func(c tracedCall) bool { return strings.Contains(c.result, "ENOSYS") }) // no function to probe
	_, stdout, ourErrors := g.run(t, "staprun", "-c", "/tmp/"+program, module)
	got := tracedCalls(t, stdout, ourLine)
	if len(want) < least {
		t.Errorf("only %d calls:\n%s", len(want), stderr)
	}
	for i := range want {
		if i == len(got) || !sameCall(got[i].name, want[i].name) {
			t.Fatalf("call %d is %v, want %v\n%s", i, got[min(i, len(got)-1)], want[i], ourErrors)
		}
		ours, theirs := commonText(got[i].name, got[i].arguments), commonText(want[i].name, straceText(want[i].name, want[i].arguments))
		if ours != theirs && !saysMore(ours, theirs) {
			t.Errorf("%s\n writes %s\n strace %s", want[i].name, ours, theirs)
		}
	}
}

// sameCall tells whether names mean the same call: what is behind the name of one that came later is for programs alone.
func sameCall(ours, theirs string) bool {
	later := regexp.MustCompile(`(32|64|_time64)$`)
	return later.ReplaceAllString(ours, "") == later.ReplaceAllString(theirs, "")
}

// straceReplacements turn strace's way of what T410 has another way of into that.
var straceReplacements = []struct {
	from *regexp.Regexp
	to   func(m []string) string
}{
	{regexp.MustCompile(`\{tv_sec=(-?\d+), tv_nsec=(\d+)\}`), func(m []string) string { return timeText(m[1], m[2], 9) }},
	{regexp.MustCompile(`\{tv_sec=(-?\d+), tv_usec=(\d+)\}`), func(m []string) string { return timeText(m[1], m[2], 6) }},
	{regexp.MustCompile(`sa_family=`), func([]string) string { return "" }},
	{regexp.MustCompile(`sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]*)"\)`), func(m []string) string { return m[2] + ", " + m[1] }},
	{regexp.MustCompile(`sin6_port=htons\((\d+)\), sin6_flowinfo=htonl\(\d+\), inet_pton\(AF_INET6, "([^"]*)", &sin6_addr\), sin6_scope_id=\d+`),
		func(m []string) string { return m[2] + ", " + m[1] }},
	{regexp.MustCompile(`sun_path=`), func([]string) string { return "" }},
	{regexp.MustCompile(`nl_pid=(\d+), nl_groups=(\w+)`), func(m []string) string {
		groups, _ := strconv.ParseUint(m[2], 0, 32)
		return fmt.Sprintf("pid=%s, groups=%08x", m[1], groups)
	}},
	{regexp.MustCompile(`\\([0-7]{1,3})`), func(m []string) string {
		value, _ := strconv.ParseUint(m[1], 8, 8)
		return fmt.Sprintf(`\%03o`, value)
	}},
	{regexp.MustCompile(`FUTEX_32\|FUTEX_PRIVATE_FLAG`), func([]string) string { return "FUTEX2_SIZE_U32|FUTEX2_PRIVATE" }},
	{regexp.MustCompile(`PERF_ATTR_SIZE_VER0`), func([]string) string { return "64" }},
	{regexp.MustCompile(`^child_stack=(\w+), flags=([\w|]+), parent_tid=(\w+)$`), func(m []string) string { return m[2] + ", " + m[1] + ", " + m[3] + ", NULL, NULL" }},
}

func timeText(seconds, fraction string, digits int) string {
	value, _ := strconv.ParseUint(fraction, 10, 64)
	if len(fraction) > digits { // negative, which a time cannot be
		if value > 1<<31 && value < 1<<32 { // of 32 bits
			value = uint64(int64(int32(value)))
		}
		return fmt.Sprintf("[%s, %d]", seconds, int64(value))
	}
	return fmt.Sprintf("[%s.%0*d]", seconds, digits, value)
}

func straceText(name, text string) string {
	text = regexp.MustCompile(`\d+ /\* (SYSLOG_\w+) \*/`).ReplaceAllString(text, "$1")
	text = regexp.MustCompile(` ?/\*.*?\*/`).ReplaceAllString(text, "")
	for _, r := range straceReplacements {
		text = r.from.ReplaceAllStringFunc(text, func(part string) string { return r.to(r.from.FindStringSubmatch(part)) })
	}
	if name == "ioctl" { // which T412 has with the request's number
		text = strings.NewReplacer("TCGETS", "21505", "TIOCGWINSZ", "21523").Replace(text)
	}
	if name == "_llseek" { // whose offset are two arguments
		text = regexp.MustCompile(`\d{6,}`).ReplaceAllStringFunc(text, func(offset string) string {
			value, _ := strconv.ParseUint(offset, 10, 64)
			return fmt.Sprintf("%d, %d", value>>32, value&0xffffffff)
		})
	}
	return text
}

var flagSet = regexp.MustCompile(`\b[A-Z_][A-Z0-9_]+(\|\w+)+`)

// commonText leaves out what says the same: how an address of 0 is written, the order of flags, and bits that are not set.
func commonText(name, text string) string {
	text = strings.ReplaceAll(text, "NULL", "0x0")
	text = flagSet.ReplaceAllStringFunc(text, func(flags string) string {
		sorted := strings.Split(flags, "|")
		slices.Sort(sorted)
		return strings.Join(sorted, "|")
	})
	if name == "perf_event_open" {
		text = regexp.MustCompile(`, \w+=0\b`).ReplaceAllString(text, "")
	}
	return text
}

// saysMore tells whether the texts differ only where strace has an address, since the call failed, and we what is
// there; and where it has what the call only would fill in.
func saysMore(ours, theirs string) bool {
	filledIn := regexp.MustCompile(`\{msg_namelen=\d+\}`)
	a, b := splitArguments(ours), splitArguments(filledIn.ReplaceAllString(theirs, "0xf111ed"))
	address := regexp.MustCompile(`^0x[0-9a-f]{5,}$`)
	return slices.EqualFunc(a, b, func(x, y string) bool {
		return x == y || address.MatchString(y) && (address.MatchString(x) && y == "0xf111ed" || strings.ContainsAny(x[:1], `{["`))
	})
}

// splitArguments splits at commas that stand in no brackets or quotes.
func splitArguments(text string) []string {
	var arguments []string
	depth, begin, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.IndexByte("({[", c) >= 0:
			depth++
		case strings.IndexByte(")}]", c) >= 0:
			depth--
		case c == ',' && depth == 0:
			arguments = append(arguments, text[begin:i])
			begin = i + 2
		}
	}
	return append(arguments, text[begin:])
}

// textShapes: T412, word for word; an address as 0x1234 here.
func (g *guestTest) textShapes(t *testing.T, module string) {
	_, stdout, stderr := g.run(t, "staprun", "-c", "/tmp/systemcall-text shapes", module)
	address := regexp.MustCompile(`\b0x[0-9a-f]{5,}\b`)
	var got []string
	for _, c := range tracedCalls(t, stdout, ourLine) {
		got = append(got, c.name+" "+address.ReplaceAllString(c.arguments, "0x1234"))
	}
	want := []string{
		`openat AT_FDCWD, "/tmp/x", O_RDWR|O_CREAT, 0644`,
		`openat AT_FDCWD, "/tmp/x", O_RDONLY`,
		`read 3, 0x1234, 512`,
		`write 3, "data", 4`,
		`write 3, "12345678901234567890123456789012345678901234567890"..., 51`,
		`close 3`,
		`ioctl -1, 21505, 0x1234`,
		`mmap 0x0, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0`,
		`execve "/bin/no such", ["ls", "-l"], ["HOME=/root"]`,
		`connect -1, {AF_INET, 127.0.0.1, 80}, 16`,
		`kill 999999, SIGTERM`,
		`nanosleep [1.000000000], 0x1234`,
		`wait4 -1, 0x0, WNOHANG, 0x0`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), stderr)
	}
}
