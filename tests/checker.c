#include "checker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmalloc.h"

enum { WORDS_MOST = 20 }; /* faults told in words */

const char *const fault_names[FAULTS] = {
	[LOST] = "lost",
	[DUPLICATE] = "duplicate",
	[DIVERGED] = "diverged",
	[HOLE] = "hole",
	[INVERSION] = "inversion",
	[PHANTOM] = "phantom",
	[GHOST] = "ghost",
	[UNRESOLVED] = "unresolved",
	[STALE] = "stale",
};

/* ---- recording ---- */

struct history_row {
	enum {
		SAYS,
		STORED,
		REFUSED,
		ASKS,
		ATTACHED,
		SEES,
		GAP,
		LEAVES,
		ENDS
	} what;
	unsigned client;
	uint32_t room;
	uint8_t kind;  /* SEES: of the entry */
	uint64_t seq;  /* ATTACHED, GAP: the first to come */
	uint64_t text; /* hashes */
	uint64_t who;
	uint64_t other; /* SEES: the entry's time; ATTACHED: the head */
	size_t asked;
};

static uint64_t
hash(struct slice s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.at[i]) * 1099511628211u;
	return h ^ h >> 29;
}

static struct history_row *
add(struct history *h, int what, unsigned client)
{
	assert(client < h->n_clients);
	if (h->n == h->cap) {
		h->cap = h->cap != 0 ? h->cap * 2 : 1024;
		h->rows = xrealloc(h->rows, h->cap, sizeof(*h->rows));
	}
	h->rows[h->n] = (struct history_row){ .what = what, .client = client };
	return &h->rows[h->n++];
}

void
history_free(struct history *h)
{
	free(h->rows);
	free(h->nicks);
	*h = (struct history){ 0 };
}

unsigned
history_client(struct history *h, struct slice nick)
{
	h->nicks = xrealloc(h->nicks, h->n_clients + 1, sizeof(*h->nicks));
	h->nicks[h->n_clients] = hash(nick);
	return h->n_clients++;
}

void
history_says(struct history *h, unsigned client, struct slice text)
{
	add(h, SAYS, client)->text = hash(text);
}

void
history_stored(struct history *h, unsigned client, struct slice text,
    uint32_t room, uint64_t seq)
{
	struct history_row *r = add(h, STORED, client);

	r->text = hash(text);
	r->room = room;
	r->seq = seq;
}

void
history_refused(struct history *h, unsigned client, struct slice text)
{
	add(h, REFUSED, client)->text = hash(text);
}

size_t
history_asks(struct history *h, unsigned client)
{
	add(h, ASKS, client);
	return h->n - 1;
}

void
history_attached(struct history *h, unsigned client, size_t asked,
    uint32_t room, uint64_t first, uint64_t head)
{
	struct history_row *r = add(h, ATTACHED, client);

	r->asked = asked;
	r->room = room;
	r->seq = first;
	r->other = head;
}

void
history_sees(struct history *h, unsigned client, const struct msg_entry *e)
{
	struct history_row *r = add(h, SEES, client);

	r->room = e->room;
	r->seq = e->seq;
	r->kind = e->kind;
	r->who = hash(e->who);
	r->text = hash(e->text);
	r->other = e->time;
}

void
history_gap(struct history *h, unsigned client, uint32_t room, uint64_t first)
{
	struct history_row *r = add(h, GAP, client);

	r->room = room;
	r->seq = first;
}

void
history_leaves(struct history *h, unsigned client, uint32_t room)
{
	add(h, LEAVES, client)->room = room;
}

void
history_ends(struct history *h, unsigned client)
{
	add(h, ENDS, client);
}

/* ---- checking ---- */

struct send {
	uint64_t text;
	unsigned client;
	size_t no; /* the how-manieth row: the sender's order */
	enum { OPEN, IS_STORED, IS_REFUSED } fate;
	uint32_t room, told_room;
	uint64_t seq, told_seq; /* 0: nowhere; not told */
};

struct check {
	const struct history *h;
	struct verdict *v;
	struct send *sends; /* by text */
	size_t n_sends;
	const struct history_row **views; /* SEES by room, number, client */
	size_t n_views;
	bool *is_again; /* of a row: the client had it before */
	bool *is_gone;	/* of a client */
};

__attribute__((format(printf, 3, 4))) static void
found(struct check *c, enum fault fault, const char *words, ...)
{
	char line[200];
	va_list args;

	c->v->faults[fault]++;
	if (c->v->all++ >= WORDS_MOST)
		return;
	va_start(args, words);
	vsnprintf(line, sizeof(line), words, args);
	va_end(args);
	buf_printf(&c->v->words, "%s: %s\n", fault_names[fault], line);
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int
by_text(const void *a, const void *b)
{
	const struct send *x = a, *y = b;

	return ORDER(x->text, y->text);
}

static int
by_place(const void *a, const void *b)
{
	const struct history_row *x = *(const struct history_row *const *)a,
				 *y = *(const struct history_row *const *)b;

	return x->room != y->room    ? ORDER(x->room, y->room)
	    : x->seq != y->seq	     ? ORDER(x->seq, y->seq)
	    : x->client != y->client ? ORDER(x->client, y->client)
				     : ORDER(x, y);
}

/* By client, then room, then as it happened. */
static int
by_view(const void *a, const void *b)
{
	const struct history_row *x = *(const struct history_row *const *)a,
				 *y = *(const struct history_row *const *)b;

	return x->client != y->client ? ORDER(x->client, y->client)
	    : x->room != y->room      ? ORDER(x->room, y->room)
				      : ORDER(x, y);
}

/* ---- what was said, and what was answered ---- */

static struct send *
send_of(const struct check *c, uint64_t text)
{
	const struct send key = { .text = text };

	return bsearch(&key, c->sends, c->n_sends, sizeof(key), by_text);
}

static void
collect_sends(struct check *c)
{
	c->sends = xcalloc(c->h->n + 1, sizeof(*c->sends));
	for (size_t i = 0; i < c->h->n; i++) {
		const struct history_row *r = &c->h->rows[i];

		if (r->what == SAYS)
			c->sends[c->n_sends++] = (struct send){
				.text = r->text, .client = r->client, .no = i
			};
		if (r->what == ENDS)
			c->is_gone[r->client] = true;
	}
	qsort(c->sends, c->n_sends, sizeof(*c->sends), by_text);
	for (size_t i = 1; i < c->n_sends; i++)
		assert(c->sends[i - 1].text != c->sends[i].text);
	c->v->said = c->n_sends;
}

static void
take_answer(struct check *c, const struct history_row *r)
{
	struct send *s = send_of(c, r->text);

	if (s == NULL || s->client != r->client) {
		found(c, PHANTOM, "client %u: an answer to what it never said",
		    r->client);
		return;
	}
	if (r->what == REFUSED) {
		s->fate = IS_REFUSED;
		return;
	}
	if (s->told_seq != 0 && r->seq != 0 &&
	    (s->told_seq != r->seq || s->told_room != r->room))
		found(c, DUPLICATE,
		    "client %u: stored as %u/%" PRIu64 " and as %u/%" PRIu64,
		    r->client, s->told_room, s->told_seq, r->room, r->seq);
	if (r->seq != 0) {
		s->told_room = r->room;
		s->told_seq = r->seq;
	}
	c->v->stored += s->fate != IS_STORED;
	s->fate = IS_STORED;
}

static void
take_answers(struct check *c)
{
	for (size_t i = 0; i < c->h->n; i++)
		if (c->h->rows[i].what == STORED ||
		    c->h->rows[i].what == REFUSED)
			take_answer(c, &c->h->rows[i]);
}

/* ---- the logs ---- */

static void
collect_views(struct check *c)
{
	c->views = xcalloc(c->h->n + 1, sizeof(*c->views));
	for (size_t i = 0; i < c->h->n; i++)
		if (c->h->rows[i].what == SEES)
			c->views[c->n_views++] = &c->h->rows[i];
	qsort(c->views, c->n_views, sizeof(*c->views), by_place);
	c->v->seen = c->n_views;
}

static bool
is_said(const struct history_row *r)
{
	const struct entry_row *row = protocol_entry(r->kind);

	return row != NULL && row->by == FROM_CLIENT;
}

/* last: of each client, the number of what it said that stands before. */
static void
look_at_said(struct check *c, const struct history_row *r, size_t *last)
{
	struct send *s = send_of(c, r->text);

	if (s == NULL || c->h->nicks[s->client] != r->who) {
		found(c, PHANTOM, "%u/%" PRIu64, r->room, r->seq);
		return;
	}
	if (s->seq != 0)
		found(c, DUPLICATE, "client %u: %u/%" PRIu64 " is %u/%" PRIu64,
		    s->client, r->room, r->seq, s->room, s->seq);
	if (s->fate == IS_REFUSED)
		found(c, GHOST, "client %u: refused, but %u/%" PRIu64,
		    s->client, r->room, r->seq);
	if (s->told_seq != 0 &&
	    (s->told_seq != r->seq || s->told_room != r->room))
		found(c, DIVERGED,
		    "client %u: stored as %u/%" PRIu64 ", but %u/%" PRIu64,
		    s->client, s->told_room, s->told_seq, r->room, r->seq);
	if (s->no + 1 < last[s->client])
		found(c, INVERSION, "client %u: %u/%" PRIu64 " was said before",
		    s->client, r->room, r->seq);
	last[s->client] = s->no + 1;
	s->room = r->room;
	s->seq = r->seq;
}

/* All that was seen at one place. */
static void
look_at_place(
    struct check *c, const struct history_row **at, size_t n, size_t *last)
{
	for (size_t i = 0; i < n; i++) {
		const struct history_row *a = at[0], *b = at[i];
		bool is_other = a->text != b->text || a->who != b->who ||
		    a->kind != b->kind ||
		    (a->other != b->other && a->other != 0 && b->other != 0);

		if (i != 0 && at[i - 1]->client == b->client) {
			c->is_again[b - c->h->rows] = true;
			found(c, DUPLICATE, "client %u: %u/%" PRIu64 " again",
			    b->client, b->room, b->seq);
		}
		if (is_other)
			found(c, DIVERGED,
			    "%u/%" PRIu64 " of clients %u and %u", a->room,
			    a->seq, a->client, b->client);
		if (is_said(b) && (i == 0 || a->text != b->text))
			look_at_said(c, b, last);
	}
}

static void
look_at_logs(struct check *c)
{
	size_t *last = xcalloc(c->h->n_clients + 1, sizeof(*last));
	size_t from = 0, to;

	for (; from < c->n_views; from = to) {
		const struct history_row *r = c->views[from];

		if (from != 0 && c->views[from - 1]->room != r->room)
			memset(last, 0, c->h->n_clients * sizeof(*last));
		for (to = from + 1; to < c->n_views; to++)
			if (c->views[to]->room != r->room ||
			    c->views[to]->seq != r->seq)
				break;
		look_at_place(c, c->views + from, to - from, last);
	}
	free(last);
}

static void
look_at_sends(struct check *c)
{
	for (size_t i = 0; i < c->n_sends; i++) {
		const struct send *s = &c->sends[i];

		if (s->fate == IS_STORED && s->seq == 0)
			found(c, LOST,
			    "client %u: stored as %u/%" PRIu64 ", seen by none",
			    s->client, s->told_room, s->told_seq);
		if (s->fate == OPEN && !c->is_gone[s->client])
			found(c, UNRESOLVED, "client %u: %s", s->client,
			    s->seq != 0 ? "it is there" : "it is not there");
	}
}

/* ---- the views ---- */

/* The number of the last entry anybody saw of the room. */
static uint64_t
head_of(const struct check *c, uint32_t room)
{
	size_t low = 0, high = c->n_views;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c->views[middle]->room <= room)
			low = middle + 1;
		else
			high = middle;
	}
	return low != 0 && c->views[low - 1]->room == room
	    ? c->views[low - 1]->seq
	    : 0;
}

static bool
was_stored(const struct check *c, uint32_t room, uint64_t seq)
{
	for (size_t i = 0; i < c->n_sends; i++)
		if (c->sends[i].room == room && c->sends[i].seq == seq)
			return c->sends[i].fate == IS_STORED;
	return false;
}

static void
miss(struct check *c, const struct history_row *r, uint64_t from, uint64_t to)
{
	bool is_lost = false;

	for (uint64_t seq = from; seq < to && seq < from + WORDS_MOST; seq++)
		is_lost |= was_stored(c, r->room, seq);
	found(c, HOLE, "client %u: %u/%" PRIu64 " to %" PRIu64, r->client,
	    r->room, from, to - 1);
	if (is_lost)
		found(
		    c, LOST, "client %u: among them what is stored", r->client);
}

/* next: the number to come; 0: any. */
static void
look_at_row(struct check *c, const struct history_row *r, uint64_t *next)
{
	switch (r->what) {
	case ATTACHED:
	case GAP:
		if (r->what == ATTACHED && *next != 0 && r->seq > *next)
			miss(c, r, *next, r->seq);
		*next = r->seq;
		break;
	case LEAVES:
		*next = 0;
		break;
	default:
		if (*next != 0 && r->seq > *next)
			miss(c, r, *next, r->seq);
		if (r->seq < *next && !c->is_again[r - c->h->rows])
			found(c, INVERSION,
			    "client %u: %u/%" PRIu64 " behind %" PRIu64,
			    r->client, r->room, r->seq, *next - 1);
		*next = r->seq + 1;
	}
}

static void
look_at_end(struct check *c, const struct history_row *last, uint64_t next)
{
	uint64_t head = head_of(c, last->room);

	if (next != 0 && !c->is_gone[last->client] && next <= head)
		miss(c, last, next, head + 1);
}

static void
look_at_views(struct check *c)
{
	const struct history_row **at = xcalloc(c->h->n + 1, sizeof(*at));
	size_t n = 0;
	uint64_t next = 0;

	for (size_t i = 0; i < c->h->n; i++)
		if (c->h->rows[i].what >= ATTACHED &&
		    c->h->rows[i].what <= LEAVES)
			at[n++] = &c->h->rows[i];
	qsort(at, n, sizeof(*at), by_view);
	for (size_t i = 0; i < n; i++) {
		if (i != 0 &&
		    (at[i - 1]->client != at[i]->client ||
			at[i - 1]->room != at[i]->room)) {
			look_at_end(c, at[i - 1], next);
			next = 0;
		}
		look_at_row(c, at[i], &next);
	}
	if (n != 0)
		look_at_end(c, at[n - 1], next);
	free(at);
}

/* ---- time ---- */

struct mark {
	size_t moment;
	uint32_t room;
	uint64_t seq; /* the highest stored in the room until then */
};

static int
by_room_and_moment(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	return x->room != y->room ? ORDER(x->room, y->room)
				  : ORDER(x->moment, y->moment);
}

static size_t
collect_marks(const struct history *h, struct mark *marks)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->rows[i].what == STORED && h->rows[i].seq != 0)
			marks[n++] =
			    (struct mark){ i, h->rows[i].room, h->rows[i].seq };
	qsort(marks, n, sizeof(*marks), by_room_and_moment);
	for (size_t i = 1; i < n; i++)
		if (marks[i].room == marks[i - 1].room &&
		    marks[i].seq < marks[i - 1].seq)
			marks[i].seq = marks[i - 1].seq;
	return n;
}

/* What was stored in the room before the moment. */
static uint64_t
stored_before(const struct mark *marks, size_t n, uint32_t room, size_t moment)
{
	const struct mark key = { moment, room, 0 };
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_room_and_moment(&marks[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low != 0 && marks[low - 1].room == room ? marks[low - 1].seq : 0;
}

static void
look_at_times(struct check *c)
{
	struct mark *marks = xcalloc(c->h->n + 1, sizeof(*marks));
	size_t n = collect_marks(c->h, marks);

	for (size_t i = 0; i < c->h->n; i++) {
		const struct history_row *r = &c->h->rows[i];
		uint64_t stored;

		if (r->what != ATTACHED)
			continue;
		stored = stored_before(marks, n, r->room, r->asked);
		if (r->other < stored)
			found(c, STALE,
			    "client %u: room %u ends at %" PRIu64
			    " for it, but %" PRIu64 " was stored",
			    r->client, r->room, r->other, stored);
	}
	free(marks);
}

void
history_check(const struct history *h, struct verdict *v)
{
	struct check c = { .h = h, .v = v };

	*v = (struct verdict){ 0 };
	c.is_again = xcalloc(h->n + 1, sizeof(*c.is_again));
	c.is_gone = xcalloc(h->n_clients + 1, sizeof(*c.is_gone));
	collect_sends(&c);
	take_answers(&c);
	collect_views(&c);
	look_at_logs(&c);
	look_at_sends(&c);
	look_at_views(&c);
	look_at_times(&c);
	free(c.sends);
	free(c.views);
	free(c.is_again);
	free(c.is_gone);
}
