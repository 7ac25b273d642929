/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The log of what happened, /proc/systemtap/MODULE/injected: a line for each call that failed,
 *
 *	NAME KEY CALL NANOSECONDS CPU PID COMMAND
 *
 * which is gone once it has been read. Handlers add to a ring, from any context; what finds no room
 * happens all the same, and is counted.
 */
#define STAP_FAULT_LOG 8192	/* a power of 2 */

struct stap_fault_note {
	u64 key, number, time;
	u32 complete;	/* its place in the row of all, from 1 */
	u16 fault, cpu;
	pid_t process_id;
	char command[TASK_COMM_LEN];
};

static struct stap_fault_note *stap_fault_notes;
static atomic_t stap_fault_notes_made = ATOMIC_INIT(0);
static unsigned int stap_fault_notes_read;
static DEFINE_MUTEX(stap_fault_notes_mutex);

static void stap_fault_note(struct stap_fault_state *state, u64 key, u64 number)
{
	unsigned int place;
	struct stap_fault_note *note;

	do {
		place = atomic_read(&stap_fault_notes_made);
		if (place - READ_ONCE(stap_fault_notes_read) >= STAP_FAULT_LOG) {
			atomic_inc(&state->unlogged);
			return;
		}
	} while (atomic_cmpxchg(&stap_fault_notes_made, place, place + 1) != place);
	note = &stap_fault_notes[place % STAP_FAULT_LOG];
	note->key = key;
	note->number = number;
	note->time = ktime_get_mono_fast_ns();
	note->fault = state->index;
	note->cpu = raw_smp_processor_id();
	note->process_id = task_tgid_nr(current);
	memcpy(note->command, current->comm, TASK_COMM_LEN);
	note->command[TASK_COMM_LEN - 1] = 0;
	smp_store_release(&note->complete, place + 1);
}

/* A name of a process as one word. */
static const char *stap_fault_word(char *name)
{
	char *at;

	for (at = name; *at; at++)
		if (*at <= ' ' || *at == 0x7f)
			*at = '_';
	return *name ? name : "_";
}

static ssize_t stap_fault_log_read(struct file *file, char __user *to, size_t room, loff_t *position)
{
	size_t n = 0, size = min_t(size_t, room, PAGE_SIZE);
	char *text = kmalloc(PAGE_SIZE, GFP_KERNEL);
	bool more = false;
	ssize_t rc;

	if (!text)
		return -ENOMEM;
	mutex_lock(&stap_fault_notes_mutex);
	while (stap_fault_notes_read != atomic_read(&stap_fault_notes_made)) {
		struct stap_fault_note *note = &stap_fault_notes[stap_fault_notes_read % STAP_FAULT_LOG];
		size_t length;

		if (smp_load_acquire(&note->complete) != stap_fault_notes_read + 1)
			break;
		length = snprintf(text + n, size - n, "%s %llx %llu %llu %u %d %s\n", stap_faults[note->fault].name, note->key,
				  note->number, note->time, note->cpu, note->process_id, stap_fault_word(note->command));
		more = length >= size - n;
		if (more)
			break;
		n += length;
		smp_store_release(&stap_fault_notes_read, stap_fault_notes_read + 1);
	}
	rc = n || !more ? n : -EINVAL; /* not even a line has room */
	mutex_unlock(&stap_fault_notes_mutex);
	if (copy_to_user(to, text, n))
		rc = -EFAULT;
	kfree(text);
	return rc;
}

static const struct proc_ops stap_fault_log_ops = {
	.proc_open = stap_proc_open,
	.proc_release = stap_proc_release,
	.proc_read = stap_fault_log_read,
};

static bool stap_fault_log_load(void)
{
	stap_fault_notes = vzalloc(array_size(STAP_FAULT_LOG, sizeof(*stap_fault_notes)));
	return stap_fault_notes;
}
