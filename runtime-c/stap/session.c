/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The life of a session:
 *
 *	LOADED --"start"--> STARTING --> RUNNING --exit(), error, "stop"--> STOPPING --> STOPPED
 *
 * begin handlers run while STARTING, all others while RUNNING, end handlers
 * while FINISHING. exit() and a fatal error only change the state, from any
 * context; staprun is told and then asks for the stop, which takes the probes
 * away and runs the end (or error) handlers. If staprun dies, its control file
 * closes, and that is the stop; a session that was told to live without staprun
 * (control.c: "detach") goes on, and ends by itself at exit().
 */

int stap_session_state = STAP_LOADED;
static int stap_session_failed;
static int stap_session_exiting;	/* exit() came while STARTING */
static atomic_t stap_errors = ATOMIC_INIT(0);
static stap_long stap_target_pid;
static pid_t stap_owner_pid;		/* staprun's */
kuid_t stap_staprun_uid;
unsigned long stap_missed;
static DEFINE_MUTEX(stap_session_mutex);
static unsigned long stap_events_lost;
static u64 stap_start_time;		/* of what a start does, begin handlers included */

stap_long stap_target(void)
{
	return stap_target_pid;
}

stap_long stap_staprun_pid(void)
{
	return stap_owner_pid;
}

/* Sets or takes back a reason for hits to look closer. */
static void stap_close_gates(u8 why, bool closed)
{
	int cpu;
	u8 was;

	for_each_possible_cpu(cpu) {
		u8 *gate = &per_cpu_ptr(&stap_cpus, cpu)->closed;

		do
			was = READ_ONCE(*gate);
		while (cmpxchg(gate, was, closed ? was | why : was & ~why) != was);
	}
}

/* Lets probes hit, unless exit() came first. */
static void stap_session_run(void)
{
	WRITE_ONCE(stap_session_state, STAP_RUNNING);
	stap_close_gates(STAP_CLOSED, false);
	smp_mb(); /* exit() changes the state, then closes */
	if (READ_ONCE(stap_session_state) != STAP_RUNNING)
		stap_close_gates(STAP_CLOSED, true);
}

void stap_exit(void)
{
	if (READ_ONCE(stap_session_exiting))
		return;
	WRITE_ONCE(stap_session_exiting, 1);
	/* begin handlers that are still to come run; nothing else fires */
	if (cmpxchg(&stap_session_state, STAP_RUNNING, STAP_STOPPING) == STAP_RUNNING)
		stap_close_gates(STAP_CLOSED, true);
	stap_exit_wake();
}

/* An error that has no text. The actions are used up, so no try catches it. */
static const char stap_aborted[] = "";

void stap_abort(struct stap_context *c)
{
	stap_exit();
	c->actions = -1;
	c->error = stap_aborted;
}

static void stap_fail(void)
{
	WRITE_ONCE(stap_session_failed, 1);
	stap_exit();
}

void stap_handler_failed(struct stap_context *c)
{
	char callers[320] = "";
	size_t n = 0;
	int i;

	if (c->error == stap_aborted)
		return;
	if (STAP_ERRORS_SUPPRESSED) {
		atomic_inc_return(&stap_errors);
		return;
	}
	for (i = 0; i < c->caller_count; i++)
		n += scnprintf(callers + n, sizeof(callers) - n, "%s%s", i ? ", " : " (called from ", c->callers[i]);
	stap_event("error", "%s%s%s%s%s in probe %s", c->error, c->near ? " near " : "", c->near ?: "", callers,
		   n ? ")" : "", c->probe->point);
	if (atomic_inc_return(&stap_errors) > (long)READ_ONCE(stap_limits.maxerrors))
		stap_fail();
}

void stap_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stap_event_list("warning", format, arguments);
	va_end(arguments);
}

/* Runs a handler that belongs to the session rather than to an event. */
static void stap_run_handler(struct stap_probe *probe, int state)
{
	struct stap_context *c = stap_enter(probe, state);

	if (c) {
		stap_handle_once(c);
		stap_leave(c);
	}
}

static int stap_begin_arm(struct stap_probe *probe)
{
	if (!READ_ONCE(stap_session_failed))
		stap_run_handler(probe, STAP_STARTING);
	return 0;
}

static void stap_end_finish(struct stap_probe *probe, int failed)
{
	if (!failed)
		stap_run_handler(probe, STAP_FINISHING);
}

static void stap_error_finish(struct stap_probe *probe, int failed)
{
	if (failed)
		stap_run_handler(probe, STAP_FINISHING);
}

const struct stap_family stap_begin = { .name = "begin", .type = "begin_end", .arm = stap_begin_arm };
const struct stap_family stap_end = { .name = "end", .type = "begin_end", .finish = stap_end_finish };
const struct stap_family stap_error_family = { .name = "error", .type = "begin_end", .finish = stap_error_finish };

/* Its handlers are there to be checked, and never run. */
const struct stap_family stap_never = { .name = "never", .type = "never" };

/* Units that have something to do at times, where they are linked. */
static const struct stap_unit *const stap_units[] = {
	&STAP_UNIT(condition), &STAP_UNIT(dataaddress), &STAP_UNIT(defer), &STAP_UNIT(fault), &STAP_UNIT(guru), &STAP_UNIT(lines), &STAP_UNIT(log), &STAP_UNIT(monitor), &STAP_UNIT(netfilter), &STAP_UNIT(override), &STAP_UNIT(perf), &STAP_UNIT(place),
	&STAP_UNIT(profile), &STAP_UNIT(random), &STAP_UNIT(stack), &STAP_UNIT(target_set), &STAP_UNIT(timer), &STAP_UNIT(tokenize), &STAP_UNIT(tracepoint),
};

#define stap_units_do(what)							\
	do {									\
		unsigned int i_;						\
										\
		for (i_ = 0; i_ < ARRAY_SIZE(stap_units); i_++)			\
			if (stap_units[i_] && stap_units[i_]->what)		\
				stap_units[i_]->what();				\
	} while (0)

static const char *stap_arm_failure(int rc)
{
	switch (rc) {
	case -ENOENT:
		return "it is not in this kernel";
	case -EPERM:
		return "the kernel's tracer keeps away from it, and so does a probe of more than a thousand functions";
	case -EINVAL:
		return "the kernel does not let this place be probed";
	case -E2BIG:
		return "its @entry values take more than the kernel keeps with a call";
	case -EDOM:
		return "its address is not a multiple of its length, which .length(N) gives";
	case -ENOSPC:
		return "the processor can watch no more places: its hardware breakpoints are in use";
	case -EOPNOTSUPP:
		return "this kernel is built without it";
	case -ENOMEM:
		return "out of memory";
	case -EILSEQ:
		return "no instruction begins there";
	case -EPROTOTYPE:
		return "this kernel only calls functions of the very prototype (CFI)";
	case -ENOEXEC:
		return "the running kernel is another build than the one that the module was made for";
	}
	return "the kernel refuses";
}

static unsigned int stap_arm_failures, stap_dispensed;

/* Of so many the reason is said; what is left out of a pattern's places is summed up. */
#define STAP_FAILURE_LINES 32

void stap_arm_failed(const struct stap_probe *probe, int rc)
{
	if (probe->dispensable) {
		if (++stap_dispensed <= STAP_FAILURE_LINES)
			stap_event("info", "%s: not set (rc %d): %s", probe->point, rc, stap_arm_failure(rc));
	} else if (++stap_arm_failures <= STAP_FAILURE_LINES) {
		if (probe->address)
			stap_warning("probe %s (%ps) registration error [man warning::pass5] (rc %d): %s", probe->point,
				     (void *)probe->address, rc, stap_arm_failure(rc));
		else
			stap_warning("probe %s registration error [man warning::pass5] (rc %d): %s", probe->point, rc,
				     stap_arm_failure(rc));
	}
}

/*
 * Arms the probes; no one hits before the begin handlers have run, which is
 * last. A probe that cannot be armed is left out.
 */
static void stap_session_arm(void)
{
	struct stap_probe *probes = stap_script.probes;
	unsigned int i, begins;
	int rc;

	for (begins = 0; begins < stap_script.probe_count && probes[begins].family == &stap_begin;)
		begins++;
	for (i = begins; i < stap_script.probe_count; i++) {
		rc = probes[i].family->arm ? probes[i].family->arm(&probes[i]) : 0;
		if (rc)
			stap_arm_failed(&probes[i], rc);
	}
	stap_units_do(arm);
	if (stap_dispensed)
		stap_event("warning", "%u of the places that patterns stand for cannot be probed; stap -vv names them", stap_dispensed);
	if (stap_arm_failures > STAP_FAILURE_LINES)
		stap_event("warning", "%u more probes have registration errors", stap_arm_failures - STAP_FAILURE_LINES);
	for (i = 0; i < begins; i++)
		stap_begin.arm(&probes[i]);
	stap_units_do(begun);
}

/* Arms the probes and runs the begin handlers; then the probes hit. */
static int stap_session_start(stap_long target)
{
	u64 begun;
	int rc = -EBUSY;

	mutex_lock(&stap_session_mutex);
	if (stap_session_state != STAP_LOADED)
		goto out;
	rc = 0;
	begun = stap_clock();
	stap_target_pid = target;
	stap_owner_pid = task_tgid_nr(current);
	stap_staprun_uid = current_uid();
	stap_units_do(start);
	WRITE_ONCE(stap_session_state, STAP_STARTING);
	if (stap_script.conditions)
		stap_script.conditions();
	stap_session_arm();
	if (stap_script.conditions)
		stap_script.conditions();
	stap_settle();
	if (stap_session_exiting)
		WRITE_ONCE(stap_session_state, STAP_STOPPING);
	else
		stap_session_run();
	stap_start_time = stap_clock() - begun;
	stap_event("started", NULL);
out:
	mutex_unlock(&stap_session_mutex);
	return rc;
}

static void stap_session_finish(const struct stap_family *family)
{
	unsigned int i;

	for (i = 0; i < stap_script.probe_count; i++)
		if (stap_script.probes[i].family == family)
			family->finish(&stap_script.probes[i], stap_session_failed);
}

/* Takes the probes away and runs the last handlers, of error after those of end, which may fail; once. */
static void stap_session_stop(void)
{
	unsigned int i;

	mutex_lock(&stap_session_mutex);
	if (stap_session_state == STAP_STOPPED)
		goto out;
	if (stap_session_state == STAP_LOADED) {
		stap_session_state = STAP_STOPPED;
		goto out;
	}
	WRITE_ONCE(stap_session_state, STAP_STOPPING);
	stap_close_gates(STAP_CLOSED, true);
	stap_units_do(disarm);
	for (i = stap_script.probe_count; i > 0; i--)
		if (stap_script.probes[i - 1].family->disarm)
			stap_script.probes[i - 1].family->disarm(&stap_script.probes[i - 1]);
	stap_units_do(stop);
	stap_overload_stop();
	WRITE_ONCE(stap_session_state, STAP_FINISHING);
	stap_session_finish(&stap_end);
	stap_session_finish(&stap_error_family);
	WRITE_ONCE(stap_session_state, STAP_STOPPED);
out:
	mutex_unlock(&stap_session_mutex);
}

/* What staprun reports at the end. */
static int stap_session_summary(char *text, size_t size)
{
	unsigned long dropped = 0, cut = 0;
	u64 dropped_bytes = 0, produced_bytes = 0, overwritten = 0, overwritten_bytes = 0, skips[STAP_SKIPS];
	int cpu;

	stap_skips_sum(skips);
	for_each_possible_cpu(cpu) {
		struct stap_cpu_data *this = per_cpu_ptr(&stap_cpus, cpu);

		cut += this->cut;
		dropped += per_cpu(stap_relay_cpus, cpu).dropped;
		dropped_bytes += per_cpu(stap_relay_cpus, cpu).dropped_bytes;
		overwritten += per_cpu(stap_relay_cpus, cpu).overwritten;
		overwritten_bytes += per_cpu(stap_relay_cpus, cpu).overwritten_bytes;
		produced_bytes += per_cpu(stap_relay_cpus, cpu).committed_bytes;
	}
	return scnprintf(text, size,
			 "failed=%d errors=%d skipped=%d reentered=%llu unlocked=%llu unwatched=%llu low_stack=%llu dropped=%lu dropped_bytes=%llu overwritten=%llu overwritten_bytes=%llu cut=%lu missed=%lu lost_lines=%lu produced=%u produced_bytes=%llu buffer_kb=%zu timed=%d shed=%u start_time=%llu",
			 stap_session_failed, atomic_read(&stap_errors), atomic_read(&stap_skips), skips[STAP_SKIP_NESTED],
			 skips[STAP_SKIP_LOCK], skips[STAP_SKIP_UNWATCHED], skips[STAP_SKIP_LOW_STACK],
			 dropped, dropped_bytes, overwritten, overwritten_bytes, cut, stap_missed, stap_events_lost,
			 (u32)atomic_read(&stap_sequence), produced_bytes,
			 stap_relay->subbuf_size * stap_relay->n_subbufs >> 10, stap_script.timed, stap_sheds, stap_start_time);
}
