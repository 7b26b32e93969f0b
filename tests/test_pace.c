#include <criterion/criterion.h>

#include "../chat/pace.h"

enum { NOW = 100000 };

Test(pace, the_first_paint_waits_for_nothing)
{
	struct pace p = { 0 };

	cr_expect_leq(pace_keys_due(&p), 0);
	cr_expect_leq(pace_news_due(&p), 0);
}

Test(pace, keys_wait_for_a_frame_and_no_more)
{
	struct pace p = { 0 };

	pace_keys_painted(&p, NOW);
	pace_news_painted(&p, NOW, true, 1, 20);
	cr_expect_eq(pace_keys_due(&p), NOW + PACE_FRAME_MS);
}

Test(pace, news_wait_for_the_answer)
{
	struct pace p = { .terminal = PACE_ANSWERS };

	pace_news_painted(&p, NOW, true, 1, 20);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_WAIT_MS);
	pace_answered(&p);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_FRAME_MS);
}

Test(pace, nothing_new_asks_nothing)
{
	struct pace p = { .terminal = PACE_ANSWERS };

	pace_news_painted(&p, NOW, false, 0, 20);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_FRAME_MS);
}

Test(pace, a_flood_is_painted_less_often)
{
	struct pace p = { .terminal = PACE_ANSWERS };

	pace_news_painted(&p, NOW, true, 20, 20);
	pace_answered(&p);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_FLOOD_MS);
	pace_news_painted(&p, NOW, true, 19, 20);
	pace_answered(&p);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_FRAME_MS);
}

Test(pace, a_silent_terminal_is_found_out)
{
	struct pace p = { 0 };

	pace_news_painted(&p, NOW, true, 1, 20);
	pace_tick(&p, NOW + PACE_FIRST_MS - 1);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_FIRST_MS);
	pace_tick(&p, NOW + PACE_FIRST_MS);
	cr_expect_eq(p.terminal, PACE_SILENT);
	pace_news_painted(&p, NOW, true, 1, 20);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_SILENT_MS);
}

/* One that was only slow is believed from then on. */
Test(pace, a_late_answer_counts)
{
	struct pace p = { .terminal = PACE_SILENT };

	pace_answered(&p);
	pace_news_painted(&p, NOW, true, 1, 20);
	cr_expect_eq(pace_news_due(&p), NOW + PACE_WAIT_MS);
	pace_tick(&p, NOW + PACE_WAIT_MS);
	cr_expect_eq(p.terminal, PACE_ANSWERS);
	cr_expect_not(p.is_asked);
}
