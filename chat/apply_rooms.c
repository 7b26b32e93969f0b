/*
 * The way into a connection and into its rooms: hello refused, welcome,
 * belongs, attach and join, attached and detached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "apply_state.h"
#include "codec.h"
#include "past.h"
#include "text.h"
#include "utf8.h"
#include "wire.h"
#include "xmalloc.h"

enum {
	NICK_TAILS = 4,	  /* underscores tried behind a nick that is taken */
	NICK_NUMBERS = 4, /* after them, numbers */
	SEEN_MS = 2000,	  /* how far a room was seen is told so often */
};

/* ---- hello ---- */

/* The nick wanted and a tail, within the limit. */
static void
next_nick(struct apply *a)
{
	char tail[8] = "____";
	const char *wanted = a->model->nick;
	size_t room, len = strlen(wanted);
	unsigned try = a->nick_tries++;

	if (try < NICK_TAILS)
		tail[try + 1] = '\0';
	else
		snprintf(tail, sizeof(tail), "%u",
		    wire_get_u16(a->device.byte + 2 * (try - NICK_TAILS)) %
			10000u);
	room = NAMES_NICK_MAX - strlen(tail);
	while (len > room)
		len = utf8_cluster_before(wanted, len);
	snprintf(a->nick, sizeof(a->nick), "%.*s%s", (int)len, wanted, tail);
}

bool
apply_hello_refused(struct apply *a, const struct msg_refused *r)
{
	bool is_taken =
	    r->code == REFUSE_NICK_TAKEN || r->code == REFUSE_NICK_OWNED;
	char taken[sizeof(a->nick)];

	if (!is_taken || a->nick_tries == NICK_TAILS + NICK_NUMBERS)
		return apply_closed(a, r->code, r->wait, r->text);
	memcpy(taken, a->nick, sizeof(taken));
	next_nick(a);
	model_news(
	    a->model, "the nick %s is in use; trying %s", taken, a->nick);
	apply_hello(a);
	return true;
}

/* ---- asking for rooms ---- */

static struct slice
name_of(const struct room *room)
{
	return slice_of(room->name);
}

static bool
is_asked(const struct apply *a, const struct room *room)
{
	return asking_has(&a->asking, room, MSG_JOIN) ||
	    asking_has(&a->asking, room, MSG_ATTACH);
}

static void
join(struct apply *a, struct room *room)
{
	union message m = { .join = { MSG_JOIN, 0, name_of(room) } };

	apply_ask(a, &m, room, true);
}

/* A conversation opens by itself when the other one speaks, who may not be
 * there yet: it is opened from here only if there is something to say. */
void
apply_open(struct apply *a, struct room *room)
{
	if (room->is_wanted && !room->is_attached && !is_asked(a, room) &&
	    (!room->is_direct || outbox_waits(&a->outbox, room)))
		join(a, room);
}

static void
attach(struct apply *a, struct room *room)
{
	union message m = { .attach = {
				MSG_ATTACH, 0, name_of(room), room->seq } };

	apply_ask(a, &m, room, true);
}

static void
part(struct apply *a, struct room *room)
{
	union message m = { .part = { MSG_PART, 0, name_of(room), SLICE("") } };

	apply_ask(a, &m, room, true);
}

void
apply_names(struct apply *a, struct room *room)
{
	union message m = { .names = { MSG_NAMES, 0, name_of(room), 0 } };

	if (!a->is_apart && !asking_has(&a->asking, room, MSG_NAMES))
		apply_ask(a, &m, room, true);
}

/* ---- welcome ---- */

/* A number of another log says nothing about this one. */
static void
forget_cursor(struct room *room)
{
	scrollback_new_log(&room->lines);
	room->lost = 0;
	room->number = 0;
	room->seq = 0;
	room->head = 0;
	room->seen = 0;
	room->told = 0;
	room->is_leaving = false;
}

static void
note_log(struct apply *a, const struct id *log)
{
	static const struct id unknown;
	struct model *m = a->model;
	bool is_same = memcmp(&m->log, log, sizeof(*log)) == 0;
	bool was_known = memcmp(&m->log, &unknown, sizeof(unknown)) != 0;
	size_t i;

	m->log = *log;
	if (is_same || !was_known)
		return;
	for (i = 0; i < m->n_rooms; i++) {
		forget_cursor(m->rooms[i]);
		m->rooms[i]->seen = 0;
	}
	model_news(m,
	    "the server's history began anew: what was said before "
	    "is only kept here");
}

static void
copy_safe(char *out, size_t size, struct slice text)
{
	struct buf safe = { 0 };

	text_safe(&safe, text, TEXT_ONE_LINE);
	snprintf(out, size, "%s", buf_string(&safe));
	buf_done(&safe);
}

/* Where nothing came yet it would stand before what was said earlier. */
static void
tell_connected(struct model *m)
{
	char *words = xasprintf("connected to %s (%s%s%s) as %s", m->server,
	    m->where, m->from[0] != '\0' ? ", from " : "", m->from, m->nick);

	if (m->looked_at->lines.n == 0)
		model_tell(m, NULL, "state", "%s", words);
	else
		model_news(m, "%s", words);
	free(words);
}

static void
greet(struct apply *a, const struct msg_welcome *w)
{
	struct model *m = a->model;

	copy_safe(m->server, sizeof(m->server), w->server);
	copy_safe(m->nick, sizeof(m->nick), w->nick);
	snprintf(a->nick, sizeof(a->nick), "%s", m->nick);
	m->text_max = w->text < PROTOCOL_TEXT_MAX ? w->text : PROTOCOL_TEXT_MAX;
	m->state = LINK_LIVE;
	m->why[0] = '\0';
	tell_connected(m);
	if (w->motd.len != 0)
		model_say(m, NULL, "%.*s", SLICE_ARG(w->motd));
}

bool
hear_welcome(struct apply *a, const union message *m)
{
	const struct msg_welcome *w = &m->welcome;
	size_t i;

	if (w->version != PROTOCOL_VERSION)
		return apply_fail(a, true, EX_PROTOCOL,
		    "the server speaks version %u of the protocol, not %u",
		    w->version, PROTOCOL_VERSION);
	if (a->is_live)
		return apply_fail(
		    a, false, EX_PROTOCOL, "the server welcomed us twice");
	a->is_live = true;
	a->knows_rooms = false;
	a->ping_ms = w->ping;
	greet(a, w);
	note_log(a, &w->log);
	outbox_begin(&a->outbox, &w->log, w->last);
	for (i = 1; i < a->model->n_rooms; i++) {
		struct room *room = a->model->rooms[i];
		past_try_again(room);
		if (room->seq == 0)
			apply_open(a, room);
	}
	apply_ping(a);
	return true;
}

static struct room *
room_of_number(struct model *m, uint32_t number)
{
	size_t i;

	for (i = 1; i < m->n_rooms; i++)
		if (m->rooms[i]->number == number &&
		    m->rooms[i]->kind == ROOM_TALK)
			return m->rooms[i];
	return NULL;
}

/* By number first: a direct conversation may have another name by now. */
static struct room *
find_room(struct apply *a, uint32_t number, struct slice name)
{
	struct model *m = a->model;
	struct room *room = room_of_number(m, number);

	if (room == NULL)
		room = model_room(m, name);
	if (room == NULL && m->n_rooms < APPLY_ROOMS)
		room = model_room_open(m, name);
	if (room != NULL && !slice_is(name_of(room), name))
		model_room_rename(m, room, name);
	return room;
}

/* What another run of this device has seen. */
static void
note_seen(struct room *room, uint64_t seen)
{
	room->told = seen;
	if (seen > room->seen)
		room->seen = seen;
	if (room->seen < room->seq || room->unread_id != 0)
		return;
	/* Unread since before this run began, and seen since. */
	room->unread = 0;
	room->mentions = 0;
}

/* Who has read a log without being in the room has a cursor all the same. */
static void
note_number(
    const struct apply *a, struct room *room, uint32_t number, uint64_t head)
{
	if (a->is_apart && room->number == 0 && room->seq <= head)
		room->number = number;
}

bool
hear_belongs(struct apply *a, const union message *m)
{
	const struct msg_belongs *b = &m->belongs;
	struct room *room;

	if (b->name.len == 0) /* a conversation whose other end is gone */
		return true;
	room = find_room(a, b->room, b->name);
	if (room == NULL || is_asked(a, room))
		return true;
	if (room->seen < b->seen)
		room->seen = b->seen;
	if (a->is_apart && !room->is_wanted) {
		room->head = b->head;
		return true;
	}
	note_number(a, room, b->room, b->head);
	if (room->is_leaving) {
		part(a, room);
		return true;
	}
	if (!room->is_wanted)
		model_room_open(a->model, b->name);
	room->is_wanted = true;
	if (room->seq != 0 && room->number == b->room && room->seq <= b->head) {
		note_seen(room, b->seen);
		attach(a, room);
		return true;
	}
	forget_cursor(room);
	join(a, room);
	return true;
}

/* Everything that belongs came before the answer to the first ping. */
static void
join_the_rest(struct apply *a)
{
	struct model *m = a->model;
	size_t i;

	a->knows_rooms = true;
	for (i = 1; i < m->n_rooms; i++) {
		struct room *room = m->rooms[i];
		room->is_leaving = false;
		apply_open(a, room);
	}
	if (a->transfers != NULL)
		transfers_begin(a->transfers);
}

bool
hear_pong(struct apply *a, const union message *m)
{
	if (a->pinged_ms == 0 || m->pong.token != (uint64_t)a->pinged_ms)
		return true;
	a->model->ping_ms = (int)(a->now_ms - a->pinged_ms);
	a->pinged_ms = 0;
	if (a->is_live && !a->knows_rooms)
		join_the_rest(a);
	return true;
}

/* ---- attached ---- */

static void
note_missing(struct apply *a, struct room *room, uint64_t first)
{
	struct line head = { .what = LINE_GAP, .time = a->model->wall() };
	struct event event = { .time = head.time,
		.kind = "gap",
		.room = room->name,
		.seq = first - 1 };
	struct buf words = { 0 };

	buf_printf(&words, "%llu entries are not to be had any more",
	    (unsigned long long)(first - room->seq - 1));
	event.text = buf_slice(&words);
	model_line(a->model, room, &head, SLICE(""), event.text);
	model_event(a->model, &event);
	buf_done(&words);
}

/* The next entry of a room will be this one. */
static void
go_to(struct apply *a, struct room *room, uint64_t first)
{
	if (first <= room->seq + 1)
		return;
	if (room->seq != 0)
		note_missing(a, room, first);
	room->seq = first - 1;
}

bool
hear_gap(struct apply *a, const union message *m)
{
	struct room *room = model_room_number(a->model, m->gap.room);

	if (room == NULL)
		return true;
	go_to(a, room, m->gap.first);
	outbox_caught_up(&a->outbox, room);
	return true;
}

static void
take_seat(struct apply *a, struct room *room, const struct msg_attached *at)
{
	struct buf topic = { 0 };

	room->number = at->room;
	note_seen(room, at->seen);
	go_to(a, room, at->first != 0 ? at->first : 1);
	room->head = at->head;
	room->since = at->head;
	room->seen_then = room->seen;
	if (room->lines.first_seq == 0) {
		room->came = room->seq + 1;
		if (room->unfound < room->unread)
			room->unfound = room->unread;
	}
	room->named = UINT64_MAX;
	room->is_attached = true;
	room->is_wanted = true;
	text_safe(&topic, at->topic, TEXT_ONE_LINE);
	free(room->topic);
	room->topic = xstrdup(buf_string(&topic));
	buf_done(&topic);
	model_room_open(a->model, name_of(room));
}

/* Its entries would begin behind those one has. */
static bool
passes_over(const struct apply *a, const struct room *room,
    const struct msg_attached *at)
{
	return a->is_apart && at->first > room->seq + 1;
}

bool
hear_attached(struct apply *a, const union message *m)
{
	const struct msg_attached *at = &m->attached;
	struct asked *asked = asking_find(&a->asking, at->ref);
	struct room *room;
	bool was_attach = asked != NULL && asked->type == MSG_ATTACH;

	if (asked != NULL && !was_attach && asked->type != MSG_JOIN)
		return true;
	if (at->name.len == 0 || (asked == NULL && at->ref != 0))
		return true;
	room = asked != NULL ? asked->room : find_room(a, at->room, at->name);
	if (asked != NULL)
		apply_answered(a, asked);
	if (room == NULL || (a->is_apart && !room->is_wanted))
		return true;
	if (!slice_is(name_of(room), at->name))
		model_room_rename(a->model, room, at->name);
	note_number(a, room, at->room, at->head);
	if (room->number != at->room) {
		forget_cursor(room);
		if (was_attach) {
			join(a, room);
			return true;
		}
	}
	if (!was_attach && passes_over(a, room, at)) {
		room->number = at->room;
		attach(a, room);
		return true;
	}
	take_seat(a, room, at);
	if (room->seq >= room->head)
		outbox_caught_up(&a->outbox, room);
	apply_names(a, room);
	apply_pump(a);
	return true;
}

/* ---- seen ---- */

static bool
is_to_tell(const struct room *room)
{
	return room->is_attached && room->seen > room->told;
}

void
apply_tell_seen(struct apply *a, bool all)
{
	const struct model *m = a->model;

	for (size_t i = 1; i < m->n_rooms; i++) {
		struct room *room = m->rooms[i];
		union message seen = { .seen = { MSG_SEEN, 0, name_of(room),
					   room->seen } };
		if (!is_to_tell(room) || (!all && room->tell_ms > a->now_ms))
			continue;
		apply_ask(a, &seen, room, true);
		room->told = room->seen;
		room->tell_ms = a->now_ms + SEEN_MS;
	}
}

int64_t
apply_seen_wait(const struct apply *a, int64_t now_ms)
{
	const struct model *m = a->model;
	int64_t least = -1;

	for (size_t i = 1; i < m->n_rooms; i++) {
		int64_t left = m->rooms[i]->tell_ms - now_ms;
		if (!is_to_tell(m->rooms[i]))
			continue;
		left = left > 0 ? left : 0;
		if (least < 0 || left < least)
			least = left;
	}
	return least;
}

/* ---- detached ---- */

static void
leave(struct apply *a, struct room *room, enum refusal why)
{
	room->is_attached = false;
	room->is_wanted = false;
	outbox_leave(&a->outbox, room, why);
	model_room_close(a->model, room);
}

bool
hear_detached(struct apply *a, const union message *m)
{
	struct room *room = model_room_number(a->model, m->detached.room);
	struct asked *asked = asking_find(&a->asking, m->detached.ref);

	if (asked != NULL && asked->type == MSG_PART)
		apply_answered(a, asked);
	if (room != NULL)
		leave(a, room, REFUSE_NOT_MEMBER);
	return true;
}

/* ---- refused ---- */

bool
apply_room_refused(
    struct apply *a, struct asked *asked, const struct msg_refused *r)
{
	struct room *room = asked->room;

	switch (asked->type) {
	case MSG_ATTACH:
		forget_cursor(room);
		join(a, room);
		return true;
	case MSG_JOIN:
		room->is_wanted = false;
		room->is_attached = false;
		outbox_leave(&a->outbox, room, (enum refusal)r->code);
		model_tell(a->model, room, "refused", "join %s: %.*s",
		    room->name, SLICE_ARG(r->text));
		return true;
	case MSG_PART:
		leave(a, room, REFUSE_NOT_MEMBER);
		return true;
	default:
		return false;
	}
}
