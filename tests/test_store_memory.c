/* The store in memory: answers come later and in order; nothing is taken
 * twice. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../chatd/entry.h"
#include "../chatd/store.h"
#include "buf.h"

static uint64_t now = 1000;

static uint64_t
wall(void)
{
	return now;
}

static struct store *
store_of(uint64_t bytes)
{
	return store_memory(bytes, (struct id){ { 9 } }, wall);
}

static struct buf story; /* what was answered, in order */

static void
appended(struct store_append *job)
{
	buf_printf(&story, "append %llu %s %llu\n", (unsigned long long)job->n,
	    refusal_name(job->why), (unsigned long long)job->seq);
	entry_unref(job->entry);
}

static void
looked_up(struct store_device *job)
{
	buf_printf(&story, "device %llu\n", (unsigned long long)job->last);
}

static void
was_read(struct store_read *job)
{
	buf_printf(&story, "read %u from %llu:", job->got,
	    (unsigned long long)job->first);
	for (unsigned i = 0; i < job->got; i++) {
		buf_printf(
		    &story, " %.*s", SLICE_ARG(entry_text(job->entries[i])));
		entry_unref(job->entries[i]);
	}
	free(job->entries);
	buf_add_string(&story, "\n");
}

static struct store_append
append(uint32_t room, uint8_t device, uint64_t n, const char *text)
{
	return (struct store_append){ .done = appended,
		.room = room,
		.kind = ENTRY_SAID,
		.who = SLICE("ann"),
		.text = slice_of(text),
		.device = { { device } },
		.n = n };
}

static void
expect(const char *what)
{
	cr_expect_str_eq(buf_string(&story), what);
	buf_done(&story);
}

Test(store_memory, answers_come_in_order_and_not_before)
{
	struct store *s = store_of(1 << 20);
	struct store_append a = append(1, 1, 1, "one"),
			    b = append(1, 1, 2, "two"),
			    c = append(2, 2, 1, "other");
	struct store_device d = { .done = looked_up, .device = { { 1 } } };
	struct store_read r = {
		.done = was_read, .room = 1, .from = 1, .n = 10, .bytes = 1000
	};

	store_append(s, &a);
	store_append(s, &b);
	store_device(s, &d);
	store_append(s, &c);
	store_read(s, &r);
	expect("");
	cr_expect(store_waits(s));
	store_collect(s);
	cr_expect_not(store_waits(s));
	expect("append 1 fine 1\nappend 2 fine 2\ndevice 2\nappend 1 fine 1\n"
	       "read 2 from 1: one two\n");
	store_free(s);
}

Test(store_memory, a_number_counts_once)
{
	static const struct {
		uint64_t n;
		const char *answer;
	} rows[] = {
		{ 2, "append 2 out_of_order 0\n" },
		{ 1, "append 1 fine 1\n" },
		{ 1, "append 1 fine 1\n" },
		{ 3, "append 3 out_of_order 0\n" },
		{ 2, "append 2 fine 2\n" },
		{ 1, "append 1 fine 1\n" },
		{ 0, "append 0 fine 3\n" },
		{ 0, "append 0 fine 4\n" },
	};
	struct store *s = store_of(1 << 20);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_append job = append(7, 1, rows[i].n, "x");

		store_append(s, &job);
		store_collect(s);
		expect(rows[i].answer);
	}
	store_free(s);
}

Test(store_memory, very_old_answers_are_forgotten_but_not_taken_again)
{
	struct store *s = store_of(1 << 20);

	for (uint64_t n = 1; n <= 100; n++) {
		struct store_append job = append(7, 1, n, "x");

		store_append(s, &job);
		store_collect(s);
	}
	buf_done(&story);
	for (uint64_t n = 36; n <= 37; n++) {
		struct store_append job = append(7, 1, n, "x");

		store_append(s, &job);
		store_collect(s);
	}
	expect("append 36 fine 0\nappend 37 fine 37\n");
	store_free(s);
}

Test(store_memory, reads_are_pages)
{
	static const struct {
		uint64_t from;
		unsigned n;
		uint32_t bytes;
		const char *answer;
	} rows[] = {
		{ 1, 2, 1000, "read 2 from 1: a b\n" },
		{ 3, 9, 1000, "read 2 from 3: c d\n" },
		{ 2, 9, 1, "read 1 from 2: b\n" },
		{ 5, 9, 1000, "read 0 from 5:\n" },
		{ 99, 9, 1000, "read 0 from 99:\n" },
	};
	static const char *const texts[] = { "a", "b", "c", "d" };
	struct store *s = store_of(1 << 20);

	for (uint64_t n = 1; n <= 4; n++) {
		struct store_append job = append(7, 1, n, texts[n - 1]);

		store_append(s, &job);
		store_collect(s);
	}
	buf_done(&story);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_read job = { .done = was_read,
			.room = 7,
			.from = rows[i].from,
			.n = rows[i].n,
			.bytes = rows[i].bytes };

		store_read(s, &job);
		store_collect(s);
		expect(rows[i].answer);
	}
	store_free(s);
}

Test(store_memory, beyond_its_bytes_the_longest_log_loses_its_oldest)
{
	struct store *s = store_of(10000);
	struct store_read r = {
		.done = was_read, .room = 1, .from = 1, .n = 1, .bytes = 1000
	};
	struct store_append quiet = append(2, 0, 0, "quiet");

	store_append(s, &quiet);
	for (int i = 0; i < 1000; i++) {
		struct store_append job = append(1, 0, 0, "loud");

		store_append(s, &job);
		store_collect(s);
	}
	buf_done(&story);
	store_read(s, &r);
	store_collect(s);
	cr_expect_eq(strncmp(buf_string(&story), "read 1 from ", 12), 0);
	cr_expect_gt(strtoul(buf_string(&story) + 12, NULL, 10), 800);
	buf_done(&story);
	r.room = 2;
	store_read(s, &r);
	store_collect(s);
	expect("read 1 from 1: quiet\n");
	store_forget(s, 2);
	store_read(s, &r);
	store_collect(s);
	expect("read 0 from 1:\n");
	store_free(s);
}

Test(store_memory, time_never_goes_back)
{
	struct store *s = store_of(1 << 20);
	struct store_append a = append(1, 0, 0, "a"), b = append(1, 0, 0, "b");

	now = 2000;
	store_append(s, &a);
	store_collect(s);
	now = 1500;
	store_append(s, &b);
	store_collect(s);
	cr_expect_eq(a.time, 2000);
	cr_expect_eq(b.time, 2000);
	buf_done(&story);
	store_free(s);
}
