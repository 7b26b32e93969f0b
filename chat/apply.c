#include "apply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "apply_state.h"
#include "codec.h"
#include "frame.h"
#include "text.h"
#include "xmalloc.h"

typedef bool hear(struct apply *, const union message *);

#define ROW_CLIENT(NAME, name)
#define ROW_SERVER(NAME, name) [MSG_##NAME] = hear_##name,
#define ROW_BOTH(NAME, name)   ROW_SERVER(NAME, name)
static hear *const handlers[UINT8_MAX + 1] = {
#define MESSAGE(NAME, name, no, from, when, cost, meaning)                     \
	ROW_##from(NAME, name)
#include "protocol.def"
};

struct apply *
apply_new(
    struct model *m, struct buf *out, const struct id *device, const char *nick)
{
	struct apply *a = xcalloc(1, sizeof(*a));

	a->model = m;
	a->out = out;
	a->device = *device;
	snprintf(a->nick, sizeof(a->nick), "%s", nick);
	snprintf(m->nick, sizeof(m->nick), "%s", nick);
	outbox_init(&a->outbox, m);
	return a;
}

void
apply_free(struct apply *a)
{
	if (a == NULL)
		return;
	while (a->asking.first != NULL)
		asking_drop(&a->asking, a->asking.first);
	outbox_done(&a->outbox);
	transfers_free(a->transfers);
	free(a);
}

struct outbox *
apply_outbox(struct apply *a)
{
	return &a->outbox;
}

void
apply_keep_apart(struct apply *a, bool looks)
{
	a->is_apart = true;
	a->features = looks ? PROTOCOL_LOOKS : 0;
}

/* ---- how it ends ---- */

bool
apply_fail(struct apply *a, bool is_final, int status, const char *format, ...)
{
	va_list args;

	a->end = (struct apply_end){ .is_final = is_final, .status = status };
	va_start(args, format);
	vsnprintf(a->end.why, sizeof(a->end.why), format, args);
	va_end(args);
	return false;
}

const struct apply_end *
apply_end(const struct apply *a)
{
	return &a->end;
}

/* What is not listed: trying again helps, EX_UNAVAILABLE. */
static const struct {
	enum refusal why;
	bool is_final;
	int status;
} ends[] = {
	{ REFUSE_VERSION, true, EX_PROTOCOL },
	{ REFUSE_NOT_CHAT, true, EX_PROTOCOL },
	{ REFUSE_DEVICE_BAD, true, EX_PROTOCOL },
	{ REFUSE_NICK_BAD, true, EX_DATAERR },
	{ REFUSE_NICK_RESERVED, true, EX_DATAERR },
	{ REFUSE_NICK_TAKEN, true, EX_NOPERM },
	{ REFUSE_NICK_OWNED, true, EX_NOPERM },
	{ REFUSE_KICKED, true, EX_NOPERM },
	{ REFUSE_DRAINING, false, EX_TEMPFAIL },
	{ REFUSE_REPLACED, true, EX_TEMPFAIL },
	{ REFUSE_FULL, false, EX_TEMPFAIL },
	{ REFUSE_ADDRESS_FULL, false, EX_TEMPFAIL },
	{ REFUSE_STOPPING, false, EX_TEMPFAIL },
};

bool
apply_closed(
    struct apply *a, enum refusal why, uint32_t wait_ms, struct slice text)
{
	struct buf safe = { 0 };
	bool is_final = false;
	int status = EX_UNAVAILABLE;
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (ends[i].why != why)
			continue;
		is_final = ends[i].is_final;
		status = ends[i].status;
	}
	if (text.len == 0 && why != FINE)
		text = slice_of(refusal_text(why));
	text_safe(&safe, text, TEXT_ONE_LINE);
	if (safe.len != 0)
		apply_fail(a, is_final, status, "%s", buf_string(&safe));
	else
		apply_fail(a, is_final, status, "the server said goodbye");
	buf_done(&safe);
	a->end.wait_ms = wait_ms;
	return false;
}

/* ---- what comes ---- */

/* A frame begins with a zero byte: it would be longer than allowed else. */
static bool
is_alien(struct apply *a, const uint8_t *at, size_t len)
{
	struct buf safe = { 0 };
	size_t end = 0;

	while (end < len && end < 60 && at[end] != '\r' && at[end] != '\n')
		end++;
	text_safe(
	    &safe, (struct slice){ (const char *)at, end }, TEXT_ONE_LINE);
	apply_fail(a, true, EX_PROTOCOL,
	    "no chatd speaks there, it begins with \"%s\"", buf_string(&safe));
	buf_done(&safe);
	return false;
}

static bool
apply_frame(struct apply *a, const struct frame *f)
{
	union message m;
	enum refusal why = codec_decode(f->payload, f->len, &m);

	if (why == REFUSE_UNKNOWN_TYPE || handlers[f->payload[0]] == NULL)
		return true;
	if (why != FINE)
		return apply_fail(a, false, EX_PROTOCOL,
		    "the server sent what cannot be read (%s: %s)",
		    protocol_row(f->payload[0])->name, refusal_name(why));
	return handlers[m.type](a, &m);
}

bool
apply_bytes(struct apply *a, const uint8_t *at, size_t len, size_t *used,
    int64_t now_ms)
{
	struct frame f;

	*used = 0;
	a->now_ms = now_ms;
	a->heard_ms = now_ms;
	if (len != 0 && !a->has_heard && at[0] != 0)
		return is_alien(a, at, len);
	while (*used < len) {
		a->has_heard = true;
		switch (frame_read(
		    at + *used, len - *used, PROTOCOL_FRAME_READY, &f)) {
		case GOT_PART:
			return true;
		case GOT_BAD:
			return apply_fail(a, false, EX_PROTOCOL,
			    "the server sent no frame where one begins (%s)",
			    refusal_name(f.why));
		case GOT_ONE:
			*used += f.used;
			if (!apply_frame(a, &f))
				return false;
		}
	}
	return true;
}

/* ---- the connection ---- */

void
apply_hello(struct apply *a)
{
	union message m = { .hello = {
				.type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.features = a->features,
				.device = a->device,
				.nick = slice_of(a->nick),
				.software = SLICE("chat " CHAT_VERSION),
			    } };

	codec_encode(a->out, &m);
}

void
apply_begin(struct apply *a, int64_t now_ms)
{
	a->now_ms = now_ms;
	a->heard_ms = now_ms;
	a->pinged_ms = 0;
	a->ping_ms = 0;
	a->has_heard = false;
	a->nick_tries = 0;
	memcpy(a->nick, a->model->nick, sizeof(a->nick));
	apply_fail(a, false, EX_UNAVAILABLE, "the connection was closed");
	apply_hello(a);
}

/* The user's requests are told to be lost, but for those that are made again or
 * true by now: the room is wanted, or is no more. */
static void
tell_lost(struct apply *a, struct asked *asked)
{
	if (asked->type == MSG_PART) {
		asked->room->is_leaving = true;
		model_room_close(a->model, asked->room);
	} else if (asked->type != MSG_JOIN && !asked->is_own) {
		model_tell(a->model, asked->room, "error",
		    "%s: not answered, the connection was lost",
		    protocol_row(asked->type)->name);
	}
}

bool
apply_over(struct apply *a)
{
	struct model *m = a->model;
	bool was_live = a->is_live;
	size_t i;

	while (a->asking.first != NULL) {
		if (!apply_page_refused(
			a->asking.first, SLICE("the connection was lost")))
			tell_lost(a, a->asking.first);
		apply_answered(a, a->asking.first);
	}
	for (i = 0; i < m->n_rooms; i++)
		m->rooms[i]->is_attached = false;
	a->is_live = false;
	if (a->transfers != NULL)
		transfers_over(a->transfers);
	m->ping_ms = -1;
	return was_live;
}

void
apply_bye(struct apply *a, struct slice words, bool stays)
{
	union message bye = {
		.bye = { .type = MSG_BYE, .text = words, .stays = stays }
	};

	if (a->is_live)
		apply_tell_seen(a, true);
	codec_encode(a->out, &bye);
}

bool
hear_bye(struct apply *a, const union message *m)
{
	return apply_closed(a, m->bye.reason, m->bye.wait, m->bye.text);
}

void
apply_ping(struct apply *a)
{
	union message m = { .ping = { MSG_PING, (uint64_t)a->now_ms } };

	a->pinged_ms = a->now_ms;
	codec_encode(a->out, &m);
}

/* Whoever is pinged is idle: the moment to measure the way as well. */
bool
hear_ping(struct apply *a, const union message *m)
{
	union message pong = { .pong = { MSG_PONG, m->ping.token } };

	codec_encode(a->out, &pong);
	if (a->is_live && a->pinged_ms == 0)
		apply_ping(a);
	return true;
}

/* Milliseconds until a ping is due, or an answer to it. */
static int64_t
pulse_wait(const struct apply *a, int64_t now_ms)
{
	int64_t due = a->heard_ms + a->ping_ms;

	if (a->ping_ms == 0)
		return -1;
	if (a->pinged_ms > a->heard_ms)
		due += a->ping_ms;
	return due > now_ms ? due - now_ms : 0;
}

static bool
pulse(struct apply *a)
{
	if (pulse_wait(a, a->now_ms) != 0)
		return true;
	if (a->pinged_ms > a->heard_ms)
		return apply_fail(a, false, EX_UNAVAILABLE,
		    "no sign of life from the server for %u s",
		    2 * a->ping_ms / 1000);
	apply_ping(a);
	return true;
}

bool
apply_tick(struct apply *a, int64_t now_ms)
{
	a->now_ms = now_ms;
	if (!a->is_live)
		return true;
	asking_resend(&a->asking, a->out, now_ms);
	apply_pump(a);
	apply_tell_seen(a, false);
	return pulse(a);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int64_t
apply_wait(const struct apply *a, int64_t now_ms)
{
	if (!a->is_live)
		return -1;
	return sooner(sooner(pulse_wait(a, now_ms), apply_seen_wait(a, now_ms)),
	    sooner(asking_wait(&a->asking, now_ms),
		outbox_wait(&a->outbox, now_ms)));
}

/* ---- requests ---- */

struct asked *
apply_ask(struct apply *a, union message *m, struct room *room, bool is_own)
{
	a->model->n_asked += !is_own;
	return asking_add(&a->asking, a->out, m, room, is_own);
}

void
apply_answered(struct apply *a, struct asked *asked)
{
	a->model->n_asked -= !asked->is_own;
	asking_drop(&a->asking, asked);
}

/* What a request means for its room, whether it can be sent now or not. */
static void
note_wish(struct apply *a, enum message_type type, struct room *room)
{
	if (type == MSG_JOIN) {
		room->is_wanted = true;
		room->is_leaving = false;
	} else if (type == MSG_PART) {
		room->is_wanted = false;
		if (a->is_live && room->is_attached)
			return;
		room->is_leaving = room->number != 0;
		outbox_leave(&a->outbox, room, REFUSE_NOT_MEMBER);
		model_room_close(a->model, room);
	}
}

bool
apply_request(struct apply *a, union message *m, struct room *room)
{
	struct asked *asked;

	if (room == NULL)
		room = a->model->rooms[0];
	note_wish(a, m->type, room);
	if (!a->is_live)
		return false;
	if (m->type == MSG_JOIN && asking_has(&a->asking, room, MSG_JOIN))
		return true;
	asked = apply_ask(a, m, room, false);
	if (m->type == MSG_NICK)
		buf_add_slice(&asked->words, m->nick.nick);
	return true;
}

/* What is refused for the moment is asked again, later each time. */
static bool
postpone(struct apply *a, struct asked *asked, uint32_t wait_ms)
{
	int64_t wait = wait_ms < 60000 ? wait_ms : 60000;

	return wait != 0 &&
	    asking_postpone(asked, a->now_ms + (wait << (asked->tries - 1)));
}

static void
request_refused(struct apply *a, const struct msg_refused *r)
{
	struct asked *asked = asking_find(&a->asking, r->ref);

	if (asked == NULL || asked->type != r->request ||
	    postpone(a, asked, r->wait))
		return;
	if (!apply_file_refused(a, asked, r) &&
	    !apply_page_refused(asked, r->text) &&
	    !apply_room_refused(a, asked, r) && !asked->is_own)
		model_tell(a->model, asked->room, "refused", "%s: %.*s",
		    protocol_row(asked->type)->name, SLICE_ARG(r->text));
	if (!asked->is_own)
		model_answer(a->model, &(union message){ .refused = *r });
	apply_answered(a, asked);
}

/* ---- saying ---- */

void
apply_pump(struct apply *a)
{
	struct pending *p;
	union message m;

	while (a->is_live &&
	    (p = outbox_next_to_send(&a->outbox, a->now_ms)) != NULL) {
		m.say = (struct msg_say){ .type = MSG_SAY,
			.n = p->n,
			.to = slice_of(p->room->name),
			.kind = p->kind,
			.text = slice_of(p->text) };
		codec_encode(a->out, &m);
	}
}

/* Something waits to be sent to a room. */
static void
see_to(struct apply *a, struct room *room)
{
	if (room->is_direct)
		room->is_wanted = true;
	if (!room->is_wanted)
		outbox_leave(&a->outbox, room, REFUSE_NOT_MEMBER);
	else if (a->is_live)
		apply_open(a, room);
	apply_pump(a);
}

uint64_t
apply_say(struct apply *a, struct room *room, enum entry_kind kind,
    struct slice text, int64_t now_ms)
{
	uint64_t id = outbox_add(&a->outbox, room, kind, text)->id;

	a->now_ms = now_ms;
	see_to(a, room);
	return id;
}

void
apply_retry(struct apply *a, struct room *room, int64_t now_ms)
{
	a->now_ms = now_ms;
	if (outbox_retry(&a->outbox, room) != 0)
		see_to(a, room);
}

void
apply_forget(struct apply *a, struct room *room)
{
	outbox_forget(&a->outbox, room);
}

bool
hear_stored(struct apply *a, const union message *m)
{
	a->is_put_off = false;
	outbox_stored(&a->outbox, &m->stored);
	apply_pump(a);
	return true;
}

/* Once, until something is stored again. */
static void
tell_put_off(struct apply *a)
{
	if (!a->is_put_off)
		model_news(a->model,
		    "the server cannot store what is said at the moment: it "
		    "waits here, and is sent again by itself");
	a->is_put_off = true;
}

static bool
say_refused(struct apply *a, const struct msg_refused *r)
{
	if (r->code == REFUSE_UNAVAILABLE && r->wait != 0)
		tell_put_off(a);
	if (!outbox_refused(&a->outbox, r, a->now_ms))
		return apply_fail(a, false, EX_PROTOCOL,
		    "the server counts our messages differently");
	apply_pump(a);
	return true;
}

bool
hear_refused(struct apply *a, const union message *m)
{
	switch (m->refused.request) {
	case MSG_SAY:
		return say_refused(a, &m->refused);
	case MSG_HELLO:
		return apply_hello_refused(a, &m->refused);
	default:
		request_refused(a, &m->refused);
		return true;
	}
}
