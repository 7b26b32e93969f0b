#include "found.h"

#include <stdio.h>
#include <time.h>

void
found_show(struct face *f, const struct search *search)
{
	model_lock(f->model);
	windows_open(&f->windows, model_open_found(f->model, search));
	model_unlock(f->model);
	face_stale(f, PART_ALL);
}

bool
found_leave(struct face *f)
{
	bool did;

	model_lock(f->model);
	did = windows_leave(&f->windows);
	model_unlock(f->model);
	if (did)
		face_stale(f, PART_ALL);
	return did;
}

/* A room that is open, by its name. */
static struct room *
open_room(struct face *f, struct slice name)
{
	struct room *room = name.len != 0 ? model_room(f->model, name) : NULL;

	return room != NULL && room->is_open ? room : NULL;
}

struct room *
found_room(struct face *f)
{
	struct room *room = f->windows.now->room;

	model_lock(f->model);
	if (room->kind != ROOM_TALK)
		room = open_room(f, slice_of(room->of));
	model_unlock(f->model);
	return room;
}

/* "#dev at 14 March", with the year where it is another. */
static void
name_part(const struct face *f, const struct line *line, struct buf *out)
{
	time_t then = (time_t)(line->time / 1000);
	time_t now = (time_t)(f->model->wall() / 1000);
	struct tm tm = { .tm_mday = 1 }, today = tm;
	char month[32];

	localtime_r(&then, &tm);
	localtime_r(&now, &today);
	if (strftime(month, sizeof(month),
		tm.tm_year == today.tm_year ? "%B" : "%B %Y", &tm) == 0)
		month[0] = '\0';
	buf_printf(out, "%.*s at %d %s", SLICE_ARG(line_room(line)), tm.tm_mday,
	    month);
}

static void
open_part(struct face *f, const struct line *line)
{
	struct buf name = { 0 };

	name_part(f, line, &name);
	windows_open(&f->windows,
	    model_open_past(
		f->model, buf_slice(&name), line_room(line), line->seq));
	buf_done(&name);
}

static void
jump(struct face *f, const struct line *line)
{
	struct room *room = open_room(f, line_room(line));

	if (room != NULL && scrollback_entry(&room->lines, line->seq) != NULL) {
		windows_show(&f->windows, room);
		windows_jump(&f->windows, &f->layout, line->seq);
	} else {
		open_part(f, line);
	}
}

void
found_jump(struct face *f)
{
	const struct line *line;
	const char *wrong = NULL;

	model_lock(f->model);
	line = windows_chosen(&f->windows);
	if (line == NULL)
		wrong = "nothing was found";
	else if (line_room(line).len == 0)
		wrong = "the other one of this conversation is gone";
	else
		jump(f, line);
	model_unlock(f->model);
	face_stale(f, PART_ALL);
	if (wrong != NULL)
		face_hint(f, wrong);
}
