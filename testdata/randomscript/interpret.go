package randomscript

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

const (
	stringRoom  = 511    // MAXSTRINGLEN-1: L382
	callDepth   = 200    // far above MAXNESTING of any generated script: only recursion without end gets there
	actionLimit = 200000 // far above MAXACTION: only a loop without end gets there
)

// Result is what a script does.
type Result struct {
	Output  string
	Errors  []string // messages of the errors that no catch took, in order
	Status  int      // of staprun
	Actions int      // the most statements that one handler ran
}

// value is a number or a string.
type value struct {
	text   bool
	number int64
	string string
}

func number(n int64) value { return value{number: n} }

func text(s string) value {
	if len(s) > stringRoom {
		s = s[:stringRoom]
	}
	return value{text: true, string: s}
}

func truth(b bool) value {
	if b {
		return number(1)
	}
	return number(0)
}

func compare(a, b value) int {
	if a.text {
		return strings.Compare(a.string, b.string)
	}
	switch {
	case a.number < b.number:
		return -1
	case a.number > b.number:
		return 1
	}
	return 0
}

// plain is the value as print shows it: L211.
func (v value) plain() string {
	if v.text {
		return v.string
	}
	return strconv.FormatInt(v.number, 10)
}

// element is one of an array, or a scalar; statistics keep their numbers.
type element struct {
	keys    []value
	value   value
	numbers []int64
}

type array struct {
	declared *parse.Global
	elements []*element // in order of insertion: L164
}

func (a *array) find(keys []value) int {
	return slices.IndexFunc(a.elements, func(e *element) bool { return slices.Equal(e.keys, keys) })
}

// at gives an element and makes it where there is none: L161, L163.
func (a *array) at(keys []value) *element {
	if i := a.find(keys); i >= 0 {
		return a.elements[i]
	}
	if size := int(a.declared.Size); size > 0 && len(a.elements) >= size {
		if !a.declared.Wrap {
			if a.declared.Text[0] == 'x' {
				panic(failure{message: "aggregation overflow in " + a.declared.Text})
			}
			panic(failure{message: fmt.Sprintf("Array overflow, check size limit (%d)", size)})
		}
		a.elements = a.elements[1:]
	}
	e := &element{keys: keys, value: empty(a.declared.Text)}
	a.elements = append(a.elements, e)
	return e
}

// empty is what a name has before it is assigned; its first letter says its type (see Generate).
func empty(name string) value { return value{text: name[0] == 's'} }

// failure is a run-time error.
type failure struct {
	message     string
	uncatchable bool // L107
}

// leave is how a statement ends.
type leave int

const (
	onward leave = iota
	leaveLoop
	nextRound
	leaveFunction
	leaveHandler
)

type interpreter struct {
	file    *parse.File
	arrays  map[string]*array
	scalars map[string]*element
	output  bytes.Buffer
	actions int
	depth   int
	groups  []string // of the handler's last match, nil when it failed
}

// frame is one call's locals.
type frame struct {
	*interpreter
	locals map[string]*element
	result value
}

// Interpret runs the begin, end and error probes of a file.
func Interpret(file *parse.File) Result {
	in := &interpreter{file: file, arrays: map[string]*array{}, scalars: map[string]*element{}}
	for _, g := range file.Globals {
		in.scalars[g.Text] = &element{value: empty(g.Text)}
		in.arrays[g.Text] = &array{declared: g}
		switch initial := g.Initial.(type) {
		case *parse.NumberLiteral:
			in.scalars[g.Text].value = number(initial.Value)
		case *parse.StringLiteral:
			in.scalars[g.Text].value = text(initial.Value)
		}
	}
	var result Result
	run := func(kind string) (failed bool) {
		for _, probe := range in.probes(kind) {
			message := in.handler(probe.Body)
			result.Actions = max(result.Actions, in.actions)
			if message != "" {
				result.Errors = append(result.Errors, message)
				return true
			}
		}
		return false
	}
	if run("begin") || run("end") {
		result.Status = 1
		run("error")
	}
	result.Output = in.output.String()
	return result
}

// probes are those of a kind by rising priority, then as written.
func (in *interpreter) probes(kind string) []*parse.Probe {
	var found []*parse.Probe
	for _, p := range in.file.Probes {
		if p.Points[0].Components[0].Text == kind {
			found = append(found, p)
		}
	}
	priority := func(p *parse.Probe) int64 {
		if n, ok := p.Points[0].Components[0].Argument.(*parse.NumberLiteral); ok {
			return n.Value
		}
		return 0
	}
	slices.SortStableFunc(found, func(a, b *parse.Probe) int { return int(priority(a) - priority(b)) })
	return found
}

func (in *interpreter) handler(body *parse.Block) (message string) {
	in.actions, in.depth, in.groups = 0, 0, nil
	defer func() {
		switch e := recover().(type) {
		case nil:
		case failure:
			message = e.message
		default:
			panic(e)
		}
	}()
	(&frame{interpreter: in, locals: map[string]*element{}}).run(body)
	return ""
}

func (f *frame) scalar(name string) *element {
	if e := f.locals[name]; e != nil {
		return e
	}
	if e := f.scalars[name]; e != nil {
		return e
	}
	e := &element{value: empty(name)}
	f.locals[name] = e
	return e
}

func (f *frame) act() {
	if f.actions++; f.actions > actionLimit {
		panic(failure{"MAXACTION exceeded", true})
	}
}

func (f *frame) run(s parse.Statement) leave {
	f.act()
	switch s := s.(type) {
	case *parse.Block:
		for _, each := range s.Statements {
			if l := f.run(each); l != onward {
				return l
			}
		}
	case *parse.EmptyStatement:
	case *parse.ExpressionStatement:
		f.eval(s.X)
	case *parse.IfStatement:
		if f.eval(s.Condition).number != 0 {
			return f.run(s.Then)
		} else if s.Else != nil {
			return f.run(s.Else)
		}
	case *parse.LoopStatement:
		return f.loop(s)
	case *parse.ForeachStatement:
		return f.foreach(s)
	case *parse.ReturnStatement:
		if s.X != nil {
			f.result = f.eval(s.X)
		}
		return leaveFunction
	case *parse.DeleteStatement:
		f.remove(s.X)
	case *parse.BranchStatement:
		return map[string]leave{"break": leaveLoop, "continue": nextRound, "next": leaveHandler}[s.Text]
	case *parse.TryStatement:
		return f.try(s)
	default:
		panic(fmt.Sprintf("statement %T", s))
	}
	return onward
}

func (f *frame) loop(s *parse.LoopStatement) leave {
	if s.Init != nil {
		f.eval(s.Init)
	}
	for s.Condition == nil || f.eval(s.Condition).number != 0 {
		f.act()
		if l := f.run(s.Body); l == leaveLoop {
			break
		} else if l > nextRound {
			return l
		}
		if s.Step != nil {
			f.eval(s.Step)
		}
	}
	return onward
}

func (f *frame) foreach(s *parse.ForeachStatement) leave {
	if operator, ok := s.Base.(*parse.Operator); ok {
		return f.buckets(s, len(f.histogram(operator).buckets))
	}
	a := f.arrays[s.Base.(*parse.Identifier).Text]
	limit := int64(len(a.elements))
	if s.Limit != nil {
		limit = min(limit, f.eval(s.Limit).number)
	}
	if s.SortOrder != 0 { // L171, L176: sorting is stable and stays
		slices.SortStableFunc(a.elements, func(x, y *element) int {
			if s.SortKey > 0 {
				return s.SortOrder * compare(x.keys[s.SortKey-1], y.keys[s.SortKey-1])
			}
			if a.declared.Text[0] == 'x' { // L172
				by := cmp.Or(s.SortByStat, "@count")
				return s.SortOrder * cmp.Compare(extract(by, x.numbers), extract(by, y.numbers))
			}
			return s.SortOrder * compare(x.value, y.value)
		})
	}
	for i := int64(0); i < limit; i++ {
		f.act()
		e := a.elements[i]
		if s.Value != nil {
			f.scalar(s.Value.Text).value = e.value
		}
		for n, key := range s.Keys {
			f.scalar(key.Text).value = e.keys[n]
		}
		if l := f.run(s.Body); l == leaveLoop {
			break
		} else if l > nextRound {
			return l
		}
	}
	return onward
}

// buckets visits the numbers of a histogram's buckets: L178.
func (f *frame) buckets(s *parse.ForeachStatement, count int) leave {
	limit := int64(count)
	if s.Limit != nil {
		limit = min(limit, f.eval(s.Limit).number)
	}
	for i := int64(0); i < limit; i++ {
		f.act()
		n := i
		if s.SortOrder < 0 {
			n = int64(count) - 1 - i
		}
		f.scalar(s.Keys[0].Text).value = number(n)
		if l := f.run(s.Body); l == leaveLoop {
			break
		} else if l > nextRound {
			return l
		}
	}
	return onward
}

func (f *frame) remove(x parse.Expression) {
	switch x := x.(type) {
	case *parse.Identifier:
		*f.scalar(x.Text) = element{value: empty(x.Text)}
		if a := f.arrays[x.Text]; a != nil {
			a.elements = nil
		}
	case *parse.Index:
		a, keys := f.arrays[x.Text], f.evalAll(x.Keys)
		if i := a.find(keys); i >= 0 {
			a.elements = slices.Delete(a.elements, i, i+1)
		}
	}
}

func (f *frame) try(s *parse.TryStatement) (l leave) {
	depth := f.depth
	defer func() {
		switch e := recover().(type) {
		case nil:
		case failure:
			if e.uncatchable {
				panic(e)
			}
			f.depth = depth
			if s.Message != nil {
				f.scalar(s.Message.Text).value = text(e.message)
			}
			l = f.run(s.Catch)
		default:
			panic(e)
		}
	}()
	return f.run(s.Body)
}
