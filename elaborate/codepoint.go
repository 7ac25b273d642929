package elaborate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/kernel"
	"github.com/gostap/gostap/parse"
)

// This file is about points in the code of the kernel and its modules:
//
//	kernel.function("vfs_read")                      named.go: found by BTF and symbols
//	kernel.function("*@net/socket.c").return         described.go: found by DWARF
//	module("nfs").function("nfs_open").label("out")  described.go
//	kernel.function("f").callee("g")                 callee.go
//	kernel.statement("vfs_*@fs/open.c:100-120")      statement.go
//	kernel.function("sys_open")                      systemcall.go
//
// A point becomes a codeQuery for each object that it names; the query finds
// functions, the functions are sieved (blocklist.go), and what remains becomes
// places. BTF and symbols are asked first: they are small and always there. DWARF
// is asked if the point has a part that only DWARF can tell, if names alone do not
// tell functions apart, or, where it is at hand, for the copies of the function
// that were inlined.

// codeForm is what the components behind function(…) ask for.
type codeForm struct {
	call, inline, exported, returns bool
	active                          int64 // of maxactive(n)
	label                           string
	callee                          string
	depth                           int64 // of callees(n), else 1
	nearest                         bool
	statement                       bool
}

// everyCopy reports whether inlined copies are meant beside functions out of line.
func (f codeForm) everyCopy() bool {
	return !f.call && !f.exported && !f.returns && f.callee == "" && !f.statement
}

// codeQuery is one point of the code of one object.
type codeQuery struct {
	e      *elaborator
	point  *parse.ProbePoint
	object *object
	form   codeForm
	spec   functionSpec
	at     parse.Token // of the specification
	left   leftOut
	inline int // copies that cannot be probed in this form
}

// foundFunction is a function, or an inlined copy of one.
type foundFunction struct {
	name      string          // in the source
	code      *debuginfo.Code // nil without DWARF
	symbol    string          // at entry; "" if there is none
	entry     debuginfo.Address
	placed    bool                // entry is known
	prototype *debuginfo.Function // by BTF; nil if it has none, or one that does not hold
	system    *systemCall
}

// describedFunction is one that DWARF describes.
func describedFunction(c *debuginfo.Code) *foundFunction {
	return &foundFunction{name: c.Name, code: c, symbol: c.Symbol, entry: c.Entry, placed: !c.Inlined || len(c.Ranges) > 0}
}

// isOriginal reports whether the code is the function's own: neither an inlined copy nor
// a clone, whose parameters may be others.
func (f *foundFunction) isOriginal() bool { return !f.code.Inlined && f.symbol == f.name }

// String spells the function: with the file and line where these are known.
func (f *foundFunction) String() string {
	if f.code == nil || f.code.File == "" {
		return f.name
	}
	return fmt.Sprintf("%s@%s:%d", f.name, f.code.File, f.code.Line)
}

// isNamedByPrototype reports whether it has the name that its prototype is known by,
// and not another one for the same code.
func (f *foundFunction) isNamedByPrototype() bool {
	return f.prototype != nil && f.prototype.Name == f.name
}

// declaration is where DWARF has the function from.
func (f *foundFunction) declaration() debuginfo.Declaration {
	return debuginfo.Declaration{Name: f.code.Name, File: f.code.File, Line: f.code.Line}
}

func codeFamily() family {
	f := family{resolve: resolveCode}
	for _, base := range []string{"kernel", "module(string)"} {
		for _, function := range []string{".function(string)", ".function(number)"} {
			for _, suffix := range []string{"", ".call", ".inline", ".exported", ".return", ".return.maxactive(number)", ".label(string)",
				".callee(string)", ".callee(string).call", ".callee(string).return", ".callees", ".callees(number)"} {
				f.patterns = append(f.patterns, base+function+suffix)
			}
		}
		f.patterns = append(f.patterns, base+".statement(string)", base+".statement(string).nearest", base+".statement(number)", base+".statement(number).nearest")
	}
	return f
}

// formOf reads the components behind the base.
func formOf(p *parse.ProbePoint) (codeForm, *parse.Diagnostic) {
	f := codeForm{depth: 1, statement: p.Components[1].Text == "statement"}
	for _, c := range p.Components[2:] {
		text := ""
		if literal, ok := c.Argument.(*parse.StringLiteral); ok {
			text = literal.Value
		}
		switch c.Text {
		case "call":
			f.call = true
		case "inline":
			f.inline = true
		case "exported":
			f.exported = true
		case "return":
			f.returns = true
		case "maxactive":
			var d *parse.Diagnostic
			if f.active, d = maxActive(c); d != nil {
				return f, d
			}
		case "label":
			f.label = text
		case "callee":
			f.callee = text
		case "callees":
			f.callee = "*"
			if c.Argument != nil {
				if f.depth = numberArgument(c); f.depth < 1 || f.depth > deepestCallees {
					return f, semanticError(c.Token, fmt.Sprintf("callees depth out of range (1, %d)", deepestCallees))
				}
			}
		case "nearest":
			f.nearest = true
		}
	}
	return f, nil
}

func resolveCode(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	form, d := formOf(p)
	if d != nil {
		return nil, d
	}
	objects, d := e.objectsOf(p.Components[0])
	if d != nil {
		return nil, d
	}
	var sites []site
	var first *parse.Diagnostic
	for _, o := range objects {
		q := &codeQuery{e: e, point: p, object: o, form: form, at: p.Components[1].Token}
		if a := p.Components[1].Argument; a != nil {
			q.at = literalToken(a)
		}
		found, d := q.resolve()
		if d != nil && first == nil {
			first = d
		}
		sites = append(sites, found...)
		q.warn()
		if e.failure != nil {
			return nil, d
		}
	}
	if len(sites) == 0 {
		return nil, first
	}
	if most := e.options.maxPlaces(); len(sites) > most && !e.listing {
		d := semanticError(p.Components[1].Token, fmt.Sprintf("%s stands for %d places, more than %d", canonical(p), len(sites), most))
		d.Hint = fmt.Sprintf("--max-places=%d says that you mean it", len(sites))
		return nil, d
	}
	for i := range sites {
		sites[i].dispensable = sites[i].dispensable || len(sites) > 1
	}
	return sites, nil
}

func literalToken(l parse.Literal) parse.Token {
	switch l := l.(type) {
	case *parse.StringLiteral:
		return l.Token
	case *parse.NumberLiteral:
		return l.Token
	}
	return parse.Token{}
}

// DefaultMaxPlaces is how many places a point may stand for unless the user says
// otherwise: all functions of a kernel, without all their inlined copies.
const DefaultMaxPlaces = 60_000

func (o *Options) maxPlaces() int {
	if o.MaxPlaces > 0 {
		return o.MaxPlaces
	}
	return DefaultMaxPlaces
}

// resolve finds the places in one object.
func (q *codeQuery) resolve() ([]site, *parse.Diagnostic) {
	if number, ok := q.point.Components[1].Argument.(*parse.NumberLiteral); ok {
		return q.atAddress(number)
	}
	var d *parse.Diagnostic
	if q.spec, d = specOf(q.point.Components[1]); d != nil {
		return nil, d
	}
	if q.form.statement {
		return q.statements()
	}
	if q.spec.lines.kind == relativeLine {
		d := semanticError(q.at, "malformed specification")
		d.Hint = "lines behind a function's are for .statement()"
		return nil, d
	}
	functions, d := q.functions()
	if d != nil {
		return nil, d
	}
	switch {
	case q.form.label != "":
		return q.labels(functions)
	case q.form.callee != "":
		return q.callees(functions)
	}
	return q.entries(functions)
}

// entries gives the entries of functions, or with .return their returns, one for
// each address.
func (q *codeQuery) entries(functions []*foundFunction) ([]site, *parse.Diagnostic) {
	functions, d := q.sieve(functions)
	if d != nil {
		return nil, d
	}
	outOfLine := map[debuginfo.Declaration]bool{}
	for _, f := range functions {
		if f.code != nil && !f.code.Inlined {
			outOfLine[f.declaration()] = true
		}
	}
	var sites []site
	for _, f := range functions {
		s, d := q.site(f)
		if d != nil {
			return nil, d
		}
		s.spare = f.code != nil && f.code.Inlined && outOfLine[f.declaration()]
		sites = append(sites, s)
	}
	return sites, nil
}

// sieve leaves out what must not be probed, and further names of the same code.
func (q *codeQuery) sieve(functions []*foundFunction) ([]*foundFunction, *parse.Diagnostic) {
	taken := map[debuginfo.Address]int{} // of kept
	var kept []*foundFunction
	var refused *refusal
	for _, f := range functions {
		known, isKnown := taken[f.entry]
		if isKnown && f.placed && f.symbol != "" {
			if !kept[known].isNamedByPrototype() && f.isNamedByPrototype() {
				kept[known] = f
			}
			continue
		}
		file := ""
		if f.code != nil {
			file = f.code.File
		}
		if r := q.object.refuse(f.name, f.symbol, file, f.entry, q.form.returns, q.e.options.Guru); r != nil {
			q.left.add(f.name, r.form)
			refused = r
			continue
		}
		if f.placed && f.symbol != "" {
			taken[f.entry] = len(kept)
		}
		kept = append(kept, f)
	}
	if len(kept) == 0 && refused != nil {
		return nil, q.refused(refused)
	}
	return kept, nil
}

// refused is what is said where nothing else is left.
func (q *codeQuery) refused(r *refusal) *parse.Diagnostic {
	message, _ := q.left.message()
	q.left = leftOut{}
	d := semanticError(q.at, "no match: "+message)
	d.Hint = r.why
	if !r.final {
		d.Hint += "; stap -g allows it"
	}
	return d
}

// warn says what has been left out.
func (q *codeQuery) warn() {
	if message, detail := q.left.message(); message != "" {
		q.e.warn(q.at, message).Detail = detail
	}
}

// site makes a place of a function.
func (q *codeQuery) site(f *foundFunction) (site, *parse.Diagnostic) {
	place := &FunctionPlace{Name: f.name, prototype: f.prototype, system: f.system, object: q.object, code: f.code, link: f.entry}
	switch {
	case q.e.namesOnly:
	case !f.placed: // by the name alone
		place.At = KernelAddress{Module: q.object.module(), Symbol: f.symbol}
	default:
		at, d := q.address(f.entry)
		if d != nil {
			return site{}, d
		}
		place.At = at
	}
	s := site{place: place, point: q.canonical(f, q.point.Components[2:]), dispensable: q.spec.isPattern()}
	switch {
	case q.form.returns:
		s.place = &ReturnPlace{place, q.form.active}
	case f.code != nil && f.code.Inlined:
		s.place = &StatementPlace{place}
	}
	return s, nil
}

// address makes a link-time address one that holds when the object is loaded.
func (q *codeQuery) address(a debuginfo.Address) (KernelAddress, *parse.Diagnostic) {
	at, err := q.e.address(q.object, a)
	if err == nil {
		return at, nil
	}
	missing, failure := atHand(err)
	if failure != nil {
		q.e.failure = failure
		return at, semanticError(q.at, failure.Error())
	}
	return at, q.missing("addresses", "the symbol table", missing)
}

// canonical spells the point of one function.
func (q *codeQuery) canonical(f *foundFunction, suffix []parse.Component) string {
	return q.canonicalText(strconv.Quote(f.String()), suffix)
}

// canonicalText spells the point with that argument.
func (q *codeQuery) canonicalText(argument string, suffix []parse.Component) string {
	text := fmt.Sprintf("%s.%s(%s)", q.object.base(), q.point.Components[1].Text, argument)
	if len(suffix) > 0 {
		rest := *q.point
		rest.Components = suffix
		text += "." + canonical(&rest)
	}
	return text
}

// missing says which part of the script asks for a source that is not at hand.
func (q *codeQuery) missing(what, source string, missing *kernel.UserError) *parse.Diagnostic {
	d := semanticError(q.at, fmt.Sprintf("%s needs %s of %s for %s: %s", canonical(q.point), source, q.object, what, missing.Message))
	d.Hint = missing.Hint
	if q.spec.name != "" && !q.spec.isPattern() && source == dwarfSource {
		if d.Hint != "" {
			d.Hint += "; "
		}
		d.Hint += fmt.Sprintf("without it there is %s.function(%q).call", q.object.base(), q.spec.name)
	}
	return d
}

const dwarfSource = "the debuginfo"

// noMatch says that no function has the name, and which ones nearly have it; or of
// one that is there, why it is not meant.
func (q *codeQuery) noMatch() *parse.Diagnostic {
	if q.point.Optional { // nobody will read it
		return semanticError(q.at, "no match")
	}
	if why := q.otherwise(); why != "" {
		return semanticError(q.at, "no match: "+why)
	}
	if q.e.optional > 0 { // to compare with all names takes long
		return semanticError(q.at, "no match")
	}
	var names []string
	if btf, err := q.object.btf(); err == nil {
		names = btf.FunctionNames()
	}
	if info := q.infoInUse(); info != nil {
		names = append(names, info.FunctionNames()...)
	}
	if code, err := q.object.functionSymbols(); err == nil {
		for _, s := range code {
			if !isPartOfFunction(s.Name) {
				names = append(names, baseName(s.Name))
			}
		}
	}
	slices.Sort(names)
	d := semanticError(q.at, "no match")
	if similar := parse.Closest(strings.Trim(q.spec.name, "*?"), slices.Compact(names), 5); len(similar) > 0 {
		d.Message += " (similar functions: " + strings.Join(similar, ", ") + ")"
	}
	return d
}

// infoInUse gives the object's DWARF if something has asked for it before.
func (q *codeQuery) infoInUse() *debuginfo.Object {
	if q.object.info.done && q.object.info.err == nil {
		return q.object.info.value
	}
	return nil
}

// otherwise says of a function that has the name why it is not what the point
// stands for; "" if there is none.
func (q *codeQuery) otherwise() string {
	info := q.infoInUse()
	if info == nil || q.spec.isPattern() || !q.spec.matchScope() {
		return ""
	}
	declared, err := info.Declarations(debuginfo.Match{Name: q.spec.matchName, Inlined: true})
	if err != nil || len(declared) == 0 {
		return ""
	}
	var files []string
	for _, d := range declared {
		if q.spec.matchFile(d.File) {
			files = nil
			break
		}
		files = append(files, d.File)
	}
	slices.Sort(files)
	switch {
	case len(files) > 0:
		return fmt.Sprintf("%s is in %s", q.spec.name, strings.Join(slices.Compact(files), ", "))
	case q.spec.lines.kind == listedLines:
		return fmt.Sprintf("%s has no such line", q.spec.name)
	case q.form.inline:
		return fmt.Sprintf("there is no inlined copy of %s", q.spec.name)
	case q.form.exported:
		return fmt.Sprintf("%s is static", q.spec.name)
	}
	return fmt.Sprintf("%s is inlined wherever it is called", q.spec.name)
}
