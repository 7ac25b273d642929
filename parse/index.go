package parse

import (
	"slices"
	"strconv"
	"strings"
)

// FileIndex says what one library file declares for others, so that the file is
// read only when one of its names is wanted. It is taken from tokens alone:
// both branches of a conditional count, and what is private does not. A file
// whose name ends in .stpm has macros and nothing else, another one has none
// for others.
type FileIndex struct {
	File      string
	Functions []string // "name/arity"
	Globals   []string
	Aliases   []string // "syscall.open.return"
	Macros    []string // without "@"
	Probes    bool     // the file has probes that are no aliases
}

// IndexSource lists what a source declares. The source need not be free of
// mistakes.
func IndexSource(source *Source) FileIndex {
	p := parsers.Get().(*parser)
	defer p.release()
	p.tokens, _ = tokenize(source, &Options{}, p.tokens)
	x := &indexer{tokens: p.tokens, FileIndex: FileIndex{File: source.Name}}
	for x.next = 0; x.peek().kind != endOfFile; {
		x.token()
	}
	if isMacroFile(source.Name) {
		x.FileIndex = FileIndex{File: source.Name, Macros: x.Macros}
	} else {
		x.Macros = nil
	}
	x.unite()
	return x.FileIndex
}

func isMacroFile(name string) bool { return strings.HasSuffix(name, ".stpm") }

// indexer goes over the tokens of a file.
type indexer struct {
	FileIndex
	tokens []token
	next   int
	depth  int   // of braces
	saved  []int // depth before the first branch of each open conditional
}

func (x *indexer) peek() *token { return &x.tokens[x.next] }

func (x *indexer) at(text string) bool { return x.peek().Text == text }

// skip goes past the next token, unless it is the end.
func (x *indexer) skip() {
	if x.peek().kind != endOfFile {
		x.next++
	}
}

// skipTo goes to the next token with this text or to the end.
func (x *indexer) skipTo(text string) {
	for !x.at(text) && x.peek().kind != endOfFile {
		x.next++
	}
}

// token looks at one token, with what belongs to it.
func (x *indexer) token() {
	t, i := x.peek(), x.next
	x.skip()
	switch t.Text {
	case "%(":
		x.saved = append(x.saved, x.depth)
		x.skipTo("%?")
	case "%:": // each branch begins where the first one did
		if len(x.saved) > 0 {
			x.depth = x.saved[len(x.saved)-1]
		}
	case "%)":
		if len(x.saved) > 0 {
			x.saved = x.saved[:len(x.saved)-1]
		}
	case "@define":
		x.macro()
	case "{":
		x.depth++
	case "}":
		x.depth = max(x.depth-1, 0)
	}
	if x.depth > 0 || !topLevel[t.Text] || i > 0 && !beginsDeclaration(x.tokens, i) {
		return
	}
	switch t.Text {
	case "private":
		if x.at("function") || x.at("global") {
			x.skip()
		}
	case "function":
		x.function()
	case "global":
		x.globals()
	case "probe":
		x.probe()
	}
}

// macro goes over "NAME(a, b) %( body %)".
func (x *indexer) macro() {
	x.Macros = append(x.Macros, x.peek().Text)
	x.skipTo("%(")
	for open := 0; x.peek().kind != endOfFile; {
		switch x.peek().Text {
		case "%(":
			open++
		case "%)":
			open--
		}
		if x.skip(); open == 0 {
			break
		}
	}
}

// function goes over "name:long (a, b)".
func (x *indexer) function() {
	name := x.peek().Text
	x.skip()
	if x.at(":") {
		x.skip()
		x.skip()
	}
	if !x.at("(") {
		return
	}
	x.skip()
	arity := 0
	if !x.at(")") {
		arity = 1
	}
	for ; !x.at(")") && !x.at("{") && x.peek().kind != endOfFile; x.skip() {
		if x.at(",") {
			arity++
		}
	}
	x.Functions = append(x.Functions, functionKey(name, arity))
}

func functionKey(name string, arity int) string { return name + "/" + strconv.Itoa(arity) }

// globals goes over "a, b[5], c = 1".
func (x *indexer) globals() {
	for x.peek().kind == identifierToken {
		x.Globals = append(x.Globals, x.peek().Text)
		for x.skip(); ; x.skip() {
			t := x.peek()
			if isPart := t.kind == numberToken || t.kind == stringToken || t.Text == "%" || t.Text == "[" ||
				t.Text == "]" || t.Text == "=" || t.Text == "-"; !isPart {
				break
			}
		}
		if !x.at(",") {
			return
		}
		x.skip()
	}
}

// probe goes over the names of an alias, "a.b = c = ".
func (x *indexer) probe() {
	for first := true; ; first = false {
		name := ""
		for isNamePart(x.peek()) || x.at(".") {
			name += x.peek().Text
			x.skip()
		}
		if !x.at("=") && !x.at("+=") {
			x.Probes = x.Probes || first
			return
		}
		x.skip()
		x.Aliases = append(x.Aliases, name)
	}
}

// unite sorts the lists and leaves one of each name.
func (x *indexer) unite() {
	for _, list := range []*[]string{&x.Functions, &x.Globals, &x.Aliases, &x.Macros} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}
