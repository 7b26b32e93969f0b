#include "rows_text.h"

#include <limits.h>
#include <string.h>

#include "utf8.h"

static void
add_rule(struct buf *out, struct slice words)
{
	buf_printf(out, "---- %.*s ----\n", SLICE_ARG(words));
}

static void
add_row(struct buf *out, const struct view *v, const struct item *item,
    struct slice text, bool is_first)
{
	struct buf row = { 0 };
	struct slice label = buf_slice(&item->label);
	const struct layout *l = v->layout;

	if (l->name_columns != 0) {
		int blanks = l->name_columns - utf8_width(label.at, label.len);
		buf_printf(&row, "%*s %*s%.*s %s ", l->time_columns,
		    is_first ? item->clock : "",
		    is_first ? blanks : l->name_columns, "",
		    is_first ? (int)label.len : 0, label.at,
		    is_first && item->is_chosen	       ? ">"
			: is_first && item->is_mention ? "@"
						       : "|");
	} else if (is_first) {
		buf_printf(&row, "%s%s%.*s", item->clock,
		    item->clock[0] != '\0' ? " " : "", SLICE_ARG(label));
	} else {
		buf_printf(&row, "%*s", item->at, "");
	}
	buf_add_slice(&row, text);
	while (row.len > 0 && row.data[row.len - 1] == ' ')
		row.len--;
	buf_add_slice(out, buf_slice(&row));
	buf_add_string(out, "\n");
	buf_done(&row);
}

/* One item from its row on, at most rows: how many. */
static int
add_item(struct buf *out, const struct view *v, const struct item *item,
    int row, int rows)
{
	struct buf words = { 0 };
	struct wrap wrap;
	struct wrap_row at;
	int n = 0;

	for (row = row < -item->n_rules ? -item->n_rules : row;
	     row < 0 && n < rows; row++, n++) {
		buf_clear(&words);
		item_rule(item, v, item->n_rules + row, &words);
		add_rule(out, buf_slice(&words));
	}
	buf_done(&words);
	if (item->is_rule) {
		if (n < rows)
			add_rule(out, item->text);
		return n + 1;
	}
	wrap_start(&wrap, item->text, item->first, item->columns);
	for (int i = 0; n < rows && wrap_next(&wrap, &at); i++) {
		if (i < row)
			continue;
		add_row(out, v, item,
		    (struct slice){ item->text.at + at.from, at.len }, i == 0);
		n++;
	}
	return n;
}

static void
add_rows(struct buf *out, const struct view *v, struct place from, int rows)
{
	struct item item = { 0 };

	for (int row = from.row; rows > 0 && from.id < v->next; row = INT_MIN) {
		item_load(&item, v, from.id);
		rows -= add_item(out, v, &item, row, rows);
		from.id = item.next;
	}
	item_done(&item);
}

void
rows_text(struct buf *out, const struct windows *w, const struct layout *l)
{
	struct view view;
	struct sight sight;

	windows_view(w, l, &view);
	sight = windows_sight(w, &view);
	if (!sight.is_empty) {
		add_rows(out, &view, sight.top, sight.rows);
		if (sight.has_below)
			buf_add_string(out, "==\n");
		if (sight.tail != 0)
			add_rows(out, &view, scroll_last(&view, sight.tail),
			    sight.tail);
	}
	view_close(&view);
}

void
rows_logged(struct model *m, struct room *room, uint64_t time,
    enum entry_kind kind, const char *who, const char *text)
{
	struct line head = {
		.what = LINE_ENTRY,
		.kind = (uint8_t)kind,
		.time = time,
		.seq = ++room->seq,
		.is_mine = strcmp(who, m->nick) == 0,
		.is_mention = model_mentions(slice_of(text), slice_of(m->nick)),
	};

	room->head = room->seq;
	model_line(m, room, &head, slice_of(who), slice_of(text));
}

void
rows_said(struct model *m, struct room *room, uint64_t time, const char *who,
    const char *text)
{
	rows_logged(m, room, time, ENTRY_SAID, who, text);
}
