/*
 * What is unread, counted without a screen: by asking the real daemon, or by
 * what a running chat has kept of itself.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chat/model.h"
#include "../chat/places.h"
#include "clock.h"
#include "daemon.h"
#include "home.h"
#include "peer.h"
#include "program.h"
#include "xmalloc.h"

static const struct daemon_options unlimited = {
	.config = "limits: { rate = 0; };\n"
};

enum { SOME = 1 };

static struct daemon d;
static struct home home;

static void
begin(void)
{
	daemon_init(&d);
	daemon_start(&d, &unlimited);
	home_init(&home);
}

static void
end(void)
{
	home_done(&home);
	daemon_stop(&d);
	daemon_done(&d);
}

TestSuite(unread, .init = begin, .fini = end, .timeout = 60);

/* It is asked twice: asking changes nothing. */
static void
counts_at(
    const char *address, const char *option, const char *printed, int status)
{
	struct program p;
	int ended;

	for (int i = 0; i < 2; i++) {
		program_start_in(&p, home.path,
		    (const char *const[]){
			"-s", address, "--unread", option, NULL });
		ended = program_end(&p);
		cr_expect_eq(ended, status, "status %d, not %d: %s", ended,
		    status, buf_string(&p.complained));
		cr_expect_str_eq(buf_string(&p.printed), printed);
		program_done(&p);
	}
}

static void
counts(const char *option, const char *printed, int status)
{
	counts_at(d.address[0], option, printed, status);
}

/* Ann, in #tea, and seen everything there; then away. */
static void
ann_was_here(void)
{
	struct peer ann;
	union message m = { .seen = { MSG_SEEN, 2, SLICE("#tea"), 99 } };

	cr_assert(home_enter(&home, &ann, d.address[0], "ann"));
	cr_assert(peer_join(&ann, "#tea"));
	peer_say(&ann, 1, "#tea", "back soon");
	cr_assert(peer_hear_type(&ann, MSG_STORED, &m));
	m.seen = (struct msg_seen){ MSG_SEEN, 2, SLICE("#tea"), 99 };
	peer_send(&ann, &m);
	do
		cr_assert(peer_hear_type(&ann, MSG_DONE, &m));
	while (m.done.ref != 2);
	m.bye = (struct msg_bye){ .type = MSG_BYE, .stays = 1 };
	peer_send(&ann, &m);
	while (peer_hear(&ann, &m, PEER_WAIT_MS) == HEARD_MESSAGE)
		continue;
	peer_close(&ann);
}

static void
bob_says(struct peer *bob, uint64_t n, const char *to, const char *text)
{
	union message m;

	peer_say(bob, n, to, text);
	do {
		cr_assert_eq(peer_hear(bob, &m, PEER_WAIT_MS), HEARD_MESSAGE);
		cr_expect_neq(m.type, MSG_PRESENCE, "ann was seen");
	} while (m.type != MSG_STORED || m.stored.n != n);
}

/* ---- asked of the daemon ---- */

Test(unread, nothing)
{
	counts(NULL, "", EX_OK);
	ann_was_here();
	counts(NULL, "", EX_OK);
	counts("--json", "", EX_OK);
}

/* Neither joins nor what one has said oneself counts. */
Test(unread, what_others_have_said_since)
{
	struct peer bob;
	union message m;

	ann_was_here();
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(peer_join(&bob, "#tea"));
	counts(NULL, "", EX_OK);
	bob_says(&bob, 1, "#tea", "hello");
	counts(NULL, "#tea\t1\t0\n", SOME);
	bob_says(&bob, 2, "#tea", "Ann: are you there?");
	bob_says(&bob, 3, "#tea", "anna is not");
	counts(NULL, "#tea\t3\t1\n", SOME);
	bob_says(&bob, 4, "ann", "psst");
	bob_says(&bob, 5, "ann", "psst!");
	counts(NULL, "bob\t2\t2\n#tea\t3\t1\n", SOME);
	counts("--json",
	    "{\"room\":\"bob\",\"count\":2,\"mentions\":2}\n"
	    "{\"room\":\"#tea\",\"count\":3,\"mentions\":1}\n",
	    SOME);
	/* Ann has not come or gone: the next entry is the next one. */
	bob_says(&bob, 6, "#tea", "bye");
	do
		cr_assert(peer_hear_type(&bob, MSG_ENTRY, &m));
	while (!slice_is(m.entry.text, SLICE("bye")));
	cr_expect_eq(m.entry.seq, 2 + 1 + 3 + 1);
	peer_close(&bob);
}

Test(unread, no_more_than_anybody_counts)
{
	struct peer bob;

	ann_was_here();
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(peer_join(&bob, "#tea"));
	for (uint64_t n = 1; n <= 1100; n++)
		peer_say(&bob, n, "#tea", "ann!");
	bob_says(&bob, 1101, "#tea", "the last one");
	counts(NULL, "#tea\t999\t999\n", SOME);
	peer_close(&bob);
}

Test(unread, of_nobody)
{
	struct program p;

	PROGRAM(&p, "-s", "unix:/nowhere/at/all", "--unread");
	cr_expect_eq(program_end(&p), EX_OK);
	program_done(&p);
	program_start_in(&p, home.path,
	    (const char *const[]){
		"-s", "unix:/nowhere/at/all", "--unread", NULL });
	cr_expect_eq(program_end(&p), EX_UNAVAILABLE);
	cr_expect(strstr(buf_string(&p.complained), "/nowhere/at/all"));
	program_done(&p);
}

/* ---- kept by a chat that is running ---- */

static void
keep(const char *target)
{
	struct model *m = model_new();
	struct places places = { 0 };
	struct buf file = { 0 };
	struct room *room;
	char path[128];
	int fd;

	free(m->target);
	m->target = xstrdup(target);
	room = model_room_open(m, SLICE("#tea"));
	room->unread = 11;
	room = model_room_open(m, SLICE("#quiet"));
	room = model_room_open(m, SLICE("#loud"));
	room->unread = 12;
	room = model_room_open(m, SLICE("bob"));
	room->unread = 2;
	room->mentions = 2;
	cr_assert(places_write(&places, m, &file));
	snprintf(path, sizeof(path), "%s/chat/rooms", home.path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert_eq(write(fd, buf_at(&file), file.len), (ssize_t)file.len);
	close(fd);
	places_done(&places);
	buf_done(&file);
	model_free(m);
}

/* No server is asked, and nobody is replaced. */
Test(unread, what_a_running_chat_shows)
{
	static const char nowhere[] = "unix:/nowhere/at/all";
	int64_t began;

	home_take(&home);
	counts_at(nowhere, NULL, "", EX_OK);
	keep(nowhere);
	began = clock_ms();
	counts_at(
	    nowhere, NULL, "bob\t2\t2\n#loud\t12\t0\n#tea\t11\t0\n", SOME);
	cr_expect_lt(clock_ms() - began, 2 * 100);
	counts_at(nowhere, "--json",
	    "{\"room\":\"bob\",\"count\":2,\"mentions\":2}\n"
	    "{\"room\":\"#loud\",\"count\":12,\"mentions\":0}\n"
	    "{\"room\":\"#tea\",\"count\":11,\"mentions\":0}\n",
	    SOME);
	counts(NULL, "", EX_OK);
	home_give(&home);
}
