package translate

import (
	"github.com/gostap/gostap/elaborate"
	"github.com/gostap/gostap/parse"
)

// This file reads and sets what a family knows of a hit. The runtime's functions
// for that are named after both: stap_netfilter_skb, stap_netfilter_set_verdict,
// stap_procfs_append_value.

func (b *body) hitVariable(x *elaborate.HitVariable) string {
	if x.Type() == parse.String {
		t := b.text()
		b.emit("stap_%s_%s(c, %s);", x.Family, x.Name, t)
		return t
	}
	return b.set("stap_%s_%s(c)", x.Family, x.Name)
}

func (b *body) storeHitVariable(x *elaborate.StoreHitVariable) string {
	does := "set"
	if x.Append {
		does = "append"
	}
	value := b.operand(x.X)
	b.emit("stap_%s_%s_%s(c, %s);", x.Family, does, x.Name, value)
	b.fails(x.Token)
	return value
}
