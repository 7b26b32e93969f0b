#include "typed.h"

#include <assert.h>
#include <string.h>

#include "text.h"
#include "utf8.h"

void
typed_start(struct typed *t, struct slice text, int columns)
{
	assert(columns >= 1);
	*t = (struct typed){
		.text = text.len > 0 ? text : SLICE(""),
		.columns = columns,
	};
}

/* Appends the shown form of one cluster; its columns. */
static int
show_cluster(struct buf *out, const char *text, size_t len, int columns)
{
	size_t before = out->len;

	text_safe(out, (struct slice){ text, len }, TEXT_ONE_LINE);
	if (out->len == before)
		return 0;
	int width =
	    utf8_width((const char *)buf_at(out) + before, out->len - before);
	if (width <= columns)
		return width;
	out->len = before;
	buf_add_string(out, "?");
	return 1;
}

/* Bytes of plain text at the front that take their own number of columns: what
 * follows the last one may be a mark on it. */
static size_t
plain_run(const char *text, size_t len, size_t most)
{
	size_t plain = utf8_plain(text, len <= most ? len : most + 1);

	if (plain > 0 && plain < len)
		plain--;
	return plain < most ? plain : most;
}

/* Bytes of the front of text that have room in limit columns of a row. */
static size_t
fill(struct slice text, int columns, int limit, int *taken)
{
	struct buf shown = { 0 };
	size_t at = 0;

	*taken = 0;
	while (*taken < limit && at < text.len && text.at[at] != '\n') {
		size_t plain = plain_run(
		    text.at + at, text.len - at, (size_t)(limit - *taken));
		*taken += (int)plain;
		at += plain;
		if (plain > 0)
			continue;
		size_t n = utf8_cluster(text.at + at, text.len - at);
		buf_clear(&shown);
		int width = show_cluster(&shown, text.at + at, n, columns);
		if (width > limit - *taken)
			break;
		*taken += width;
		at += n;
	}
	buf_done(&shown);
	return at;
}

bool
typed_next(struct typed *t, struct typed_row *row)
{
	if (t->is_over)
		return false;

	struct slice rest = { t->text.at + t->at, t->text.len - t->at };
	*row = (struct typed_row){ .from = t->at };
	row->len = fill(rest, t->columns, t->columns, &row->columns);
	t->at += row->len;
	if (row->columns == t->columns)
		return true;
	if (t->at == t->text.len)
		t->is_over = true;
	else if (t->text.at[t->at] == '\n')
		t->at++;
	return true;
}

static void
show_clusters(struct buf *out, struct slice row, int columns)
{
	size_t at = 0;

	while (at < row.len) {
		size_t plain = plain_run(row.at + at, row.len - at, row.len);
		buf_add(out, row.at + at, plain);
		at += plain;
		if (plain > 0)
			continue;
		size_t n = utf8_cluster(row.at + at, row.len - at);
		(void)show_cluster(out, row.at + at, n, columns);
		at += n;
	}
}

static int
width_of(const struct buf *shown)
{
	return utf8_width((const char *)buf_at(shown), shown->len);
}

/* The row as one text keeps the joiners between letters; it is taken unless
 * the cursor would be wrong in it. */
void
typed_show(struct buf *out, struct slice row, int columns)
{
	struct buf whole = { 0 }, single = { 0 };

	text_safe(&whole, row, TEXT_ONE_LINE);
	show_clusters(&single, row, columns);
	buf_add_slice(out,
	    buf_slice(
		width_of(&whole) == width_of(&single) ? &whole : &single));
	buf_done(&whole);
	buf_done(&single);
}

static int
columns_of(struct slice part, int columns)
{
	struct buf shown = { 0 };

	show_clusters(&shown, part, columns);
	int width = width_of(&shown);
	buf_done(&shown);
	return width;
}

struct typed_place
typed_place(struct slice text, int columns, size_t cursor)
{
	struct typed t;
	struct typed_row row;
	struct typed_place place = { 0 };

	/* Where one row ends and the next begins, the cursor is in the next. */
	typed_start(&t, text, columns);
	for (; typed_next(&t, &row); place.rows++) {
		if (cursor < row.from || cursor > row.from + row.len)
			continue;
		struct slice before = { text.at + row.from, cursor - row.from };
		place.row = place.rows;
		place.column = columns_of(before, columns);
	}
	return place;
}

size_t
typed_at(struct slice text, int columns, int number, int column)
{
	struct typed t;
	struct typed_row row = { 0 };
	int taken;

	typed_start(&t, text, columns);
	for (int i = 0; i <= number; i++)
		(void)typed_next(&t, &row);
	struct slice own = { text.at + row.from, row.len };
	size_t at = fill(own, columns, column, &taken);
	bool goes_on = !t.is_over && t.at == row.from + row.len;
	if (at > 0 && at == row.len && goes_on)
		at = utf8_cluster_before(own.at, at);
	return row.from + at;
}
