/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Lines for the kernel's log. Writing there may wake somebody up, and a handler
 * may be inside of the scheduler: lines wait in the CPU's buffer until
 * interrupts are on.
 *
 *	| level '0' to '7' | text ... | 0 |   one line after the other
 */
#include <linux/module.h>
#include <linux/string.h>
#include "interrupt.h"
#include "runtime.h"

struct stap_log_cpu {
	struct irq_work work;
	unsigned int used;
	char text[2048];
};

static struct stap_log_cpu __percpu *stap_log_cpus;

/* Runs in an interrupt of the CPU whose lines it writes. */
static void stap_log_flush(struct irq_work *work)
{
	struct stap_log_cpu *this = container_of(work, struct stap_log_cpu, work);
	bool occupied = stap_occupy(); /* a probe in printk() itself would add lines for ever */
	unsigned int at;

	for (at = 0; at < this->used; at += strlen(this->text + at) + 1)
		printk(KERN_SOH "%c%s\n", this->text[at], this->text + at + 1);
	this->used = 0;
	if (occupied)
		stap_release();
}

static void stap_log_unload(void)
{
	stap_interrupts_await(stap_log_cpus);
}

const struct stap_unit STAP_UNIT(log) = {
	.unload = stap_log_unload, .cpu_size = sizeof(struct stap_log_cpu), .cpu_area = (void __percpu **)&stap_log_cpus,
};

void stap_printk(struct stap_context *c, stap_long level, const char *text)
{
	size_t length = strnlen(text, 1000); /* the kernel cuts lines there */
	struct stap_log_cpu *this;
	unsigned long flags;

	if (level < 0 || level > 7) {
		stap_error(c, "log level %lld is not from 0 to 7", level);
		return;
	}
	if (in_nmi()) { /* the flush may be what was interrupted; the kernel keeps such lines itself */
		printk(KERN_SOH "%c%s\n", (char)('0' + level), text);
		return;
	}
	local_irq_save(flags);
	this = this_cpu_ptr(stap_log_cpus);
	if (this->used + length + 2 > sizeof(this->text)) {
		stap_error(c, "too many lines for the kernel's log at once");
	} else {
		this->text[this->used++] = '0' + level;
		memcpy(this->text + this->used, text, length);
		this->used += length;
		this->text[this->used++] = 0;
		stap_interrupt_ask(&this->work, stap_log_flush);
	}
	local_irq_restore(flags);
}
