#include "help.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "command.h"
#include "input.h"
#include "wrap.h"
#include "xmalloc.h"

enum {
	WIDE = 60, /* columns where meanings stand beside what they explain */
	BESIDE = 26,
	ROOMY = 80, /* columns of a status with keys in whole words */
	INDENT = 2,
	NARROW = 30, /* columns below which nothing is wrapped */
	WHOLE = 1000,
	MANY = 3, /* more keys are told as first to last */
};

/* ---- words ---- */

/* The keys of an action, "Ctrl-A, Home", from the row behind its own. */
static void
add_keys(struct buf *out, const struct key_row *row, const struct key_row *end)
{
	const struct key_row *first = row;

	while (row < end && row->shown != NULL)
		row++;
	if (row - first > MANY) {
		buf_printf(out, "%s to %s", first->shown, row[-1].shown);
		return;
	}
	for (const struct key_row *key = first; key < row; key++)
		buf_printf(out, "%s%s", key == first ? "" : ", ", key->shown);
}

static bool
about_command(const char *topic, struct buf *out)
{
	struct slice name = slice_of(topic[0] == '/' ? topic + 1 : topic);
	const struct command *command;
	size_t n;

	command = name.len != 0 ? command_find(name, &n) : NULL;
	if (command == NULL)
		return false;
	buf_printf(out, "/%s%s%s: %s", command->name,
	    command->usage[0] != '\0' ? " " : "", command->usage,
	    command->meaning);
	return true;
}

static bool
about_key(const char *topic, struct buf *out)
{
	const struct key_row *action = NULL;
	size_t n;
	const struct key_row *row = input_rows(&n);

	for (const struct key_row *end = row + n; row < end; row++) {
		if (row->meaning != NULL)
			action = row;
		if (row->shown == NULL || action == NULL ||
		    strcasecmp(row->shown, topic) != 0)
			continue;
		buf_printf(out, "%s: %s", row->shown, action->meaning);
		return true;
	}
	return false;
}

bool
help_about(const char *topic, struct buf *out)
{
	return about_command(topic, out) || about_key(topic, out);
}

/* ---- the text ---- */

static struct strip *
new_row(struct help *h)
{
	if ((h->n & (h->n - 1)) == 0)
		h->row = xrealloc(
		    h->row, h->n != 0 ? h->n * 2 : 1, sizeof(struct strip));
	h->row[h->n] = (struct strip){ .n = 0 };
	return &h->row[h->n++];
}

static void
add_title(struct help *h, const char *title)
{
	if (h->n != 0)
		new_row(h);
	strip_add(new_row(h), STYLE_PROMPT, "%s", title);
}

/* In as many rows as it takes, but in one where all would be broken; the last
 * one. */
static struct strip *
add_what(struct help *h, struct slice what)
{
	int indent = h->columns > INDENT * 3 ? INDENT : 0;
	int columns = h->columns >= NARROW ? h->columns : WHOLE;
	struct strip *row = NULL;
	struct wrap wrap;
	struct wrap_row part;

	wrap_start(&wrap, what, columns - indent, columns - indent * 3);
	while (wrap_next(&wrap, &part)) {
		int blanks = row == NULL ? indent : indent * 3;
		row = new_row(h);
		strip_add(row, STYLE_OWN, "%*s%.*s", blanks, "", (int)part.len,
		    what.at + part.from);
	}
	return row;
}

/* What it is, and beside or below it what it means. */
static void
add_entry(struct help *h, struct slice what, const char *meaning)
{
	bool is_wide = h->columns >= WIDE;
	int indent = is_wide ? BESIDE : INDENT * 2;
	int columns = h->columns - indent;
	struct strip *row = add_what(h, what);
	struct wrap wrap;
	struct wrap_row part;

	if (columns < 1) {
		indent = 0;
		columns = h->columns;
	}
	if (!is_wide || strip_columns(row) > BESIDE - INDENT)
		row = new_row(h);
	wrap_start(&wrap, slice_of(meaning), columns, columns);
	for (bool first = true; wrap_next(&wrap, &part); first = false) {
		if (!first)
			row = new_row(h);
		strip_add(row, STYLE_PLAIN, "%*s%.*s",
		    indent - strip_columns(row), "", (int)part.len,
		    meaning + part.from);
	}
}

static void
add_commands(struct help *h)
{
	size_t n;
	const struct command *rows = command_rows(&n);
	struct buf what = { 0 };

	add_title(h, "Commands (a unique beginning will do)");
	for (size_t i = 0; i < n; i++) {
		buf_clear(&what);
		buf_printf(&what, "/%s%s%s", rows[i].name,
		    rows[i].usage[0] != '\0' ? " " : "", rows[i].usage);
		add_entry(h, buf_slice(&what), rows[i].meaning);
	}
	buf_done(&what);
}

static void
add_all_keys(struct help *h)
{
	size_t n;
	const struct key_row *row = input_rows(&n), *end = row + n;
	struct buf what = { 0 };

	for (; row < end; row++) {
		if (row->group != NULL)
			add_title(h, row->group);
		if (row->meaning == NULL)
			continue;
		buf_clear(&what);
		add_keys(&what, row + 1, end);
		add_entry(h, buf_slice(&what), row->meaning);
	}
	buf_done(&what);
}

static void
forget(struct help *h)
{
	for (size_t i = 0; i < h->n; i++)
		strip_done(&h->row[i]);
	free(h->row);
	h->row = NULL;
	h->n = 0;
}

/* Returns the first row that is about keys. */
static size_t
make(struct help *h, int columns)
{
	size_t keys;

	forget(h);
	h->columns = columns > 0 ? columns : 1;
	add_commands(h);
	keys = h->n + 1;
	add_all_keys(h);
	return keys;
}

void
help_open(struct help *h, const char *about, int columns)
{
	size_t keys = make(h, columns);

	h->top = strcmp(about, "keys") == 0 ? keys : 0;
	h->is_open = true;
}

void
help_fit(struct help *h, int columns, int rows)
{
	size_t before = h->n;

	if (!h->is_open)
		return;
	if (columns != h->columns && columns > 0) {
		make(h, columns);
		/* About the same place in a text of another length. */
		h->top = before != 0 ? h->top * h->n / before : 0;
	}
	help_scroll(h, 0, rows);
}

void
help_close(struct help *h)
{
	forget(h);
	h->is_open = false;
}

bool
help_scroll(struct help *h, int by, int rows)
{
	size_t most = h->n > (size_t)rows ? h->n - (size_t)rows : 0;
	size_t before = h->top, up = by < 0 ? (size_t)-by : 0;

	h->top = up > h->top ? 0 : h->top - up;
	if (by > 0)
		h->top += (size_t)by;
	if (h->top > most)
		h->top = most;
	return h->top != before;
}

void
help_place(const struct help *h, int rows, int columns, struct buf *out)
{
	size_t shown = rows > 0 ? (size_t)rows : 0;
	size_t last = h->n - h->top < shown ? h->n : h->top + shown;
	bool is_roomy = columns >= ROOMY;

	buf_printf(out, "%zu-%zu of %zu", h->top + 1, last, h->n);
	if (last < h->n)
		buf_add_string(
		    out, is_roomy ? ", PageDown for more" : ", PageDown: more");
	buf_add_string(out, is_roomy ? "; q or Escape leaves" : "; q leaves");
}
