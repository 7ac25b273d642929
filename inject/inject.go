// Package inject writes scripts that make a kernel's functions, system calls, disks and the network fail: what stap inject runs.
//
// In goes what a command line says, out comes a script in the SystemTap language that uses the library's faults
// (tapsets/fault.stp). For
//
//	stap inject syscall openat --return EACCES --match 'filename=/etc/*' --every 3
//
// that is
//
//	probe begin { fault_set("openat", "every=3 match=/etc/*") }
//
//	probe kernel.function("sys_openat").call
//	{
//		if (fault_on("openat", user_string($filename, "")))
//			override_return(-13)
//	}
//
// A script has three parts: where (a probe point, and what a call says of itself), when (the settings, which the
// runtime understands), and what (statements). Each kind of fault gives the first and the last (kinds, in the other
// files); a new kind is added there.
package inject

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// UserError is a request that makes no sense.
type UserError struct {
	Message string
	Hint    string
}

// Error gives the message without the hint.
func (e *UserError) Error() string { return e.Message }

func wrong(hint, format string, arguments ...any) error {
	return &UserError{fmt.Sprintf(format, arguments...), hint}
}

// Request is a fault as a user asks for it. What is "" or 0 is not asked for.
type Request struct {
	Kind string // one of Kinds
	Of   string // the function, system call
	Name string // of the fault; "": Of or Kind

	Module   string   // of a function: the kernel's module that it is in
	Settings []string // when: words of fault_set()
	Match    string   // a pattern for what the call names; of functions "PARAMETER=PATTERN"
	Range    string   // "LOW-HIGH", or of functions "PARAMETER=LOW-HIGH"

	Return    string        // what the caller gets: an error's name, NULL, or a number
	Arguments []string      // NAME=VALUE
	Flip      string        // "PARAMETER", "PARAMETER:LENGTH": a bit of what is there when the function has run
	Delay     time.Duration // the call begins so much later

	Disk        string // of disks: its name
	On          string // "read", "write", or both
	MediumError bool
	Sense       string // KEY/CODE/QUALIFIER
	Host        string // a host byte, by its name
	Drop        bool   // what the driver has done never comes back
	Escalate    bool   // and aborts of it fail, so that resets follow

	Allocator string // of memory: one of Allocators

	Port      int    // of packets: the sender's or the receiver's
	Device    string // the one that they leave by
	Duplicate bool
	Corrupt   bool
}

// part is what a kind of fault puts into the script.
type part struct {
	point  string   // of the probe
	when   string   // a condition of its own; "": none
	text   string   // an expression for the text that a call names; "": it names none
	number string   // likewise its first number
	count  string   // and how many
	does   []string // statements
	more   string   // probes beside it
}

// kinds are the faults that there are.
var kinds = map[string]func(*Request) (*part, error){
	"function": function,
	"syscall":  systemCall,
	"scsi":     scsi,
	"block":    block,
	"network":  network,
	"memory":   memory,
}

// Kinds lists them.
func Kinds() []string {
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Script writes the script.
func (r *Request) Script() (string, error) {
	kind := kinds[r.Kind]
	if kind == nil {
		return "", wrong("the kinds are "+strings.Join(Kinds(), ", "), "there is no fault of kind '%s'", r.Kind)
	}
	p, err := kind(r)
	if err != nil {
		return "", err
	}
	if len(p.does) == 0 {
		return "", wrong("say what happens, as in --return EIO or --delay 50ms", "what shall happen at %s?", r.about())
	}
	name := r.faultName()
	for _, setting := range r.Settings {
		if err := checkSetting(setting); err != nil {
			return "", err
		}
	}
	settings := slices.Clone(r.Settings)
	if len(settings) == 0 {
		settings = []string{"on"}
	}
	var s strings.Builder
	fmt.Fprintf(&s, "probe begin { fault_set(%q, %q) }\n\nprobe %s\n{\n\tif (%s%s)", name, strings.Join(settings, " "), p.point, p.when, p.question(name))
	if len(p.does) > 1 {
		s.WriteString(" {")
	}
	for _, statement := range p.does {
		s.WriteString("\n\t\t" + statement)
	}
	if len(p.does) > 1 {
		s.WriteString("\n\t}")
	}
	s.WriteString("\n}\n" + p.more)
	return s.String(), nil
}

// settingForms are what settings that are no names look like; the runtime says it too, but not before the kernel runs.
var settingForms = map[string]*regexp.Regexp{
	"probability": regexp.MustCompile(`^\d+(\.\d+)?(%|/[1-9]\d*)?$`),
	"seed":        regexp.MustCompile(`^(\d+|0x[0-9a-fA-F]+)$`),
	"every":       regexp.MustCompile(`^[1-9]\d*$`),
	"skip":        regexp.MustCompile(`^\d+$`),
	"times":       regexp.MustCompile(`^\d+$`),
	"after":       regexp.MustCompile(`^\d+(ns|us|ms|s)$`),
	"pid":         regexp.MustCompile(`^[1-9]\d*$`),
	"range":       regexp.MustCompile(`^-?\w+(--?\w+)?$`),
}

func checkSetting(setting string) error {
	name, value, _ := strings.Cut(setting, "=")
	if form := settingForms[name]; form != nil && !form.MatchString(value) {
		return wrong("stap inject --help shows the forms", "--%s %s cannot be", name, value)
	}
	if strings.ContainsAny(value, " \t,\"\\\n") {
		return wrong("* and ? stand for other letters", "--%s %q: a setting is one word", name, value)
	}
	return nil
}

// question is the expression that tells whether the call fails.
func (p *part) question(name string) string {
	words := []string{strconv.Quote(name)}
	function := "fault"
	if p.text != "" {
		function = "fault_on"
		words = append(words, p.text)
	}
	switch {
	case p.count != "":
		words = append(words, p.number, p.count)
	case p.number != "" && p.text != "":
		words = append(words, p.number, "1")
	case p.number != "":
		words = append(words, p.number)
	}
	return function + "(" + strings.Join(words, ", ") + ")"
}

func (r *Request) about() string { return strings.TrimSpace(r.Kind + " " + r.Of) }

// faultName is a word for the fault.
func (r *Request) faultName() string {
	name := r.Name
	if name == "" {
		name = r.Of
	}
	if name == "" {
		name = r.Kind
	}
	return name[:min(len(name), 31)]
}

// result reads --return: the number that a function gives.
func result(text string) (int64, error) {
	if text == "NULL" {
		return 0, nil
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		if n < -4095 && n >= -65535 {
			return 0, wrong("", "--return %s: no kernel takes that for an error: they are from -1 to -4095", text)
		}
		return n, nil
	}
	name := strings.TrimPrefix(text, "-")
	for number := unix.Errno(1); number < 4096; number++ {
		if unix.ErrnoName(number) == name {
			return -int64(number), nil
		}
	}
	return 0, wrong("an error is named as in errno(3): EIO, ENOMEM, …; or give a number, or NULL", "--return %s: there is no such error", text)
}

// named splits PARAMETER=VALUE, and makes a target variable of the first.
func named(option, text string) (variable, value string, err error) {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" || value == "" || strings.ContainsAny(name, " ;{}\"'()") {
		return "", "", wrong("stap -L 'kernel.function(\"NAME\")' lists the parameters", "%s takes PARAMETER=VALUE, not '%s'", option, text)
	}
	return "$" + strings.TrimPrefix(name, "$"), value, nil
}

// milliseconds is a delay as scripts have it.
func milliseconds(delay time.Duration) (int64, error) {
	if delay < time.Millisecond || delay > time.Hour {
		return 0, wrong("", "--delay %v: a call is delayed by a millisecond to an hour", delay)
	}
	return delay.Milliseconds(), nil
}

// names lists the keys of a table.
func names(table map[string]int) string {
	return strings.Join(slices.Sorted(maps.Keys(table)), ", ")
}
