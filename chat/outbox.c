#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "outbox_state.h"
#include "text.h"
#include "xmalloc.h"

void
outbox_init(struct outbox *o, struct model *m)
{
	*o = (struct outbox){ .model = m, .window = OUTBOX_WINDOW };
	o->server = xstrdup(m->target);
	o->tail = &m->outbox;
	while (*o->tail != NULL)
		o->tail = &(*o->tail)->next;
}

void
outbox_done(struct outbox *o)
{
	free(o->server);
	buf_done(&o->records);
}

void
outbox_hang(struct outbox *o, struct pending *p)
{
	*o->tail = p;
	o->tail = &p->next;
	o->model->n_pending += p->why == FINE;
}

/* The numbers it gets are those of the server spoken to. */
static void
address(const struct outbox *o, struct pending *p)
{
	free(p->server);
	p->log = o->log;
	p->server = xstrdup(o->server);
}

struct pending *
outbox_add(struct outbox *o, struct room *room, enum entry_kind kind,
    struct slice text)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	p->id = ++o->id;
	p->time = o->model->wall();
	p->room = room;
	p->kind = (uint8_t)kind;
	p->text = xstrndup(text.at, text.len);
	memcpy(p->who, o->model->nick, sizeof(p->who));
	address(o, p);
	if (o->has_begun && room->is_attached && !o->goes_back)
		p->n = ++o->top;
	outbox_hang(o, p);
	outbox_note_say(o, p);
	return p;
}

static bool
is_in_flight(const struct pending *p)
{
	return p->is_sent && !p->is_stored;
}

static bool
is_waiting(const struct pending *p)
{
	return !p->is_sent && !p->is_stored && p->why == FINE;
}

/* Takes the one *at points to out of the list. */
static void
drop(struct outbox *o, struct pending **at)
{
	struct pending *p = *at;

	*at = p->next;
	if (o->tail == &p->next)
		o->tail = at;
	o->model->n_pending -= p->why == FINE;
	o->n_stored -= p->is_stored;
	pending_free(p);
}

static void
mark_stored(struct outbox *o, struct pending *p)
{
	p->is_stored = true;
	o->n_stored++;
	outbox_note_gone(o, p, false);
}

static void
tell(const struct outbox *o, const struct pending *p, const char *kind,
    uint64_t seq, struct slice text)
{
	struct event event = { .time = o->model->wall(),
		.kind = kind,
		.room = p->room->name,
		.seq = seq,
		.who = slice_of(o->model->nick),
		.text = text };

	model_event(o->model, &event);
}

/* rule: why, in words. */
static void
refuse(struct outbox *o, struct pending *p, enum refusal why, struct slice rule)
{
	struct buf words = { 0 };

	p->n = 0;
	p->why = why;
	o->model->n_pending--;
	text_safe(&words, rule, TEXT_ONE_LINE);
	free(p->words);
	p->words = words.len != 0 ? xstrdup(buf_string(&words)) : NULL;
	outbox_note_refused(o, p);
	buf_printf(&words, ": %s", p->text);
	tell(o, p, "refused", 0, buf_slice(&words));
	buf_done(&words);
}

/* What is stored, but whose entry will not come, stays to be read.  What an
 * earlier run said is in the log, and was there to be read when it had come. */
static void
settle(struct outbox *o, struct pending **at)
{
	struct pending *p = *at;
	struct line head = { .what = LINE_ENTRY,
		.kind = p->kind,
		.time = p->time,
		.is_mine = true };

	if (!p->is_old)
		model_line(o->model, p->room, &head, slice_of(p->who),
		    slice_of(p->text));
	drop(o, at);
}

/* ---- whom one speaks to ---- */

static bool
is_log(const struct id *a, const struct id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void
outbox_redirect(struct outbox *o)
{
	if (strcmp(o->server, o->model->target) == 0)
		return;
	free(o->server);
	o->server = xstrdup(o->model->target);
	o->log = (struct id){ { 0 } };
	o->has_begun = false;
	outbox_note_log(o);
}

/* Why nothing is sent by itself to another server than it was meant for. */
static void
set_aside(struct outbox *o, struct pending *p)
{
	struct buf words = { 0 };

	buf_printf(&words, "it was said to another server%s%s",
	    p->server[0] != '\0' ? ": " : "", p->server);
	refuse(o, p, REFUSE_NOT_MEMBER, buf_slice(&words));
	buf_done(&words);
}

/* A message with the numbers of another log; true: it is sent anew. */
static bool
begin_anew(struct outbox *o, struct pending *p)
{
	static const struct id unknown;
	bool had_log = !is_log(&p->log, &unknown);

	p->n = p->n_writing = p->n_kept = 0;
	p->is_sent = false;
	if (p->why != FINE)
		return false;
	if (strcmp(p->server, o->server) != 0) {
		set_aside(o, p);
		return false;
	}
	p->log = o->log;
	return had_log;
}

static void
go_on(struct outbox *o, struct pending *p)
{
	bool was_sent = p->is_sent || p->is_old;

	if (p->is_stored || p->why != FINE)
		return;
	p->is_sent = false;
	if (p->n > o->last)
		return;
	if (p->n != 0 && was_sent)
		mark_stored(o, p);
	else
		p->n = 0;
}

void
outbox_begin(struct outbox *o, const struct id *log, uint64_t last)
{
	struct pending **at = &o->model->outbox;
	unsigned n_anew = 0;

	o->last = o->top = last;
	o->in_flight = 0;
	o->goes_back = false;
	o->window = OUTBOX_WINDOW;
	o->hold_ms = 0;
	o->has_begun = true;
	if (!is_log(&o->log, log)) {
		o->log = *log;
		outbox_note_log(o);
	}
	while (*at != NULL) {
		struct pending *p = *at;
		if (is_log(&p->log, log)) {
			go_on(o, p);
		} else if (p->is_stored) {
			settle(o, at);
			continue;
		} else {
			n_anew += begin_anew(o, p);
		}
		if (p->n > o->top)
			o->top = p->n;
		at = &p->next;
	}
	if (n_anew != 0)
		model_news(o->model,
		    "%u message%s sent again: whether %s "
		    "stored before cannot be known",
		    n_anew, n_anew == 1 ? " is" : "s are",
		    n_anew == 1 ? "it was" : "they were");
}

/* ---- sending ---- */

bool
outbox_waits(const struct outbox *o, const struct room *room)
{
	const struct pending *p = o->model->outbox;

	while (p != NULL && !(is_waiting(p) && p->room == room))
		p = p->next;
	return p != NULL;
}

/* A direct conversation is one room like any other: opened first, then spoken
 * in. */
static struct pending *
first_waiting(const struct outbox *o)
{
	struct pending *p = o->model->outbox;

	while (p != NULL && !(is_waiting(p) && p->room->is_attached))
		p = p->next;
	return p;
}

/* Gives all that may be sent the numbers in order, and takes them from the
 * rest. */
static void
number(struct outbox *o)
{
	uint64_t first = o->last + o->in_flight + 1, n = first;
	struct buf ids = { 0 };
	struct pending *p;

	for (p = o->model->outbox; p != NULL; p = p->next) {
		if (!is_waiting(p))
			continue;
		p->n = p->room->is_attached ? n++ : 0;
		if (p->n != 0)
			buf_add_u64(&ids, p->id);
	}
	o->top = n - 1;
	outbox_note_order(o, first, buf_slice(&ids));
	for (p = o->model->outbox; p != NULL; p = p->next)
		if (is_waiting(p))
			p->mark = o->noted;
	buf_done(&ids);
}

/* Another message has the number on disk: after a crash it would be taken for
 * the one that was stored. */
static bool
is_taken(const struct outbox *o, const struct pending *by)
{
	const struct pending *p = o->model->outbox;

	while (p != NULL &&
	    (p == by || !is_waiting(p) ||
		(p->n_kept != by->n && p->n_writing != by->n)))
		p = p->next;
	return p != NULL;
}

static bool
may_go(const struct outbox *o, const struct pending *p)
{
	if (!o->is_journaled || p->mark <= o->safe)
		return true;
	return o->model->is_unsafe && !is_taken(o, p);
}

static bool
is_next(const struct outbox *o, const struct pending *p)
{
	return p->n == o->last + o->in_flight + 1;
}

struct pending *
outbox_next_to_send(struct outbox *o, int64_t now_ms)
{
	struct pending *p;

	if (o->goes_back && o->in_flight != 0)
		return NULL;
	o->goes_back = false;
	if (now_ms < o->hold_ms || o->in_flight >= o->window)
		return NULL;
	p = first_waiting(o);
	if (p == NULL)
		return NULL;
	if (!is_next(o, p))
		number(o);
	if (!may_go(o, p))
		return NULL;
	p->is_sent = true;
	o->in_flight++;
	memcpy(p->who, o->model->nick, sizeof(p->who));
	return p;
}

int64_t
outbox_wait(const struct outbox *o, int64_t now_ms)
{
	const struct pending *p = first_waiting(o);

	if (o->in_flight != 0 || p == NULL)
		return -1;
	if (o->hold_ms > now_ms)
		return o->hold_ms - now_ms;
	return is_next(o, p) && !may_go(o, p) ? -1 : 0;
}

/* ---- answers ---- */

static struct pending **
find(struct outbox *o, uint64_t n)
{
	struct pending **at = &o->model->outbox;

	while (*at != NULL && !((*at)->n == n && is_in_flight(*at)))
		at = &(*at)->next;
	return at;
}

void
outbox_stored(struct outbox *o, const struct msg_stored *stored)
{
	struct pending **at = find(o, stored->n);
	struct pending *p = *at;

	if (p == NULL)
		return;
	o->in_flight--;
	o->last = stored->n;
	o->window += o->window < OUTBOX_WINDOW;
	mark_stored(o, p);
	tell(o, p, "stored", stored->seq, SLICE(""));
	if (!p->room->is_attached) {
		settle(o, at);
		return;
	}
	if (stored->room != p->room->number)
		return;
	p->seq = stored->seq;
	if (p->seq != 0 && p->seq <= p->room->seq)
		drop(o, at);
}

static void
hold(struct outbox *o, int64_t until_ms)
{
	o->window = o->window > 1 ? o->window / 2 : 1;
	if (o->hold_ms < until_ms)
		o->hold_ms = until_ms;
}

/* A number is out of order behind another refusal only. */
bool
outbox_refused(
    struct outbox *o, const struct msg_refused *refused, int64_t now_ms)
{
	struct pending *p = *find(o, refused->ref);
	bool is_first = !o->goes_back;

	if (p == NULL)
		return true;
	o->in_flight--;
	o->goes_back = true;
	p->is_sent = false;
	if (refused->code == REFUSE_OUT_OF_ORDER)
		return !is_first;
	if (refused->wait != 0)
		hold(o, now_ms + refused->wait);
	else
		refuse(o, p, refused->code, refused->text);
	return true;
}

static bool
is_its_entry(
    const struct pending *p, const struct room *room, const struct msg_entry *e)
{
	if (p->room != room || !p->is_stored)
		return false;
	if (p->seq != 0)
		return p->seq == e->seq;
	return p->kind == e->kind && slice_is(slice_of(p->who), e->who) &&
	    slice_is(slice_of(p->text), e->text);
}

bool
outbox_seen(struct outbox *o, struct room *room, const struct msg_entry *e)
{
	struct pending **at = &o->model->outbox;

	if (o->n_stored == 0)
		return false;
	while (*at != NULL && !is_its_entry(*at, room, e))
		at = &(*at)->next;
	if (*at == NULL)
		return false;
	drop(o, at);
	return true;
}

void
outbox_caught_up(struct outbox *o, struct room *room)
{
	struct pending **at = &o->model->outbox;

	while (o->n_stored != 0 && *at != NULL) {
		if ((*at)->room == room && (*at)->is_stored &&
		    (*at)->seq <= room->seq)
			settle(o, at);
		else
			at = &(*at)->next;
	}
}

void
outbox_leave(struct outbox *o, struct room *room, enum refusal why)
{
	struct pending **at = &o->model->outbox;

	while (*at != NULL) {
		struct pending *p = *at;
		if (p->room == room && p->is_stored) {
			settle(o, at);
			continue;
		}
		if (p->room == room && is_waiting(p))
			refuse(o, p, why, slice_of(refusal_text(why)));
		at = &p->next;
	}
}

unsigned
outbox_retry(struct outbox *o, struct room *room)
{
	struct pending *p;
	unsigned n = 0;

	for (p = o->model->outbox; p != NULL; p = p->next) {
		if (p->room != room || p->why == FINE)
			continue;
		p->why = FINE;
		address(o, p);
		outbox_note_retry(o, p);
		o->model->n_pending++;
		n++;
	}
	return n;
}

unsigned
outbox_forget(struct outbox *o, struct room *room)
{
	struct pending **at = &o->model->outbox;
	unsigned n = 0;

	while (*at != NULL) {
		if ((*at)->room != room || (*at)->why == FINE) {
			at = &(*at)->next;
			continue;
		}
		outbox_note_gone(o, *at, true);
		drop(o, at);
		n++;
	}
	return n;
}

bool
outbox_withdraw(struct outbox *o, uint64_t id)
{
	struct pending **at = &o->model->outbox;

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	if (*at == NULL || (*at)->is_old ||
	    (!is_waiting(*at) && (*at)->why == FINE))
		return false;
	outbox_note_gone(o, *at, true);
	drop(o, at);
	return true;
}
