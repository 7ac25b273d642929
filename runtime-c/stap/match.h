/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Groups of regular expressions: a part of stap.h that costs only the scripts
 * that ask for groups.
 *
 * A script has a table for each of its patterns and calls stap_match(). The
 * table is an automaton whose states are lists of items: ways in which the
 * text so far can be the beginning of a match, the preferred ones first. The
 * text is read twice. Forward, the state before each byte is noted, and the
 * last place where a match may end. Backward from there, the steps of each
 * transition tell from which item of the state before the way came, and
 * which groups began or ended in between.
 */
#ifndef STAP_MATCH_H
#define STAP_MATCH_H

#define STAP_SEED 0xffff	/* no item of the state before: a match begins here */

/* How an item came about. */
struct stap_step {
	unsigned short from;	/* the item of the state before, or STAP_SEED */
	unsigned short tags;	/* where in the list of tags those are that were passed */
};

struct stap_regex {
	int groups;			/* with the whole match, group 0 */
	int width;			/* the number of classes */
	int states;			/* no match is under way in this state, nor will be */
	const unsigned char *classes;	/* of each byte but NUL */
	const unsigned short *next;	/* by state and class */
	const unsigned int *origins;	/* likewise: where the steps of the next state's items begin */
	const struct stap_step *steps;	/* those of state 0, the first, at the beginning */
	const unsigned short *tags;	/* lists that end with 0: twice a group where it begins, 1 more where it ends */
	const unsigned short *accept;	/* by state: the item that ends a match, or STAP_SEED */
	const struct stap_step *at_end;	/* likewise if the text ends here, and what that passes */
};

/* The last match of the running handler. */
struct stap_match {
	const struct stap_regex *regex;		/* NULL if it failed, or there was none */
	unsigned short states[MAXSTRINGLEN];	/* before each byte of text */
	char text[MAXSTRINGLEN];		/* the subject, which its variable may lose */
	int bounds[][2];			/* of each group in text, begin and end; -1 if it took no part */
};

/* What stap_script.match_bytes is for patterns with at most so many groups, the whole match included. */
#define STAP_MATCH_BYTES(groups) (sizeof(struct stap_match) + (groups) * sizeof(int[2]))

/* At the beginning of each handler: no match yet. */
static inline void stap_match_reset(struct stap_context *c)
{
	c->match->regex = 0;
}

/* Notes the tags of a list, unless they were noted nearer to the end. */
static inline void stap_match_note(struct stap_match *m, const unsigned short *tags, int at)
{
	for (; *tags; tags++)
		if (m->bounds[*tags / 2][*tags % 2] < 0)
			m->bounds[*tags / 2][*tags % 2] = at;
}

/* Walks back from a match's end, where it is the item of the state there. */
static inline void stap_match_groups(struct stap_match *m, const struct stap_regex *re, struct stap_step step, int end)
{
	unsigned int origin;
	int i, at = end;

	for (i = 0; i < re->groups; i++)
		m->bounds[i][0] = m->bounds[i][1] = -1;
	stap_match_note(m, re->tags + step.tags, at);
	for (;; at--) {
		origin = 0;
		if (at)
			origin = re->origins[m->states[at - 1] * re->width + re->classes[(unsigned char)m->text[at - 1]]];
		step = re->steps[origin + step.from];
		stap_match_note(m, re->tags + step.tags, at);
		if (step.from == STAP_SEED)
			break;
	}
	m->bounds[0][0] = at;
	m->bounds[0][1] = end;
}

/* Matches text: 1 or 0. The groups are then those of this match. */
static inline int stap_match(struct stap_context *c, const struct stap_regex *re, const char *text)
{
	struct stap_match *m = c->match;
	struct stap_step last = { STAP_SEED, 0 };
	int at, end = 0, state = 0;

	m->regex = 0;
	stap_string_copy(m->text, text);
	for (at = 0; state < re->states; at++) {
		m->states[at] = state;
		if (re->accept[state] != STAP_SEED) {
			last = (struct stap_step){ re->accept[state], 0 };
			end = at;
		}
		if (!m->text[at]) {
			if (re->at_end[state].from != STAP_SEED) {
				last = re->at_end[state];
				end = at;
			}
			break;
		}
		state = re->next[state * re->width + re->classes[(unsigned char)m->text[at]]];
	}
	if (last.from == STAP_SEED)
		return 0;
	m->regex = re;
	stap_match_groups(m, re, last, end);
	return 1;
}

/* The text of group n. */
static inline void stap_matched(struct stap_context *c, char *dst, stap_long n)
{
	struct stap_match *m = c->match;
	char *end, after;

	dst[0] = 0;
	if (!m || !m->regex) {
		stap_error(c, "Attempted to get subexpression %lld from failed match", n);
	} else if (n < 0 || n >= m->regex->groups) {
		stap_error(c, "Attempted to get nonexistent subexpression %lld", n);
	} else if (m->bounds[n][0] >= 0) {
		end = m->text + m->bounds[n][1];
		after = *end;
		*end = 0;
		stap_string_copy(dst, m->text + m->bounds[n][0]);
		*end = after;
	}
}

/* How many groups the pattern has, with the whole match. */
static inline stap_long stap_match_group_count(struct stap_context *c)
{
	if (!c->match || !c->match->regex) {
		stap_error(c, "Attempted to count the subexpressions of a failed match");
		return 0;
	}
	return c->match->regex->groups;
}

#endif
