package translate

import (
	"slices"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// statements writes a list and what it costs: each statement an action, taken
// for as many at once as run one after the other.
func (b *body) statements(list []elaborate.Statement) {
	for len(list) > 0 {
		n := straight(list)
		b.act(n, list[0].Pos())
		b.charged(list[:n])
		list = list[n:]
	}
}

// charged writes a list whose cost has been taken.
func (b *body) charged(list []elaborate.Statement) {
	for _, s := range list {
		clear(b.temporaries)
		b.at(s.Pos())
		b.statement(s)
	}
}

// straight is how many statements of a list run if the first does.
func straight(list []elaborate.Statement) int {
	for i, s := range list {
		if leaves(s) {
			return i + 1
		}
	}
	return len(list)
}

// leaves reports whether what follows a statement may be left out, or runs after
// who knows how many others.
func leaves(s elaborate.Statement) bool {
	switch s := s.(type) {
	case *elaborate.Evaluate:
		return false
	case *elaborate.If:
		return slices.ContainsFunc(s.Then, leaves) || slices.ContainsFunc(s.Else, leaves)
	case *elaborate.Delete:
		return false
	}
	return true
}

// at makes the compiler speak of the script's line.
func (b *body) at(p parse.Position) {
	if !p.IsValid() || p.Source == b.line.Source && p.Line == b.line.Line {
		return
	}
	b.line = p
	indent := b.indent
	b.indent = 0
	b.emit("#line %d %s", p.Line, quote(p.Source.Name))
	b.indent = indent
}

func (b *body) statement(s elaborate.Statement) {
	switch s := s.(type) {
	case *elaborate.Evaluate:
		b.discard(s.X)
	case *elaborate.If:
		b.emit("if (%s) {", b.expression(s.Condition))
		b.nested(s.Then)
		if len(s.Else) > 0 {
			b.emit("} else {")
			b.nested(s.Else)
		}
		b.emit("}")
	case *elaborate.Loop:
		b.loop(s)
	case *elaborate.Foreach:
		b.foreach(s)
	case *elaborate.ForeachBucket:
		b.foreachBucket(s)
	case *elaborate.Delete:
		b.delete(s)
	case *elaborate.Return:
		b.returns(s)
	case *elaborate.Branch:
		b.branch(s)
	case *elaborate.Try:
		b.try(s)
	}
}

func (b *body) nested(list []elaborate.Statement) {
	b.indent++
	b.statements(list)
	b.indent--
}

// loop spends an action on each turn. "continue" goes to the step.
func (b *body) loop(s *elaborate.Loop) {
	b.emit("for (;;) {")
	b.indent++
	b.act(1, s.Position)
	if s.Condition != nil {
		b.emit("if (!(%s))", b.expression(s.Condition))
		b.emit("\tbreak;")
	}
	b.turn(s.Body)
	if s.Step != nil {
		clear(b.temporaries)
		b.discard(s.Step)
	}
	b.indent--
	b.emit("}")
}

// turn writes the body of a loop and the label where "continue" goes.
func (b *body) turn(list []elaborate.Statement) {
	again := b.label()
	b.continues = append(b.continues, again)
	b.statements(list)
	b.continues = b.continues[:len(b.continues)-1]
	if b.jumps[again] {
		b.emit("%s: __attribute__((unused));", again)
	}
}

func (b *body) returns(s *elaborate.Return) {
	switch {
	case s.X == nil:
	case b.function.Result == parse.String:
		b.emit("stap_string_copy(result, %s);", b.operand(s.X))
	case b.function.Result == parse.Long:
		b.emit("result = %s;", b.expression(s.X))
	default: // nothing says of which type it is, so nobody uses it
		b.discard(s.X)
	}
	b.emit("goto %s;", b.jump("out"))
}

func (b *body) branch(s *elaborate.Branch) {
	switch s.Word {
	case "next":
		if b.function != nil {
			b.nextOverload(s)
		} else {
			b.emit("goto %s;", b.jump(b.end))
		}
	case "continue":
		b.emit("goto %s;", b.jump(b.continues[len(b.continues)-1]))
	case "break":
		b.emit("break;")
	}
}

// try sends errors of its body to its catch. With the actions used up nothing is
// caught.
func (b *body) try(s *elaborate.Try) {
	failed, end := b.label(), b.label()
	b.failure = append(b.failure, failed)
	b.emit("{")
	b.nested(s.Body)
	b.emit("}")
	b.failure = b.failure[:len(b.failure)-1]
	b.emit("goto %s;", end)
	b.emit("%s: __attribute__((unused));", failed)
	b.emit("if (c->actions < 0)")
	b.emit("\tgoto %s;", b.failed())
	if s.Message != nil {
		b.emit("stap_string_copy(%s, c->error);", b.place(s.Message))
	}
	b.emit("c->error = 0;")
	b.act(1, s.Position)
	b.emit("{")
	b.nested(s.Catch)
	b.emit("}")
	b.emit("%s: __attribute__((unused));", end)
}
