package translate

import (
	"slices"

	"github.com/gostap/gostap/elaborate"
)

// This file is about registers, what DWARF's expressions compute with them, and the
// addresses of the kernel's data.

// registerExpression writes what reads or sets registers and the numbers in them;
// false for other expressions.
func (b *body) registerExpression(x elaborate.Expression) (string, bool) {
	switch x := x.(type) {
	case *elaborate.Register:
		return b.set("stap_register(c, %d)", x.Number), true
	case *elaborate.StoreRegister:
		value := b.expression(x.X)
		b.emit("stap_set_register(c, %d, %d, %d, %s);", x.Number, x.Shift, x.Bits, value)
		return value, true
	case *elaborate.StoreArgument:
		value := b.expression(x.X)
		b.emit("stap_set_argument_bits(c, %d, %d, %s);", x.N, 8*x.Size, value)
		return value, true
	case *elaborate.StoreReturnValue:
		value := b.expression(x.X)
		b.emit("stap_set_return_value_checked(c, %s);", value)
		return value, true
	case *elaborate.Cast:
		return b.set("%s", cast(b.expression(x.X), x.Size, x.Signed)), true
	case *elaborate.WidenFloat:
		return b.set("stap_widen_float(%s)", b.expression(x.X)), true
	case *elaborate.Unsigned:
		return b.unsigned(x), true
	}
	return "", false
}

func (b *body) unsigned(x *elaborate.Unsigned) string {
	values := b.operands(x.X, x.Y)
	function := "stap_divide_unsigned"
	if x.Text == "%" {
		function = "stap_modulo_unsigned"
	}
	t := b.set("%s(c, %s, %s)", function, values[0], values[1])
	b.fails(x.Token)
	return t
}

// storeBits writes a bit-field.
func (b *body) storeBits(x *elaborate.StoreBits) string {
	values := b.operands(x.Address, x.X)
	b.emit("stap_%s_write_bits(c, %s + %s, %d, %d, %s);", memory(x.User), values[0], number(x.Offset), x.Shift, x.Bits, values[1])
	b.fails(x.Token)
	return values[1]
}

// dataAddress writes what gives the address of a variable of the kernel or of a
// module, which may not be loaded.
func (b *body) dataAddress(x *elaborate.KernelData) string {
	t := b.set("stap_data_address(c, %d)", slices.Index(b.program.Data, x.At))
	if x.At.Module != "" {
		b.fails(x.Token)
	}
	return t
}

// dataAddresses writes the table of the addresses of variables.
func (t *translator) dataAddresses() {
	if len(t.program.Data) == 0 {
		return
	}
	t.printf("\nstruct stap_data_address stap_data_addresses[] = {\n")
	for _, at := range t.program.Data {
		t.printf("\t{ %s },\n", address(at))
	}
	t.printf("};\nconst unsigned int stap_data_address_count = %d;\n", len(t.program.Data))
}
