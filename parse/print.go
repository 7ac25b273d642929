package parse

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// Dump writes the declarations of files as a normalized script: expressions
// in full parentheses, a ";" after each simple statement, literals in one
// notation. Read again, it gives the same tree.
func Dump(w io.Writer, files ...*File) error {
	p := &printer{w: bufio.NewWriter(w)}
	p.write("# parse tree dump\n")
	for _, f := range files {
		p.write("# file ", f.Source.Name, "\n")
		for _, c := range f.EmbeddedCode {
			p.write("%{", c.Text, "%}\n")
		}
		for _, g := range f.Globals {
			p.global(g)
		}
		for _, f := range f.Functions {
			p.function(f)
		}
		for _, a := range f.Aliases {
			p.alias(a)
		}
		for _, probe := range f.Probes {
			p.write("probe ")
			p.points(probe.Points, ", ")
			p.write(" ")
			p.block(probe.Body)
		}
	}
	return p.w.Flush()
}

// DumpExpression writes one expression as Dump does.
func DumpExpression(w io.Writer, x Expression) error {
	p := &printer{w: bufio.NewWriter(w)}
	p.expression(x)
	return p.w.Flush()
}

type printer struct {
	w      *bufio.Writer
	indent int
}

// write relies on bufio to keep the first error until Flush.
func (p *printer) write(pieces ...string) {
	for _, piece := range pieces {
		p.w.WriteString(piece)
	}
}

func (p *printer) global(g *Global) {
	if g.Private {
		p.write("private ")
	}
	p.write("global ", g.Text)
	if g.Wrap {
		p.write("%")
	}
	if g.Size > 0 {
		p.write("[", strconv.FormatInt(g.Size, 10), "]")
	}
	if g.Initial != nil {
		p.write(" = ")
		p.literal(g.Initial)
	}
	p.write("\n")
}

func (p *printer) function(f *Function) {
	if f.Private {
		p.write("private ")
	}
	p.write("function ", f.Text, typeSuffix(f.Result), " (")
	for i, parameter := range f.Parameters {
		if i > 0 {
			p.write(", ")
		}
		p.write(parameter.Text, typeSuffix(parameter.Type))
	}
	p.write(") ")
	if f.Priority != nil {
		p.write(":")
		p.literal(f.Priority)
		p.write(" ")
	}
	if f.Code != nil {
		p.write("%{", f.Code.Text, "%}\n")
		return
	}
	p.block(f.Body)
}

func typeSuffix(t Type) string {
	if t == Unknown {
		return ""
	}
	return ":" + t.String()
}

func (p *printer) alias(a *Alias) {
	p.write("probe ")
	p.points(a.Names, " = ")
	if a.Prologue == nil {
		p.write(" += ")
		p.points(a.Points, ", ")
		p.write(" ")
		p.block(a.Epilogue)
		return
	}
	p.write(" = ")
	p.points(a.Points, ", ")
	p.write(" ")
	p.braces(a.Prologue)
	if a.Epilogue != nil {
		p.write(", ")
		p.braces(a.Epilogue)
	}
	p.write("\n")
}

func (p *printer) points(points []*ProbePoint, separator string) {
	for i, point := range points {
		if i > 0 {
			p.write(separator)
		}
		for j, c := range point.Components {
			if j > 0 {
				p.write(".")
			}
			p.write(c.Text)
			if c.Argument != nil {
				p.write("(")
				p.literal(c.Argument)
				p.write(")")
			}
		}
		if point.Sufficient {
			p.write(" !")
		} else if point.Optional {
			p.write(" ?")
		}
		if point.Condition != nil {
			p.write(" if ")
			p.parenthesised(point.Condition)
		}
	}
}

// literal writes a literal where the grammar takes nothing else: a number can
// have a minus there.
func (p *printer) literal(l Literal) {
	if n, ok := l.(*NumberLiteral); ok {
		p.write(strconv.FormatInt(n.Value, 10))
		return
	}
	p.expression(l)
}

// maxIndent bounds the blanks before a deeply nested statement.
const maxIndent = 40

func (p *printer) line() { p.write(strings.Repeat("  ", min(p.indent, maxIndent))) }

func (p *printer) block(b *Block) {
	p.braces(b)
	p.write("\n")
}

func (p *printer) braces(b *Block) {
	p.write("{\n")
	p.indent++
	for _, s := range b.Statements {
		p.line()
		p.statement(s)
	}
	p.indent--
	p.line()
	p.write("}")
}

// nested writes a statement that is part of another one.
func (p *printer) nested(s Statement) {
	if b, ok := s.(*Block); ok {
		p.write(" ")
		p.block(b)
		return
	}
	p.write("\n")
	p.indent++
	p.line()
	p.statement(s)
	p.indent--
}

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Block:
		p.block(s)
	case *EmptyStatement:
		p.write(";\n")
	case *ExpressionStatement:
		p.expression(s.X)
		p.write(";\n")
	case *IfStatement:
		p.ifStatement(s)
	case *LoopStatement:
		p.loop(s)
	case *ForeachStatement:
		p.foreach(s)
	case *ReturnStatement:
		p.write("return")
		if s.X != nil {
			p.write(" ")
			p.expression(s.X)
		}
		p.write(";\n")
	case *DeleteStatement:
		p.write("delete ")
		p.expression(s.X)
		p.write(";\n")
	case *BranchStatement:
		p.write(s.Text, ";\n")
	case *TryStatement:
		p.write("try ")
		p.block(s.Body)
		p.line()
		p.write("catch ")
		if s.Message != nil {
			p.write("(", s.Message.Text, ") ")
		}
		p.block(s.Catch)
	}
}

func (p *printer) ifStatement(s *IfStatement) {
	p.write("if ")
	p.parenthesised(s.Condition)
	p.nested(s.Then)
	if s.Else == nil {
		return
	}
	p.line()
	p.write("else")
	if chained, ok := s.Else.(*IfStatement); ok {
		p.write(" ")
		p.ifStatement(chained)
		return
	}
	p.nested(s.Else)
}

func (p *printer) loop(s *LoopStatement) {
	if s.Text == "while" {
		p.write("while ")
		p.parenthesised(s.Condition)
		p.nested(s.Body)
		return
	}
	p.write("for (")
	p.optional("", s.Init)
	p.write(";")
	p.optional(" ", s.Condition)
	p.write(";")
	p.optional(" ", s.Step)
	p.write(")")
	p.nested(s.Body)
}

func (p *printer) foreach(s *ForeachStatement) {
	sign := map[int]string{-1: "-", 1: "+"}[s.SortOrder]
	p.write("foreach (")
	if s.Value != nil {
		p.write(s.Value.Text, " = ")
	}
	p.write("[")
	for i, key := range s.Keys {
		if i > 0 {
			p.write(", ")
		}
		p.write(key.Text)
		if s.SortKey == i+1 {
			p.write(sign)
		}
	}
	p.write("] in ")
	p.expression(s.Base)
	if s.Slice != nil {
		p.keys(s.Slice)
	}
	if s.SortByStat != "" {
		p.write(" ", s.SortByStat)
	}
	if s.SortKey == 0 {
		p.write(sign)
	}
	p.optional(" limit ", s.Limit)
	p.write(")")
	p.nested(s.Body)
}

func (p *printer) optional(before string, x Expression) {
	if x != nil {
		p.write(before)
		p.expression(x)
	}
}

// parenthesised writes an expression in exactly one pair of parentheses.
func (p *printer) parenthesised(x Expression) {
	switch x := x.(type) {
	case *Unary, *Step, *Binary, *In, *Conditional, *Assign:
		p.expression(x)
		return
	case *Target:
		if x.AddressOf {
			p.expression(x)
			return
		}
	}
	p.write("(")
	p.expression(x)
	p.write(")")
}

func (p *printer) expression(x Expression) {
	switch x := x.(type) {
	case *NumberLiteral:
		p.write(strconv.FormatUint(uint64(x.Value), 10))
	case *StringLiteral:
		p.write(quote(x.Value))
	case *Identifier:
		p.write(x.Text)
	case *Index:
		p.expression(x.Base)
		p.keys(x.Keys)
	case *In:
		p.write("(")
		p.keys(x.Keys)
		p.write(" in ")
		p.expression(x.Array)
		p.write(")")
	case *Call:
		p.call(x.Text, x.Arguments)
	case *Print:
		p.call(x.Text, x.Arguments)
	case *Operator:
		p.call(x.Text, x.Arguments)
	case *Unary:
		p.write("(", x.Text)
		p.expression(x.X)
		p.write(")")
	case *Step:
		p.step(x)
	case *Binary:
		p.infix(x.X, x.Text, x.Y)
	case *Assign:
		p.infix(x.X, x.Text, x.Y)
	case *Conditional:
		p.write("(")
		p.expression(x.Condition)
		p.write(" ? ")
		p.expression(x.X)
		p.write(" : ")
		p.expression(x.Y)
		p.write(")")
	case *Target:
		p.target(x)
	case *EmbeddedExpression:
		p.write("%{", x.Text, "%}")
	}
}

func (p *printer) step(x *Step) {
	p.write("(")
	if x.Prefix {
		p.write(x.Text)
	}
	p.expression(x.X)
	if !x.Prefix {
		p.write(x.Text)
	}
	p.write(")")
}

func (p *printer) infix(x Expression, sign string, y Expression) {
	p.write("(")
	p.expression(x)
	p.write(" ", sign, " ")
	p.expression(y)
	p.write(")")
}

func (p *printer) keys(keys []Expression) {
	p.write("[")
	for i, key := range keys {
		if i > 0 {
			p.write(", ")
		}
		if key == nil {
			p.write("*")
		} else {
			p.expression(key)
		}
	}
	p.write("]")
}

func (p *printer) call(name string, arguments []Expression) {
	p.write(name, "(")
	for i, x := range arguments {
		if i > 0 {
			p.write(", ")
		}
		if n, ok := x.(*NumberLiteral); ok && i > 0 && (name == "@hist_linear" || name == "@variance") {
			p.literal(n)
		} else {
			p.expression(x)
		}
	}
	p.write(")")
}

func (p *printer) target(x *Target) {
	if x.AddressOf {
		p.write("(&")
	}
	switch {
	case x.Base != nil:
		p.expression(x.Base)
	case x.Arguments != nil:
		p.call(x.Name, x.Arguments)
	default:
		p.write(x.Name)
	}
	for _, a := range x.Accessors {
		if a.Index != nil {
			p.write("[")
			p.expression(a.Index)
			p.write("]")
		} else {
			p.write("->", a.Member)
		}
	}
	p.write(strings.Repeat("$", x.Pretty))
	if x.AddressOf {
		p.write(")")
	}
}

// String gives the point as Dump does.
func (p *ProbePoint) String() string {
	var b strings.Builder
	w := &printer{w: bufio.NewWriter(&b)}
	w.points([]*ProbePoint{p}, "")
	_ = w.w.Flush() // a Builder takes all
	return b.String()
}
