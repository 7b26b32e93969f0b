/*
 * The daemon under those who are many, who are slow, who stop in the middle,
 * and without descriptors: nobody else notices, and nothing spins.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "peer.h"
#include "xmalloc.h"

enum {
	WATCHED_MS = 300, /* how long we look whether it spins */
	IDLE_US = 30000,  /* CPU time it may take meanwhile */
};

static const struct daemon_options unlimited = {
	.config = "limits: { rate = 0; clients = 2000; };\n"
};

/* Waits for what must not happen. */
static void
is_quiet(const struct daemon *d, const char *when)
{
	int64_t before = daemon_cpu_us(d);

	poll(NULL, 0, WATCHED_MS);
	cr_expect_lt(daemon_cpu_us(d) - before, IDLE_US,
	    "%s: %jd us of CPU in %d ms", when,
	    (intmax_t)(daemon_cpu_us(d) - before), WATCHED_MS);
}

/* ---- many ---- */

Test(load, three_hundred_clients_are_all_answered_and_heard, .timeout = 60)
{
	enum { CLIENTS = 300 };
	struct peer *p = xcalloc(CLIENTS, sizeof(*p));
	uint64_t *order = xcalloc(CLIENTS, sizeof(*order)), last;
	struct daemon d;
	union message m;
	char nick[16];
	unsigned i, j, stored;

	daemon_init(&d);
	daemon_start(&d, &unlimited);
	for (i = 0; i < CLIENTS; i++) {
		snprintf(nick, sizeof(nick), "n%u", i);
		cr_assert(peer_enter(&p[i], d.address[0], nick), "%u", i);
		cr_assert(peer_join(&p[i], "#all"), "%u", i);
	}
	for (i = 0; i < CLIENTS; i++)
		peer_say(&p[i], 1, "#all", "one of three hundred");
	for (i = 0; i < CLIENTS; i++) {
		last = stored = 0;
		for (j = 0; j < CLIENTS;
		     j += m.type == MSG_ENTRY && m.entry.kind == ENTRY_SAID) {
			cr_assert_eq(peer_hear(&p[i], &m, PEER_WAIT_MS),
			    HEARD_MESSAGE, "client %u, %u heard", i, j);
			stored += m.type == MSG_STORED;
			if (m.type != MSG_ENTRY)
				continue;
			cr_assert(last == 0 || m.entry.seq == last + 1);
			last = m.entry.seq;
			if (i == 0 && m.entry.kind == ENTRY_SAID)
				order[j] = last;
		}
		cr_expect_eq(stored, 1);
		cr_expect_eq(last, order[CLIENTS - 1]);
	}
	for (i = 0; i < CLIENTS; i++)
		peer_close(&p[i]);
	free(p);
	free(order);
	daemon_stop(&d);
	cr_expect_eq(daemon_said(&d, "accepted connection"), CLIENTS);
	cr_expect_eq(daemon_said(&d, ": closed: "), CLIENTS);
	daemon_done(&d);
}

Test(load, loses_no_descriptor, .timeout = 60)
{
	enum { CYCLES = 1000 };
	static const char part[] = "\0\0\0\x30\x01";
	unsigned before, i;
	struct daemon d;
	struct peer p;

	daemon_init(&d);
	daemon_start(&d, &unlimited);
	before = daemon_files(&d);
	for (i = 0; i < CYCLES; i++) {
		cr_assert(i % 2 ? peer_connect(&p, d.address[0])
				: peer_enter(&p, d.address[0], ""));
		if (i % 4 == 1)
			peer_send_bytes(&p, part, sizeof(part) - 1);
		if (i % 4 == 2)
			cr_assert(peer_join(&p, "#lobby"));
		if (i % 3 == 0)
			peer_half_close(&p);
		if (i % 8 < 4)
			peer_reset(&p);
		else
			peer_close(&p);
	}
	cr_assert(daemon_says(&d, ": closed: ", CYCLES));
	for (i = 0; i < PEER_WAIT_MS && daemon_files(&d) != before; i++)
		poll(NULL, 0, 1); /* the line is logged before it is closed */
	cr_expect_eq(daemon_files(&d), before);
	daemon_stop(&d);
	daemon_done(&d);
}

/* ---- slow ---- */

/* At once, as far as the kernel takes it. */
static void
ask_without_reading(struct peer *p, unsigned requests)
{
	union message m = {
		.who = { .type = MSG_WHO, .ref = 1, .nick = slice_of(p->nick) }
	};
	unsigned i;

	p->is_gathering = true;
	for (i = 0; i < requests; i++)
		peer_send(p, &m);
	p->is_gathering = false;
	send(p->fd, buf_at(&p->out), p->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Test(load, waiting_costs_nothing, .timeout = 60)
{
	struct daemon_options o = unlimited;
	struct peer silent, header, frame, fresh, half, deaf, late;
	struct daemon d;
	union message m;
	char path[128];

	daemon_init(&d);
	snprintf(path, sizeof(path), "unix:%s/sock", d.directory);
	o.listen[0] = path;
	daemon_start(&d, &o);
	is_quiet(&d, "nobody connected");
	cr_assert(peer_enter(&silent, path, "silent"));
	cr_assert(peer_join(&silent, "#lobby"));
	is_quiet(&d, "one who is silent");
	cr_assert(peer_connect(&fresh, path));
	is_quiet(&d, "one who has not said hello");
	cr_assert(peer_enter(&header, path, "header"));
	peer_send_bytes(&header, "\0\0", 2);
	is_quiet(&d, "half a header");
	cr_assert(peer_enter(&frame, path, "frame"));
	peer_send_bytes(&frame, "\0\1\0\0\5abc", 8);
	is_quiet(&d, "half a frame");
	cr_assert(peer_enter(&half, path, "half"));
	peer_half_close(&half);
	is_quiet(&d, "one who sends no more and stays");
	cr_assert(peer_enter(&deaf, path, "deaf"));
	ask_without_reading(&deaf, 20000);
	is_quiet(&d, "one who asks and does not read");
	cr_assert(peer_enter(&late, path, "late"));
	ask_without_reading(&late, 20000);
	peer_half_close(&late);
	is_quiet(&d, "one who neither reads nor sends any more");
	peer_close(&deaf);
	peer_close(&late);
	is_quiet(&d, "those gone");

	/* And it still works. */
	peer_say(&silent, 1, "#lobby", "good morning");
	cr_expect(peer_hear_type(&silent, MSG_STORED, &m));
	peer_close(&silent);
	peer_close(&header);
	peer_close(&frame);
	peer_close(&fresh);
	peer_close(&half);
	daemon_stop(&d);
	daemon_done(&d);
}

/* He reads nothing while thousands of messages go by, and later all of them,
 * once, in order; who reads is not kept waiting, and the daemon holds for him
 * no more than for the others. */
Test(load, a_stopped_reader_gets_everything_later, .timeout = 60)
{
	enum { SAYS = 8000, AHEAD = 50, LEN = 1000 };
	static char text[LEN + 1];
	struct peer ann, bob, carl;
	uint64_t seq = 0, n = 0, stored = 0;
	struct daemon d;
	union message m;

	memset(text, 'x', LEN);
	daemon_init(&d);
	daemon_start(&d, &unlimited);
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(peer_join(&bob, "#lobby"));
	cr_assert(peer_enter(&ann, d.address[0], "ann"));
	cr_assert(peer_join(&ann, "#lobby"));
	cr_assert(peer_enter(&carl, d.address[0], "carl"));
	cr_assert(peer_join(&carl, "#lobby"));
	while (stored < SAYS) {
		while (n < SAYS && n - stored < AHEAD)
			peer_say(&ann, ++n, "#lobby", text);
		cr_assert(peer_hear_type(&ann, MSG_STORED, &m));
		stored++;
		cr_assert(peer_hear_type(&carl, MSG_ENTRY, &m));
	}
	cr_expect_eq(m.entry.kind, ENTRY_SAID);
	is_quiet(&d, "one who does not read");
	for (n = 0; n < SAYS; n += m.entry.kind == ENTRY_SAID) {
		cr_assert(peer_hear_type(&bob, MSG_ENTRY, &m), "only %ju heard",
		    (uintmax_t)n);
		cr_assert(seq == 0 || m.entry.seq == seq + 1);
		seq = m.entry.seq;
	}
	peer_close(&ann);
	peer_close(&bob);
	peer_close(&carl);
	daemon_stop(&d);
	daemon_done(&d);
}

/* ---- without descriptors ---- */

Test(load, stands_being_out_of_descriptors, .timeout = 60)
{
	enum { FILES = 40, CLIENTS = 80 };
	const struct daemon_options o = { .files = FILES };
	struct peer p[CLIENTS], ann;
	struct daemon d;
	union message m;
	int64_t until;
	bool is_in;
	unsigned i;

	daemon_init(&d);
	daemon_start(&d, &o);
	cr_assert(peer_enter(&ann, d.address[0], "ann"));
	cr_assert(peer_join(&ann, "#lobby"));
	for (i = 0; i < CLIENTS; i++)
		cr_assert(peer_connect(&p[i], d.address[0]));
	is_quiet(&d, "out of descriptors");
	cr_expect_leq(daemon_files(&d), FILES);
	peer_say(&ann, 1, "#lobby", "who is in is served");
	cr_expect(peer_hear_type(&ann, MSG_STORED, &m));

	/* When there is room again, whoever comes gets in. */
	for (i = 0; i < CLIENTS; i++)
		peer_close(&p[i]);
	until = clock_ms() + PEER_WAIT_MS;
	while (!(is_in = peer_enter(&p[0], d.address[0], "bob")) &&
	    clock_ms() < until)
		peer_close(&p[0]);
	cr_expect(is_in);
	peer_close(&p[0]);
	peer_close(&ann);
	daemon_stop(&d);
	daemon_done(&d);
}
