/* Histories made by hand: each kind of fault is found, and nothing else is. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "checker.h"
#include "clock.h"

enum { ANA, BOB, ROOM = 1 };

static struct history h;
static size_t asked[2];

static struct msg_entry
entry(uint64_t seq, const char *who, const char *text)
{
	return (struct msg_entry){ .type = MSG_ENTRY,
		.room = ROOM,
		.seq = seq,
		.time = 1000 + seq,
		.kind = ENTRY_SAID,
		.who = slice_of(who),
		.text = slice_of(text) };
}

static void
sees(unsigned client, uint64_t seq, const char *who, const char *text)
{
	struct msg_entry e = entry(seq, who, text);

	history_sees(&h, client, &e);
}

static void
both_see(uint64_t seq, const char *who, const char *text)
{
	sees(ANA, seq, who, text);
	sees(BOB, seq, who, text);
}

static void
says(unsigned client, const char *text)
{
	history_says(&h, client, slice_of(text));
}

static void
stored(unsigned client, const char *text, uint64_t seq)
{
	history_stored(&h, client, slice_of(text), ROOM, seq);
}

/* Two who have said one thing each, seen by both. */
static void
begin(void)
{
	h = (struct history){ 0 };
	cr_assert_eq(history_client(&h, SLICE("ana")), ANA);
	cr_assert_eq(history_client(&h, SLICE("bob")), BOB);
	for (unsigned c = ANA; c <= BOB; c++) {
		asked[c] = history_asks(&h, c);
		history_attached(&h, c, asked[c], ROOM, 1, 0);
	}
	says(ANA, "one");
	stored(ANA, "one", 1);
	says(BOB, "two");
	both_see(1, "ana", "one");
	stored(BOB, "two", 2);
	both_see(2, "bob", "two");
}

static void
again(unsigned client, uint64_t first, uint64_t head)
{
	history_attached(
	    &h, client, history_asks(&h, client), ROOM, first, head);
}

/* ---- what is fine ---- */

static void
clean(void)
{
}

/* Cut off, told again what was stored, resumed behind the cursor. */
static void
resumed(void)
{
	says(ANA, "three");
	sees(BOB, 3, "ana", "three");
	again(ANA, 3, 3);
	stored(ANA, "three", 0);
	stored(ANA, "three", 3);
	sees(ANA, 3, "ana", "three");
}

static void
gap_is_told(void)
{
	says(ANA, "three");
	says(ANA, "four");
	stored(ANA, "three", 3);
	stored(ANA, "four", 4);
	sees(ANA, 3, "ana", "three");
	sees(ANA, 4, "ana", "four");
	history_gap(&h, BOB, ROOM, 4);
	sees(BOB, 4, "ana", "four");
}

static void
left_the_room(void)
{
	history_leaves(&h, BOB, ROOM);
	says(ANA, "three");
	stored(ANA, "three", 3);
	sees(ANA, 3, "ana", "three");
}

static void
refused_and_not_there(void)
{
	says(ANA, "three");
	history_refused(&h, ANA, SLICE("three"));
}

static void
gone_without_answer(void)
{
	says(ANA, "three");
	history_ends(&h, ANA);
	sees(BOB, 3, "ana", "three");
}

static void
news_need_no_sender(void)
{
	struct msg_entry e = entry(3, "carla", "");

	e.kind = ENTRY_JOINED;
	history_sees(&h, ANA, &e);
	history_sees(&h, BOB, &e);
}

/* ---- what is not ---- */

static void
lost_of_log(void)
{
	says(ANA, "three");
	stored(ANA, "three", 3);
}

static void
lost_of_view(void)
{
	says(ANA, "three");
	stored(ANA, "three", 3);
	sees(ANA, 3, "ana", "three");
}

static void
twice_in_log(void)
{
	both_see(3, "ana", "one");
}

static void
twice_in_view(void)
{
	again(BOB, 2, 2);
	sees(BOB, 2, "bob", "two");
}

static void
stored_twice(void)
{
	stored(ANA, "one", 7);
}

static void
another_text(void)
{
	says(ANA, "three");
	says(ANA, "four");
	history_ends(&h, ANA);
	sees(ANA, 3, "ana", "three");
	sees(BOB, 3, "ana", "four");
}

static void
another_time(void)
{
	struct msg_entry e = entry(3, "ana", "three");

	says(ANA, "three");
	stored(ANA, "three", 3);
	sees(ANA, 3, "ana", "three");
	e.time++;
	history_sees(&h, BOB, &e);
}

static void
another_place_than_told(void)
{
	says(ANA, "three");
	stored(ANA, "three", 4);
	both_see(3, "ana", "three");
}

static void
skipped(void)
{
	both_see(4, "x", "y");
}

static void
skipped_at_attach(void)
{
	says(ANA, "three");
	says(ANA, "four");
	history_ends(&h, ANA);
	sees(ANA, 3, "ana", "three");
	sees(ANA, 4, "ana", "four");
	again(BOB, 4, 4);
	sees(BOB, 4, "ana", "four");
}

static void
backwards(void)
{
	says(ANA, "three");
	says(ANA, "four");
	history_ends(&h, ANA);
	sees(ANA, 3, "ana", "three");
	sees(ANA, 4, "ana", "four");
	again(BOB, 4, 4);
	sees(BOB, 4, "ana", "four");
	sees(BOB, 3, "ana", "three");
}

static void
overtaken(void)
{
	says(ANA, "three");
	says(ANA, "four");
	stored(ANA, "four", 3);
	stored(ANA, "three", 4);
	both_see(3, "ana", "four");
	both_see(4, "ana", "three");
}

static void
never_said(void)
{
	both_see(3, "ana", "three");
}

static void
by_somebody_else(void)
{
	says(ANA, "three");
	stored(ANA, "three", 3);
	both_see(3, "bob", "three");
}

static void
refused_and_there(void)
{
	refused_and_not_there();
	both_see(3, "ana", "three");
}

static void
never_answered(void)
{
	says(ANA, "three");
}

static void
never_answered_but_there(void)
{
	says(ANA, "three");
	both_see(3, "ana", "three");
}

static void
told_an_old_head(void)
{
	says(ANA, "three");
	stored(ANA, "three", 3);
	again(BOB, 3, 2);
	both_see(3, "ana", "three");
}

static const struct {
	const char *name;
	void (*happens)(void);
	unsigned kinds; /* bits of what is to be found */
} cases[] = {
	{ "clean", clean, 0 },
	{ "resumed", resumed, 0 },
	{ "a gap is told", gap_is_told, 0 },
	{ "left", left_the_room, 0 },
	{ "refused", refused_and_not_there, 0 },
	{ "gone", gone_without_answer, 0 },
	{ "news", news_need_no_sender, 0 },
	{ "lost of the log", lost_of_log, 1 << LOST },
	{ "lost of a view", lost_of_view, 1 << LOST | 1 << HOLE },
	{ "twice in the log", twice_in_log, 1 << DUPLICATE | 1 << DIVERGED },
	{ "twice in a view", twice_in_view, 1 << DUPLICATE },
	{ "stored twice", stored_twice, 1 << DUPLICATE | 1 << DIVERGED },
	{ "another text", another_text, 1 << DIVERGED },
	{ "another time", another_time, 1 << DIVERGED },
	{ "another place", another_place_than_told, 1 << DIVERGED },
	{ "skipped", skipped, 1 << HOLE | 1 << PHANTOM },
	{ "skipped at attach", skipped_at_attach, 1 << HOLE },
	{ "backwards", backwards, 1 << HOLE | 1 << INVERSION },
	{ "overtaken", overtaken, 1 << INVERSION },
	{ "never said", never_said, 1 << PHANTOM },
	{ "somebody else", by_somebody_else, 1 << PHANTOM | 1 << LOST },
	{ "refused and there", refused_and_there, 1 << GHOST },
	{ "no answer", never_answered, 1 << UNRESOLVED },
	{ "there, no answer", never_answered_but_there, 1 << UNRESOLVED },
	{ "an old head", told_an_old_head, 1 << STALE },
};

Test(checker, finds_what_is_wrong_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct verdict v;
		unsigned kinds = 0;

		begin();
		cases[i].happens();
		history_check(&h, &v);
		for (int f = 0; f < FAULTS; f++)
			kinds |= v.faults[f] != 0 ? 1u << f : 0;
		cr_expect_eq(kinds, cases[i].kinds, "%s: %s", cases[i].name,
		    buf_string(&v.words));
		buf_done(&v.words);
		history_free(&h);
	}
}

Test(checker, checks_a_hundred_thousand_rows_in_a_second)
{
	enum { SAID = 20000 };
	struct verdict v;
	char text[32];
	int64_t from;

	begin();
	for (unsigned i = 3; i < SAID; i++) {
		snprintf(text, sizeof(text), "number %u", i);
		says(ANA, text);
		stored(ANA, text, i);
		both_see(i, "ana", text);
		if (i % 5 == 0)
			again(BOB, i + 1, i);
	}
	from = clock_ms();
	history_check(&h, &v);
	cr_expect_eq(v.all, 0, "%s", buf_string(&v.words));
	cr_expect_geq(v.seen, 2 * (SAID - 1));
	cr_expect_lt(clock_ms() - from, 1000);
	buf_done(&v.words);
	history_free(&h);
}
