/* A damaged state: what can be read of it is saved into a new one, as it was,
 * and the damaged one is left as it is. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "../chatd/entry.h"
#include "../chatd/store_salvage.h"
#include "../chatd/store_sqlite.h"
#include "fds.h"
#include "folder.h"
#include "store_contract.h"
#include "xmalloc.h"

enum { PAGE = 4096, ROOMS = 3, EACH = 1000, DEVICES = 5 };

static char folder[FOLDER_LEN];
static char *state, *saved;
static int fds;

static void
set_up(void)
{
	cr_redirect_stderr();
	fds = fds_open();
	folder_make(folder);
	state = xasprintf("%s/state", folder);
	saved = xasprintf("%s/saved", folder);
}

static void
tear_down(void)
{
	folder_remove(folder);
	free(state);
	free(saved);
	cr_expect_eq(fds_open(), fds, "a descriptor was left open");
}

TestSuite(store_salvage, .init = set_up, .fini = tear_down);

static struct store *
store_at(const char *path)
{
	struct buf error = { 0 };
	int status;
	struct store *s = store_sqlite(path, story_wall, &status, &error);

	cr_assert_not_null(s, "%s", buf_string(&error));
	return s;
}

/* So many in each room, said by some devices in turn. */
static void
fill(void)
{
	static struct store_append jobs[ROOMS * EACH];
	static char text[] = "something that takes about as much room as usual";
	struct store *s = store_at(state);

	for (unsigned i = 0; i < ROOMS * EACH; i++) {
		jobs[i] = story_append(1 + i % ROOMS,
		    (uint8_t)(1 + i % DEVICES), 1 + i / DEVICES, text);
		store_append(s, &jobs[i]);
	}
	for (uint32_t room = 1; room <= ROOMS; room++) {
		struct store_append job = story_append(room, 1, 0, "");

		job.kind = ENTRY_JOINED;
		store_append(s, &job);
		store_drain(s);
	}
	story_skip();
	store_free(s);
}

static unsigned got;
static uint64_t next;

static void
was_read(struct store_read *job)
{
	got += job->got;
	next = job->got != 0 ? job->first + job->got : 0;
	for (unsigned i = 0; i < job->got; i++) {
		const struct entry *e = job->entries[i];

		cr_expect_eq(e->seq, job->first + i);
		cr_expect(e->kind == ENTRY_JOINED || e->text_len > 40);
		entry_unref(job->entries[i]);
	}
	free(job->entries);
}

/* Entries there are, in all. */
static unsigned
count(struct store *s)
{
	got = 0;
	for (uint32_t room = 1; room <= ROOMS; room++)
		for (next = 1; next != 0 && s->broken == 0;) {
			struct store_read job = story_read(room, next, 100);

			job.done = was_read;
			store_read(s, &job);
			store_drain(s);
		}
	cr_expect_eq(s->broken, 0);
	return got;
}

static void
salvages(const char *words)
{
	struct buf report = { 0 };
	int status = store_salvage(state, saved, &report);

	cr_expect_eq(status, 0, "%d: %s", status, buf_string(&report));
	cr_expect_not_null(
	    strstr(buf_string(&report), words), "%s", buf_string(&report));
	buf_done(&report);
}

/* Life goes on: nothing collides with what was saved. */
static void
go_on(struct store *s)
{
	for (uint8_t device = 1; device <= DEVICES; device++)
		for (uint32_t room = 1; room <= ROOMS; room++) {
			struct store_append job =
			    story_append(room, device, 0, "new");

			store_append(s, &job);
			store_drain(s);
			cr_expect_eq(s->broken, 0);
			cr_expect_eq(job.why, FINE);
		}
	story_skip();
}

Test(store_salvage, all_of_a_sound_one)
{
	struct store *s;

	fill();
	salvages("3 rooms and conversations, 5 devices, 3003 entries");
	s = store_at(saved);
	cr_expect_eq(count(s), ROOMS * EACH + ROOMS);
	story_load(s);
	story_is("room 1 #tea () 1001\n  ann 1\nroom 2 #tea () 1001\n  ann 1\n"
		 "room 3 #tea () 1001\n  ann 1\nlast 3\n");
	story_say(s, story_append(1, 1, 600, "x"), "append 600 fine 999\n");
	story_say(s, story_append(1, 1, 601, "x"), "append 601 fine 1002\n");
	store_free(s);
}

Test(store_salvage, almost_all_of_a_damaged_one)
{
	enum { IMAGES = 30 };
	size_t len, len_after;
	char *good, *bad, *after;
	uint64_t random = 3;
	unsigned worst = UINT32_MAX, much = 0;

	fill();
	good = folder_read(state, "chat.db", &len);
	for (unsigned image = 0; image < IMAGES; image++) {
		struct store *s;
		unsigned n;

		bad = xmalloc(len);
		memcpy(bad, good, len);
		for (int pages = 0; pages < 3; pages++) {
			random = random * 6364136223846793005u + 1;
			/* The tables' first pages are in front. */
			memset(bad +
				(12 + (random >> 20) % (len / PAGE - 12)) *
				    PAGE,
			    (int)(random >> 60), PAGE);
		}
		folder_write(state, "chat.db", bad, len);
		salvages("saved");
		after = folder_read(state, "chat.db", &len_after);
		cr_expect_eq(len, len_after);
		cr_expect_eq(memcmp(bad, after, len), 0);
		s = store_at(saved);
		n = count(s);
		go_on(s);
		store_free(s);
		worst = n < worst ? n : worst;
		much += n > ROOMS * EACH * 8 / 10;
		folder_remove(saved);
		free(after);
		free(bad);
	}
	/* A page holds about 40; one further up in the tree, more. */
	cr_expect_gt(much, IMAGES * 8 / 10, "%u of %d", much, IMAGES);
	cr_expect_gt(worst, 0);
	free(good);
}

Test(store_salvage, what_is_missing_is_counted)
{
	size_t len;
	char *bytes, *text;
	struct store *s;
	unsigned n;

	fill();
	bytes = folder_read(state, "chat.db", &len);
	text = memmem(bytes + len / 2, len / 2, "something", 9);
	cr_assert_not_null(text);
	memset(bytes + (text - bytes) / PAGE * PAGE, 0x7f, PAGE);
	folder_write(state, "chat.db", bytes, len);
	free(bytes);
	salvages("entries missing");
	s = store_at(saved);
	n = count(s);
	cr_expect_lt(n, ROOMS * EACH + ROOMS);
	cr_expect_gt(n, ROOMS * EACH - 100);
	store_free(s);
}

Test(store_salvage, why_not)
{
	struct buf report = { 0 };
	struct store *s;

	cr_expect_eq(store_salvage(state, saved, &report), EX_NOINPUT);
	cr_expect_not_null(strstr(buf_string(&report), "no chat.db"));
	buf_done(&report);
	fill();
	s = store_at(state);
	cr_expect_eq(store_salvage(state, saved, &report), EX_TEMPFAIL);
	buf_done(&report);
	store_free(s);
	salvages("saved");
	cr_expect_eq(store_salvage(state, saved, &report), EX_CANTCREAT);
	cr_expect_not_null(strstr(buf_string(&report), "rooms in it already"));
	buf_done(&report);
	folder_write(state, "chat.db", "rubbish", 7);
	folder_remove(saved);
	cr_expect_eq(store_salvage(state, saved, &report), EX_DATAERR);
	buf_done(&report);
}

Test(store_salvage, what_is_known_of_files)
{
	struct store_file file = { .number = 3,
		.room = 1,
		.device = { { 1 } },
		.who = SLICE("ann"),
		.name = SLICE("a.txt"),
		.size = 5,
		.is_whole = true,
		.hash = { { 9 } } };
	struct store_append job = story_append(1, 1, 0, "3 5 - a.txt");
	struct store *s = store_at(state);

	job.kind = ENTRY_FILE;
	job.file = &file;
	store_append(s, &job);
	store_drain(s);
	file.number = 4;
	job.kind = ENTRY_WITHDRAWN;
	store_append(s, &job);
	store_drain(s);
	story_skip();
	store_free(s);
	salvages("1 files whose bytes are still in \"files\"");
	s = store_at(saved);
	story_load(s);
	story_is("room 1 #tea () 2\nfile 3 a.txt in 1 of 1, 5 bytes, hash 9\n"
		 "last file 3\nlast 1\n");
	store_free(s);
}
