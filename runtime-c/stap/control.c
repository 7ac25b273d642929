/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * /proc/systemtap/MODULE/: "control", "status" and "trace0", "trace1" ... one per CPU,
 * "account" (account.c) and "limits" (limits.c).
 *
 * control is open in one process at a time, the session's owner. Each write is
 * an order (stap_orders):
 *
 *	start PID	arm the probes; PID is what target() gives
 *	stop		take them away
 *	detach [N B]	go on without a reader, who is about to close this file; readers so far
 *			have delivered N messages of B bytes
 *	attach		a reader is back
 *	pause		no handler runs until "resume"
 *	hold INDEX	neither does that of one probe until "unhold INDEX"
 *
 * and what is read are lines:
 *
 *	started                the begin handlers ran, the probes are armed
 *	exit                   the script wants to end
 *	error TEXT             a run-time error
 *	warning TEXT           a warning
 *	info TEXT              how a probe was armed; left out where room is scarce
 *	total TEXT             how many of them were, and what the session takes
 *	summary NAME=N ...     the counts, after "stop"
 *	attached NAME=N ...    the answer to "attach": sequence, up to which messages may be
 *	                       missing; overwritten and overwritten_bytes, which are;
 *	                       delivered and delivered_bytes, of readers before this one;
 *	                       stopped, whether the session has ended by itself
 *	system COMMAND         the script wants this to run, lines in it parted by \x1e
 *	switch_file            the script wants another file for its output
 *
 * poll says that lines or output can be read. Closing control stops the
 * session, so a staprun that dies leaves no probe behind; unless the session has
 * been detached once, which then goes on as such.
 *
 * status can be read by everybody: "NAME VALUE" lines, of which reader is
 * attached, detached or none, and state the session's.
 */

#define STAP_EVENTS_SIZE 8192
#define STAP_EVENT_LONGEST (STAP_EVENTS_SIZE / 2)	/* text that is only shown is cut there */

static char stap_events[STAP_EVENTS_SIZE];
static size_t stap_events_used;
static DEFINE_RAW_SPINLOCK(stap_events_lock);
static struct irq_work stap_events_wake;
static int stap_exit_told;
static int stap_owned;
static bool stap_detached;	/* the session is to go on when control is closed */
static void stap_end_alone(struct work_struct *work);
static DECLARE_WORK(stap_end_work, stap_end_alone);
struct proc_dir_entry *stap_proc_dir;

/*
 * Locks the queue. Probes on this CPU are skipped meanwhile: a handler that hits
 * a function called with the lock held, such as vsnprintf() or the unlocking
 * itself, may want to queue a line, too, and would wait for itself.
 */
static bool stap_events_take(unsigned long *flags, bool *occupied)
{
	local_irq_save(*flags);
	*occupied = stap_occupy();
	if (!in_nmi()) {
		raw_spin_lock(&stap_events_lock);
		return true;
	}
	if (raw_spin_trylock(&stap_events_lock))
		return true;
	stap_events_lost++;
	if (*occupied)
		stap_release();
	local_irq_restore(*flags);
	return false;
}

static void stap_events_give(unsigned long flags, bool occupied)
{
	raw_spin_unlock(&stap_events_lock);
	if (occupied)
		stap_release();
	local_irq_restore(flags);
}

static void stap_event_list(const char *kind, const char *format, va_list arguments)
{
	unsigned long flags;
	bool occupied, info = !strcmp(kind, "info");
	size_t room, n;
	char *line;

	if (!stap_events_take(&flags, &occupied))
		return;
	/* what only tells leaves room for what warns */
	room = sizeof(stap_events) - stap_events_used;
	room -= info ? min(room, sizeof(stap_events) / 4) : 0;
	line = stap_events + stap_events_used;
	n = snprintf(line, room, "%s%s", kind, format ? " " : "");
	if (format && n < room)
		n += vsnprintf(line + n, room - n, format, arguments);
	if (n > STAP_EVENT_LONGEST && STAP_EVENT_LONGEST + 1 < room && strcmp(kind, "system")) {
		n = STAP_EVENT_LONGEST;
		memcpy(line + n - 3, "...", 3);
	}
	if (n + 1 < room) {
		strreplace(line, '\n', ' ');
		line[n] = '\n';
		stap_events_used += n + 1;
	} else if (!info) {
		stap_events_lost++;
	}
	stap_events_give(flags, occupied);
	irq_work_queue(&stap_events_wake);
}

void stap_event(const char *kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stap_event_list(kind, format, arguments);
	va_end(arguments);
}

/* exit() was called in a session that has no reader. */
static bool stap_exit_wanted(void)
{
	return READ_ONCE(stap_session_exiting) && READ_ONCE(stap_detached) && !READ_ONCE(stap_owned);
}

int stap_proc_open(struct inode *inode, struct file *file)
{
	return try_module_get(THIS_MODULE) ? nonseekable_open(inode, file) : -ENODEV;
}

int stap_proc_release(struct inode *inode, struct file *file)
{
	module_put(THIS_MODULE);
	return 0;
}

int stap_proc_open_shown(struct file *file, int (*show)(struct seq_file *file, void *unused))
{
	int rc;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	rc = single_open(file, show, NULL);
	if (rc)
		module_put(THIS_MODULE);
	return rc;
}

int stap_proc_release_shown(struct inode *inode, struct file *file)
{
	single_release(inode, file);
	module_put(THIS_MODULE);
	return 0;
}

int stap_proc_text(char *text, size_t room, const char __user *from, size_t size)
{
	if (size >= room)
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = 0;
	return memchr(text, 0, size) ? -EINVAL : 0;
}

static int stap_control_open(struct inode *inode, struct file *file)
{
	if (cmpxchg(&stap_owned, 0, 1))
		return -EBUSY;
	if (!try_module_get(THIS_MODULE)) {
		stap_owned = 0;
		return -ENODEV;
	}
	return stream_open(inode, file); /* reads come while an order is carried out */
}

static int stap_control_release(struct inode *inode, struct file *file)
{
	if (READ_ONCE(stap_detached))
		stap_relay_leave();
	else
		stap_session_stop();
	smp_store_release(&stap_owned, 0);
	if (stap_exit_wanted())
		schedule_work(&stap_end_work);
	module_put(THIS_MODULE);
	return 0;
}

/* Of a session without a reader nobody else would carry out what exit() asks for. */
static void stap_end_alone(struct work_struct *work)
{
	stap_session_stop();
}

/* What the session takes of memory, besides the module itself. */
static void stap_memory_says(void)
{
	u64 cpus = num_possible_cpus();
	u64 output = (u64)num_online_cpus() * stap_relay->subbuf_size * stap_relay->n_subbufs;
	u64 contexts = cpus * (sizeof(struct stap_cpu_data) + STAP_MESSAGE_ROOM + stap_script.strings + stap_script.match_bytes);

	stap_event("total", "memory: %llu KB of output buffers, %llu KB of variables, %llu KB of contexts, %lu KB of probes and their accounts",
		   output >> 10, (stap_script.data_size + cpus * stap_script.cpu_data_size) >> 10, contexts >> 10, stap_allocated >> 10);
}

static int stap_order_start(const char *text)
{
	long long pid;
	int rc = kstrtoll(text, 10, &pid);

	rc = rc ?: pid < 0 ? -EINVAL : stap_session_start(pid);
	if (!rc)
		stap_memory_says();
	return rc;
}

static int stap_order_stop(const char *text)
{
	char summary[1024];

	WRITE_ONCE(stap_detached, false);
	stap_session_stop();
	stap_session_summary(summary, sizeof(summary));
	stap_event("summary", "%s", summary);
	return 0;
}

/* What readers that have left delivered; only the owner of control writes and asks. */
static unsigned long long stap_delivered, stap_delivered_bytes;

static int stap_order_detach(const char *text)
{
	if (READ_ONCE(stap_session_state) == STAP_LOADED)
		return -EBUSY;
	if (*text && sscanf(text, "%llu %llu", &stap_delivered, &stap_delivered_bytes) != 2)
		return -EINVAL;
	WRITE_ONCE(stap_detached, true);
	return 0;
}

static int stap_order_attach(const char *text)
{
	unsigned long overwritten = 0;
	u64 bytes = 0;
	u32 sequence;
	int cpu;

	if (!READ_ONCE(stap_detached))
		return -EBUSY;
	sequence = atomic_read(&stap_sequence);
	stap_relay_return(); /* what was counted before has been published when this is done */
	for_each_possible_cpu(cpu) {
		overwritten += per_cpu(stap_relay_cpus, cpu).overwritten;
		bytes += per_cpu(stap_relay_cpus, cpu).overwritten_bytes;
	}
	stap_event("attached", "sequence=%u overwritten=%lu overwritten_bytes=%llu delivered=%llu delivered_bytes=%llu stopped=%d",
		   sequence, overwritten, bytes, stap_delivered, stap_delivered_bytes, READ_ONCE(stap_session_state) == STAP_STOPPED);
	return 0;
}

/* What may be written to control; where nothing follows the word, text is "". */
static const struct stap_order {
	const char *word;
	int (*carry_out)(const char *text);
} stap_orders[] = {
	{ "start", stap_order_start },
	{ "stop", stap_order_stop },
	{ "detach", stap_order_detach },
	{ "attach", stap_order_attach },
	{ "pause", stap_order_pause },
	{ "resume", stap_order_resume },
	{ "hold", stap_order_hold },
	{ "unhold", stap_order_unhold },
};

/* Each write is one order, as a whole. */
static ssize_t stap_control_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	char buffer[64], *text, *word;
	int i, rc = stap_proc_text(buffer, sizeof(buffer), from, size);

	if (rc)
		return rc;
	rc = -EINVAL;
	text = strim(buffer);
	word = strsep(&text, " ");
	for (i = 0; i < ARRAY_SIZE(stap_orders); i++)
		if (!strcmp(word, stap_orders[i].word))
			rc = stap_orders[i].carry_out(text ?: "");
	return rc ? rc : size;
}

static const char *const stap_state_names[] = {
	[STAP_LOADED] = "loaded", [STAP_STARTING] = "starting", [STAP_RUNNING] = "running",
	[STAP_STOPPING] = "stopping", [STAP_FINISHING] = "finishing", [STAP_STOPPED] = "stopped",
};

static int stap_status_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "reader %s\nstate %s\nbuffers_kb %zu\n",
		   READ_ONCE(stap_owned) ? "attached" : READ_ONCE(stap_detached) ? "detached" : "none",
		   stap_state_names[READ_ONCE(stap_session_state)],
		   num_online_cpus() * (stap_relay->subbuf_size * stap_relay->n_subbufs >> 10));
	return 0;
}

/* No line is queued: in an NMI there might be no way to do so. Who reads finds the flag. */
static void stap_exit_wake(void)
{
	irq_work_queue(&stap_events_wake);
}

/* Runs in an interrupt. */
static void stap_events_tell(struct irq_work *work)
{
	stap_wake_reader(work);
	if (stap_exit_wanted())
		schedule_work(&stap_end_work);
}

static const char stap_exit_line[] = "exit\n";

/* The script has asked for the end, and nobody knows yet. */
static bool stap_exit_due(void)
{
	return READ_ONCE(stap_session_exiting) && !stap_exit_told;
}

/* Gives whole lines; -EAGAIN when there is none. */
static ssize_t stap_control_read(struct file *file, char __user *to, size_t room, loff_t *position)
{
	unsigned long flags;
	bool occupied;
	ssize_t n;
	char *text;

	room = min_t(size_t, room, STAP_EVENTS_SIZE);
	text = kmalloc(STAP_EVENTS_SIZE, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (!stap_events_take(&flags, &occupied)) {
		kfree(text);
		return -EAGAIN;
	}
	n = min(room, stap_events_used);
	memcpy(text, stap_events, n);
	stap_events_used -= n;
	memmove(stap_events, stap_events + n, stap_events_used);
	if (!stap_events_used && stap_exit_due() && room - n >= sizeof(stap_exit_line) - 1) {
		memcpy(text + n, stap_exit_line, sizeof(stap_exit_line) - 1);
		n += sizeof(stap_exit_line) - 1;
		stap_exit_told = 1;
	}
	stap_events_give(flags, occupied);
	if (!n)
		n = -EAGAIN;
	else if (copy_to_user(to, text, n))
		n = -EFAULT;
	kfree(text);
	return n;
}

static __poll_t stap_control_poll(struct file *file, poll_table *wait)
{
	int cpu;

	poll_wait(file, &stap_wait, wait);
	WRITE_ONCE(stap_reader_waits, 1);
	smp_mb(); /* pairs with stap_message_commit() */
	if (READ_ONCE(stap_events_used) || stap_exit_due())
		return EPOLLIN | EPOLLRDNORM;
	for_each_online_cpu(cpu)
		if (stap_relay_unread(cpu))
			return EPOLLIN | EPOLLRDNORM;
	return 0;
}

static const struct proc_ops stap_control_ops = {
	.proc_open = stap_control_open,
	.proc_release = stap_control_release,
	.proc_write = stap_control_write,
	.proc_read = stap_control_read,
	.proc_poll = stap_control_poll,
};

static const struct proc_ops stap_trace_ops = {
	.proc_open = stap_proc_open,
	.proc_release = stap_proc_release,
	.proc_read = stap_relay_read,
	.proc_poll = stap_relay_poll,
};

#define STAP_PROC_ROOT "systemtap"

/*
 * The root folder is shared by all modules of this kind: whoever finds it
 * missing makes it, and it stays until the machine is down.
 */
static int stap_control_init(void)
{
	char name[16 + sizeof(STAP_PROC_ROOT) + MODULE_NAME_LEN];
	struct path path;
	int cpu, rc;

	init_irq_work(&stap_events_wake, stap_events_tell);
	rc = kern_path("/proc/" STAP_PROC_ROOT, LOOKUP_DIRECTORY, &path);
	if (!rc)
		path_put(&path);
	else if (rc == -ENOENT)
		proc_mkdir(STAP_PROC_ROOT, NULL);
	else
		return rc;
	snprintf(name, sizeof(name), STAP_PROC_ROOT "/%s", THIS_MODULE->name);
	stap_proc_dir = proc_mkdir(name, NULL);
	if (!stap_proc_dir) /* nobody else's: there is one module of a name */
		return -ENOMEM;
	if (!proc_create("control", 0600, stap_proc_dir, &stap_control_ops))
		return -ENOMEM;
	if (!proc_create_seq("account", 0400, stap_proc_dir, &stap_account_operations) ||
	    !proc_create("limits", 0600, stap_proc_dir, &stap_limits_ops))
		return -ENOMEM;
	if (!proc_create_single("status", 0444, stap_proc_dir, stap_status_show))
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		snprintf(name, sizeof(name), "trace%d", cpu);
		if (!proc_create_data(name, 0400, stap_proc_dir, &stap_trace_ops, (void *)(long)cpu))
			return -ENOMEM;
	}
	return 0;
}

/* Whoever still waits there goes: rmmod -f takes a module whose files are open. */
static void stap_wait_end(struct wait_queue_head *queue)
{
	int tries;

	for (tries = 0; tries < 1000 && waitqueue_active(queue); tries++) {
		wake_up_all(queue);
		msleep(1);
	}
}

static void stap_control_exit(void)
{
	int cpu;

	if (stap_proc_dir) {
		proc_remove(stap_proc_dir);
		stap_wait_end(&stap_wait);
		for_each_possible_cpu(cpu)
			if (stap_relay_buf(cpu))
				stap_wait_end(&stap_relay_buf(cpu)->read_wait);
	}
	irq_work_sync(&stap_events_wake);
	cancel_work_sync(&stap_end_work);
}
