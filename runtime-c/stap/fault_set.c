/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The settings of faults, as fault_set() and /proc/systemtap/MODULE/faults take them: words, of which
 * each changes one and leaves the others.
 *
 *	on, off			off keeps the settings
 *	reset			on, and nothing else is set: each call fails
 *	probability=1%		or 0.01, or 1/100
 *	seed=N			for the probability
 *	every=N skip=N		each Nth of the calls behind the first N
 *	times=N			so often at most
 *	after=5s		from now on (ns, us, ms, s)
 *	process=NAME pid=N	calls of processes of a name, with * and ?; of one process
 *	target			calls of the target and what descends from it
 *	cgroup=/PATH		calls of processes in it, or below it
 *	caller=FUNCTION		calls on whose stack that function of the kernel is
 *	range=LOW-HIGH		calls that name a number of these
 *	match=PATTERN		calls that name a text like that
 *
 * A change is not atomic: a call meanwhile may meet settings of which some are new; the fault is off
 * while the first of them change.
 */
#define STAP_FAULT_SETTINGS "on, off, reset, target and probability, seed, every, skip, times, after, process, pid, cgroup, caller, range, match with ="

static DEFINE_RAW_SPINLOCK(stap_fault_set_lock);

/* Like the shell's: * and ? alone. */
static bool stap_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*text && (*pattern == '?' || *pattern == *text)) {
			pattern++;
			text++;
		} else if (!*text && !*pattern) {
			return true;
		} else {
			if (!star || !*resume)
				return false;
			pattern = star;
			text = ++resume;
		}
	}
}

/* A share as "1%", "0.01" or "1/100". */
static bool stap_fault_share(const char *text, u64 *share)
{
	u64 number = 0, divisor = 1, of = 1;
	bool point = false;

	if (!isdigit(*text))
		return false;
	for (; isdigit(*text) || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (number > U32_MAX / 16 || divisor > U32_MAX / 16)
			return false;
		number = number * 10 + (*text - '0');
		divisor *= point ? 10 : 1;
	}
	if (*text == '%') {
		divisor *= 100;
		text++;
	} else if (*text == '/') {
		if (kstrtou64(text + 1, 10, &of) || !of || of > U32_MAX)
			return false;
		text = "";
	}
	if (*text || number > divisor * of)
		return false;
	*share = div64_u64(number << 32, divisor * of);
	return true;
}

static bool stap_fault_duration(const char *text, u64 *nanoseconds)
{
	static const struct { const char *unit; u64 length; } units[] = {
		{ "ns", 1 }, { "us", NSEC_PER_USEC }, { "ms", NSEC_PER_MSEC }, { "s", NSEC_PER_SEC },
	};
	u64 number = 0;
	int i;

	if (!isdigit(*text))
		return false;
	for (; isdigit(*text); text++) {
		number = number * 10 + (*text - '0');
		if (number > U32_MAX)
			return false;
	}
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (!strcmp(text, units[i].unit)) {
			*nanoseconds = number * units[i].length;
			return true;
		}
	}
	return false;
}

static bool stap_fault_range(char *text, struct stap_fault_settings *s)
{
	char *high = strchr(text + 1, '-');

	if (high)
		*high++ = 0;
	if (kstrtoll(text, 0, &s->low) || kstrtoll(high ?: text, 0, &s->high) || s->low > s->high) {
		if (high)
			high[-1] = '-'; /* as it was, for the message */
		return false;
	}
	s->ranged = true;
	return true;
}

static bool stap_fault_word_of(char *to, size_t room, const char *value)
{
	return *value && strscpy(to, value, room) >= 0;
}

static void stap_fault_reset(struct stap_fault_settings *s)
{
	*s = (struct stap_fault_settings){ .probability = STAP_FAULT_CERTAIN, .every = 1, .times = STAP_FAULT_ALWAYS };
}

/* A setting with a value: 1, 0 if the value is none for it, -1 if there is no such setting. */
static int stap_fault_setting(struct stap_fault_settings *s, const char *name, char *value)
{
	if (!strcmp(name, "probability"))
		return stap_fault_share(value, &s->probability) && stap_fault_word_of(s->share, sizeof(s->share), value);
	if (!strcmp(name, "seed"))
		return !kstrtou64(value, 0, &s->seed);
	if (!strcmp(name, "every"))
		return !kstrtou64(value, 10, &s->every) && s->every;
	if (!strcmp(name, "skip"))
		return !kstrtou64(value, 10, &s->skip);
	if (!strcmp(name, "times"))
		return !kstrtos64(value, 10, &s->times) && s->times >= 0;
	if (!strcmp(name, "after"))
		return stap_fault_duration(value, &s->after);
	if (!strcmp(name, "process"))
		return stap_fault_word_of(s->process, sizeof(s->process), value);
	if (!strcmp(name, "pid"))
		return !kstrtoint(value, 10, &s->process_id) && s->process_id > 0;
	if (!strcmp(name, "cgroup"))
		return *value == '/' && stap_fault_word_of(s->cgroup, sizeof(s->cgroup), value);
	if (!strcmp(name, "caller"))
		return stap_fault_word_of(s->caller, sizeof(s->caller), value);
	if (!strcmp(name, "range"))
		return stap_fault_range(value, s);
	if (!strcmp(name, "match"))
		return stap_fault_word_of(s->match, sizeof(s->match), value);
	return -1;
}

/* A setting without one. */
static bool stap_fault_switch(struct stap_fault_settings *s, const char *name, bool *on)
{
	if (!strcmp(name, "off"))
		*on = false;
	else if (!strcmp(name, "target"))
		s->target = true;
	else if (!strcmp(name, "reset"))
		stap_fault_reset(s);
	else
		return !strcmp(name, "on");
	return true;
}

/* Takes words apart, which changes text; false: why says what is wrong. */
static bool stap_fault_read(struct stap_fault_settings *s, bool *on, char *text, char *why, size_t room)
{
	char *word, *value;

	*on = true;
	while ((word = strsep(&text, " \t,\n"))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = 0;
		switch (value ? stap_fault_setting(s, word, value) : stap_fault_switch(s, word, on) ? 1 : -1) {
		case 1:
			continue;
		case 0:
			snprintf(why, room, "%s=%s cannot be", word, value);
			return false;
		}
		snprintf(why, room, "%s%s is no setting", word, value ? "=" : "");
		return false;
	}
	return true;
}

static void stap_fault_resolve_all(struct work_struct *work);
static void stap_fault_ask(struct irq_work *work);
static DECLARE_WORK(stap_fault_work, stap_fault_resolve_all);
static DEFINE_IRQ_WORK(stap_fault_asked, stap_fault_ask);

/* What is to be asked at a call. */
static unsigned int stap_fault_mode(const struct stap_fault_state *state)
{
	const struct stap_fault_settings *s = &state->settings;
	unsigned int mode = state->list ? STAP_FAULT_LISTED : 0;

	if (!state->wanted || state->awaited)
		mode |= STAP_FAULT_OFF;
	if (s->target)
		mode |= STAP_FAULT_TARGET;
	if (s->skip || s->every > 1)
		mode |= STAP_FAULT_COUNTED;
	if (s->probability != STAP_FAULT_CERTAIN)
		mode |= STAP_FAULT_PROBABLE;
	if (s->process[0] && s->process[0] != '*' && s->process[0] != '?' && !state->list)
		mode |= STAP_FAULT_INITIAL;
	if (s->ranged || s->process_id || s->process[0] || s->match[0] || s->after || s->cgroup[0] || s->caller[0])
		mode |= STAP_FAULT_FILTERED;
	return mode;
}

/* Calls that the settings did not pass by. Where they look at none closely, that is all of them. */
static u64 stap_fault_passed(struct stap_fault_state *state)
{
	unsigned int mode = READ_ONCE(state->mode);

	if (mode & STAP_FAULT_OFF)
		return 0;
	if (mode & (STAP_FAULT_FILTERED | STAP_FAULT_LISTED))
		return atomic64_read(&state->passed);
	return atomic64_read(&state->passed) + stap_fault_calls_of(state, mode & STAP_FAULT_TARGET) - state->calls;
}

/* The settings hold from now on. The lock is held. */
static void stap_fault_put(struct stap_fault_state *state, const struct stap_fault_settings *s, bool on)
{
	bool same = !strcmp(s->caller, state->settings.caller) && !strcmp(s->cgroup, state->settings.cgroup);

	state->considered += stap_fault_passed(state);
	WRITE_ONCE(state->mode, STAP_FAULT_OFF);
	smp_wmb();
	state->settings = *s;
	state->seed = stap_fault_hash(s->seed, state->index, 0);
	state->since = ktime_get_mono_fast_ns();
	state->calls = stap_fault_calls_of(state, s->target);
	atomic64_set(&state->passed, 0);
	atomic64_set(&state->wait, s->skip + s->every);
	atomic64_set(&state->left, s->times);
	state->wanted = on;
	if (!same) {
		state->awaited = s->caller[0] || s->cgroup[0];
		state->caller = state->caller_end = 0;
	}
	smp_wmb();
	WRITE_ONCE(state->mode, stap_fault_mode(state));
}

/* What is as it was when the lock was taken. */
struct stap_fault_hold {
	unsigned long flags;
	bool occupied;
};

/* From any context; false: not in this NMI. Probes on this CPU are skipped meanwhile, since their handlers may want it, too. */
static bool stap_fault_take(struct stap_fault_hold *hold)
{
	local_irq_save(hold->flags);
	hold->occupied = stap_occupy();
	if (!in_nmi()) {
		raw_spin_lock(&stap_fault_set_lock);
		return true;
	}
	if (raw_spin_trylock(&stap_fault_set_lock))
		return true;
	if (hold->occupied)
		stap_release();
	local_irq_restore(hold->flags);
	return false;
}

static void stap_fault_give(const struct stap_fault_hold *hold)
{
	raw_spin_unlock(&stap_fault_set_lock);
	if (hold->occupied)
		stap_release();
	local_irq_restore(hold->flags);
}

/* In any context; the text is changed. */
static bool stap_fault_change(struct stap_fault_state *state, char *text, char *why, size_t room)
{
	struct stap_fault_settings s;
	struct stap_fault_hold hold;
	bool on, fine, awaited;

	if (!stap_fault_take(&hold)) {
		snprintf(why, room, "settings cannot be changed in this NMI");
		return false;
	}
	s = state->settings;
	fine = stap_fault_read(&s, &on, text, why, room);
	if (fine)
		stap_fault_put(state, &s, on);
	awaited = state->awaited;
	stap_fault_give(&hold);
	if (fine && awaited)
		irq_work_queue(&stap_fault_asked);
	return fine;
}

void stap_fault_set(struct stap_context *c, const char *name, const char *settings)
{
	char text[STAP_FAULT_ORDER], why[96];

	if (strscpy(text, settings, sizeof(text)) < 0)
		stap_error(c, "settings of fault %s are longer than %d bytes", name, STAP_FAULT_ORDER - 1);
	else if (!stap_fault_change(stap_fault_of(name), text, why, sizeof(why)))
		stap_error(c, "fault %s: %s; there are " STAP_FAULT_SETTINGS "", name, why);
}

/* A function's bounds, by the only look-ups that modules may use. */
static bool stap_fault_find_caller(struct stap_fault_state *state, const char *name)
{
	const struct stap_address at = { .symbol = name };
	char text[KSYM_SYMBOL_LEN];
	unsigned long address = stap_resolve(&at), offset, size;
	const char *plus;

	if (!address)
		return false;
	sprint_symbol(text, address);
	plus = strchr(text, '+');
	if (!plus || sscanf(plus, "+0x%lx/0x%lx", &offset, &size) != 2)
		return false;
	state->caller_end = address - offset + size;
	state->caller = address - offset;
	return true;
}

static bool stap_fault_find_cgroup(struct stap_fault_state *state, const char *path)
{
#ifdef CONFIG_CGROUPS
	struct cgroup *before = state->cgroup, *found = cgroup_get_from_path(path);

	WRITE_ONCE(state->cgroup, IS_ERR(found) ? NULL : found);
	synchronize_rcu(); /* handlers that use the one before */
	if (before)
		cgroup_put(before);
	return !IS_ERR(found);
#else
	return false;
#endif
}

/* What settings name, where a worker can sleep; until then the fault is off. */
static void stap_fault_resolve(struct stap_fault_state *state)
{
	char caller[KSYM_NAME_LEN], cgroup[STAP_FAULT_TEXT];
	const char *missing = NULL;
	struct stap_fault_hold hold;

	stap_fault_take(&hold);
	strscpy(caller, state->settings.caller, sizeof(caller));
	strscpy(cgroup, state->settings.cgroup, sizeof(cgroup));
	stap_fault_give(&hold);
	if (caller[0] && !stap_fault_find_caller(state, caller))
		missing = caller;
	if (cgroup[0] && !stap_fault_find_cgroup(state, cgroup))
		missing = cgroup;
	if (missing)
		stap_warning("fault %s does not happen: there is no %s", stap_faults[state - stap_fault_states].name, missing);
	stap_fault_take(&hold);
	if (!missing && !strcmp(caller, state->settings.caller) && !strcmp(cgroup, state->settings.cgroup)) {
		state->awaited = false;
		state->since = ktime_get_mono_fast_ns();
		WRITE_ONCE(state->mode, stap_fault_mode(state));
	}
	stap_fault_give(&hold);
}

static void stap_fault_resolve_all(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < stap_faults_count; i++)
		if (READ_ONCE(stap_fault_states[i].awaited))
			stap_fault_resolve(&stap_fault_states[i]);
}

static void stap_fault_ask(struct irq_work *work)
{
	schedule_work(&stap_fault_work);
}
