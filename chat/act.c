#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "found.h"
#include "mode.h"
#include "paste.h"
#include "screen.h"
#include "xmalloc.h"

typedef void act_fn(struct face *, const struct input_event *);

/* ---- what commands need ---- */

static void
show(void *face, struct room *room)
{
	struct face *f = face;

	model_lock(f->model);
	windows_show(&f->windows, room);
	model_unlock(f->model);
	face_stale(f, PART_ALL);
}

static void
clear(void *face)
{
	struct face *f = face;

	model_lock(f->model);
	windows_clear(&f->windows);
	model_unlock(f->model);
	face_stale(f, PART_MESSAGES);
}

static void
open_help(void *face, const char *topic)
{
	struct face *f = face;
	struct buf words = { 0 };

	if (topic[0] == '\0' || strcmp(topic, "keys") == 0) {
		help_open(&f->help, topic, f->layout.messages.columns);
		face_stale(f, PART_ALL);
		return;
	}
	if (!help_about(topic, &words))
		buf_printf(&words, "%s: no command and no key", topic);
	model_lock(f->model);
	model_say(f->model, f->windows.now->room, "%s", buf_string(&words));
	model_unlock_changed(f->model);
	buf_done(&words);
}

static void
search(void *face, const struct search *search)
{
	found_show(face, search);
}

static bool
leave(void *face)
{
	return found_leave(face);
}

static void
quit(void *face, const char *why)
{
	struct face *f = face;

	free(f->why);
	f->why = why[0] != '\0' ? xstrdup(why) : NULL;
	f->is_over = true;
}

/* ---- writing ---- */

/* What was pasted and looks like a command is kept so that it stays text when
 * it is had back. */
static void
keep_sent(struct window *window, const char *line)
{
	struct buf kept = { 0 };

	if (window->is_pasted && line[0] == '/')
		buf_add_string(&kept, "/");
	buf_add_string(&kept, line);
	history_add(&window->history, buf_slice(&kept));
	buf_done(&kept);
}

/* What is no room has no place for what was wrong with a line. */
static void
hint_newest(struct face *f, const struct room *room)
{
	struct buf words = { 0 };
	const struct line *line;

	model_lock(f->model);
	line = scrollback_line(&room->lines, scrollback_newest(&room->lines));
	if (line != NULL)
		buf_add_slice(&words, line_text(line));
	model_unlock(f->model);
	face_hint(f, buf_string(&words));
	buf_done(&words);
}

/* false: the line stays. */
static bool
run_line(struct face *f, const char *line, bool is_text)
{
	struct window *window = f->windows.now;
	struct room *room = found_room(f);
	struct command_face face = {
		.model = f->model,
		.link = f->link,
		.room = room != NULL ? room : f->model->rooms[0],
		.face = f,
		.show = show,
		.clear = clear,
		.help = open_help,
		.quit = quit,
		.search = search,
		.close = leave,
	};

	if (is_text && room == NULL) {
		face_hint(f, "this is no room one is in; Escape leaves");
		return false;
	}
	/* What is said is said in the room, where one sees it. */
	if (is_text && room != window->room)
		show(f, room);
	if (command_run(&face, line, window->is_pasted) == COMMAND_DONE)
		return true;
	if (face.room != f->windows.now->room)
		hint_newest(f, face.room);
	return false;
}

static void
act_send(struct face *f, const struct input_event *event)
{
	struct window *window = f->windows.now;
	struct slice text = edit_text(window->edit);
	char *line;

	(void)event;
	if (text.len == 0)
		return;
	line = xstrndup(text.at, text.len);
	bool is_text = line[0] != '/' || window->is_pasted;
	face_stale(f, PART_ALL);
	if (run_line(f, line, is_text)) {
		keep_sent(window, line);
		edit_reset(window->edit);
		if (is_text)
			windows_newest(&f->windows);
		window->is_pasted = false;
	}
	free(line);
}

/* The words that are written, or are to be, become a search. */
static void
act_find(struct face *f, const struct input_event *event)
{
	struct edit *edit = face_edit(f);
	bool did;

	(void)event;
	edit_move(edit, EDIT_START);
	did = edit_type(edit, SLICE("/search "));
	edit_move(edit, EDIT_END);
	face_edited(f, did);
}

static void
act_newline(struct face *f, const struct input_event *event)
{
	(void)event;
	face_edited(f, edit_type(face_edit(f), SLICE("\n")));
}

static void
list_candidates(struct face *f)
{
	buf_clear(&f->hint);
	complete_list(&f->complete, &f->hint, f->layout.columns / 2);
}

static void
complete(struct face *f, int by)
{
	struct edit *edit = face_edit(f);
	struct complete *c = &f->complete;
	bool is_first = !c->is_on;

	if (is_first && !complete_path(c, edit_text(edit), edit_cursor(edit))) {
		model_lock(f->model);
		complete_start(c, f->model, windows_room(&f->windows),
		    edit_text(edit), edit_cursor(edit));
		model_unlock(f->model);
	}
	if (!c->is_on) {
		screen_beep();
		return;
	}
	size_t from = c->from, to = c->to;
	struct slice word = complete_next(c, by);
	bool fits = edit_replace(edit, from, to, word);
	face_edited(f, fits);
	if (!fits)
		complete_stop(c);
	else if (!is_first && c->n > 2)
		list_candidates(f);
}

static void
act_complete(struct face *f, const struct input_event *event)
{
	(void)event;
	complete(f, 1);
}

static void
act_complete_back(struct face *f, const struct input_event *event)
{
	(void)event;
	complete(f, -1);
}

static void
act_up(struct face *f, const struct input_event *event)
{
	struct edit *edit = face_edit(f);
	struct slice line;

	(void)event;
	if (edit_move_row(edit, -1, f->text_columns))
		face_edited(f, true);
	else if (history_previous(
		     &f->windows.now->history, edit_text(edit), &line))
		face_edited(f, edit_set(edit, line));
	else
		screen_beep();
}

static void
act_down(struct face *f, const struct input_event *event)
{
	struct edit *edit = face_edit(f);
	struct slice line;

	(void)event;
	if (edit_move_row(edit, 1, f->text_columns)) {
		face_edited(f, true);
	} else if (history_next(&f->windows.now->history, &line)) {
		edit_set(edit, line);
		face_edited(f, true);
	}
}

static void
act_search(struct face *f, const struct input_event *event)
{
	(void)event;
	recall_start(&f->recall);
	face_stale(f, PART_INPUT);
}

static void
act_discard(struct face *f, const struct input_event *event)
{
	struct edit *edit = face_edit(f);

	(void)event;
	if (edit_text(edit).len == 0) {
		face_hint(f, "type /quit to leave");
		return;
	}
	edit_move(edit, EDIT_END);
	face_edited(f, edit_kill(edit, EDIT_START));
}

static void
act_cancel(struct face *f, const struct input_event *event)
{
	(void)event;
	if (++f->escapes < 2)
		return;
	f->windows.now->mark = (struct mark){ 0 };
	f->windows.now->chosen = 0;
	face_stale(f, PART_MESSAGES);
}

/* ---- moving and changing: one call of edit each ---- */

#define EDIT(name, call)                                                       \
	static void act_##name(struct face *f, const struct input_event *e)    \
	{                                                                      \
		(void)e;                                                       \
		face_edited(f, call);                                          \
	}

EDIT(left, edit_move(face_edit(f), EDIT_LEFT))
EDIT(right, edit_move(face_edit(f), EDIT_RIGHT))
EDIT(word_left, edit_move(face_edit(f), EDIT_WORD_LEFT))
EDIT(word_right, edit_move(face_edit(f), EDIT_WORD_RIGHT))
EDIT(line_start, (edit_move(face_edit(f), EDIT_LINE_START), true))
EDIT(line_end, (edit_move(face_edit(f), EDIT_LINE_END), true))
EDIT(start, (edit_move(face_edit(f), EDIT_START), true))
EDIT(end, (edit_move(face_edit(f), EDIT_END), true))
EDIT(delete_left, edit_delete(face_edit(f), EDIT_LEFT))
EDIT(delete_right, edit_delete(face_edit(f), EDIT_RIGHT))
EDIT(kill_word_left, edit_kill(face_edit(f), EDIT_WORD_LEFT))
EDIT(kill_blank_left, edit_kill(face_edit(f), EDIT_BLANK_LEFT))
EDIT(kill_word_right, edit_kill(face_edit(f), EDIT_WORD_RIGHT))
EDIT(kill_line_start, edit_kill(face_edit(f), EDIT_LINE_START))
EDIT(kill_line_end, edit_kill(face_edit(f), EDIT_LINE_END))
EDIT(yank, edit_yank(face_edit(f)))
EDIT(yank_pop, edit_yank_pop(face_edit(f)))
EDIT(transpose, edit_transpose(face_edit(f)))
EDIT(upper, edit_change_case(face_edit(f), EDIT_UPPER))
EDIT(lower, edit_change_case(face_edit(f), EDIT_LOWER))
EDIT(capital, edit_change_case(face_edit(f), EDIT_CAPITAL))
EDIT(undo, edit_undo(face_edit(f)))
EDIT(redo, edit_redo(face_edit(f)))

/* ---- reading ---- */

enum { ALL_ROWS = 1 << 20 };

/* A part of a log has no end that it stays at. */
static bool
newest(struct face *f)
{
	if (f->windows.now->room->kind == ROOM_PAST)
		return windows_scroll(&f->windows, &f->layout, ALL_ROWS);
	return windows_newest(&f->windows);
}

#define SCROLL(name, call)                                                     \
	static void act_##name(struct face *f, const struct input_event *e)    \
	{                                                                      \
		(void)e;                                                       \
		model_lock(f->model);                                          \
		if (call)                                                      \
			face_stale(f, PART_MESSAGES);                          \
		model_unlock(f->model);                                        \
	}

SCROLL(page_up, windows_page(&f->windows, &f->layout, -1))
SCROLL(page_down, windows_page(&f->windows, &f->layout, 1))
SCROLL(row_up, windows_scroll(&f->windows, &f->layout, -1))
SCROLL(row_down, windows_scroll(&f->windows, &f->layout, 1))
SCROLL(oldest, windows_oldest(&f->windows, &f->layout))
SCROLL(newest, newest(f))

/* ---- rooms ---- */

static void
go_to(struct face *f, struct room *room)
{
	if (room != NULL && room != f->windows.now->room)
		show(f, room);
}

static void
act_room(struct face *f, const struct input_event *event)
{
	size_t digit = (size_t)((event->key & 0xff) - '0');
	size_t nth = (digit + 9) % 10;
	char words[32];
	struct room *room;

	model_lock(f->model);
	room = windows_nth(&f->windows, nth);
	model_unlock(f->model);
	go_to(f, room);
	if (room != NULL)
		return;
	snprintf(words, sizeof(words), "there is no window %zu", nth + 1);
	face_hint(f, words);
}

static void
go_by(struct face *f, int by)
{
	struct room *room;

	model_lock(f->model);
	room = windows_next(&f->windows, by);
	model_unlock(f->model);
	go_to(f, room);
}

static void
act_room_next(struct face *f, const struct input_event *event)
{
	(void)event;
	go_by(f, 1);
}

static void
act_room_before(struct face *f, const struct input_event *event)
{
	(void)event;
	go_by(f, -1);
}

static void
act_room_urgent(struct face *f, const struct input_event *event)
{
	bool did;

	(void)event;
	model_lock(f->model);
	did = windows_visit(&f->windows);
	model_unlock(f->model);
	if (did)
		face_stale(f, PART_ALL);
	else
		face_hint(f, "nothing is unread");
}

static void
act_room_last(struct face *f, const struct input_event *event)
{
	struct room *room = NULL;

	(void)event;
	model_lock(f->model);
	if (f->windows.last != NULL && f->windows.last->room->is_open)
		room = f->windows.last->room;
	model_unlock(f->model);
	go_to(f, room);
}

/* ---- the program ---- */

static void
act_retry(struct face *f, const struct input_event *event)
{
	(void)event;
	link_connect(f->link, NULL);
	link_retry(f->link, f->windows.now->room);
}

static void
act_redraw(struct face *f, const struct input_event *event)
{
	(void)event;
	screen_resize();
	face_stale(f, PART_ALL);
}

static void
act_suspend(struct face *f, const struct input_event *event)
{
	(void)event;
	f->wants_stop = true;
}

static void
act_help(struct face *f, const struct input_event *event)
{
	(void)event;
	open_help(f, "");
}

/* A row without a function here does not compile. */
static act_fn *const acts[ACTION_COUNT] = {
#define ACTION(NAME, name, meaning) [ACTION_##NAME] = act_##name,
#include "keys.def"
};

/* ---- events ---- */

static void
set_focus(struct face *f, bool is_focused)
{
	model_lock(f->model);
	if (windows_focus(&f->windows, is_focused))
		f->stale_news |= PART_ALL;
	model_unlock(f->model);
}

static void
on_key(struct face *f, const struct input_event *event)
{
	/* Who types has the focus, whatever the terminal has told. */
	set_focus(f, true);
	if (event->kind != INPUT_KEY || event->action != ACTION_CANCEL)
		f->escapes = 0;
	if (f->hint.len != 0) {
		buf_clear(&f->hint);
		face_stale(f, PART_STATUS);
	}
	if (mode_on(f, event))
		return;
	if (event->kind == INPUT_TEXT)
		face_edited(f, edit_type(face_edit(f), event->text));
	else if (event->kind == INPUT_PASTE)
		paste_on(f, event->text);
	else if (event->action != ACTION_NONE)
		acts[event->action](f, event);
}

void
act_on(struct face *f, const struct input_event *event)
{
	switch (event->kind) {
	case INPUT_KEY:
	case INPUT_TEXT:
	case INPUT_PASTE:
		on_key(f, event);
		break;
	case INPUT_FOCUS:
		set_focus(f, event->is_focused);
		break;
	case INPUT_ANSWER:
		pace_answered(&f->pace);
		break;
	}
}
