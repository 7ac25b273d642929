package vm

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/gostap/gostap/staprun/vm/guest"
)

// consoleLimit is how much of a guest's console is kept: the newest.
const consoleLimit = 4 << 20

// console collects what the guest's kernel prints.
type console struct {
	mutex      sync.Mutex
	text       []byte
	partial    []byte // the last line while it is incomplete
	complaints []string
	fatal      fate
}

// fate is what a console tells of a guest's end, each a line or empty.
type fate struct {
	panicked  string // the kernel's panic
	starved   string // memory ran out
	lastWords string // of the first process
}

// readFrom reads the console until QEMU is gone.
func (c *console) readFrom(r io.Reader) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		c.add(buffer[:n])
		if err != nil {
			return
		}
	}
}

func (c *console) add(data []byte) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	data = bytes.ReplaceAll(data, []byte{'\r'}, nil)
	c.text = append(c.text, data...)
	if len(c.text) > 2*consoleLimit {
		c.text = append(c.text[:0], c.text[len(c.text)-consoleLimit:]...)
	}
	c.partial = append(c.partial, data...)
	for {
		line, rest, complete := bytes.Cut(c.partial, []byte{'\n'})
		if !complete {
			return
		}
		c.judge(string(line))
		c.partial = rest
	}
}

func (c *console) judge(line string) {
	message, fromKernel := kernelMessage(line)
	if !fromKernel {
		if words, found := strings.CutPrefix(line, guest.LastWords); found {
			c.fatal.lastWords = words
		}
		return
	}
	if complaint(message) {
		c.complaints = append(c.complaints, line)
	}
	if c.fatal.panicked == "" && strings.HasPrefix(message, "Kernel panic") {
		c.fatal.panicked = message
	}
	if c.fatal.starved == "" && starvation.MatchString(message) {
		c.fatal.starved = message
	}
}

func (c *console) string() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return string(c.text)
}

func (c *console) allComplaints() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]string(nil), c.complaints...)
}

func (c *console) fate() fate {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.fatal
}

// telling returns the lines that say what went wrong: from some before the
// kernel's first complaint on, up to complaintLines, or the newest quietLines.
func (c *console) telling() []string {
	var lines []string
	for line := range strings.Lines(c.string()) {
		if line = strings.TrimRight(line, " \n"); line != "" {
			lines = append(lines, line)
		}
	}
	for i, line := range lines {
		if message, fromKernel := kernelMessage(line); fromKernel && complaint(message) {
			lines = lines[max(0, i-linesBefore):]
			return lines[:min(len(lines), complaintLines)]
		}
	}
	return lines[max(0, len(lines)-quietLines):]
}

// How much of a console is quoted: a complaint's first lines tell the most, and
// a second one may follow from it.
const (
	linesBefore    = 5
	complaintLines = 200
	quietLines     = 15
)

var (
	// Every kernel line has a time stamp, perhaps with the thread or CPU that
	// printed it; a program's line on the console has none.
	stamp = regexp.MustCompile(`^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? (.*)$`)

	starvation = regexp.MustCompile(
		`^(?:Initramfs unpacking failed: write error|Kernel panic - not syncing: .*(?:[Oo]ut of memory|no killable processes|deadlocked on memory))`)

	// One alternative for each kind of complaint. What may stand before it is
	// a subsystem's prefix, as in "rcu: INFO: rcu_sched self-detected stall".
	complaints = regexp.MustCompile(`^(?:\w+: )?(?:` + strings.Join([]string{
		`WARNING: `,
		`BUG: `,
		`kernel BUG at `,
		`Oops: `,
		`Kernel panic`,
		`general protection fault`,
		`divide error: `,
		`invalid opcode: `,
		`stack segment: `,
		`double fault: `,
		`traps: .* in \[`,
		`unchecked MSR access error`,
		`Call [Tt]race:`,
		`INFO: .*(?:stall|blocked for more than|possible recursive|lock held|inconsistent lock)`,
		`INFO: (?:rcu|task|trying to register)`,
		`rcu_\w+ kthread .*(?:starved|stall)`,
		`(?:UBSAN|KASAN|KCSAN|KFENCE|ODEBUG|KMSAN): `,
		`refcount_t: `,
		`list_(?:add|del) corruption`,
		`============+ *$`,
		`-+\[ cut here \]-+`,
		`\[ (?:BUG|INFO): `,
		`unregister_netdevice: waiting`,
		`Bad page`,
		`-+\[ ftrace bug \]-+`,
		`[Uu]nable to handle `,
		`Internal error: `,
	}, "|") + `)`)
)

// kernelMessage takes the time stamp off a line of the kernel's.
func kernelMessage(line string) (message string, fromKernel bool) {
	match := stamp.FindStringSubmatch(line)
	if match == nil {
		return "", false
	}
	return match[1], true
}

// complaint reports whether a kernel message tells of something that must
// not happen. That a module was not built and signed with the kernel is said
// of every module of ours, and is none.
func complaint(message string) bool {
	return complaints.MatchString(message)
}
