// Package parse is pass 1: it turns the text of a script or of a library file
// into a syntax tree, and owns positions and diagnostics for all passes.
//
// In comes a Source, some bytes with a name, and Options: what $1 and @1 stand
// for, which version of the language it is, what conditionals ask. Out comes a File of globals, functions, aliases and probes, each with its place
// in the text, and, as an error, Diagnostics with every mistake found.
//
//	probe kernel.{function("a"),trace("b")} { n++ }
//
// goes through five steps.
//
// Tokens. lexer.go cuts the bytes into words, the longest that fit: "probe",
// "kernel", ".", … An embedded "%{ C %}" is one token. $1 is replaced by the
// text of the argument at this level, so that it can be any part of a script.
// A lexical mistake becomes a junk token with its message, for whether it is an
// error depends on who reads it.
//
// Conditionals and macros. preprocess.go replaces uses of macros by what they
// stand for and leaves one branch of each conditional; a text without them is
// not touched. With
//
//	@define both(a) %( kernel.{function(@a),trace(@a)} %)
//	probe @both("b") { %( kernel_v >= "6.0" %? n++ %: m++ %) }
//
// the grammar sees kernel.{function("b"),trace("b")} and n++ or m++, and each
// token knows where it was written and what it came out of.
//
// Declarations. Participle drives: the structs in grammar.go say what a probe,
// a function and a global are made of. It sees the tokens of one declaration at
// a time, without those inside of braces, looks one token ahead and never goes
// back. When a declaration has a mistake, reading goes on at the next word that
// can begin one.
//
// Statements, expressions and probe points. These are productions that
// participle hands to methods of parser: recursive descent for statements,
// precedence climbing over the table in expression.go for expressions. Braces
// in a probe point are spelled out on the way: the probe above has the two
// points kernel.function("a") and kernel.trace("b").
//
// Tree. declare makes the nodes of syntax.go of what participle collected. Nobody
// changes it afterwards.
//
// Beside the script stands a Library of many files. An index says which of them
// declares a name, so that those are parsed that something asks for:
//
//	library := NewLibrary(options)
//	library.Add(IndexSource(source), func() (*Source, error) { return source, nil })
//	overloads, file := library.Functions("execname", 0)
//
// Format gives a text the common form; format.go says how.
//
// That the lower half is written by hand was settled by measuring a complete
// grammar in participle's struct tags against this one, on the script in
// bench_test.go, one core of a shared machine:
//
//	                                  struct tags     by hand below declarations
//	script text per second            0.25 MB         5 to 7 MB
//	allocated per byte of text        1,450 bytes     60 bytes
//	tokens alone                                      60 to 100 MB per second
//	10,000 nested parentheses         0.6 to 0.8 s    0.01 to 0.05 s
//	100,000 nested parentheses        stack overflow  a diagnostic in 0.05 to 0.4 s
//
// A Go stack overflow cannot be caught, so nesting is counted: the tree of a
// declaration is at most maxNesting high, the left spine of "a + b + c" included,
// and whoever walks it may recurse. Joining the grammar takes 0.6 ms, the time
// for 4 KB of script, which is why parsers are kept for the next source.
package parse
