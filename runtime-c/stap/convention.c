/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Arguments and results by number, as functions of the library ask for them:
 * checked, and counted from 1.
 */
#include "entry.h"
#include "machine.h"

/* Argument n is in the register at this place of struct pt_regs. */
#define STAP_OFFSET(member) offsetof(struct pt_regs, member),
static const unsigned short stap_argument_registers[] = { STAP_MACHINE_ARGUMENTS(STAP_OFFSET) };

/* So many can be read: some machines have the others on the stack, where the kernel's own functions find them. */
#ifdef STAP_MACHINE_STACK_ARGUMENTS
#define STAP_ARGUMENTS (ARRAY_SIZE(stap_argument_registers) + STAP_MACHINE_STACK_ARGUMENTS)
#else
#define STAP_ARGUMENTS ARRAY_SIZE(stap_argument_registers)
#endif

static bool stap_has_argument(struct stap_context *c, stap_long n, stap_long most)
{
	if (c->probe->family->is_return || !(c->registers || c->arguments || c->probe->system_call))
		stap_error(c, "arguments can be read at the entry of a function only");
	else if (n < 1 || n > (c->probe->system_call ? STAP_SYSTEM_CALL_ARGUMENTS : most))
		stap_error(c, "no register has argument %lld of a function; they are counted from 1", n);
	else
		return true;
	return false;
}

stap_long stap_argument_checked(struct stap_context *c, stap_long n)
{
	if (!stap_has_argument(c, n, STAP_ARGUMENTS))
		return 0;
	return c->probe->system_call ? stap_system_call_argument(n - 1) : stap_argument(c, n - 1);
}

stap_long stap_long_argument_checked(struct stap_context *c, stap_long n)
{
	stap_long value = stap_argument_checked(c, n);

	return c->probe->system_call && stap_system_call_narrow() ? (int)value : value;
}

void stap_set_argument_checked(struct stap_context *c, stap_long n, stap_long value)
{
	struct pt_regs *registers;

	if (!stap_has_argument(c, n, ARRAY_SIZE(stap_argument_registers)))
		return;
	if (c->probe->system_call) {
		stap_system_call_set(n - 1, value);
		return;
	}
	registers = stap_saved_registers(c);
	if (registers)
		*(unsigned long *)((char *)registers + stap_argument_registers[n - 1]) = value;
#ifdef STAP_MACHINE_PARTIAL
	else
#ifdef arch_ftrace_regs
		arch_ftrace_regs(c->arguments)->regs[n - 1] = value;
#else
		((struct ftrace_regs *)c->arguments)->regs[n - 1] = value;
#endif
#endif
}

static bool stap_has_result(struct stap_context *c)
{
	if (c->registers && c->probe->family->is_return)
		return true;
	stap_error(c, "there is a result at the return of a function only");
	return false;
}

stap_long stap_return_value_checked(struct stap_context *c)
{
	return stap_has_result(c) ? regs_return_value(c->registers) : 0;
}

void stap_set_return_value_checked(struct stap_context *c, stap_long value)
{
	if (!stap_has_result(c))
		return;
	stap_machine_set_result((struct pt_regs *)c->registers, value);
}
