package translate

import (
	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

func (b *body) statements(list []elaborate.Statement) {
	for _, s := range list {
		b.numbers, b.texts = 0, 0
		b.at(s.Pos())
		b.statement(s)
	}
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
	again := b.label()
	b.emit("for (;;) {")
	b.indent++
	b.emit("if (!stap_act(c, 1))")
	b.emit("\tgoto %s;", b.failure[len(b.failure)-1])
	b.jumps = true
	if s.Condition != nil {
		b.emit("if (!(%s))", b.expression(s.Condition))
		b.emit("\tbreak;")
	}
	b.continues = append(b.continues, again)
	b.statements(s.Body)
	b.continues = b.continues[:len(b.continues)-1]
	b.emit("%s: __attribute__((unused));", again)
	if s.Step != nil {
		b.numbers, b.texts = 0, 0
		b.discard(s.Step)
	}
	b.indent--
	b.emit("}")
}

func (b *body) returns(s *elaborate.Return) {
	switch {
	case s.X == nil:
	case b.function.Result == parse.String:
		b.emit("stap_string_copy(result, %s);", b.expression(s.X))
	case b.function.Result == parse.Long:
		b.emit("result = %s;", b.expression(s.X))
	default: // nothing says of which type it is, so nobody uses it
		b.discard(s.X)
	}
	b.emit("goto out;")
	b.jumps = true
}

func (b *body) branch(s *elaborate.Branch) {
	switch s.Word {
	case "next":
		b.emit("goto out;")
		b.jumps = true
	case "continue":
		b.emit("goto %s;", b.continues[len(b.continues)-1])
	case "break":
		b.emit("break;")
	}
}

// try sends errors of its body to its catch.
func (b *body) try(s *elaborate.Try) {
	failed, end := b.label(), b.label()
	b.failure = append(b.failure, failed)
	b.emit("{")
	b.nested(s.Body)
	b.emit("}")
	b.failure = b.failure[:len(b.failure)-1]
	b.emit("goto %s;", end)
	b.emit("%s: __attribute__((unused));", failed)
	b.emit("if (!stap_act(c, 1))") // with the actions used up nothing is caught
	b.emit("\tgoto %s;", b.failure[len(b.failure)-1])
	b.jumps = true
	if s.Message != nil {
		b.emit("stap_string_copy(%s, c->error);", b.place(s.Message))
	}
	b.emit("c->error = 0;")
	b.emit("{")
	b.nested(s.Catch)
	b.emit("}")
	b.emit("%s: __attribute__((unused));", end)
}
