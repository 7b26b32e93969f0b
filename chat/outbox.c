#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

void
outbox_init(struct outbox *o, struct model *m)
{
	*o = (struct outbox){ .model = m, .window = OUTBOX_WINDOW };
	o->tail = &m->outbox;
	while (*o->tail != NULL)
		o->tail = &(*o->tail)->next;
}

struct pending *
outbox_add(struct outbox *o, struct room *room, enum entry_kind kind,
    struct slice text)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	p->time = o->model->wall();
	p->room = room;
	p->kind = (uint8_t)kind;
	p->to = xstrdup(room->name);
	p->text = xstrndup(text.at, text.len);
	*o->tail = p;
	o->tail = &p->next;
	o->model->n_pending++;
	return p;
}

static bool
is_in_flight(const struct pending *p)
{
	return p->n != 0 && !p->is_stored;
}

static bool
is_waiting(const struct pending *p)
{
	return p->n == 0 && p->why == FINE;
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
	free(p->to);
	free(p->text);
	free(p);
}

static void
mark_stored(struct outbox *o, struct pending *p)
{
	p->is_stored = true;
	o->n_stored++;
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
	buf_printf(&words, "%.*s: %s", SLICE_ARG(rule), p->text);
	tell(o, p, "refused", 0, buf_slice(&words));
	buf_done(&words);
}

/* What is stored, but whose entry will not come, stays to be read. */
static void
settle(struct outbox *o, struct pending **at)
{
	struct pending *p = *at;
	struct line head = { .what = LINE_ENTRY,
		.kind = p->kind,
		.time = p->time,
		.is_mine = true };

	model_line(
	    o->model, p->room, &head, slice_of(p->who), slice_of(p->text));
	drop(o, at);
}

void
outbox_begin(struct outbox *o, uint64_t last, bool is_new)
{
	struct pending **at = &o->model->outbox;

	o->last = last;
	o->in_flight = 0;
	o->goes_back = false;
	o->window = OUTBOX_WINDOW;
	o->hold_ms = 0;
	while (*at != NULL) {
		struct pending *p = *at;
		if (is_new && p->is_stored) {
			settle(o, at);
			continue;
		}
		if (is_in_flight(p) && !is_new && p->n <= last)
			mark_stored(o, p);
		else if (!p->is_stored)
			p->n = 0;
		at = &p->next;
	}
}

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
	p->n = o->last + ++o->in_flight;
	memcpy(p->who, o->model->nick, sizeof(p->who));
	return p;
}

int64_t
outbox_wait(const struct outbox *o, int64_t now_ms)
{
	if (o->in_flight != 0 || first_waiting(o) == NULL)
		return -1;
	return o->hold_ms > now_ms ? o->hold_ms - now_ms : 0;
}

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
	p->n = 0;
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
		drop(o, at);
		n++;
	}
	return n;
}
