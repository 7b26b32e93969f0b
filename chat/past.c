#include "past.h"

/* ---- ends ---- */

uint64_t
past_first(const struct room *room)
{
	if (room->lines.first_seq != 0)
		return room->lines.first_seq;
	return room->kind == ROOM_PAST ? room->sought : room->seq + 1;
}

uint64_t
past_next(const struct room *room)
{
	const struct line *last =
	    scrollback_line(&room->lines, scrollback_newest(&room->lines));

	return last != NULL ? last->seq + 1 : past_first(room);
}

static enum past
state_of(const struct edge *edge)
{
	switch (edge->state) {
	case EDGE_ASKED:
		return PAST_LOADING;
	case EDGE_FAILED:
		return PAST_FAILED;
	case EDGE_OVER:
		return PAST_END;
	default:
		return PAST_MORE;
	}
}

/* Of a log: beyond its first entry there is nothing. */
static enum past
beyond(const struct room *room)
{
	uint64_t first = past_first(room);

	if (first <= 1)
		return PAST_END;
	return first <= room->lost ? PAST_LOST : PAST_MORE;
}

static bool
has_log(const struct room *room)
{
	return room->kind == ROOM_PAST || room->number != 0;
}

static bool
is_of_old_log(const struct scrollback *lines)
{
	return lines->n != 0 && scrollback_oldest(lines) < lines->log_id;
}

enum past
past_older(const struct room *room)
{
	enum past past = state_of(&room->older);

	if (room->kind != ROOM_FOUND &&
	    (!has_log(room) || is_of_old_log(&room->lines)))
		return PAST_NONE;
	if (past == PAST_MORE && room->kind != ROOM_FOUND)
		past = beyond(room);
	if (past == PAST_MORE && !scrollback_has_room(&room->lines, PAST_PAGE))
		past = PAST_FULL;
	return past;
}

enum past
past_newer(const struct room *room)
{
	enum past past = state_of(&room->newer);

	if (room->kind != ROOM_PAST)
		return PAST_NONE;
	if (past == PAST_MORE && !scrollback_has_room(&room->lines, PAST_PAGE))
		past = PAST_FULL;
	return past;
}

bool
past_try_again(struct room *room)
{
	bool has_failed = room->older.state == EDGE_FAILED ||
	    room->newer.state == EDGE_FAILED;

	if (room->older.state == EDGE_FAILED)
		room->older.state = EDGE_STILL;
	if (room->newer.state == EDGE_FAILED)
		room->newer.state = EDGE_STILL;
	return has_failed;
}

/* ---- their words ---- */

static bool
found_top(const struct room *room, struct buf *out)
{
	switch (past_older(room)) {
	case PAST_MORE:
	case PAST_LOADING:
		buf_add_string(out, "looking further back ...");
		return true;
	case PAST_FAILED:
		buf_printf(out, "%s; scroll up to go on", room->older.why);
		return true;
	case PAST_END:
		buf_add_string(out, "that was all");
		return true;
	default:
		buf_add_string(out,
		    "so many are enough: say more exactly "
		    "what you look for");
		return true;
	}
}

bool
past_top(const struct room *room, struct buf *out)
{
	const char *name = room->kind == ROOM_PAST ? room->of : room->name;

	if (room->kind == ROOM_FOUND)
		return room->lines.n != 0 && found_top(room, out);
	switch (past_older(room)) {
	case PAST_NONE:
		return false;
	case PAST_MORE:
	case PAST_LOADING:
		buf_add_string(out, "loading older ...");
		break;
	case PAST_FAILED:
		buf_printf(out, "nothing older: %s; scroll up to ask again",
		    room->older.why);
		break;
	case PAST_END:
		buf_printf(out, "the beginning of %s", name);
		break;
	case PAST_LOST:
		buf_printf(out,
		    "%llu entries before this are not kept any more",
		    (unsigned long long)past_first(room) - 1);
		break;
	case PAST_FULL:
		buf_add_string(out,
		    "no more is held here at once: /search "
		    "goes further back");
		break;
	}
	return true;
}

static void
found_foot(const struct room *room, struct buf *out)
{
	enum past past = past_older(room);

	if (room->lines.n != 0)
		buf_printf(out,
		    "%zu found%s; Up and Down choose, Enter opens, "
		    "Escape leaves",
		    room->lines.n, past == PAST_END ? "" : " so far");
	else if (past == PAST_FAILED)
		buf_printf(out, "not searched: %s; scroll up to try again",
		    room->older.why);
	else if (past == PAST_END)
		buf_printf(out, "nothing was found: %s", room->search->line);
	else
		buf_printf(out, "searching: %s", room->search->line);
}

static void
part_foot(const struct room *room, struct buf *out)
{
	switch (past_newer(room)) {
	case PAST_END:
		buf_printf(
		    out, "the newest of %s so far; Escape leaves", room->of);
		break;
	case PAST_FAILED:
		buf_printf(out, "nothing newer: %s; scroll down to ask again",
		    room->newer.why);
		break;
	case PAST_FULL:
		buf_add_string(out,
		    "no more is held here at once; Escape "
		    "leaves");
		break;
	default:
		buf_add_string(out, "loading newer ...");
	}
}

bool
past_foot(const struct room *room, struct buf *out)
{
	if (room->kind == ROOM_FOUND)
		found_foot(room, out);
	else if (room->kind == ROOM_PAST)
		part_foot(room, out);
	return room->kind != ROOM_TALK;
}
