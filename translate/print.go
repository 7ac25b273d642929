package translate

import (
	"fmt"
	"strings"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// print computes all values, then writes the pieces to out.
func (b *body) print(x *elaborate.Print, out string) {
	type ready struct{ value, width, precision string }
	values := make([]ready, len(x.Pieces))
	optional := func(x elaborate.Expression) string {
		if x == nil {
			return "-1"
		}
		return b.expression(x)
	}
	for i, p := range x.Pieces {
		if p.X != nil {
			values[i].width = optional(p.Conversion.Width)
			values[i].precision = optional(p.Conversion.Precision)
			values[i].value = b.expression(p.X)
		}
	}
	for i, p := range x.Pieces {
		v := values[i]
		switch {
		case p.X == nil:
			b.emit("stap_put_bytes(%s, %s, %d);", out, quote(p.Text), len(p.Text))
		case p.Conversion.Plain() && p.X.Type() == parse.String:
			b.emit("stap_put_string(%s, %s);", out, v.value)
		case p.Conversion.Plain():
			b.emit("stap_put_long(%s, %s);", out, v.value)
		default:
			function := "stap_put_number"
			if p.X.Type() == parse.String {
				function = "stap_put_text"
			}
			b.emit("%s(%s, (struct stap_format){ %s, %s, %s, '%c' }, %s);",
				function, out, flags(p.Conversion), v.width, v.precision, p.Conversion.Verb, v.value)
		}
	}
}

func flags(c elaborate.Conversion) string {
	names := map[byte]string{
		'-': "STAP_FORMAT_MINUS", '0': "STAP_FORMAT_ZERO", '+': "STAP_FORMAT_PLUS",
		' ': "STAP_FORMAT_SPACE", '#': "STAP_FORMAT_SHARP",
	}
	if name, ok := names[c.Flag]; ok {
		return name
	}
	return "0"
}

// sprint writes the pieces into a string.
func (b *body) sprint(x *elaborate.Print) string {
	if !x.ToString {
		b.print(x, "&c->out")
		return ""
	}
	t := b.text()
	out := fmt.Sprintf("out_%s", strings.TrimPrefix(t, "frame->"))
	declaration := "struct stap_output " + out + ";"
	if !b.declared[declaration] {
		b.declared[declaration] = true
		b.declare(declaration)
	}
	b.emit("stap_output_string(&%s, %s);", out, t)
	b.print(x, "&"+out)
	b.emit("stap_output_finish(&%s);", out)
	return t
}
