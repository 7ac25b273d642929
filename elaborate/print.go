package elaborate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/parse"
)

// printForm says what a function of the print family does.
type printForm struct {
	toString, newline, delimiter, format bool
}

// printNames is the print family.
var printNames = map[string]printForm{
	"print":     {},
	"println":   {newline: true},
	"printd":    {delimiter: true},
	"printdln":  {delimiter: true, newline: true},
	"printf":    {format: true},
	"sprint":    {toString: true},
	"sprintln":  {toString: true, newline: true},
	"sprintd":   {toString: true, delimiter: true},
	"sprintdln": {toString: true, delimiter: true, newline: true},
	"sprintf":   {toString: true, format: true},
}

// maxPrintArguments is how many values one print can take.
const maxPrintArguments = 32

// print turns a call of the print family into pieces.
func (c *checker) print(x *parse.Print) Expression {
	if x.Text == "print_char" {
		return c.printChar(x)
	}
	form := printNames[x.Text]
	n := &Print{Token: x.Token, ToString: form.toString}
	values := x.Arguments
	lead := ""
	if form.format || form.delimiter {
		literal, ok := firstString(values)
		if !ok {
			c.fail(x.Token, fmt.Sprintf("the first argument of %s must be a string in quotes", x.Text))
			return nil
		}
		lead, values = literal, values[1:]
	}
	if len(values) > maxPrintArguments {
		c.fail(x.Token, fmt.Sprintf("too many arguments to print (%d)", len(values)))
		return nil
	}
	if form.format {
		if !c.format(n, x, lead, values) {
			return nil
		}
		return n
	}
	if len(values) == 1 && !form.delimiter && isHistogram(values[0]) {
		buckets := c.histogram(values[0].(*parse.Operator))
		if buckets == nil {
			return nil
		}
		n.Pieces, values = append(n.Pieces, Piece{Histogram: buckets}), nil
	}
	for i, v := range values {
		if i > 0 && lead != "" {
			n.Pieces = append(n.Pieces, Piece{Text: lead})
		}
		typed := c.value(v, parse.Unknown)
		if typed == nil {
			return nil
		}
		verb := byte('d')
		if typed.Type() == parse.String {
			verb = 's'
		}
		n.Pieces = append(n.Pieces, Piece{X: typed, Conversion: Conversion{Verb: verb}})
	}
	if form.newline {
		n.Pieces = append(n.Pieces, Piece{Text: "\n"})
	}
	return n
}

func firstString(values []parse.Expression) (string, bool) {
	if len(values) == 0 {
		return "", false
	}
	literal, ok := values[0].(*parse.StringLiteral)
	if !ok {
		return "", false
	}
	return literal.Value, true
}

func (c *checker) printChar(x *parse.Print) Expression {
	if len(x.Arguments) != 1 {
		c.fail(x.Token, "print_char takes one number")
		return nil
	}
	value := c.value(x.Arguments[0], parse.Long)
	if value == nil {
		return nil
	}
	return &Print{Token: x.Token, Pieces: []Piece{{X: value, Conversion: Conversion{Verb: 'c'}}}}
}

// format splits a format string and gives each conversion its value.
func (c *checker) format(n *Print, x *parse.Print, format string, values []parse.Expression) bool {
	ok := true
	take := func(wanted parse.Type) Expression {
		if len(values) == 0 {
			c.fail(x.Token, "Wrong number of args to formatted print operator: too few")
			ok = false
			return nil
		}
		typed := c.value(values[0], wanted)
		values = values[1:]
		ok = ok && typed != nil
		return typed
	}
	for len(format) > 0 && ok {
		percent := strings.IndexByte(format, '%')
		if percent < 0 {
			percent = len(format)
		}
		n.text(format[:percent])
		format = format[percent:]
		switch {
		case format == "":
		case format == "%":
			n.text("%")
			format = ""
		case format[1] == '%':
			n.text("%")
			format = format[2:]
		default:
			conversion, rest, message := parseConversion(format[1:], take)
			if message != "" {
				c.fail(x.Token, fmt.Sprintf("%s in %q", message, format))
				return false
			}
			wanted := parse.Long
			if conversion.Verb == 's' {
				wanted = parse.String
			}
			n.Pieces = append(n.Pieces, Piece{X: take(wanted), Conversion: conversion})
			format = rest
		}
	}
	if ok && len(values) > 0 {
		c.fail(x.Token, "Wrong number of args to formatted print operator: too many")
		return false
	}
	return ok
}

func (n *Print) text(s string) {
	if s != "" {
		n.Pieces = append(n.Pieces, Piece{Text: s})
	}
}

// parseConversion reads what follows a "%"; take gives the value for a "*".
func parseConversion(s string, take func(parse.Type) Expression) (conversion Conversion, rest, message string) {
	if s != "" && strings.IndexByte("0+- #", s[0]) >= 0 {
		conversion.Flag = s[0]
		s = s[1:]
	}
	number := func() Expression {
		if strings.HasPrefix(s, "*") {
			s = s[1:]
			return take(parse.Long)
		}
		digits := 0
		value := int64(0)
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' && digits < 9 {
			value = value*10 + int64(s[digits]-'0')
			digits++
		}
		if digits == 0 {
			return nil
		}
		s = s[digits:]
		return &Number{value}
	}
	conversion.Width = number()
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		if conversion.Precision = number(); conversion.Precision == nil {
			conversion.Precision = &Number{0}
		}
	}
	s = strings.TrimPrefix(s, "l")
	if s == "" || strings.IndexByte("diuoxXpcsbmM", s[0]) < 0 {
		return conversion, s, "invalid or missing conversion specifier"
	}
	conversion.Verb = s[0]
	if conversion.Verb == 'i' {
		conversion.Verb = 'd'
	}
	return conversion, s[1:], ""
}
