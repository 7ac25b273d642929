package translate

import (
	"fmt"

	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file writes what a return's probe has from the function's entry. The
// values lie in memory of the call (c->kept), in the order in which they are kept.

func (t *translator) returnFields(p *elaborate.Probe, at elaborate.KernelAddress, maxActive int64) string {
	fields := address(at)
	if maxActive > 0 {
		fields += fmt.Sprintf(", .active = %d", maxActive)
	}
	if p.Entry != nil {
		fields += fmt.Sprintf(", .entry = &stap_probes[%d], .kept = %s", t.numbers[p.Entry], keptBytes(p.Entry))
	}
	return fmt.Sprintf(".family = &stap_return, .place = &(const struct stap_return_place){ %s }", fields)
}

// keptBytes is how much a probe of an entry keeps.
func keptBytes(p *elaborate.Probe) string {
	numbers, strings := 0, 0
	for _, s := range p.Body {
		if s.(*elaborate.Evaluate).X.Type() == parse.String {
			strings++
		} else {
			numbers++
		}
	}
	return fmt.Sprintf("%d + %d * STAP_STRING_ROOM", 8*numbers, strings)
}

// kept is where a value is kept, in C.
func kept(k *elaborate.Keep) string {
	at := fmt.Sprintf("c->kept + %d + %d * STAP_STRING_ROOM", 8*k.Numbers, k.Strings)
	if k.Type() == parse.String {
		return "(" + at + ")"
	}
	return "*(stap_long *)(" + at + ")"
}

func (b *body) keepValue(x *elaborate.Keep) string {
	value := b.operand(x.X)
	if x.Type() == parse.String {
		b.emit("stap_string_copy(%s, %s);", kept(x), value)
	} else {
		b.emit("%s = %s;", kept(x), value)
	}
	return value
}

func (b *body) entryValue(x *elaborate.EntryValue) string {
	if x.Type() == parse.String {
		return kept(x.Kept)
	}
	return b.set("%s", kept(x.Kept))
}
