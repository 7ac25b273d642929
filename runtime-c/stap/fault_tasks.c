/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Which task a call is of, in a way that is the same in each run: the target has the key 1, and
 * the key of another task comes from its parent's and from the parent's count of children, threads
 * among them. A task has its own count of calls of each fault, so it does not matter how
 * the tasks of a command take turns. The command of -c begins when it is executed: what staprun's
 * child does before that differs from run to run.
 *
 * Lookups take no lock: a slot is given to another task only when its own can call nothing any
 * more, and an entry is at most STAP_FAULT_REACH slots from where its hash says. A CPU remembers
 * what it found last, until a task comes or goes, since it may have the address of another one.
 * For a task that runs, nothing changes meanwhile.
 *
 * All others, and interrupts, have the key and the counts of their CPU.
 */
#define STAP_FAULT_TASKS_BITS 12
#define STAP_FAULT_TASKS (1U << STAP_FAULT_TASKS_BITS)
#define STAP_FAULT_REACH 32
#define STAP_FAULT_TASK_GONE ((struct task_struct *)1)

struct stap_fault_task {
	struct task_struct *task;	/* NULL: the slot has never been used */
	u64 key;
	u32 children;
};

/* Who calls. */
struct stap_fault_caller {
	u64 key;
	u64 *calls;	/* how many it has made, by fault */
};

struct stap_fault_cpu {
	struct task_struct *task;	/* the one that was found last, or NULL */
	struct stap_fault_caller found;
	struct stap_fault_caller cpu;	/* itself */
};

static struct stap_fault_task *stap_fault_tasks;
static u64 *stap_fault_task_calls;	/* a row of each slot, a column of each fault */
static u64 *stap_fault_cpu_calls;	/* likewise of each CPU */
static bool stap_fault_tasks_full;
static DEFINE_RAW_SPINLOCK(stap_fault_tasks_lock);
static struct stap_fault_cpu __percpu *stap_fault_cpus;
static struct tracepoint *stap_fault_fork, *stap_fault_free, *stap_fault_exec;
static pid_t stap_fault_waiting;	/* the child of staprun that will be the command; 0: none will */
static char stap_fault_waiting_as[TASK_COMM_LEN];	/* its name before */

static inline u64 *stap_fault_calls_row(const struct stap_fault_task *entry)
{
	return stap_fault_task_calls + (entry - stap_fault_tasks) * stap_faults_count;
}

static struct stap_fault_task *stap_fault_task_of(const struct task_struct *task)
{
	unsigned int home = hash_ptr(task, STAP_FAULT_TASKS_BITS), i;

	for (i = 0; i < STAP_FAULT_REACH; i++) {
		struct stap_fault_task *entry = &stap_fault_tasks[(home + i) % STAP_FAULT_TASKS];
		struct task_struct *has = smp_load_acquire(&entry->task);

		if (has == task)
			return entry;
		if (!has)
			break;
	}
	return NULL;
}

/* The key is a CPU's. */
static __always_inline bool stap_fault_is_of_cpu(u64 key)
{
	return (s64)key < 0;
}

static noinline const struct stap_fault_caller *stap_fault_look_up(struct stap_fault_cpu *this)
{
	struct stap_fault_task *entry;

	if (!in_task())
		return &this->cpu;
	entry = stap_fault_tasks ? stap_fault_task_of(current) : NULL;
	this->found = this->cpu;
	if (entry)
		this->found = (struct stap_fault_caller){ entry->key, stap_fault_calls_row(entry) };
	this->task = current;
	return &this->found;
}

static __always_inline const struct stap_fault_caller *stap_fault_caller(void)
{
	struct stap_fault_cpu *this = this_cpu_ptr(stap_fault_cpus);

	if (unlikely(!in_task() || this->task != current))
		return stap_fault_look_up(this);
	return &this->found;
}

static void stap_fault_tasks_changed(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu_ptr(stap_fault_cpus, cpu)->task, NULL);
}

static void stap_fault_task_add(struct task_struct *task, u64 key)
{
	unsigned int home = hash_ptr(task, STAP_FAULT_TASKS_BITS), i;
	struct stap_fault_task *entry;

	for (i = 0; i < STAP_FAULT_REACH; i++) {
		entry = &stap_fault_tasks[(home + i) % STAP_FAULT_TASKS];
		if (entry->task && entry->task != STAP_FAULT_TASK_GONE)
			continue;
		entry->key = key;
		entry->children = 0;
		smp_store_release(&entry->task, task);
		stap_fault_tasks_changed();
		return;
	}
	if (!stap_fault_tasks_full) {
		stap_fault_tasks_full = true;
		stap_warning("the target has more tasks at once than faults can follow: the calls of some count as those of others");
	}
}

static u64 stap_fault_child_key(struct stap_fault_task *parent)
{
	return stap_fault_hash(1, parent->key, ++parent->children) & S64_MAX;
}

static void stap_fault_forked(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct stap_fault_task *entry;
	unsigned long flags;

	raw_spin_lock_irqsave(&stap_fault_tasks_lock, flags);
	entry = stap_fault_task_of(parent);
	if (entry)
		stap_fault_task_add(child, stap_fault_child_key(entry));
	raw_spin_unlock_irqrestore(&stap_fault_tasks_lock, flags);
}

static void stap_fault_executed(void *data, struct task_struct *task, pid_t old, struct linux_binprm *binary)
{
	unsigned long flags;

	/* that it has become staprun's child may be told as late as now */
	if (task->tgid != READ_ONCE(stap_fault_waiting) || !strcmp(task->comm, stap_fault_waiting_as))
		return;
	raw_spin_lock_irqsave(&stap_fault_tasks_lock, flags);
	WRITE_ONCE(stap_fault_waiting, 0);
	stap_fault_task_add(task, 1);
	raw_spin_unlock_irqrestore(&stap_fault_tasks_lock, flags);
}

/* It does not run any more. */
static void stap_fault_freed(void *data, struct task_struct *task)
{
	struct stap_fault_task *entry;
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&stap_fault_tasks_lock, flags);
	entry = stap_fault_task_of(task);
	if (entry) {
		for (i = 0; i < stap_faults_count; i++) {
			atomic64_add(stap_fault_calls_row(entry)[i], &stap_fault_states[i].gone);
			stap_fault_calls_row(entry)[i] = 0;
		}
		smp_store_release(&entry->task, STAP_FAULT_TASK_GONE);
		stap_fault_tasks_changed();
	}
	raw_spin_unlock_irqrestore(&stap_fault_tasks_lock, flags);
}

static u64 stap_fault_calls_of(struct stap_fault_state *state, bool of_target)
{
	u64 calls = atomic64_read(&state->gone);
	unsigned int i;

	for (i = 0; !of_target && i < nr_cpu_ids; i++)
		calls += READ_ONCE(stap_fault_cpu_calls[i * stap_faults_count + state->index]);
	for (i = 0; stap_fault_tasks && i < STAP_FAULT_TASKS; i++)
		calls += READ_ONCE(stap_fault_calls_row(&stap_fault_tasks[i])[state->index]);
	return calls;
}

/* The target's threads, and what has come from it before: in the order of the kernel's list. */
static void stap_fault_tasks_find(void)
{
	struct task_struct *process, *thread;
	struct stap_fault_task *root = NULL;

	raw_spin_lock_irq(&stap_fault_tasks_lock);
	rcu_read_lock();
	for_each_process(process) {
		if (!stap_descends(process, stap_target()))
			continue;
		if (process->tgid == stap_target() && rcu_dereference(process->real_parent)->tgid == current->tgid) {
			stap_fault_waiting = process->tgid;
			strscpy(stap_fault_waiting_as, current->group_leader->comm, sizeof(stap_fault_waiting_as));
			break;
		}
		for_each_thread(process, thread) {
			if (!root) {
				stap_fault_task_add(thread, 1);
				root = stap_fault_task_of(thread);
			} else {
				stap_fault_task_add(thread, stap_fault_child_key(root));
			}
		}
	}
	rcu_read_unlock();
	raw_spin_unlock_irq(&stap_fault_tasks_lock);
}

/* Those that are not the target's are told apart from the load on. */
static bool stap_fault_callers_load(void)
{
	int cpu;

	stap_fault_cpu_calls = kcalloc(nr_cpu_ids, array_size(stap_faults_count, sizeof(u64)), GFP_KERNEL);
	for_each_possible_cpu(cpu)
		per_cpu_ptr(stap_fault_cpus, cpu)->cpu = (struct stap_fault_caller){ ~(u64)cpu, stap_fault_cpu_calls + cpu * stap_faults_count };
	return stap_fault_cpu_calls;
}

static void stap_fault_tasks_unload(void)
{
	vfree(stap_fault_tasks);
	vfree(stap_fault_task_calls);
	stap_fault_tasks = NULL;
	stap_fault_task_calls = NULL;
}

static bool stap_fault_tasks_start(void)
{
	if (!stap_target())
		return true;
	stap_fault_task_calls = vzalloc(array3_size(STAP_FAULT_TASKS, stap_faults_count, sizeof(*stap_fault_task_calls)));
	stap_fault_tasks = vzalloc(array_size(STAP_FAULT_TASKS, sizeof(*stap_fault_tasks)));
	if (!stap_fault_task_calls || !stap_fault_tasks) {
		stap_fault_tasks_unload();
		return false;
	}
	stap_fault_fork = stap_follow("sched_process_fork", stap_fault_forked);
	stap_fault_free = stap_follow("sched_process_free", stap_fault_freed);
	stap_fault_exec = stap_follow("sched_process_exec", stap_fault_executed);
	if (!stap_fault_fork || !stap_fault_free || !stap_fault_exec)
		stap_warning("forks cannot be followed: faults take the target's children for other tasks");
	stap_fault_tasks_find();
	return true;
}

static void stap_fault_tasks_stop(void)
{
	stap_unfollow(&stap_fault_fork, stap_fault_forked);
	stap_unfollow(&stap_fault_free, stap_fault_freed);
	stap_unfollow(&stap_fault_exec, stap_fault_executed);
}
