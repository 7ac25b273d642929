// Package randomscript makes random valid scripts and says what they do.
//
// In: a seed. Out: Generate gives a script, the same for the same seed; Interpret runs its syntax tree, with a
// meaning that is written from the language's description and shares nothing with elaborate, translate and the
// runtime, and gives what the script prints and which errors end it.
//
// The generator descends the grammar with a bound on depth. A name's first letter is its type: n is a number, s a
// string, x statistics; so neither the generator nor the interpreter has to infer types, which gostap does. What the
// language leaves open is not generated: the order of an array of which only a limited part was sorted, a constant
// shift beyond 63, precision 0. Scripts stay far below MAXACTION, or loop without end. For example
//
//	probe begin(-3) { n0 = 5 s0 = "" try { n0 -= (n1 / 0) } catch (sm) { println("caught ", sm) } println(n0) }
package randomscript

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/gostap/gostap/parse"
)

// mostActions is what a handler may run of the 10,000 that MAXACTION allows.
const mostActions = 3000

// Generate gives the script of a seed, and what it does.
func Generate(seed uint64) (string, Result) {
	for attempt := uint64(0); ; attempt++ {
		g := &generator{random: rand.New(rand.NewPCG(seed, attempt))}
		script := g.script()
		file, err := parse.Parse(&parse.Source{Name: "random.stp", Text: []byte(script)}, parse.Options{})
		if err != nil {
			panic(fmt.Sprintf("seed %d: %v\n%s", seed, err, script))
		}
		if result := Interpret(file); result.Actions <= mostActions || result.Actions > actionLimit {
			return script, result
		}
	}
}

type generator struct {
	random     *rand.Rand
	out        strings.Builder
	indent     int
	loops      int
	inFunction bool
	walking    bool // in a foreach: arrays stay as they are
	functions  int
	histograms []string // one kind for each variable: L202
}

func (g *generator) line(format string, values ...any) {
	g.out.WriteString(strings.Repeat("\t", g.indent))
	fmt.Fprintf(&g.out, format, values...)
	g.out.WriteByte('\n')
}

func (g *generator) one(of ...string) string { return of[g.random.IntN(len(of))] }

func (g *generator) chance(percent int) bool { return g.random.IntN(100) < percent }

// arrays by name, with the types of their keys.
var arrays = map[string]string{"na": "n", "nb": "ns", "nw": "n", "sa": "s", "nf": "nsnsn", "sc": "sns"}

var (
	arrayNames = []string{"na", "nb", "nw", "sa", "nf", "sc"}
)

// statistics are arrays of statistics, with the types of their keys.
var statistics = map[string]string{"xa": "n", "xb": "s"}

// patterns have one way to match, and two groups.
var patterns = []string{"^([a-z]*)( ?)", "(o)(.)", "()(word|wo|two)", "^(.*)( [a-z]+)$", "([[:digit:]]+)([^[:digit:]]*)", "(l)on(g|e)", "^(-?)([0-9]{1,3})$",
	"([\t|]+)(.?)", "(a+)(b*)$"}

func (g *generator) script() string {
	low := g.random.IntN(40) - 20
	step := 1 + g.random.IntN(9)
	g.histograms = []string{"@hist_log(x0)", fmt.Sprintf("@hist_linear(x1, %d, %d, %d)", low, low+1+g.random.IntN(12*step), step), "@hist_log(xa[%s])"}
	g.line("global n0, n1 = %d, n2 = -7, s0 = \"\", s1 = \"begin\", x0, x1", g.random.IntN(1000))
	g.line("global na[%d], nb, nw%%[%d], sa[%d], nf, sc, xa, xb[%d]", 3+g.random.IntN(20), 2+g.random.IntN(5), 2+g.random.IntN(6), 1+g.random.IntN(4))
	for range g.random.IntN(3) {
		g.function()
	}
	g.overloads()
	g.line("function nrec(nx) { if (nx <= 0) return n1; return (nx + nrec(nx - 1)) }")
	g.line("function ninf(nx) { return (1 + ninf(nx + 1)) }")
	for i := range 1 + g.random.IntN(3) {
		g.probe(fmt.Sprintf("begin(%d)", g.random.IntN(9)*10-40+i), 4+g.random.IntN(10))
	}
	g.line("probe begin(1000) { exit() }")
	if g.chance(60) {
		g.probe(fmt.Sprintf("end(%d)", g.random.IntN(9)-4), 1+g.random.IntN(4))
	}
	for _, kind := range []string{"end(100)", "error"} {
		g.line("probe %s", kind)
		g.line("{")
		g.line("\tprintln(\"%s \", n0, \" \", n1, \" \", n2, \" \", s0, \" \", s1)", kind)
		g.line("\tprintln(@count(x0), \" \", @sum(x0), \" \", @count(x1), \" \", @sum(x1))")
		g.line("\tif (@count(x0)) println(@min(x0), \" \", @max(x0), \" \", @avg(x0))")
		g.line("\tforeach (nk0+ in xa) printdln(\",\", nk0, @count(xa[nk0]), @sum(xa[nk0]), @min(xa[nk0]), @max(xa[nk0]), @avg(xa[nk0]))")
		g.line("\tforeach (sk0- in xb) printdln(\",\", sk0, @count(xb[sk0]), @sum(xb[sk0]), @min(xb[sk0]), @max(xb[sk0]), @avg(xb[sk0]))")
		for i, name := range []string{"x0", "x1"} {
			g.line("\tif (@count(%s)) print(%s)", name, g.histograms[i])
		}
		for _, name := range arrayNames {
			var keys, directives, values string
			for i := range arrays[name] {
				keys += fmt.Sprintf(", %ck%d", arrays[name][i], i)
				directives += map[byte]string{'n': "%d,", 's': "%s,"}[arrays[name][i]]
			}
			values = keys
			g.line("\tforeach (%cv = [%s] in %s) printf(\"%s[%s]=%s\\n\"%s, %cv)", name[0], keys[2:], name, name,
				directives, map[byte]string{'n': "%d", 's': "%s"}[name[0]], values, name[0])
		}
		g.line("}")
	}
	return g.out.String()
}

func (g *generator) function() {
	g.inFunction = true
	kind := g.one("n", "s")
	g.line("function %sfun%d(np, sp)", kind, g.functions)
	g.line("{")
	g.indent++
	g.locals()
	for range 1 + g.random.IntN(4) {
		g.statement(2)
	}
	g.line("printd(\",\", nl, sl, nm, sm)")
	g.line("return %s", g.expression(kind[0], 2))
	g.indent--
	g.line("}")
	g.inFunction = false
	g.functions++ // only those before it are called
}

// overloads are functions that leave the call to one another: L340.
func (g *generator) overloads() {
	g.inFunction = true
	for range 1 + g.random.IntN(3) {
		priority := g.one("", "", ":1", ":3")
		g.line("function nover(np, sp)%s", priority)
		g.line("{")
		g.indent++
		g.locals()
		g.statement(1)
		g.line("np = np ^ 1; sp = sp . \"+\"")
		g.line("if (%s) next", g.one("np & 1", "np & 2", `sp == "a+"`, g.number(2)))
		g.line("return np + %d", g.random.IntN(100))
		g.indent--
		g.line("}")
	}
	g.inFunction = false
}

func (g *generator) locals() {
	g.line("nl = %d; sl = \"local\"; nm = 0; sm = \"\"", g.random.IntN(100))
}

func (g *generator) probe(point string, statements int) {
	g.line("probe %s", point)
	g.line("{")
	g.indent++
	g.locals()
	for range statements {
		g.statement(3)
	}
	g.line("println(nl, \" \", sl, \" \", nm, \" \", sm)")
	g.indent--
	g.line("}")
}

func (g *generator) block(depth int, head string, values ...any) {
	g.line(head, values...)
	g.line("{")
	g.indent++
	for range 1 + g.random.IntN(3) {
		g.statement(depth)
	}
	g.indent--
	g.line("}")
}

func (g *generator) statement(depth int) {
	choice := g.random.IntN(100)
	switch {
	case depth <= 0 || choice < 30:
		g.assignment()
	case choice < 45:
		g.print()
	case choice < 55:
		g.block(depth-1, "if (%s)", g.expression('n', 2))
		if g.chance(50) {
			g.block(depth-1, "else")
		}
	case choice < 65 && g.loops < 2:
		counter := fmt.Sprintf("nc%d", g.loops)
		g.loops++
		if g.chance(50) {
			g.block(depth-1, "for (%s = 0; %s < %d; %s++)", counter, counter, 1+g.random.IntN(6), counter)
		} else {
			g.line("%s = %d", counter, 1+g.random.IntN(6))
			g.block(depth-1, "while (%s-- > 0)", counter)
		}
		g.loops--
	case choice < 75 && !g.walking && g.loops < 2 && !g.inFunction:
		g.foreach(depth - 1)
	case choice < 87:
		g.block(depth-1, "try")
		g.line("catch (sm) { println(\"caught \", sm) }")
	case choice < 90 && g.loops > 0:
		g.line("if (%s) %s", g.expression('n', 1), g.one("break", "continue"))
	case choice < 91 && !g.inFunction:
		g.line("%s", g.one("if ("+g.expression('n', 1)+") next", "exit()"))
	case choice < 93 && !g.walking && !g.inFunction:
		name := g.one(arrayNames...)
		g.line("delete %s", g.one(name, g.index(name, 1)))
	case choice < 97:
		g.statistic(depth)
	default:
		g.accident(depth)
	}
}

// statistic is a statement of statistics.
func (g *generator) statistic(depth int) {
	amount := g.one(g.expression('n', 1), "("+g.expression('n', 1)+" & 63)", "(n1 % 50)")
	switch choice := g.random.IntN(10); {
	case choice < 2 || g.inFunction || g.walking:
		g.line("x%d <<< %s", g.random.IntN(2), amount)
	case choice < 3:
		g.line("for (nh = 0; nh < %d; nh++) x%d <<< %s", 60+g.random.IntN(100), g.random.IntN(2), g.one("nh", "(nh * nh)", "(nh & 7)", "(nh % 40) - 20"))
	case choice < 6:
		name := g.one("xa", "xb")
		g.line("try { %s <<< %s } catch (sm) { println(sm) }", g.element(name, statistics[name], 1), amount)
	case choice < 7:
		name := g.one("xa", "xb")
		g.line("delete %s", g.one(name, g.element(name, statistics[name], 1)))
	case choice < 8: // what is the same in the order is the same here
		by := g.one("@count", "@sum", "@min", "@max", "@avg")
		name := g.one("xa", "xb")
		variable := string(statistics[name][0]) + "k0"
		g.line("foreach (%s in %s %s%s%s) { print(%s(%s[%s]), \" \") }", variable, name, by, g.one("+", "-"), g.one("", "", " limit 1", " limit 3"), by, name, variable)
	case choice < 9:
		g.line("try { %s(%s) } catch (sm) { println(sm) }", g.one("print", "println"), g.histogram())
	default:
		histogram := g.histogram()
		g.line("try { foreach (ni%s in %s%s) if (%s[ni]) print(ni, \":\", %s[ni], \" \") } catch (sm) { println(sm) }",
			g.one("", "-"), histogram, g.one("", " limit 70"), histogram, histogram)
	}
}

func (g *generator) histogram() string {
	histogram := g.one(g.histograms...)
	if strings.Contains(histogram, "%s") {
		return fmt.Sprintf(histogram, g.one("0", "1", "(n0 & 7)", "nl"))
	}
	return histogram
}

// fill puts more into an array than it may hold, most of the time; a wrapped one then keeps the newest.
func (g *generator) fill() string {
	if g.walking || g.inFunction {
		return "nm = (1 / 0)"
	}
	put := g.one("na[nh] = nm", "nw[nh]++", "nw[nh & 9] = nh", "sa[sprint(nh)] .= sl", "xb[sprint(nh)] <<< nh", `nb[nh, "key"] = n1`)
	return fmt.Sprintf("for (nh = 0; nh < %d; nh++) %s", 1+g.random.IntN(25), put)
}

// accident is a statement that fails, most of the time where it is caught.
func (g *generator) accident(depth int) {
	accident := g.one("error(%s)", "nm = (%s / 0)", "nm = (%s %% n0)", "nm = ninf(1)", "sm = kernel_string(%s & 4095)", "nm = @max(x1)", "delete x0",
		"nm = nover(%s, sl)", "sm = matched(1)", g.fill(), g.fill(), "nm = @avg(xb[sl])", "nm = @hist_log(x0)[%s]")
	if strings.Contains(accident, "error") {
		accident = fmt.Sprintf(accident, `"it is "."random"`)
	} else if strings.Contains(accident, "%") {
		accident = fmt.Sprintf(accident, g.expression('n', 1))
	}
	if g.inFunction && strings.HasPrefix(accident, "nm = nover") {
		accident = "nm = ninf(1)" // nover may call this one, which prints as often as calls may nest
	}
	switch {
	case strings.HasPrefix(accident, "delete") && !g.walking:
		g.line("%s", accident)
	case g.random.IntN(40) == 0 && depth == 3 && !g.inFunction:
		g.line("nm = 1 while (nm) { nl++ nm = 1 }")
	case g.random.IntN(15) == 0 && depth == 3 && !strings.Contains(accident, "kernel"):
		g.line("if (%s) { %s }", g.expression('n', 1), accident)
	default:
		g.line("try { %s } catch { println(\"accident\") }", accident)
	}
}

func (g *generator) foreach(depth int) {
	name := g.one(arrayNames...)
	variables := make([]string, len(arrays[name]))
	for i := range variables {
		variables[i] = fmt.Sprintf("%ck%d", arrays[name][i], i)
	}
	base, value := name, ""
	if name != "nw" {
		switch g.random.IntN(4) {
		case 0:
			base += g.one("+", "-")
		case 1:
			variables[g.random.IntN(len(variables))] += g.one("+", "-")
		}
	}
	if g.chance(40) {
		value = fmt.Sprintf("%cv = ", name[0])
	}
	if !strings.ContainsAny(base+strings.Join(variables, ""), "+-") && g.chance(30) {
		base += fmt.Sprintf(" limit %s", g.one("1", "3", "n1 & 7", "-1"))
	}
	walking := g.walking
	g.walking = true
	g.loops++
	g.block(depth, "foreach (%s[%s] in %s)", value, strings.Join(variables, ", "), base)
	g.loops--
	g.walking = walking
	g.line("print(%ck0)", arrays[name][0])
}

func (g *generator) index(name string, depth int) string { return g.element(name, arrays[name], depth) }

func (g *generator) element(name, types string, depth int) string {
	var keys []string
	for _, kind := range types {
		if kind == 'n' {
			keys = append(keys, g.one(fmt.Sprint(g.random.IntN(5)), "("+g.expression('n', depth)+" & 7)"))
		} else {
			keys = append(keys, g.one(`"a"`, `"b"`, `"key"`, "s1", "sl"))
		}
	}
	return name + "[" + strings.Join(keys, ", ") + "]"
}

// place is something of a type that can be assigned to.
func (g *generator) place(kind byte) string {
	if !g.walking && !g.inFunction && g.chance(45) {
		for {
			if name := g.one(arrayNames...); name[0] == kind {
				return g.index(name, 1)
			}
		}
	}
	if kind == 'n' {
		return g.one("n0", "n1", "n2", "nl", "nm")
	}
	return g.one("s0", "s1", "sl")
}

func (g *generator) assignment() {
	if g.chance(35) {
		g.line("%s %s %s", g.place('s'), g.one("=", "=", ".="), g.expression('s', 3))
		return
	}
	switch place := g.place('n'); g.random.IntN(8) {
	case 0:
		g.line("%s%s", place, g.one("++", "--"))
	case 1:
		g.line("%s %s %s", place, g.one("<<=", ">>="), g.one("n0", "n2", "3", "63"))
	case 2, 3:
		g.line("%s %s %s", place, g.one("+=", "-=", "*=", "&=", "|=", "^="), g.expression('n', 2))
	case 4:
		g.line("try { %s %s %s } catch (sm) { println(sm) }", place, g.one("/=", "%="), g.expression('n', 2))
	default:
		g.line("%s = %s", place, g.expression('n', 3))
	}
}

func (g *generator) expression(kind byte, depth int) string {
	if kind == 'n' {
		return g.number(depth)
	}
	return g.text(depth)
}

func (g *generator) number(depth int) string {
	if depth <= 0 || g.chance(20) {
		if g.chance(35) {
			return g.one("0", "1", "2", "-1", "10", "255", "4096", "0x7fffffffffffffff", "0x8000000000000000", "2147483648", "-2147483649", "017")
		}
		return g.one("n0", "n1", "n2", "nl", "nm")
	}
	n := func() string { return g.number(depth - 1) }
	s := func() string { return g.text(depth - 1) }
	switch g.random.IntN(17) {
	case 0, 1, 2:
		return "(" + n() + g.one(" + ", " - ", " * ", " & ", " | ", " ^ ") + n() + ")"
	case 3:
		return "(" + n() + g.one(" / ", " % ") + "(" + n() + " | 1))"
	case 4:
		return "(" + n() + g.one(" << ", " >> ", " >>> ") + g.one("0", "1", "31", "63", "n0", "n1", "nm") + ")"
	case 5, 6:
		return "(" + n() + g.one(" < ", " <= ", " > ", " >= ", " == ", " != ") + n() + ")"
	case 7:
		return "(" + s() + g.one(" < ", " <= ", " > ", " >= ", " == ", " != ") + s() + ")"
	case 8:
		return "(" + n() + g.one(" && ", " || ") + n() + ")"
	case 9:
		return "(" + n() + " ? " + n() + " : " + n() + ")"
	case 10:
		return "(" + g.one("!", "~", "- ", "+ ") + n() + ")"
	case 11:
		name := g.one("na", "nb", "nw", "nf")
		return g.index(name, depth-1)
	case 12:
		name := g.one(arrayNames...)
		index := strings.TrimPrefix(g.index(name, depth-1), name)
		return "(" + index + " in " + name + ")"
	case 13:
		name := g.one("xa", "xb")
		index := strings.TrimPrefix(g.element(name, statistics[name], 0), name)
		return g.one("@count(x0)", "@sum(x0)", "@count(x1)", "@sum(x1)", "@count("+name+index+")", "@sum("+name+index+")", "("+index+" in "+name+")")
	case 14:
		return "(" + s() + g.one(" =~ ", " !~ ") + strconv.Quote(g.one(patterns...)) + ")"
	case 15:
		return g.one("(nl++)", "(++nl)", "(nm--)", "(nl = "+n()+")", "(nm += 3)")
	default:
		return g.called("n", depth)
	}
}

// called is a call of a function of a type, where one was made before.
func (g *generator) called(kind string, depth int) string {
	for i := range g.functions {
		if name := fmt.Sprintf("%sfun%d(", kind, i); strings.Contains(g.out.String(), "function "+name) && g.chance(50) {
			return name + g.number(depth-1) + ", " + g.text(depth-1) + ")"
		}
	}
	if kind == "n" && !g.inFunction && g.chance(30) {
		return "nover(" + g.number(depth-1) + ", " + g.text(depth-1) + ")"
	}
	if kind == "n" {
		return fmt.Sprintf("nrec(%d)", g.random.IntN(6))
	}
	return "s1"
}

func (g *generator) text(depth int) string {
	if depth <= 0 || g.chance(20) {
		return g.one(`""`, `"a"`, `"word"`, `"two words"`, `"\t|\\\""`, `"`+strings.Repeat("long ", 30)+`"`, "s0", "s1", "sl", "sl")
	}
	switch g.random.IntN(8) {
	case 0, 1:
		return "(" + g.text(depth-1) + " . " + g.text(depth-1) + ")"
	case 2:
		return "(" + g.number(depth-1) + " ? " + g.text(depth-1) + " : " + g.text(depth-1) + ")"
	case 3:
		format, values := g.format(depth - 1)
		return "sprintf(" + format + values + ")"
	case 4:
		return g.one("sprint(", "sprintln(", `sprintd("-", `) + g.number(depth-1) + ", " + g.text(depth-1) + ")"
	case 5:
		return g.index(g.one("sa", "sc"), depth-1)
	case 6:
		return "(sl = " + g.text(depth-1) + ")"
	default:
		return g.called("s", depth)
	}
}

func (g *generator) print() {
	switch g.random.IntN(5) {
	case 4:
		g.line("if (%s =~ %s) println(matched(0), \"|\", matched(1), \"|\", matched(%s))", g.text(2), strconv.Quote(g.one(patterns...)), g.one("2", "2", "2", "(n0 & 3)"))
	case 0:
		g.line("println(%s, %s)", g.number(2), g.text(2))
	case 1:
		g.line(`%s("%s", %s, %s)`, g.one("printd", "printdln"), g.one("", ",", "::"), g.text(1), g.number(2))
	default:
		format, values := g.format(2)
		g.line("printf(%s%s)", strings.TrimSuffix(format, `"`)+`\n"`, values)
	}
}

// format gives a format and its arguments, each after a comma.
func (g *generator) format(depth int) (format, values string) {
	format = `"`
	for range 1 + g.random.IntN(4) {
		width := g.one("", "", "1", "7", "20", "*")
		if width == "*" {
			values += ", " + g.one("0", "4", "(n1 & 31)")
		}
		precision := g.one("", "", "", ".1", ".5", ".12", ".*")
		flag := g.one("", "", "-", "0", "#", "+", " ")
		conversion := g.one("d", "i", "u", "x", "X", "o", "p", "s", "s", "c")
		if flag == "0" && conversion != "s" && conversion != "c" || conversion == "c" {
			precision = ""
		}
		if conversion == "s" || conversion == "c" {
			flag = g.one("", "-")
		} else if conversion == "p" || (flag == "+" || flag == " ") && conversion != "d" && conversion != "i" || flag == "#" && conversion == "o" {
			flag = ""
		}
		if precision == ".*" {
			values += ", " + g.one("1", "6", "((n0 & 15) + 1)")
		}
		switch conversion {
		case "s":
			values += ", " + g.text(depth)
		case "c":
			values += ", ((" + g.number(depth) + " & 63) + 32)"
		default:
			values += ", " + g.number(depth)
		}
		format += g.one("", " ", "[", "%%") + "%" + flag + width + precision + conversion
	}
	return format + `"`, values
}
