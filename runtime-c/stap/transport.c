/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Output on its way to staprun: one relay buffer per CPU, cut into sub-buffers.
 *
 * All that a handler prints is one message: a header and the text.
 *
 *	 0        4          8
 *	| length | sequence | text ...            native byte order
 *
 * length counts the text; sequence counts the messages of all CPUs, and only
 * those that found room, so the reader can put them into one order and knows
 * of every gap. A message is formatted where it will be read: behind the last
 * one in the current sub-buffer, or, when it grows out of that, moved to the
 * next. It exists for the reader once stap_message_commit() has published it:
 *
 *	published = sub-buffers begun before << 32 | bytes published in the current one
 *
 * One word, so that a reader on another CPU never sees half of a switch. The
 * buffers are relay's; reading them is our own for the same reason.
 *
 * A buffer that is full takes no more messages, which are counted as dropped. Of
 * a session that nobody reads (control.c: detached) the oldest sub-buffer makes
 * room, and its messages are counted as overwritten.
 */

struct stap_message {
	u32 length;
	u32 sequence;
};

struct stap_relay_cpu {
	u64 published;
	u64 committed_bytes;
	unsigned long dropped;		/* messages that found no room */
	u64 dropped_bytes;
	unsigned long overwritten;	/* messages that were there and not read in time */
	u64 overwritten_bytes;
	u64 discarded;			/* bytes of the message being dropped */
	char *discard;			/* where such a message is written */
	struct rchan_buf *buf;		/* NULL before the first message */
	size_t size;			/* of its sub-buffers */
	/* the reader's, under stap_relay_mutex; while stap_relay_overwrites, the CPU's own */
	u64 read_subbuf;
	size_t read_offset;
	struct irq_work wake;
};

#define STAP_DISCARD_SIZE STAP_ROOM

/* Made when the module is loaded: of what it brings itself the kernel has little room. */
static struct stap_relay_cpu __percpu *stap_relay_cpu_area __ro_after_init;
#define stap_relay_cpus (*stap_relay_cpu_area)
struct rchan *stap_relay;
static atomic_t stap_sequence = ATOMIC_INIT(0);
static int stap_relay_overwrites;
static int stap_reader_waits;
static DECLARE_WAIT_QUEUE_HEAD(stap_wait);
static DEFINE_MUTEX(stap_relay_mutex);

static unsigned int stap_buffer_kb;
module_param_named(buffer_kb, stap_buffer_kb, uint, 0444);
MODULE_PARM_DESC(buffer_kb, "output buffer per CPU in KB; 0: the smaller of 16 MB and 1/64 of memory shared by the CPUs");

/*
 * relay keeps no file of ours: without a name it only asks, and takes any
 * answer but NULL or an error for a yes (relay_open_buf() in kernel/relay.c).
 */
static struct dentry *stap_relay_create(const char *name, struct dentry *parent, umode_t mode,
					struct rchan_buf *buf, int *is_global)
{
	return ZERO_SIZE_PTR;
}

static int stap_relay_remove(struct dentry *dentry)
{
	return 0;
}

/* The text of the messages from one place of a sub-buffer to another, and how many there are. */
static size_t stap_messages_between(const char *at, const char *end, unsigned long *count)
{
	const struct stap_message *message;
	size_t text = 0;

	for (*count = 0; at < end; at += sizeof(*message) + message->length) {
		message = (const struct stap_message *)at;
		text += message->length;
		++*count;
	}
	return text;
}

/* Gives up the oldest sub-buffer of a full buffer. */
static void stap_relay_overwrite(struct rchan_buf *buf)
{
	struct stap_relay_cpu *this = per_cpu_ptr(&stap_relay_cpus, buf->cpu);
	size_t index = this->read_subbuf % buf->chan->n_subbufs;
	char *begin = buf->start + index * buf->chan->subbuf_size;
	unsigned long messages;

	this->overwritten_bytes += stap_messages_between(begin + this->read_offset,
							 begin + buf->chan->subbuf_size - buf->padding[index], &messages);
	this->overwritten += messages;
	this->read_subbuf++;
	this->read_offset = 0;
	relay_subbufs_consumed(buf->chan, buf->cpu, 1);
}

/* Whether the next sub-buffer may be begun. */
static int stap_relay_begin(struct rchan_buf *buf)
{
	if (!relay_buf_full(buf))
		return 1;
	if (!READ_ONCE(stap_relay_overwrites))
		return 0;
	stap_relay_overwrite(buf);
	return 1;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
static int stap_relay_subbuf_start(struct rchan_buf *buf, void *subbuf, void *before)
{
	return stap_relay_begin(buf);
}
#else
static int stap_relay_subbuf_start(struct rchan_buf *buf, void *subbuf, void *before, size_t padding)
{
	return stap_relay_begin(buf);
}
#endif

/* Before Linux 5.11 the kernel fills in what is missing. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
static const struct rchan_callbacks stap_relay_callbacks = {
#else
static struct rchan_callbacks stap_relay_callbacks = {
#endif
	.subbuf_start = stap_relay_subbuf_start,
	.create_buf_file = stap_relay_create,
	.remove_buf_file = stap_relay_remove,
};

static void stap_wake_reader(struct irq_work *work)
{
	wake_up_interruptible(&stap_wait);
}

static int stap_relay_init(void)
{
	size_t kb = stap_buffer_kb, subbuf_kb, count;
	int cpu;

	if (!kb)
		kb = min(16384UL, (totalram_pages() << (PAGE_SHIFT - 10)) / 64 / num_online_cpus());
	subbuf_kb = clamp_t(size_t, kb / 16, 16, 256);
	count = max_t(size_t, kb / subbuf_kb, 2);
	stap_relay_cpu_area = alloc_percpu(struct stap_relay_cpu);
	if (!stap_relay_cpu_area)
		return -ENOMEM;

	for_each_possible_cpu(cpu) {
		struct stap_relay_cpu *this = per_cpu_ptr(&stap_relay_cpus, cpu);

		init_irq_work(&this->wake, stap_wake_reader);
		this->discard = kmalloc_node(STAP_DISCARD_SIZE, GFP_KERNEL, cpu_to_node(cpu));
		if (!this->discard)
			return -ENOMEM;
		per_cpu_ptr(&stap_cpus, cpu)->context.out.relay = 1;
	}
	stap_relay = relay_open(NULL, NULL, subbuf_kb << 10, count, &stap_relay_callbacks, NULL);
	return stap_relay ? 0 : -ENOMEM;
}

static void stap_relay_exit(void)
{
	int cpu;

	if (stap_relay)
		relay_close(stap_relay);
	if (!stap_relay_cpu_area)
		return;
	for_each_possible_cpu(cpu) {
		struct stap_relay_cpu *this = per_cpu_ptr(&stap_relay_cpus, cpu);

		if (this->discard)
			irq_work_sync(&this->wake);
		kfree(this->discard);
	}
	free_percpu(stap_relay_cpu_area);
}

static struct rchan_buf *stap_relay_buf(int cpu)
{
	return *per_cpu_ptr(stap_relay->buf, cpu);
}

/* The message found no room: what it still prints goes nowhere. */
static void stap_message_drop(struct stap_output *out, struct stap_relay_cpu *this, size_t printed)
{
	this->discarded += printed;
	if (!this->discarded)
		this->discarded = 1;
	out->at = this->discard;
	out->end = this->discard + STAP_DISCARD_SIZE;
}

static bool stap_message_dropping(struct stap_output *out, struct stap_relay_cpu *this)
{
	return out->end == this->discard + STAP_DISCARD_SIZE;
}

/* Goes on in the next sub-buffer with what the message has, or drops it. */
static noinline void notrace stap_message_move(struct stap_output *out, struct stap_relay_cpu *this)
{
	struct rchan_buf *buf = this->buf;
	size_t size, have = 0;
	char *begin;

	if (!buf) {
		buf = stap_relay_buf(smp_processor_id());
		if (!buf) { /* a CPU that came up after a failed allocation */
			stap_message_drop(out, this, 0);
			return;
		}
		this->size = buf->chan->subbuf_size;
		this->buf = buf;
	}
	if (out->at && stap_message_dropping(out, this)) {
		stap_message_drop(out, this, out->at - this->discard);
		return;
	}
	size = buf->chan->subbuf_size;
	begin = buf->data + buf->offset;
	if (out->at) {
		have = out->at - begin;
		if (have > size / 2) { /* larger than it is useful to move: split it */
			stap_message_commit(container_of(out, struct stap_context, out));
			have = 0;
		}
	} else if (buf->offset + sizeof(struct stap_message) + STAP_ROOM <= size) {
		goto found;
	}
	if (!relay_switch_subbuf(buf, have ?: 1)) {
		stap_message_drop(out, this, have ? have - sizeof(struct stap_message) : 0);
		return;
	}
	if (have)
		memcpy(buf->data, begin, have);
	begin = buf->data;
found:
	out->at = begin + (have ?: sizeof(struct stap_message));
	out->end = buf->data + size;
}

/* Makes room for at least n bytes, STAP_ROOM at most, of the message that out is printing. */
void stap_output_more(struct stap_output *out, unsigned long n)
{
	struct stap_relay_cpu *this = this_cpu_ptr(&stap_relay_cpus);
	struct rchan_buf *buf = this->buf;

	if (likely(!out->at && buf)) { /* it begins */
		char *end = buf->data + this->size;
		char *at = buf->data + buf->offset + sizeof(struct stap_message);

		if (likely((long)n <= end - at)) {
			out->at = at;
			out->end = end;
			return;
		}
	}
	stap_message_move(out, this);
}

void stap_message_commit(struct stap_context *c)
{
	struct stap_relay_cpu *this = this_cpu_ptr(&stap_relay_cpus);
	struct stap_output *out = &c->out;
	struct rchan_buf *buf = this->buf;
	struct stap_message *message;
	size_t offset, length;

	if (unlikely(stap_message_dropping(out, this))) {
		this->dropped++;
		this->dropped_bytes += this->discarded + (out->at - this->discard);
		this->discarded = 0;
		out->at = out->end = NULL;
		return;
	}
	offset = buf->offset;
	message = buf->data + offset;
	length = out->at - (char *)(message + 1);
	message->length = length;
	this->committed_bytes += length;
	message->sequence = atomic_inc_return_relaxed(&stap_sequence) - 1;
	buf->offset = offset += sizeof(*message) + length;
	out->at = out->end = NULL;
	smp_store_release(&this->published, (u64)buf->subbufs_produced << 32 | offset);
	smp_mb(); /* the reader sets stap_reader_waits, then looks at published */
	if (unlikely(READ_ONCE(stap_reader_waits))) {
		WRITE_ONCE(stap_reader_waits, 0);
		irq_work_queue(&this->wake);
	}
}

/* Where the reader is and where the published text ends, in one sub-buffer. */
static size_t stap_relay_readable(int cpu, struct rchan_buf *buf, char **from)
{
	struct stap_relay_cpu *this = per_cpu_ptr(&stap_relay_cpus, cpu);
	size_t count = buf->chan->n_subbufs, size = buf->chan->subbuf_size;
	u64 published = smp_load_acquire(&this->published);

	for (;;) {
		size_t index = this->read_subbuf % count, end;
		bool complete = this->read_subbuf < published >> 32;

		end = complete ? size - buf->padding[index] : (u32)published;
		*from = buf->start + index * size + this->read_offset;
		if (this->read_offset < end)
			return end - this->read_offset;
		if (!complete)
			return 0;
		this->read_subbuf++;
		this->read_offset = 0;
		relay_subbufs_consumed(buf->chan, cpu, 1);
	}
}

/* Of a message that was read in part the rest is not for another reader. */
static void stap_relay_align(struct rchan_buf *buf)
{
	struct stap_relay_cpu *this = per_cpu_ptr(&stap_relay_cpus, buf->cpu);
	const char *begin = buf->start + this->read_subbuf % buf->chan->n_subbufs * buf->chan->subbuf_size;
	const struct stap_message *message = NULL;
	size_t at = 0;

	while (at < this->read_offset) {
		message = (const struct stap_message *)(begin + at);
		at += sizeof(*message) + message->length;
	}
	if (at > this->read_offset) {
		this->overwritten++;
		this->overwritten_bytes += message->length;
		this->read_offset = at;
	}
}

/* From now on nobody reads. */
static void stap_relay_leave(void)
{
	int cpu;

	mutex_lock(&stap_relay_mutex);
	for_each_possible_cpu(cpu)
		if (!stap_relay_overwrites && stap_relay_buf(cpu))
			stap_relay_align(stap_relay_buf(cpu));
	WRITE_ONCE(stap_relay_overwrites, 1);
	mutex_unlock(&stap_relay_mutex);
}

/* There is a reader again: what is in the buffers stays for it. */
static void stap_relay_return(void)
{
	mutex_lock(&stap_relay_mutex);
	WRITE_ONCE(stap_relay_overwrites, 0);
	synchronize_rcu(); /* no handler moves the read positions any more */
	mutex_unlock(&stap_relay_mutex);
}

static bool stap_relay_unread(int cpu)
{
	struct stap_relay_cpu *this = per_cpu_ptr(&stap_relay_cpus, cpu);

	return smp_load_acquire(&this->published) != (this->read_subbuf << 32 | this->read_offset);
}

/* Reads what CPU's handlers published, as many bytes as fit. */
static ssize_t stap_relay_read(struct file *file, char __user *to, size_t room, loff_t *position)
{
	int cpu = (long)stap_proc_data(file_inode(file));
	struct rchan_buf *buf = stap_relay_buf(cpu);
	size_t done = 0, n;
	char *from;

	if (!buf)
		return 0;
	mutex_lock(&stap_relay_mutex);
	if (stap_relay_overwrites) {
		mutex_unlock(&stap_relay_mutex);
		return -EBUSY;
	}
	while (done < room && (n = stap_relay_readable(cpu, buf, &from))) {
		n = min(n, room - done);
		if (copy_to_user(to + done, from, n)) {
			if (!done)
				done = -EFAULT;
			break;
		}
		per_cpu_ptr(&stap_relay_cpus, cpu)->read_offset += n;
		done += n;
	}
	mutex_unlock(&stap_relay_mutex);
	return done;
}

/* Readable, for poll: a quarter of the buffer is full, so that a reader may take its time. */
static __poll_t stap_relay_poll(struct file *file, poll_table *wait)
{
	int cpu = (long)stap_proc_data(file_inode(file));
	struct stap_relay_cpu *this = per_cpu_ptr(&stap_relay_cpus, cpu);
	struct rchan_buf *buf = stap_relay_buf(cpu);

	if (!buf)
		return 0;
	poll_wait(file, &buf->read_wait, wait);
	if ((smp_load_acquire(&this->published) >> 32) - this->read_subbuf >= max(buf->chan->n_subbufs / 4, (size_t)1))
		return EPOLLIN | EPOLLRDNORM;
	return 0;
}
