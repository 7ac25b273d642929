package tapsets

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gostap/gostap/parse"
)

// This file makes a library file of each system call of the table, when a script names it:
//
//	private function _argstr_1:string () %{ … stap_text_dirfd(&text, (int)arguments[0]); … %}
//	probe syscall.openat = dw_syscall.openat = nd_syscall.openat = kernel.function("sys_openat").call ?, …
//	{
//		name = "openat"
//		dfd = _system_call_int(0)
//		…
//		argstr = _argstr_1()
//	}
//
// and so on: the call's return, and the same at the tracepoints that all calls pass. Variables are
// plain assignments, so those that the script does not read cost nothing.

// systemCallFamilies are the names under which a call is probed at its functions.
var systemCallFamilies = []string{"syscall", "dw_syscall", "nd_syscall"}

// tracedFamily is that of the tracepoints.
const tracedFamily = "tp_syscall"

var systemCalls = sync.OnceValue(func() *systemCallLines { return splitSystemCalls(systemCallTable) })

var systemCallsByNumber = sync.OnceValues(func() (map[string]systemCallNumbers, error) {
	all, err := readSystemCallNumbers(systemCallNumberTable)
	byName := make(map[string]systemCallNumbers, len(all))
	for _, n := range all {
		byName[n.name] = n
	}
	return byName, err
})

// addSystemCalls adds a file for each call when something asks for one of their names.
func addSystemCalls(library *parse.Library) {
	library.AddLater(func(first string) bool { return first == tracedFamily || slices.Contains(systemCallFamilies, first) }, func() {
		addSystemCallFiles(library)
	})
}

func addSystemCallFiles(library *parse.Library) {
	calls := systemCalls()
	aliases := make([]string, 0, 8*len(calls.names))
	for _, name := range calls.names {
		first := len(aliases)
		for _, family := range systemCallFamilies {
			aliases = append(aliases, family+"."+name, family+"."+name+".return")
		}
		aliases = append(aliases, tracedFamily+"."+name, tracedFamily+"."+name+".return")
		library.Add(parse.FileIndex{Aliases: aliases[first:len(aliases):len(aliases)]}, func() (*parse.Source, error) {
			text, err := systemCallFile(name)
			return &parse.Source{Name: "tapset/systemcall/" + name + ".stp", Text: text, Library: true}, err
		})
	}
}

// systemCallFile writes the library file of a call.
func systemCallFile(name string) ([]byte, error) {
	rows, err := systemCalls().rows(name)
	if err != nil {
		return nil, err
	}
	numbers, err := systemCallsByNumber()
	if err != nil {
		return nil, err
	}
	w := &systemCallWriter{numbers: numbers}
	for _, row := range rows {
		w.row = row
		w.writeRow(false)
		if row.socketCall > 0 {
			w.writeRow(true)
		}
	}
	return []byte(w.out.String()), nil
}

// systemCallWriter writes a call's file.
type systemCallWriter struct {
	out     strings.Builder
	numbers map[string]systemCallNumbers
	row     *systemCallRow
	nth     int  // of the ways in which the call takes arguments, from 1
	socket  bool // in memory, by socketcall
}

func (w *systemCallWriter) printf(format string, arguments ...any) {
	fmt.Fprintf(&w.out, format, arguments...)
}

func (w *systemCallWriter) argstr() string { return fmt.Sprintf("_argstr_%d", w.nth) }

func (w *systemCallWriter) textOf(variable string) string {
	return fmt.Sprintf("_text_%d_%s", w.nth, variable)
}

// writeRow writes what a row says of the call's own functions or, for callers of 32 bits, of socketcall.
func (w *systemCallWriter) writeRow(socket bool) {
	w.nth++
	w.socket = socket
	w.textFunction(w.argstr(), w.row.arguments)
	for _, a := range w.row.arguments {
		if a.kind != nil && slices.ContainsFunc(a.kind.variables, func(v [2]string) bool { return strings.Contains(v[1], "TEXT") }) {
			w.textFunction(w.textOf(a.variable), []systemCallArgument{a})
		}
	}
	w.writeEntries()
	w.writeReturns()
}

// textFunction writes the function that gives the text of arguments.
func (w *systemCallWriter) textFunction(name string, arguments []systemCallArgument) {
	tags := "/* pure */ /* unprivileged */"
	truncates := slices.ContainsFunc(arguments, func(a systemCallArgument) bool { return a.kind != nil && a.kind.truncates })
	if truncates {
		tags += " /* pragma:read:syscall_string_trunc */"
	}
	w.printf("private function %s:string ()\n%%{ %s\n", name, tags)
	written := slices.DeleteFunc(slices.Clone(arguments), func(a systemCallArgument) bool { return a.kind == nil })
	if len(written) > 0 {
		w.printf("\tstruct stap_text text = stap_text_begin(STAP_RETVALUE);\n\tstap_ulong arguments[6];\n"+
			"\tint narrow __attribute__((unused)) = stap_%s_arguments(arguments);\n", w.access())
	}
	declared := map[string]bool{}
	for _, a := range written {
		for i, p := range a.parameters {
			if a.kind.parameters[i] == "table" && !declared[p] {
				declared[p] = true
				w.printf("\textern const struct stap_names stap_%s_names;\n", p)
			}
		}
	}
	if truncates {
		w.printf("\n\ttext.preview = STAP_GLOBAL_GET_syscall_string_trunc();\n")
	}
	for _, a := range written {
		value, _ := w.row.value(a.variable)
		w.printf("\tstap_text_next(&text);\n\tstap_text_%s(&text, %s", a.kind.write, value)
		for i, p := range a.parameters {
			parameter, _ := w.row.parameter(a.kind.parameters[i], p)
			w.printf(", %s", parameter)
		}
		w.printf(");\n")
	}
	w.printf("%%}\n")
}

// access begins the names of functions that give arguments.
func (w *systemCallWriter) access() string {
	if w.socket {
		return "socket_call"
	}
	return "system_call"
}

// systemCallVariable is one that an argument gives.
type systemCallVariable struct {
	argument   systemCallArgument
	register   int
	value      string // the argument's number in the language of scripts
	name       string
	expression string
}

// variables lists those of the row.
func (w *systemCallWriter) variables() []systemCallVariable {
	var variables []systemCallVariable
	register := 0
	for _, a := range w.row.arguments {
		if a.kind != nil {
			for _, v := range a.kind.variables {
				value := fmt.Sprintf("_%s_%s(%d)", w.access(), a.kind.typ, register)
				variables = append(variables, systemCallVariable{a, register, value, strings.ReplaceAll(v[0], "NAME", a.variable), v[1]})
			}
		}
		register += a.kind.registers()
	}
	return variables
}

// writeEntries writes the aliases of the call's entry.
func (w *systemCallWriter) writeEntries() {
	variables := w.variables()
	var body, set strings.Builder
	names := []string{"name", "argstr"}
	fmt.Fprintf(&body, "\tname = %q\n", w.row.shown)
	for _, v := range variables {
		names = append(names, v.name)
		expression := strings.NewReplacer("NAME", v.argument.variable, "VALUE", v.value, "TEXT", w.textOf(v.argument.variable)+"()").Replace(v.expression)
		fmt.Fprintf(&body, "\t%s = %s\n", v.name, expression)
		switch {
		case v.argument.kind.typ == "pair" || w.socket:
		case v.expression == "VALUE":
			fmt.Fprintf(&set, "\tif (@probewrite(%[1]s))\n\t\t_system_call_set(%[2]d, %[1]s)\n", v.name, v.register)
		case strings.HasSuffix(v.name, "_unquoted"):
			fmt.Fprintf(&set, "\tif (@probewrite(%[1]s))\n\t\tset_user_string_arg(%[2]s, %[1]s)\n", v.name, v.value)
		}
	}
	fmt.Fprintf(&body, "\targstr = %s()\n", w.argstr())
	epilogue := ""
	if set.Len() > 0 {
		epilogue = fmt.Sprintf("%%( guru_mode == 1 %%? , {\n%s} %%)\n", set.String())
	}
	w.printf("\n/** %s.%s: a program calls %s. Variables: %s. */\n", systemCallFamilies[0], w.row.name, w.row.shown, strings.Join(names, ", "))
	w.printf("probe %s%s\n{\n%s%s}\n%s", w.aliasNames(""), w.functions(".call"), w.onlySocket()+w.onlyCallers(), body.String(), epilogue)
	if w.socket { // the tracepoint has them as it has all others
		return
	}
	w.printf("\n/** %s.%s: the same, at the tracepoint of all calls. */\n", tracedFamily, w.row.name)
	w.printf("probe %s.%s = kernel.trace(\"sys_enter\")\n{\n\tif (!(%s)) next\n%s}\n%s", tracedFamily, w.row.name, w.isCall("$id"), body.String(), epilogue)
}

// writeReturns writes the aliases of the call's return.
func (w *systemCallWriter) writeReturns() {
	format := systemCallFormats[w.row.format]
	if format == 0 {
		w.printf("\n/** %s.%s.return: never hits: %s does not return. */\n", systemCallFamilies[0], w.row.name, w.row.shown)
		w.printf("probe %s%s.%s.return = never\n{\n\tname = %q\n\tretval = 0\n\tretstr = \"\"\n}\n", w.aliasNames(".return"), tracedFamily, w.row.name, w.row.shown)
		return
	}
	body := func(result string) string {
		return fmt.Sprintf("\tname = %q\n\tretval = %s\n\tretstr = return_str(%d, retval)\n", w.row.shown, result, format)
	}
	w.printf("\n/** %s.%s.return: %s is done. Variables: name, retval, retstr. */\n", systemCallFamilies[0], w.row.name, w.row.shown)
	w.printf("probe %s%s\n{\n%s%s}\n", w.aliasNames(".return"), w.functions(".return"), w.onlySocket()+w.onlyCallers(), body("$return"))
	if w.socket {
		return
	}
	w.printf("\n/** %s.%s.return: the same, at the tracepoint of all calls. */\n", tracedFamily, w.row.name)
	w.printf("probe %s.%s.return = kernel.trace(\"sys_exit\")\n{\n\tif (!(%s)) next\n%s}\n", tracedFamily, w.row.name, w.isCall("_system_call_number()"), body("$ret"))
}

// onlySocket leaves out the other calls that socketcall is.
func (w *systemCallWriter) onlySocket() string {
	if !w.socket {
		return ""
	}
	return fmt.Sprintf("\tif (_system_call_int(0) != %d) next\n", w.row.socketCall)
}

// aliasNames gives "syscall.NAME = dw_syscall.NAME = … = ".
func (w *systemCallWriter) aliasNames(suffix string) string {
	var text strings.Builder
	for _, family := range systemCallFamilies {
		fmt.Fprintf(&text, "%s.%s%s = ", family, w.row.name, suffix)
	}
	return text.String()
}

// functions gives the points in the kernel's functions.
func (w *systemCallWriter) functions(suffix string) string {
	var points []string
	add := func(prefix string, names []string) {
		for _, name := range names {
			if !strings.HasPrefix(name, "__") {
				name = prefix + name
			}
			points = append(points, fmt.Sprintf("kernel.function(%q)%s ?", name, suffix))
		}
	}
	if w.socket {
		add("compat_sys_", []string{"socketcall"})
		return strings.Join(points, ", ")
	}
	add("sys_", w.row.native)
	add("compat_sys_", w.row.narrow)
	text := strings.Join(points, ", ")
	if others := w.sharedFunctions(); len(others) > 0 {
		points = nil
		add("sys_", others)
		if len(w.row.native) == 0 && len(w.row.narrow) == 1 { // the kernel has one of the two
			text = fmt.Sprintf("%%( arch == \"arm64\" %%? %s!, %s %%: %s %%)", strings.TrimSuffix(text, "?"), strings.Join(points, ", "), text)
		} else {
			text += fmt.Sprintf(" %%( arch == \"arm64\" %%? , %s %%)", strings.Join(points, ", "))
		}
	}
	return text
}

// sharedFunctions are those for callers of 32 bits that have the form of all callers' on arm64, where x86 has one
// apart.
func (w *systemCallWriter) sharedFunctions() []string {
	return slices.DeleteFunc(slices.Clone(w.row.narrow), func(name string) bool {
		return strings.HasPrefix(name, "__") || strings.HasPrefix(name, "ia32_") || slices.Contains(w.row.native, name)
	})
}

// onlyCallers leaves out callers of another width where a function is shared by rows.
func (w *systemCallWriter) onlyCallers() string {
	switch {
	case w.socket:
	case len(w.row.native) == 0 && len(w.sharedFunctions()) > 0:
		return "\t%( arch == \"arm64\" %? if (!_system_call_narrow()) next %)\n"
	case len(w.row.narrow) == 0:
		return "\t%( arch == \"arm64\" %? if (_system_call_narrow()) next %)\n"
	}
	return ""
}

// systemCallABI is a kind of programs.
type systemCallABI struct {
	number  func(systemCallNumbers) int
	narrow  bool
	foreign string // what begins the names of functions that only kernels of other architectures have
}

var (
	abiX86   = systemCallABI{func(n systemCallNumbers) int { return n.x86 }, false, "aarch32_"}
	abiI386  = systemCallABI{func(n systemCallNumbers) int { return n.i386 }, true, "aarch32_"}
	abiARM64 = systemCallABI{func(n systemCallNumbers) int { return n.arm64 }, false, "ia32_"}
	abiARM   = systemCallABI{func(n systemCallNumbers) int { return n.arm }, true, "ia32_"}
)

// numbersOf lists the numbers by which such programs make the call as the row has it.
func (r *systemCallRow) numbersOf(abi systemCallABI, numbers map[string]systemCallNumbers) []int {
	functions := r.native
	if abi.narrow {
		functions = r.narrow
	}
	if !slices.ContainsFunc(functions, func(name string) bool { return !strings.HasPrefix(name, abi.foreign) }) {
		return nil
	}
	var list []int
	for _, name := range r.numbers {
		if n, known := numbers[name]; known && abi.number(n) >= 0 {
			list = append(list, abi.number(n))
		}
	}
	return list
}

// isCall tells by the number of a call whether it is the row's.
func (w *systemCallWriter) isCall(number string) string {
	among := func(abi systemCallABI) string {
		var tests []string
		for _, n := range w.row.numbersOf(abi, w.numbers) {
			tests = append(tests, fmt.Sprintf("%s == %d", number, n))
		}
		if tests == nil {
			return "0"
		}
		return strings.Join(tests, " || ")
	}
	return fmt.Sprintf("%%( arch == \"x86_64\" %%? _system_call_narrow() ? (%s) : (%s) %%: _system_call_narrow() ? (%s) : (%s) %%)",
		among(abiI386), among(abiX86), among(abiARM), among(abiARM64))
}
