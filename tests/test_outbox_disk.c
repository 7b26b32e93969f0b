/*
 * The outbox with a disk, a server and crashes played by the test: whatever
 * happens, what was safe on disk is stored once, in order, or refused.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chat/outbox.h"
#include "rig.h"
#include "xmalloc.h"

enum { ROOMS = 2, SAID = 400, WIRE = 64 };

/* What became of the message "x<i>". */
struct fate {
	bool is_said, is_safe, is_refused, is_forgotten;
	int room;
	unsigned times; /* stored */
};

struct answer {
	bool is_stored;
	uint64_t n, seq;
	enum refusal why;
	uint32_t wait;
	int room;
};

struct sent {
	uint64_t n;
	unsigned i;
};

static struct world {
	/* the client */
	struct model *model;
	struct outbox outbox;
	struct room *room[ROOMS];
	bool is_connected;
	struct buf disk;  /* what the file holds */
	size_t safe;	  /* bytes of it that are */
	struct buf taken; /* being written */
	bool must_sync;

	/* the wire */
	struct sent sent[WIRE];
	struct answer answer[WIRE];
	size_t n_sent, n_answers;

	/* the server */
	uint64_t last;
	uint64_t seq[ROOMS];
	unsigned newest[ROOMS]; /* the largest i stored there */

	struct fate fate[SAID];
	unsigned n_said;
	uint64_t seed;
	int64_t now_ms;
} w;

static const struct id log_id = { { 7 } };
static const char *const names[ROOMS] = { "#a", "#b" };

static unsigned
random_below(unsigned n)
{
	w.seed = w.seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(w.seed >> 33) % n;
}

/* ---- the client ---- */

static unsigned
index_of(const char *text)
{
	return (unsigned)strtoul(text + 1, NULL, 10);
}

static void
note_safe(void)
{
	for (struct pending *p = w.model->outbox; p != NULL; p = p->next)
		if (p->is_kept)
			w.fate[index_of(p->text)].is_safe = true;
}

static void
begin_run(void)
{
	size_t used;

	w.model = model_new();
	outbox_init(&w.outbox, w.model);
	for (int i = 0; i < ROOMS; i++) {
		w.room[i] = model_room_open(w.model, slice_of(names[i]));
		w.room[i]->is_wanted = true;
		w.room[i]->number = (uint32_t)i + 1;
	}
	strcpy(w.model->nick, "ana");
	buf_string(&w.disk);
	cr_assert(
	    outbox_restore(&w.outbox, buf_at(&w.disk), w.disk.len, &used));
	if (used == 0) {
		buf_clear(&w.disk);
		outbox_snapshot(&w.outbox, &w.disk);
		outbox_written(&w.outbox);
	} else {
		w.disk.len = used;
		outbox_written(&w.outbox);
	}
	w.safe = w.disk.len;
	note_safe();
	w.is_connected = false;
}

static void
end_run(void)
{
	outbox_done(&w.outbox);
	model_free(w.model);
	w.n_sent = w.n_answers = 0;
	buf_clear(&w.taken);
}

/* Some of what was not synced is there all the same, perhaps. */
static void
crash(void)
{
	if (w.taken.len != 0)
		buf_add(&w.disk, buf_at(&w.taken),
		    random_below((unsigned)w.taken.len + 1));
	if (w.disk.len > w.safe)
		w.disk.len =
		    w.safe + random_below((unsigned)(w.disk.len - w.safe) + 1);
	end_run();
	begin_run();
}

static void
say(void)
{
	char text[16];
	struct fate *f = &w.fate[w.n_said];

	if (w.n_said == SAID)
		return;
	snprintf(text, sizeof(text), "x%u", w.n_said++);
	f->is_said = true;
	f->room = (int)random_below(ROOMS);
	outbox_add(&w.outbox, w.room[f->room], ENTRY_SAID, slice_of(text));
}

static void
take(void)
{
	if (w.taken.len == 0)
		outbox_take(&w.outbox, &w.taken, &w.must_sync);
}

static void
written(void)
{
	if (w.taken.len == 0)
		return;
	buf_add_slice(&w.disk, buf_slice(&w.taken));
	buf_clear(&w.taken);
	if (w.must_sync)
		w.safe = w.disk.len;
	outbox_written(&w.outbox);
	note_safe();
}

static void
rewrite(void)
{
	if (w.taken.len != 0)
		return;
	buf_clear(&w.disk);
	outbox_snapshot(&w.outbox, &w.disk);
	w.safe = w.disk.len;
	outbox_written(&w.outbox);
	note_safe();
}

static void
send_some(void)
{
	struct pending *p;

	if (!w.is_connected)
		return;
	while (w.n_sent < WIRE &&
	    (p = outbox_next_to_send(&w.outbox, w.now_ms)) != NULL) {
		cr_assert(w.fate[index_of(p->text)].is_safe,
		    "%s is sent and not on disk", p->text);
		w.sent[w.n_sent++] = (struct sent){ p->n, index_of(p->text) };
	}
}

static void
connect_anew(void)
{
	w.n_sent = w.n_answers = 0;
	w.is_connected = true;
	outbox_begin(&w.outbox, &log_id, w.last);
	for (int i = 0; i < ROOMS; i++)
		w.room[i]->is_attached = random_below(3) != 0;
}

static void
attach_all(void)
{
	for (int i = 0; i < ROOMS; i++)
		w.room[i]->is_attached = w.is_connected;
}

static void
hear_answer(void)
{
	struct answer a = w.answer[0];
	struct msg_stored stored = { MSG_STORED, a.n, (uint32_t)a.room + 1,
		a.seq, 0 };
	struct msg_refused refused = { MSG_REFUSED, MSG_SAY, a.n,
		(uint16_t)a.why, a.wait, SLICE("no") };

	if (w.n_answers == 0)
		return;
	memmove(w.answer, w.answer + 1, --w.n_answers * sizeof(*w.answer));
	if (a.is_stored) {
		w.room[a.room]->seq = a.seq;
		outbox_stored(&w.outbox, &stored);
	} else {
		cr_assert(outbox_refused(&w.outbox, &refused, w.now_ms));
	}
}

/* ---- the server ---- */

/* Every seventh is not to its taste. */
static bool
is_bad(unsigned i)
{
	return i % 7 == 3;
}

static struct answer
judge(struct sent s)
{
	int room = w.fate[s.i].room;

	if (s.n <= w.last)
		return (struct answer){ true, s.n, 0, FINE, 0, room };
	if (s.n != w.last + 1)
		return (struct answer){ false, s.n, 0, REFUSE_OUT_OF_ORDER, 0,
			room };
	if (is_bad(s.i))
		return (
		    struct answer){ false, s.n, 0, REFUSE_TEXT_LONG, 0, room };
	if (random_below(8) == 0)
		return (
		    struct answer){ false, s.n, 0, REFUSE_TOO_FAST, 5, room };
	w.last = s.n;
	w.fate[s.i].times++;
	cr_expect_eq(w.fate[s.i].times, 1, "x%u is stored twice", s.i);
	cr_expect_geq(
	    s.i, w.newest[room], "x%u after x%u", s.i, w.newest[room]);
	w.newest[room] = s.i;
	return (struct answer){ true, s.n, ++w.seq[room], FINE, 0, room };
}

static void
serve(void)
{
	if (w.n_sent == 0 || w.n_answers == WIRE)
		return;
	w.answer[w.n_answers++] = judge(w.sent[0]);
	memmove(w.sent, w.sent + 1, --w.n_sent * sizeof(*w.sent));
}

/* ---- what must hold ---- */

static void
note_refused(void)
{
	for (struct pending *p = w.model->outbox; p != NULL; p = p->next)
		if (p->why != FINE)
			w.fate[index_of(p->text)].is_refused = true;
}

static void
forget_refused(void)
{
	for (struct pending *p = w.model->outbox; p != NULL; p = p->next)
		if (p->why != FINE)
			w.fate[index_of(p->text)].is_forgotten = true;
	for (int i = 0; i < ROOMS; i++)
		outbox_forget(&w.outbox, w.room[i]);
}

static void
drain(void)
{
	connect_anew();
	for (int i = 0; i < 100 * SAID && w.model->n_pending != 0; i++) {
		attach_all();
		w.now_ms += 10;
		take();
		written();
		send_some();
		serve();
		hear_answer();
		for (int k = 0; k < ROOMS; k++)
			outbox_caught_up(&w.outbox, w.room[k]);
	}
	cr_expect_eq(w.model->n_pending, 0);
	note_refused();
}

static void
check(uint64_t seed)
{
	for (unsigned i = 0; i < w.n_said; i++) {
		struct fate *f = &w.fate[i];
		if (f->times == 0 && f->is_safe)
			cr_expect(f->is_refused && is_bad(i),
			    "x%u is lost (seed %llu)", i,
			    (unsigned long long)seed);
	}
}

static void (*const steps[])(void) = { say, say, say, take, written, take,
	written, send_some, send_some, serve, serve, hear_answer, hear_answer,
	attach_all };

static void
play(uint64_t seed)
{
	w = (struct world){ .seed = seed };
	begin_run();
	for (int i = 0; i < 600; i++) {
		unsigned rare = random_below(100);
		w.now_ms++;
		if (rare < 3)
			crash();
		else if (rare < 6)
			connect_anew();
		else if (rare < 7)
			rewrite();
		else if (rare < 8)
			forget_refused();
		else
			steps[random_below(sizeof(steps) / sizeof(*steps))]();
		note_refused();
	}
	drain();
	check(seed);
	end_run();
	buf_done(&w.disk);
	buf_done(&w.taken);
}

Test(outbox_disk, what_is_safe_is_stored_once_in_order, .timeout = 120)
{
	const char *more = getenv("CHAT_SOAK");
	uint64_t seeds = more != NULL ? strtoull(more, NULL, 10) : 300;

	for (uint64_t seed = 1; seed <= seeds; seed++)
		play(seed);
}
