/* The store in memory, beyond what every store does: what goes when it is
 * full, and that its work waits for store_collect(). */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../chatd/entry.h"
#include "../chatd/store.h"
#include "store_contract.h"
#include "store_finds.h"

static struct store *
store_of(uint64_t bytes)
{
	return store_memory(bytes, (struct id){ { 9 } }, story_wall);
}

static struct store *
store_any(void)
{
	return store_of(1 << 20);
}

Test(store_memory, contract)
{
	store_contract(store_any);
}

static struct store *
same(struct store *s)
{
	return s;
}

Test(store_memory, finds)
{
	store_finds(store_any, same);
}

Test(store_memory, work_waits_for_collect)
{
	struct store *s = store_any();
	struct store_append job = story_append(1, 1, 1, "x");

	cr_expect_not(store_waits(s));
	store_append(s, &job);
	cr_expect(store_waits(s));
	store_collect(s);
	cr_expect_not(store_waits(s));
	story_is("append 1 fine 1\n");
	store_free(s);
}

static unsigned searched;

static void
was_searched(struct store_search *job)
{
	searched++;
	free(job->entries);
}

Test(store_memory, nobody_waits_for_all_searches)
{
	struct store *s = store_any();
	struct store_append job = story_append(1, 1, 1, "x");
	struct store_search searches[3];

	for (unsigned i = 0; i < 3; i++) {
		searches[i] = (struct store_search){ .done = was_searched,
			.words = SLICE("y"),
			.n = 1,
			.bytes = 100 };
		store_search(s, &searches[i]);
	}
	store_append(s, &job);
	store_collect(s);
	story_is("append 1 fine 1\n");
	cr_expect_eq(searched, 1);
	cr_expect(store_waits(s));
	store_collect(s);
	cr_expect_eq(searched, 2);
	store_drain(s);
	cr_expect_eq(searched, 3);
	cr_expect_not(store_waits(s));
	store_free(s);
}

Test(store_memory, a_room_may_have_the_number_of_one_before)
{
	struct store *s = store_any();
	char *found;

	story_say(s, story_append(7, 5, 1, "x"), "append 1 fine 1\n");
	story_say(s, story_append(7, 5, 2, "x"), "append 2 fine 2\n");
	story_say(s, story_append(7, 5, 3, "x"), "append 3 fine 3\n");
	store_forget(s, 7);
	story_say(s, story_append(7, 5, 4, "y"), "append 4 fine 1\n");
	found = store_find(s, store_looking_for("x"), NULL);
	cr_expect_str_eq(found, "");
	free(found);
	store_free(s);
}

Test(store_memory, very_old_answers_are_forgotten_but_not_taken_again)
{
	struct store *s = store_any();

	for (uint64_t n = 1; n <= 100; n++) {
		struct store_append job = story_append(7, 1, n, "x");

		store_append(s, &job);
		store_collect(s);
	}
	story_skip();
	story_say(s, story_append(7, 1, 36, "x"), "append 36 fine 0\n");
	story_say(s, story_append(7, 1, 37, "x"), "append 37 fine 37\n");
	store_free(s);
}

static uint64_t first;

static void
was_read(struct store_read *job)
{
	first = job->got == 1 ? job->first : 0;
	if (job->got == 1)
		entry_unref(job->entries[0]);
	free(job->entries);
}

Test(store_memory, beyond_its_bytes_the_longest_log_loses_its_oldest)
{
	struct store *s = store_of(10000);
	struct store_read loud = story_read(1, 1, 1), quiet = loud;

	story_say(s, story_append(2, 0, 0, "quiet"), "append 0 fine 1\n");
	for (int i = 0; i < 1000; i++) {
		struct store_append job = story_append(1, 0, 0, "loud");

		store_append(s, &job);
		store_collect(s);
	}
	story_skip();
	quiet.room = 2;
	store_read(s, &quiet);
	store_drain(s);
	story_is("read 1 from 1: quiet\n");
	loud.done = was_read;
	store_read(s, &loud);
	store_drain(s);
	cr_expect_gt(first, 800);
	store_free(s);
}

static void
not_copied(struct store_backup *job)
{
	cr_expect_str_eq(
	    buf_string(&job->error), "this store keeps nothing on disk");
	buf_done(&job->error);
}

Test(store_memory, there_is_nothing_to_copy)
{
	struct store *s = store_any();
	struct store_backup job = { .done = not_copied, .path = "/nowhere" };

	store_backup(s, &job);
	store_drain(s);
	store_free(s);
}
