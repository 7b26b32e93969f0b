#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "../chat/when.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

/* Friday 20 November 2026, 13:15:13.123 UTC */
#define NOW UINT64_C(1795180513123)
#define DAY UINT64_C(86400000)
/* The midnight before it, in UTC. */
#define MIDNIGHT (NOW - NOW % DAY)
/* New York is five hours behind in November, four in October. */
#define HOUR UINT64_C(3600000)

static const struct {
	const char *zone, *text;
	uint64_t ms;
} times[] = {
	{ "UTC", "2026-11-20", MIDNIGHT },
	{ "UTC", "2026-11-20Z", MIDNIGHT },
	{ "UTC", "2026-11-20T00:00", MIDNIGHT },
	{ "UTC", "2026-11-20T14:05", MIDNIGHT + 14 * HOUR + 300000 },
	{ "UTC", "2026-11-20T14:05:09", MIDNIGHT + 14 * HOUR + 309000 },
	{ "UTC", "2026-11-20T14:05:09Z", MIDNIGHT + 14 * HOUR + 309000 },
	{ "UTC", "2026-11-19T23:59:59", MIDNIGHT - 1000 },
	{ "UTC", "2028-02-29", 1835395200000 },
	{ "UTC", "1970-01-01", 0 },
	{ "UTC", "1969-12-31", 0 },
	{ "UTC", "0001-01-01", 0 },
	{ "UTC", "14:05", MIDNIGHT + 14 * HOUR + 300000 },
	{ "UTC", "00:00", MIDNIGHT },
	{ "UTC", "23:59:59Z", MIDNIGHT + DAY - 1000 },
	{ "UTC", "0s", NOW },
	{ "UTC", "1s", NOW - 1000 },
	{ "UTC", "90m", NOW - 90 * 60000 },
	{ "UTC", "3h", NOW - 3 * HOUR },
	{ "UTC", "2d", NOW - 2 * DAY },
	{ "UTC", "1w", NOW - 7 * DAY },
	{ "UTC", "99999999w", 0 },
	{ "EST5EDT", "2026-11-20", MIDNIGHT + 5 * HOUR },
	{ "EST5EDT", "2026-11-20Z", MIDNIGHT },
	{ "EST5EDT", "2026-11-20T14:00", MIDNIGHT + 19 * HOUR },
	{ "EST5EDT", "2026-11-20T14:00Z", MIDNIGHT + 14 * HOUR },
	{ "EST5EDT", "2026-10-20T14:00", MIDNIGHT - 31 * DAY + 18 * HOUR },
	{ "EST5EDT", "08:00", MIDNIGHT + 13 * HOUR },
	{ "EST5EDT", "08:00Z", MIDNIGHT + 8 * HOUR },
	{ "EST5EDT", "3h", NOW - 3 * HOUR },
	/* It is the 21st there already. */
	{ "JST-12", "08:00", MIDNIGHT + 20 * HOUR },
};

static void
zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

Test(when, times)
{
	uint64_t ms;

	for (size_t i = 0; i < N(times); i++) {
		ms = 1;
		zone(times[i].zone);
		cr_expect(when_parse(slice_of(times[i].text), NOW, &ms), "%s",
		    times[i].text);
		cr_expect_eq(ms, times[i].ms, "%s %s: %llu, not %llu",
		    times[i].zone, times[i].text, (unsigned long long)ms,
		    (unsigned long long)times[i].ms);
	}
}

static const char *const wrong[] = { "", "Z", "T", "now", "yesterday", "3", "h",
	"3 h", "-3h", "+3h", "3hh", "3y", "3.5h", "1h30m", "3H", "3hZ",
	"10000000000s", "2026", "2026-11", "2026-11-", "2026-11-2", "2026-1-20",
	"26-11-20", "2026-11-200", "2026-13-01", "2026-00-10", "2026-11-00",
	"2026-11-31", "2026-02-29", "2026-02-30T14:00", "2026-11-20T",
	"2026-11-20T14", "2026-11-20T14:0", "2026-11-20T24:00",
	"2026-11-20T14:60", "2026-11-20T14:00:60",
	"2026-11-20T14:00:", "2026-11-20 14:00", "2026-11-20T14:00+01:00",
	"2026-11-20T14:00ZZ", "2026/11/20", "x026-11-20", "20261120", "14",
	"14:", ":00", "4:00", "14:00:", "14:00 ", " 14:00", "24:00", "14:60",
	"14:00x", "99999-01-01" };

Test(when, what_is_no_time)
{
	uint64_t ms;

	zone("UTC");
	for (size_t i = 0; i < N(wrong); i++)
		cr_expect_not(
		    when_parse(slice_of(wrong[i]), NOW, &ms), "%s", wrong[i]);
}

/* What stands behind the slice is not looked at. */
Test(when, ends_where_the_slice_ends)
{
	uint64_t ms = 0;

	zone("UTC");
	cr_expect(when_parse((struct slice){ "3h30", 2 }, NOW, &ms));
	cr_expect_eq(ms, NOW - 3 * HOUR);
	cr_expect(when_parse((struct slice){ "2026-11-20T", 10 }, NOW, &ms));
	cr_expect_eq(ms, MIDNIGHT);
	cr_expect_not(when_parse((struct slice){ NULL, 0 }, NOW, &ms));
}

/* An hour that summer time leaves out is the one beside it. */
Test(when, an_hour_that_is_not)
{
	uint64_t ms;

	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	cr_expect(when_parse(SLICE("2026-03-29T02:30"), NOW, &ms));
	cr_expect(ms == 1774747800000 || ms == 1774744200000, "%llu",
	    (unsigned long long)ms);
}
