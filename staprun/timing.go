package staprun

import (
	"bufio"
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

// timing prints what each probe cost, of a module that was built to count it
// (stap -t).
func (s *session) timing() error {
	file, err := os.Open(filepath.Join(procRoot, s.module.name, "timing"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return writeTiming(s.options.Stderr, file)
}

// writeTiming turns the module's file, whose form runtime-c/stap/timing.c tells,
// into the report.
func writeTiming(w io.Writer, from io.Reader) error {
	unit := "cycles"
	hits, skips, globals := []string{}, []string{}, []string{}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		numbers, texts := numbersOf(fields[1:])
		switch {
		case fields[0] == "unit" && len(texts) == 1:
			unit = texts[0]
		case fields[0] == "probe" && len(numbers) == 7 && len(texts) == 3:
			hits = append(hits, hitLine(unit, numbers, texts))
		case fields[0] == "skip" && len(numbers) == 2 && len(texts) == 2:
			skips = append(skips, fmt.Sprintf("%s, index: %d, skipped due to %s: %d", texts[1], numbers[0], texts[0], numbers[1]))
		case fields[0] == "global" && len(fields) == 4:
			waits, _ := strconv.Atoi(fields[2])
			timeouts, _ := strconv.Atoi(fields[3])
			if waits > 0 {
				globals = append(globals, fmt.Sprintf("'%s' lock contention occurred %d times", fields[1], waits))
			}
			if timeouts > 0 {
				globals = append(globals, fmt.Sprintf("Skipped due to global '%s' lock timeout: %d", fields[1], timeouts))
			}
		default:
			return fmt.Errorf("line %q is not understood", lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	report := append([]string{"----- probe hit report: "}, hits...)
	report = slices.Concat(report, skips, globals)
	_, err := fmt.Fprintln(w, strings.Join(report, "\n"))
	return err
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

// hitLine is a probe's line: index, hits, least, most, sum, and the squares' sum in
// two words; point, place and origin.
func hitLine(unit string, numbers []uint64, texts []string) string {
	index, hits, least, most, sum := numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
	squares := new(big.Int).Lsh(new(big.Int).SetUint64(numbers[5]), 64)
	squares.Add(squares, new(big.Int).SetUint64(numbers[6]))
	return fmt.Sprintf("%s, (%s), hits: %d, %s: %dmin/%davg/%dmax, variance: %s, from: %s, index: %d",
		texts[0], texts[1], hits, unit, least, sum/max(hits, 1), most, variance(hits, sum, squares), texts[2], index)
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
