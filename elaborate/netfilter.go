package elaborate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gostap/gostap/elaborate/debuginfo"
	"github.com/gostap/gostap/parse"
)

// NetfilterPlace is a point on the way of packets through the network stack:
// probe netfilter.hook("NF_INET_LOCAL_OUT").pf("NFPROTO_IPV4"). The handler says
// what becomes of the packet ($verdict, in guru mode).
type NetfilterPlace struct {
	Hook, Protocol, Priority int64
}

func (*NetfilterPlace) order() order { return order{stage: stageArm} }

func netfilterFamily() family {
	var patterns []string
	for _, base := range []string{"netfilter.hook(string).pf(string)", "netfilter.pf(string).hook(string)"} {
		patterns = append(patterns, base, base+".priority(string)", base+".priority(number)")
	}
	return family{patterns: patterns, resolve: resolveNetfilter}
}

// protocol is one that has hooks.
type protocol struct {
	names      []string // the first is the enumerator's, the others are macros
	number     int64
	hooks      []string // names by number, where they are macros
	enumerated int64    // how many hooks there are by the enumeration nf_inet_hooks
	priorities string   // how the names of its priorities begin
}

// protocols are those whose hooks are set without a device. Their numbers and
// the macros are the kernel's interface to programs, in linux/netfilter*.h, and
// the same in all kernels; names that are enumerators are read from BTF.
var protocols = []protocol{
	{names: []string{"NFPROTO_INET"}, number: 1, enumerated: 5, priorities: "NF_IP_PRI_"},
	{names: []string{"NFPROTO_IPV4", "PF_INET", "AF_INET"}, number: 2, enumerated: 5, priorities: "NF_IP_PRI_",
		hooks: []string{"NF_IP_PRE_ROUTING", "NF_IP_LOCAL_IN", "NF_IP_FORWARD", "NF_IP_LOCAL_OUT", "NF_IP_POST_ROUTING"}},
	{names: []string{"NFPROTO_ARP"}, number: 3, priorities: "NF_IP_PRI_",
		hooks: []string{"NF_ARP_IN", "NF_ARP_OUT", "NF_ARP_FORWARD"}},
	{names: []string{"NFPROTO_BRIDGE", "PF_BRIDGE", "AF_BRIDGE"}, number: 7, priorities: "NF_BR_PRI_",
		hooks: []string{"NF_BR_PRE_ROUTING", "NF_BR_LOCAL_IN", "NF_BR_FORWARD", "NF_BR_LOCAL_OUT", "NF_BR_POST_ROUTING", "NF_BR_BROUTING"}},
	{names: []string{"NFPROTO_IPV6", "PF_INET6", "AF_INET6"}, number: 10, enumerated: 5, priorities: "NF_IP6_PRI_",
		hooks: []string{"NF_IP6_PRE_ROUTING", "NF_IP6_LOCAL_IN", "NF_IP6_FORWARD", "NF_IP6_LOCAL_OUT", "NF_IP6_POST_ROUTING"}},
}

func resolveNetfilter(e *elaborator, p *parse.ProbePoint) ([]site, *parse.Diagnostic) {
	arguments := map[string]parse.Literal{}
	for _, c := range p.Components[1:] {
		arguments[c.Text] = c.Argument
	}
	of, protocolNumber, d := e.netfilterProtocol(arguments["pf"].(*parse.StringLiteral))
	if d != nil {
		return nil, d
	}
	hook, d := e.netfilterHook(arguments["hook"].(*parse.StringLiteral), of)
	if d != nil {
		return nil, d
	}
	priority, d := e.netfilterPriority(arguments["priority"], of)
	if d != nil {
		return nil, d
	}
	return oneSite(&NetfilterPlace{hook, protocolNumber, priority}, p), nil
}

// netfilterProtocol finds a protocol by a name or a number; nil for one that only
// guru mode lets through.
func (e *elaborator) netfilterProtocol(wanted *parse.StringLiteral) (*protocol, int64, *parse.Diagnostic) {
	var names []string
	number, err := strconv.ParseInt(wanted.Value, 0, 64)
	for i, p := range protocols {
		if slices.Contains(p.names, wanted.Value) || err == nil && p.number == number {
			return &protocols[i], p.number, nil
		}
		names = append(names, p.names...)
	}
	if err == nil && e.options.Guru && number >= 0 && number <= math.MaxUint8 {
		return nil, number, nil
	}
	d := semanticError(wanted.Token, fmt.Sprintf("unable to use protocol family '%s' for netfilter", wanted.Value))
	d.Similar = parse.Similar(wanted.Value, names, 5)
	d.Hint = "there are " + strings.Join(names, ", ")
	return nil, 0, d
}

// netfilterHook finds a hook of a protocol by a name or a number.
func (e *elaborator) netfilterHook(wanted *parse.StringLiteral, of *protocol) (int64, *parse.Diagnostic) {
	number, err := strconv.ParseInt(wanted.Value, 0, 64)
	if err == nil && e.options.Guru && number >= 0 && number <= math.MaxUint32 {
		return number, nil
	}
	if of == nil {
		return 0, semanticError(wanted.Token, "a hook of this protocol family must be given by its number")
	}
	if err == nil && number >= 0 && number < max(of.enumerated, int64(len(of.hooks))) {
		return number, nil
	}
	names := slices.Clone(of.hooks)
	if i := slices.Index(names, wanted.Value); i >= 0 {
		return int64(i), nil
	}
	if of.enumerated > 0 {
		hooks, d := e.enumerators("NF_INET_", wanted.Token)
		if d != nil {
			return 0, d
		}
		for _, v := range hooks {
			if v.Value >= of.enumerated {
				continue
			}
			if v.Name == wanted.Value {
				return v.Value, nil
			}
			names = append(names, v.Name)
		}
	}
	d := semanticError(wanted.Token, fmt.Sprintf("unable to use hook '%s' for protocol family '%s'", wanted.Value, of.names[0]))
	d.Similar = parse.Similar(wanted.Value, names, 5)
	d.Hint = "there are " + strings.Join(names, ", ")
	return 0, d
}

// netfilterPriority finds the order of a hook among those at its place; nil is 0.
func (e *elaborator) netfilterPriority(wanted parse.Literal, of *protocol) (int64, *parse.Diagnostic) {
	var number int64
	var at parse.Token
	switch literal := wanted.(type) {
	case nil:
		return 0, nil
	case *parse.NumberLiteral:
		number, at = literal.Value, literal.Token
	case *parse.StringLiteral:
		var err error
		at = literal.Token
		if number, err = strconv.ParseInt(literal.Value, 0, 64); err == nil {
			break
		}
		beginning := "NF_IP_PRI_"
		if of != nil {
			beginning = of.priorities
		}
		values, d := e.enumerators(beginning, at)
		if d != nil {
			return 0, d
		}
		var names []string
		for _, v := range values {
			if v.Name == literal.Value {
				return v.Value, nil
			}
			names = append(names, v.Name)
		}
		d = semanticError(at, fmt.Sprintf("unable to use priority '%s' for netfilter", literal.Value))
		d.Similar = parse.Similar(literal.Value, names, 5)
		d.Hint = "it is a number, or one of " + strings.Join(names, ", ")
		return 0, d
	}
	if number < math.MinInt32 || number > math.MaxInt32 {
		return 0, semanticError(at, fmt.Sprintf("priority value out of range (%d, %d)", math.MinInt32, math.MaxInt32))
	}
	return number, nil
}

// enumerators gives the kernel's enumerators whose names begin so.
func (e *elaborator) enumerators(beginning string, at parse.Token) ([]debuginfo.EnumValue, *parse.Diagnostic) {
	btf, err := e.typeInformation()
	var found []debuginfo.EnumValue
	if err == nil {
		err = btf.Enumerators(func(_ *debuginfo.Enum, v debuginfo.EnumValue) bool {
			if strings.HasPrefix(v.Name, beginning) {
				found = append(found, v)
			}
			return true
		})
	}
	if err != nil {
		e.failure = err
		return nil, semanticError(at, err.Error())
	}
	return found, nil
}

// netfilterVariables are what a handler has of the packet, with their types in C;
// pointers are to structures of the kernel.
var netfilterVariables = []struct {
	name, typ, structure string
}{
	{"hooknum", "unsigned int", ""},
	{"skb", "struct sk_buff*", "struct sk_buff"},
	{"in", "struct net_device*", "struct net_device"},
	{"out", "struct net_device*", "struct net_device"},
	{"pf", "unsigned char", ""},
	{"verdict", "unsigned int", ""},
}

func (*NetfilterPlace) variables() []string {
	var variables []string
	for _, v := range netfilterVariables {
		variables = append(variables, "$"+v.name+":"+v.typ)
	}
	return variables
}

func (*NetfilterPlace) group(name string) ([]string, bool) {
	switch name {
	case "$$vars", "$$parms":
		var names []string
		for _, v := range netfilterVariables {
			names = append(names, "$"+v.name)
		}
		return names, true
	case "$$locals", "$$return":
		return nil, true
	}
	return nil, false
}

func (p *NetfilterPlace) target(e *elaborator, t *parse.Target) (value, *parse.Diagnostic) {
	var names []string
	for _, v := range netfilterVariables {
		if t.Name == "$"+v.name {
			x := &HitVariable{Family: "netfilter", Name: v.name, Result: parse.Long}
			if v.structure == "" {
				return value{x: x, typ: &debuginfo.Int{Name: v.typ, Size: 4}}, nil
			}
			btf, err := e.typeInformation()
			if err != nil {
				e.failure = err
				return value{}, semanticError(t.Token, err.Error())
			}
			structure, err := btf.TypeByName(v.structure)
			if err != nil {
				return value{}, semanticError(t.Token, fmt.Sprintf("type definition '%s' not found in the kernel's BTF", v.structure))
			}
			return value{x: x, typ: debuginfo.PointerTo(structure)}, nil
		}
		names = append(names, "$"+v.name)
	}
	d := semanticError(t.Token, fmt.Sprintf("a netfilter probe has no %s", t.Name))
	d.Similar = parse.Similar(t.Name, names, 5)
	d.Hint = "it has " + strings.Join(names, ", ")
	return value{}, d
}

// assign is "$verdict = x": what becomes of the packet.
func (p *NetfilterPlace) assign(c *checker, x *parse.Assign, t *parse.Target, operator string) Expression {
	if t.Name != "$verdict" || len(t.Accessors) > 0 {
		return c.assignMemory(x, t, operator)
	}
	if !c.mayAssign(x, t, operator) {
		return nil
	}
	y := c.value(x.Y, parse.Long)
	if y == nil {
		return nil
	}
	return &StoreHitVariable{Token: t.Token, Family: "netfilter", Name: "verdict", X: y}
}
