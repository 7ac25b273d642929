/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * /proc/systemtap/MODULE/faults. Read, a line for each fault: its settings, and what came of them:
 *
 *	disk on probability=1% seed=42 range=2048-4095 calls=1204 considered=310 injected=3
 *
 * Written, an order:
 *
 *	disk every=10 times=1	changes settings of a fault; of all: *
 *	at disk KEY CALL	that call of the log fails; more of them add up, and decide alone
 *	alive SECONDS		staprun says that it runs; unless it does so again in that time, the machine
 *				hardly makes progress, and all faults are switched off
 */
static DEFINE_MUTEX(stap_fault_orders);
static struct hrtimer stap_fault_watchdog;
static u64 stap_fault_alive, stap_fault_patience;	/* nanoseconds; 0: nobody watches */
static bool stap_fault_silenced;

static struct stap_fault_state *stap_fault_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < stap_faults_count; i++)
		if (!strcmp(stap_faults[i].name, name))
			return &stap_fault_states[i];
	return NULL;
}

static void stap_fault_show_settings(struct seq_file *file, const struct stap_fault_settings *s)
{
	if (s->share[0])
		seq_printf(file, " probability=%s", s->share);
	if (s->seed)
		seq_printf(file, " seed=%llu", s->seed);
	if (s->skip)
		seq_printf(file, " skip=%llu", s->skip);
	if (s->every > 1)
		seq_printf(file, " every=%llu", s->every);
	if (s->times != STAP_FAULT_ALWAYS)
		seq_printf(file, " times=%lld", s->times);
	if (s->after)
		seq_printf(file, " after=%lluns", s->after);
	if (s->process_id)
		seq_printf(file, " pid=%d", s->process_id);
	if (s->process[0])
		seq_printf(file, " process=%s", s->process);
	if (s->target)
		seq_puts(file, " target");
	if (s->cgroup[0])
		seq_printf(file, " cgroup=%s", s->cgroup);
	if (s->caller[0])
		seq_printf(file, " caller=%s", s->caller);
	if (s->ranged)
		seq_printf(file, " range=%lld-%lld", s->low, s->high);
	if (s->match[0])
		seq_printf(file, " match=%s", s->match);
}

static int stap_faults_show(struct seq_file *file, void *unused)
{
	unsigned int i;

	for (i = 0; i < stap_faults_count; i++) {
		struct stap_fault_state *state = &stap_fault_states[i];

		seq_printf(file, "%s %s", stap_faults[i].name, READ_ONCE(state->mode) & STAP_FAULT_OFF ? "off" : "on");
		stap_fault_show_settings(file, &state->settings);
		if (state->list)
			seq_printf(file, " listed=%u", state->list->count);
		seq_printf(file, " calls=%llu considered=%llu injected=%llu unlogged=%u\n", stap_fault_calls_of(state, false),
			   state->considered + stap_fault_passed(state), atomic64_read(&state->injected), atomic_read(&state->unlogged));
	}
	return 0;
}

static int stap_faults_open(struct inode *inode, struct file *file)
{
	return stap_proc_open_shown(file, stap_faults_show);
}

/* All faults off, from any context. */
static void stap_fault_silence(void)
{
	unsigned int i;

	for (i = 0; i < stap_faults_count; i++) {
		WRITE_ONCE(stap_fault_states[i].wanted, false);
		stap_fault_states[i].considered += stap_fault_passed(&stap_fault_states[i]);
		WRITE_ONCE(stap_fault_states[i].mode, STAP_FAULT_OFF);
	}
}

static enum hrtimer_restart stap_fault_watch(struct hrtimer *timer)
{
	u64 patience = READ_ONCE(stap_fault_patience);

	if (patience && ktime_get_mono_fast_ns() - READ_ONCE(stap_fault_alive) > patience && !stap_fault_silenced) {
		stap_fault_silenced = true;
		stap_fault_silence();
		printk(KERN_NOTICE "%s: no progress for %llu s: all faults are off\n", THIS_MODULE->name, patience / NSEC_PER_SEC);
		stap_warning("the machine made no progress for %llu s, so all faults were switched off", patience / NSEC_PER_SEC);
	}
	hrtimer_forward_now(timer, ns_to_ktime(NSEC_PER_SEC));
	return HRTIMER_RESTART;
}

static int stap_fault_order_alive(const char *text)
{
	unsigned int seconds;

	if (kstrtouint(text, 10, &seconds))
		return -EINVAL;
	WRITE_ONCE(stap_fault_alive, ktime_get_mono_fast_ns());
	WRITE_ONCE(stap_fault_patience, seconds * (u64)NSEC_PER_SEC);
	return 0;
}

/* Puts a call into a list that has room for it. */
static void stap_fault_list_add(struct stap_fault_list *list, u64 call)
{
	unsigned int i = call;

	while (list->calls[i &= list->room - 1]) {
		if (list->calls[i++] == call)
			return;
	}
	list->count++;
	WRITE_ONCE(list->calls[i], call);
}

/* "NAME KEY CALL", as the log has them. A list grows by copying; handlers find the one or the other. */
static int stap_fault_order_at(char *text)
{
	struct stap_fault_state *state = stap_fault_named(strsep(&text, " "));
	struct stap_fault_list *list, *longer;
	unsigned int i, room;
	u64 key, number;

	if (!state || !text || sscanf(text, "%llx %llu", &key, &number) != 2)
		return -EINVAL;
	list = state->list;
	if (!list || 2 * list->count >= list->room) {
		room = list ? 2 * list->room : 64;
		longer = kvzalloc(struct_size(longer, calls, room), GFP_KERNEL);
		if (!longer)
			return -ENOMEM;
		longer->room = room;
		for (i = 0; list && i < list->room; i++)
			if (list->calls[i])
				stap_fault_list_add(longer, list->calls[i]);
		smp_store_release(&state->list, longer);
		WRITE_ONCE(state->mode, (state->mode | STAP_FAULT_LISTED) & ~STAP_FAULT_INITIAL);
		synchronize_rcu();
		kvfree(list);
		list = longer;
	}
	stap_fault_list_add(list, stap_fault_listed(key, number));
	return 0;
}

static int stap_fault_order_set(const char *name, char *settings)
{
	struct stap_fault_state *state = stap_fault_named(name);
	char text[STAP_FAULT_ORDER], why[96];
	unsigned int i;

	if (!state && strcmp(name, "*"))
		return -ENOENT;
	for (i = 0; i < stap_faults_count; i++) {
		if (state && state != &stap_fault_states[i])
			continue;
		strscpy(text, settings, sizeof(text));
		if (!stap_fault_change(&stap_fault_states[i], text, why, sizeof(why))) {
			stap_event("info", "fault %s: %s", name, why);
			return -EINVAL;
		}
	}
	irq_work_sync(&stap_fault_asked);
	flush_work(&stap_fault_work);
	return 0;
}

static ssize_t stap_faults_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	char text[STAP_FAULT_ORDER], *rest = text, *word;
	int rc = stap_proc_text(text, sizeof(text), from, size);

	if (rc)
		return rc;
	mutex_lock(&stap_fault_orders);
	rest = strim(text);
	word = strsep(&rest, " ");
	if (!rest)
		rc = -EINVAL;
	else if (!strcmp(word, "alive"))
		rc = stap_fault_order_alive(rest);
	else if (!strcmp(word, "at"))
		rc = stap_fault_order_at(rest);
	else
		rc = stap_fault_order_set(word, rest);
	mutex_unlock(&stap_fault_orders);
	return rc ?: size;
}

static const struct proc_ops stap_faults_ops = {
	.proc_open = stap_faults_open,
	.proc_release = stap_proc_release_shown,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_write = stap_faults_write,
};

static bool stap_fault_files(void)
{
	return proc_create("faults", 0600, stap_proc_dir, &stap_faults_ops) &&
	       proc_create("injected", 0400, stap_proc_dir, &stap_fault_log_ops);
}
