#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "files.h"
#include "fold.h"
#include "past.h"
#include "progress.h"
#include "search.h"
#include "text.h"
#include "utf8.h"
#include "xmalloc.h"

enum {
	MINUTE_MS = 60000,
	SMALL = 12, /* columns below which nothing is indented */
	INDENT = 3, /* of later rows, where names have no column */
	GUTTER = 3, /* between name and text, where they have */
};

/* ---- time ---- */

static struct tm
local(uint64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm = { .tm_mday = 1 };

	localtime_r(&seconds, &tm);
	return tm;
}

static bool
same_day(uint64_t a_ms, uint64_t b_ms)
{
	struct tm a = local(a_ms), b = local(b_ms);

	return a.tm_yday == b.tm_yday && a.tm_year == b.tm_year;
}

static bool
same_minute(uint64_t a_ms, uint64_t b_ms)
{
	return a_ms / MINUTE_MS == b_ms / MINUTE_MS;
}

void
rows_clock(char out[9], uint64_t time_ms, bool has_seconds)
{
	struct tm tm = local(time_ms);

	strftime(out, 9, has_seconds ? "%H:%M:%S" : "%H:%M", &tm);
}

/* ---- the view ---- */

void
view_open(struct view *v, const struct model *model, struct room *room,
    const struct layout *layout, const struct mark *mark)
{
	const struct scrollback *lines = &room->lines;
	size_t n = 0;

	*v = (struct view){
		.model = model,
		.room = room,
		.layout = layout,
		.mark = *mark,
	};
	for (struct pending *p = model->outbox; p != NULL; p = p->next)
		n += p->room == room;
	v->pending = n != 0 ? xcalloc(n, sizeof(struct pending *)) : NULL;
	v->pending_id = scrollback_next(lines);
	v->first = lines->n != 0 ? scrollback_oldest(lines) : v->pending_id;
	v->next = v->pending_id + n + (room->kind != ROOM_TALK);
	v->n_pending = n;
	if (lines->n != 0 && past_older(room) != PAST_NONE)
		v->top = v->first;
	n = 0;
	for (struct pending *p = model->outbox; p != NULL; p = p->next)
		if (p->room == room)
			v->pending[n++] = p;
}

void
view_close(struct view *v)
{
	free(v->pending);
}

static const struct line *
line_at(const struct view *v, uint64_t id)
{
	return id < v->pending_id ? scrollback_line(&v->room->lines, id) : NULL;
}

/* ---- folding ---- */

/* Whether the line stands in one item with the one before it.  Every
 * FOLD_MAX-th line begins a new one, so that the answer needs no look at the
 * whole past. */
static bool
is_joined_on(const struct view *v, uint64_t id)
{
	const struct line *line = line_at(v, id), *before;

	if (id <= v->first || id % FOLD_MAX == 0 || id == v->mark.id)
		return false;
	before = line_at(v, id - 1);
	return line != NULL && before != NULL && fold_is(line) &&
	    fold_is(before) && same_day(line->time, before->time);
}

static void
set_bounds(struct item *item, const struct view *v, uint64_t id)
{
	item->id = id;
	while (is_joined_on(v, item->id))
		item->id--;
	item->next = id + 1;
	while (item->next < v->pending_id && is_joined_on(v, item->next))
		item->next++;
}

/* ---- one item ---- */

static void
set_label(struct item *item, enum style style, const char *label)
{
	item->label_style = style;
	buf_add_string(&item->label, label);
}

static void
set_nick(struct item *item, const struct line *line)
{
	item->nick = line_who(line);
	item->label_style = line->is_mine ? STYLE_OWN : STYLE_NAME;
}

static void
describe_person(
    struct item *item, const struct view *v, const struct line *line)
{
	const char *left = v->layout->name_columns != 0 ? "" : "<";
	const char *right = v->layout->name_columns != 0 ? "" : ">";

	if (line->kind != ENTRY_SAID)
		left = right = "-";
	set_nick(item, line);
	buf_printf(
	    &item->label, "%s%.*s%s", left, SLICE_ARG(item->nick), right);
	item->text = line_text(line);
}

static void
describe_event(struct item *item, const struct view *v, const struct line *line)
{
	struct slice who = line_who(line), text = line_text(line);

	set_label(item, STYLE_LOCAL, "--");
	item->style = STYLE_LOCAL;
	if (fold_is(line))
		fold_text(&item->made, &v->room->lines, item->id, item->next);
	else if (line->kind == ENTRY_RENAMED)
		buf_printf(&item->made, "%.*s is now %.*s", SLICE_ARG(who),
		    SLICE_ARG(text));
	else if (text.len == 0)
		buf_printf(
		    &item->made, "%.*s took the topic away", SLICE_ARG(who));
	else
		buf_printf(&item->made, "%.*s set the topic: %.*s",
		    SLICE_ARG(who), SLICE_ARG(text));
	item->text = buf_slice(&item->made);
}

static void
describe_action(struct item *item, const struct line *line)
{
	set_nick(item, line);
	buf_add_string(&item->label, "*");
	buf_printf(&item->made, "%.*s ", SLICE_ARG(line_who(line)));
	buf_add_slice(&item->made, line_text(line));
	item->text = buf_slice(&item->made);
}

/* Somebody sends one; or how it ended, which nobody says. */
static void
describe_file(struct item *item, const struct line *line)
{
	enum entry_kind kind = (enum entry_kind)line->kind;

	if (kind == ENTRY_FILE) {
		set_nick(item, line);
		buf_add_string(&item->label, "*");
	} else {
		set_label(item, STYLE_LOCAL, "--");
		item->style = STYLE_LOCAL;
	}
	files_words(&item->made, kind, line_who(line), line_text(line));
	item->text = buf_slice(&item->made);
}

/* The columns there are for the first row of what has a label. */
static int
columns_for(const struct item *item, const struct view *v)
{
	const struct layout *l = v->layout;
	struct slice label = buf_slice(&item->label);
	int columns = l->messages.columns - l->time_columns - 1;

	if (l->name_columns == 0)
		return columns - utf8_width(label.at, label.len) - 1;
	columns -= l->name_columns + GUTTER;
	return columns < l->text_columns ? columns : l->text_columns;
}

/* A file on its way, as it is now. */
static void
describe_move(struct item *item, const struct view *v, const struct line *line)
{
	const struct transfer *t = v->model->transfers;

	while (t != NULL && (t->room != v->room || t->line != line->id))
		t = t->next;
	if (t == NULL) {
		item->text = line_text(line);
		return;
	}
	item->label_style = STYLE_LOCAL;
	item->style = t->state == TRANSFER_FAILED ? STYLE_REFUSED : STYLE_PLAIN;
	progress_label(&item->label, t);
	progress_words(&item->made, t, columns_for(item, v));
	item->text = buf_slice(&item->made);
}

/* The day and the room, where it may be any; what was said follows. */
static void
describe_found(struct item *item, const struct view *v, const struct line *line)
{
	struct tm tm = local(line->time);
	struct slice who = line_who(line);
	char day[16];

	describe_person(item, v, line);
	if (strftime(day, sizeof(day), "%Y-%m-%d", &tm) == 0)
		day[0] = '\0';
	buf_printf(&item->made, "%s %.*s: ", day, SLICE_ARG(line_room(line)));
	item->marks_at = item->made.len;
	if (line->kind == ENTRY_ACTION)
		buf_printf(&item->made, "* %.*s ", SLICE_ARG(who));
	else if (line->kind == ENTRY_TOPIC)
		buf_add_string(&item->made, "topic: ");
	if (files_is((enum entry_kind)line->kind))
		files_words(&item->made, (enum entry_kind)line->kind, who,
		    line_text(line));
	else
		buf_add_slice(&item->made, line_text(line));
	item->text = buf_slice(&item->made);
}

static void
describe_entry(struct item *item, const struct view *v, const struct line *line)
{
	if (line->is_mention) {
		item->is_mention = true;
		item->style = STYLE_MENTION;
	}
	switch (line->kind) {
	case ENTRY_ACTION:
		describe_action(item, line);
		break;
	case ENTRY_JOINED:
	case ENTRY_LEFT:
	case ENTRY_RENAMED:
	case ENTRY_TOPIC:
		describe_event(item, v, line);
		break;
	case ENTRY_FILE:
	case ENTRY_ARRIVED:
	case ENTRY_WITHDRAWN:
		describe_file(item, line);
		break;
	default:
		describe_person(item, v, line);
	}
}

static void
describe_line(struct item *item, const struct view *v, const struct line *line)
{
	item->time = line->time;
	if (line->what == LINE_ENTRY) {
		describe_entry(item, v, line);
		return;
	}
	if (line->what == LINE_FOUND) {
		describe_found(item, v, line);
		return;
	}
	if (line->what == LINE_MOVE) {
		describe_move(item, v, line);
		return;
	}
	item->text = line_text(line);
	item->is_rule = line->what == LINE_GAP;
	item->style = item->is_rule ? STYLE_RULE : STYLE_LOCAL;
	if (!item->is_rule)
		set_label(item, STYLE_LOCAL, "--");
}

/* One's own, on its way: "." until it is on disk, ".." until it is stored, "!"
 * when it won't be. */
static const char *
pending_sign(const struct pending *p)
{
	if (p->why != FINE)
		return " !";
	if (p->is_stored)
		return "";
	return p->is_kept ? " .." : " .";
}

static void
describe_pending(
    struct item *item, const struct view *v, const struct pending *p)
{
	bool is_refused = p->why != FINE;
	const char *sign = pending_sign(p);
	struct slice who =
	    slice_of(p->who[0] != '\0' ? p->who : v->model->nick);
	int room = v->layout->name_columns != 0 ? v->layout->name_columns
						: NAMES_NICK_MAX;

	item->time = p->time;
	item->style = is_refused ? STYLE_REFUSED : STYLE_WAITING;
	item->label_style = item->style;
	rows_cut(&item->label, who, room - (int)strlen(sign));
	buf_add_string(&item->label, sign);
	if (p->kind == ENTRY_ACTION)
		buf_printf(&item->made, "%.*s ", SLICE_ARG(who));
	text_safe(&item->made, slice_of(p->text), TEXT_LINES);
	if (is_refused)
		buf_printf(&item->made, "  (not sent: %s; Alt-R tries again)",
		    p->words != NULL ? p->words : refusal_text(p->why));
	else if (!p->is_kept && !p->is_stored && v->model->is_unsafe)
		buf_add_string(&item->made, "  (in memory only)");
	item->text = buf_slice(&item->made);
}

static void
describe_foot(struct item *item, const struct view *v)
{
	past_foot(v->room, &item->made);
	item->text = buf_slice(&item->made);
	item->is_rule = true;
	item->style = STYLE_RULE;
}

static void
describe(struct item *item, const struct view *v)
{
	if (item->id < v->pending_id)
		describe_line(item, v, line_at(v, item->id));
	else if (item->id - v->pending_id < v->n_pending)
		describe_pending(item, v, v->pending[item->id - v->pending_id]);
	else
		describe_foot(item, v);
}

/* The words that were looked for. */
static void
set_marks(struct item *item, const struct view *v)
{
	size_t from = v->is_ascii ? 0 : item->marks_at, to;

	while (v->room->search != NULL && item->n_marks < ITEM_MARKS &&
	    search_mark(v->room->search, item->text, &from, &to)) {
		item->marks[item->n_marks++] = (struct item_mark){ from, to };
		from = to;
	}
}

static void
set_rules(struct item *item, const struct view *v, const struct line *before)
{
	bool is_pending = item->id >= v->pending_id;

	if (item->id == v->top)
		item->rules[item->n_rules++] = RULE_TOP;
	if (!is_pending && v->room->kind != ROOM_FOUND &&
	    (before == NULL || !same_day(before->time, item->time)))
		item->rules[item->n_rules++] = RULE_DAY;
	if (!is_pending && item->id == v->mark.id)
		item->rules[item->n_rules++] = RULE_UNREAD;
}

static bool
is_said(const struct line *line)
{
	return line->what == LINE_ENTRY && line->kind == ENTRY_SAID;
}

/* Nobody said it: it has -- for a name. */
static bool
is_quiet(const struct line *line)
{
	return line->what == LINE_LOCAL ||
	    (line->what == LINE_ENTRY && line->kind >= ENTRY_JOINED &&
		line->kind != ENTRY_FILE);
}

/* Whether time and name would only say again what stands above. */
static bool
is_same_breath(
    const struct item *item, const struct view *v, const struct line *before)
{
	const struct line *line = line_at(v, item->id);

	if (line == NULL || before == NULL || item->n_rules != 0 ||
	    !same_minute(line->time, before->time))
		return false;
	if (is_said(line))
		return is_said(before) &&
		    slice_is(line_who(line), line_who(before));
	return is_quiet(line) && is_quiet(before);
}

static void
set_clock(struct item *item, const struct view *v, const struct line *before,
    bool same_breath)
{
	enum layout_time form = v->layout->time;

	if (form == LAYOUT_NO_TIME || (form == LAYOUT_MINUTES && same_breath))
		return;
	if (form == LAYOUT_CHANGES && before != NULL &&
	    v->room->kind != ROOM_FOUND && item->n_rules == 0 &&
	    same_minute(before->time, item->time))
		return;
	rows_clock(item->clock, item->time, form == LAYOUT_SECONDS);
}

/* Text of an item without a column for names: behind time and label. */
static void
set_inline(struct item *item, const struct view *v)
{
	int columns = v->layout->messages.columns;
	int most = columns / 2;
	struct buf label = { 0 };

	if (item->is_chosen)
		buf_add_string(&label, ">");
	if (item->is_mention)
		buf_add_string(&label, "@");
	buf_add_slice(&label, buf_slice(&item->label));
	buf_clear(&item->label);
	rows_cut(&item->label, buf_slice(&label), most < 1 ? 1 : most);
	buf_add_string(&item->label, " ");
	buf_done(&label);

	struct slice cut = buf_slice(&item->label);
	int taken = utf8_width(cut.at, cut.len);
	if (item->clock[0] != '\0')
		taken += v->layout->time_columns + 1;
	item->at = columns < SMALL ? 0 : INDENT;
	item->at_first = taken < columns ? taken : columns - 1;
	item->columns = columns - item->at;
	item->first = columns - item->at_first;
}

static void
set_columns(struct item *item, const struct view *v)
{
	const struct layout *l = v->layout;
	int at = l->time_columns + 1 + l->name_columns + GUTTER;
	int columns = l->messages.columns - at;
	struct buf label = item->label;

	item->label = (struct buf){ 0 };
	rows_cut(&item->label, buf_slice(&label), l->name_columns);
	buf_done(&label);
	if (columns > l->text_columns)
		columns = l->text_columns;
	item->at = item->at_first = at;
	item->columns = item->first = columns;
}

static void
make_plain(struct item *item)
{
	struct buf plain = { 0 };

	rows_plain(&plain, item->text);
	buf_done(&item->made);
	item->made = plain;
	item->text = buf_slice(&item->made);

	plain = (struct buf){ 0 };
	rows_plain(&plain, buf_slice(&item->label));
	buf_done(&item->label);
	item->label = plain;
}

void
item_load(struct item *item, const struct view *v, uint64_t id)
{
	struct buf made = item->made, label = item->label;

	buf_clear(&made);
	buf_clear(&label);
	*item = (struct item){ .made = made, .label = label };
	set_bounds(item, v, id);
	describe(item, v);
	item->is_chosen =
	    !item->is_rule && v->chosen >= item->id && v->chosen < item->next;
	if (v->is_ascii)
		make_plain(item);
	set_marks(item, v);

	const struct line *before =
	    item->id > v->first ? line_at(v, item->id - 1) : NULL;
	set_rules(item, v, before);
	bool same = is_same_breath(item, v, before);
	if (item->is_rule) {
		item->rows = 1;
		return;
	}
	set_clock(item, v, before, same);
	if (v->layout->name_columns != 0) {
		if (same && item->nick.len != 0)
			buf_clear(&item->label);
		set_columns(item, v);
	} else {
		set_inline(item, v);
	}
	item->rows = (int)wrap_count(item->text, item->first, item->columns);
}

void
item_done(struct item *item)
{
	buf_done(&item->made);
	buf_done(&item->label);
}

/* "Friday 20 November 2026"; without the year, "20 November". */
static void
add_date(struct buf *out, uint64_t time_ms, bool is_whole)
{
	struct tm tm = local(time_ms);
	char words[64];

	if (strftime(words, sizeof(words), is_whole ? "%A " : "", &tm) == 0)
		words[0] = 0;
	buf_printf(out, "%s%d", words, tm.tm_mday);
	strftime(words, sizeof(words), is_whole ? " %B %Y" : " %B", &tm);
	buf_add_string(out, words);
}

void
item_rule(const struct item *item, const struct view *v, int i, struct buf *out)
{
	char clock[9];

	if (item->rules[i] == RULE_DAY) {
		add_date(out, item->time, true);
		return;
	}
	if (item->rules[i] == RULE_TOP) {
		past_top(v->room, out);
		return;
	}
	buf_printf(out, "%u new", v->mark.n);
	if (v->mark.since == 0)
		return;
	buf_add_string(out, " since ");
	if (!same_day(v->mark.since, item->time)) {
		add_date(out, v->mark.since, false);
		buf_add_string(out, " ");
	}
	rows_clock(clock, v->mark.since, false);
	buf_add_string(out, clock);
}
