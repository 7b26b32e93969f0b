#include "when.h"

#include <string.h>
#include <time.h>

enum { NUMBER_MAX = 1000000000 };

static const struct unit {
	char letter;
	uint64_t ms;
} units[] = {
	{ 's', 1000 },
	{ 'm', 60000 },
	{ 'h', 3600000 },
	{ 'd', UINT64_C(86400000) },
	{ 'w', UINT64_C(7) * 86400000 },
};

/* ---- pieces ---- */

static void
skip(struct slice *text, size_t len)
{
	text->at += len;
	text->len -= len;
}

static bool
take_sign(struct slice *text, char sign)
{
	if (text->len == 0 || text->at[0] != sign)
		return false;
	skip(text, 1);
	return true;
}

static bool
starts_with_digit(struct slice text)
{
	return text.len != 0 && text.at[0] >= '0' && text.at[0] <= '9';
}

/* A number of exactly so many digits; 0: of any, at least one. */
static bool
take_number(struct slice *text, size_t digits, int *out)
{
	size_t n = 0;
	int number = 0;

	for (; starts_with_digit(*text) && (digits == 0 || n < digits); n++) {
		if (number >= NUMBER_MAX / 10)
			return false;
		number = number * 10 + (text->at[0] - '0');
		skip(text, 1);
	}
	*out = number;
	return n != 0 && (digits == 0 || n == digits);
}

/* HH:MM or HH:MM:SS */
static bool
take_clock(struct slice *text, struct tm *tm)
{
	tm->tm_sec = 0;
	if (!take_number(text, 2, &tm->tm_hour) || !take_sign(text, ':') ||
	    !take_number(text, 2, &tm->tm_min))
		return false;
	if (take_sign(text, ':') && !take_number(text, 2, &tm->tm_sec))
		return false;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* YYYY-MM-DD */
static bool
take_day(struct slice *text, struct tm *tm)
{
	if (!take_number(text, 4, &tm->tm_year) || !take_sign(text, '-') ||
	    !take_number(text, 2, &tm->tm_mon) || !take_sign(text, '-') ||
	    !take_number(text, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

/* ---- the forms ---- */

static bool
parse_ago(struct slice text, uint64_t now_ms, uint64_t *out_ms)
{
	uint64_t ago;
	size_t i;
	int n;

	if (!take_number(&text, 0, &n) || text.len != 1)
		return false;
	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (units[i].letter != text.at[0])
			continue;
		ago = (uint64_t)n * units[i].ms;
		*out_ms = ago < now_ms ? now_ms - ago : 0;
		return true;
	}
	return false;
}

/* Midnight of the day that it is, here or in UTC. */
static bool
today(uint64_t now_ms, bool is_utc, struct tm *tm)
{
	time_t now = (time_t)(now_ms / 1000);

	if ((is_utc ? gmtime_r(&now, tm) : localtime_r(&now, tm)) == NULL)
		return false;
	tm->tm_hour = tm->tm_min = tm->tm_sec = 0;
	return true;
}

/* The 30th of February would become the 2nd of March. */
static bool
to_ms(struct tm *tm, bool is_utc, uint64_t *out_ms)
{
	struct tm wanted = *tm;
	time_t seconds;

	tm->tm_isdst = -1;
	seconds = is_utc ? timegm(tm) : mktime(tm);
	*out_ms = seconds > 0 ? (uint64_t)seconds * 1000 : 0;
	return tm->tm_year == wanted.tm_year && tm->tm_mon == wanted.tm_mon &&
	    tm->tm_mday == wanted.tm_mday;
}

bool
when_parse(struct slice text, uint64_t now_ms, uint64_t *out_ms)
{
	bool is_utc = text.len != 0 && text.at[text.len - 1] == 'Z';
	bool is_day = text.len > 4 && text.at[4] == '-';
	struct tm tm;

	if (parse_ago(text, now_ms, out_ms))
		return true;
	text.len -= is_utc;
	if (!today(now_ms, is_utc, &tm) || (is_day && !take_day(&text, &tm)))
		return false;
	if ((!is_day || take_sign(&text, 'T')) && !take_clock(&text, &tm))
		return false;
	return text.len == 0 && to_ms(&tm, is_utc, out_ms);
}
