/*
 * Files in the hub: who may what, how much, for how long; and what is left
 * after an end.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../chatd/hub_files.h"
#include "../chatd/settings.h"
#include "files_rig.h"
#include "xmalloc.h"

static void
start(void)
{
	files_start(false);
}

static void
start_on_disk(void)
{
	files_start(true);
}

TestSuite(hub_file_rules, .init = start, .fini = files_stop);
TestSuite(hub_file_restart, .init = start_on_disk, .fini = files_stop);

enum { MIB = 1 << 20 };

static struct person ann, bob, carl;

static void
enter(void)
{
	person_enter(&ann, 1, "ann");
	person_enter(&bob, 2, "bob");
	fake_ignore(&ann.fake);
}

static void
leave(void)
{
	person_gone(&ann);
	person_gone(&bob);
}

static uint64_t
offer(struct person *p, unsigned key, uint64_t size)
{
	cr_assert_eq(person_offer(p, key, "#lobby", size, "x"), FINE);
	files_settle();
	return p->file;
}

Test(hub_file_rules, names)
{
	static const struct {
		const char *name;
		size_t times;
		enum refusal why;
	} rows[] = {
		{ "x", 1, FINE },
		{ "x", 255, FINE },
		{ "x", 256, REFUSE_FILE_NAME },
		{ "", 1, REFUSE_FILE_NAME },
		{ ".", 1, REFUSE_FILE_NAME },
		{ "..", 1, REFUSE_FILE_NAME },
		{ "...", 1, FINE },
		{ "-rf", 1, FINE },
		{ "CON", 1, FINE },
		{ "a/b", 1, REFUSE_FILE_NAME },
		{ "/", 1, REFUSE_FILE_NAME },
		{ "../x", 1, REFUSE_FILE_NAME },
		{ "a\nb", 1, REFUSE_FILE_NAME },
		{ "a\x1b[2J", 1, REFUSE_FILE_NAME },
		{ "a\xff", 1, REFUSE_FILE_NAME },
		{ "na\xc3\xafve file.txt", 1, FINE },
	};

	enter();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf name = { 0 };

		for (size_t n = 0; n < rows[i].times; n++)
			buf_add_string(&name, rows[i].name);
		cr_expect_eq(
		    person_offer(&ann, i + 1, "#lobby", 0, buf_string(&name)),
		    rows[i].why, "row %u", i);
		files_settle();
		person_cancel(&ann);
		buf_done(&name);
	}
	leave();
}

Test(hub_file_rules, where_one_may_send)
{
	enter();
	cr_expect_eq(
	    person_offer(&ann, 1, "#other", 1, "x"), REFUSE_ROOM_UNKNOWN);
	fake_join(&bob.fake, "#other");
	files_settle();
	cr_expect_eq(
	    person_offer(&ann, 1, "#other", 1, "x"), REFUSE_NOT_MEMBER);
	cr_expect_eq(person_offer(&ann, 1, "dora", 1, "x"), REFUSE_NOBODY);
	cr_expect_eq(person_offer(&ann, 1, "ann", 1, "x"), REFUSE_SELF);
	cr_expect_eq(person_offer(&ann, 1, "bob", 1, "x"), FINE);
	leave();
}

Test(hub_file_rules, a_direct_one_is_for_two)
{
	uint64_t file;

	enter();
	person_enter(&carl, 3, "carl");
	file = person_send_all(&ann, 1, "bob", (const uint8_t *)"a", 1, "x");
	person_fetch_all(&bob, file);
	cr_expect_eq(bob.got.len, 1);
	cr_expect_eq(person_fetch(&carl, file, NULL, 0), REFUSE_FILE_UNKNOWN);
	cr_expect_eq(person_files(&carl, "", 0), FINE);
	cr_expect_eq(carl.filed, 0);
	cr_expect_eq(person_files(&bob, "ann", 0), FINE);
	cr_expect_eq(bob.filed, 1);
	cr_expect_eq(
	    person_withdraw(&bob, file, ""), REFUSE_FILE_UNKNOWN, "not his");
	/* The conversation ends with both of them, and the file with it. */
	hub_gone(world.hub, &ann.fake.client, true, SLICE(""));
	files_settle();
	cr_expect_eq(files_in_spool(file, true), 1);
	hub_gone(world.hub, &bob.fake.client, true, SLICE(""));
	files_settle();
	cr_expect_eq(files_in_spool(file, true), -1);
	cr_expect_eq(world.hub->files_bytes, 0);
	leave();
	person_gone(&carl);
}

/* It ends while it arrives, and while it is read. */
Test(hub_file_rules, a_conversation_that_ends_ends_its_files)
{
	uint64_t file;

	enter();
	cr_assert_eq(person_offer(&ann, 1, "bob", 100000, "x"), FINE);
	files_settle();
	file = ann.file;
	person_data(&ann, 0, "abc", 3);
	cr_assert_eq(person_fetch(&bob, file, NULL, 0), FINE);
	hub_gone(world.hub, &ann.fake.client, true, SLICE(""));
	hub_gone(world.hub, &bob.fake.client, true, SLICE(""));
	files_settle();
	cr_expect_eq(files_in_spool(file, false), -1);
	cr_expect_eq(world.hub->n_legs, 0);
	cr_expect_eq(world.hub->files_bytes, 0);
	leave();
	files_settle();
}

Test(hub_file_rules, unknown)
{
	enter();
	cr_expect_eq(person_fetch(&bob, 1, NULL, 0), REFUSE_FILE_UNKNOWN);
	cr_expect_eq(
	    person_fetch(&bob, UINT64_MAX, NULL, 0), REFUSE_FILE_UNKNOWN);
	cr_expect_eq(person_withdraw(&ann, 1, ""), REFUSE_FILE_UNKNOWN);
	/* Its room has not been told yet. */
	person_offer(&ann, 1, "#lobby", 1, "x");
	cr_expect_eq(person_fetch(&bob, 1, NULL, 0), REFUSE_FILE_UNKNOWN);
	cr_expect_eq(
	    person_offer(&ann, 1, "#lobby", 1, "x"), REFUSE_TOO_FAST, "yet");
	files_settle();
	cr_expect_eq(person_fetch(&bob, 1, NULL, 0), FINE);
	cr_expect_eq(person_files(&bob, "nobody", 0), REFUSE_NOBODY);
	leave();
}

Test(hub_file_rules, a_key_is_of_one_file)
{
	enter();
	offer(&ann, 1, 10);
	cr_expect_eq(person_offer(&ann, 1, "#lobby", 10, "y"), REFUSE_FILE_KEY);
	cr_expect_eq(person_offer(&ann, 1, "#lobby", 11, "x"), REFUSE_FILE_KEY);
	cr_expect_eq(person_offer(&bob, 1, "#lobby", 11, "y"), FINE, "his own");
	leave();
}

Test(hub_file_rules, size)
{
	enter();
	world.settings->files_size = 1;
	cr_expect_eq(
	    person_offer(&ann, 1, "#lobby", MIB + 1, "x"), REFUSE_FILE_SIZE);
	cr_expect_eq(person_offer(&ann, 1, "#lobby", UINT64_MAX - 1, "x"),
	    REFUSE_FILE_SIZE);
	offer(&ann, 1, MIB);
	world.settings->files_size = 0;
	cr_expect_eq(person_offer(&ann, 2, "#lobby", 0, "x"), REFUSE_FILE_NONE);
	leave();
}

Test(hub_file_rules, quota_of_one_is_not_that_of_others)
{
	enter();
	world.settings->files_own = 2;
	offer(&ann, 1, MIB);
	offer(&ann, 2, MIB);
	cr_expect_eq(
	    person_offer(&ann, 3, "#lobby", 1, "x"), REFUSE_FILE_QUOTA);
	cr_expect_eq(person_offer(&ann, 3, "#lobby", UINT64_MAX, "x"),
	    REFUSE_FILE_QUOTA, "a pipe");
	cr_expect_eq(person_offer(&bob, 3, "#lobby", 1, "x"), FINE);
	/* Given back. */
	cr_expect_eq(person_withdraw(&ann, 1, ""), FINE);
	cr_expect_eq(person_offer(&ann, 3, "#lobby", MIB, "x"), FINE);
	files_settle();
	cr_expect_eq(
	    person_offer(&ann, 4, "#lobby", 1, "x"), REFUSE_FILE_QUOTA);
	leave();
}

Test(hub_file_rules, quota_of_all)
{
	enter();
	world.settings->files_all = 2;
	offer(&ann, 1, MIB);
	offer(&bob, 2, MIB);
	cr_expect_eq(person_offer(&ann, 3, "#lobby", 1, "x"), REFUSE_FILES_ALL);
	world.settings->files_all = 3;
	world.settings->files_number = 2;
	cr_expect_eq(person_offer(&ann, 3, "#lobby", 0, "x"), REFUSE_FILES_ALL);
	world.settings->files_number = 3;
	cr_expect_eq(person_offer(&ann, 3, "#lobby", MIB, "x"), FINE);
	leave();
}

static void
pipe_up_to(uint64_t most, enum refusal why)
{
	uint8_t *bytes = files_bytes(most + 1, 1);
	static unsigned key = 100;

	ann.cancels = 0;
	cr_assert_eq(
	    person_offer(&ann, ++key, "#lobby", UINT64_MAX, "x"), FINE);
	files_settle();
	person_send(&ann, bytes, most);
	files_settle();
	cr_expect_eq(ann.cancels, 0);
	cr_expect_eq(ann.limit, most + 1, "%ju", (uintmax_t)ann.limit);
	person_data(&ann, most, bytes + most, 1);
	cr_expect_eq(ann.cancels, 1);
	cr_expect_eq(ann.code, why);
	files_settle();
	/* One byte less, and it fits. */
	ann.cancels = 0;
	cr_assert_eq(person_offer(&ann, key, "#lobby", UINT64_MAX, "x"), FINE);
	files_settle();
	cr_expect_eq(ann.offset, most);
	person_whole(&ann, bytes, most);
	files_settle();
	cr_expect_eq(ann.verified, 1);
	ann.verified = 0;
	cr_expect_eq(world.hub->files_bytes, most);
	person_withdraw(&ann, ann.file, "");
	files_settle();
	free(bytes);
}

Test(hub_file_rules, a_pipe_ends_where_the_limits_are)
{
	enter();
	world.settings->files_size = 2;
	pipe_up_to(2 * MIB, REFUSE_FILE_SIZE);
	world.settings->files_size = 20;
	world.settings->files_own = 1;
	pipe_up_to(MIB, REFUSE_FILE_QUOTA);
	world.settings->files_own = 20;
	world.settings->files_all = 1;
	pipe_up_to(MIB, REFUSE_FILES_ALL);
	leave();
}

/* The limit shrinks below what is there: nothing wraps. */
Test(hub_file_rules, a_pipe_longer_than_the_new_limit_takes_nothing)
{
	uint8_t *bytes = files_bytes(3 * MIB, 1);

	enter();
	offer(&ann, 1, UINT64_MAX);
	person_send(&ann, bytes, 2 * MIB);
	files_settle();
	world.settings->files_size = 1;
	offer(&ann, 1, UINT64_MAX);
	ann.cancels = 0;
	cr_expect_eq(ann.offset, 2 * MIB);
	cr_expect_eq(ann.limit, 2 * MIB + 1);
	person_data(&ann, 2 * MIB, bytes, 2);
	cr_expect_eq(ann.cancels, 1);
	files_settle();
	cr_expect_eq(files_in_spool(ann.file, false), 2 * MIB);
	leave();
	free(bytes);
}

Test(hub_file_rules, legs)
{
	enter();
	person_enter(&carl, 3, "carl");
	world.settings->files_legs = 2;
	offer(&ann, 1, 10);
	person_fetch(&bob, 1, NULL, 0);
	person_fetch(&bob, 1, NULL, 0);
	cr_expect_eq(person_fetch(&bob, 1, NULL, 0), REFUSE_FILE_LEGS);
	cr_expect_eq(person_offer(&bob, 1, "#lobby", 1, "x"), REFUSE_FILE_LEGS);
	person_cancel(&bob);
	cr_expect_eq(person_fetch(&bob, 1, NULL, 0), FINE);
	world.settings->files_active = 3;
	cr_expect_eq(person_fetch(&carl, 1, NULL, 0), REFUSE_FILE_LEGS);
	/* Who has not moved for long makes room: ann, she was first. */
	world_later(59999);
	cr_expect_eq(person_fetch(&carl, 1, NULL, 0), REFUSE_FILE_LEGS);
	person_data(&ann, 0, "a", 1);
	files_settle();
	world_later(1);
	cr_expect_eq(person_fetch(&carl, 1, NULL, 0), FINE);
	cr_expect_eq(ann.cancels, 0, "she moves");
	cr_expect_eq(bob.cancels, 1);
	cr_expect_eq(bob.code, REFUSE_FILE_LEGS);
	leave();
	person_gone(&carl);
}

Test(hub_file_rules, expiry)
{
	uint64_t file;

	enter();
	world.settings->files_age = 1;
	file = person_send_all(&ann, 1, "#lobby", (const uint8_t *)"a", 1, "x");
	offer(&ann, 2, 10);
	cr_assert_eq(person_fetch(&bob, file, NULL, 0), FINE);
	world_later(86400000 - 60000);
	world_later(59999);
	files_settle();
	cr_expect_eq(files_in_spool(file, true), 1);
	cr_expect_eq(bob.cancels, 0);
	for (int i = 0; i < 2; i++)
		world_later(60000);
	files_settle();
	cr_expect_eq(files_in_spool(file, true), -1);
	cr_expect_eq(files_in_spool(file + 1, false), -1);
	cr_expect_eq(bob.cancels, 1);
	cr_expect_eq(bob.code, REFUSE_FILE_GONE);
	cr_expect_eq(ann.cancels, 1);
	cr_expect_eq(world.hub->files_bytes, 0);
	cr_expect_eq(person_fetch(&bob, file, NULL, 0), REFUSE_FILE_UNKNOWN);
	world.settings->files_age = 0;
	file = offer(&ann, 3, 10);
	world_later(100LL * 365 * 86400000);
	files_settle();
	cr_expect_eq(files_in_spool(file, false), 0, "never");
	leave();
}

Test(hub_file_rules, withdrawn_is_gone_for_who_reads_it)
{
	enter();
	offer(&ann, 1, 10);
	person_fetch(&bob, ann.file, NULL, 0);
	cr_assert_eq(person_withdraw(&ann, ann.file, "oops"), FINE);
	cr_expect_eq(ann.code, REFUSE_FILE_GONE);
	cr_expect_eq(bob.code, REFUSE_FILE_GONE);
	files_settle();
	cr_expect_eq(files_in_spool(ann.file, false), -1);
	cr_expect_eq(person_withdraw(&ann, ann.file, ""), REFUSE_FILE_UNKNOWN);
	/* The key is free for another. */
	ann.cancels = 0;
	cr_expect_eq(person_offer(&ann, 1, "#lobby", 11, "y"), FINE);
	leave();
}

Test(hub_file_rules, many_are_listed_in_pages)
{
	enter();
	for (unsigned i = 1; i <= 150; i++) {
		offer(&ann, i, i);
		person_cancel(&ann);
	}
	fake_ignore(&bob.fake);
	cr_assert_eq(person_files(&bob, "#lobby", 0), FINE);
	cr_expect_eq(bob.filed, 100);
	cr_expect_eq(bob.file, 100);
	cr_expect_eq(bob.size, 100);
	fake_expect(&bob.fake, "done next=100\n", "");
	cr_assert_eq(person_files(&bob, "", 100), FINE);
	cr_expect_eq(bob.filed, 150);
	fake_expect(&bob.fake, "done next=0\n", "");
	cr_assert_eq(person_files(&bob, "", 150), FINE);
	fake_expect(&bob.fake, "done next=0\n", "");
	leave();
}

Test(hub_file_rules, without_a_spool_none_are_taken)
{
	enter();
	hub_spool(world.hub, NULL);
	cr_expect_eq(person_offer(&ann, 1, "#lobby", 1, "x"), REFUSE_FILE_NONE);
	cr_expect_eq(person_fetch(&ann, 1, NULL, 0), REFUSE_FILE_UNKNOWN);
	leave();
}

/* ---- after an end ---- */

static void
stray(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "files/%s", name);
	folder_write(files_folder, path, "stray", 5);
}

Test(hub_file_restart, half_a_file_goes_on_and_strays_go)
{
	enum { SIZE = 500000, CUT = 200000 };
	uint8_t *bytes = files_bytes(SIZE, 1);
	uint64_t file, other;

	enter();
	file = offer(&ann, 1, SIZE);
	person_send(&ann, bytes, CUT);
	files_settle();
	cr_assert_eq(person_fetch(&bob, file, NULL, 0), FINE);
	person_credit(&bob, UINT64_MAX);
	person_pull(&bob);
	cr_expect_eq(bob.got.len, CUT);
	leave();
	stray("77.part");
	stray("78");
	files_restart();
	cr_expect_eq(files_in_spool(77, false), -1);
	cr_expect_eq(files_in_spool(78, true), -1);
	cr_expect_eq(files_in_spool(file, false), CUT);
	cr_expect_eq(world.hub->files_bytes, SIZE);
	cr_expect_eq(world.hub->files_owed, SIZE - CUT);
	enter();
	offer(&ann, 1, SIZE);
	cr_expect_eq(ann.file, file);
	cr_expect_eq(ann.offset, CUT);
	cr_assert_eq(person_fetch(&bob, file, bytes, CUT), FINE);
	files_settle();
	cr_expect_eq(bob.offset, CUT);
	person_credit(&bob, UINT64_MAX);
	buf_add(&bob.got, bytes, CUT);
	person_send(&ann, bytes, SIZE);
	person_whole(&ann, bytes, SIZE);
	person_pull(&bob);
	cr_expect_eq(ann.verified, 1);
	cr_expect_eq(bob.wholes, 1);
	cr_assert_eq(bob.got.len, SIZE);
	cr_expect_eq(memcmp(buf_at(&bob.got), bytes, SIZE), 0);
	/* Once more: it is there, and numbers go on. */
	leave();
	files_restart();
	enter();
	person_fetch_all(&bob, file);
	cr_expect_eq(bob.got.len, SIZE);
	cr_expect_eq(person_withdraw(&ann, file, ""), FINE);
	leave();
	files_settle();
	files_restart();
	enter();
	other = offer(&ann, 2, 1);
	cr_expect_eq(other, file + 1);
	leave();
	free(bytes);
}

/* chatd ended before the word; the sender asks while it is hashed. */
Test(hub_file_restart, a_whole_one_that_nobody_was_told_of_is_told)
{
	uint8_t *bytes = files_bytes(100000, 1);
	char part[128], whole[128];
	uint64_t file;

	for (unsigned is_asked = 0; is_asked < 2; is_asked++) {
		unsigned key = is_asked + 1;

		enter();
		file = offer(&ann, key, 100000);
		person_send(&ann, bytes, 100000);
		files_settle();
		leave();
		snprintf(part, sizeof(part), "%s/files/%ju.part", files_folder,
		    (uintmax_t)file);
		snprintf(whole, sizeof(whole), "%s/files/%ju", files_folder,
		    (uintmax_t)file);
		cr_assert_eq(rename(part, whole), 0);
		files_restart();
		if (!is_asked)
			files_settle();
		enter();
		offer(&ann, key, 100000);
		cr_expect_eq(ann.offset, 100000);
		cr_expect_eq(ann.verified, 1);
		person_fetch_all(&bob, file);
		cr_expect_eq(bob.got.len, 100000);
		cr_expect_eq(files_in_spool(file, false), -1);
		leave();
	}
	free(bytes);
}

Test(hub_file_restart, one_whose_bytes_are_lost_is_withdrawn)
{
	char path[128];
	uint64_t file;

	enter();
	file = person_send_all(&ann, 1, "#lobby", (const uint8_t *)"a", 1, "x");
	snprintf(
	    path, sizeof(path), "%s/files/%ju", files_folder, (uintmax_t)file);
	leave();
	cr_assert_eq(remove(path), 0);
	files_restart();
	files_settle();
	person_enter(&ann, 1, "ann");
	cr_expect_eq(person_fetch(&ann, file, NULL, 0), REFUSE_FILE_UNKNOWN);
	cr_expect_eq(fake_attach(&ann.fake, "#lobby", 4), FINE);
	world_turn();
	fake_pull(&ann.fake, 65536);
	cr_expect_not_null(strstr(buf_string(&ann.fake.heard),
			       "withdrawn ann: 1 x\nits bytes are lost"),
	    "%s", buf_string(&ann.fake.heard));
	person_gone(&ann);
}
