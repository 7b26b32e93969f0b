/*
 * What is over: older and newer entries of a log, page by page, and what is
 * found in all of them.  A window has one page under way at most; what the
 * server answers is put into the room only if it is what was asked for.
 */
#include <stdio.h>
#include <string.h>

#include "apply_state.h"
#include "codec.h"
#include "frame.h"
#include "past.h"
#include "text.h"

enum {
	AROUND = 25,	    /* entries on either side of the one sought */
	EMPTY_PAGES = 20,   /* of a search, that go on by themselves */
	FOUND_MOST = 10000, /* told where there is no window */
};

/* ---- an end ---- */

static struct edge *
edge_of(struct room *room)
{
	return room->page.is_newer ? &room->newer : &room->older;
}

static void
forget_page(struct room *room)
{
	scrollback_done(&room->page.lines);
	room->page = (struct page){ .ref = 0 };
}

static void
fail(struct room *room, struct slice why)
{
	struct edge *edge = edge_of(room);
	struct buf safe = { 0 };

	text_safe(&safe, why, TEXT_ONE_LINE);
	edge->state = EDGE_FAILED;
	snprintf(edge->why, sizeof(edge->why), "%s", buf_string(&safe));
	buf_done(&safe);
	forget_page(room);
}

static bool
is_page(const struct asked *asked)
{
	return asked->ref == asked->room->page.ref;
}

/* ---- asking ---- */

static void
ask(struct apply *a, struct room *room, union message *m)
{
	room->page.ref = apply_ask(a, m, room, true)->ref;
	edge_of(room)->state = EDGE_ASKED;
}

static union message
history(struct room *room)
{
	struct page *page = &room->page;
	const char *name = room->kind == ROOM_PAST ? room->of : room->name;

	page->asked = page->next;
	return (union message){ .history = {
				    .type = MSG_HISTORY,
				    .room = slice_of(name),
				    .from = page->next,
				    .n = (uint32_t)(page->end - page->next),
				} };
}

static union message
search(const struct room *room)
{
	const struct search *s = room->search;

	return (union message){ .search = {
				    .type = MSG_SEARCH,
				    .words = slice_of(s->words),
				    .who = slice_of(s->who),
				    .room = slice_of(s->room),
				    .after = s->after,
				    .before = s->before,
				    .next = room->search_next,
				} };
}

static uint64_t
less(uint64_t n, uint64_t by)
{
	return n > by ? n - by : 1;
}

static void
set_bounds(struct room *room)
{
	struct page *page = &room->page;

	if (room->kind == ROOM_PAST && room->lines.n == 0) {
		page->from = less(room->sought, AROUND);
		page->end = room->sought + AROUND + 1;
	} else if (page->is_newer) {
		page->from = past_next(room);
		page->end = page->from + PAST_PAGE;
	} else {
		page->end = past_first(room);
		page->from = less(page->end, PAST_PAGE);
	}
	page->next = page->from;
}

bool
apply_page(struct apply *a, struct room *room, bool is_newer)
{
	enum past past = is_newer ? past_newer(room) : past_older(room);
	union message m;

	if (room->page.ref != 0 || past != PAST_MORE)
		return false;
	room->page.is_newer = is_newer;
	if (!a->is_live) {
		fail(room, SLICE("there is no connection"));
		return false;
	}
	if (room->kind == ROOM_FOUND) {
		m = search(room);
	} else {
		set_bounds(room);
		m = history(room);
	}
	ask(a, room, &m);
	return true;
}

/* ---- entries of a log ---- */

static void
tell(struct apply *a, const char *kind, const struct msg_past *p)
{
	char room[sizeof(a->model->server)];
	struct event event = { p->time, room, p->seq, kind, p->who, p->text };

	snprintf(room, sizeof(room), "%.*s", SLICE_ARG(p->room));
	model_event(a->model, &event);
}

/* A conversation's other end may have another name by now, or be gone. */
static bool
is_of(const struct room *room, struct slice name)
{
	struct slice own =
	    slice_of(room->kind == ROOM_PAST ? room->of : room->name);

	return names_same(own, name) ||
	    (!names_is_room(own) && !names_is_room(name));
}

static void
take_entry(struct apply *a, struct room *room, const struct msg_past *p)
{
	struct page *page = &room->page;
	const struct msg_entry e = { .seq = p->seq,
		.time = p->time,
		.kind = p->kind,
		.who = p->who,
		.text = p->text };
	struct line head;

	if (page->is_bad)
		return;
	/* In order, without holes but before the first one. */
	page->is_bad = !is_of(room, p->room) || p->seq < page->next ||
	    p->seq >= page->end || (page->lines.n != 0 && p->seq != page->next);
	if (page->is_bad)
		return;
	apply_head(a, room, &e, &head);
	model_page_line(a->model, room, &head, p->who, p->text);
	page->next = p->seq + 1;
}

/* What is here may have become less or more meanwhile. */
static void
put_older(struct room *room)
{
	struct page *page = &room->page;
	uint64_t first = page->next - page->lines.n;

	if (past_first(room) != page->end)
		return;
	if (first > page->from)
		room->lost = first;
	model_page_done(room);
}

static void
put_newer(struct room *room)
{
	const struct page *page = &room->page;

	if (page->next < page->end && room->newer.state == EDGE_STILL)
		room->newer.state = EDGE_OVER;
	if (room->lines.n == 0 && page->lines.n != 0 &&
	    page->next - page->lines.n > page->from)
		room->lost = page->next - page->lines.n;
	model_page_done(room);
}

/* An answer that did not bring all may be followed by more. */
static bool
goes_on(const struct page *page, const struct msg_done *d)
{
	return page->next < page->end && page->next > page->asked &&
	    d->next != 0 && !page->is_bad;
}

bool
apply_history_done(
    struct apply *a, struct asked *asked, const struct msg_done *d)
{
	struct room *room = asked->room;
	struct page *page = &room->page;
	union message m;

	if (!is_page(asked))
		return true;
	if (goes_on(page, d)) {
		m = history(room);
		asking_go_on(asked, a->out, &m);
		return false;
	}
	if (!page->is_newer && page->lines.n != 0 && page->next != page->end)
		page->is_bad = true;
	if (page->is_bad) {
		fail(room, SLICE("the server's answer makes no sense"));
		return true;
	}
	if (page->lines.n == 0)
		page->next = page->is_newer ? page->next : page->end;
	edge_of(room)->state = EDGE_STILL;
	if (page->is_newer)
		put_newer(room);
	else
		put_older(room);
	forget_page(room);
	return true;
}

/* ---- what is found ---- */

static void
take_found(struct apply *a, struct room *room, const struct msg_past *p)
{
	const struct msg_entry e = { .seq = p->seq,
		.time = p->time,
		.kind = p->kind,
		.who = p->who,
		.text = p->text };
	struct buf who = { 0 };
	struct line head;

	if (!scrollback_has_room(&room->lines, 1))
		return;
	apply_head(a, room, &e, &head);
	head.what = LINE_FOUND;
	head.is_mention = false;
	buf_printf(&who, "%.*s %.*s", SLICE_ARG(p->who), SLICE_ARG(p->room));
	model_page_line(a->model, room, &head, buf_slice(&who), p->text);
	model_page_done(room);
	buf_done(&who);
}

/* The next page of the same search. */
static void
search_on(struct apply *a, struct asked *asked, uint64_t next)
{
	struct buf before = asked->frame;
	struct frame f;
	union message m;

	asked->frame = (struct buf){ 0 };
	if (frame_read(buf_at(&before), before.len, PROTOCOL_FRAME_READY, &f) ==
		GOT_ONE &&
	    codec_decode(f.payload, f.len, &m) == FINE) {
		m.search.next = next;
		asking_go_on(asked, a->out, &m);
	}
	buf_done(&before);
}

/* Without a window all pages are told at once. */
static bool
told_found(struct apply *a, struct asked *asked, const struct msg_done *d)
{
	if (d->next != 0 && asked->count < FOUND_MOST) {
		search_on(a, asked, d->next);
		return false;
	}
	model_say(a->model, asked->room, "%u found%s", asked->count,
	    d->next != 0 ? ", and there is more" : "");
	return true;
}

bool
apply_search_done(
    struct apply *a, struct asked *asked, const struct msg_done *d)
{
	struct room *room = asked->room;
	unsigned n_empty = room->page.n_empty + 1;

	if (room->kind != ROOM_FOUND)
		return told_found(a, asked, d);
	if (!is_page(asked))
		return true;
	room->search_next = d->next;
	room->older.state = d->next != 0 ? EDGE_STILL : EDGE_OVER;
	forget_page(room);
	if (asked->count != 0 || d->next == 0)
		return true;
	room->page.n_empty = n_empty;
	if (n_empty % EMPTY_PAGES == 0)
		fail(room, SLICE("nothing more for a long while back"));
	return true;
}

/* ---- both ---- */

bool
hear_past(struct apply *a, const union message *m)
{
	const struct msg_past *p = &m->past;
	struct asked *asked = asking_find(&a->asking, p->ref);
	const struct entry_row *row = protocol_entry(p->kind);

	if (asked == NULL)
		return true;
	if (asked->type == MSG_HISTORY) {
		tell(a, row != NULL ? row->name : "notice", p);
		if (is_page(asked))
			take_entry(a, asked->room, p);
	} else if (asked->type == MSG_SEARCH) {
		asked->count++;
		tell(a, "found", p);
		if (is_page(asked))
			take_found(a, asked->room, p);
	}
	return true;
}

bool
apply_page_refused(struct asked *asked, struct slice why)
{
	if ((asked->type != MSG_HISTORY && asked->type != MSG_SEARCH) ||
	    !is_page(asked))
		return false;
	fail(asked->room, why);
	return true;
}
