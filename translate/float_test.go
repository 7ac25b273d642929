package translate_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// floats are numbers that are hard to compute with, and others by chance.
func floats() []float64 {
	list := []float64{0, math.Copysign(0, -1), 1, -1, 2, 3, 0.5, 1.5, 2.5, -2.5, math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 0x1p-1022,
		1 + 0x1p-52, 1 - 0x1p-53, 0x1p63, -0x1p63, 0x1p62, 1e15 + 0.5, 0.1, 1e300, 1e-300, 1e22, 123456.789, -0.49999999999999994, 0x1p53 - 1}
	random := rand.New(rand.NewPCG(1, 2))
	for range 15 {
		list = append(list, math.Float64frombits(random.Uint64()), (random.Float64()-0.5)*1000, math.Ldexp(random.Float64(), random.IntN(40)-20))
	}
	return list
}

func bits(x float64) string { return fmt.Sprintf("%#x", math.Float64bits(x)) }

// TestFloatingPoint: T001: fp_add and the others of tapsets/floatingpoint.stp, against the processor.
func TestFloatingPoint(t *testing.T) {
	var want, script strings.Builder
	script.WriteString(`function say(x) { if ((x & 0x7fffffffffffffff) > 0x7ff0000000000000) println("none"); else printf("%#x\n", x) }
function two(a, b) { say(fp_add(a, b)); say(fp_sub(a, b)); say(fp_mul(a, b)); say(fp_div(a, b)); say(fp_rem(a, b)); println(fp_eq(a, b), fp_lt(a, b), fp_le(a, b)) }
function one(a) { say(fp_sqrt(a)); println(fp_to_long(a, 0, 0), " ", fp_to_long(a, 1, 0), " ", fp_to_long(a, 2, 0), " ", fp_to_long(a, 3, 1), " ", fp_to_long(a, 4, 0)); println(fp_to_string(a, 5), " ", fp_to_string(a, 0), " ", fp_to_string(a, 17)) }
`)
	say := func(x float64) {
		if math.IsNaN(x) {
			want.WriteString("none\n")
		} else {
			want.WriteString(bits(x) + "\n")
		}
	}
	number := map[bool]int{true: 1}
	whole := func(x float64) int64 {
		if x >= 0x1p63 || x < -0x1p63 {
			return math.MinInt64
		}
		return int64(x)
	}
	text := func(x float64, digits int) string {
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(x, 'f', digits, 64)), "+")
	}
	list := floats()
	for i, a := range list {
		fmt.Fprintf(&script, "probe begin(%d) { one(%s)", i, bits(a))
		say(math.Sqrt(a))
		fmt.Fprintln(&want, whole(math.RoundToEven(a)), whole(math.Trunc(a)), whole(math.Floor(a)), whole(math.Ceil(a)), whole(math.Round(a)))
		fmt.Fprintln(&want, text(a, 5), text(a, 0), text(a, 17))
		for j := range 8 {
			b := list[(i*7+j*11)%len(list)]
			fmt.Fprintf(&script, " two(%s, %s)", bits(a), bits(b))
			for _, x := range []float64{a + b, a - b, a * b, a / b, math.Remainder(a, b)} {
				say(x)
			}
			fmt.Fprintf(&want, "%d%d%d\n", number[a == b], number[a < b], number[a <= b])
		}
		script.WriteString(" }\n")
	}
	for i, text := range []string{"3.14", "-1e-3", "0", "-0", "1e400", "1e-400", "9007199254740993", "0.1", "1e22", "1.7976931348623157e308", "5e-324", "2.2250738585072011e-308", "123456789012345678901234567890",
		"0.000000000000000000000000000001234", "1e23", "8.5", "+7", "1.5x", "", "100000000000000000000.5", "4.35"} {
		fmt.Fprintf(&script, "probe begin(%d) { say(string_to_fp(%q)) }\n", 1000+i, text)
		x, _ := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
		say(x)
	}
	for i, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1<<53 + 1, -(1<<53 + 3), 1 << 62} {
		fmt.Fprintf(&script, "probe begin(%d) { say(long_to_fp(%d%s)) }\n", 2000+i, max(n, math.MinInt64+1), map[bool]string{true: " - 1"}[n == math.MinInt64])
		say(float64(n))
	}
	script.WriteString("probe begin(3000) { say(fp32_to_fp64(0x3fc00000)); say(fp_to_long(string_to_fp(\"2.5\"), 6, 0)) }\n")
	want.WriteString(bits(1.5) + "\n0x3\n")
	got := strings.Split(runHosted(t, script.String(), "-DMAXACTION=100000"), "\n")
	for i, line := range strings.Split(want.String(), "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("line %d: %s, not %s", i, got[min(i, len(got)-1)], line)
		}
	}
}
