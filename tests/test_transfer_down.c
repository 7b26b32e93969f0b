/*
 * Files that are fetched: every state meets a cut, a pause, a cancel; a full
 * disk; a server that lies.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ferry.h"

static struct ferry f;
static char *bytes;

enum { MOST = 3 * CORE_WINDOW_MOST + 1, LEG = 9, FILE_NO = 5 };

static void
begin(void)
{
	ferry_init(&f);
	bytes = malloc(MOST);
	for (size_t i = 0; i < MOST; i++)
		bytes[i] = (char)(i * 7 + i / 251);
}

static void
end(void)
{
	free(bytes);
	ferry_done(&f);
}

TestSuite(transfer_down, .init = begin, .fini = end, .timeout = 30);

static struct transfer *
fetch(uint32_t *ref)
{
	struct transfer *t = transfers_fetch(f.all, f.room, FILE_NO, NULL, -1);

	*ref = ferry_hears(&f, MSG_FETCH)->fetch.ref;
	cr_expect_eq(f.m.fetch.file, FILE_NO);
	cr_expect_eq(f.m.fetch.offset, 0);
	return t;
}

static union message
leg_message(uint32_t ref, uint64_t offset, uint64_t size)
{
	return (union message){ .leg = { .type = MSG_LEG,
				    .ref = ref,
				    .leg = LEG,
				    .file = FILE_NO,
				    .size = size,
				    .offset = offset,
				    .time = 1000000000000,
				    .name = SLICE("../a.txt") } };
}

static bool
leg(uint32_t ref, uint64_t offset, uint64_t size)
{
	return ferry_says(&f, leg_message(ref, offset, size));
}

static bool
data(uint64_t at, size_t len)
{
	return ferry_says(&f,
	    (union message){
		.data = { MSG_DATA, LEG, at, { bytes + at, len } } });
}

static union message
whole_message(uint64_t size)
{
	static struct hash hash;

	hash = ferry_hash(bytes, size);
	return (union message){ .whole = {
				    MSG_WHOLE, LEG, size, FERRY_HASH(hash) } };
}

/* As far as the credit goes, until all is there. */
static void
gives(uint64_t from, uint64_t to)
{
	uint64_t limit = from;

	while (from < to) {
		size_t len = PROTOCOL_DATA_MAX;

		while (limit <= from) {
			limit = ferry_hears(&f, MSG_CREDIT)->credit.limit;
			cr_assert_leq(limit, from + CORE_WINDOW_MOST);
		}
		if (len > limit - from)
			len = (size_t)(limit - from);
		if (len > to - from)
			len = (size_t)(to - from);
		cr_assert(data(from, len), "%s", f.why);
		from += len;
	}
	while (!ferry_is_quiet(&f))
		cr_assert_eq(f.m.type, MSG_CREDIT);
}

static void
is_there(const char *name, size_t len)
{
	size_t have;
	char *found = folder_read(f.downloads, name, &have);

	cr_assert_not_null(found, "%s", name);
	cr_expect_eq(have, len);
	cr_expect_eq(memcmp(found, bytes, len), 0);
	free(found);
}

static bool
exists(const char *name)
{
	size_t len;
	char *found = folder_read(f.downloads, name, &len);

	free(found);
	return found != NULL;
}

static void
ends(struct transfer *t, const char *name, size_t len)
{
	cr_expect(ferry_says(&f, whole_message(len)));
	ferry_hears(&f, MSG_VERIFIED);
	cr_expect_eq(t->state, TRANSFER_DONE, "%s", t->why);
	is_there(name, len);
	cr_expect(ferry_is_quiet(&f));
}

Test(transfer_down, of_every_size)
{
	static const size_t sizes[] = { 1, PROTOCOL_DATA_MAX - 1,
		PROTOCOL_DATA_MAX, PROTOCOL_DATA_MAX + 1, CORE_WINDOW,
		CORE_WINDOW + 1, MOST };
	char name[32];

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint32_t ref;
		struct transfer *t = fetch(&ref);

		snprintf(
		    name, sizeof(name), i == 0 ? "a.txt" : "a (%u).txt", i + 1);
		cr_assert(leg(ref, 0, sizes[i]));
		gives(0, sizes[i]);
		ends(t, name, sizes[i]);
	}
}

Test(transfer_down, an_empty_file_is_whole_before_it_has_a_part)
{
	uint32_t ref;
	struct transfer *t = fetch(&ref);
	union message m = leg_message(ref, 0, 0), whole = whole_message(0);

	cr_assert(transfers_hear(f.all, &m, f.why, sizeof(f.why)));
	cr_assert(transfers_hear(f.all, &whole, f.why, sizeof(f.why)));
	ferry_hears(&f, MSG_VERIFIED);
	cr_expect_eq(t->state, TRANSFER_DONE);
	is_there("a.txt", 0);
}

Test(transfer_down, of_an_unknown_size)
{
	uint32_t ref;
	struct transfer *t = fetch(&ref);

	leg(ref, 0, UINT64_MAX);
	gives(0, 5000);
	cr_expect_eq(t->size, UINT64_MAX);
	ends(t, "a.txt", 5000);
	cr_expect_eq(t->size, 5000);
}

Test(transfer_down, mode_and_time)
{
	uint32_t ref;
	struct transfer *t = fetch(&ref);
	union message m = leg_message(ref, 0, 1);
	struct stat st;

	umask(027);
	m.leg.flags = 1;
	ferry_says(&f, m);
	gives(0, 1);
	ends(t, "a.txt", 1);
	cr_assert_eq(fstatat(f.directory, "down/a.txt", &st, 0), 0);
	cr_expect_eq(st.st_mode & 07777, 0750);
	cr_expect_eq(st.st_mtim.tv_sec, 1000000000);
	cr_assert_eq(fstatat(f.directory, "down", &st, 0), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
}

/* ---- a server that lies ---- */

Test(transfer_down, what_breaks_the_rules)
{
	static const struct {
		const char *what;
		union message m;
	} lies[] = {
		{ "beyond the credit",
		    { .data = { MSG_DATA, LEG, 100,
			  { "0123456789012345678901234567890123456789",
			      40 } } } },
		{ "behind", { .data = { MSG_DATA, LEG, 99, { "x", 1 } } } },
		{ "before", { .data = { MSG_DATA, LEG, 101, { "x", 1 } } } },
		{ "nothing", { .data = { MSG_DATA, LEG, 100, { "", 0 } } } },
		{ "whole before all",
		    { .whole = { MSG_WHOLE, LEG, 120,
			  { "01234567890123456789012345678901", 32 } } } },
		{ "whole, and less",
		    { .whole = { MSG_WHOLE, LEG, 100,
			  { "01234567890123456789012345678901", 32 } } } },
		{ "whole without a hash",
		    { .whole = { MSG_WHOLE, LEG, 100, { "", 0 } } } },
		{ "an upload's credit",
		    { .credit = { MSG_CREDIT, LEG, 1000, 0 } } },
		{ "an upload's end",
		    { .verified = { MSG_VERIFIED, LEG,
			  { "01234567890123456789012345678901", 32 } } } },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		uint32_t ref;
		struct transfer *t = fetch(&ref);

		leg(ref, 0, 120);
		cr_assert_eq(ferry_hears(&f, MSG_CREDIT)->credit.limit, 120,
		    "no credit beyond the size");
		data(0, 100);
		cr_expect_not(ferry_says(&f, lies[i].m), "%s", lies[i].what);
		cr_expect_str_neq(f.why, "");
		transfers_wish(f.all, t, WISH_CANCEL);
		ferry_hears(&f, MSG_CANCEL);
	}
}

Test(transfer_down, a_leg_that_begins_elsewhere)
{
	static const struct {
		uint64_t offset, size;
	} legs[] = { { 1, 10 }, { UINT64_MAX, UINT64_MAX } };

	for (size_t i = 0; i < 2; i++) {
		uint32_t ref;
		struct transfer *t = fetch(&ref);

		leg(ref, legs[i].offset, legs[i].size);
		cr_expect_eq(t->state, TRANSFER_FAILED);
		ferry_hears(&f, MSG_CANCEL);
	}
}

Test(transfer_down, what_arrived_is_not_what_was_sent)
{
	uint32_t ref;
	struct transfer *t = fetch(&ref);
	union message m = whole_message(100);

	leg(ref, 0, 101);
	gives(0, 101);
	m.whole.size = 101;
	ferry_says(&f, m);
	cr_expect_eq(t->state, TRANSFER_FAILED);
	cr_expect_str_eq(t->why, "what arrived is not what was sent");
	ferry_hears(&f, MSG_CANCEL);
	ferry_work(&f);
	transfers_free(f.all);
	f.all = NULL;
	cr_expect_not(exists("a.txt"));
	cr_expect_not(exists("a.txt.part"));
}

/* ---- cut, paused, cancelled ---- */

static void
goes_on(struct transfer *t, uint64_t from)
{
	struct hash hash = ferry_hash(bytes, from);
	const struct msg_fetch *m = &ferry_hears(&f, MSG_FETCH)->fetch;

	cr_expect_eq(m->offset, from);
	cr_expect(slice_is(m->hash, from != 0 ? FERRY_HASH(hash) : SLICE("")));
	leg(m->ref, from, 2000);
	gives(from, 2000);
	ends(t, "a.txt", 2000);
	unlinkat(f.directory, "down/a.txt", 0);
}

static uint64_t
go_to(int state, struct transfer **t)
{
	uint32_t ref;
	union message m;

	*t = fetch(&ref);
	m = leg_message(ref, 0, 2000);
	if (state == 1) /* its part is being made */
		transfers_hear(f.all, &m, f.why, sizeof(f.why));
	if (state >= 2) {
		leg(ref, 0, 2000);
		gives(0, state == 2 ? 1000 : 2000);
	}
	return state < 2 ? 0 : state == 2 ? 1000 : 2000;
}

Test(transfer_down, cut_off_in_each_state)
{
	for (int state = 0; state <= 3; state++) {
		struct transfer *t;
		uint64_t from = go_to(state, &t);

		ferry_cut(&f);
		goes_on(t, from);
	}
}

Test(transfer_down, cut_off_while_it_gets_its_name)
{
	struct transfer *t;
	union message m = whole_message(2000);

	go_to(3, &t);
	cr_assert(transfers_hear(f.all, &m, f.why, sizeof(f.why)));
	ferry_cut(&f);
	cr_expect_eq(t->state, TRANSFER_DONE);
	is_there("a.txt", 2000);
	cr_expect(ferry_is_quiet(&f));
}

Test(transfer_down, paused_in_each_state)
{
	for (int state = 0; state <= 3; state++) {
		struct transfer *t;
		uint64_t from = go_to(state, &t);

		cr_expect(transfers_wish(f.all, t, WISH_PAUSE));
		cr_expect_eq(t->state, TRANSFER_PAUSED);
		if (state == 0)
			leg(f.ref, 0, 2000);
		ferry_hears(&f, MSG_CANCEL);
		cr_expect(ferry_is_quiet(&f));
		ferry_cut(&f);
		cr_expect(ferry_is_quiet(&f));
		cr_expect(transfers_wish(f.all, t, WISH_GO_ON));
		goes_on(t, from);
	}
}

Test(transfer_down, cancelled_in_each_state)
{
	for (int state = 0; state <= 3; state++) {
		struct transfer *t;

		go_to(state, &t);
		cr_expect(transfers_wish(f.all, t, WISH_CANCEL));
		cr_expect_eq(t->state, TRANSFER_CANCELLED);
		if (state == 0)
			leg(f.ref, 0, 2000);
		ferry_hears(&f, MSG_CANCEL);
		cr_expect(ferry_is_quiet(&f));
		ferry_restart(&f);
		cr_expect_not(exists("a.txt.part"));
		cr_expect_null(f.model->transfers);
	}
}

Test(transfer_down, refused)
{
	uint32_t ref;
	struct transfer *t = fetch(&ref);

	ferry_refuses(&f, ref, REFUSE_FILE_LEGS);
	cr_expect_eq(t->state, TRANSFER_WAITING);
	ferry_pass(&f, CORE_RETRY_MS);
	ref = ferry_hears(&f, MSG_FETCH)->fetch.ref;
	leg(ref, 0, 10);
	ferry_hears(&f, MSG_CREDIT);
	ferry_says(&f,
	    (union message){
		.cancel = { MSG_CANCEL, LEG, REFUSE_FILE_GONE, SLICE("") } });
	cr_expect_eq(t->state, TRANSFER_FAILED);
	cr_expect_eq(t->code, REFUSE_FILE_GONE);
	cr_expect_str_eq(t->why, refusal_text(REFUSE_FILE_GONE));
	t = fetch(&ref);
	ferry_refuses(&f, ref, REFUSE_FILE_PREFIX);
	cr_expect_eq(t->state, TRANSFER_FAILED, "of nothing");
}

Test(transfer_down, what_is_here_is_not_its_beginning)
{
	struct transfer *t;
	uint64_t from = go_to(2, &t);
	int64_t wait = CORE_RETRY_MS;

	ferry_cut(&f);
	for (int i = 0; i < 3; i++, wait *= 2) {
		const struct msg_fetch *m = &ferry_hears(&f, MSG_FETCH)->fetch;

		cr_expect_eq(m->offset, from);
		ferry_refuses(&f, m->ref, REFUSE_FILE_PREFIX);
		cr_expect(ferry_is_quiet(&f));
		ferry_pass(&f, wait);
	}
	ferry_refuses(
	    &f, ferry_hears(&f, MSG_FETCH)->fetch.ref, REFUSE_FILE_PREFIX);
	cr_expect_not(exists("a.txt.part"));
	goes_on(t, 0);
}

/* ---- disks ---- */

Test(transfer_down, a_full_disk_holds_it)
{
	struct rlimit was, full = { 1000, RLIM_INFINITY };

	getrlimit(RLIMIT_FSIZE, &was);
	for (int cut = 0; cut <= 2; cut++) {
		uint32_t ref;
		struct transfer *t = fetch(&ref);

		leg(ref, 0, 2000);
		ferry_hears(&f, MSG_CREDIT);
		setrlimit(RLIMIT_FSIZE, &full);
		data(0, 2000);
		cr_expect_eq(t->state, TRANSFER_HELD);
		cr_expect_str_eq(t->why, "File too large");
		if (cut == 1)
			ferry_cut(&f);
		cr_expect(ferry_is_quiet(&f));
		setrlimit(RLIMIT_FSIZE, &was);
		if (cut == 2)
			transfers_wish(f.all, t, WISH_GO_ON);
		ferry_pass(&f, cut == 2 ? 0 : 2 * CORE_RETRY_MS);
		if (cut == 1) {
			goes_on(t, 2000);
			continue;
		}
		cr_expect_eq(t->state, TRANSFER_MOVING);
		ends(t, "a.txt", 2000);
		unlinkat(f.directory, "down/a.txt", 0);
	}
}

Test(transfer_down, where_it_goes)
{
	char path[FOLDER_LEN + 32];
	const struct {
		const char *to, *found;
	} rows[] = { { "elsewhere/b.txt", "elsewhere/b.txt" },
		{ "elsewhere", "elsewhere/a.txt" }, { "new/", "new/a.txt" } };

	mkdirat(f.directory, "elsewhere", 0700);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct transfer *t;

		snprintf(path, sizeof(path), "%s/%s", f.folder, rows[i].to);
		t = transfers_fetch(f.all, f.room, FILE_NO, path, -1);
		leg(ferry_hears(&f, MSG_FETCH)->fetch.ref, 0, 1);
		gives(0, 1);
		ferry_says(&f, whole_message(1));
		ferry_hears(&f, MSG_VERIFIED);
		cr_expect_eq(t->state, TRANSFER_DONE, "%s", t->why);
		cr_expect_eq(faccessat(f.directory, rows[i].found, R_OK, 0), 0,
		    "%s", rows[i].found);
	}
}

Test(transfer_down, where_nothing_can_be_made)
{
	char path[FOLDER_LEN + 64];
	uint32_t ref;
	struct transfer *t;

	folder_write(f.folder, "down", "a file", 6);
	t = fetch(&ref);
	leg(ref, 0, 1);
	cr_expect_eq(t->state, TRANSFER_FAILED);
	snprintf(path, sizeof(path), "%s: Not a directory", f.downloads);
	cr_expect_str_eq(t->why, path);
	ferry_hears(&f, MSG_CANCEL);
}

/* ---- pipes ---- */

Test(transfer_down, into_a_pipe)
{
	char got[2000];
	int p[2];
	struct transfer *t;

	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	t = transfers_fetch(f.all, f.room, FILE_NO, NULL, p[1]);
	leg(ferry_hears(&f, MSG_FETCH)->fetch.ref, 0, 2000);
	gives(0, 1000);
	ferry_cut(&f);
	cr_expect_eq(ferry_hears(&f, MSG_FETCH)->fetch.offset, 1000);
	leg(f.m.fetch.ref, 1000, 2000);
	gives(1000, 2000);
	ferry_says(&f, whole_message(2000));
	ferry_hears(&f, MSG_VERIFIED);
	cr_expect_eq(t->state, TRANSFER_DONE);
	cr_expect_eq(read(p[0], got, sizeof(got)), 2000);
	cr_expect_eq(memcmp(got, bytes, 2000), 0);
	close(p[0]);
}

Test(transfer_down, a_pipe_nobody_reads)
{
	int p[2];
	struct transfer *t;
	union message m;

	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	t = transfers_fetch(f.all, f.room, FILE_NO, NULL, p[1]);
	leg(ferry_hears(&f, MSG_FETCH)->fetch.ref, 0, MOST);
	ferry_hears(&f, MSG_CREDIT);
	for (uint64_t at = 0; at < 200000; at += 10000) {
		m.data = (struct msg_data){ MSG_DATA, LEG, at,
			{ bytes + at, 10000 } };
		cr_assert(transfers_hear(f.all, &m, f.why, sizeof(f.why)));
	}
	cr_expect_eq(t->state, TRANSFER_MOVING);
	/* The program's end does not wait for it. */
	ferry_done(&f);
	close(p[0]);
	ferry_init(&f);
	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	close(p[0]);
	t = transfers_fetch(f.all, f.room, FILE_NO, NULL, p[1]);
	leg(ferry_hears(&f, MSG_FETCH)->fetch.ref, 0, MOST);
	data(0, 100);
	cr_expect_eq(t->state, TRANSFER_FAILED);
	cr_expect_str_eq(t->why, "Broken pipe");
}

/* ---- over runs ---- */

Test(transfer_down, goes_on_in_the_next_run)
{
	struct transfer *t;
	uint64_t from = go_to(2, &t);

	ferry_restart(&f);
	cr_assert_not_null(f.model->transfers);
	goes_on(f.model->transfers, from);
	ferry_restart(&f);
	cr_expect_null(f.model->transfers);
}

Test(transfer_down, goes_on_before_there_is_anything)
{
	struct transfer *t;

	go_to(0, &t);
	ferry_restart(&f);
	goes_on(f.model->transfers, 0);
}

Test(transfer_down, a_part_that_is_gone_fails_once)
{
	struct transfer *t;

	go_to(2, &t);
	ferry_work(&f);
	unlinkat(f.directory, "down/a.txt.part", 0);
	ferry_restart(&f);
	cr_expect_eq(f.model->transfers->state, TRANSFER_FAILED);
	cr_expect_str_eq(
	    f.model->transfers->why, "a.txt.part: No such file or directory");
	ferry_restart(&f);
	cr_expect_null(f.model->transfers);
}

Test(transfer_down, a_server_that_began_anew_has_another_file)
{
	struct transfer *t;

	go_to(2, &t);
	transfers_over(f.all);
	f.model->log.byte[0] = 2;
	buf_clear(&f.said);
	transfers_begin(f.all);
	ferry_work(&f);
	cr_expect_eq(t->state, TRANSFER_FAILED);
	cr_expect(ferry_is_quiet(&f));
}
