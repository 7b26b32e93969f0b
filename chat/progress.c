#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "files.h"
#include "sizes.h"
#include "utf8.h"

enum {
	NAME_LEAST = 10, /* columns of a name that are always shown */
	PERCENT = 5,	 /* columns of what stands beside it, a blank before */
	AMOUNT = 11,
	RATE = 9,
	LEFT = 6,
	WORD_MOST = 16, /* of a state with its reason: the rest is wrapped */
};

/* What is shown, from the most to the least. */
static const struct shape {
	int bar; /* columns, with its brackets */
	bool has_amount, has_rate, has_left;
} shapes[] = {
	{ 12, true, true, true },
	{ 12, false, true, true },
	{ 8, false, true, true },
	{ 8, false, false, true },
	{ 0, false, false, true },
	{ 0, false, false, false },
};

enum { SHAPES = sizeof(shapes) / sizeof(*shapes) };

static bool
is_moving(const struct transfer *t)
{
	return t->state == TRANSFER_MOVING || t->state == TRANSFER_CHECKING ||
	    t->state == TRANSFER_FINISHING;
}

static unsigned
percent(uint64_t part, uint64_t whole)
{
	if (part >= whole)
		return 100;
	return (unsigned)(whole < UINT64_MAX / 100 ? part * 100 / whole
						   : part / (whole / 100));
}

/* Of a state that is no moving. */
static void
add_state(struct buf *out, const struct transfer *t)
{
	buf_add_string(out, transfer_state_name(t->state));
	if (t->why[0] != '\0')
		buf_printf(out, ": %s", t->why);
}

static int
width(const struct buf *b)
{
	return b->len != 0 ? utf8_width((const char *)b->data, b->len) : 0;
}

static int
columns_of(const struct shape *shape, bool has_size, int word)
{
	int columns = has_size ? PERCENT : 0;

	if (has_size && shape->bar != 0)
		columns += shape->bar + 1;
	if (shape->has_amount || !has_size)
		columns += AMOUNT;
	if (word != 0)
		return columns + 1 + word;
	return columns + (shape->has_rate ? RATE : 0) +
	    (shape->has_left ? LEFT : 0);
}

static void
add_cut(struct buf *out, struct slice name, int columns)
{
	size_t fits = utf8_fit(name.at, name.len, columns);

	if (fits < name.len)
		fits = utf8_fit(name.at, name.len, columns - 1);
	buf_add(out, name.at, fits);
	if (fits < name.len)
		buf_add_string(out, "~");
}

static void
add_bar(struct buf *out, unsigned parts, int columns)
{
	int full = (int)parts * (columns - 2) / 100;

	buf_add_string(out, " [");
	for (int i = 0; i < columns - 2; i++)
		buf_add_string(out, i < full ? "#" : "-");
	buf_add_string(out, "]");
}

/* To the right of so many columns; the cell is emptied. */
static void
add_cell(struct buf *out, struct buf *cell, int columns)
{
	buf_printf(out, "%*s%s", columns - width(cell), "", buf_string(cell));
	buf_clear(cell);
}

static void
add_moving(struct buf *out, const struct transfer *t, const struct shape *shape)
{
	struct buf cell = { 0 };
	int64_t left = transfer_left(t);

	if (shape->has_rate) {
		if (t->rate != 0) {
			sizes_words(&cell, t->rate);
			buf_add_string(&cell, "/s");
		}
		add_cell(out, &cell, RATE);
	}
	if (shape->has_left) {
		if (left >= 0)
			sizes_seconds(&cell, (uint64_t)left);
		add_cell(out, &cell, LEFT);
	}
	buf_done(&cell);
}

static void
add_amount(struct buf *out, const struct transfer *t)
{
	struct buf cell = { 0 };

	if (t->size == SIZES_UNKNOWN)
		sizes_words(&cell, t->shown);
	else
		sizes_part(&cell, t->shown, t->size);
	add_cell(out, &cell, AMOUNT);
	buf_done(&cell);
}

/* The name, or what one knows instead. */
static void
add_name(struct buf *out, const struct transfer *t)
{
	if (t->name[0] != '\0')
		buf_add_string(out, t->name);
	else
		buf_printf(out, "file %llu", (unsigned long long)t->file);
}

static void
add_row(struct buf *out, const struct transfer *t, int columns)
{
	const struct shape *shape = shapes;
	bool has_size = t->size != SIZES_UNKNOWN;
	struct buf word = { 0 }, name = { 0 };
	int taken, of_word = 0;

	if (t->state != TRANSFER_MOVING) {
		add_state(&word, t);
		of_word = width(&word) < WORD_MOST ? width(&word) : WORD_MOST;
	}
	taken = columns_of(shape, has_size, of_word);
	while (columns - taken < NAME_LEAST && shape < shapes + SHAPES - 1)
		taken = columns_of(++shape, has_size, of_word);
	add_name(&name, t);
	add_cut(
	    out, buf_slice(&name), columns - taken > 1 ? columns - taken : 1);
	if (has_size && shape->bar != 0)
		add_bar(out, percent(t->shown, t->size), shape->bar);
	if (has_size)
		buf_printf(out, " %3u%%", percent(t->shown, t->size));
	if (shape->has_amount || !has_size)
		add_amount(out, t);
	if (word.len != 0)
		buf_printf(out, " %s", buf_string(&word));
	else
		add_moving(out, t, shape);
	buf_done(&name);
	buf_done(&word);
}

/* A path in one's home begins with ~. */
static void
add_path(struct buf *out, const char *path)
{
	const char *home = getenv("HOME");
	size_t len = home != NULL ? strlen(home) : 0;

	if (len > 1 && strncmp(path, home, len) == 0 && path[len] == '/')
		buf_printf(out, "~%s", path + len);
	else
		buf_add_string(out, path);
}

static void
add_done(struct buf *out, const struct transfer *t)
{
	uint64_t passed_ms =
	    t->ended_ms > t->began_ms ? t->ended_ms - t->began_ms : 0;
	char hash[DIGEST_TEXT];

	digest_text(&t->hash, hash);
	buf_add_string(out, t->is_upload ? "sent " : "got ");
	add_name(out, t);
	buf_add_string(out, ", ");
	sizes_words(out, t->size);
	if (passed_ms < 1000)
		buf_add_string(out, ", at once");
	else
		buf_printf(
		    out, ", in %llu s", (unsigned long long)(passed_ms / 1000));
	buf_printf(out, ", sha256 %.*s...", FILES_HASH, hash);
	if (t->is_upload || t->path[0] == '\0')
		return;
	buf_add_string(out, ", as ");
	add_path(out, t->path);
}

void
progress_words(struct buf *out, const struct transfer *t, int columns)
{
	switch (t->state) {
	case TRANSFER_DONE:
		add_done(out, t);
		break;
	case TRANSFER_FAILED:
		add_name(out, t);
		buf_printf(out, " was not %s: %s",
		    t->is_upload ? "sent" : "fetched", t->why);
		break;
	case TRANSFER_CANCELLED:
		add_name(out, t);
		buf_add_string(out, ": cancelled");
		break;
	default:
		add_row(out, t, columns);
	}
}

void
progress_label(struct buf *out, const struct transfer *t)
{
	buf_printf(out, "%u%s", t->number, t->is_upload ? "->" : "<-");
}

void
progress_sum(struct buf *out, const struct transfer *t)
{
	uint64_t part = 0, whole = 0, rate = 0;
	unsigned n = 0;

	for (; t != NULL; t = t->next) {
		if (!is_moving(t))
			continue;
		n++;
		rate += t->rate;
		if (t->size != SIZES_UNKNOWN) {
			part += t->shown;
			whole += t->size;
		}
	}
	if (n == 0)
		return;
	buf_printf(out, "%u file%s", n, n == 1 ? "" : "s");
	if (whole != 0)
		buf_printf(out, " %u%%", percent(part, whole));
	if (rate != 0) {
		buf_add_string(out, " ");
		sizes_words(out, rate);
		buf_add_string(out, "/s");
	}
}
