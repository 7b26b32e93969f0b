#include "mode.h"

#include "found.h"
#include "screen.h"

static bool
is(const struct input_event *event, enum action action)
{
	return event->kind == INPUT_KEY && event->action == action;
}

static void
close_help(struct face *f)
{
	help_close(&f->help);
	face_stale(f, PART_ALL);
}

/* Rows to scroll by; 0: the key has nothing to do with it. */
static int
help_rows(const struct face *f, const struct input_event *event)
{
	int page =
	    f->layout.messages.rows > 1 ? f->layout.messages.rows - 1 : 1;

	if (event->kind == INPUT_TEXT)
		return slice_is(event->text, SLICE(" ")) ? page : 0;
	switch (event->action) {
	case ACTION_UP:
	case ACTION_ROW_UP:
	case ACTION_ROOM_BEFORE:
		return -1;
	case ACTION_DOWN:
	case ACTION_ROW_DOWN:
	case ACTION_ROOM_NEXT:
	case ACTION_SEND:
		return 1;
	case ACTION_PAGE_UP:
		return -page;
	case ACTION_PAGE_DOWN:
		return page;
	case ACTION_OLDEST:
	case ACTION_LINE_START:
	case ACTION_START:
		return -(int)f->help.n;
	case ACTION_NEWEST:
	case ACTION_LINE_END:
	case ACTION_END:
		return (int)f->help.n;
	default:
		return 0;
	}
}

/* false: the key means what it always does. */
static bool
on_help(struct face *f, const struct input_event *event)
{
	int rows = help_rows(f, event);

	if (rows != 0) {
		help_scroll(&f->help, rows, f->layout.messages.rows);
		face_stale(f, PART_MESSAGES | PART_STATUS);
		return true;
	}
	if (is(event, ACTION_REDRAW) || is(event, ACTION_SUSPEND))
		return false;
	close_help(f);
	if (event->kind == INPUT_TEXT)
		return slice_is(event->text, SLICE("q"));
	return is(event, ACTION_CANCEL) || is(event, ACTION_DISCARD) ||
	    is(event, ACTION_HELP);
}

static void
end_search(struct face *f, bool takes)
{
	if (takes && f->recall.found.len != 0)
		edit_set(face_edit(f), buf_slice(&f->recall.found));
	recall_stop(&f->recall);
	face_stale(f, PART_INPUT | PART_STATUS);
}

static bool
on_search(struct face *f, const struct input_event *event)
{
	struct recall *r = &f->recall;
	const struct history *h = &f->windows.now->history;
	bool gives_up = is(event, ACTION_CANCEL) || is(event, ACTION_DISCARD);
	bool found = true;

	face_stale(f, PART_INPUT);
	if (event->kind == INPUT_TEXT)
		found = recall_type(r, h, event->text);
	else if (is(event, ACTION_DELETE_LEFT))
		found = recall_erase(r, h);
	else if (is(event, ACTION_SEARCH))
		found = recall_older(r, h);
	else
		end_search(f, !gives_up);
	if (!found)
		screen_beep();
	/* Enter takes the line and no more: one sees what one sends. */
	return r->is_on || gives_up || is(event, ACTION_SEND);
}

static bool
on_completion(struct face *f, const struct input_event *event)
{
	struct complete *c = &f->complete;
	bool is_cancel = is(event, ACTION_CANCEL);

	if (is(event, ACTION_COMPLETE) || is(event, ACTION_COMPLETE_BACK))
		return false;
	if (is_cancel)
		face_edited(f,
		    edit_replace(face_edit(f), c->from, c->to,
			slice_of(c->candidate[0])));
	complete_stop(c);
	return is_cancel;
}

static bool
choose(struct face *f, int by)
{
	bool did;

	model_lock(f->model);
	did = windows_choose(&f->windows, &f->layout, by);
	model_unlock(f->model);
	if (!did)
		screen_beep();
	face_stale(f, PART_MESSAGES);
	return true;
}

/* With an empty line, keys are about what is shown. */
static bool
on_found(struct face *f, const struct input_event *event)
{
	if (is(event, ACTION_CANCEL))
		return found_leave(f);
	if (f->windows.now->room->kind != ROOM_FOUND)
		return false;
	if (is(event, ACTION_UP))
		return choose(f, -1);
	if (is(event, ACTION_DOWN))
		return choose(f, 1);
	if (!is(event, ACTION_SEND))
		return false;
	found_jump(f);
	return true;
}

bool
mode_on(struct face *f, const struct input_event *event)
{
	/* The room was left without a key: what was begun there is over. */
	if (f->mode_of != f->windows.now) {
		complete_stop(&f->complete);
		recall_stop(&f->recall);
		f->mode_of = f->windows.now;
	}
	if (f->help.is_open && on_help(f, event))
		return true;
	if (f->recall.is_on && on_search(f, event))
		return true;
	if (f->complete.is_on && on_completion(f, event))
		return true;
	return edit_text(face_edit(f)).len == 0 && on_found(f, event);
}
