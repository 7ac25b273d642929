package elaborate

import (
	"fmt"

	"github.com/gostap/gostap/parse"
)

// aggregate checks "s <<< x" and "s[k] <<< x".
func (c *checker) aggregate(x *parse.Assign) Expression {
	v, keys := c.statistic(x.X, x.Token)
	if v == nil {
		return nil
	}
	v.Assigned = true
	value := c.value(x.Y, parse.Long)
	if value == nil {
		return nil
	}
	return &Aggregate{Token: x.Token, Variable: v, Keys: keys, X: value}
}

// statistic finds the variable of type stats, or the element of an array of
// them, that x names; nil after saying what is wrong.
func (c *checker) statistic(x parse.Expression, at parse.Token) (*Variable, []Expression) {
	switch x := x.(type) {
	case *parse.Identifier:
		v := c.find(x.Text)
		if v == nil || !v.Global {
			d := semanticError(x.Token, fmt.Sprintf("stat locals not supported, missing global declaration? (%s)", x.Text))
			d.Similar = parse.Similar(x.Text, c.globalNames(), 5)
			c.add(d)
			return nil, nil
		}
		if !c.haveArity(v, 0, x.Token) {
			return nil, nil
		}
		return c.stats(v, x.Token), nil
	case *parse.Index:
		if _, ok := x.Base.(*parse.Identifier); !ok {
			break
		}
		element := c.element(x, parse.Unknown)
		if element == nil || c.stats(element.Array, x.Token) == nil {
			return nil, nil
		}
		return element.Array, element.Keys
	}
	c.fail(at, "expected a statistics variable or an element of an array of them")
	return nil, nil
}

// stats makes a variable one of statistics; nil if it is something else already.
func (c *checker) stats(v *Variable, at parse.Token) *Variable {
	c.unify(v, parse.Stats, at)
	if v.Type != parse.Stats {
		return nil
	}
	if v.Statistics == nil {
		v.Statistics = &Statistics{}
	}
	return v
}

// maxShift is how far @variance can shift its values.
const maxShift = 62

// extract checks "@count(s)" and its like.
func (c *checker) extract(x *parse.Operator) Expression {
	v, keys := c.statistic(x.Arguments[0], x.Token)
	if v == nil {
		return nil
	}
	function := x.Text[1:]
	c.keep(v, function)
	if function == "variance" && !c.shift(v, x) {
		return nil
	}
	return &Extract{Token: x.Token, Function: function, Variable: v, Keys: keys}
}

// keep notes what is to be kept of a variable.
func (c *checker) keep(v *Variable, function string) {
	if v.Statistics == nil {
		v.Statistics = &Statistics{}
	}
	s := v.Statistics
	switch function {
	case "sum", "avg":
		s.Sum = true
	case "min":
		s.Min = true
	case "max":
		s.Max = true
	case "variance":
		s.Variance, s.Sum = true, true
	}
}

// shift reads the second argument of @variance, which all of them on one
// variable have in common.
func (c *checker) shift(v *Variable, x *parse.Operator) bool {
	shift := int64(0)
	if len(x.Arguments) > 1 {
		if n, ok := x.Arguments[1].(*parse.NumberLiteral); ok {
			shift = n.Value
		}
	}
	if shift < 0 || shift > maxShift {
		c.fail(x.Token, fmt.Sprintf("bit shift (%d) out of range <0..%d>", shift, maxShift))
		return false
	}
	if v.shiftAt.IsValid() && v.Statistics.Shift != int(shift) {
		d := semanticError(x.Token, fmt.Sprintf("conflicting bit shifts declared (previously %d)", v.Statistics.Shift))
		d.Notes = []parse.Note{{Position: v.shiftAt, Message: "first declared here"}}
		c.add(d)
		return false
	}
	v.Statistics.Shift, v.shiftAt = int(shift), x.Position
	return true
}

// isHistogram reports whether x is @hist_log or @hist_linear.
func isHistogram(x parse.Expression) bool {
	o, ok := x.(*parse.Operator)
	return ok && (o.Text == "@hist_log" || o.Text == "@hist_linear")
}

// The numbers of buckets that a histogram can have.
const minBuckets, maxBuckets = 3, 128

// histogram checks @hist_log(s) or @hist_linear(s, low, high, step), of which a
// variable has one; nil after saying what is wrong.
func (c *checker) histogram(x *parse.Operator) *HistogramOf {
	if !isHistogram(x) {
		c.fail(x.Token, "expected a histogram")
		return nil
	}
	v, keys := c.statistic(x.Arguments[0], x.Token)
	if v == nil {
		return nil
	}
	shape := Histogram{Log: x.Text == "@hist_log"}
	if !shape.Log {
		var limits [3]int64
		for i := range limits {
			if n, ok := x.Arguments[i+1].(*parse.NumberLiteral); ok {
				limits[i] = n.Value
			}
		}
		shape.Low, shape.High, shape.Step = limits[0], limits[1], limits[2]
		if problem := shape.problem(); problem != "" {
			c.fail(x.Token, "histogram: "+problem)
			return nil
		}
	}
	if s := v.Statistics; s.Histogram == nil {
		s.Histogram, v.histogramAt = &shape, x.Position
	} else if *s.Histogram != shape {
		d := semanticError(x.Token, fmt.Sprintf("multiple histogram types declared on '%s'", v.Text))
		d.Notes = []parse.Note{{Position: v.histogramAt, Message: "first declared here"}}
		c.add(d)
		return nil
	}
	return &HistogramOf{Token: x.Token, Variable: v, Keys: keys}
}

// problem says what is wrong with a linear histogram.
func (h *Histogram) problem() string {
	if h.Step <= 0 {
		return "the step must be greater than 0"
	}
	if h.High < h.Low {
		return "the high limit is below the low one"
	}
	if span := uint64(h.High) - uint64(h.Low); span/uint64(h.Step) > maxBuckets {
		return fmt.Sprintf("more than %d buckets", maxBuckets)
	}
	if n := h.Buckets(); n < minBuckets || n > maxBuckets {
		return fmt.Sprintf("%d buckets, not %d to %d", n, minBuckets, maxBuckets)
	}
	return ""
}

// bucket checks "@hist_log(s)[i]".
func (c *checker) bucket(x *parse.Index, operator *parse.Operator) Expression {
	buckets, index := c.bucketNumber(x.Token, operator, x.Keys)
	if index == nil {
		return nil
	}
	return &Bucket{Token: x.Token, Buckets: buckets, Index: index}
}

// hasBucket checks "i in @hist_log(s)".
func (c *checker) hasBucket(x *parse.In, operator *parse.Operator) Expression {
	buckets, index := c.bucketNumber(x.Token, operator, x.Keys)
	if index == nil {
		return nil
	}
	return &HasBucket{Token: x.Token, Buckets: buckets, Index: index}
}

// bucketNumber checks a histogram and the one index that it takes; the index is
// nil after saying what is wrong.
func (c *checker) bucketNumber(at parse.Token, operator *parse.Operator, keys []parse.Expression) (*HistogramOf, Expression) {
	buckets := c.histogram(operator)
	if buckets == nil {
		return nil, nil
	}
	if len(keys) != 1 || keys[0] == nil {
		c.fail(at, "a histogram has one index, the number of a bucket")
		return nil, nil
	}
	return buckets, c.value(keys[0], parse.Long)
}

func (c *checker) foreachBucket(s *parse.ForeachStatement, operator *parse.Operator) []Statement {
	buckets := c.histogram(operator)
	if buckets == nil {
		return nil
	}
	if len(s.Keys) != 1 || s.Slice != nil || s.SortByStat != "" {
		c.fail(s.Token, "a loop over a histogram has one variable, the number of a bucket")
		return nil
	}
	n := &ForeachBucket{
		Position: s.Pos(), Buckets: buckets, Key: c.loopVariable(s.Keys[0], parse.Long),
		SortByKey: s.SortKey == 1, SortOrder: s.SortOrder,
	}
	if s.Value != nil {
		n.Value = c.loopVariable(s.Value, parse.Long)
	}
	if s.Limit != nil {
		n.Limit = c.value(s.Limit, parse.Long)
	}
	c.loops++
	n.Body = c.statement(s.Body)
	c.loops--
	return []Statement{n}
}
