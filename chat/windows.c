#include "windows.h"

#include <stdlib.h>

#include "past.h"
#include "xmalloc.h"

enum { MARK_LINES = 64 }; /* looked at for the last entry before a mark */

/* ---- windows ---- */

static struct window *
window_of(struct windows *w, struct room *room)
{
	struct window *window;

	for (size_t i = 0; i < w->n; i++)
		if (w->at[i]->room == room)
			return w->at[i];
	window = xcalloc(1, sizeof(*window));
	window->room = room;
	window->edit = edit_new(&w->kills);
	if (room->draft != NULL)
		edit_set(window->edit, slice_of(room->draft));
	window->is_pasted = room->is_draft_pasted;
	w->at = xrealloc(w->at, w->n + 1, sizeof(struct window *));
	w->at[w->n++] = window;
	return window;
}

void
windows_init(struct windows *w, struct model *model)
{
	*w = (struct windows){ .model = model };
	w->now = window_of(w, model->looked_at);
}

void
windows_done(struct windows *w)
{
	for (size_t i = 0; i < w->n; i++) {
		edit_free(w->at[i]->edit);
		history_done(&w->at[i]->history);
		free(w->at[i]);
	}
	free(w->at);
	kills_done(&w->kills);
}

void
windows_keep_draft(struct windows *w)
{
	struct room *room = w->now->room;
	struct slice now = edit_text(w->now->edit);
	const char *kept = room->draft != NULL ? room->draft : "";

	if (slice_is(now, slice_of(kept)) &&
	    room->is_draft_pasted == w->now->is_pasted)
		return;
	free(room->draft);
	room->draft = now.len != 0 ? xstrndup(now.at, now.len) : NULL;
	room->is_draft_pasted = w->now->is_pasted;
	/* What was sent must not be found there again. */
	model_keep(w->model, now.len == 0);
}

/* Time of the last entry before a line; 0: not known. */
static uint64_t
time_before(const struct room *room, uint64_t id)
{
	const struct line *line;

	for (int i = 0; i < MARK_LINES; i++) {
		line = scrollback_line(&room->lines, --id);
		if (line == NULL || line->what == LINE_ENTRY)
			return line != NULL ? line->time : 0;
	}
	return 0;
}

/* Where the unread of a room begins that nobody looks at. */
static struct mark
mark_of(const struct room *room)
{
	if (room->unread == 0)
		return (struct mark){ 0 };
	return (struct mark){
		.id = room->unread_id,
		.n = room->unread,
		.since = time_before(room, room->unread_id),
	};
}

/* Who reads far up keeps what is there. */
static void
hold(struct window *window)
{
	window->room->lines.is_held =
	    window->is_scrolled || window->room->kind != ROOM_TALK;
}

void
windows_show(struct windows *w, struct room *room)
{
	struct window *window = window_of(w, room);

	windows_keep_draft(w);
	w->home = NULL;
	w->now->room->lines.is_held = false;
	hold(window);
	if (window != w->now) {
		w->now->mark = (struct mark){ 0 };
		w->last = w->now;
		w->now = window;
		window->mark = mark_of(room);
	}
	model_look(w->model, room);
}

/* What came while the connection was lost is unread, though it is looked at:
 * marked like what came while it was not.  What was unread when the program
 * was ended may be found only now, further up. */
static void
mark_missed(struct windows *w)
{
	struct window *window = w->now;
	const struct room *room = window->room;
	struct mark mark = mark_of(room), *now = &window->mark;
	bool is_moved = room->unread_id != 0 && now->n != 0 &&
	    (now->id == 0 || room->unread_id < now->id);

	if (!w->model->is_focused || (mark.n == 0 && !is_moved))
		return;
	mark.id = room->unread_id;
	if (is_moved)
		mark.n += now->n;
	*now = mark;
	if (room->seq >= room->head)
		model_look(w->model, window->room);
}

void
windows_sync(struct windows *w)
{
	struct room *room = w->model->looked_at;

	if (w->now->room == room && room->is_open) {
		mark_missed(w);
		return;
	}
	if (!w->now->room->is_open && w->last != NULL && w->last->room->is_open)
		room = w->last->room;
	windows_show(w, room);
}

bool
windows_focus(struct windows *w, bool is_focused)
{
	if (w->model->is_focused == is_focused)
		return false;
	w->model->is_focused = is_focused;
	if (!is_focused)
		return true;
	if (w->now->room->unread != 0)
		w->now->mark = mark_of(w->now->room);
	model_look(w->model, w->now->room);
	return true;
}

/* ---- which room ---- */

struct room *
windows_nth(const struct windows *w, size_t i)
{
	const struct model *m = w->model;

	for (size_t k = 0; k < m->n_rooms; k++)
		if (m->rooms[k]->is_open && i-- == 0)
			return m->rooms[k];
	return NULL;
}

size_t
windows_number(const struct windows *w, const struct room *room)
{
	size_t i = 0;

	for (struct room *at; (at = windows_nth(w, i)) != NULL; i++)
		if (at == room)
			break;
	return i;
}

struct room *
windows_next(const struct windows *w, int by)
{
	size_t now = windows_number(w, w->now->room);
	struct room *next;

	if (by < 0)
		return windows_nth(
		    w, (now != 0 ? now : windows_number(w, NULL)) - 1);
	next = windows_nth(w, now + 1);
	return next != NULL ? next : windows_nth(w, 0);
}

int
windows_urgency(const struct room *room)
{
	if (!room->is_open || room->unread == 0)
		return 0;
	if (room->mentions != 0)
		return 3;
	return room->is_direct ? 2 : 1;
}

struct room *
windows_urgent(const struct windows *w)
{
	struct room *best = NULL, *room;
	int most = 0;

	for (size_t i = 0; i < w->model->n_rooms; i++) {
		room = w->model->rooms[i];
		if (room != w->now->room && windows_urgency(room) > most) {
			best = room;
			most = windows_urgency(room);
		}
	}
	return best;
}

bool
windows_visit(struct windows *w)
{
	struct window *home = w->home != NULL ? w->home : w->now;
	struct room *room = windows_urgent(w);

	if (room != NULL) {
		windows_show(w, room);
		w->home = home;
		return true;
	}
	if (home == w->now || !home->room->is_open)
		return false;
	windows_show(w, home->room);
	return true;
}

/* ---- what is seen of it ---- */

static void
open_whole(const struct windows *w, const struct layout *layout, struct view *v)
{
	const struct window *window = w->now;
	struct mark mark = window->mark;

	/* Without the focus what arrives here is unread too. */
	if (!w->model->is_focused && window->room->unread != 0)
		mark = mark_of(window->room);
	/* What stands before it may have come behind it. */
	if (mark.id != 0 && mark.since == 0)
		mark.since = time_before(window->room, mark.id);
	view_open(v, w->model, window->room, layout, &mark);
	v->chosen = window->chosen;
	if (window->room->kind == ROOM_FOUND && v->chosen == 0)
		v->chosen = scrollback_newest(&window->room->lines);
}

static void
hide_cleared(const struct window *window, struct view *v)
{
	if (!window->is_scrolled && window->cleared > v->first)
		v->first = window->cleared;
}

void
windows_view(
    const struct windows *w, const struct layout *layout, struct view *v)
{
	open_whole(w, layout, v);
	hide_cleared(w->now, v);
}

/* Rows of the upper part when there is more below than can be shown.  What is
 * no room has no newest lines to be kept in view. */
static int
upper_rows(const struct window *window, int rows, int *tail)
{
	*tail = 0;
	if (window->room->kind != ROOM_TALK)
		return rows;
	*tail = rows >= WINDOWS_TAIL_LEAST ? WINDOWS_TAIL : 0;
	return rows > 1 ? rows - 1 - *tail : rows;
}

struct sight
windows_sight(const struct windows *w, const struct view *v)
{
	struct sight sight = { .rows = v->layout->messages.rows };
	int rows = sight.rows;

	if (v->first == v->next || rows == 0) {
		sight.is_empty = true;
		return sight;
	}
	if (w->now->is_scrolled) {
		sight.top = w->now->is_rising ? scroll_first(v)
					      : scroll_place(v, &w->now->top);
		if (scroll_below(v, sight.top, rows + 1) > rows) {
			sight.rows = upper_rows(w->now, rows, &sight.tail);
			sight.has_below = rows > sight.rows;
			return sight;
		}
	}
	sight.top = scroll_last(v, rows);
	return sight;
}

/* The first row of the screen is now this one. */
static void
set_top(struct window *window, const struct view *v, struct place top)
{
	int rows = v->layout->messages.rows;

	window->is_rising = false;
	window->is_scrolled = scroll_below(v, top, rows + 1) > rows;
	/* What comes behind a part of a log is no news to be shown at once. */
	if (!window->is_scrolled && window->room->kind == ROOM_PAST) {
		window->is_scrolled = true;
		top = scroll_last(v, rows);
	}
	if (window->is_scrolled)
		window->top = scroll_anchor(v, top);
	hold(window);
}

/* Opens a view of all there is, and gives the first row of the screen. */
static bool
find_top(const struct windows *w, const struct layout *layout, struct view *v,
    struct place *top)
{
	uint64_t first;

	open_whole(w, layout, v);
	first = v->first;
	hide_cleared(w->now, v);
	if (v->first < v->next)
		*top = windows_sight(w, v).top;
	else
		*top = (struct place){ v->next, 0 };
	v->first = first;
	return v->first < v->next && layout->messages.rows != 0;
}

/* Who scrolls there asks again for what was not had; at the end of a part, for
 * what may have come since. */
static bool
ask_again(struct windows *w, int rows)
{
	struct room *room = w->now->room;
	bool has_newer = rows > 0 && room->newer.state == EDGE_OVER &&
	    windows_has_newer(w, room);

	if (has_newer)
		room->newer.state = EDGE_STILL;
	return past_try_again(room) || has_newer;
}

bool
windows_scroll(struct windows *w, const struct layout *layout, int rows)
{
	struct view v;
	struct place top;
	bool moved = false, asks = ask_again(w, rows);

	if (find_top(w, layout, &v, &top)) {
		if (top.id == v.next)
			top = scroll_last(&v, 1);
		if (rows < 0 || w->now->is_scrolled)
			moved = scroll_move(&v, &top, rows) != 0;
		if (rows < 0)
			w->now->cleared = 0;
		if (moved)
			set_top(w->now, &v, top);
	}
	view_close(&v);
	return moved || asks;
}

bool
windows_page(struct windows *w, const struct layout *layout, int pages)
{
	int tail;
	int rows = upper_rows(w->now, layout->messages.rows, &tail) - 1;

	return windows_scroll(w, layout, pages * (rows < 1 ? 1 : rows));
}

bool
windows_oldest(struct windows *w, const struct layout *layout)
{
	struct view v;
	struct place top;
	bool has_any = find_top(w, layout, &v, &top);

	ask_again(w, -1);
	w->now->cleared = 0;
	if (has_any)
		set_top(w->now, &v, scroll_first(&v));
	w->now->is_rising = w->now->is_scrolled;
	view_close(&v);
	return has_any;
}

bool
windows_newest(struct windows *w)
{
	bool was_scrolled = w->now->is_scrolled || w->now->chosen != 0;

	w->now->chosen = 0;
	w->now->is_scrolled = false;
	hold(w->now);
	return was_scrolled;
}

bool
windows_jump(struct windows *w, const struct layout *layout, uint64_t seq)
{
	const struct line *line = scrollback_entry(&w->now->room->lines, seq);
	struct place top;
	struct view v;

	if (line == NULL)
		return false;
	w->now->chosen = line->id;
	w->now->cleared = 0;
	open_whole(w, layout, &v);
	top = scroll_place(&v, &(struct anchor){ .id = line->id });
	scroll_move(&v, &top, -layout->messages.rows / 3);
	set_top(w->now, &v, top);
	view_close(&v);
	return true;
}

void
windows_clear(struct windows *w)
{
	w->now->is_scrolled = false;
	hold(w->now);
	w->now->cleared = scrollback_next(&w->now->room->lines);
	w->now->mark = (struct mark){ 0 };
}
