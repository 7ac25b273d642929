package elaborate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// This file turns the operations of a DWARF expression into an Expression, by
// running them with expressions on the stack in place of numbers:
//
//	OpRegister 7, 8; OpDereference 8; OpConstant 3; OpPlus
//	                  @kderef(8, @kregister(7) + 8) + 3
//
// A branch on what is known only at run time becomes "c ? x : y" with the rest of
// the operations in both arms.

// stackMachine runs one expression.
type stackMachine struct {
	operations []debuginfo.Operation
	at         parse.Token // for errors at run time
	address    func(debuginfo.Address) (Expression, error)
	register   func(n int) Expression
	steps      int // that may still be taken, branches included
}

// The limits of one expression.
const (
	maxOperations = 10_000 // executed
	maxNodes      = 500    // of what comes out
)

// operand is a value on the stack: of a type, whose size of 0 means the size of an
// address and neither signed nor unsigned.
type operand struct {
	x      Expression
	size   int
	signed bool
	nodes  int // in x
}

var (
	errStack   = errors.New("DWARF: an expression takes more from its stack than there is")
	errTooLong = errors.New("DWARF: an expression is too long")
)

// run gives what is on top of the stack at the end.
func (m *stackMachine) run() (Expression, error) {
	m.steps = maxOperations
	result, err := m.from(0, nil)
	return result.x, err
}

// from runs the operations from the one at pc on. The stack is its own.
func (m *stackMachine) from(pc int, stack []operand) (operand, error) {
	for pc >= 0 && pc < len(m.operations) {
		if m.steps--; m.steps < 0 {
			return operand{}, errTooLong
		}
		o := m.operations[pc]
		pc++
		switch o.Code {
		case debuginfo.OpSkip:
			pc += int(o.Number)
			continue
		case debuginfo.OpBranch:
			if len(stack) == 0 {
				return operand{}, errStack
			}
			condition := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if n, ok := condition.x.(*Number); ok {
				if n.Value != 0 {
					pc += int(o.Number)
				}
				continue
			}
			return m.branch(condition, pc, pc+int(o.Number), stack)
		}
		var err error
		if stack, err = m.step(o, stack); err != nil {
			return operand{}, err
		}
		if n := len(stack); n > 0 && stack[n-1].nodes > maxNodes {
			return operand{}, errTooLong
		}
	}
	if len(stack) == 0 || pc < 0 {
		return operand{}, errStack
	}
	return stack[len(stack)-1], nil
}

// branch runs both ways.
func (m *stackMachine) branch(condition operand, next, target int, stack []operand) (operand, error) {
	taken, err := m.from(target, slices.Clone(stack))
	if err != nil {
		return operand{}, err
	}
	other, err := m.from(next, stack)
	if err != nil {
		return operand{}, err
	}
	taken.x = &Conditional{Condition: condition.x, X: taken.x, Y: other.x}
	taken.nodes += condition.nodes + other.nodes
	if taken.nodes > maxNodes {
		return operand{}, errTooLong
	}
	return taken, nil
}

// operands gives how many values an operation takes from the stack.
func operands(code byte) int {
	switch code {
	case debuginfo.OpConstant, debuginfo.OpRegister, debuginfo.OpAddr, debuginfo.OpPick:
		return 0
	case debuginfo.OpDrop, debuginfo.OpDereference, debuginfo.OpConvert, debuginfo.OpAbs, debuginfo.OpNegate, debuginfo.OpNot:
		return 1
	case debuginfo.OpRotate:
		return 3
	}
	return 2
}

// step runs one operation that is no branch.
func (m *stackMachine) step(o debuginfo.Operation, stack []operand) ([]operand, error) {
	last := len(stack) - 1
	if len(stack) < operands(o.Code) {
		return nil, errStack
	}
	switch o.Code {
	case debuginfo.OpConstant:
		return append(stack, operand{x: &Number{o.Number}, nodes: 1}), nil
	case debuginfo.OpRegister:
		return append(stack, operand{x: m.binary("+", m.register(o.Register), &Number{o.Number}), nodes: 2}), nil
	case debuginfo.OpAddr:
		x, err := m.address(debuginfo.Address{Section: o.Section, Offset: uint64(o.Number)})
		return append(stack, operand{x: x, nodes: 1}), err
	case debuginfo.OpPick:
		if o.Number < 0 || o.Number > int64(last) {
			return nil, errStack
		}
		return append(stack, stack[last-int(o.Number)]), nil
	case debuginfo.OpDrop:
		return stack[:last], nil
	case debuginfo.OpSwap:
		stack[last], stack[last-1] = stack[last-1], stack[last]
	case debuginfo.OpRotate:
		stack[last], stack[last-1], stack[last-2] = stack[last-1], stack[last-2], stack[last]
	case debuginfo.OpDereference:
		x := &Dereference{Token: m.at, Address: stack[last].x, Size: int(o.Number)}
		stack[last] = operand{x: x, nodes: stack[last].nodes + 1}
	case debuginfo.OpConvert:
		v := operand{x: stack[last].x, size: int(o.Number), signed: o.Signed, nodes: stack[last].nodes}
		stack[last] = v.normal()
	case debuginfo.OpAbs, debuginfo.OpNegate, debuginfo.OpNot:
		stack[last] = m.unary(o.Code, stack[last])
	default:
		v, err := m.two(o.Code, stack[last-1], stack[last])
		stack[last-1] = v
		return stack[:last], err
	}
	return stack, nil
}

// normal gives a value that has been computed in 64 bits as its type has it.
func (v operand) normal() operand {
	if v.size > 0 && v.size < 8 {
		v.x = fold(&Cast{X: v.x, Size: v.size, Signed: v.signed})
		v.nodes++
	}
	return v
}

func (m *stackMachine) binary(sign string, x, y Expression) Expression {
	if n, ok := y.(*Number); ok && n.Value == 0 && (sign == "+" || sign == "-") {
		return x
	}
	return fold(newBinary(m.at, sign, x, y))
}

func (m *stackMachine) unsigned(sign string, x, y operand) Expression {
	return &Unsigned{Token: parse.Token{Position: m.at.Position, Text: sign}, X: x.x, Y: y.x}
}

func (m *stackMachine) unary(code byte, v operand) operand {
	switch code {
	case debuginfo.OpNot:
		v.x = fold(&Unary{"~", v.x})
	case debuginfo.OpNegate:
		v.x = fold(&Unary{"-", v.x})
	case debuginfo.OpAbs:
		negative := m.binary("<", v.x, &Number{})
		if n, ok := negative.(*Number); !ok {
			v.x = &Conditional{Condition: negative, X: &Unary{"-", v.x}, Y: v.x}
		} else if n.Value != 0 {
			v.x = fold(&Unary{"-", v.x})
		}
		v.nodes *= 3
	}
	v.nodes++
	return v.normal()
}

// signs are the operators that are the same for all types.
var signs = map[byte]string{
	debuginfo.OpAnd: "&", debuginfo.OpOr: "|", debuginfo.OpXor: "^", debuginfo.OpPlus: "+", debuginfo.OpMinus: "-",
	debuginfo.OpMultiply: "*", debuginfo.OpEqual: "==", debuginfo.OpNotEqual: "!=",
}

// orders are the operators that compare.
var orders = map[byte]string{
	debuginfo.OpLess: "<", debuginfo.OpLessEqual: "<=", debuginfo.OpGreater: ">", debuginfo.OpGreaterEqual: ">=",
}

// two runs an operator with two operands, of which x was pushed first.
func (m *stackMachine) two(code byte, x, y operand) (operand, error) {
	result := operand{size: x.size, signed: x.signed, nodes: x.nodes + y.nodes + 1}
	unsigned := x.size == 8 && !x.signed // smaller ones are not negative in 64 bits
	sign, simple := signs[code]
	order, compares := orders[code]
	switch {
	case simple:
		result.x = m.binary(sign, x.x, y.x)
	case compares:
		a, b := x.x, y.x
		if unsigned {
			a, b = m.binary("^", a, &Number{math.MinInt64}), m.binary("^", b, &Number{math.MinInt64})
			result.nodes += 4
		}
		result.x = m.binary(order, a, b)
	case code == debuginfo.OpDivide && !unsigned:
		result.x = m.binary("/", x.x, y.x)
	case code == debuginfo.OpModulo && x.size > 0 && !unsigned:
		result.x = m.binary("%", x.x, y.x)
	case code == debuginfo.OpDivide:
		result.x = m.unsigned("/", x, y)
	case code == debuginfo.OpModulo:
		result.x = m.unsigned("%", x, y)
	default:
		return m.shift(code, x, y, result)
	}
	if compares || code == debuginfo.OpEqual || code == debuginfo.OpNotEqual {
		result.size, result.signed = 0, false
	}
	return result.normal(), nil
}

// shift runs a shift. One by all bits or more leaves none, or those of the sign.
func (m *stackMachine) shift(code byte, x, y, result operand) (operand, error) {
	bits := int64(64)
	if x.size > 0 {
		bits = 8 * int64(x.size)
	}
	value, sign := x.x, "<<"
	var beyond Expression = &Number{}
	switch code {
	case debuginfo.OpShiftLeft:
	case debuginfo.OpShiftRight:
		sign = ">>>"
		value = operand{x: value, size: x.size}.normal().x
	case debuginfo.OpShiftRightSigned:
		sign = ">>"
		value = operand{x: value, size: x.size, signed: true}.normal().x
		beyond = m.binary(">>", value, &Number{63})
	default:
		return operand{}, fmt.Errorf("DWARF: operator %#x in an expression", code)
	}
	result.x = m.binary(sign, value, y.x)
	if n, ok := y.x.(*Number); ok {
		if uint64(n.Value) >= uint64(bits) {
			result.x = beyond
		}
		return result.normal(), nil
	}
	within := m.binary("<", m.binary("^", y.x, &Number{math.MinInt64}), &Number{math.MinInt64 + bits})
	result.x = &Conditional{Condition: within, X: result.x, Y: beyond}
	result.nodes += 2*x.nodes + y.nodes + 4
	return result.normal(), nil
}
