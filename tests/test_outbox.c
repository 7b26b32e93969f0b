#include <criterion/criterion.h>

#include "../chat/outbox.h"
#include "rig.h"

static struct model *m;
static struct outbox o;
static struct room *room, *other;
static const struct id log_a = { { 1 } }, log_b = { { 2 } };

static void
begin(void)
{
	m = model_new();
	outbox_init(&o, m);
	room = model_room_open(m, SLICE("#a"));
	other = model_room_open(m, SLICE("#b"));
	room->is_attached = room->is_wanted = true;
	room->number = 1;
	other->number = 2;
	strcpy(m->nick, "ana");
	outbox_begin(&o, &log_a, 10);
}

static void
end(void)
{
	outbox_done(&o);
	model_free(m);
}

TestSuite(outbox, .init = begin, .fini = end);

static struct pending *
say(struct room *where, const char *text)
{
	return outbox_add(&o, where, ENTRY_SAID, slice_of(text));
}

/* The number given to the next one sent; 0: none is. */
static uint64_t
next(int64_t now_ms)
{
	struct pending *p = outbox_next_to_send(&o, now_ms);

	return p != NULL ? p->n : 0;
}

static void
stored(uint64_t n, uint32_t number, uint64_t seq)
{
	const struct msg_stored s = { MSG_STORED, n, number, seq, 0 };

	outbox_stored(&o, &s);
}

static bool
refused(uint64_t n, enum refusal code, uint32_t wait)
{
	const struct msg_refused r = { MSG_REFUSED, MSG_SAY, n, (uint16_t)code,
		wait, SLICE("the rule") };

	return outbox_refused(&o, &r, 1000);
}

static bool
seen(struct room *where, uint64_t seq, const char *who, const char *text)
{
	const struct msg_entry e = { MSG_ENTRY, where->number, seq, 0,
		ENTRY_SAID, slice_of(who), slice_of(text) };

	where->seq = seq;
	return outbox_seen(&o, where, &e);
}

/* The texts of what is left, one letter each. */
static const char *
left(void)
{
	static char text[64];
	size_t n = 0;

	for (const struct pending *p = m->outbox; p != NULL; p = p->next)
		text[n++] = p->text[0];
	text[n] = '\0';
	return text;
}

Test(outbox, gives_numbers_as_it_sends)
{
	say(room, "a");
	say(room, "b");
	cr_expect_eq(m->n_pending, 2);
	cr_expect_eq(next(0), 11);
	cr_expect_eq(next(0), 12);
	cr_expect_eq(next(0), 0);
	stored(11, 1, 5);
	cr_expect_eq(m->n_pending, 2, "the entry has not come");
	cr_expect(seen(room, 5, "ana", "a"));
	cr_expect_eq(m->n_pending, 1);
	cr_expect_not(seen(room, 6, "bob", "b"));
	stored(12, 1, 7);
	cr_expect(seen(room, 7, "ana", "b"));
	cr_expect_null(m->outbox);
	say(room, "c");
	cr_expect_eq(next(0), 13);
}

Test(outbox, an_entry_seen_first_is_not_shown_twice)
{
	say(room, "a");
	next(0);
	room->seq = 5;
	stored(11, 1, 5);
	cr_expect_null(m->outbox);
}

Test(outbox, rooms_not_attached_wait)
{
	say(other, "b");
	say(room, "a");
	cr_expect_eq(outbox_wait(&o, 0), 0);
	cr_expect_eq(next(0), 11);
	cr_expect_eq(next(0), 0);
	cr_expect_eq(outbox_wait(&o, 0), -1);
	other->is_attached = true;
	cr_expect_eq(next(0), 12);
}

Test(outbox, no_more_than_a_window_flies)
{
	for (int i = 0; i < OUTBOX_WINDOW + 2; i++)
		say(room, "a");
	for (uint64_t i = 1; i <= OUTBOX_WINDOW; i++)
		cr_assert_eq(next(0), 10 + i);
	cr_expect_eq(next(0), 0);
	stored(11, 1, 1);
	cr_expect_eq(next(0), 11 + OUTBOX_WINDOW);
	cr_expect_eq(next(0), 0);
}

Test(outbox, a_refusal_for_good_uses_no_number_up)
{
	struct pending *b;

	say(room, "a");
	b = say(room, "b");
	say(room, "c");
	while (next(0) != 0)
		continue;
	cr_expect(refused(12, REFUSE_TEXT_LONG, 0));
	cr_expect_eq(b->why, REFUSE_TEXT_LONG);
	cr_expect_eq(m->n_pending, 2);
	cr_expect_eq(next(0), 0, "two are still in flight");
	stored(11, 1, 1);
	cr_expect_eq(next(0), 0, "one is");
	cr_expect(refused(13, REFUSE_OUT_OF_ORDER, 0));
	cr_expect_eq(next(0), 12);
	cr_expect_eq(next(0), 0);
	stored(12, 1, 2);
	cr_expect(seen(room, 1, "ana", "a"));
	cr_expect(seen(room, 2, "ana", "c"));
	cr_expect_str_eq(left(), "b");
}

Test(outbox, what_is_refused_for_the_moment_goes_again)
{
	say(room, "a");
	say(room, "b");
	next(0);
	next(0);
	cr_expect(refused(11, REFUSE_TOO_FAST, 50));
	cr_expect(refused(12, REFUSE_OUT_OF_ORDER, 0));
	cr_expect_eq(m->n_pending, 2);
	cr_expect_eq(next(1049), 0);
	cr_expect_eq(outbox_wait(&o, 1049), 1);
	cr_expect_eq(outbox_wait(&o, 1060), 0);
	cr_expect_eq(next(1050), 11);
	cr_expect_eq(next(1050), 12);
	cr_expect_eq(outbox_wait(&o, 1050), -1);
}

Test(outbox, slows_down_when_it_was_too_fast)
{
	for (int i = 0; i < 100; i++)
		say(room, "a");
	for (int round = 0; round < 8; round++) {
		uint64_t last = 0, n;
		while ((n = next(1050)) != 0)
			last = n;
		cr_expect_eq(last - 10,
		    (uint64_t)OUTBOX_WINDOW >> (round < 6 ? round : 6));
		refused(11, REFUSE_TOO_FAST, 50);
		for (n = 12; n <= last; n++)
			refused(n, REFUSE_OUT_OF_ORDER, 0);
	}
	cr_expect_eq(next(1050), 11);
	stored(11, 1, 1);
	cr_expect_eq(next(1050), 12);
	cr_expect_eq(next(1050), 13, "faster again");
	cr_expect_eq(next(1050), 0);
}

Test(outbox, a_server_that_counts_differently_is_noticed)
{
	say(room, "a");
	next(0);
	cr_expect_not(refused(11, REFUSE_OUT_OF_ORDER, 0));
}

Test(outbox, answers_to_nothing_are_nothing)
{
	stored(11, 1, 1);
	cr_expect(refused(12, REFUSE_TEXT_LONG, 0));
	say(room, "a");
	stored(0, 1, 1);
	cr_expect(refused(0, REFUSE_TEXT_LONG, 0));
	cr_expect_eq(next(0), 11);
	stored(12, 1, 1);
	cr_expect_str_eq(left(), "a");
	cr_expect_not(m->outbox->is_stored);
}

Test(outbox, after_a_cut_it_goes_on_behind_the_last_stored)
{
	say(room, "a");
	say(room, "b");
	say(room, "c");
	next(0);
	next(0);
	outbox_begin(&o, &log_a, 11);
	cr_expect(m->outbox->is_stored);
	cr_expect_eq(next(0), 12);
	cr_expect_eq(next(0), 13);
	cr_expect_not(seen(room, 3, "bob", "a"), "somebody else's");
	cr_expect(seen(room, 4, "ana", "a"));
	cr_expect_str_eq(left(), "bc");
}

Test(outbox, what_was_stored_but_never_came_stays_to_be_read)
{
	say(room, "a");
	say(room, "b");
	next(0);
	outbox_begin(&o, &log_a, 11);
	room->seq = 8;
	outbox_caught_up(&o, other);
	cr_expect_str_eq(left(), "ab");
	outbox_caught_up(&o, room);
	cr_expect_str_eq(left(), "b");
	cr_expect_str_eq(rig_line(room, 0), "ana|a");
	cr_expect(scrollback_line(&room->lines, scrollback_oldest(&room->lines))
		      ->is_mine);
}

Test(outbox, catching_up_leaves_what_is_still_to_come)
{
	say(room, "a");
	next(0);
	stored(11, 1, 9);
	room->seq = 8;
	outbox_caught_up(&o, room);
	cr_expect_str_eq(left(), "a");
	cr_expect(seen(room, 9, "ana", "a"));
}

Test(outbox, new_logs_know_nothing_of_what_was_sent)
{
	say(room, "a");
	say(room, "b");
	say(room, "c");
	next(0);
	next(0);
	stored(11, 1, 9);
	outbox_begin(&o, &log_b, 0);
	cr_expect_str_eq(left(), "bc");
	cr_expect_str_eq(rig_line(room, 0), "ana|a");
	cr_expect_eq(next(0), 1);
	cr_expect_eq(next(0), 2);
}

Test(outbox, in_a_room_that_is_left_nothing_waits)
{
	say(room, "a");
	say(room, "b");
	say(other, "c");
	next(0);
	outbox_leave(&o, room, REFUSE_NOT_MEMBER);
	cr_expect_eq(m->outbox->why, FINE, "it is in flight");
	cr_expect_eq(m->outbox->next->why, REFUSE_NOT_MEMBER);
	cr_expect_eq(m->n_pending, 2);
	room->is_attached = false;
	stored(11, 1, 4);
	cr_expect_str_eq(left(), "bc");
	cr_expect_str_eq(rig_line(room, 0), "ana|a");
}

Test(outbox, refused_ones_are_retried_or_forgotten)
{
	for (int i = 0; i < 3; i++) {
		say(room, "a");
		cr_expect_eq(next(0), 11);
		refused(11, REFUSE_TEXT_LONG, 0);
	}
	cr_expect_eq(m->n_pending, 0);
	cr_expect_eq(outbox_retry(&o, other), 0);
	cr_expect_eq(outbox_forget(&o, other), 0);
	cr_expect_eq(outbox_retry(&o, room), 3);
	cr_expect_eq(m->n_pending, 3);
	cr_expect_eq(next(0), 11);
	refused(11, REFUSE_TEXT_LONG, 0);
	cr_expect_eq(outbox_forget(&o, room), 1);
	cr_expect_str_eq(left(), "aa");
	say(room, "z");
	cr_expect_str_eq(left(), "aaz", "the end of the list is known");
	cr_expect_eq(m->n_pending, 3);
}

Test(outbox, a_number_of_another_room_is_not_this_ones)
{
	say(room, "a");
	next(0);
	stored(11, 2, 3);
	cr_expect(m->outbox->is_stored);
	cr_expect_eq(m->outbox->seq, 0);
}
