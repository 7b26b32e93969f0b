/* What is stored is there again, whatever became of the daemon meanwhile. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"

static struct daemon d;
static char directory[128];

static void
start(void)
{
	daemon_init(&d);
	snprintf(directory, sizeof(directory), "%s/state", d.directory);
}

static struct daemon_options
options(void)
{
	return (struct daemon_options){ .directory = directory };
}

static void
hello(struct peer *p, const struct id *device, union message *m)
{
	const union message hello = { .hello = { .type = MSG_HELLO,
					  .version = PROTOCOL_VERSION,
					  .device = *device,
					  .nick = SLICE("ann") } };

	cr_assert(peer_connect(p, d.address[0]));
	peer_send(p, &hello);
	cr_assert(peer_hear_type(p, MSG_WELCOME, m));
}

/* Says numbers from first on until so many are stored; leaves the rest on the
 * way.  The last number acknowledged. */
static uint64_t
say_until(struct peer *p, uint64_t first, unsigned stored)
{
	union message m;
	char text[32];

	for (uint64_t n = first; n < first + stored + 20; n++) {
		snprintf(text, sizeof(text), "line %ju", (uintmax_t)n);
		peer_say(p, n, "#log", text);
	}
	for (unsigned i = 0; i < stored; i++)
		cr_assert(peer_hear_type(p, MSG_STORED, &m));
	return m.stored.n;
}

/* Everything said so far, in order and once: up to number last. */
static void
expect_all(struct peer *p, uint64_t last)
{
	union message m;
	uint64_t seq = 0, line = 0;
	char text[32];

	while (line < last) {
		cr_assert(peer_hear_type(p, MSG_ENTRY, &m));
		cr_assert_eq(m.entry.seq, ++seq);
		if (m.entry.kind != ENTRY_SAID)
			continue;
		snprintf(text, sizeof(text), "line %ju", (uintmax_t)++line);
		cr_assert(slice_is(m.entry.text, slice_of(text)), "%.*s",
		    SLICE_ARG(m.entry.text));
	}
}

Test(disk, what_was_acknowledged_survives_kills, .init = start, .timeout = 60)
{
	enum { ROUNDS = 5, EACH = 40 };
	const struct daemon_options o = options();
	const union message join = { .join = { MSG_JOIN, 1, SLICE("#log") } };
	const union message attach = { .attach = {
					   MSG_ATTACH, 2, SLICE("#log"), 0 } };
	uint64_t acked = 0;
	struct id device, log = { { 0 } };
	struct peer p;
	union message m;

	peer_device(&device);
	for (unsigned round = 0; round < ROUNDS; round++) {
		daemon_start(&d, &o);
		hello(&p, &device, &m);
		cr_assert_geq(m.welcome.last, acked);
		if (round != 0)
			cr_assert_arr_eq(
			    m.welcome.log.byte, log.byte, sizeof(log.byte));
		log = m.welcome.log;
		acked = m.welcome.last;
		peer_send(&p, round == 0 ? &join : &attach);
		cr_assert(peer_hear_type(&p, MSG_ATTACHED, &m));
		expect_all(&p, acked);
		acked = say_until(&p, acked + 1, EACH);
		daemon_kill(&d);
		peer_close(&p);
	}
	daemon_start(&d, &o);
	hello(&p, &device, &m);
	cr_assert_geq(m.welcome.last, acked);
	acked = m.welcome.last;
	peer_say(&p, acked, "#log", "a second time");
	cr_assert(peer_hear_type(&p, MSG_STORED, &m));
	cr_expect_eq(m.stored.n, acked);
	peer_send(&p, &attach);
	expect_all(&p, acked);
	peer_close(&p);
	daemon_stop(&d);
	daemon_done(&d);
}

/* The store is still looking up the device when the peer's last bytes come. */
Test(disk, half_closed_behind_hello_is_greeted_and_closed, .init = start,
    .timeout = 60)
{
	const struct daemon_options o = options();
	const union message hello = { .hello = { .type = MSG_HELLO,
					  .version = PROTOCOL_VERSION,
					  .device = { { 1 } },
					  .nick = SLICE("ann") } };
	struct peer p;
	union message m;

	daemon_start(&d, &o);
	cr_assert(peer_connect(&p, d.address[0]));
	peer_send(&p, &hello);
	peer_half_close(&p);
	cr_expect(peer_hear_type(&p, MSG_WELCOME, &m));
	cr_expect_eq(peer_hear(&p, &m, PEER_WAIT_MS), HEARD_END);
	peer_close(&p);
	daemon_stop(&d);
	daemon_done(&d);
}

Test(disk, a_state_has_one_daemon, .init = start, .timeout = 60)
{
	const struct daemon_options o = options();
	struct daemon second;
	char *log;

	daemon_start(&d, &o);
	daemon_init(&second);
	cr_expect_eq(daemon_fails(&second, &o, NULL), EX_TEMPFAIL);
	log = daemon_log(&second);
	cr_expect_not_null(strstr(log, directory), "%s", log);
	free(log);
	daemon_done(&second);
	daemon_stop(&d);
	daemon_done(&d);
}

Test(disk, damage_is_refused_in_words, .init = start, .timeout = 60)
{
	const struct daemon_options o = options();
	char path[160], *log;
	int fd;

	daemon_start(&d, &o);
	daemon_stop(&d);
	snprintf(path, sizeof(path), "%s/chat.db", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	cr_assert_eq(pwrite(fd, "not what it was", 15, 4096 + 8), 15);
	close(fd);
	cr_expect_eq(daemon_fails(&d, &o, NULL), EX_DATAERR);
	log = daemon_log(&d);
	cr_expect_not_null(strstr(log, "chat.db"), "%s", log);
	free(log);
	daemon_done(&d);
}
