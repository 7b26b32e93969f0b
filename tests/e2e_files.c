/*
 * Files through the real daemon: it is killed while one goes up and comes down,
 * its disk fails at a sync; and what else a connection has to say stands
 * before the bytes of files, between whole frames.
 */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "digest.h"
#include "files_rig.h"
#include "folder.h"
#include "peer.h"

enum { MIB = 1 << 20, WINDOW = MIB + 65536 };

static struct daemon chatd;
static char folder[FOLDER_LEN];

/* Somebody who sends or receives one file. */
struct end {
	struct peer peer;
	struct id device;
	const char *nick;
	uint32_t leg, ref;
	uint64_t file, offset, limit, durable;
	unsigned entries, pongs;
	bool is_over; /* all of it has been told */
	struct digest *digest;
};

static void
enter(struct end *e, const char *nick)
{
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.device = e->device,
				.nick = slice_of(nick),
				.software = SLICE("test") } };

	if (e->nick == NULL)
		peer_device(&e->device);
	m.hello.device = e->device;
	e->nick = nick;
	cr_assert(peer_connect(&e->peer, chatd.address[0]));
	peer_send(&e->peer, &m);
	cr_assert(peer_hear_type(&e->peer, MSG_WELCOME, &m));
	snprintf(e->peer.nick, sizeof(e->peer.nick), "%s", nick);
}

static void
forget(struct end *e)
{
	peer_close(&e->peer);
	digest_free(e->digest);
}

static void
start(const char *fault)
{
	struct daemon_options o = { .directory = folder, .fault = fault };

	if (fault != NULL)
		o.directory = NULL;
	daemon_start(&chatd, &o);
}

static void
setup(void)
{
	folder_make(folder);
	daemon_init(&chatd);
}

static void
teardown(void)
{
	daemon_done(&chatd);
	folder_remove(folder);
}

TestSuite(e2e_files, .init = setup, .fini = teardown, .timeout = 120);

/* ---- up ---- */

static struct msg_leg
offer(struct end *e, uint64_t size)
{
	union message m = { .offer = { .type = MSG_OFFER,
				.ref = ++e->ref,
				.to = SLICE("#lobby"),
				.size = size,
				.name = SLICE("x") } };

	m.offer.key.byte[0] = 1;
	peer_send(&e->peer, &m);
	cr_assert(peer_hear_type(&e->peer, MSG_LEG, &m));
	e->leg = m.leg.leg;
	e->file = m.leg.file;
	e->offset = m.leg.offset;
	e->limit = m.leg.limit;
	return m.leg;
}

/* false: the daemon has gone, or cancelled it. */
static bool
hear_credit(struct end *e)
{
	union message m;

	while (peer_hear(&e->peer, &m, PEER_WAIT_MS) == HEARD_MESSAGE) {
		e->entries += m.type == MSG_ENTRY;
		if (m.type == MSG_CANCEL)
			return false;
		if (m.type != MSG_CREDIT)
			continue;
		e->limit = m.credit.limit;
		e->durable = m.credit.durable;
		return true;
	}
	return false;
}

static bool
send_up_to(struct end *e, const uint8_t *bytes, uint64_t to)
{
	while (e->offset < to) {
		uint64_t n = to - e->offset;
		union message m;

		if (n > e->limit - e->offset)
			n = e->limit - e->offset;
		if (n > PROTOCOL_DATA_MAX)
			n = PROTOCOL_DATA_MAX;
		if (n == 0 && !hear_credit(e))
			return false;
		if (n == 0)
			continue;
		m.data = (struct msg_data){ MSG_DATA, e->leg, e->offset,
			{ (const char *)bytes + e->offset, n } };
		peer_send(&e->peer, &m);
		e->offset += n;
	}
	return true;
}

static void
end_upload(struct end *e, const uint8_t *bytes, uint64_t size)
{
	struct hash hash = files_hash(bytes, size);
	union message m = { .whole = { MSG_WHOLE, e->leg, size,
				{ (const char *)hash.byte, 32 } } };

	peer_send(&e->peer, &m);
	cr_assert(peer_hear_type(&e->peer, MSG_VERIFIED, &m));
	cr_expect_arr_eq(m.verified.hash.at, hash.byte, 32);
}

static void
send_all(struct end *e, const uint8_t *bytes, uint64_t size)
{
	offer(e, size);
	cr_assert(send_up_to(e, bytes, size));
	end_upload(e, bytes, size);
}

/* ---- down ---- */

static void
credit(struct end *e, uint64_t limit)
{
	union message m = { .credit = { MSG_CREDIT, e->leg, limit, 0 } };

	e->limit = limit;
	peer_send(&e->peer, &m);
}

/* From where it has come to. */
static void
fetch(struct end *e, uint64_t file)
{
	struct hash hash;
	union message m = { .fetch = { .type = MSG_FETCH,
				.ref = ++e->ref,
				.file = file,
				.offset = e->offset } };

	if (e->digest == NULL)
		e->digest = digest_new();
	hash = digest_now(e->digest);
	if (e->offset != 0)
		m.fetch.hash = (struct slice){ (const char *)hash.byte, 32 };
	peer_send(&e->peer, &m);
	cr_assert(peer_hear_type(&e->peer, MSG_LEG, &m));
	cr_expect_eq(m.leg.offset, e->offset, "nothing comes twice");
	e->leg = m.leg.leg;
}

static void
take(struct end *e, const union message *m)
{
	struct hash hash;

	switch (m->type) {
	case MSG_DATA:
		cr_assert_eq(m->data.leg, e->leg);
		cr_assert_eq(m->data.offset, e->offset);
		digest_add(e->digest, m->data.bytes.at, m->data.bytes.len);
		e->offset += m->data.bytes.len;
		break;
	case MSG_WHOLE:
		hash = digest_now(e->digest);
		cr_expect_arr_eq(m->whole.hash.at, hash.byte, 32);
		cr_expect_eq(m->whole.size, e->offset);
		e->is_over = true;
		break;
	case MSG_ENTRY:
		e->entries++;
		break;
	case MSG_PONG:
		e->pongs++;
		break;
	default:
		break;
	}
}

/* Until so many bytes are there, or all of it. */
static void
receive_up_to(struct end *e, uint64_t to)
{
	union message m;

	while (e->offset < to && !e->is_over) {
		cr_assert_eq(
		    peer_hear(&e->peer, &m, PEER_WAIT_MS), HEARD_MESSAGE);
		take(e, &m);
	}
}

static void
receive_all(struct end *e)
{
	union message m;

	while (!e->is_over) {
		cr_assert_eq(
		    peer_hear(&e->peer, &m, PEER_WAIT_MS), HEARD_MESSAGE);
		take(e, &m);
	}
}

/* ---- killed ---- */

Test(e2e_files, killed_in_the_middle_both_ends_go_on)
{
	enum { SIZE = 12 * MIB, UP = 4 * MIB, DOWN = 2 * MIB };
	uint8_t *bytes = files_bytes(SIZE, 1);
	struct end ann = { 0 }, bob = { 0 };
	uint64_t file = 0;

	for (unsigned round = 1; round <= 2; round++) {
		struct msg_leg leg;
		uint64_t sent = ann.offset, durable = ann.durable;

		start(NULL);
		enter(&ann, "ann");
		if (round == 1)
			peer_join(&ann.peer, "#lobby");
		leg = offer(&ann, SIZE);
		if (round != 1) {
			struct hash hash = files_hash(bytes, leg.offset);

			cr_expect_eq(leg.file, file);
			cr_expect_geq(leg.offset, durable);
			cr_expect_leq(sent - leg.offset, WINDOW);
			cr_expect_arr_eq(leg.hash.at, hash.byte, 32);
		}
		file = leg.file;
		enter(&bob, "bob");
		fetch(&bob, file);
		credit(&bob, SIZE);
		cr_assert(send_up_to(&ann, bytes, round * UP));
		receive_up_to(&bob, round * DOWN);
		daemon_kill(&chatd);
		peer_close(&ann.peer);
		peer_close(&bob.peer);
	}
	start(NULL);
	enter(&ann, "ann");
	enter(&bob, "bob");
	offer(&ann, SIZE);
	fetch(&bob, file);
	credit(&bob, SIZE);
	cr_assert(send_up_to(&ann, bytes, SIZE));
	end_upload(&ann, bytes, SIZE);
	receive_all(&bob);
	daemon_stop(&chatd);
	forget(&ann);
	forget(&bob);
	free(bytes);
}

/* What a sync may have lost is asked for again; nobody is told otherwise.  In
 * memory only the spool syncs: as it begins, and after 16 MiB. */
Test(e2e_files, a_failed_sync_costs_what_was_not_synced)
{
	enum { SIZE = 17 * MIB };
	uint8_t *bytes = files_bytes(SIZE, 1);
	struct end ann = { 0 }, bob = { 0 };

	start("fdatasync error 2");
	enter(&ann, "ann");
	peer_join(&ann.peer, "#lobby");
	offer(&ann, SIZE);
	cr_expect_not(send_up_to(&ann, bytes, SIZE) && hear_credit(&ann));
	offer(&ann, SIZE);
	cr_expect_eq(ann.offset, 0);
	cr_assert(send_up_to(&ann, bytes, SIZE));
	end_upload(&ann, bytes, SIZE);
	enter(&bob, "bob");
	fetch(&bob, ann.file);
	credit(&bob, SIZE);
	receive_all(&bob);
	daemon_stop(&chatd);
	forget(&ann);
	forget(&bob);
	free(bytes);
}

/* ---- chat goes first ---- */

Test(e2e_files, chat_goes_before_bytes)
{
	enum { SIZE = 64 * MIB, AHEAD = 8 * MIB, PINGS = 8 };
	uint8_t *bytes = files_bytes(SIZE, 1);
	struct end ann = { 0 }, bob = { 0 };
	uint64_t asked_at = 0;
	union message m;
	unsigned pings = 0;

	start(NULL);
	enter(&ann, "ann");
	peer_join(&ann.peer, "#lobby");
	send_all(&ann, bytes, SIZE);
	enter(&bob, "bob");
	peer_join(&bob.peer, "#lobby");
	fetch(&bob, ann.file);
	credit(&bob, SIZE);
	while (!bob.is_over) {
		if (bob.pongs == pings && bob.entries == pings &&
		    pings < PINGS) {
			/* On the same connection, and on another. */
			m.ping = (struct msg_ping){ MSG_PING, ++pings };
			peer_send(&bob.peer, &m);
			peer_say(&ann.peer, pings, "#lobby", "hi");
			cr_assert(peer_hear_type(&ann.peer, MSG_STORED, &m));
			cr_expect_eq(m.stored.n, pings);
			asked_at = bob.offset;
		}
		cr_assert_eq(
		    peer_hear(&bob.peer, &m, PEER_WAIT_MS), HEARD_MESSAGE);
		take(&bob, &m);
		cr_assert(bob.pongs + bob.entries == 2 * pings ||
			bob.offset <= asked_at + AHEAD,
		    "bytes overtake %u pongs, %u entries of %u", bob.pongs,
		    bob.entries, pings);
	}
	cr_expect_eq(bob.entries, PINGS);
	daemon_stop(&chatd);
	forget(&ann);
	forget(&bob);
	free(bytes);
}

/* ---- frames are never torn ---- */

/* Bob takes nothing while this happens; then all he gets can be read, up to
 * the end. */
Test(e2e_files, a_frame_that_has_begun_is_finished_first)
{
	enum { SIZE = 32 * MIB };
	uint8_t *bytes = files_bytes(SIZE, 1);
	struct end ann = { 0 }, bob = { 0 }, carl = { 0 };
	enum heard heard;
	union message m;
	bool is_bye = false;

	start(NULL);
	enter(&ann, "ann");
	peer_join(&ann.peer, "#lobby");
	send_all(&ann, bytes, SIZE);
	enter(&bob, "bob");
	peer_join(&bob.peer, "#lobby");
	fetch(&bob, ann.file);
	credit(&bob, SIZE);
	receive_up_to(&bob, 1);
	/* Comes, is lost, comes again; and something is said. */
	enter(&carl, "carl");
	peer_join(&carl.peer, "#lobby");
	for (unsigned i = 1; i <= 20; i++) {
		peer_reset(&carl.peer);
		enter(&carl, "carl");
		peer_say(&ann.peer, i, "#lobby", "hi");
		cr_assert(peer_hear_type(&ann.peer, MSG_STORED, &m));
	}
	bob.entries = 0;
	receive_up_to(&bob, SIZE / 2);
	cr_expect_eq(bob.entries, 21);
	peer_say(&ann.peer, 21, "#lobby", "hi");
	cr_assert(peer_hear_type(&ann.peer, MSG_STORED, &m));
	cr_assert_eq(kill(chatd.pid, SIGTERM), 0);
	cr_assert(daemon_says(&chatd, "stopping", 1));
	while (
	    (heard = peer_hear(&bob.peer, &m, PEER_WAIT_MS)) == HEARD_MESSAGE) {
		cr_expect_not(is_bye, "nothing comes behind a bye");
		is_bye = m.type == MSG_BYE;
		take(&bob, &m);
	}
	cr_expect_eq(heard, HEARD_END, "%d", (int)heard);
	cr_expect(is_bye);
	cr_expect_lt(bob.offset, SIZE, "it was in the middle");
	peer_close(&ann.peer);
	peer_close(&carl.peer);
	peer_close(&bob.peer);
	cr_expect_eq(daemon_wait(&chatd), 0);
	forget(&bob);
	free(bytes);
}
