package elaborate

import "github.com/gostap/gostap/parse"

// This file is the typed program: what pass 2 makes and pass 3 reads. Every
// name is resolved, every expression has a type, every probe has a place. A new
// kind of node is added here and in translate's statement.go or expression.go.

// Program is a script with all that it uses of the library.
type Program struct {
	Globals   []*Variable
	Functions []*Function
	Probes    []*Probe // begin first, then the others, in the order in which they are armed
	Embedded  []*parse.EmbeddedCode
}

// Variable is a global, a local or a parameter.
type Variable struct {
	parse.Token
	Type     parse.Type
	Global   bool
	Initial  parse.Literal // of a global; nil: 0 or ""
	Assigned bool          // somewhere in the program
	inferred parse.Position
}

// Function is one function, in the language or in C.
type Function struct {
	parse.Token
	Parameters []*Variable
	Result     parse.Type // Unknown when it gives none
	Locals     []*Variable
	Body       []Statement
	Code       *parse.EmbeddedCode // nil for a function in the language
	Recursive  bool                // it can come to call itself
	Calls      []*Function
	checked    bool // its body, at least once: a result not found then may not be found at all
}

// Probe is one probe point with its handler.
type Probe struct {
	parse.Token
	Point  string // canonical
	Place  Place
	Locals []*Variable
	Body   []Statement
	Reads  []*Variable // globals, in the order of their declaration
	Writes []*Variable
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
	// calling convention passes it: Size bytes of a register.
	Argument struct {
		N      int
		Size   int
		Signed bool
	}

	// Dereference reads Size bytes of kernel memory at Address + Offset.
	Dereference struct {
		parse.Token // the accessor
		Address     Expression
		Offset      int64
		Size        int
		Signed      bool
	}
)

// Piece is literal text, or a value with its conversion.
type Piece struct {
	Text       string
	X          Expression // nil for text
	Conversion Conversion
}

// Conversion is one "%…" of a format. A Width or Precision of nil was not given.
type Conversion struct {
	Flag             byte // one of "0+- #", or 0
	Width, Precision Expression
	Verb             byte // d u o x X p c s
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
func (*Dereference) Type() parse.Type { return parse.Long }
