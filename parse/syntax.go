package parse

import "strings"

// This file is the syntax tree. Every node says which script text it stands
// for. The tree is written by the parser and read by elaborate; nobody changes
// it afterwards. A new kind of expression or statement is added here, in
// expression.go or statement.go (which read it), in print.go (which -p1 uses)
// and in elaborate's checker.

// Node is a piece of the syntax tree.
type Node interface {
	Pos() Position // of the token that names the node: an operator's sign, a call's name
}

// File is one parsed source: the declarations of a script or a library file,
// in the order of the text.
type File struct {
	Source       *Source
	Globals      []*Global
	Functions    []*Function
	Probes       []*Probe
	Aliases      []*Alias
	EmbeddedCode []*EmbeddedCode // at file level

	UnusedArguments []int       // script arguments, from 1, that the text does not mention
	Warnings        Diagnostics // what is suspicious but no mistake
}

// Pos is the beginning of the file.
func (f *File) Pos() Position { return Position{Source: f.Source, Line: 1, Column: 1} }

// Token is a piece of text with its place; diagnostics name its kind.
type Token struct {
	Position Position
	Text     string
}

// Pos is where the token begins.
func (t Token) Pos() Position { return t.Position }

// Type is what a function's result or a variable holds.
type Type int

// The types of the language. Unknown is one that is yet to be inferred.
const (
	Unknown Type = iota
	Long         // a signed 64-bit number
	String       // bytes, at most MAXSTRINGLEN-1 of them
	Stats        // an aggregate
)

// String gives the word that a script uses for the type.
func (t Type) String() string { return [...]string{"unknown", "long", "string", "stats"}[t] }

// Global is one name of "global a, b[100], c%[20], d = 5".
type Global struct {
	Token
	Private bool
	Wrap    bool    // a "%" before the size
	Size    int64   // 0 when none was given
	Initial Literal // nil when none was given
}

// Function is "function name:long (a:string, b) { … }".
type Function struct {
	Token
	Private    bool
	Result     Type
	Parameters []Parameter
	Priority   *NumberLiteral // nil when none was given
	Body       *Block         // nil for embedded C
	Code       *EmbeddedCode  // nil for a script body
}

// Signature gives "name:type (parameter:type, …)".
func (f *Function) Signature() string {
	parameters := make([]string, len(f.Parameters))
	for i, p := range f.Parameters {
		parameters[i] = p.Text + ":" + p.Type.String()
	}
	return f.Text + ":" + f.Result.String() + " (" + strings.Join(parameters, ", ") + ")"
}

// Parameter is one formal parameter of a function.
type Parameter struct {
	Token
	Type Type
}

// Probe is "probe point, point { … }".
type Probe struct {
	Token  // the word "probe"
	Points []*ProbePoint
	Body   *Block
}

// Alias is "probe name = point, point { prologue }, { epilogue }".
// With "+=" the only block is the epilogue.
type Alias struct {
	Token    // the word "probe"
	Names    []*ProbePoint
	Points   []*ProbePoint
	Prologue *Block // nil when there is none
	Epilogue *Block // nil when there is none
}

// ProbePoint is "kernel.function("vfs_*").return ? if (enabled)".
type ProbePoint struct {
	Token      // the first component
	Components []Component
	Optional   bool // "?" or "!"
	Sufficient bool // "!"
	Condition  Expression
}

// dotted gives the names of the components.
func (p *ProbePoint) dotted() string {
	names := make([]string, len(p.Components))
	for i, c := range p.Components {
		names[i] = c.Text
	}
	return strings.Join(names, ".")
}

// Component is one dotted part of a probe point: a name, perhaps with wildcards
// or braces, and perhaps one argument.
type Component struct {
	Token
	Argument Literal // nil when there is none
}

// EmbeddedCode is "%{ … %}"; Text is what stands between the braces.
type EmbeddedCode struct{ Token }

// Statement is one of the nodes below that end in …Statement, or Block.
type Statement interface {
	Node
	statement()
}

type (
	// Block is "{ … }".
	Block struct {
		Token
		Statements []Statement
		End        Position // of the "}"
	}

	// EmptyStatement is ";".
	EmptyStatement struct{ Token }

	// ExpressionStatement is "f(x)" or "n++".
	ExpressionStatement struct {
		Token
		X Expression
	}

	// IfStatement is "if (cond) then else otherwise".
	IfStatement struct {
		Token
		Condition Expression
		Then      Statement
		Else      Statement // nil when there is none
	}

	// LoopStatement is "while (cond) body" or "for (init; cond; step) body".
	LoopStatement struct {
		Token
		Init      Expression // nil when absent
		Condition Expression // nil when absent: true
		Step      Expression // nil when absent
		Body      Statement
	}

	// ForeachStatement is "foreach (value = [k1, k2-] in base[slice] @sum- limit n) body".
	ForeachStatement struct {
		Token
		Value      *Identifier // nil when not bound
		Keys       []*Identifier
		Base       Expression   // *Identifier, or a histogram operator
		Slice      []Expression // nil without one; a nil element stands for "*"
		SortKey    int          // 0: none or by value; n: by the nth key
		SortOrder  int          // -1 descending, 0 unsorted, 1 ascending
		SortByStat string       // "@sum" and so on, or ""
		Limit      Expression   // nil without one
		Body       Statement
	}

	// ReturnStatement is "return x".
	ReturnStatement struct {
		Token
		X Expression // nil when bare
	}

	// DeleteStatement is "delete x".
	DeleteStatement struct {
		Token
		X Expression
	}

	// BranchStatement is "break", "continue" or "next": the token's text.
	BranchStatement struct{ Token }

	// TryStatement is "try { … } catch (message) { … }".
	TryStatement struct {
		Token
		Body    *Block
		Message *Identifier // nil when not bound
		Catch   *Block
	}
)

func (*Block) statement()               {}
func (*EmptyStatement) statement()      {}
func (*ExpressionStatement) statement() {}
func (*IfStatement) statement()         {}
func (*LoopStatement) statement()       {}
func (*ForeachStatement) statement()    {}
func (*ReturnStatement) statement()     {}
func (*DeleteStatement) statement()     {}
func (*BranchStatement) statement()     {}
func (*TryStatement) statement()        {}

// Expression is one of the nodes below.
type Expression interface {
	Node
	expression()
}

// Literal is a NumberLiteral or a StringLiteral.
type Literal interface {
	Expression
	literal()
}

type (
	// NumberLiteral is "42", "0x2a" or "052".
	NumberLiteral struct {
		Token
		Value int64
	}

	// StringLiteral is "text", adjacent pieces joined and escapes resolved.
	StringLiteral struct {
		Token
		Value string
	}

	// Identifier is a local or global variable: "x".
	Identifier struct{ Token }

	// Index is "a[i, j]" or "a[i, *]".
	Index struct {
		Token // the array's name
		Base  Expression
		Keys  []Expression // a nil element stands for "*"
	}

	// In is "k in a" or "[k, *] in a".
	In struct {
		Token // the word "in"
		Keys  []Expression
		Array Expression
	}

	// Call is "f(x, y)".
	Call struct {
		Token     // the function's name
		Arguments []Expression
	}

	// Print is "printf(format, x)", "println(x)", "sprintd(",", x, y)" and so on;
	// the token's text is the name.
	Print struct {
		Token
		Arguments []Expression // format or delimiter first, where there is one
	}

	// Unary is "-x", "!x", "~x", "+x"; the token is the sign.
	Unary struct {
		Token
		X Expression
	}

	// Step is "x++", "--x" and so on; the token is the sign.
	Step struct {
		Token
		X      Expression
		Prefix bool
	}

	// Binary is "x + y", also "x && y" and "s =~ "re""; the token is the sign.
	Binary struct {
		Token
		X, Y Expression
	}

	// Conditional is "c ? x : y"; the token is the "?".
	Conditional struct {
		Token
		Condition, X, Y Expression
	}

	// Assign is "x = y", "x += y", "s <<< y"; the token is the sign.
	Assign struct {
		Token
		X, Y Expression
	}

	// Target is "$name->member[index]$$", also "$$vars", and "@var", "@cast",
	// "@kregister" and the like with what follows them.
	Target struct {
		Token
		Name      string       // "$name" or "@var" and so on
		Arguments []Expression // of the @ operator
		Base      Expression   // the value that an accessor follows without "$": "p->x"; nil otherwise
		Accessors []Accessor
		Pretty    int // number of "$" after the name: 0, 1 or 2
		AddressOf bool
	}

	// Operator is "@defined(x)", "@entry(x)", "@count(s)", "@hist_linear(s, 0, 10, 2)" and so on.
	Operator struct {
		Token
		Arguments []Expression
	}

	// EmbeddedExpression is "%{ C %}" where a value is wanted.
	EmbeddedExpression struct{ Token }
)

// Accessor is "->member" or "[index]".
type Accessor struct {
	Token
	Member string
	Index  Expression // nil for a member
}

func (*NumberLiteral) expression()      {}
func (*StringLiteral) expression()      {}
func (*Identifier) expression()         {}
func (*Index) expression()              {}
func (*In) expression()                 {}
func (*Call) expression()               {}
func (*Print) expression()              {}
func (*Unary) expression()              {}
func (*Step) expression()               {}
func (*Binary) expression()             {}
func (*Conditional) expression()        {}
func (*Assign) expression()             {}
func (*Target) expression()             {}
func (*Operator) expression()           {}
func (*EmbeddedExpression) expression() {}

func (*NumberLiteral) literal() {}
func (*StringLiteral) literal() {}
