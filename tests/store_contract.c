#include "store_contract.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chatd/entry.h"
#include "buf.h"
#include "clock.h"

_Atomic uint64_t story_now = 1000;
static struct buf story;

uint64_t
story_wall(void)
{
	return story_now;
}

/* ---- words ---- */

static void
appended(struct store_append *job)
{
	buf_printf(&story, "append %" PRIu64 " %s %" PRIu64 "\n", job->n,
	    refusal_name(job->why), job->seq);
	entry_unref(job->entry);
	job->entry = NULL;
}

static void
looked_up(struct store_device *job)
{
	buf_printf(&story, "device %" PRIu64 "\n", job->last);
}

static void
was_read(struct store_read *job)
{
	buf_printf(&story, "read %u from %" PRIu64 ":", job->got, job->first);
	for (unsigned i = 0; i < job->got; i++) {
		buf_printf(
		    &story, " %.*s", SLICE_ARG(entry_text(job->entries[i])));
		cr_expect_eq(job->entries[i]->seq, job->first + i);
		entry_unref(job->entries[i]);
	}
	free(job->entries);
	buf_add_string(&story, "\n");
}

struct store_append
story_append(uint32_t room, uint8_t device, uint64_t n, const char *text)
{
	return (struct store_append){ .done = appended,
		.room = room,
		.room_name = SLICE("#tea"),
		.kind = ENTRY_SAID,
		.who = SLICE("ann"),
		.text = slice_of(text),
		.device = { { device } },
		.n = n };
}

struct store_device
story_device(uint8_t device)
{
	return (
	    struct store_device){ .done = looked_up, .device = { { device } } };
}

struct store_read
story_read(uint32_t room, uint64_t from, unsigned n)
{
	return (struct store_read){ .done = was_read,
		.room = room,
		.from = from,
		.n = n,
		.bytes = 1 << 20 };
}

static void
was_seen(struct store_seen *job)
{
	(void)job;
	buf_add_string(&story, "seen\n");
}

struct store_seen
story_seen(uint32_t room, uint8_t device, uint64_t seq)
{
	return (struct store_seen){ .done = was_seen,
		.room = room,
		.device = { { device } },
		.seq = seq };
}

void
story_is(const char *what)
{
	cr_expect_str_eq(buf_string(&story), what);
	buf_done(&story);
}

void
story_skip(void)
{
	buf_done(&story);
}

void
story_say(struct store *s, struct store_append job, const char *answer)
{
	store_append(s, &job);
	store_drain(s);
	story_is(answer);
}

static void
load_room(void *arg, const struct store_room *room)
{
	(void)arg;
	cr_expect_eq(room->is_direct, room->name.len == 0);
	buf_printf(&story, "room %" PRIu32 " %.*s (%.*s) %" PRIu64 "\n",
	    room->number, SLICE_ARG(room->is_direct ? SLICE("-") : room->name),
	    SLICE_ARG(room->topic), room->head);
}

static void
load_member(void *arg, uint32_t room, const struct id *device,
    struct slice nick, uint64_t seen)
{
	(void)arg;
	(void)room;
	buf_printf(&story, "  %.*s %u", SLICE_ARG(nick), device->byte[0]);
	if (seen != 0)
		buf_printf(&story, " seen %" PRIu64, seen);
	buf_add_string(&story, "\n");
}

static void
load_file(void *arg, const struct store_file *file)
{
	(void)arg;
	buf_printf(&story, "file %" PRIu64 " %.*s in %" PRIu32 " of %u, ",
	    file->number, SLICE_ARG(file->name), file->room,
	    file->device.byte[0]);
	if (file->size == UINT64_MAX)
		buf_add_string(&story, "size not known\n");
	else
		buf_printf(&story, "%" PRIu64 " bytes, hash %u\n", file->size,
		    file->is_whole ? file->hash.byte[0] : 0);
}

static void
load_last_file(void *arg, uint64_t number)
{
	(void)arg;
	if (number != 0)
		buf_printf(&story, "last file %" PRIu64 "\n", number);
}

void
story_load(struct store *s)
{
	static const struct store_loader loader = {
		.room = load_room,
		.member = load_member,
		.file = load_file,
		.last_file = load_last_file,
	};
	uint32_t last = store_load(s, &loader, NULL);

	buf_printf(&story, "last %" PRIu32 "\n", last);
	cr_expect_eq(s->broken, 0);
}

/* ---- the contract ---- */

static void
answers_come_in_order_and_not_before(struct store *s)
{
	struct store_append a = story_append(1, 1, 1, "one"),
			    b = story_append(1, 1, 2, "two"),
			    c = story_append(2, 2, 1, "other");
	struct store_device d = story_device(1);
	struct store_read r = story_read(1, 1, 10);

	store_append(s, &a);
	store_append(s, &b);
	store_device(s, &d);
	store_append(s, &c);
	store_read(s, &r);
	story_is("");
	store_drain(s);
	story_is("append 1 fine 1\nappend 2 fine 2\ndevice 2\n"
		 "append 1 fine 1\nread 2 from 1: one two\n");
	cr_expect_not(store_waits(s));
}

static void
a_number_counts_once(struct store *s)
{
	static const struct {
		uint64_t n;
		const char *answer;
	} rows[] = {
		{ 2, "append 2 out_of_order 0\n" },
		{ 1, "append 1 fine 1\n" },
		{ 1, "append 1 fine 1\n" },
		{ 3, "append 3 out_of_order 0\n" },
		{ UINT64_MAX, "append 18446744073709551615 out_of_order 0\n" },
		{ 2, "append 2 fine 2\n" },
		{ 1, "append 1 fine 1\n" },
		{ 0, "append 0 fine 3\n" },
		{ 0, "append 0 fine 4\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		story_say(
		    s, story_append(7, 1, rows[i].n, "x"), rows[i].answer);
}

static void
a_number_counts_once_in_one_go(struct store *s)
{
	static const uint64_t n[] = { 1, 1, 3, 2, 2, 4, 3 };
	struct store_append jobs[sizeof(n) / sizeof(*n)];
	struct store_read r = story_read(7, 1, 10);

	for (size_t i = 0; i < sizeof(n) / sizeof(*n); i++) {
		jobs[i] = story_append(7, 1, n[i], "x");
		store_append(s, &jobs[i]);
	}
	store_drain(s);
	story_is("append 1 fine 1\nappend 1 fine 1\nappend 3 out_of_order 0\n"
		 "append 2 fine 2\nappend 2 fine 2\nappend 4 out_of_order 0\n"
		 "append 3 fine 3\n");
	store_read(s, &r);
	store_drain(s);
	story_is("read 3 from 1: x x x\n");
}

static void
an_old_answer_names_the_old_room(struct store *s)
{
	struct store_append a = story_append(1, 1, 1, "x"),
			    b = story_append(2, 1, 1, "x");

	story_now = 5000;
	store_append(s, &a);
	store_drain(s);
	story_now = 6000;
	store_append(s, &b);
	store_drain(s);
	story_skip();
	cr_expect_eq(a.stored_room, 1);
	cr_expect_eq(b.stored_room, 1);
	cr_expect_eq(b.why, FINE);
	cr_expect_eq(b.time, 5000);
}

static void
devices_are_told_apart(struct store *s)
{
	static const struct {
		uint8_t device;
		const char *answer;
	} rows[] = { { 1, "device 2\n" }, { 2, "device 1\n" },
		{ 3, "device 0\n" } };

	story_say(s, story_append(7, 1, 1, "x"), "append 1 fine 1\n");
	story_say(s, story_append(8, 2, 1, "x"), "append 1 fine 1\n");
	story_say(s, story_append(8, 1, 2, "x"), "append 2 fine 2\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_device job = story_device(rows[i].device);

		store_device(s, &job);
		store_drain(s);
		story_is(rows[i].answer);
	}
}

static void
reads_are_pages(struct store *s)
{
	static const struct {
		uint32_t room;
		uint64_t from;
		unsigned n;
		uint32_t bytes;
		const char *answer;
	} rows[] = {
		{ 7, 1, 2, 1000, "read 2 from 1: a b\n" },
		{ 7, 3, 9, 1000, "read 2 from 3: c d\n" },
		{ 7, 2, 9, 1, "read 1 from 2: b\n" },
		{ 7, 5, 9, 1000, "read 0 from 5:\n" },
		{ 7, 99, 9, 1000, "read 0 from 99:\n" },
		{ 7, UINT64_MAX, 9, 1000,
		    "read 0 from 18446744073709551615:\n" },
		{ 6, 1, 9, 1000, "read 0 from 1:\n" },
		{ UINT32_MAX, 1, 9, 1000, "read 0 from 1:\n" },
	};
	static const char *const texts[] = { "a", "b", "c", "d" };

	for (uint64_t n = 1; n <= 4; n++) {
		struct store_append job = story_append(7, 1, n, texts[n - 1]);

		store_append(s, &job);
		store_drain(s);
	}
	story_say(s, story_append(8, 1, 5, "other"),
	    "append 1 fine 1\n"
	    "append 2 fine 2\n"
	    "append 3 fine 3\n"
	    "append 4 fine 4\n"
	    "append 5 fine 1\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_read job =
		    story_read(rows[i].room, rows[i].from, rows[i].n);

		job.bytes = rows[i].bytes;
		store_read(s, &job);
		store_drain(s);
		story_is(rows[i].answer);
	}
}

static struct entry *page[2];
static unsigned page_got;

static void
keep_page(struct store_read *job)
{
	page_got = job->got;
	for (unsigned i = 0; i < job->got && i < 2; i++)
		page[i] = job->entries[i];
	free(job->entries);
}

static void
what_is_read_is_what_was_said(struct store *s)
{
	static char longest[PROTOCOL_TEXT_MAX];
	struct store_append a = story_append(3, 1, 0, ""),
			    b = story_append(3, 1, 0, "");
	struct store_read r = story_read(3, 1, 9);

	memset(longest, 'x', sizeof(longest));
	a.kind = ENTRY_LEFT;
	a.who = (struct slice){ NULL, 0 };
	b.text = (struct slice){ longest, sizeof(longest) };
	b.who = SLICE("J\u00fcrgen");
	story_now = 7000;
	store_append(s, &a);
	store_append(s, &b);
	r.done = keep_page;
	store_read(s, &r);
	store_drain(s);
	story_skip();
	cr_assert_eq(page_got, 2);
	cr_expect_eq(page[0]->kind, ENTRY_LEFT);
	cr_expect_eq(page[0]->time, 7000);
	cr_expect_eq(page[0]->room, 3);
	cr_expect_eq(page[0]->seq, 1);
	cr_expect_eq(entry_who(page[0]).len, 0);
	cr_expect_eq(entry_text(page[0]).len, 0);
	cr_expect(slice_is(entry_who(page[1]), b.who));
	cr_expect(slice_is(entry_text(page[1]), b.text));
	entry_unref(page[0]);
	entry_unref(page[1]);
}

static void
a_forgotten_room_is_empty(struct store *s)
{
	struct store_read one = story_read(1, 1, 9), two = story_read(2, 1, 9);

	story_say(s, story_append(1, 1, 1, "x"), "append 1 fine 1\n");
	story_say(s, story_append(2, 1, 2, "y"), "append 2 fine 1\n");
	store_forget(s, 1);
	store_forget(s, 77);
	store_read(s, &one);
	store_read(s, &two);
	store_drain(s);
	story_is("read 0 from 1:\nread 1 from 1: y\n");
	/* The device's count goes on. */
	story_say(s, story_append(2, 1, 3, "z"), "append 3 fine 2\n");
}

static void
time_never_goes_back(struct store *s)
{
	static const struct {
		uint64_t now, time;
	} rows[] = { { 2000, 2000 }, { 1500, 2000 }, { 3000, 3000 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_append job = story_append(1, 0, 0, "x");

		story_now = rows[i].now;
		store_append(s, &job);
		store_drain(s);
		cr_expect_eq(job.time, rows[i].time);
	}
	story_skip();
}

static struct store *asking;
static struct store_read asked_in_done;

static void
ask_again(struct store_append *job)
{
	appended(job);
	store_read(asking, &asked_in_done);
}

static void
done_may_ask(struct store *s)
{
	struct store_append job = story_append(1, 1, 1, "x");

	asking = s;
	asked_in_done = story_read(1, 1, 9);
	job.done = ask_again;
	store_append(s, &job);
	store_drain(s);
	story_is("append 1 fine 1\nread 1 from 1: x\n");
}

static void
seen_is_done_in_its_turn(struct store *s)
{
	struct store_append a = story_append(1, 1, 1, "x");
	struct store_seen of_it = story_seen(1, 1, 1),
			  of_nothing = story_seen(99, 1, UINT64_MAX);
	struct store_device d = story_device(1);

	store_append(s, &a);
	store_seen(s, &of_it);
	store_seen(s, &of_nothing);
	store_device(s, &d);
	story_is("");
	store_drain(s);
	story_is("append 1 fine 1\nseen\nseen\ndevice 1\n");
}

/* Said at 1000, 2000, ... up to so many. */
static void
say_each_second(struct store *s, uint32_t room, unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		char text[12];
		struct store_append job = story_append(room, 0, 0, text);

		snprintf(text, sizeof(text), "%u", i);
		job.text = slice_of(text);
		story_now = i * 1000;
		store_append(s, &job);
		store_drain(s);
	}
	story_skip();
}

static void
reads_begin_at_a_time(struct store *s)
{
	static const struct {
		uint64_t from, since;
		const char *answer;
	} rows[] = {
		{ 1, 0, "read 2 from 1: 1 2\n" },
		{ 1, 1, "read 2 from 1: 1 2\n" },
		{ 1, 1000, "read 2 from 1: 1 2\n" },
		{ 1, 1001, "read 2 from 2: 2 3\n" },
		{ 1, 5000, "read 2 from 5: 5 6\n" },
		{ 3, 2000, "read 2 from 3: 3 4\n" },
		{ 3, 5500, "read 2 from 6: 6 7\n" },
		{ 1, 9000, "read 1 from 9: 9\n" },
		{ 1, 9001, "read 0 from 1:\n" },
		{ 9, UINT64_MAX, "read 0 from 9:\n" },
		{ 10, 1000, "read 0 from 10:\n" },
	};

	say_each_second(s, 7, 9);
	say_each_second(s, 8, 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_read job = story_read(7, rows[i].from, 2);

		job.since = rows[i].since;
		store_read(s, &job);
		store_drain(s);
		story_is(rows[i].answer);
	}
}

/* What a room still has, once it is that: there is no telling when. */
static void
comes_to_keep(struct store *s, uint32_t room, const char *answer)
{
	int64_t until = clock_ms() + 20000;

	for (;;) {
		struct store_read job = story_read(room, 1, 99);

		story_skip();
		store_read(s, &job);
		store_drain(s);
		if (strcmp(buf_string(&story), answer) == 0 ||
		    clock_ms() > until)
			break;
	}
	story_is(answer);
}

static void
old_entries_go(struct store *s)
{
	static const struct {
		uint64_t now;
		struct store_keep keep;
		const char *left;
	} rows[] = {
		{ 9000, { 0, 0 }, "read 9 from 1: 1 2 3 4 5 6 7 8 9\n" },
		{ 9000, { UINT64_MAX, 9 },
		    "read 9 from 1: 1 2 3 4 5 6 7 8 9\n" },
		{ 9000, { 0, 8 }, "read 8 from 2: 2 3 4 5 6 7 8 9\n" },
		{ 9000, { 7000, 6 }, "read 6 from 4: 4 5 6 7 8 9\n" },
		{ 9500, { 4000, 6 }, "read 4 from 6: 6 7 8 9\n" },
		{ 9500, { 0, 1 }, "read 1 from 9: 9\n" },
		{ 99000, { 1, 0 }, "read 0 from 1:\n" },
	};

	say_each_second(s, 1, 9);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		story_now = rows[i].now;
		store_keep(s, &rows[i].keep);
		comes_to_keep(s, 1, rows[i].left);
	}
	/* Numbers go on, and what was counted counts. */
	store_keep(s, &(struct store_keep){ 0, 0 });
	story_say(s, story_append(1, 1, 1, "x"), "append 1 fine 10\n");
	comes_to_keep(s, 1, "read 1 from 10: x\n");
	story_say(s, story_append(1, 1, 1, "x"), "append 1 fine 10\n");
}

static void
many_old_entries_go(struct store *s)
{
	enum { ROOMS = 150, EACH = 20 };

	for (uint32_t room = 1; room <= ROOMS; room++)
		for (unsigned i = 0; i < EACH; i++) {
			struct store_append job =
			    story_append(room, (uint8_t)room, 0, "x");

			store_append(s, &job);
			store_drain(s);
		}
	store_keep(s, &(struct store_keep){ .count = 3 });
	for (uint32_t room = 1; room <= ROOMS; room += 7)
		comes_to_keep(s, room, "read 3 from 18: x x x\n");
}

static void
a_new_store_knows_nobody(struct store *s)
{
	story_load(s);
	story_is("last 0\n");
}

void
store_contract(struct store *(*open)(void))
{
	static void (*const cases[])(struct store *) = {
		answers_come_in_order_and_not_before,
		a_number_counts_once,
		a_number_counts_once_in_one_go,
		an_old_answer_names_the_old_room,
		devices_are_told_apart,
		reads_are_pages,
		what_is_read_is_what_was_said,
		a_forgotten_room_is_empty,
		time_never_goes_back,
		seen_is_done_in_its_turn,
		reads_begin_at_a_time,
		old_entries_go,
		many_old_entries_go,
		done_may_ask,
		a_new_store_knows_nobody,
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store *s = open();

		story_now = 1000;
		cases[i](s);
		store_free(s);
	}
}
