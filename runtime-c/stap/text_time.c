/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls' times: [seconds.fraction]. */
#include "stap.h"

#define CLOCK_NAMES(N) \
	N(CLOCK_REALTIME, 0) N(CLOCK_MONOTONIC, 1) N(CLOCK_PROCESS_CPUTIME_ID, 2) N(CLOCK_THREAD_CPUTIME_ID, 3) \
	N(CLOCK_MONOTONIC_RAW, 4) N(CLOCK_REALTIME_COARSE, 5) N(CLOCK_MONOTONIC_COARSE, 6) N(CLOCK_BOOTTIME, 7) \
	N(CLOCK_REALTIME_ALARM, 8) N(CLOCK_BOOTTIME_ALARM, 9) N(CLOCK_SGI_CYCLE, 10) N(CLOCK_TAI, 11)
const struct stap_names stap_clock_names = STAP_NAMES(CLOCK_NAMES, STAP_ONE_OF);

#define TIMER_NAMES(N) \
	N(TIMER_ABSTIME, 0x1)
const struct stap_names stap_timer_names = STAP_NAMES(TIMER_NAMES, 0);

#define INTERVAL_TIMER_NAMES(N) \
	N(ITIMER_REAL, 0) N(ITIMER_VIRTUAL, 1) N(ITIMER_PROF, 2)
const struct stap_names stap_interval_timer_names = STAP_NAMES(INTERVAL_TIMER_NAMES, STAP_ONE_OF);

#define TIMERFD_NAMES(N) \
	N(TFD_NONBLOCK, 0x800) N(TFD_CLOEXEC, 0x80000)
const struct stap_names stap_timerfd_names = STAP_NAMES(TIMERFD_NAMES, 0);

#define TIMERFD_SET_NAMES(N) \
	N(TFD_TIMER_ABSTIME, 0x1) N(TFD_TIMER_CANCEL_ON_SET, 0x2)
const struct stap_names stap_timerfd_set_names = STAP_NAMES(TIMERFD_SET_NAMES, 0);

#define ADJUST_NAMES(N) \
	N(ADJ_OFFSET_SINGLESHOT, 0x8001) N(ADJ_OFFSET_SS_READ, 0xa001) N(ADJ_OFFSET, 0x1) N(ADJ_FREQUENCY, 0x2) \
	N(ADJ_MAXERROR, 0x4) N(ADJ_ESTERROR, 0x8) N(ADJ_STATUS, 0x10) N(ADJ_TIMECONST, 0x20) N(ADJ_TAI, 0x80) \
	N(ADJ_SETOFFSET, 0x100) N(ADJ_MICRO, 0x1000) N(ADJ_NANO, 0x2000) N(ADJ_TICK, 0x4000)
const struct stap_names stap_adjust_names = STAP_NAMES(ADJUST_NAMES, 0);

#define ADJUST_STATUS_NAMES(N) \
	N(STA_PLL, 0x1) N(STA_PPSFREQ, 0x2) N(STA_PPSTIME, 0x4) N(STA_FLL, 0x8) N(STA_INS, 0x10) N(STA_DEL, 0x20) \
	N(STA_UNSYNC, 0x40) N(STA_FREQHOLD, 0x80) N(STA_PPSSIGNAL, 0x100) N(STA_PPSJITTER, 0x200) N(STA_PPSWANDER, 0x400) \
	N(STA_PPSERROR, 0x800) N(STA_CLOCKERR, 0x1000) N(STA_NANO, 0x2000) N(STA_MODE, 0x4000) N(STA_CLK, 0x8000)
const struct stap_names stap_adjust_status_names = STAP_NAMES(ADJUST_STATUS_NAMES, 0);

static void stap_text_fraction(struct stap_text *t, stap_long seconds, stap_ulong fraction, int digits)
{
	char text[16];
	int i;

	stap_text_open(t, "[");
	stap_text_decimal(t, seconds);
	text[0] = '.';
	for (i = digits; i > 0; i--, fraction /= 10)
		text[i] = '0' + fraction % 10;
	stap_text_put(t, text, digits + 1);
	stap_text_close(t, "]");
}

/* Reads a time of two numbers of so many bytes; 0: it cannot be read. */
static int stap_read_time(stap_ulong address, unsigned int size, stap_long *seconds, stap_long *fraction)
{
	stap_ulong first, second;

	if (!address || !stap_text_read_number(&first, address, size) || !stap_text_read_number(&second, address + size, size))
		return 0;
	*seconds = size == 4 ? (int)first : (stap_long)first;
	*fraction = size == 4 ? (int)second : (stap_long)second;
	return 1;
}

static void stap_text_time(struct stap_text *t, stap_long address, unsigned int size, int digits)
{
	stap_long seconds, fraction, most = digits == 9 ? 1000000000 : 1000000;

	if (!stap_read_time(address, size, &seconds, &fraction)) {
		stap_text_pointer(t, address);
	} else if (fraction >= 0 && fraction < most) {
		stap_text_fraction(t, seconds, fraction, digits);
	} else {
		stap_text_open(t, "[");
		stap_text_decimal(t, seconds);
		stap_text_next(t);
		stap_text_decimal(t, fraction);
		stap_text_close(t, "]");
	}
}

/* By words of the caller's, and of 64 bits for every caller. */
void stap_text_timespec(struct stap_text *t, stap_long address)
{
	stap_text_time(t, address, stap_text_word(), 9);
}

void stap_text_timespec64(struct stap_text *t, stap_long address)
{
	stap_text_time(t, address, 8, 9);
}

void stap_text_timeval(struct stap_text *t, stap_long address)
{
	stap_text_time(t, address, stap_text_word(), 6);
}

static void stap_text_file_time(struct stap_text *t, stap_long address, unsigned int size)
{
	stap_long seconds, fraction;

	if (stap_read_time(address, size, &seconds, &fraction) && fraction == 0x3fffffff)
		stap_text_plain(t, "UTIME_NOW");
	else if (stap_read_time(address, size, &seconds, &fraction) && fraction == 0x3ffffffe)
		stap_text_plain(t, "UTIME_OMIT");
	else
		stap_text_time(t, address, size, 9);
}

static void stap_text_pair(struct stap_text *t, stap_long address, unsigned int size,
			   void (*write)(struct stap_text *t, stap_long address, unsigned int size))
{
	char byte;

	if (!address || !stap_text_read(&byte, address, 1)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "[");
	write(t, address, size);
	stap_text_next(t);
	write(t, address + 2 * size, size);
	stap_text_close(t, "]");
}

/* When a file was read and written. */
void stap_text_file_times(struct stap_text *t, stap_long address)
{
	stap_text_pair(t, address, stap_text_word(), stap_text_file_time);
}

void stap_text_file_times64(struct stap_text *t, stap_long address)
{
	stap_text_pair(t, address, 8, stap_text_file_time);
}

static void stap_text_microseconds(struct stap_text *t, stap_long address, unsigned int size)
{
	stap_text_time(t, address, size, 6);
}

void stap_text_timevals(struct stap_text *t, stap_long address)
{
	stap_text_pair(t, address, stap_text_word(), stap_text_microseconds);
}

void stap_text_utimbuf(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("actime", STAP_SWORD), STAP_FIELD("modtime", STAP_SWORD), STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

/* One of the longs at an address, or 0. */
stap_long stap_caller_word(stap_long address, int n)
{
	unsigned int word = stap_text_word();
	stap_ulong value;

	if (!stap_text_read_number(&value, address + n * word, word))
		return 0;
	return word == 4 ? (int)value : (stap_long)value;
}

static void stap_text_interval(struct stap_text *t, stap_long address, unsigned int size, int digits)
{
	char byte;

	if (!address || !stap_text_read(&byte, address, 1)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "it_interval");
	stap_text_time(t, address, size, digits);
	stap_text_name(t, "it_value");
	stap_text_time(t, address + 2 * size, size, digits);
	stap_text_close(t, "}");
}

void stap_text_itimerval(struct stap_text *t, stap_long address)
{
	stap_text_interval(t, address, stap_text_word(), 6);
}

void stap_text_itimerspec(struct stap_text *t, stap_long address)
{
	stap_text_interval(t, address, stap_text_word(), 9);
}

void stap_text_itimerspec64(struct stap_text *t, stap_long address)
{
	stap_text_interval(t, address, 8, 9);
}

void stap_text_timezone(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("tz_minuteswest", STAP_S32), STAP_FIELD("tz_dsttime", STAP_S32), STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

/* A clock: one of the system's, of a device's descriptor, or of a process's or thread's time. */
void stap_text_clock(struct stap_text *t, stap_long value)
{
	static const char *const what[] = { "PROF", "VIRT", "SCHED" };
	int clock = value, kind = clock & 3, of = ~(clock >> 3);

	if (clock >= 0) {
		stap_text_flags(t, clock, &stap_clock_names);
	} else if (kind == 3) {
		stap_text_plain(t, "FD_TO_CLOCKID(");
		stap_text_decimal(t, of);
		stap_text_put(t, ")", 1);
	} else {
		stap_text_plain(t, clock & 4 ? "MAKE_THREAD_CPUCLOCK(" : "MAKE_PROCESS_CPUCLOCK(");
		stap_text_decimal(t, of);
		stap_text_plain(t, ", CPUCLOCK_");
		stap_text_plain(t, what[kind]);
		stap_text_put(t, ")", 1);
	}
}

/* What the caller says; the rest is for the kernel to fill in. */
#define STAP_TIMEX(number) { \
	STAP_FIELD("modes", STAP_U32, .names = &stap_adjust_names), \
	STAP_FIELD("offset", number), STAP_FIELD("freq", number), STAP_FIELD("maxerror", number), STAP_FIELD("esterror", number), \
	STAP_FIELD("status", STAP_S32, .names = &stap_adjust_status_names), STAP_FIELD("constant", number), \
	STAP_FIELD(0, number), STAP_FIELD(0, number), STAP_FIELD(0, number), STAP_FIELD(0, number), STAP_FIELD("tick", number), \
	STAP_FIELDS_END }

void stap_text_timex(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = STAP_TIMEX(STAP_SWORD);

	stap_text_struct(t, address, fields);
}

void stap_text_timex64(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = STAP_TIMEX(STAP_FIXED);

	stap_text_struct(t, address, fields);
}
