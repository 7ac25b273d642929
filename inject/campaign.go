package inject

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// This file is campaigns: a command runs again and again, and each time another call site of an allocator finds no memory,
// under one system call, until there is no site that has not failed once.
//
// A site is the way that led to it, the addresses on the stack. The script knows those that have failed and lets the next
// one fail; a loop in the shell runs the command, asks for one fault more each time, and says how it went. When the kernel
// dies of one, the next guest passes by as many as have failed before: the kernel is at the same addresses there, and the
// command does the same.

// Campaign is what to run.
type Campaign struct {
	SystemCall string
	Allocator  string // "slab" or "pages"
	Command    string
	Most       int  // sites; 0: all
	EachCall   bool // not each site fails once, but each call
}

// Allocators are those that a campaign knows.
var Allocators = []string{"slab", "pages"}

// siteWord begins the lines of the script and of the loop.
const siteWord = "campaign:"

// Script writes the script; the global first is the number of sites that are passed by.
func (c *Campaign) Script() (string, error) {
	if c.SystemCall == "" || strings.ContainsAny(c.SystemCall, " \"\\*?") {
		return "", wrong("as in stap inject campaign openat -c 'cat /etc/hostname'", "under which system call shall memory be missing?")
	}
	if c.Command == "" {
		return "", wrong("-c COMMAND: it runs once for each site", "which command shall run?")
	}
	if !slices.Contains(Allocators, c.Allocator) {
		return "", wrong("they are "+strings.Join(Allocators, ", "), "--allocator %s: there is no such allocator", c.Allocator)
	}
	way := "callers(-1)"
	if c.EachCall { // the loop lets those pass that have failed
		way = `sprintf("%d", sites + 1)`
	}
	return fmt.Sprintf(`global inside, seen, sites, failed, first

probe begin {
	fault_set("memory", "target times=0")
	first += 0 // what the module is loaded with
}

probe kernel.function("sys_%[2]s").call { if (pid() != target() && target_set_pid(pid())) inside[tid()] = 1 }

probe allocation.%[3]s
{
	if (!(tid() in inside) || allocation_must_succeed(flags))
		next
	way = %[4]s
	if (way in seen || !fault("memory"))
		next
	seen[way] = ++sites
	if (sites == first) {
		printf("%[1]s passed %%d %%s\n", sites, ppfunc())
		print_backtrace()
	}
	if (sites <= first)
		next
	failed[tid()] = sites
	printf("%[1]s site %%d %%s\n", sites, ppfunc())
	print_backtrace()
	override_return(0)
}

probe kernel.function("sys_%[2]s").return
{
	delete inside[tid()]
	if (tid() in failed)
		printf("%[1]s result %%d %%d\n", failed[tid()], $return)
	delete failed[tid()]
}
`, siteWord, c.SystemCall, c.Allocator, way), nil
}

// Loop is the shell's part. It is the command of the session, so what it runs descends from the target.
func (c *Campaign) Loop() string {
	most := ""
	if c.Most > 0 {
		most = fmt.Sprintf(`[ $((n = n + 1)) -le %d ] || exit 0; `, c.Most)
	}
	passes := ""
	if c.EachCall {
		passes = "reset target skip=$injected "
	}
	return `exec 3>&1 > /dev/null 2>&1
file=$(echo /proc/systemtap/*/faults); leaks=/sys/kernel/debug/kmemleak; before=; complaints=0; n=0
injected() { while read -r line; do case $line in memory\ *) line=${line##*injected=}; injected=${line%% *};; esac; done < $file; }
while :; do ` + most + `
	usleep 50000 # what was printed before is out of the machine when that dies
	injected; echo "memory ` + passes + `times=1" > $file; before=$injected
	( ` + c.Command + `
	)
	status=$?; injected; [ "$injected" != "$before" ] || break
	[ -e $leaks ] && echo scan > $leaks && sleep 5 && echo scan > $leaks
	leaked=unknown; [ -e $leaks ] && leaked=$(grep -c ^unreferenced $leaks) && echo clear > $leaks
	now=$(dmesg | grep -c -e BUG: -e WARNING: -e Oops -e "general protection")
	echo "` + siteWord + ` run $injected $status $((now - complaints)) $leaked" >&3; complaints=$now
done
echo "` + siteWord + ` end" >&3`
}

// Site is what came of one, or of a call.
type Site struct {
	Number     int      `json:"number"`
	Function   string   `json:"function"` // that gave no memory
	Backtrace  []string `json:"backtrace"`
	Returned   bool     `json:"returned"` // the system call did
	Result     int64    `json:"result"`
	Status     int      `json:"status"`     // of the command
	Complaints int      `json:"complaints"` // of the kernel
	Leaks      string   `json:"leaks"`      // a number, or "unknown"
	Crashed    bool     `json:"crashed"`    // the kernel did not live on
	ran        bool     // the command has ended, or the kernel
}

// noMemory is the result of a system call that had none.
const noMemory = -12

// Verdict says what is wrong with it; "" is nothing.
func (s *Site) Verdict() string {
	switch {
	case s.Crashed:
		return "the kernel crashed"
	case s.Complaints > 0:
		return fmt.Sprintf("the kernel complained %d times", s.Complaints)
	case s.Leaks != "unknown" && s.Leaks != "0" && s.Leaks != "":
		return s.Leaks + " objects leaked"
	case s.Returned && s.Result < 0 && s.Result >= -4095 && s.Result != noMemory:
		return fmt.Sprintf("it returned %d, which is not -ENOMEM", s.Result)
	}
	return ""
}

// Report collects the sites of a campaign from what its script and its loop print.
type Report struct {
	SystemCall string `json:"system_call"`
	Sites      []Site `json:"sites"`
	Complete   bool   `json:"complete"`  // no site is left
	EachCall   bool   `json:"each_call"` // the sites are calls
	framesOf   int    // the site whose backtrace follows; 0: none
}

// site gives one by its number. What the script prints and what the loop prints come in any order.
func (r *Report) site(number string) *Site {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 1<<20 {
		return &Site{}
	}
	for len(r.Sites) < n {
		r.Sites = append(r.Sites, Site{Number: len(r.Sites) + 1, Function: unknownSite, Leaks: "unknown"})
	}
	return &r.Sites[n-1]
}

// unknownSite is the function of a site of which the kernel died before it could say which it is; the next guest passes it
// by, and says so.
const unknownSite = "?"

// Read takes a line of the output; those that are not the campaign's do not matter.
func (r *Report) Read(line string) {
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != siteWord {
		if r.framesOf > 0 && len(words) > 0 {
			site := &r.Sites[r.framesOf-1]
			site.Backtrace = append(site.Backtrace, strings.TrimSpace(line))
		}
		return
	}
	r.framesOf = 0
	switch {
	case words[1] == "end":
		r.Complete = true
	case (words[1] == "site" || words[1] == "passed") && len(words) == 4:
		if site := r.site(words[2]); site.Function == unknownSite {
			site.Function = words[3]
			r.framesOf = site.Number
		}
	case words[1] == "result" && len(words) == 4:
		site := r.site(words[2])
		site.Result, _ = strconv.ParseInt(words[3], 10, 64)
		site.Returned = true
	case words[1] == "run" && len(words) == 6:
		site := r.site(words[2])
		if site.ran { // in a guest before
			break
		}
		site.ran = true
		site.Status, _ = strconv.Atoi(words[3])
		site.Complaints, _ = strconv.Atoi(words[4])
		site.Leaks = words[5]
	}
}

// ReadAll takes all lines there are.
func (r *Report) ReadAll(from io.Reader) error {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		r.Read(lines.Text())
	}
	return lines.Err()
}

// Died takes note that the kernel did not live on.
func (r *Report) Died() {
	r.framesOf = 0
	if n := len(r.Sites); n == 0 || r.Sites[n-1].ran {
		r.site(strconv.Itoa(n + 1))
	}
	last := &r.Sites[len(r.Sites)-1]
	last.Crashed, last.ran = true, true
}

// Wrong counts the sites with which something is.
func (r *Report) Wrong() int {
	n := 0
	for i := range r.Sites {
		if r.Sites[i].Verdict() != "" {
			n++
		}
	}
	return n
}

// String is the report as text: a line for each site, and for those with which something is wrong how it came there.
func (r *Report) String() string {
	var s strings.Builder
	for i := range r.Sites {
		site := &r.Sites[i]
		result := "did not return"
		if site.Returned {
			result = fmt.Sprintf("returned %d", site.Result)
		}
		fmt.Fprintf(&s, "%4d  %-28s %s, the command %d", site.Number, site.Function, result, site.Status)
		if verdict := site.Verdict(); verdict != "" {
			fmt.Fprintf(&s, "  %s\n", strings.ToUpper(verdict[:1])+verdict[1:])
			for _, frame := range site.Backtrace {
				s.WriteString("        " + frame + "\n")
			}
			continue
		}
		s.WriteString("\n")
	}
	state := "all that there are"
	if !r.Complete {
		state = "there may be more"
	}
	what := "call sites"
	if r.EachCall {
		what = "calls"
	}
	leaks := ""
	if len(r.Sites) > 0 && r.Sites[len(r.Sites)-1].Leaks == "unknown" {
		leaks = "; whether memory leaked is unknown: this kernel has no kmemleak"
	}
	fmt.Fprintf(&s, "%s: %d %s had no memory, %s; something is wrong with %d%s\n", r.SystemCall, len(r.Sites), what, state, r.Wrong(), leaks)
	return s.String()
}

// JSON is the report for machines.
func (r *Report) JSON() ([]byte, error) {
	text, err := json.Marshal(r)
	return append(text, '\n'), err
}

// JUnit is the report in the form of JUnit: a case for each site.
func (r *Report) JUnit() ([]byte, error) {
	type message struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testCase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *message `xml:"failure"`
	}
	suite := struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testCase `xml:"testcase"`
	}{Name: r.SystemCall, Tests: len(r.Sites), Failures: r.Wrong()}
	for i := range r.Sites {
		site := &r.Sites[i]
		c := testCase{Class: r.SystemCall, Name: fmt.Sprintf("site %d: %s", site.Number, site.Function)}
		if verdict := site.Verdict(); verdict != "" {
			c.Failure = &message{verdict, strings.Join(site.Backtrace, "\n")}
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}
