#include "edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "buf.h"
#include "edit_place.h"
#include "typed.h"
#include "undo.h"
#include "utf8.h"
#include "xmalloc.h"

enum { TEXT_FIRST = 256 /* bytes of room at the beginning */ };

/* What was done last: some actions go on where the one before ended. */
enum action { OTHER, TYPED, DELETED, KILLED, YANKED, MOVED_ROW };

struct edit {
	char *text;
	size_t len, cap;
	size_t cursor;
	enum action last;
	int column;	  /* aimed at, while moving by rows */
	size_t yanked_at; /* first byte that came from the kills */
	size_t yanked;	  /* bytes that did */
	unsigned kill;	  /* which they are, counted back */
	unsigned killed;  /* the kill that goes on */
	struct kills *kills;
	struct undo undo;
};

struct edit *
edit_new(struct kills *kills)
{
	struct edit *e = xcalloc(1, sizeof(*e));

	e->kills = kills;
	e->cap = TEXT_FIRST;
	e->text = xmalloc(e->cap);
	return e;
}

void
edit_free(struct edit *e)
{
	if (e == NULL)
		return;
	undo_done(&e->undo);
	free(e->text);
	free(e);
}

static struct slice
part(const struct edit *e, size_t from, size_t to)
{
	return (struct slice){ e->text + from, to - from };
}

struct slice
edit_text(const struct edit *e)
{
	return part(e, 0, e->len);
}

size_t
edit_cursor(const struct edit *e)
{
	return e->cursor;
}

/* ---- the text ---- */

/* Out of the middle of a cluster, where a change of the text may have left it,
 * to its end. */
static size_t
snap(const struct edit *e, size_t at)
{
	if (at == 0 || at == e->len)
		return at;
	size_t start = utf8_cluster_before(e->text, at);
	size_t end = start + utf8_cluster(e->text + start, e->len - start);
	return end > at ? end : at;
}

static void
splice(struct edit *e, size_t at, size_t removed, struct slice added)
{
	size_t len = e->len - removed + added.len;

	assert(at + removed <= e->len && len <= EDIT_MAX);
	if (len > e->cap) {
		e->cap = len < EDIT_MAX / 2 ? len * 2 : EDIT_MAX;
		e->text = xrealloc(e->text, e->cap, 1);
	}
	memmove(e->text + at + added.len, e->text + at + removed,
	    e->len - at - removed);
	memcpy(e->text + at, added.len > 0 ? added.at : "", added.len);
	e->len = len;
	e->cursor = snap(e, at + added.len);
}

static bool
has_room(const struct edit *e, size_t removed, size_t added)
{
	return added <= EDIT_MAX && e->len - removed <= EDIT_MAX - added;
}

/* A change as one step of undo.  What is added is text without controls. */
static bool
change(struct edit *e, size_t at, size_t removed, struct slice added)
{
	if (removed + added.len == 0 || !has_room(e, removed, added.len))
		return false;
	undo_add(&e->undo, at, part(e, at, at + removed), added, e->cursor);
	splice(e, at, removed, added);
	return true;
}

static void
add_clean(struct buf *out, uint32_t codepoint, bool after_cr)
{
	char bytes[4];

	if (codepoint == '\r' || (codepoint == '\n' && !after_cr))
		buf_add_string(out, "\n");
	else if (codepoint == '\t')
		buf_add_string(out, "    ");
	else if (codepoint >= 0xa0 || (codepoint >= 0x20 && codepoint < 0x7f))
		buf_add(out, bytes, utf8_put(codepoint, bytes));
}

/* What of a foreign text may stand in the line.  No more is read than could
 * ever be taken. */
static struct slice
clean(struct buf *out, struct slice in)
{
	uint32_t last = 0;

	for (size_t at = 0, used; at < in.len && out->len <= EDIT_MAX;
	     at += used) {
		uint32_t cp = utf8_next(in.at + at, in.len - at, &used);
		add_clean(out, cp, last == '\r');
		last = cp;
	}
	return buf_slice(out);
}

/* ---- typing, pasting ---- */

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\n';
}

/* Whether what is typed at the cursor belongs to the step before: the same word
 * or the blanks behind it. */
static bool
goes_on(struct edit *e, enum action last, struct slice typed)
{
	const struct undo_step *s = undo_newest(&e->undo);

	if (last != TYPED || s == NULL || s->after.len == 0 ||
	    s->at + s->after.len != e->cursor)
		return false;
	uint8_t before = buf_at(&s->after)[s->after.len - 1];
	return is_blank((uint8_t)typed.at[0]) || !is_blank(before);
}

bool
edit_type(struct edit *e, struct slice keys)
{
	struct buf own = { 0 };
	struct slice typed = clean(&own, keys);
	enum action last = e->last;
	bool is_changed = false;

	e->last = TYPED;
	if (typed.len == 0 || !has_room(e, 0, typed.len)) {
		e->last = OTHER;
	} else if (goes_on(e, last, typed)) {
		buf_add_slice(&undo_newest(&e->undo)->after, typed);
		splice(e, e->cursor, 0, typed);
		is_changed = true;
	} else {
		is_changed = change(e, e->cursor, 0, typed);
	}
	buf_done(&own);
	return is_changed;
}

bool
edit_replace(struct edit *e, size_t from, size_t to, struct slice text)
{
	struct buf own = { 0 };

	assert(from <= to && to <= e->len);
	e->last = OTHER;
	bool is_changed = change(e, from, to - from, clean(&own, text));
	buf_done(&own);
	return is_changed;
}

bool
edit_paste(struct edit *e, struct slice text)
{
	return edit_replace(e, e->cursor, e->cursor, text);
}

bool
edit_set(struct edit *e, struct slice text)
{
	return edit_replace(e, 0, e->len, text);
}

void
edit_reset(struct edit *e)
{
	undo_done(&e->undo);
	e->len = e->cursor = 0;
	e->last = OTHER;
}

/* ---- moving ---- */

static size_t
place(const struct edit *e, enum edit_to to)
{
	return edit_place(edit_text(e), e->cursor, to);
}

bool
edit_move(struct edit *e, enum edit_to to)
{
	size_t at = place(e, to);

	e->last = OTHER;
	if (at == e->cursor)
		return false;
	e->cursor = at;
	return true;
}

bool
edit_move_row(struct edit *e, int by, int columns)
{
	struct slice text = edit_text(e);
	struct typed_place now = typed_place(text, columns, e->cursor);

	if (e->last != MOVED_ROW)
		e->column = now.column;
	e->last = MOVED_ROW;
	if (now.row + by < 0 || now.row + by >= now.rows)
		return false;
	e->cursor = typed_at(text, columns, now.row + by, e->column);
	return true;
}

/* ---- deleting, killing, yanking ---- */

/* A deletion beside the one before becomes part of its step, unless a blank
 * comes behind a word. */
static bool
lengthen(struct edit *e, size_t from, size_t to)
{
	struct undo_step *s = undo_newest(&e->undo);
	struct slice more = part(e, from, to);
	struct buf joined = { 0 };

	if (s == NULL || s->after.len > 0 || s->before.len == 0)
		return false;
	bool is_left = to == s->at;
	if (!is_left && from != s->at)
		return false;
	uint8_t beside = buf_at(&s->before)[is_left ? 0 : s->before.len - 1];
	if (is_blank((uint8_t)more.at[0]) && !is_blank(beside))
		return false;
	if (is_left) {
		buf_add_slice(&joined, more);
		buf_add_slice(&joined, buf_slice(&s->before));
		buf_done(&s->before);
		s->before = joined;
		s->at = from;
	} else {
		buf_add_slice(&s->before, more);
	}
	splice(e, from, to - from, SLICE(""));
	return true;
}

bool
edit_delete(struct edit *e, enum edit_to to)
{
	size_t at = place(e, to);
	size_t from = at < e->cursor ? at : e->cursor;
	size_t end = at < e->cursor ? e->cursor : at;
	bool is_one = to == EDIT_LEFT || to == EDIT_RIGHT;
	bool was_one = e->last == DELETED;

	e->last = OTHER;
	if (from == end)
		return false;
	e->last = is_one ? DELETED : OTHER;
	if (is_one && was_one && lengthen(e, from, end))
		return true;
	return change(e, from, end - from, SLICE(""));
}

bool
edit_kill(struct edit *e, enum edit_to to)
{
	size_t at = place(e, to);
	bool was_kill = e->last == KILLED && e->killed == e->kills->newest;

	if (at == e->cursor && to == EDIT_LINE_END)
		at = place(e, EDIT_RIGHT);
	if (at == e->cursor && to == EDIT_LINE_START)
		at = place(e, EDIT_LEFT);
	e->last = OTHER;
	if (at == e->cursor)
		return false;
	size_t from = at < e->cursor ? at : e->cursor;
	size_t end = at < e->cursor ? e->cursor : at;
	if (was_kill)
		kills_grow(e->kills, part(e, from, end), from == at);
	else
		kills_add(e->kills, part(e, from, end));
	e->last = KILLED;
	e->killed = e->kills->newest;
	return change(e, from, end - from, SLICE(""));
}

bool
edit_yank(struct edit *e)
{
	struct slice text;
	size_t at = e->cursor;

	e->last = OTHER;
	if (!kills_get(e->kills, 0, &text) || !change(e, at, 0, text))
		return false;
	e->last = YANKED;
	e->kill = 0;
	e->yanked_at = at;
	e->yanked = text.len;
	return true;
}

bool
edit_yank_pop(struct edit *e)
{
	struct slice text;

	if (e->last != YANKED || !kills_get(e->kills, e->kill + 1, &text) ||
	    !change(e, e->yanked_at, e->yanked, text))
		return false;
	e->kill++;
	e->yanked = text.len;
	return true;
}

/* ---- the rest ---- */

bool
edit_transpose(struct edit *e)
{
	struct slice text = edit_text(e);
	size_t at = e->cursor, start = place(e, EDIT_LINE_START);
	struct buf swapped = { 0 };

	e->last = OTHER;
	if (at == place(e, EDIT_LINE_END) && at > start)
		at = edit_place(text, at, EDIT_LEFT);
	if (at == start)
		return false;
	size_t from = edit_place(text, at, EDIT_LEFT);
	size_t end = edit_place(text, at, EDIT_RIGHT);
	buf_add_slice(&swapped, part(e, at, end));
	buf_add_slice(&swapped, part(e, from, at));
	bool is_changed = change(e, from, end - from, buf_slice(&swapped));
	buf_done(&swapped);
	return is_changed;
}

static uint32_t
in_case(uint32_t codepoint, enum edit_case how, bool is_first)
{
	utf8proc_int32_t cp = (utf8proc_int32_t)codepoint;

	if (how == EDIT_UPPER)
		return (uint32_t)utf8proc_toupper(cp);
	if (how == EDIT_CAPITAL && is_first)
		return (uint32_t)utf8proc_totitle(cp);
	return (uint32_t)utf8proc_tolower(cp);
}

static void
add_in_case(struct buf *out, struct slice old, enum edit_case how)
{
	bool is_first = true;

	for (size_t at = 0, used; at < old.len; at += used) {
		char bytes[4];
		uint32_t cp = utf8_next(old.at + at, old.len - at, &used);
		uint32_t other = in_case(cp, how, is_first);
		buf_add(out, bytes, utf8_put(other, bytes));
		is_first = is_first && !edit_is_word(old.at + at, used);
	}
}

bool
edit_change_case(struct edit *e, enum edit_case how)
{
	size_t end = place(e, EDIT_WORD_RIGHT);
	struct slice old = part(e, e->cursor, end);
	struct buf changed = { 0 };
	bool is_done = old.len > 0;

	e->last = OTHER;
	add_in_case(&changed, old, how);
	if (slice_is(old, buf_slice(&changed)))
		e->cursor = end;
	else
		is_done = change(e, e->cursor, old.len, buf_slice(&changed));
	buf_done(&changed);
	return is_done;
}

bool
edit_undo(struct edit *e)
{
	const struct undo_step *s = undo_back(&e->undo);

	e->last = OTHER;
	if (s == NULL)
		return false;
	splice(e, s->at, s->after.len, buf_slice(&s->before));
	e->cursor = s->cursor;
	return true;
}

bool
edit_redo(struct edit *e)
{
	const struct undo_step *s = undo_forth(&e->undo);

	e->last = OTHER;
	if (s == NULL)
		return false;
	splice(e, s->at, s->before.len, buf_slice(&s->after));
	return true;
}
