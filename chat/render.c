#include "render.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ncurses.h>

#include "screen.h"
#include "theme.h"
#include "typed.h"
#include "utf8.h"
#include "wrap.h"
#include "xmalloc.h"

enum { COLOURS = 256, CENTRED = 60, RULE_EDGE = 4 };

static int colours;
static bool is_ascii;
static bool has_pair[COLOURS];
static uint32_t seen, seen_before; /* sums of what is in the messages */
static wchar_t *wide;		   /* of the text being put */
static size_t wide_cap;
static int cursor_y, cursor_x;

void
render_begin(void)
{
	colours = screen_colours();
	is_ascii = screen_is_ascii();
	memset(has_pair, 0, sizeof(has_pair));
}

void
render_clear(void)
{
	erase();
	seen_before = 0;
}

/* ---- looks ---- */

static const struct {
	unsigned look;
	attr_t curses;
} attributes[] = {
	{ LOOK_BOLD, A_BOLD },
	{ LOOK_DIM, A_DIM },
	{ LOOK_REVERSE, A_REVERSE },
	{ LOOK_UNDERLINE, A_UNDERLINE },
};

static void
use_look(struct look look)
{
	attr_t attribute = A_NORMAL;
	short pair = 0;

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if ((look.attributes & attributes[i].look) != 0)
			attribute |= attributes[i].curses;
	if (look.colour >= 0 && look.colour < COLOURS) {
		pair = (short)(look.colour + 1);
		if (!has_pair[look.colour])
			init_pair(pair, look.colour, -1);
		has_pair[look.colour] = true;
	}
	attr_set(attribute, pair, NULL);
}

static void
use_style(enum style style)
{
	use_look(theme_style(style, colours));
}

/* ---- text ---- */

static void
remember(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		seen = (seen ^ (unsigned char)text.at[i]) * 16777619u;
	seen = (seen ^ 0x100) * 16777619u;
}

/* Puts as much of safe text as fits into so many columns, in the look set:
 * the columns it took. */
static int
put(int y, int x, int columns, struct slice text)
{
	struct buf plain = { 0 };
	size_t n = 0, used;
	int took;

	if (columns <= 0)
		return 0;
	if (is_ascii) {
		rows_plain(&plain, text);
		text = buf_slice(&plain);
	}
	text.len = utf8_fit(text.at, text.len, columns);
	took = utf8_width(text.at, text.len);
	if (text.len + 1 > wide_cap) {
		wide_cap = text.len + 1;
		wide = xrealloc(wide, wide_cap, sizeof(wchar_t));
	}
	for (size_t at = 0; at < text.len; at += used)
		wide[n++] =
		    (wchar_t)utf8_next(text.at + at, text.len - at, &used);
	mvaddnwstr(y, x, wide, (int)n);
	remember(text);
	buf_done(&plain);
	return took;
}

static void
blank(int y, int x, int columns, char sign)
{
	if (columns > 0)
		mvhline(y, x, (chtype)(unsigned char)sign, columns);
}

/* All of a strip, cut with ~ where it is too long. */
static void
put_strip(int y, int x, int columns, const struct strip *s)
{
	struct slice text = buf_slice(&s->text);
	bool is_cut = strip_columns(s) > columns;
	int left = is_cut ? columns - 1 : columns;

	for (size_t i = 0; i < s->n; i++) {
		struct slice part = { text.at, s->part[i].len };
		use_style(s->part[i].style);
		int took = put(y, x, left, part);
		x += took;
		left -= took;
		if (took < utf8_width(part.at, part.len))
			break;
		text.at += part.len;
	}
	if (is_cut)
		put(y, x, 1, SLICE("~"));
}

/* Two strips in one row of a ground; the left one gives way. */
static void
put_ends(int y, int x, int columns, enum style ground, const struct strip *left,
    const struct strip *right)
{
	int end = strip_columns(right);

	if (end > columns / 2)
		end = 0;
	use_style(ground);
	blank(y, x, columns, ' ');
	put_strip(y, x, columns - end, left);
	if (end != 0)
		put_strip(y, x + columns - end, end, right);
}

/* ---- messages ---- */

static void
put_rule(int y, const struct rect *r, enum style style, struct slice words)
{
	struct buf cut = { 0 };
	int columns, at = RULE_EDGE;

	use_style(style);
	blank(y, r->x, r->columns, '-');
	if (r->columns > 2 * RULE_EDGE) {
		rows_cut(&cut, words, r->columns - 2 * RULE_EDGE);
		words = buf_slice(&cut);
		columns = utf8_width(words.at, words.len);
		if (r->columns >= CENTRED)
			at = (r->columns - columns) / 2 - 1;
		blank(y, r->x + at, columns + 2, ' ');
		put(y, r->x + at + 1, columns, words);
	}
	buf_done(&cut);
}

static void
put_item_rule(int y, const struct view *v, const struct item *item, int i)
{
	struct buf words = { 0 };

	item_rule(item, v, i, &words);
	put_rule(y, &v->layout->messages,
	    item->rules[i] == RULE_UNREAD ? STYLE_UNREAD : STYLE_RULE,
	    buf_slice(&words));
	buf_done(&words);
}

/* The line left of the text. */
static void
put_gutter(int y, int x, const struct item *item, bool is_first)
{
	bool is_marked = is_first && item->is_mention;

	use_style(is_marked ? STYLE_MENTION : STYLE_GUTTER);
	if (item->is_chosen)
		use_style(STYLE_CHOSEN);
	if (item->is_chosen && is_first)
		put(y, x, 1, SLICE(">"));
	else
		put(y, x, 1, is_marked ? SLICE("@") : SLICE("|"));
}

/* Time, name and the line between them and the text. */
static void
put_head(int y, const struct view *v, const struct item *item, bool is_first)
{
	const struct layout *l = v->layout;
	struct slice label = buf_slice(&item->label);
	int x = l->messages.x, width = utf8_width(label.at, label.len);

	if (is_first && item->clock[0] != '\0') {
		use_style(STYLE_TIME);
		put(y, x, l->time_columns, slice_of(item->clock));
	}
	if (l->name_columns != 0)
		x += l->time_columns + 1 + l->name_columns - width;
	else if (item->clock[0] != '\0')
		x += l->time_columns + 1;
	if (is_first) {
		if (item->nick.len != 0 && item->label_style == STYLE_NAME)
			use_look(theme_name(item->nick, colours));
		else
			use_style(item->label_style);
		put(y, x, width, label);
	}
	if (l->name_columns == 0)
		return;
	put_gutter(y, l->messages.x + item->at - 2, item, is_first);
}

/* Part of a row, in the style it has; the columns it took. */
static int
put_part(int y, int x, int columns, const struct item *item, size_t from,
    size_t to, bool is_mark)
{
	if (item->is_chosen)
		use_style(is_mark ? STYLE_CHOSEN_FOUND : STYLE_CHOSEN);
	else
		use_style(is_mark ? STYLE_FOUND : item->style);
	return put(
	    y, x, columns, (struct slice){ item->text.at + from, to - from });
}

/* The bytes [from, to) of the text. */
static void
put_marked(
    int y, int x, int columns, const struct item *item, size_t from, size_t to)
{
	for (int i = 0; i <= item->n_marks && from < to; i++) {
		struct item_mark end = { to, to };
		struct item_mark mark =
		    i < item->n_marks ? item->marks[i] : end;
		if (mark.to <= from && i < item->n_marks)
			continue;
		mark.from = mark.from < from ? from : mark.from;
		mark.from = mark.from > to ? to : mark.from;
		mark.to = mark.to > to ? to : mark.to;
		int took =
		    put_part(y, x, columns, item, from, mark.from, false);
		took += put_part(y, x + took, columns - took, item, mark.from,
		    mark.to, true);
		x += took;
		columns -= took;
		from = mark.to;
	}
}

static void
put_text_row(int y, const struct view *v, const struct item *item,
    const struct wrap_row *row, bool is_first)
{
	int x = v->layout->messages.x + (is_first ? item->at_first : item->at);
	int columns = is_first ? item->first : item->columns;

	put_head(y, v, item, is_first);
	use_style(item->style);
	if (row->is_too_wide)
		put(y, x, columns, SLICE("?"));
	else if (item->n_marks != 0 || item->is_chosen)
		put_marked(
		    y, x, columns, item, row->from, row->from + row->len);
	else
		put(y, x, columns,
		    (struct slice){ item->text.at + row->from, row->len });
}

/* What a run of rows needs to know. */
struct run {
	const struct view *view;
	int y, end; /* screen's rows: the next, behind the last */
	int row;    /* of the item: the first to paint */
};

/* Whether the item's last row was reached. */
static bool
put_item(struct run *run, const struct item *item)
{
	const struct view *v = run->view;
	struct wrap wrap;
	struct wrap_row row;
	int at = 0;

	if (run->row < -item->n_rules)
		run->row = -item->n_rules;
	for (; run->row < 0 && run->y < run->end; run->row++)
		put_item_rule(run->y++, v, item, item->n_rules + run->row);
	if (item->is_rule && run->y < run->end) {
		put_rule(
		    run->y++, &v->layout->messages, item->style, item->text);
		return true;
	}
	wrap_start(&wrap, item->text, item->first, item->columns);
	for (; run->y < run->end && wrap_next(&wrap, &row); at++)
		if (at >= run->row)
			put_text_row(run->y++, v, item, &row, at == 0);
	return at == item->rows;
}

/* Paints from a place on; how many lines there are behind what was seen. */
static uint64_t
put_rows(const struct view *v, struct place from, int y, int rows)
{
	struct run run = { v, y, y + rows, from.row };
	struct item item = { 0 };
	uint64_t id = from.id;
	bool is_whole = true;

	while (run.y < run.end && id < v->next) {
		item_load(&item, v, id);
		is_whole = put_item(&run, &item);
		id = item.next;
		run.row = INT_MIN;
	}
	item_done(&item);
	return v->next - id + !is_whole;
}

static void
put_below(const struct view *v, int y, uint64_t n)
{
	struct buf words = { 0 };

	buf_printf(&words, "%llu below", (unsigned long long)n);
	put_rule(y, &v->layout->messages, STYLE_RULE, buf_slice(&words));
	buf_done(&words);
}

bool
render_messages(const struct view *v, const struct sight *sight)
{
	const struct rect *r = &v->layout->messages;
	int y = r->y;

	seen = 2166136261u;
	use_style(STYLE_PLAIN);
	for (int i = 0; i < r->rows; i++)
		blank(r->y + i, r->x, r->columns, ' ');
	if (!sight->is_empty) {
		if (!sight->has_below)
			y += sight->rows -
			    scroll_below(v, sight->top, sight->rows);
		uint64_t below =
		    put_rows(v, sight->top, y, r->y + sight->rows - y);
		if (sight->has_below)
			put_below(v, r->y + sight->rows, below);
		if (sight->tail != 0)
			put_rows(v, scroll_last(v, sight->tail),
			    r->y + r->rows - sight->tail, sight->tail);
	}
	bool is_new = seen != seen_before;
	seen_before = seen;
	return is_new;
}

void
render_help(const struct layout *l, const struct help *help)
{
	const struct rect *r = &l->messages;

	for (int i = 0; i < r->rows; i++) {
		use_style(STYLE_PLAIN);
		blank(r->y + i, r->x, r->columns, ' ');
		if (help->top + (size_t)i < help->n)
			put_strip(r->y + i, r->x, r->columns,
			    &help->row[help->top + (size_t)i]);
	}
	seen_before = 0;
}

/* ---- bars ---- */

static void
put_bar(const struct rect *r, struct strip *left, struct strip *right)
{
	if (r->rows != 0)
		put_ends(r->y, r->x, r->columns, STYLE_BAR, left, right);
	strip_done(left);
	strip_done(right);
}

void
render_title(const struct bars *b)
{
	struct strip left = { .n = 0 }, right = { .n = 0 };

	bars_title(b, &left, &right);
	put_bar(&b->layout->title, &left, &right);
}

void
render_status(const struct bars *b)
{
	struct strip left = { .n = 0 }, right = { .n = 0 };

	bars_status(b, &left, &right);
	put_bar(&b->layout->status, &left, &right);
}

static void
put_edge(int y, int x)
{
	use_style(STYLE_GUTTER);
	put(y, x, 1, SLICE("|"));
}

static void
put_rooms(const struct bars *b)
{
	const struct rect *r = &b->layout->rooms;

	for (int i = 0; i < r->rows; i++) {
		struct strip left = { .n = 0 }, right = { .n = 0 };
		use_style(STYLE_PLAIN);
		blank(r->y + i, r->x, r->columns, ' ');
		bars_rooms(b, i, &left, &right);
		put_ends(
		    r->y + i, r->x, r->columns - 2, STYLE_PLAIN, &left, &right);
		put_edge(r->y + i, r->x + r->columns - 1);
		strip_done(&left);
		strip_done(&right);
	}
}

static void
put_people(const struct bars *b)
{
	const struct rect *r = &b->layout->people;
	struct people *people = bars_people(b);

	for (int i = 0; i < r->rows; i++) {
		struct strip left = { .n = 0 };
		bars_person(people, i, &left);
		put_edge(r->y + i, r->x);
		use_style(STYLE_PLAIN);
		blank(r->y + i, r->x + 1, r->columns - 1, ' ');
		put_strip(r->y + i, r->x + 1, r->columns - 1, &left);
		strip_done(&left);
	}
	free(people);
}

void
render_sides(const struct bars *b)
{
	if (b->layout->rooms.columns != 0)
		put_rooms(b);
	if (b->layout->people.columns != 0)
		put_people(b);
}

/* ---- input ---- */

/* Columns for the text, at least 1, and of the prompt before it. */
static int
divide(const struct written *w, int columns, int *prompt)
{
	*prompt = strip_columns(&w->prompt);
	if (*prompt >= columns)
		*prompt = columns - 1;
	return columns - *prompt;
}

int
render_input_rows(const struct written *w, int columns)
{
	int prompt, text = divide(w, columns, &prompt);

	return typed_place(w->text, text, w->cursor).rows;
}

static void
put_typed(const struct rect *r, const struct written *w, int x, int columns)
{
	struct typed_place place = typed_place(w->text, columns, w->cursor);
	struct typed typed;
	struct typed_row row;
	struct buf shown = { 0 };
	int top = place.row >= r->rows ? place.row - r->rows + 1 : 0;

	typed_start(&typed, w->text, columns);
	for (int i = 0; i < top + r->rows && typed_next(&typed, &row); i++) {
		if (i < top)
			continue;
		buf_clear(&shown);
		typed_show(&shown,
		    (struct slice){ w->text.at + row.from, row.len }, columns);
		put(r->y + i - top, x, columns, buf_slice(&shown));
	}
	buf_done(&shown);
	cursor_y = r->y + place.row - top;
	cursor_x = x + place.column;
}

void
render_input(const struct layout *l, const struct written *w)
{
	const struct rect *r = &l->input;
	int prompt, columns = divide(w, r->columns, &prompt);

	use_style(STYLE_PLAIN);
	for (int i = 0; i < r->rows; i++)
		blank(r->y + i, 0, r->columns, ' ');
	if (r->columns == 1) {
		/* No room for both: the prompt, which tells of mentions. */
		put_strip(r->y, 0, 1, &w->prompt);
		cursor_y = r->y;
		cursor_x = 0;
		return;
	}
	put_strip(r->y, 0, prompt, &w->prompt);
	use_style(STYLE_PLAIN);
	put_typed(r, w, prompt, columns);
}

void
render_cursor(void)
{
	move(cursor_y, cursor_x);
}
