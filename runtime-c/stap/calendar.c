/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Days and hours of a time in seconds, and the time zone of the machine, which staprun knows. */
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include "runtime.h"

static int stap_zone_west;
static char stap_zone[32] = "UTC";
module_param_named(zone_west, stap_zone_west, int, 0444);
MODULE_PARM_DESC(zone_west, "how many seconds the time zone is behind UTC");
module_param_string(zone, stap_zone, sizeof(stap_zone), 0444);
MODULE_PARM_DESC(zone, "the time zone's name");

stap_long stap_zone_offset(void)
{
	return stap_zone_west;
}

void stap_zone_name(char *dst)
{
	stap_string_copy(dst, stap_zone);
}

static bool stap_is_leap_year(unsigned int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

void stap_calendar(struct stap_context *c, char *dst, stap_long seconds)
{
	static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	/* 1898 began on a Saturday, 26297 days before 1970 */
	const unsigned int first_year = 1898, first_days = 26297;
	unsigned int year = first_year, month = 0, day, weekday, of_day;
	u64 since;

	if (seconds != (s32)seconds) {
		stap_error(c, "the time %lld has no date of 24 characters", seconds);
		return;
	}
	since = seconds + first_days * 86400LL;
	day = since / 86400;
	of_day = since % 86400;
	weekday = (day + 2) % 7;
	for (; day >= 365u + stap_is_leap_year(year); year++)
		day -= 365 + stap_is_leap_year(year);
	for (; day >= lengths[month] + (month == 1 && stap_is_leap_year(year)); month++)
		day -= lengths[month] + (month == 1 && stap_is_leap_year(year));
	scnprintf(dst, MAXSTRINGLEN, "%.3s %.3s %2u %02u:%02u:%02u %u", days + 3 * weekday, months + 3 * month, day + 1,
		  of_day / 3600, of_day / 60 % 60, of_day % 60, year);
}
