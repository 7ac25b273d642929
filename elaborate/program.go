package elaborate

import (
	"slices"

	"github.com/gostap/gostap/elaborate/regex"
	"github.com/gostap/gostap/parse"
)

// This file is the typed program: what pass 2 makes and pass 3 reads. Every
// name is resolved, every expression has a type, every probe has a place. A new
// kind of node is added here and in translate's statement.go or expression.go.

// Program is a script with all that it uses of the library.
type Program struct {
	Globals   []*Variable
	Functions []*Function
	Probes    []*Probe // begin first, then the others, in the order in which they are armed
	Embedded  []*parse.EmbeddedCode

	Builds     []Build         // what it may run on; of other objects, any build will do
	Data       []KernelAddress // of the KernelData in it, each once
	Lines      []LineTable     // taken along for functions that tell lines of addresses
	Faults     []string        // the names of those that it asks for
	Timed      bool            // what each probe costs is to be reported
	Guru       bool            // it may change what the kernel does
	Monitored  bool            // the globals are shown and can be reset while the script runs
	Submatches bool            // some function asks what the groups of a pattern matched

	Anchor int64 // how far register_kprobe is behind _stext, where addresses of the kernel count from that; 0: none does
}

// Variable is a global, a local or a parameter. Several may have the same name:
// those private to different files.
type Variable struct {
	parse.Token
	Type       parse.Type // of the value, or of each element of an array
	Global     bool
	Initial    parse.Literal // of a global; nil: 0 or ""
	Assigned   bool          // somewhere in the program
	Keys       []parse.Type  // of an array: its keys' types; nil for a scalar
	Capacity   int64         // of an array: elements at most; 0: MAXMAPENTRIES
	Wrap       bool          // a full array loses its oldest element
	Statistics *Statistics   // of Stats: what is kept; nil for other types
	PerCPU     bool          // a number that CPUs count apart, without a lock; see effects.go
	inferred   parse.Position
	arity      int            // how many keys it has, as far as is known
	arityAt    parse.Position // where that was found
	keysAt     []parse.Position

	histogramAt, shiftAt parse.Position // of statistics: where these were declared
}

// unknownArity is that of a global that nothing has used yet.
const unknownArity = -1

// Statistics is what the program asks of a variable of type Stats. The count is
// always kept.
type Statistics struct {
	Sum, Min, Max, Variance bool
	Shift                   int        // bits of @variance(s, shift)
	Histogram               *Histogram // nil without one
}

// Histogram is the shape of a histogram: @hist_log(s), or @hist_linear(s, low, high, step).
type Histogram struct {
	Log             bool
	Low, High, Step int64
}

// Buckets is how many a histogram has, those below and above its range included.
func (h *Histogram) Buckets() int64 {
	if h.Log {
		return 128
	}
	return (h.High-h.Low)/h.Step + 3
}

// Function is one function, in the language or in C. Several may have the same
// name: overloads, those with other numbers of parameters, those private to
// different files.
type Function struct {
	parse.Token
	Parameters []*Variable
	Result     parse.Type // Unknown when it gives none
	Locals     []*Variable
	Body       []Statement
	Code       *parse.EmbeddedCode // nil for a function in the language
	Overloads  []*Function         // tried in this order, each until it does "next"; then there is neither Body nor Code
	Reads      []*Variable         // of a function in C: the globals that it says it reads
	Writes     []*Variable         // and writes
	Recursive  bool                // it can come to call itself
	Calls      []*Function
	checked    bool // its body, at least once: a result not found then may not be found at all
}

// Probe is one probe point with its handler.
type Probe struct {
	parse.Token
	Point       string     // canonical
	Written     string     // as the script has it, before aliases: what pn() gives
	Aliases     []string   // on the way from there to Point, the nearest to Point first
	Condition   Expression // "if (…)" after the point: without it the handler does nothing; nil without one
	Place       Place
	Dispensable bool // the session goes on where it cannot be set: one of a pattern's, or "?"
	Overrides   bool // the handler may leave out the probed function
	Locals      []*Variable
	Body        []Statement
	Entry       *Probe // of a return: what runs at the function's entry, a probe of the program, too; nil without it
}

// Derivation gives the points that the probe's comes from: the nearest alias first,
// what the script has last.
func (p *Probe) Derivation() []string {
	return slices.Compact(append(slices.Clone(p.Aliases), p.Written))
}

// Statement is one of the nodes below.
type Statement interface{ Pos() parse.Position }

type (
	// Evaluate computes X for its effects.
	Evaluate struct {
		parse.Position
		X Expression
	}

	// If chooses.
	If struct {
		parse.Position
		Condition  Expression
		Then, Else []Statement
	}

	// Loop is while and for: Condition nil is true, Step nil is nothing.
	Loop struct {
		parse.Position
		Condition Expression
		Step      Expression
		Body      []Statement
	}

	// Return leaves a function; X is nil where it gives nothing.
	Return struct {
		parse.Position
		X Expression
	}

	// Branch is "break", "continue" or "next".
	Branch struct {
		parse.Position
		Word string
	}

	// Try runs Catch where Body meets a run-time error, with the error's text
	// in Message unless that is nil.
	Try struct {
		parse.Position
		Body    []Statement
		Message *Variable
		Catch   []Statement
	}

	// Foreach runs Body for the elements of an array, those whose keys equal the
	// Slice, at most Limit of them.
	Foreach struct {
		parse.Position
		Array      *Variable
		Keys       []*Variable  // locals or globals that are set
		Value      *Variable    // set to the element; nil: not wanted
		Slice      []Expression // nil without one; a nil element is "*"
		SortKey    int          // 0: sorted by value if sorted at all; n: by the nth key
		SortOrder  int          // -1 descending, 0 not sorted, 1 ascending
		SortByStat string       // of an array of statistics: "count", "sum", "min", "max", "avg"; "" otherwise
		Limit      Expression   // nil without one
		Body       []Statement
	}

	// ForeachBucket runs Body for the numbers of a histogram's buckets.
	ForeachBucket struct {
		parse.Position
		Buckets   *HistogramOf
		Key       *Variable
		Value     *Variable // set to the bucket's count; nil: not wanted
		SortByKey bool      // else by count, if sorted at all
		SortOrder int
		Limit     Expression
		Body      []Statement
	}

	// Delete takes elements out of an array, or empties a variable of type Stats.
	Delete struct {
		parse.Position
		Variable *Variable
		Keys     []Expression // nil: all of it; a nil element is "*"
	}
)

// Pos is where the statement stands.
func (s *Evaluate) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *If) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *Loop) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *Return) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *Branch) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *Try) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *Foreach) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *ForeachBucket) Pos() parse.Position { return s.Position }

// Pos is where the statement stands.
func (s *Delete) Pos() parse.Position { return s.Position }

// Expression is one of the nodes below. Its type is never Stats.
type Expression interface{ Type() parse.Type }

type (
	// Number is a constant.
	Number struct{ Value int64 }

	// Text is a constant string.
	Text struct{ Value string }

	// Load is a variable's value.
	Load struct{ Variable *Variable }

	// Store sets a variable; its value is the new one.
	Store struct {
		Variable *Variable
		X        Expression
	}

	// Step adds Delta to a number; its value is the new one, or with Old the one before.
	Step struct {
		Variable *Variable
		Delta    int64
		Old      bool
	}

	// Unary is "-", "!" or "~" of a number.
	Unary struct {
		Sign string
		X    Expression
	}

	// Binary is arithmetic, comparison, "&&", "||" and "." (of strings).
	Binary struct {
		parse.Token // the sign
		X, Y        Expression
	}

	// Conditional is "c ? x : y".
	Conditional struct{ Condition, X, Y Expression }

	// Call calls a function.
	Call struct {
		parse.Token // the function's name in the call
		Function    *Function
		Arguments   []Expression
	}

	// Print writes the pieces to the output, or gives them as a string.
	Print struct {
		parse.Token
		ToString bool
		Pieces   []Piece
	}

	// Argument is the nth parameter, from 0, of the probed function as the
	// calling convention passes it: Size bytes of a register. With Traced it is one
	// that a tracepoint passes.
	Argument struct {
		N      int
		Size   int
		Signed bool
		Traced bool
	}

	// ReturnValue is what the probed function returned: Size bytes of a register.
	ReturnValue struct {
		Size   int
		Signed bool
	}

	// Register is a register at the hit, by DWARF's number of it.
	Register struct{ Number int }

	// StoreRegister sets Bits bits of a register, from bit Shift on; its value is X.
	StoreRegister struct {
		Number, Shift, Bits int
		X                   Expression
	}

	// StoreArgument sets Size bytes of the register of the nth parameter, from 0, of
	// the probed function; its value is X.
	StoreArgument struct {
		N, Size int
		X       Expression
	}

	// StoreReturnValue sets what the probed function returns; its value is X.
	StoreReturnValue struct{ X Expression }

	// KernelData is the address of data of the kernel or of a module.
	KernelData struct {
		parse.Token
		At KernelAddress
	}

	// CPUOffset is how far this CPU's copy of per-CPU data is behind where the data
	// was linked.
	CPUOffset struct{}

	// Cast is the lowest Size bytes of X, extended.
	Cast struct {
		X      Expression
		Size   int
		Signed bool
	}

	// Unsigned is "/" or "%" of numbers without a sign.
	Unsigned struct {
		parse.Token // the sign
		X, Y        Expression
	}

	// WidenFloat makes the bits of a 32-bit floating-point number those of the same
	// 64-bit one.
	WidenFloat struct{ X Expression }

	// Keep keeps X for the return of the function that is entered, behind
	// Numbers and Strings that are kept, too; its value is X.
	Keep struct {
		X                Expression
		Numbers, Strings int
	}

	// EntryValue is what was kept when the function was entered.
	EntryValue struct{ Kept *Keep }

	// Guarded is the string X, or Text where X meets a run-time error.
	Guarded struct {
		X    Expression
		Text string
	}

	// Once is X, computed the first time that its value is needed within a
	// Guarded; the same node may be in several places.
	Once struct{ X Expression }

	// Dereference reads Size bytes of memory at Address + Offset.
	Dereference struct {
		parse.Token // the accessor
		Address     Expression
		Offset      int64
		Size        int
		Signed      bool
		User        bool // memory of the current process, not of the kernel
	}

	// StoreMemory writes Size bytes of memory at Address + Offset; its value is X.
	StoreMemory struct {
		parse.Token
		Address Expression
		Offset  int64
		Size    int
		User    bool
		X       Expression
	}

	// HitVariable is what a family knows of a hit: $value of procfs, $skb of netfilter.
	HitVariable struct {
		Family, Name string
		Result       parse.Type
	}

	// StoreHitVariable sets one, or with Append adds X to its end; its value is X.
	StoreHitVariable struct {
		parse.Token
		Family, Name string
		Append       bool
		X            Expression
	}

	// PerfCount is "@perf("name")": the count of the counter that a probe declares.
	PerfCount struct {
		parse.Token
		Counter *Probe
	}

	// StoreBits writes Bits bits of memory, from bit Shift (below 8) of Address +
	// Offset on; its value is X.
	StoreBits struct {
		parse.Token
		Address     Expression
		Offset      int64
		Shift, Bits int
		User        bool
		X           Expression
	}

	// Element is a[k1, k2]: 0 or "" where there is none.
	Element struct {
		parse.Token // the array's name
		Array       *Variable
		Keys        []Expression
	}

	// StoreElement sets an element, which is made if it is not there: to X, or to
	// itself Operator X ("+", ".", …). Its value is the new one, or with Old the
	// one before.
	StoreElement struct {
		parse.Token // the assignment's sign
		Element     *Element
		Operator    string // "" for "="
		X           Expression
		Old         bool
	}

	// Contains is "[k1, *] in a".
	Contains struct {
		parse.Token // the word "in"
		Array       *Variable
		Keys        []Expression // a nil element is "*"
	}

	// Aggregate is "s <<< x" or "s[k] <<< x"; its value is x.
	Aggregate struct {
		parse.Token
		Variable *Variable
		Keys     []Expression // nil for a scalar
		X        Expression
	}

	// Extract is "@count(s)", "@avg(s[k])" and so on: Function is "count", "sum",
	// "min", "max", "avg" or "variance".
	Extract struct {
		parse.Token
		Function string
		Variable *Variable
		Keys     []Expression
	}

	// Bucket is "@hist_log(s)[i]".
	Bucket struct {
		parse.Token
		Buckets *HistogramOf
		Index   Expression
	}

	// HasBucket is "i in @hist_log(s)".
	HasBucket struct {
		parse.Token
		Buckets *HistogramOf
		Index   Expression
	}

	// Match is "s =~ "pattern"", or with Negated "s !~ "pattern"".
	Match struct {
		parse.Token
		X       Expression
		Pattern *regex.Regex // the same for the same text
		Negated bool
	}

	// EnumName is "@enumname(x, "type")": the name of a value, or its decimal text.
	EnumName struct {
		X     Expression
		Names []EnumValue // no two of the same value
	}

	// EmbeddedExpression is "%{ C %}" as a value.
	EmbeddedExpression struct {
		Code   *parse.EmbeddedCode
		Result parse.Type
	}
)

// HistogramOf is the histogram of a variable of type Stats, or of one element of
// an array of them. Its shape is the variable's.
type HistogramOf struct {
	parse.Token
	Variable *Variable
	Keys     []Expression // nil for a scalar
}

// EnumValue is one name of an enumeration.
type EnumValue struct {
	Name  string
	Value int64
}

// Piece is literal text, a value with its conversion, or a histogram.
type Piece struct {
	Text       string
	X          Expression // nil for text
	Conversion Conversion
	Histogram  *HistogramOf // nil but for a histogram
}

// Conversion is one "%…" of a format. A Width or Precision of nil was not given.
type Conversion struct {
	Flag             byte // one of "0+- #", or 0
	Width, Precision Expression
	Verb             byte // d u o x X p c s b m M; not for scripts: Q, a character in quotes, q, the string at an address in quotes
}

// Plain reports whether the conversion prints the value as print does.
func (c Conversion) Plain() bool {
	return c.Flag == 0 && c.Width == nil && c.Precision == nil && (c.Verb == 'd' || c.Verb == 's')
}

// Type is long.
func (*Number) Type() parse.Type { return parse.Long }

// Type is string.
func (*Text) Type() parse.Type { return parse.String }

// Type is the variable's.
func (x *Load) Type() parse.Type { return x.Variable.Type }

// Type is the variable's.
func (x *Store) Type() parse.Type { return x.Variable.Type }

// Type is long.
func (*Step) Type() parse.Type { return parse.Long }

// Type is long.
func (*Unary) Type() parse.Type { return parse.Long }

// Type is string for "." and long for all others.
func (x *Binary) Type() parse.Type {
	if x.Text == "." {
		return parse.String
	}
	return parse.Long
}

// Type is that of both arms.
func (x *Conditional) Type() parse.Type { return x.X.Type() }

// Type is the function's result.
func (x *Call) Type() parse.Type { return x.Function.Result }

// Type is string for sprint and its like, and unknown for printing.
func (x *Print) Type() parse.Type {
	if x.ToString {
		return parse.String
	}
	return parse.Unknown
}

// Type is long.
func (*Argument) Type() parse.Type { return parse.Long }

// Type is long.
func (*ReturnValue) Type() parse.Type { return parse.Long }

// Type is long.
func (*Register) Type() parse.Type { return parse.Long }

// Type is long.
func (*StoreRegister) Type() parse.Type { return parse.Long }

// Type is long.
func (*StoreArgument) Type() parse.Type { return parse.Long }

// Type is long.
func (*StoreReturnValue) Type() parse.Type { return parse.Long }

// Type is long.
func (*KernelData) Type() parse.Type { return parse.Long }

// Type is long.
func (*CPUOffset) Type() parse.Type { return parse.Long }

// Type is long.
func (*Cast) Type() parse.Type { return parse.Long }

// Type is long.
func (*Unsigned) Type() parse.Type { return parse.Long }

// Type is long.
func (*WidenFloat) Type() parse.Type { return parse.Long }

// Type is long.
func (*StoreBits) Type() parse.Type { return parse.Long }

// Type is that of what is kept.
func (x *Keep) Type() parse.Type { return x.X.Type() }

// Type is that of what was kept.
func (x *EntryValue) Type() parse.Type { return x.Kept.X.Type() }

// Type is string.
func (*Guarded) Type() parse.Type { return parse.String }

// Type is that of what is computed.
func (x *Once) Type() parse.Type { return x.X.Type() }

// Type is long.
func (*Dereference) Type() parse.Type { return parse.Long }

// Type is long.
func (*StoreMemory) Type() parse.Type { return parse.Long }

// Type is the variable's.
func (x *HitVariable) Type() parse.Type { return x.Result }

// Type is that of what is stored.
func (x *StoreHitVariable) Type() parse.Type { return x.X.Type() }

// Type is long.
func (*PerfCount) Type() parse.Type { return parse.Long }

// Type is that of the array's elements.
func (x *Element) Type() parse.Type { return x.Array.Type }

// Type is that of the array's elements.
func (x *StoreElement) Type() parse.Type { return x.Element.Array.Type }

// Type is long.
func (*Contains) Type() parse.Type { return parse.Long }

// Type is long.
func (*Aggregate) Type() parse.Type { return parse.Long }

// Type is long.
func (*Extract) Type() parse.Type { return parse.Long }

// Type is long.
func (*Bucket) Type() parse.Type { return parse.Long }

// Type is long.
func (*HasBucket) Type() parse.Type { return parse.Long }

// Type is long.
func (*Match) Type() parse.Type { return parse.Long }

// Type is string.
func (*EnumName) Type() parse.Type { return parse.String }

// Type is what the code's tags say.
func (x *EmbeddedExpression) Type() parse.Type { return x.Result }
