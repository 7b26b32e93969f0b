#include "paint.h"

#include "bars.h"
#include "clock.h"
#include "render.h"
#include "screen.h"

enum { MINUTE_MS = 60000, SECOND_MS = 1000 };

/* ---- what is put together for it ---- */

static void
make_prompt(const struct face *f, const struct bars *bars, struct strip *out)
{
	const struct recall *r = &f->recall;

	if (r->is_on)
		strip_add(out, STYLE_PROMPT, "search %.*s%s ",
		    SLICE_ARG(buf_slice(&r->words)),
		    r->words.len != 0 && r->found.len == 0 ? " (none):" : ":");
	else
		bars_prompt(bars, out);
}

static void
make_written(const struct face *f, const struct bars *bars, struct written *w)
{
	const struct edit *edit = f->windows.now->edit;

	*w = (struct written){
		.text = edit_text(edit),
		.cursor = edit_cursor(edit),
	};
	if (f->recall.is_on) {
		w->text = buf_slice(&f->recall.found);
		w->cursor = w->text.len;
	}
	make_prompt(f, bars, &w->prompt);
}

/* The room asked for by the input decides the layout, and the layout the
 * prompt, but by the screen's size alone. */
static bool
lay_out(struct face *f, struct bars *bars, struct written *written)
{
	struct layout before = f->layout;
	const struct layout *last = before.rows != 0 ? &before : NULL;
	int rows, columns;

	screen_size(&rows, &columns);
	layout_compute(&f->layout, last, rows, columns, 1);
	make_written(f, bars, written);
	bars->written = written->text.len;
	bars->written_rows = render_input_rows(written, columns);
	layout_compute(&f->layout, last, rows, columns, bars->written_rows);
	f->text_columns = columns - strip_columns(&written->prompt);
	if (f->text_columns < 1)
		f->text_columns = 1;
	return last == NULL || !layout_same(&before, &f->layout);
}

/* How far it is to the newest, as long as there is anything to catch up with:
 * most when that began. */
static void
count_behind(struct face *f)
{
	uint64_t behind = bars_behind(f->model);

	if (behind == 0 || behind > f->behind)
		f->behind = behind;
}

static void
make_title(const struct face *f, struct strip *out)
{
	const struct model *m = f->model;
	unsigned mentions = 0;

	for (size_t i = 0; i < m->n_rooms; i++)
		if (m->rooms[i]->is_open)
			mentions += m->rooms[i]->mentions;
	if (mentions != 0)
		strip_add(out, STYLE_PLAIN, "!%u ", mentions);
	strip_add(
	    out, STYLE_PLAIN, "%s - chat", bars_name(f->windows.now->room));
}

/* The status tells the time, and how long it is to the next try. */
static int64_t
next_tick(const struct face *f, const struct bars *bars)
{
	const struct model *m = f->model;
	int64_t due = INT64_MAX, left = m->retry_ms - bars->now_ms;

	if (bars_has_clock(&f->layout))
		due = bars->now_ms + MINUTE_MS -
		    (int64_t)(bars->wall_ms % MINUTE_MS);
	if (f->layout.status.rows != 0 && m->state == LINK_WAITING &&
	    left > 0) {
		int64_t tick = bars->now_ms + (left - 1) % SECOND_MS + 1;
		due = tick < due ? tick : due;
	}
	return due;
}

/* ---- painting ---- */

/* What was seen is told, and what will be seen soon is asked for. */
static void
look_beyond(struct face *f, const struct view *v, const struct sight *sight)
{
	struct room *room = f->windows.now->room;
	enum wants wants = windows_wants(&f->windows, v, sight);
	uint64_t seen = windows_seen(&f->windows, v, sight);

	if (wants != WANTS_NOTHING) {
		link_page(f->link, room, wants == WANTS_NEWER);
		/* Perhaps it says now that it cannot be had. */
		f->stale_news |= PART_MESSAGES;
	}
	if (seen > room->seen)
		link_saw(f->link, room, seen);
}

/* Whether what is said looks different now. */
static bool
paint_messages(struct face *f)
{
	struct view view;
	bool is_new;

	if (f->help.is_open) {
		help_fit(&f->help, f->layout.messages.columns,
		    f->layout.messages.rows);
		render_help(&f->layout, &f->help);
		return false;
	}
	windows_place(&f->windows, &f->layout);
	windows_view(&f->windows, &f->layout, &view);
	view.is_ascii = screen_is_ascii();
	struct sight sight = windows_sight(&f->windows, &view);
	is_new = render_messages(&view, &sight);
	look_beyond(f, &view, &sight);
	view_close(&view);
	return is_new;
}

static bool
paint_parts(struct face *f, unsigned parts, int64_t now_ms)
{
	struct written written;
	struct buf place = { 0 };
	struct bars bars = {
		.windows = &f->windows,
		.layout = &f->layout,
		.now_ms = now_ms,
		.wall_ms = clock_wall_ms(),
		.hint = buf_slice(&f->hint),
	};
	bool is_new = false;

	count_behind(f);
	bars.behind = f->behind;
	if (lay_out(f, &bars, &written)) {
		render_clear();
		parts = PART_ALL;
	}
	if ((parts & PART_MESSAGES) != 0)
		is_new = paint_messages(f);
	if ((parts & PART_TITLE) != 0)
		render_title(&bars);
	if ((parts & PART_SIDES) != 0)
		render_sides(&bars);
	if (f->help.is_open) {
		help_place(&f->help, f->layout.messages.rows, f->layout.columns,
		    &place);
		bars.hint = buf_slice(&place);
	}
	if ((parts & PART_STATUS) != 0)
		render_status(&bars);
	if ((parts & PART_INPUT) != 0)
		render_input(&f->layout, &written);
	strip_done(&written.prompt);
	buf_done(&place);
	f->tick_ms = next_tick(f, &bars);
	return is_new;
}

static void
tell_title(struct strip *words)
{
	struct buf plain = { 0 };

	if (screen_is_ascii())
		rows_plain(&plain, buf_slice(&words->text));
	else
		buf_add_slice(&plain, buf_slice(&words->text));
	screen_title(buf_slice(&plain));
	buf_done(&plain);
	strip_done(words);
}

/* The parts that are stale and due. */
static unsigned
take_stale(struct face *f, int64_t now_ms, bool *is_news)
{
	unsigned parts = 0;

	if (now_ms >= f->tick_ms)
		f->stale_news |= PART_STATUS;
	if (f->stale_keys != 0 && now_ms >= pace_keys_due(&f->pace)) {
		parts |= f->stale_keys;
		f->stale_keys = 0;
		pace_keys_painted(&f->pace, now_ms);
	}
	*is_news = f->stale_news != 0 && now_ms >= pace_news_due(&f->pace);
	if (*is_news) {
		parts |= f->stale_news;
		f->stale_news = 0;
	}
	return parts;
}

void
paint(struct face *f, int64_t now_ms)
{
	struct strip title = { .n = 0 };
	bool is_news;
	unsigned parts;

	pace_tick(&f->pace, now_ms);
	parts = take_stale(f, now_ms, &is_news);
	if (parts == 0)
		return;
	model_lock(f->model);
	windows_sync(&f->windows);
	bool is_new = paint_parts(f, parts, now_ms);
	uint64_t id = scrollback_next(&f->windows.now->room->lines);
	make_title(f, &title);
	model_unlock(f->model);

	tell_title(&title);
	render_cursor();
	screen_flush();
	if (is_news)
		pace_news_painted(&f->pace, now_ms, is_new && screen_ask(),
		    id - f->painted_id, f->layout.messages.rows);
	f->painted_id = id;
}

int64_t
paint_due(const struct face *f)
{
	int64_t due = f->tick_ms, painted;

	if (f->stale_keys != 0 && (painted = pace_keys_due(&f->pace)) < due)
		due = painted;
	if (f->stale_news != 0 && (painted = pace_news_due(&f->pace)) < due)
		due = painted;
	return due;
}
