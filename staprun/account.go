package staprun

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// StatsJSON is the value of Options.Stats that asks for the session's account as JSON.
const StatsJSON = "json"

// account is what a session did: what --stats=json prints, as one object.
type account struct {
	Unit      string         `json:"unit"`  // of times: cycles or nsecs
	Timed     bool           `json:"timed"` // every hit was timed, not one of 64
	Errors    int64          `json:"errors"`
	Skipped   int64          `json:"skipped"` // hits that count toward MAXSKIPPED
	Shed      int64          `json:"shed"`    // times that a probe was switched off for a limit
	StartTime uint64         `json:"start_time"`
	Probes    []probeCount   `json:"probes"`
	Globals   []globalCount  `json:"globals"`
	Faults    []faultCount   `json:"faults,omitempty"`
	Transport transportCount `json:"transport"`
}

// probeCount is the account of a probe. The mechanism called for it Hits + the sum
// of Skips times; what the kernel itself had no room to follow is in Missed.
type probeCount struct {
	Index   int               `json:"index"`
	Point   string            `json:"point"`
	Place   string            `json:"place"` // in the script, file:line:column
	From    string            `json:"from"`  // the points that it comes from, through aliases
	Hits    uint64            `json:"hits"`
	Samples uint64            `json:"samples"` // hits that were timed
	Time    uint64            `json:"time"`    // of the samples
	Skips   map[string]uint64 `json:"skips"`   // by reason
	Missed  uint64            `json:"missed"`  // of them, what the kernel did not follow
	Held    []string          `json:"held"`    // why it was switched off in the end

	least, most uint64
	squares     *big.Int
}

type globalCount struct {
	Name     string `json:"name"`
	Waits    uint64 `json:"waits"`
	Timeouts uint64 `json:"timeouts"`
}

// transportCount is the account of the output: Produced = Delivered + Lost.
type transportCount struct {
	Produced  outputCount `json:"produced"`
	Delivered outputCount `json:"delivered"`
	Lost      outputCount `json:"lost"`
}

type outputCount struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

func (c *outputCount) add(messages, bytes int) {
	c.Messages += uint64(messages)
	c.Bytes += uint64(bytes)
}

// heldNames are the bits of a probe's held, enum stap_hold of runtime-c/stap/runtime.h.
var heldNames = []string{"condition", "overload", "monitor", "pause"}

// neverCounted are skips that are as they should be: nothing of the script is lost.
var neverCounted = map[string]bool{"held": true, "session not running": true}

// accounts prints what is to be said of the session's account in the end.
func (s *session) accounts() error {
	count := s.summary
	if count["timed"] == 0 && s.options.Stats == "" && count["skipped"] == 0 {
		return nil
	}
	file, err := os.Open(filepath.Join(procRoot, s.module.name, "account"))
	if err != nil {
		return err
	}
	defer file.Close()
	a, err := readAccount(file)
	if err != nil {
		return err
	}
	a.Errors, a.Skipped, a.Shed, a.StartTime = count["errors"], count["skipped"], count["shed"], uint64(count["start_time"])
	a.Transport = s.transport()
	if s.faults != nil {
		a.Faults = s.faults.counts
	}
	if s.options.Stats == StatsJSON {
		return json.NewEncoder(s.options.Stderr).Encode(a)
	}
	if a.Timed {
		_, err := io.WriteString(s.options.Stderr, a.table())
		return err
	}
	for _, line := range a.reasons() {
		s.warn(line)
	}
	return nil
}

// delivered is what arrived of the session's output: here, and with those that read it before.
func (s *session) delivered() outputCount {
	d := s.output.count()
	d.add(int(s.attached["delivered"]), int(s.attached["delivered_bytes"]))
	return d
}

// transport is the account of the output. What was produced is the module's count,
// what was delivered that of its readers.
func (s *session) transport() transportCount {
	count := s.summary
	t := transportCount{Delivered: s.delivered()}
	t.Produced.add(int(count["produced"]+count["dropped"]), int(count["produced_bytes"]+count["dropped_bytes"]))
	t.Lost.Messages = t.Produced.Messages - t.Delivered.Messages
	t.Lost.Bytes = t.Produced.Bytes - t.Delivered.Bytes
	return t
}

// readAccount reads the module's file, whose form runtime-c/stap/account.c tells.
func readAccount(from io.Reader) (*account, error) {
	a := &account{Unit: "cycles", Probes: []probeCount{}, Globals: []globalCount{}}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		numbers, texts := numbersOf(fields[1:])
		switch {
		case fields[0] == "unit" && len(fields) == 3:
			a.Unit, a.Timed = fields[1], fields[2] != "0"
		case fields[0] == "probe" && len(numbers) == 9 && len(texts) == 3:
			a.Probes = append(a.Probes, probeOf(numbers, texts))
		case fields[0] == "skip" && len(numbers) == 2 && len(texts) == 2 && len(a.Probes) > 0:
			p := &a.Probes[len(a.Probes)-1]
			p.Skips[texts[0]] = numbers[1]
			if strings.HasPrefix(texts[0], "missed ") {
				p.Missed += numbers[1]
			}
		case fields[0] == "global" && len(fields) == 4:
			g := globalCount{Name: fields[1]}
			g.Waits, _ = strconv.ParseUint(fields[2], 10, 64)
			g.Timeouts, _ = strconv.ParseUint(fields[3], 10, 64)
			a.Globals = append(a.Globals, g)
		default:
			return nil, fmt.Errorf("line %q is not understood", lines.Text())
		}
	}
	return a, lines.Err()
}

func probeOf(numbers []uint64, texts []string) probeCount {
	p := probeCount{
		Index: int(numbers[0]), Hits: numbers[2], Samples: numbers[3], Time: numbers[4], least: numbers[5], most: numbers[6],
		Point: texts[0], Place: texts[1], From: texts[2], Skips: map[string]uint64{}, Held: []string{},
	}
	for bit, name := range heldNames {
		if numbers[1]>>bit&1 != 0 {
			p.Held = append(p.Held, name)
		}
	}
	p.squares = new(big.Int).Lsh(new(big.Int).SetUint64(numbers[7]), 64)
	p.squares.Add(p.squares, new(big.Int).SetUint64(numbers[8]))
	return p
}

// numbersOf gives the numbers that fields begin with, and the rest.
func numbersOf(fields []string) (numbers []uint64, rest []string) {
	for i, field := range fields {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return numbers, fields[i:]
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// table is the report of -t.
func (a *account) table() string {
	var hits, skips []string
	for _, p := range a.Probes {
		if p.Samples > 0 {
			hits = append(hits, p.line(a.Unit))
		}
		for _, why := range p.reasons() {
			skips = append(skips, skipLine(why, p.Point, p.Skips[why]))
		}
	}
	report := slices.Concat([]string{"----- probe hit report: "}, hits, skips, a.contention(),
		[]string{"----- module init report: ", fmt.Sprintf("%s: %d", a.Unit, a.StartTime)},
		[]string{"----- transport report: ", a.Transport.String()})
	return strings.Join(report, "\n") + "\n"
}

// reasons gives why hits of the probe were skipped that should not have been, in
// the order of their names.
func (p *probeCount) reasons() []string {
	var whys []string
	for why := range p.Skips {
		if !neverCounted[why] && why != "global lock timeout" { // globals have lines of their own
			whys = append(whys, why)
		}
	}
	slices.Sort(whys)
	return whys
}

func skipLine(why, point string, n uint64) string {
	return fmt.Sprintf("Skipped due to %s on '%s': %d", why, point, n)
}

// contention tells of the globals that were waited for.
func (a *account) contention() []string {
	var lines []string
	for _, g := range a.Globals {
		if g.Waits > 0 {
			lines = append(lines, fmt.Sprintf("'%s' lock contention occurred %d times", g.Name, g.Waits))
		}
	}
	return append(lines, a.timeouts()...)
}

func (a *account) timeouts() []string {
	var lines []string
	for _, g := range a.Globals {
		if g.Timeouts > 0 {
			lines = append(lines, fmt.Sprintf("Skipped due to global '%s' lock timeout: %d", g.Name, g.Timeouts))
		}
	}
	return lines
}

// reasons tells why hits were skipped that count toward MAXSKIPPED.
func (a *account) reasons() []string {
	lines := a.timeouts()
	for _, p := range a.Probes {
		if n := p.Skips["low stack"]; n > 0 {
			lines = append(lines, skipLine("low stack", p.Point, n))
		}
	}
	return lines
}

// line is a probe's line of the table.
func (p *probeCount) line(unit string) string {
	return fmt.Sprintf("%s, (%s), hits: %d, %s: %dmin/%davg/%dmax, variance: %s, from: %s, index: %d",
		p.Point, p.Place, p.Hits, unit, p.least, p.Time/max(p.Samples, 1), p.most, variance(p.Samples, p.Time, p.squares), p.From, p.Index)
}

// variance is that of n numbers, by their sum and that of their squares, rounded
// down: (n squares - sum²) / n².
func variance(n, sum uint64, squares *big.Int) *big.Int {
	if n == 0 {
		return new(big.Int)
	}
	count, total := new(big.Int).SetUint64(n), new(big.Int).SetUint64(sum)
	v := new(big.Int).Mul(count, squares)
	v.Sub(v, total.Mul(total, total))
	return v.Quo(v, count.Mul(count, count))
}

// String is a line of text.
func (t transportCount) String() string {
	return fmt.Sprintf("messages of output: %d produced, %d delivered, %d lost; bytes: %d produced, %d delivered, %d lost",
		t.Produced.Messages, t.Delivered.Messages, t.Lost.Messages, t.Produced.Bytes, t.Delivered.Bytes, t.Lost.Bytes)
}

// limitNames are the limits of a session (runtime-c/stap/limits.c).
var limitNames = []string{"maxerrors", "maxskipped", "maxaction", "maxtrylock", "overload_interval", "overload_threshold", "strict"}

// CheckLimit says what is wrong with a "NAME=VALUE" of --set.
func CheckLimit(setting string) error {
	name, value, found := strings.Cut(setting, "=")
	if !found || !slices.Contains(limitNames, name) {
		return &UserError{
			Message: fmt.Sprintf("--set %s: there is no such limit", setting),
			Hint:    "NAME=VALUE with one of: " + strings.Join(limitNames, ", "),
		}
	}
	if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < 0 {
		return &UserError{Message: fmt.Sprintf("--set %s: the value is not a number from 0 on", setting)}
	}
	return nil
}

// setLimits gives the module the limits that were asked for, before the start.
func (s *session) setLimits() error {
	for _, setting := range s.options.Limits {
		text := []byte(strings.Replace(setting, "=", " ", 1))
		if err := os.WriteFile(filepath.Join(s.module.folder(), "limits"), text, 0); err != nil {
			return &UserError{Message: fmt.Sprintf("--set %s: the module does not take it: %v", setting, err), Cause: err}
		}
	}
	return nil
}

// check says what is wrong with the options.
func (o *Options) check() error {
	var errs []error
	if o.Stats != "" && o.Stats != StatsJSON {
		errs = append(errs, &UserError{Message: fmt.Sprintf("--stats=%s: the form that there is: json", o.Stats)})
	}
	for _, setting := range o.Limits {
		errs = append(errs, CheckLimit(setting))
	}
	return errors.Join(errs...)
}
