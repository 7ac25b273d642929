package randomscript

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/gostap/gostap/parse"
)

// histogram is what @hist_log or @hist_linear gives of some numbers: L200 to L204.
type histogram struct {
	buckets         []int64
	linear          bool
	low, high, step int64 // of a linear one
}

// histogram is that of an operator; without a number there is none: L192.
func (f *frame) histogram(x *parse.Operator) histogram {
	numbers := f.statistics(x.Arguments[0])
	if len(numbers) == 0 {
		panic(failure{message: "empty aggregate"})
	}
	h := histogram{buckets: make([]int64, logBuckets)}
	if x.Text == "@hist_linear" {
		h.linear = true
		h.low, h.high, h.step = f.eval(x.Arguments[1]).number, f.eval(x.Arguments[2]).number, f.eval(x.Arguments[3]).number
		h.buckets = make([]int64, (h.high-h.low)/h.step+3)
	}
	for _, n := range numbers {
		h.buckets[h.bucket(n)]++
	}
	return h
}

const (
	logBuckets = 128
	zeroBucket = 64 // of a logarithmic one
)

// bucket is where a number goes: L200, L201.
func (h histogram) bucket(n int64) int {
	switch {
	case h.linear && n < h.low:
		return 0
	case h.linear && n >= h.low+int64(len(h.buckets)-2)*h.step: // and n-h.low may be too large
		return len(h.buckets) - 1
	case h.linear:
		return int((n-h.low)/h.step) + 1
	case n < 0:
		return zeroBucket - bits.Len64(uint64(-n))
	}
	return zeroBucket + bits.Len64(uint64(n))
}

// label is the least number of a bucket by amount, with a sign where it has no end.
func (h histogram) label(i int) string {
	switch last := len(h.buckets) - 1; {
	case h.linear && i == 0:
		return fmt.Sprintf("<%d", h.low)
	case h.linear && i == last:
		return fmt.Sprintf(">%d", h.low+int64(last-2)*h.step)
	case h.linear:
		return fmt.Sprint(h.low + int64(i-1)*h.step)
	case i < zeroBucket:
		return fmt.Sprint(int64(-1) << (zeroBucket - 1 - i))
	case i == zeroBucket:
		return "0"
	}
	return fmt.Sprint(int64(1) << (i - zeroBucket - 1))
}

// rows are the first and the last that may be shown.
func (h histogram) rows() (first, last int) {
	filled := func(n int64) bool { return n != 0 }
	end := len(h.buckets) - 1
	least := slices.IndexFunc(h.buckets, filled)
	most := least
	for i, n := range h.buckets {
		if n != 0 {
			most = i
		}
	}
	first, last = max(0, least-2), min(end, most+2)
	switch {
	case !h.linear && least >= zeroBucket:
		first = max(first, zeroBucket)
	case h.linear:
		if h.buckets[0] == 0 {
			first = max(first, 1)
		}
		if h.buckets[end] == 0 {
			last = min(last, end-1)
		}
	}
	return first, last
}

// print is the histogram as print shows it: L204.
func (h histogram) print() string {
	const columns, elision = 50, 2
	first, last := h.rows()
	most := slices.Max(h.buckets)
	scale := max(1, (most+columns-1)/columns)
	width := 5
	switch {
	case !h.linear:
		width = max(width, len(h.label(first)), len(h.label(last)))
	default:
		if first == 0 {
			width = max(width, len(fmt.Sprint(h.low))+1)
		}
		if last == len(h.buckets)-1 {
			width = max(width, len(fmt.Sprint(h.low+h.step*int64(last)))+1)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%*s |%s count\n", width, "value", strings.Repeat("-", columns))
	left := false
	for i := first; i <= last; i++ {
		if near := h.buckets[max(0, i-elision):min(len(h.buckets), i+elision+1)]; slices.Max(near) == 0 {
			left = true
			continue
		}
		if left {
			fmt.Fprintf(&out, "%*s ~\n", width, "")
			left = false
		}
		bar := int(h.buckets[i] / scale)
		fmt.Fprintf(&out, "%*s |%s%*d\n", width, h.label(i), strings.Repeat("@", bar), columns-bar+1+len(fmt.Sprint(most)), h.buckets[i])
	}
	return out.String() + "\n"
}
