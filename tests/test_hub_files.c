/*
 * Files in the hub: offered, sent, fetched by several at their own pace, gone
 * on with after a cut or a restart; what a file costs and for how long.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../chatd/hub_files.h"
#include "../chatd/settings.h"
#include "files_rig.h"
#include "xmalloc.h"

static void
start(void)
{
	files_start(false);
}

TestSuite(hub_files, .init = start, .fini = files_stop);

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

static void
expect_got(const struct person *p, const uint8_t *bytes, size_t len)
{
	struct hash hash = files_hash(bytes, len);

	cr_expect_eq(p->got.len, len);
	cr_expect(len == 0 || memcmp(buf_at(&p->got), bytes, p->got.len) == 0);
	cr_expect_arr_eq(p->hash.byte, hash.byte, sizeof(hash.byte));
}

static unsigned
count_legs(void)
{
	files_settle();
	return world.hub->n_legs;
}

/* ---- there and back ---- */

Test(hub_files, every_size_goes_there_and_back)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385,
		SPOOL_PIECE - 1, SPOOL_PIECE, SPOOL_PIECE + 1, 3000000 };

	enter();
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint8_t *bytes = files_bytes(sizes[i], i);
		uint64_t file = person_send_all(
		    &ann, i + 1, "#lobby", bytes, sizes[i], "x");

		cr_expect_eq(files_in_spool(file, true), (long)sizes[i]);
		person_fetch_all(&bob, file);
		cr_expect_eq(bob.wholes, i + 1);
		cr_expect_eq(bob.size, sizes[i]);
		expect_got(&bob, bytes, sizes[i]);
		free(bytes);
	}
	cr_expect_eq(bob.time, 77);
	cr_expect_eq(bob.flags, 1);
	cr_expect_str_eq(buf_string(&bob.name), "x");
	cr_expect_eq(count_legs(), 0);
	leave();
}

Test(hub_files, its_room_is_told)
{
	enter();
	world.settings->files_age = 0;
	person_send_all(&ann, 1, "#lobby", (const uint8_t *)"abc", 3, "a b.c");
	cr_assert_eq(person_withdraw(&ann, ann.file, "oops"), FINE);
	files_settle();
	fake_expect(&ann.fake, "done next=0\n",
	    "3 file ann: 1 3 - a b.c\n"
	    "4 arrived ann: 1 3 ba7816bf8f01cfea414140de5dae2223b00361a396177a"
	    "9cb410ff61f20015ad a b.c\n"
	    "5 withdrawn ann: 1 a b.c\noops\n");
	leave();
}

Test(hub_files, a_size_may_become_known_at_the_end)
{
	uint8_t *bytes = files_bytes(600000, 1);

	enter();
	cr_assert_eq(
	    person_offer(&ann, 1, "#lobby", FILE_SIZE_UNKNOWN, "pipe"), FINE);
	files_settle();
	fake_expect(&bob.fake, "", "3 file ann: 1 - 604801000 pipe\n");
	person_send(&ann, bytes, 600000);
	person_whole(&ann, bytes, 600000);
	files_settle();
	cr_expect_eq(ann.verified, 1);
	person_fetch_all(&bob, ann.file);
	expect_got(&bob, bytes, 600000);
	leave();
	free(bytes);
}

/* One takes all at once, one nothing at all, one some, one comes when it is
 * over: all while it arrives. */
Test(hub_files, everybody_has_a_pace_of_his_own)
{
	enum { SIZE = 2000000, STEP = 100000 };
	uint8_t *bytes = files_bytes(SIZE, 1);
	struct person dora;

	enter();
	person_enter(&carl, 3, "carl");
	person_enter(&dora, 4, "dora");
	person_offer(&ann, 1, "#lobby", SIZE, "x");
	files_settle();
	person_fetch(&bob, ann.file, NULL, 0);
	person_fetch(&carl, ann.file, NULL, 0);
	person_credit(&bob, UINT64_MAX);
	person_credit(&carl, 1000);
	for (uint64_t at = STEP; at <= SIZE; at += STEP) {
		person_send(&ann, bytes, at);
		person_pull(&bob);
		person_pull(&carl);
		cr_expect_eq(bob.got.len, at, "all there is");
		cr_expect_eq(carl.got.len, 1000, "stalled");
	}
	cr_expect_eq(bob.wholes, 0);
	person_whole(&ann, bytes, SIZE);
	person_pull(&bob);
	cr_expect_eq(ann.verified, 1, "the stalled one is not waited for");
	cr_expect_eq(bob.wholes, 1);
	expect_got(&bob, bytes, SIZE);
	person_fetch_all(&dora, ann.file);
	expect_got(&dora, bytes, SIZE);
	person_credit(&carl, 999);
	person_credit(&carl, 1001);
	person_pull(&carl);
	cr_expect_eq(carl.got.len, 1001, "less than before is nothing");
	person_credit(&carl, SIZE);
	person_pull(&carl);
	expect_got(&carl, bytes, SIZE);
	leave();
	person_gone(&carl);
	person_gone(&dora);
	free(bytes);
}

/* ---- cuts ---- */

Test(hub_files, a_sender_goes_on_where_it_was_cut)
{
	enum { SIZE = 1000000, CUT = 300000 };
	uint8_t *bytes = files_bytes(SIZE, 1);
	struct hash hash = files_hash(bytes, CUT);

	enter();
	person_offer(&ann, 1, "#lobby", SIZE, "x");
	files_settle();
	person_send(&ann, bytes, CUT);
	files_settle();
	person_gone(&ann);
	person_enter(&ann, 1, "ann");
	cr_assert_eq(person_offer(&ann, 1, "#lobby", SIZE, "x"), FINE);
	files_settle();
	cr_assert_eq(ann.offset, CUT);
	cr_assert(ann.has_hash);
	cr_expect_arr_eq(ann.hash.byte, hash.byte, sizeof(hash.byte));
	person_send(&ann, bytes, SIZE);
	person_whole(&ann, bytes, SIZE);
	files_settle();
	cr_expect_eq(ann.verified, 1);
	/* Again, for one that is whole. */
	cr_assert_eq(person_offer(&ann, 1, "#lobby", SIZE, "x"), FINE);
	cr_expect_eq(ann.offset, SIZE);
	cr_expect_eq(ann.verified, 2);
	person_fetch_all(&bob, ann.file);
	expect_got(&bob, bytes, SIZE);
	cr_expect_eq(count_legs(), 0);
	leave();
	free(bytes);
}

Test(hub_files, a_receiver_goes_on_behind_what_it_proves)
{
	enum { SIZE = 700000 };
	static const size_t had[] = { 1, 16384, SPOOL_PIECE, SIZE };
	uint8_t *bytes = files_bytes(SIZE, 1);
	uint64_t file;

	enter();
	file = person_send_all(&ann, 1, "#lobby", bytes, SIZE, "x");
	for (size_t i = 0; i < sizeof(had) / sizeof(*had); i++) {
		cr_assert_eq(person_fetch(&bob, file, bytes, had[i]), FINE);
		files_settle();
		cr_expect_eq(bob.offset, had[i]);
		buf_clear(&bob.got);
		buf_add(&bob.got, bytes, had[i]);
		person_credit(&bob, SIZE);
		person_pull(&bob);
		expect_got(&bob, bytes, SIZE);
		person_verify(&bob);
	}
	cr_expect_eq(person_fetch(&bob, file, bytes, SIZE + 1),
	    REFUSE_FILE_PREFIX, "more than there is");
	buf_clear(&bob.fake.told);
	cr_expect_eq(person_fetch(&bob, file, bytes + 1, SIZE - 1), FINE);
	files_settle();
	cr_expect_str_eq(buf_string(&bob.fake.told), "refused file_prefix\n");
	cr_expect_eq(count_legs(), 0);
	leave();
	free(bytes);
}

Test(hub_files, the_newer_connection_goes_on)
{
	uint8_t *bytes = files_bytes(1000, 1);
	uint32_t first;

	enter();
	person_offer(&ann, 1, "#lobby", 1000, "x");
	files_settle();
	first = ann.leg;
	person_send(&ann, bytes, 500);
	cr_assert_eq(person_offer(&ann, 1, "#lobby", 1000, "x"), FINE);
	files_settle();
	cr_expect_eq(ann.cancels, 1);
	cr_expect_eq(ann.code, REFUSE_FILE_MOVED);
	cr_expect_neq(ann.leg, first);
	cr_expect_eq(ann.offset, 500);
	ann.cancels = 0;
	person_send(&ann, bytes, 1000);
	person_whole(&ann, bytes, 1000);
	files_settle();
	cr_expect_eq(ann.verified, 1);
	leave();
	free(bytes);
}

/* Its bytes are being finished when the sender comes back. */
Test(hub_files, one_that_is_being_finished_is_not_begun_again)
{
	uint8_t *bytes = files_bytes(1000, 1);

	enter();
	for (unsigned turns = 0; turns < 3; turns++) {
		person_offer(&ann, turns + 1, "#lobby", 1000, "x");
		files_settle();
		person_send(&ann, bytes, 1000);
		files_settle();
		person_whole(&ann, bytes, 1000);
		if (turns >= 1)
			spool_drain(files_spool);
		if (turns == 2)
			world_turn();
		ann.verified = ann.cancels = 0;
		cr_assert_eq(
		    person_offer(&ann, turns + 1, "#lobby", 1000, "x"), FINE);
		files_settle();
		ann.cancels = 0;
		cr_expect_eq(ann.offset, 1000, "%u", turns);
		cr_expect_eq(ann.verified, 1, "%u", turns);
		cr_expect_eq(files_in_spool(ann.file, true), 1000);
		cr_expect_eq(files_in_spool(ann.file, false), -1);
		person_fetch_all(&bob, ann.file);
		expect_got(&bob, bytes, 1000);
	}
	cr_expect_eq(count_legs(), 0);
	leave();
	free(bytes);
}

/* ---- lies ---- */

Test(hub_files, another_hash_is_refused_and_begun_anew)
{
	uint8_t *bytes = files_bytes(1000, 1);

	enter();
	person_offer(&ann, 1, "#lobby", 1000, "x");
	files_settle();
	person_fetch(&bob, ann.file, NULL, 0);
	person_credit(&bob, UINT64_MAX);
	person_send(&ann, bytes, 1000);
	bytes[0]++;
	person_whole(&ann, bytes, 1000);
	person_pull(&bob);
	cr_expect_eq(ann.verified, 0);
	cr_expect_eq(ann.cancels, 1);
	cr_expect_eq(ann.code, REFUSE_FILE_HASH);
	cr_expect_eq(bob.cancels, 1, "what it has is wrong");
	cr_expect_eq(bob.code, REFUSE_FILE_HASH);
	ann.cancels = 0;
	cr_assert_eq(person_offer(&ann, 1, "#lobby", 1000, "x"), FINE);
	files_settle();
	cr_expect_eq(ann.offset, 0);
	person_send(&ann, bytes, 1000);
	person_whole(&ann, bytes, 1000);
	files_settle();
	cr_expect_eq(ann.verified, 1);
	person_fetch_all(&bob, ann.file);
	expect_got(&bob, bytes, 1000);
	leave();
	free(bytes);
}

Test(hub_files, who_sends_otherwise_than_agreed_is_cut_off)
{
	enum { SIZE = 1000000 };
	static const struct {
		uint64_t at;
		size_t len;
	} rows[] = {
		{ 0, 0 },
		{ 1, 10 },
		{ UINT64_MAX, 10 },
		{ UINT64_MAX - 9, 10 },
	};
	uint8_t *bytes = files_bytes(SIZE, 1);
	size_t i;

	enter();
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_assert_eq(person_offer(&ann, 1, "#lobby", SIZE, "x"), FINE);
		files_settle();
		person_data(&ann, rows[i].at, bytes, rows[i].len);
		cr_expect_eq(ann.cancels, i + 1, "row %zu", i);
		cr_expect_eq(ann.code, REFUSE_FILE_CREDIT);
		person_data(&ann, 0, bytes, 10);
		person_whole(&ann, bytes, 10);
		files_settle();
	}
	cr_expect_eq(files_in_spool(ann.file, false), 0);
	/* Credit that nobody gave. */
	ann.cancels = 0;
	person_offer(&ann, 1, "#lobby", SIZE, "x");
	files_settle();
	while (ann.cancels == 0 && ann.offset < SIZE) {
		person_data(&ann, ann.offset, bytes + ann.offset, 16384);
		ann.offset += 16384;
	}
	cr_expect_eq(ann.offset, LEG_WINDOW + 16384);
	cr_expect_eq(ann.code, REFUSE_FILE_CREDIT);
	files_settle();
	leave();
	free(bytes);
}

Test(hub_files, a_whole_of_another_size_is_refused)
{
	static const size_t told[] = { 499, 501, 1000, 0 };
	uint8_t *bytes = files_bytes(1000, 1);

	enter();
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		ann.cancels = 0;
		person_offer(&ann, 1, "#lobby", 1000, "x");
		files_settle();
		person_send(&ann, bytes, 500);
		person_whole(&ann, bytes, told[i]);
		cr_expect_eq(ann.cancels, 1, "%zu", told[i]);
		cr_expect_eq(ann.code, REFUSE_FILE_CREDIT);
		files_settle();
	}
	/* As many as have come, but not as many as were offered. */
	ann.cancels = 0;
	person_offer(&ann, 1, "#lobby", 1000, "x");
	files_settle();
	cr_expect_eq(ann.offset, 500);
	person_whole(&ann, bytes, 500);
	cr_expect_eq(ann.cancels, 1);
	files_settle();
	leave();
	free(bytes);
}

Test(hub_files, what_is_for_a_leg_that_is_over_is_nothing)
{
	uint8_t *bytes = files_bytes(1000, 1);
	struct person both;

	enter();
	person_send_all(&ann, 1, "#lobby", bytes, 1000, "x");
	person_data(&ann, 1000, bytes, 10);
	person_credit(&ann, 5);
	person_whole(&ann, bytes, 10);
	person_verify(&ann);
	person_cancel(&ann);
	/* Others' legs have the same numbers. */
	both = bob;
	bob.leg = ann.leg;
	person_data(&bob, 0, bytes, 10);
	person_cancel(&bob);
	bob = both;
	/* One that goes the other way. */
	person_fetch(&bob, ann.file, NULL, 0);
	person_data(&bob, 0, bytes, 10);
	person_whole(&bob, bytes, 0);
	person_verify(&bob);
	cr_expect_eq(count_legs(), 1, "not before all was sent");
	person_cancel(&bob);
	cr_expect_eq(count_legs(), 0);
	leave();
	free(bytes);
}

/* ---- the disk ---- */

Test(hub_files, a_full_disk_holds_it_until_there_is_room)
{
	enum { SIZE = 500000 };
	uint8_t *bytes = files_bytes(SIZE, 1);
	struct rlimit before, small;

	enter();
	signal(SIGXFSZ, SIG_IGN);
	person_offer(&ann, 1, "#lobby", SIZE, "x");
	files_settle();
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 100000, before.rlim_max };
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	person_send(&ann, bytes, 200000);
	files_settle();
	cr_expect_eq(ann.helds, 1);
	cr_expect_eq(ann.code, REFUSE_DISK_FULL);
	world_later(LEG_RETRY_MS);
	files_settle();
	cr_expect_eq(ann.helds, 1, "told once");
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	world_later(LEG_RETRY_MS - 1);
	files_settle();
	cr_expect_eq(ann.helds, 1);
	world_later(1);
	files_settle();
	cr_expect_eq(ann.helds, 2);
	cr_expect_eq(ann.code, FINE);
	person_send(&ann, bytes, SIZE);
	person_whole(&ann, bytes, SIZE);
	files_settle();
	cr_expect_eq(ann.verified, 1);
	person_fetch_all(&bob, ann.file);
	expect_got(&bob, bytes, SIZE);
	leave();
	free(bytes);
}

Test(hub_files, what_is_to_be_left_free_is_left_free)
{
	uint8_t *bytes = files_bytes(1000, 1);

	enter();
	world.settings->files_free = 1 << 30;
	cr_assert_eq(person_offer(&ann, 1, "#lobby", 1000, "x"), FINE);
	files_settle();
	fake_expect(&ann.fake, "refused disk_full\n", "");
	cr_expect_eq(world.hub->files_bytes, 0);
	cr_expect_eq(files_in_spool(1, false), -1);
	/* Others fill it while it arrives. */
	world.settings->files_free = 0;
	person_offer(&ann, 1, "#lobby", 1000, "x");
	files_settle();
	world.settings->files_free = 1 << 30;
	person_send(&ann, bytes, 1000);
	files_settle();
	cr_expect_eq(ann.helds, 1);
	cr_expect_eq(ann.code, REFUSE_DISK_FULL);
	world.settings->files_free = 0;
	world_later(LEG_RETRY_MS);
	files_settle();
	cr_expect_eq(ann.helds, 2);
	cr_expect_eq(files_in_spool(ann.file, false), 1000);
	leave();
	free(bytes);
}

Test(hub_files, bytes_that_vanish_are_told_of)
{
	uint8_t *bytes = files_bytes(1000, 1);
	char path[FOLDER_LEN + 16];

	enter();
	person_send_all(&ann, 1, "#lobby", bytes, 1000, "x");
	snprintf(path, sizeof(path), "%s/files/1", files_folder);
	cr_assert_eq(truncate(path, 10), 0);
	person_fetch(&bob, 1, NULL, 0);
	person_credit(&bob, UINT64_MAX);
	person_pull(&bob);
	cr_expect_eq(bob.cancels, 1);
	cr_expect_eq(bob.code, REFUSE_FILE_DISK);
	cr_expect_eq(count_legs(), 0);
	leave();
	free(bytes);
}

/* ---- memory ---- */

Test(hub_files, an_upload_holds_no_more_than_its_window)
{
	enum { SIZE = 20000000 };
	uint8_t *bytes = files_bytes(SIZE, 1);
	size_t most = 0;

	enter();
	person_offer(&ann, 1, "#lobby", SIZE, "x");
	files_settle();
	while (ann.offset < SIZE) {
		const struct leg *leg = ann.fake.client.legs;
		size_t held = 0, n = ann.limit - ann.offset;

		n = n < 16384 ? n : 16384;
		if (n == 0) {
			for (struct parcel *p = leg->first; p; p = p->next)
				held += sizeof(*p);
			held +=
			    leg->writing != NULL ? sizeof(*leg->writing) : 0;
			most = held > most ? held : most;
			files_settle();
			continue;
		}
		person_data(&ann, ann.offset, bytes + ann.offset, n);
		ann.offset += n;
	}
	cr_expect_gt(most, LEG_WINDOW, "the window has grown");
	cr_expect_leq(most, LEG_WINDOW_MOST + 2 * sizeof(struct parcel));
	person_whole(&ann, bytes, SIZE);
	files_settle();
	cr_expect_eq(ann.verified, 1);
	leave();
	free(bytes);
}

/* ---- gone at each moment ---- */

static void
play_until(unsigned moment, const uint8_t *bytes, size_t len, bool settles)
{
	unsigned at = 0;

#define STEP(act)                                                              \
	do {                                                                   \
		if (at++ == moment)                                            \
			return;                                                \
		act;                                                           \
	} while (0)
	STEP(person_offer(&ann, 1, "#lobby", len, "x"));
	STEP(spool_drain(files_spool));
	STEP(world_turn());
	STEP(files_settle());
	STEP(person_fetch(&bob, 1, NULL, 0));
	STEP(person_credit(&bob, UINT64_MAX));
	STEP(person_data(&ann, 0, bytes, 10000));
	STEP(person_data(&ann, 10000, bytes + 10000, 10000));
	STEP(if (settles) files_settle());
	STEP(spool_drain(files_spool));
	STEP(world_turn());
	STEP(person_pull(&bob));
	STEP(ann.offset = 20000; person_send(&ann, bytes, len));
	STEP(person_whole(&ann, bytes, len));
	STEP(spool_drain(files_spool));
	STEP(world_turn());
	STEP(person_pull(&bob));
	STEP(person_fetch(&bob, 1, bytes, len));
	STEP(spool_drain(files_spool));
	STEP(person_withdraw(&ann, 1, ""));
	STEP(files_settle());
#undef STEP
}

/* What happens at the moment, to be followed by the end. */
static void
strike(unsigned what)
{
	switch (what) {
	case 0: /* the sender's connection */
		person_gone(&ann);
		person_enter(&ann, 1, "ann");
		break;
	case 1:
		person_gone(&bob);
		person_enter(&bob, 2, "bob");
		break;
	case 2: /* the file, at the sender's wish */
		person_withdraw(&ann, 1, "");
		break;
	case 3: /* by age */
		world_later(8 * 86400000LL);
		break;
	case 4: /* the room */
		hub_files_room_gone(world.hub, 1);
		break;
	case 5:
		person_cancel(&ann);
		person_cancel(&bob);
		break;
	default: /* everything ends, in order, as chatd does it */
		break;
	}
}

/* Nothing is lost from memory, and nothing is freed twice, whoever goes when:
 * what the sanitizers would see.  And nothing stays: no leg, no room taken. */
Test(hub_files, whoever_goes_at_whatever_moment, .timeout = 120)
{
	enum { SIZE = 60000, MOMENTS = 21, STRIKES = 7 };
	uint8_t *bytes = files_bytes(SIZE, 1);

	for (unsigned what = 0; what < STRIKES; what++)
		for (unsigned moment = 0; moment <= MOMENTS; moment++) {
			enter();
			play_until(moment, bytes, SIZE, moment % 2 == 0);
			strike(what);
			if (moment % 3 != 0)
				files_settle();
			if (what < STRIKES - 1) {
				person_withdraw(&ann, 1, "");
				files_settle();
				cr_expect_eq(world.hub->files_bytes, 0,
				    "%u at %u", what, moment);
				cr_expect_eq(world.hub->files_owed, 0);
				cr_expect_eq(world.hub->n_legs, 0, "%u at %u",
				    what, moment);
				cr_expect_eq(files_in_spool(1, true), -1);
				cr_expect_eq(files_in_spool(1, false), -1);
			}
			leave();
			files_restart();
		}
	free(bytes);
}
