/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* The contexts of the CPUs, and errors of handlers. */

struct stap_cpu_data __percpu *stap_cpu_area __ro_after_init;

unsigned long stap_allocated;
void **stap_cpu_blocks;
unsigned int stap_cpu_count;

static int stap_contexts_init(void)
{
	int cpu;

	stap_cpu_area = alloc_percpu(struct stap_cpu_data);
	if (!stap_cpu_area)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct stap_cpu_data *this = per_cpu_ptr(&stap_cpus, cpu);

		this->closed = STAP_CLOSED;
		this->strings = kvmalloc_node(stap_script.strings + STAP_MESSAGE_ROOM, GFP_KERNEL, cpu_to_node(cpu));
		if (!this->strings)
			return -ENOMEM;
		this->context.strings = this->strings;
		this->context.message = this->context.strings_end = this->strings + stap_script.strings;
		if (stap_script.match_bytes) {
			this->context.match = kvmalloc_node(stap_script.match_bytes, GFP_KERNEL, cpu_to_node(cpu));
			if (!this->context.match)
				return -ENOMEM;
		}
	}
	return 0;
}

static void stap_contexts_exit(void)
{
	int cpu;

	if (!stap_cpu_area)
		return;
	for_each_possible_cpu(cpu) {
		kvfree(per_cpu_ptr(&stap_cpus, cpu)->strings);
		kvfree(per_cpu_ptr(&stap_cpus, cpu)->context.match);
	}
	free_percpu(stap_cpu_area);
}

/* On other stacks than the task's, the difference is large. */
static bool stap_stack_is_low(void)
{
	return current_stack_pointer - (unsigned long)task_stack_page(current) < MINSTACKSPACE;
}

struct stap_context *notrace stap_take_after_all(const struct stap_probe *probe, int state)
{
	struct stap_cpu_data *this = this_cpu_ptr(&stap_cpus);

	if (READ_ONCE(stap_session_state) != state || (state == STAP_RUNNING && READ_ONCE(this->closed) & STAP_CLOSED)) {
		stap_skip(probe, STAP_SKIP_OUTSIDE, 1);
		return NULL;
	}
	if (stap_is_held(probe)) {
		stap_skip(probe, STAP_SKIP_HELD, 1);
		return NULL;
	}
	if (this->busy) {
		stap_skip(probe, STAP_SKIP_NESTED, 1);
		return NULL;
	}
	this->busy = 1; /* what is called here may have probes, too */
	barrier();
	if (!stap_rcu_is_watching()) {
		stap_skip(probe, STAP_SKIP_UNWATCHED, 1);
	} else if (stap_stack_is_low()) {
		stap_skip(probe, STAP_SKIP_LOW_STACK, 1);
	} else {
		this->context.probe = probe;
		return &this->context;
	}
	barrier();
	this->busy = 0;
	return NULL;
}

void stap_conclude(struct stap_context *c)
{
	if (likely(!c->error)) {
		stap_message_commit(c);
		return;
	}
	if (c->out.at)
		stap_message_commit(c);
	stap_handler_failed(c);
	c->error = NULL;
}

void stap_error(struct stap_context *c, const char *format, ...)
{
	va_list arguments;

	if (c->error)
		return;
	va_start(arguments, format);
	vsnprintf(c->message, STAP_MESSAGE_ROOM, format, arguments);
	va_end(arguments);
	c->error = c->message;
	c->near = NULL;
	c->caller_count = 0;
}

/*
 * The first function that an error leaves says where it happened, the others
 * from where they called; a recursive call does so once.
 */
void stap_unwind(struct stap_context *c, const char *place)
{
	if (!c->near) {
		c->near = place;
		return;
	}
	if (place == (c->caller_count ? c->callers[c->caller_count - 1] : c->near))
		return;
	if (c->caller_count < STAP_CALLERS)
		c->callers[c->caller_count++] = place;
}
