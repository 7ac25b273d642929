package tapsets

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// This file reads the tables of system calls; systemcall_script.go makes library files of them.

//go:embed systemcalls.table
var systemCallTable string

//go:embed systemcall_numbers.table
var systemCallNumberTable string

// systemCallRow is a line of the table: one way in which a call takes its arguments.
type systemCallRow struct {
	name       string // in scripts
	shown      string // what the variable "name" says
	format     string // of the result: decimal, hex, octal; none: it never returns
	arguments  []systemCallArgument
	native     []string // functions for callers of the kernel's width, without "sys_"
	narrow     []string // for callers of 32 bits
	numbers    []string // its names in the table of numbers
	socketCall int      // which call of socketcall(2) it is, too; 0: none
	line       int
}

// systemCallArgument is "flags:flags(open)".
type systemCallArgument struct {
	variable   string // "" for "_"
	kind       *systemCallKind
	parameters []string
}

// systemCallKind says what variables an argument gives, and how it is written.
type systemCallKind struct {
	name       string
	parameters []string // of each: table or value
	typ        string
	write      string      // stap_text_…
	truncates  bool        // it asks for syscall_string_trunc
	variables  [][2]string // name and expression
}

// systemCallTypes are the types of arguments, with the C that makes one of registers: A is the
// first, B the next one.
var systemCallTypes = map[string]string{
	"int":     "(int)A",
	"uint":    "(unsigned int)A",
	"long":    "(narrow ? (int)A : (stap_long)A)",
	"ulong":   "(stap_long)A",
	"pointer": "(stap_long)A",
	"pair":    "(stap_long)(A | B << 32)",
}

// registers is how many an argument of the kind takes.
func (k *systemCallKind) registers() int {
	if k != nil && k.typ == "pair" {
		return 2
	}
	return 1
}

// systemCallFormats are return_str's formats by their names.
var systemCallFormats = map[string]int{"decimal": 1, "hex": 2, "octal": 3, "none": 0}

// systemCallLines are the table's lines of calls by their names, in the table's order; a line is
// understood when a script names the call.
type systemCallLines struct {
	names []string
	lines map[string][]tableLine
	kinds func() (map[string]*systemCallKind, error)
}

type tableLine struct {
	number int
	text   string
}

// splitSystemCalls sorts the lines of a table.
func splitSystemCalls(table string) *systemCallLines {
	calls := &systemCallLines{lines: make(map[string][]tableLine, 512)}
	var kinds []tableLine
	for number := 1; table != ""; number++ {
		text, rest, _ := strings.Cut(table, "\n")
		table = rest
		if text == "" || text[0] == '#' {
			continue
		}
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		line := tableLine{number, text[end:]}
		name := text[:end]
		if name == "kind" {
			kinds = append(kinds, line)
			continue
		}
		if calls.lines[name] == nil {
			calls.names = append(calls.names, name)
		}
		calls.lines[name] = append(calls.lines[name], line)
	}
	calls.kinds = sync.OnceValues(func() (map[string]*systemCallKind, error) { return readKinds(kinds) })
	return calls
}

// readKinds understands the lines that begin with "kind".
func readKinds(lines []tableLine) (map[string]*systemCallKind, error) {
	kinds := map[string]*systemCallKind{}
	for _, line := range lines {
		words := strings.Fields(line.text)
		if len(words) < 2 {
			return nil, line.fault("a kind has a name and a type")
		}
		k := &systemCallKind{typ: words[1]}
		var err error
		if k.name, k.parameters, err = splitParameters(words[0]); err != nil {
			return nil, line.fault("%v", err)
		}
		k.write = k.name
		if systemCallTypes[k.typ] == "" {
			return nil, line.fault("there is no type %s", k.typ)
		}
		for _, p := range k.parameters {
			if p != "table" && p != "value" {
				return nil, line.fault("a parameter is table or value, not %s", p)
			}
		}
		for _, word := range words[2:] {
			name, value, isPair := strings.Cut(word, "=")
			switch {
			case word == "truncates":
				k.truncates = true
			case !isPair:
				return nil, line.fault("%s is no VARIABLE=EXPRESSION", word)
			case name == "write":
				k.write = value
			default:
				k.variables = append(k.variables, [2]string{name, value})
			}
		}
		if k.variables == nil {
			k.variables = [][2]string{{"NAME", "VALUE"}}
		}
		if kinds[k.name] != nil {
			return nil, line.fault("the kind %s is there twice", k.name)
		}
		kinds[k.name] = k
	}
	return kinds, nil
}

func (l tableLine) fault(format string, arguments ...any) error {
	return fmt.Errorf("systemcalls.table:%d: %s", l.number, fmt.Sprintf(format, arguments...))
}

// splitParameters takes "flags(open,x)" apart.
func splitParameters(text string) (name string, parameters []string, err error) {
	name, rest, has := strings.Cut(text, "(")
	if !has {
		return name, nil, nil
	}
	inside, ends := strings.CutSuffix(rest, ")")
	if !ends {
		return name, nil, fmt.Errorf("%s has no end", text)
	}
	return name, strings.Split(inside, ","), nil
}

// rows understands a call's lines.
func (c *systemCallLines) rows(name string) ([]*systemCallRow, error) {
	kinds, err := c.kinds()
	if err != nil {
		return nil, err
	}
	var rows []*systemCallRow
	for _, line := range c.lines[name] {
		row, err := readRow(name, line, kinds)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// readRow understands one line.
func readRow(name string, line tableLine, kinds map[string]*systemCallKind) (*systemCallRow, error) {
	row := &systemCallRow{name: name, shown: name, line: line.number}
	words := strings.Fields(line.text)
	if len(words) == 0 {
		return nil, line.fault("%s has no format of its result", name)
	}
	row.format = words[0]
	if _, known := systemCallFormats[row.format]; !known {
		return nil, line.fault("a result is decimal, hex, octal or none, not %s", row.format)
	}
	for _, word := range words[1:] {
		if option, value, isOption := strings.Cut(word, "="); isOption {
			if err := row.option(option, strings.Split(value, ",")); err != nil {
				return nil, line.fault("%v", err)
			}
			continue
		}
		argument, err := readArgument(word, kinds)
		if err != nil {
			return nil, line.fault("%v", err)
		}
		row.arguments = append(row.arguments, argument)
	}
	if row.native == nil && row.narrow == nil {
		row.native, row.narrow = []string{name}, []string{name}
	}
	if row.numbers == nil {
		row.numbers = []string{name}
	}
	return row, row.check(line)
}

func (r *systemCallRow) option(option string, values []string) error {
	switch option {
	case "at":
		r.native, r.narrow = append(r.native, values...), append(r.narrow, values...)
	case "native":
		r.native = append(r.native, values...)
	case "narrow":
		r.narrow = append(r.narrow, values...)
	case "number":
		r.numbers = values
	case "socketcall":
		var err error
		if r.socketCall, err = strconv.Atoi(values[0]); err != nil {
			return fmt.Errorf("%s is no number", values[0])
		}
	case "name":
		r.shown = strings.Join(values, ",")
	default:
		return fmt.Errorf("there is no option %s", option)
	}
	return nil
}

func readArgument(word string, kinds map[string]*systemCallKind) (a systemCallArgument, err error) {
	if word == "_" {
		return a, nil
	}
	variable, kind, has := strings.Cut(word, ":")
	if !has {
		return a, fmt.Errorf("%s is no VARIABLE:KIND", word)
	}
	a.variable = variable
	kind, a.parameters, err = splitParameters(kind)
	if a.kind = kinds[kind]; a.kind == nil && err == nil {
		err = fmt.Errorf("there is no kind %s", kind)
	}
	if err == nil && len(a.parameters) != len(a.kind.parameters) {
		err = fmt.Errorf("the kind %s has %d parameters", kind, len(a.kind.parameters))
	}
	return a, err
}

// mostRegisters is how many arguments a system call can have.
const mostRegisters = 6

// check finds what is wrong with a row as a whole.
func (r *systemCallRow) check(line tableLine) error {
	registers := 0
	var variables []string
	for _, a := range r.arguments {
		registers += a.kind.registers()
		if a.kind == nil {
			continue
		}
		for _, v := range a.names() {
			if slices.Contains(variables, v) || v == "name" || v == "argstr" {
				return line.fault("the variable %s is there twice", v)
			}
			variables = append(variables, v)
		}
		for i, p := range a.parameters {
			if _, err := r.parameter(a.kind.parameters[i], p); err != nil {
				return line.fault("%v", err)
			}
		}
	}
	if registers > mostRegisters {
		return line.fault("%s has more than %d arguments", r.name, mostRegisters)
	}
	return nil
}

// names lists the variables of an argument.
func (a systemCallArgument) names() []string {
	var names []string
	if a.kind != nil {
		for _, v := range a.kind.variables {
			names = append(names, strings.ReplaceAll(v[0], "NAME", a.variable))
		}
	}
	return names
}

// value gives an argument's number in C.
func (r *systemCallRow) value(variable string) (string, bool) {
	register := 0
	for _, a := range r.arguments {
		if a.kind != nil && a.variable == variable {
			text := strings.ReplaceAll(systemCallTypes[a.kind.typ], "A", fmt.Sprintf("arguments[%d]", register))
			return strings.ReplaceAll(text, "B", fmt.Sprintf("arguments[%d]", register+1)), true
		}
		register += a.kind.registers()
	}
	return "", false
}

// parameter gives a parameter of a kind in C.
func (r *systemCallRow) parameter(what, parameter string) (string, error) {
	if what == "table" {
		return "&stap_" + parameter + "_names", nil
	}
	if _, err := strconv.ParseInt(parameter, 0, 64); err == nil {
		return parameter, nil
	}
	value, known := r.value(parameter)
	if !known {
		return "", fmt.Errorf("%s has no argument %s", r.name, parameter)
	}
	return value, nil
}

// systemCallNumbers is a line of the table of numbers; -1 is none.
type systemCallNumbers struct {
	name                  string
	x86, i386, arm64, arm int
}

// readSystemCallNumbers understands the table of numbers.
func readSystemCallNumbers(table string) ([]systemCallNumbers, error) {
	var all []systemCallNumbers
	for n, line := range strings.Split(table, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 5 {
			return nil, fmt.Errorf("systemcall_numbers.table:%d: a line is a name and four numbers", n+1)
		}
		var numbers [4]int
		for i, word := range words[1:] {
			numbers[i] = -1
			if word != "-" {
				var err error
				if numbers[i], err = strconv.Atoi(word); err != nil {
					return nil, fmt.Errorf("systemcall_numbers.table:%d: %s is no number", n+1, word)
				}
			}
		}
		all = append(all, systemCallNumbers{words[0], numbers[0], numbers[1], numbers[2], numbers[3]})
	}
	return all, nil
}
