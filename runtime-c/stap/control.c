/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * /proc/systemtap/MODULE/: "control" and "trace0", "trace1" ... one per CPU.
 *
 * control is open in one process at a time, the session's owner. It writes
 * "start PID" or "stop" and reads lines:
 *
 *	started                the begin handlers ran, the probes are armed
 *	exit                   the script wants to end
 *	error TEXT             a run-time error
 *	warning TEXT           a warning
 *	info TEXT              how a probe was armed
 *	summary NAME=N ...     the counts, once, after "stop"
 *
 * poll says that lines or output can be read. Closing control stops the
 * session, so a staprun that dies leaves no probe behind.
 */

#define STAP_EVENTS_SIZE 8192

static char stap_events[STAP_EVENTS_SIZE];
static size_t stap_events_used;
static DEFINE_RAW_SPINLOCK(stap_events_lock);
static struct irq_work stap_events_wake;
static int stap_exit_told;
static int stap_owned;
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
	bool occupied;
	size_t room, n;
	char *line;

	if (!stap_events_take(&flags, &occupied))
		return;
	room = sizeof(stap_events) - stap_events_used;
	line = stap_events + stap_events_used;
	n = snprintf(line, room, "%s%s", kind, format ? " " : "");
	if (format && n < room)
		n += vsnprintf(line + n, room - n, format, arguments);
	if (n + 1 < room) {
		strreplace(line, '\n', ' ');
		line[n] = '\n';
		stap_events_used += n + 1;
	} else {
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
	stap_session_stop();
	smp_store_release(&stap_owned, 0);
	module_put(THIS_MODULE);
	return 0;
}

static ssize_t stap_control_write(struct file *file, const char __user *from, size_t size, loff_t *position)
{
	char text[32];
	long long pid;
	int rc = 0;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = 0;
	strim(text);
	if (!strcmp(text, "stop")) {
		char summary[512];

		stap_session_stop();
		stap_session_summary(summary, sizeof(summary));
		stap_event("summary", "%s", summary);
	} else if (!strncmp(text, "start ", 6)) {
		rc = kstrtoll(text + 6, 10, &pid);
		if (!rc)
			rc = stap_session_start(pid);
	} else {
		rc = -EINVAL;
	}
	return rc ? rc : size;
}

/* No line is queued: in an NMI there might be no way to do so. Who reads finds the flag. */
static void stap_exit_wake(void)
{
	irq_work_queue(&stap_events_wake);
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

/* Who polls waits in a queue of the module's, so the module stays while the file is open. */
static int stap_trace_open(struct inode *inode, struct file *file)
{
	return try_module_get(THIS_MODULE) ? nonseekable_open(inode, file) : -ENODEV;
}

static int stap_trace_release(struct inode *inode, struct file *file)
{
	module_put(THIS_MODULE);
	return 0;
}

static const struct proc_ops stap_trace_ops = {
	.proc_open = stap_trace_open,
	.proc_release = stap_trace_release,
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
	int cpu;

	init_irq_work(&stap_events_wake, stap_wake_reader);
	if (kern_path("/proc/" STAP_PROC_ROOT, LOOKUP_DIRECTORY, &path) == 0)
		path_put(&path);
	else
		proc_mkdir(STAP_PROC_ROOT, NULL);
	snprintf(name, sizeof(name), STAP_PROC_ROOT "/%s", THIS_MODULE->name);
	stap_proc_dir = proc_mkdir(name, NULL);
	if (!stap_proc_dir)
		return -EEXIST;
	if (!proc_create("control", 0600, stap_proc_dir, &stap_control_ops))
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		snprintf(name, sizeof(name), "trace%d", cpu);
		if (!proc_create_data(name, 0400, stap_proc_dir, &stap_trace_ops, (void *)(long)cpu))
			return -ENOMEM;
	}
	return 0;
}

static void stap_control_exit(void)
{
	if (stap_proc_dir)
		proc_remove(stap_proc_dir);
	irq_work_sync(&stap_events_wake);
}
