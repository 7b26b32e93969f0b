/*
 * Files that are sent: every state meets a cut, a pause, a cancel; a source
 * that changes; a server that lies.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ferry.h"

static struct ferry f;
static char *bytes;

enum { MOST = 3 * CORE_PIECE + 1, KEPT = 32 * 1024 * 1024 };

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

TestSuite(transfer_up, .init = begin, .fini = end, .timeout = 30);

static struct transfer *
offer(size_t len, uint32_t *ref)
{
	struct transfer *t;

	folder_write(f.folder, "file", bytes, len);
	t = ferry_send(&f, "file");
	*ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	cr_expect_eq(f.m.offer.size, len);
	return t;
}

static bool
leg(uint32_t ref, uint64_t offset, uint64_t limit, const struct hash *hash)
{
	return ferry_says(&f,
	    (union message){
		.leg = { .type = MSG_LEG,
		    .ref = ref,
		    .leg = 10 + ref,
		    .file = 5,
		    .size = UINT64_MAX,
		    .offset = offset,
		    .limit = limit,
		    .hash = hash != NULL ? FERRY_HASH(*hash) : SLICE("") } });
}

/* Data up to an offset, in order and right. */
static void
takes(uint64_t from, uint64_t to)
{
	while (from < to) {
		const struct msg_data *d = &ferry_hears(&f, MSG_DATA)->data;

		cr_assert_eq(d->offset, from);
		cr_assert_leq(d->bytes.len, PROTOCOL_DATA_MAX);
		cr_assert_leq(from + d->bytes.len, to);
		cr_assert_eq(
		    memcmp(d->bytes.at, bytes + from, d->bytes.len), 0);
		from += d->bytes.len;
	}
}

static bool
verified(uint32_t leg, const struct hash *hash)
{
	return ferry_says(&f,
	    (union message){
		.verified = { MSG_VERIFIED, leg, FERRY_HASH(*hash) } });
}

static void
ends(uint32_t leg, size_t len, struct transfer *t)
{
	struct hash hash = ferry_hash(bytes, len);
	const struct msg_whole *w = &ferry_hears(&f, MSG_WHOLE)->whole;

	cr_expect_eq(w->size, len);
	cr_expect(slice_is(w->hash, FERRY_HASH(hash)));
	cr_expect_eq(t->state, TRANSFER_FINISHING);
	cr_expect(verified(leg, &hash));
	cr_expect_eq(t->state, TRANSFER_DONE);
	cr_expect(ferry_is_quiet(&f));
}

Test(transfer_up, of_every_size)
{
	static const size_t sizes[] = { 0, 1, PROTOCOL_DATA_MAX - 1,
		PROTOCOL_DATA_MAX, PROTOCOL_DATA_MAX + 1, CORE_PIECE - 1,
		CORE_PIECE, CORE_PIECE + 1, MOST };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint32_t ref;
		struct transfer *t = offer(sizes[i], &ref);

		cr_assert(leg(ref, 0, sizes[i], NULL));
		takes(0, sizes[i]);
		ends(10 + ref, sizes[i], t);
	}
}

Test(transfer_up, never_beyond_the_credit)
{
	uint32_t ref;
	struct transfer *t = offer(MOST, &ref);

	leg(ref, 0, 100, NULL);
	takes(0, 100);
	cr_expect(ferry_is_quiet(&f));
	ferry_says(
	    &f, (union message){ .credit = { MSG_CREDIT, 10 + ref, 50, 0 } });
	cr_expect(ferry_is_quiet(&f));
	ferry_says(&f,
	    (union message){ .credit = { MSG_CREDIT, 10 + ref, 300000, 0 } });
	takes(100, 300000);
	cr_expect(ferry_is_quiet(&f));
	ferry_says(&f,
	    (union message){
		.credit = { MSG_CREDIT, 10 + ref, UINT64_MAX, 0 } });
	takes(300000, MOST);
	ends(10 + ref, MOST, t);
}

Test(transfer_up, what_is_there_is_proved_first)
{
	struct hash right = ferry_hash(bytes, 5000),
		    wrong = ferry_hash(bytes, 5001);
	uint32_t ref;
	struct transfer *t = offer(10000, &ref);

	cr_expect(leg(ref, 5000, 10000, &right));
	takes(5000, 10000);
	ends(10 + ref, 10000, t);
	t = offer(10000, &ref);
	cr_expect(leg(ref, 5000, 10000, &wrong));
	cr_expect_eq(t->state, TRANSFER_FAILED);
	cr_expect_str_eq(
	    t->why, "the file changed while it was sent; send it again");
	ferry_hears(&f, MSG_CANCEL);
	cr_expect_eq(ferry_hears(&f, MSG_WITHDRAW)->withdraw.file, 5);
	cr_expect(ferry_is_quiet(&f));
}

Test(transfer_up, what_is_there_already_is_compared)
{
	struct hash right = ferry_hash(bytes, MOST),
		    wrong = ferry_hash(bytes, 1);
	const struct hash *said[] = { &right, &wrong };

	for (int i = 0; i < 2; i++) {
		uint32_t ref;
		struct transfer *t = offer(MOST, &ref);
		union message m = { .leg = { .type = MSG_LEG,
					.ref = ref,
					.leg = 3,
					.offset = MOST,
					.limit = MOST,
					.hash = FERRY_HASH(right) } };

		/* Both at once: the check is still going on. */
		cr_assert(transfers_hear(f.all, &m, f.why, sizeof(f.why)));
		cr_expect_eq(t->state, TRANSFER_CHECKING);
		cr_expect(verified(3, said[i]));
		cr_expect_eq(
		    t->state, i == 0 ? TRANSFER_DONE : TRANSFER_FAILED);
	}
}

Test(transfer_up, a_server_that_lies)
{
	struct hash hash = ferry_hash(bytes, 100);
	uint32_t ref, other;
	struct transfer *t = offer(100, &ref);

	cr_expect(leg(ref, 101, 200, &hash));
	cr_expect_eq(t->state, TRANSFER_FAILED, "more than there is");
	ferry_hears(&f, MSG_CANCEL);
	ferry_hears(&f, MSG_WITHDRAW);

	t = offer(100, &ref);
	cr_expect_not(
	    ferry_says(
		&f, (union message){ .leg = { .type = MSG_LEG, .ref = ref } }),
	    "leg 0");
	ferry_cut(&f);
	ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	cr_expect(leg(ref, 0, 10, NULL));
	takes(0, 10);
	cr_expect_not(verified(10 + ref, &hash), "not all was sent");
	cr_expect_not(ferry_says(&f,
	    (union message){ .data = { MSG_DATA, 10 + ref, 0, SLICE("x") } }));
	offer(100, &other);
	cr_expect_not(ferry_says(&f,
			  (union message){ .leg = { .type = MSG_LEG,
					       .ref = other,
					       .leg = 10 + ref } }),
	    "a leg's number given twice");
	for (int i = 0; i < 1000; i++)
		cr_expect(ferry_says(&f,
		    (union message){ .held = { MSG_HELD, 10 + ref,
					 REFUSE_DISK_FULL, SLICE("full") } }));
	cr_expect_eq(t->state, TRANSFER_HELD);
	cr_expect_str_eq(t->why, "full");
	/* A leg nobody asked for is given back. */
	cr_expect(ferry_says(&f,
	    (union message){
		.leg = { .type = MSG_LEG, .ref = 99, .leg = 77 } }));
	cr_expect_eq(ferry_hears(&f, MSG_CANCEL)->cancel.leg, 77);
}

Test(transfer_up, what_is_verified_is_what_was_sent)
{
	struct hash wrong = ferry_hash(bytes, 1);
	uint32_t ref;
	struct transfer *t = offer(100, &ref);

	leg(ref, 0, 100, NULL);
	takes(0, 100);
	ferry_hears(&f, MSG_WHOLE);
	cr_expect(verified(10 + ref, &wrong));
	cr_expect_eq(t->state, TRANSFER_FAILED);
}

/* ---- the source ---- */

static void
append(void)
{
	folder_write(f.folder, "file", bytes, MOST);
}

static void
shrink(void)
{
	char path[FOLDER_LEN + 8];

	snprintf(path, sizeof(path), "%s/file", f.folder);
	cr_assert_eq(truncate(path, 10), 0);
}

static void
touch(void)
{
	const struct timespec then[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	cr_assert_eq(utimensat(f.directory, "file", then, 0), 0);
}

Test(transfer_up, a_source_that_changes)
{
	void (*const change[])(void) = { append, shrink, touch };

	for (size_t i = 0; i < 3; i++) {
		uint32_t ref;
		struct transfer *t = offer(MOST - 1, &ref);

		leg(ref, 0, CORE_PIECE, NULL);
		takes(0, CORE_PIECE);
		change[i]();
		ferry_says(&f,
		    (union message){
			.credit = { MSG_CREDIT, 10 + ref, MOST - 1, 0 } });
		while (t->state != TRANSFER_FAILED)
			ferry_hears(&f, MSG_DATA);
		cr_expect_str_eq(t->why,
		    "the file changed while it was sent; send it again");
		buf_clear(&f.frames);
		ferry_hears(&f, MSG_CANCEL);
		ferry_hears(&f, MSG_WITHDRAW);
	}
}

Test(transfer_up, a_source_that_disappears_is_still_sent)
{
	uint32_t ref;
	struct transfer *t = offer(MOST, &ref);

	unlinkat(f.directory, "file", 0);
	leg(ref, 0, MOST, NULL);
	takes(0, MOST);
	ends(10 + ref, MOST, t);
}

/* ---- refused, paused, cut ---- */

Test(transfer_up, refused_for_the_moment)
{
	static const enum refusal codes[] = { REFUSE_FILE_LEGS, REFUSE_TOO_FAST,
		REFUSE_UNAVAILABLE, REFUSE_DISK_FULL, REFUSE_FILES_ALL };
	uint32_t ref;
	struct transfer *t = offer(10, &ref);
	int64_t wait = CORE_RETRY_MS;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		ferry_refuses(&f, ref, codes[i]);
		cr_expect_eq(
		    t->state, i < 3 ? TRANSFER_WAITING : TRANSFER_HELD);
		cr_expect_eq(transfers_tick(f.all, f.now_ms), wait);
		ferry_pass(&f, wait - 1);
		cr_expect(ferry_is_quiet(&f));
		ferry_pass(&f, 1);
		ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
		wait *= 2;
	}
	ferry_refuses(&f, ref, REFUSE_FILE_SIZE);
	cr_expect_eq(t->state, TRANSFER_FAILED);
	cr_expect_eq(t->code, REFUSE_FILE_SIZE);
	cr_expect_str_eq(t->why, refusal_text(REFUSE_FILE_SIZE));
}

/* A server with two places. */
static unsigned
serve_one(unsigned *open)
{
	struct hash hash = ferry_hash(bytes, 10);
	uint32_t ref = f.m.offer.ref, leg_no = f.m.whole.leg;

	switch (f.m.type) {
	case MSG_OFFER:
		if (*open == 2) {
			ferry_refuses(&f, ref, REFUSE_FILE_LEGS);
			return 0;
		}
		++*open;
		leg(ref, 0, 10, NULL);
		return 0;
	case MSG_WHOLE:
		--*open;
		verified(leg_no, &hash);
		return 1;
	default:
		cr_assert_eq(f.m.type, MSG_DATA);
		return 0;
	}
}

Test(transfer_up, a_hundred_at_once_wait_for_their_turn)
{
	enum { MANY = 100 };
	unsigned done = 0, open = 0, offers = 0;

	folder_write(f.folder, "file", bytes, 10);
	for (int i = 0; i < MANY; i++)
		ferry_send(&f, "file");
	while (done < MANY) {
		if (ferry_is_quiet(&f)) {
			ferry_pass(&f, 1000);
			continue;
		}
		offers += f.m.type == MSG_OFFER;
		done += serve_one(&open);
		cr_assert_lt(offers, 3 * MANY);
	}
	for (struct transfer *t = f.model->transfers; t != NULL; t = t->next)
		cr_expect_eq(t->state, TRANSFER_DONE);
}

static void
go_to(int state, struct transfer **t)
{
	struct hash hash = ferry_hash(bytes, 1000);
	uint32_t ref;

	*t = offer(MOST, &ref);
	if (state >= 1)
		leg(ref, state == 1 ? 1000 : 0, 5000,
		    state == 1 ? &hash : NULL);
	if (state == 2)
		takes(0, 5000);
	if (state == 3) {
		ferry_says(&f,
		    (union message){
			.credit = { MSG_CREDIT, 10 + ref, MOST, 0 } });
		takes(0, MOST);
		ferry_hears(&f, MSG_WHOLE);
	}
}

static void
goes_on(struct transfer *t)
{
	struct hash hash = ferry_hash(bytes, 4000);
	uint32_t ref = ferry_hears(&f, MSG_OFFER)->offer.ref;

	cr_assert(leg(ref, 4000, MOST, &hash));
	takes(4000, MOST);
	ends(10 + ref, MOST, t);
}

Test(transfer_up, cut_off_in_each_state)
{
	for (int state = 0; state <= 3; state++) {
		struct transfer *t;

		go_to(state, &t);
		ferry_cut(&f);
		goes_on(t);
	}
}

Test(transfer_up, paused_in_each_state)
{
	for (int state = 0; state <= 3; state++) {
		struct transfer *t;

		go_to(state, &t);
		cr_expect(transfers_wish(f.all, t, WISH_PAUSE));
		cr_expect_eq(t->state, TRANSFER_PAUSED);
		buf_clear(&f.frames);
		if (state > 0)
			ferry_hears(&f, MSG_CANCEL);
		else
			leg(f.ref, 0, MOST, NULL), ferry_hears(&f, MSG_CANCEL);
		cr_expect(ferry_is_quiet(&f));
		ferry_cut(&f);
		cr_expect(ferry_is_quiet(&f));
		cr_expect_eq(t->state, TRANSFER_PAUSED);
		cr_expect(transfers_wish(f.all, t, WISH_GO_ON));
		goes_on(t);
	}
}

Test(transfer_up, cancelled_in_each_state)
{
	for (int state = 0; state <= 3; state++) {
		struct transfer *t;

		go_to(state, &t);
		cr_expect(transfers_wish(f.all, t, WISH_CANCEL));
		cr_expect_eq(t->state, TRANSFER_CANCELLED);
		cr_expect_not(transfers_wish(f.all, t, WISH_GO_ON));
		buf_clear(&f.frames);
		if (state == 0) /* the server learns that it is too late */
			leg(f.ref, 0, MOST, NULL);
		ferry_hears(&f, MSG_CANCEL);
		cr_expect_eq(ferry_hears(&f, MSG_WITHDRAW)->withdraw.file, 5);
		cr_expect(ferry_is_quiet(&f));
	}
}

Test(transfer_up, cancelled_while_the_worker_is_busy)
{
	struct hash hash = ferry_hash(bytes, MOST);
	uint32_t ref;
	struct transfer *t = offer(MOST, &ref);
	union message m = { .leg = { .type = MSG_LEG,
				.ref = ref,
				.leg = 3,
				.file = 5,
				.offset = MOST,
				.hash = FERRY_HASH(hash) } };

	cr_assert(transfers_hear(f.all, &m, f.why, sizeof(f.why)));
	cr_expect(transfers_wish(f.all, t, WISH_CANCEL));
	ferry_hears(&f, MSG_CANCEL);
	ferry_hears(&f, MSG_WITHDRAW);
	/* And one that is busy when the program ends. */
	offer(MOST, &ref);
	m.leg.ref = ref;
	cr_assert(transfers_hear(f.all, &m, f.why, sizeof(f.why)));
}

Test(transfer_up, withdrawn_when_there_is_a_connection_again)
{
	struct transfer *t;

	go_to(2, &t);
	transfers_over(f.all);
	buf_clear(&f.said);
	transfers_wish(f.all, t, WISH_CANCEL);
	transfers_begin(f.all);
	cr_expect_eq(ferry_hears(&f, MSG_WITHDRAW)->withdraw.file, 5);
	cr_expect(ferry_is_quiet(&f));
}

/* ---- pipes ---- */

Test(transfer_up, a_pipe)
{
	struct hash hash = ferry_hash(bytes, 3000);
	int p[2];
	struct transfer *t;
	uint32_t ref;

	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	cr_assert_eq(write(p[1], bytes, 3000), 3000);
	close(p[1]);
	t = ferry_send_fd(&f, p[0]);
	ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	cr_expect_eq(f.m.offer.size, UINT64_MAX);
	leg(ref, 0, 2000, NULL);
	takes(0, 2000);
	ferry_says(&f,
	    (union message){ .credit = { MSG_CREDIT, 10 + ref, 2000, 1000 } });
	ferry_cut(&f);
	ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	leg(ref, 1500, UINT64_MAX, &hash);
	takes(1500, 3000);
	ends(10 + ref, 3000, t);
}

Test(transfer_up, a_pipe_cannot_go_back_behind_what_was_durable)
{
	struct hash hash = ferry_hash(bytes, 999);
	int p[2];
	struct transfer *t;
	uint32_t ref;

	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	cr_assert_eq(write(p[1], bytes, 3000), 3000);
	close(p[1]);
	t = ferry_send_fd(&f, p[0]);
	ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	leg(ref, 0, 2000, NULL);
	takes(0, 2000);
	ferry_says(&f,
	    (union message){ .credit = { MSG_CREDIT, 10 + ref, 2000, 1000 } });
	ferry_cut(&f);
	leg(ferry_hears(&f, MSG_OFFER)->offer.ref, 999, 3000, &hash);
	cr_expect_eq(t->state, TRANSFER_FAILED);
}

Test(transfer_up, what_is_kept_of_a_pipe_is_bounded)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	uint64_t sent = 0;
	uint32_t ref;

	ferry_send_fd(&f, zero);
	ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	leg(ref, 0, UINT64_MAX, NULL);
	while (!ferry_is_quiet(&f)) {
		cr_assert_eq(f.m.type, MSG_DATA);
		sent += f.m.data.bytes.len;
		cr_assert_leq(sent, KEPT + PROTOCOL_DATA_MAX);
	}
	cr_expect_geq(sent, KEPT);
	ferry_says(&f,
	    (union message){
		.credit = { MSG_CREDIT, 10 + ref, UINT64_MAX, sent } });
	ferry_hears(&f, MSG_DATA);
}

Test(transfer_up, a_pipe_that_is_silent_keeps_nobody)
{
	int p[2];
	struct transfer *t;
	union message m = { .leg = { .type = MSG_LEG,
				.leg = 1,
				.size = UINT64_MAX,
				.limit = 100 } };

	cr_assert_eq(pipe2(p, O_CLOEXEC), 0);
	t = ferry_send_fd(&f, p[0]);
	m.leg.ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	cr_assert(transfers_hear(f.all, &m, f.why, sizeof(f.why)));
	cr_expect_eq(t->state, TRANSFER_MOVING);
	ferry_done(&f);
	close(p[1]);
	ferry_init(&f);
}

/* ---- over runs ---- */

Test(transfer_up, goes_on_in_the_next_run)
{
	struct hash hash = ferry_hash(bytes, 4000);
	struct id key;
	uint32_t ref;
	struct transfer *t;

	folder_write(f.folder, "file", bytes, MOST);
	ferry_send(&f, "file");
	ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	key = f.m.offer.key;
	leg(ref, 0, 5000, NULL);
	ferry_restart(&f);
	t = f.model->transfers;
	cr_assert_not_null(t);
	ref = ferry_hears(&f, MSG_OFFER)->offer.ref;
	cr_expect_eq(memcmp(&key, &f.m.offer.key, sizeof(key)), 0);
	cr_expect(slice_is(f.m.offer.to, SLICE("#lobby")));
	leg(ref, 4000, MOST, &hash);
	takes(4000, MOST);
	ends(10 + ref, MOST, t);
	ferry_restart(&f);
	cr_expect_null(f.model->transfers);
}

Test(transfer_up, a_source_that_changed_between_runs_fails_once)
{
	for (int i = 0; i < 2; i++) {
		uint32_t ref;

		offer(MOST, &ref);
		leg(ref, 0, 5000, NULL);
		ferry_work(&f);
		transfers_over(f.all);
		if (i == 0)
			touch();
		else
			unlinkat(f.directory, "file", 0);
		ferry_restart(&f);
		cr_assert_not_null(f.model->transfers);
		cr_expect_eq(f.model->transfers->state, TRANSFER_FAILED);
		cr_expect_not_null(strstr(f.model->transfers->why,
		    i == 0 ? "it changed since" : "No such file"));
		cr_expect_eq(ferry_hears(&f, MSG_WITHDRAW)->withdraw.file, 5);
		ferry_restart(&f);
		cr_expect_null(f.model->transfers);
	}
}

Test(transfer_up, what_is_another_servers_waits_for_it)
{
	uint32_t ref;

	offer(100, &ref);
	leg(ref, 0, 50, NULL);
	f.model->log.byte[0] = 2;
	free(f.model->target);
	f.model->target = strdup("elsewhere");
	ferry_restart(&f);
	cr_expect_null(f.model->transfers);
	cr_expect(ferry_is_quiet(&f));
	f.model->log.byte[0] = 1;
	ferry_restart(&f);
	ferry_hears(&f, MSG_OFFER);
}

Test(transfer_up, a_pause_lasts_over_runs)
{
	uint32_t ref;
	struct transfer *t = offer(100, &ref);

	transfers_wish(f.all, t, WISH_PAUSE);
	ferry_restart(&f);
	cr_expect(ferry_is_quiet(&f));
	cr_assert_not_null(f.model->transfers);
	cr_expect_eq(f.model->transfers->state, TRANSFER_PAUSED);
	transfers_wish(f.all, f.model->transfers, WISH_GO_ON);
	ferry_hears(&f, MSG_OFFER);
}
