/*
 * A time as people write it:
 *
 *	2026-11-20, 2026-11-20T14:00, 2026-11-20T14:00:30
 *	14:00, 14:00:30		today
 *	90s, 90m, 3h, 2d, 1w	ago
 *
 * Local time, as TZ says, unless a Z stands behind it: UTC.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "slice.h"

/* What is asked for where it was not understood. */
#define WHEN_FORMS \
	"a time is 2026-11-20, 2026-11-20T14:00, 14:00, or 90m, 3h, 2d, 1w ago"

/* Both in wall ms; what lies before 1970 becomes 0.  false: that is no time,
 * or no day of the calendar. */
bool when_parse(struct slice text, uint64_t now_ms, uint64_t *out_ms);

#endif
