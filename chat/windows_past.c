/*
 * What of a log should be asked for, how far it was seen, and the windows that
 * are no rooms: what was found, and a part of a log.
 */
#include "past.h"
#include "windows.h"

/* ---- the ends ---- */

static bool
is_cleared(const struct window *window)
{
	return !window->is_scrolled &&
	    window->cleared > scrollback_oldest(&window->room->lines);
}

/* Fewer lines than a screen are above what is seen. */
static bool
is_near_top(const struct view *v, const struct sight *sight)
{
	return sight->is_empty ||
	    sight->top.id - v->first < (uint64_t)v->layout->messages.rows;
}

static bool
is_near_foot(const struct view *v, const struct sight *sight)
{
	int most = 2 * v->layout->messages.rows;

	return sight->is_empty || scroll_below(v, sight->top, most) < most;
}

enum wants
windows_wants(
    const struct windows *w, const struct view *v, const struct sight *sight)
{
	const struct room *room = w->now->room;
	bool is_part = room->kind == ROOM_PAST;

	if (room->page.ref != 0)
		return WANTS_NOTHING;
	/* The newest first, and with a part what it was opened for. */
	if (room->seq < room->head)
		return WANTS_NOTHING;
	if (is_part && room->lines.n == 0)
		return past_newer(room) == PAST_MORE ? WANTS_NEWER
						     : WANTS_NOTHING;
	if (past_older(room) == PAST_MORE && !is_cleared(w->now) &&
	    is_near_top(v, sight))
		return WANTS_OLDER;
	if (past_newer(room) == PAST_MORE && is_near_foot(v, sight))
		return WANTS_NEWER;
	return WANTS_NOTHING;
}

bool
windows_has_newer(const struct windows *w, const struct room *part)
{
	const struct room *room = model_room(w->model, slice_of(part->of));

	return part->of[0] != '\0' &&
	    (room == NULL || room->head >= past_next(part));
}

/* The number of the last entry not behind the last row of the upper part. */
static uint64_t
last_above(const struct view *v, const struct sight *sight)
{
	struct place last = sight->top;
	const struct line *line;
	uint64_t id;

	scroll_move(v, &last, sight->rows - 1);
	for (id = last.id; id >= v->first; id--) {
		line = scrollback_line(&v->room->lines, id);
		if (line != NULL && line->seq != 0)
			return line->seq;
	}
	return 0;
}

uint64_t
windows_seen(
    const struct windows *w, const struct view *v, const struct sight *sight)
{
	const struct room *room = w->now->room;

	if (!w->model->is_focused || room->kind != ROOM_TALK)
		return 0;
	if (sight->is_empty || !sight->has_below)
		return room->seq;
	return last_above(v, sight);
}

/* ---- what is no room ---- */

void
windows_open(struct windows *w, struct room *room)
{
	struct window *from = w->now;

	/* What was found is left for a room. */
	while (room->kind == ROOM_FOUND && from != NULL &&
	    from->room->kind != ROOM_TALK)
		from = from->back;
	windows_show(w, room);
	w->now->is_scrolled = room->kind == ROOM_PAST;
	w->now->top = (struct anchor){ .id = 0 };
	w->now->chosen = 0;
	w->now->is_placed = false;
	if (from != w->now)
		w->now->back = from;
}

const struct room *
windows_room(const struct windows *w)
{
	const struct window *window = w->now;

	while (window->room->kind != ROOM_TALK && window->back != NULL)
		window = window->back;
	return window->room;
}

bool
windows_leave(struct windows *w)
{
	struct room *room = w->now->room;
	const struct window *back = w->now->back;

	if (room->kind == ROOM_TALK)
		return false;
	model_room_close(w->model, room);
	windows_show(w,
	    back != NULL && back->room->is_open ? back->room
						: w->model->rooms[0]);
	return true;
}

void
windows_place(struct windows *w, const struct layout *layout)
{
	struct window *window = w->now;

	if (window->room->kind == ROOM_PAST && !window->is_placed &&
	    window->room->lines.n != 0) {
		windows_jump(w, layout, window->room->sought);
		window->is_placed = true;
	}
}

/* ---- what was found ---- */

static uint64_t
chosen_id(const struct window *window)
{
	return window->chosen != 0 ? window->chosen
				   : scrollback_newest(&window->room->lines);
}

const struct line *
windows_chosen(const struct windows *w)
{
	if (w->now->room->kind != ROOM_FOUND)
		return NULL;
	return scrollback_line(&w->now->room->lines, chosen_id(w->now));
}

static bool
is_before(struct place a, struct place b)
{
	return a.id != b.id ? a.id < b.id : a.row < b.row;
}

/* How far to scroll until all of the line is in view. */
static int
rows_to(const struct view *v, struct place top, uint64_t id)
{
	struct place first = { id, 0 }, last = { id, 0 }, end = top;
	struct item item = { 0 };
	int rows = 0;

	item_load(&item, v, id);
	/* With the row above all, or the one at the foot. */
	first.row = -item.n_rules;
	last.row = item.rows - 1;
	if (item.next == v->pending_id && item.next < v->next)
		last = (struct place){ item.next, 0 };
	item_done(&item);
	while (is_before(first, top) && scroll_move(v, &top, -1) != 0)
		rows--;
	if (rows != 0)
		return rows;
	scroll_move(v, &end, v->layout->messages.rows - 1);
	while (is_before(end, last) && scroll_move(v, &end, 1) != 0)
		rows++;
	return rows;
}

bool
windows_choose(struct windows *w, const struct layout *layout, int by)
{
	const struct scrollback *lines = &w->now->room->lines;
	uint64_t id = chosen_id(w->now) + (uint64_t)(int64_t)by;
	struct sight sight;
	struct view v;
	int rows = 0;

	if (scrollback_line(lines, id) == NULL)
		return false;
	w->now->chosen = id;
	windows_view(w, layout, &v);
	sight = windows_sight(w, &v);
	if (!sight.is_empty)
		rows = rows_to(&v, sight.top, id);
	view_close(&v);
	if (rows != 0)
		windows_scroll(w, layout, rows);
	return true;
}
