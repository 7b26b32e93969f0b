#include "sizes.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };

enum { UNITS = sizeof(units) / sizeof(*units), STEP = 1000 };

static size_t
unit_of(uint64_t bytes, uint64_t *size)
{
	size_t unit = 0;

	for (*size = 1; bytes / *size >= STEP; *size *= STEP)
		unit++;
	return unit;
}

static void
add_in(struct buf *out, uint64_t bytes, uint64_t size)
{
	uint64_t whole = bytes / size;

	buf_printf(out, "%llu", (unsigned long long)whole);
	if (size != 1 && whole < 10)
		buf_printf(out, ".%llu",
		    (unsigned long long)(bytes % size / (size / 10)));
}

void
sizes_words(struct buf *out, uint64_t bytes)
{
	uint64_t size;
	size_t unit = unit_of(bytes, &size);

	add_in(out, bytes, size);
	buf_printf(out, " %s", units[unit]);
}

void
sizes_part(struct buf *out, uint64_t part, uint64_t whole)
{
	uint64_t size;
	size_t unit = unit_of(whole, &size);

	add_in(out, part, size);
	buf_add_string(out, "/");
	add_in(out, whole, size);
	buf_printf(out, " %s", units[unit]);
}

void
sizes_exact(struct buf *out, uint64_t bytes)
{
	char digits[24];
	size_t n = (size_t)snprintf(
	    digits, sizeof(digits), "%llu", (unsigned long long)bytes);

	for (size_t i = 0; i < n; i++) {
		if (i != 0 && (n - i) % 3 == 0)
			buf_add_string(out, ",");
		buf_add(out, &digits[i], 1);
	}
	buf_add_string(out, bytes == 1 ? " byte" : " bytes");
}

void
sizes_seconds(struct buf *out, uint64_t seconds)
{
	unsigned long long minutes = seconds / 60, hours = minutes / 60;

	if (minutes < 60)
		buf_printf(out, "%llu:%02u", minutes, (unsigned)(seconds % 60));
	else if (hours < 100)
		buf_printf(out, "%lluh%02u", hours, (unsigned)(minutes % 60));
	else
		buf_printf(out, "%llud", hours / 24);
}

bool
sizes_parse(const char *text, uint64_t *out)
{
	static const char letters[] = "kmgt";
	uint64_t factor = 1;
	const char *letter;
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno != 0)
		return false;
	if (*end == '\0')
		return true;
	letter = strchr(letters, tolower((unsigned char)*end));
	if (letter == NULL || end[1] != '\0')
		return false;
	for (long i = letter - letters; i >= 0; i--)
		factor *= STEP;
	if (*out > UINT64_MAX / factor)
		return false;
	*out *= factor;
	return true;
}
