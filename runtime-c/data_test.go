package runtimec_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// compileC compiles a program of testdata against the runtime's headers, with
// all warnings and both sanitizers.
func compileC(t *testing.T, source string) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc-12")
	if err != nil {
		if compiler, err = exec.LookPath("gcc"); err != nil {
			t.Fatal("no C compiler: run ./setup guest")
		}
	}
	program := filepath.Join(t.TempDir(), "program")
	output, err := exec.Command(compiler, "-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined",
		"-fno-sanitize-recover=all", "-I", "stap", "-o", program, filepath.Join("testdata", source)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// element is what an array is believed to hold, the oldest first unless sorted.
type element struct {
	text   string
	number int64
	value  int64
	born   int
}

// arrayModel is what array.h promises.
type arrayModel struct {
	elements []element
	births   int
	capacity int
	wrap     bool
}

func (m *arrayModel) at(text string, number int64) int {
	return slices.IndexFunc(m.elements, func(e element) bool { return e.text == text && e.number == number })
}

func (m *arrayModel) set(text string, number, value int64) string {
	if i := m.at(text, number); i >= 0 {
		m.elements[i].value = value
		return "ok"
	}
	if len(m.elements) == m.capacity {
		if !m.wrap {
			return "full"
		}
		oldest := 0
		for i, e := range m.elements {
			if e.born < m.elements[oldest].born {
				oldest = i
			}
		}
		m.elements = slices.Delete(m.elements, oldest, oldest+1)
	}
	m.births++
	m.elements = append(m.elements, element{text, number, value, m.births})
	return "ok"
}

func (m *arrayModel) sort(member string, order int) {
	slices.SortStableFunc(m.elements, func(x, y element) int {
		switch member {
		case "0":
			return order * strings.Compare(x.text, y.text)
		case "1":
			return order * compare(x.number, y.number)
		}
		return order * compare(x.value, y.value)
	})
}

func compare(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func (m *arrayModel) list() string {
	var b strings.Builder
	for _, e := range m.elements {
		fmt.Fprintf(&b, "%s,%d=%d ", e.text, e.number, e.value)
	}
	return b.String()
}

// step makes an operation up, applies it to the model and gives it with the
// answer.
func (m *arrayModel) step(r *rand.Rand) (operation, answer string) {
	text, number := fmt.Sprintf("k%d", r.Intn(7)), r.Int63n(5)-2
	switch n := r.Intn(100); {
	case n < 50:
		value := r.Int63n(6) - 3
		return fmt.Sprintf("set %s %d %d", text, number, value), m.set(text, number, value)
	case n < 65:
		answer = "none"
		if i := m.at(text, number); i >= 0 {
			answer = fmt.Sprint(m.elements[i].value)
		}
		return fmt.Sprintf("get %s %d", text, number), answer
	case n < 80:
		answer = "none"
		if i := m.at(text, number); i >= 0 {
			m.elements = slices.Delete(m.elements, i, i+1)
			answer = "ok"
		}
		return fmt.Sprintf("delete %s %d", text, number), answer
	case n < 88:
		member, order := []string{"0", "1", "v"}[r.Intn(3)], 1-2*r.Intn(2)
		m.sort(member, order)
		return fmt.Sprintf("sort %s %d", member, order), "ok"
	case n == 88:
		m.elements = nil
		return "clear", "ok"
	}
	return "list", m.list()
}

// TestArray: L161, L163, L164, L176, L180: arrays do what a plain list does, in
// the order of insertion or of the last sort, which is stable; a full one fails or
// loses its oldest element.
func TestArray(t *testing.T) {
	program := compileC(t, "array.c")
	for _, capacity := range []int{1, 2, 5, 20, 100} {
		for _, wrap := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d %v", capacity, wrap), func(t *testing.T) {
				r := rand.New(rand.NewSource(int64(capacity)))
				m := &arrayModel{capacity: capacity, wrap: wrap}
				var operations, want []string
				for range 20_000 {
					operation, answer := m.step(r)
					operations, want = append(operations, operation), append(want, answer)
				}
				command := exec.Command(program, fmt.Sprint(capacity), map[bool]string{false: "0", true: "1"}[wrap])
				command.Stdin = strings.NewReader(strings.Join(operations, "\n") + "\n")
				var stderr bytes.Buffer
				command.Stderr = &stderr
				output, err := command.Output()
				if err != nil {
					t.Fatalf("%v\n%s", err, stderr.Bytes())
				}
				got := strings.Split(string(output), "\n")
				for i := range want {
					if i >= len(got) || got[i] != want[i] {
						t.Fatalf("operation %d, %s: got %q, want %q", i, operations[i], got[i], want[i])
					}
				}
			})
		}
	}
}

// TestStatistics: L195 variance, L200 and L201 buckets, L204 the printed form.
func TestStatistics(t *testing.T) {
	program := compileC(t, "statistics.c")
	for _, test := range []struct{ name, arguments, want string }{
		{"variance", "0 1 2 3 4 5", "variance 12"},
		{"variance with a shift", "1 1 2 3 4 5", "variance 2"},
		{"variance of one value", "0 7", "variance 0"},
		{"variance of two CPUs", "8 1 2 / 3 4 5", "variance 2"},
		{"zero", "0 0", "0: 64 0, 3 0"},
		{"one", "0 1", "1: 65 1, 3 0"},
		{"powers", "0 7 8", "7: 67 4, 4 5\n8: 68 8, 4 5"},
		{"negative", "0 -1 -2 -3 -4", "-1: 63 -1, 2 -5\n-2: 62 -2, 2 -5\n-3: 62 -2, 2 -5\n-4: 61 -4, 2 -5"},
		{"least and greatest", "0 -9223372036854775808 9223372036854775807",
			"-9223372036854775808: 0 -9223372036854775808, 0 -10\n9223372036854775807: 127 4611686018427387904, 8 20"},
		{"the ends of a linear histogram", "0 -11 -10 20 24 25", "-11: 60 -8, 0 -10\n-10: 60 -8, 1 -10\n20: 69 16, 7 20\n24: 69 16, 7 20\n25: 69 16, 8 20"},
		{"order by count", "0 1 2 2 5", "most in 66 65 67"},
		{"worked sample", "0 1 2 2 5", `
value |-------------------------------------------------- count
    0 |                                                   0
    1 |@                                                  1
    2 |@@                                                 2
    4 |@                                                  1
    8 |                                                   0
   16 |                                                   0

`},
		{"rows left out", "0 -100 0 4096", `
value |-------------------------------------------------- count
 -256 |                                                   0
 -128 |                                                   0
  -64 |@                                                  1
  -32 |                                                   0
  -16 |                                                   0
      ~
   -2 |                                                   0
   -1 |                                                   0
    0 |@                                                  1
    1 |                                                   0
    2 |                                                   0
      ~
 1024 |                                                   0
 2048 |                                                   0
 4096 |@                                                  1
 8192 |                                                   0
16384 |                                                   0

`},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, err := exec.Command(program, strings.Fields(test.arguments)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			if !strings.Contains(string(output), test.want) {
				t.Errorf("got\n%swant\n%s", output, test.want)
			}
		})
	}
}
