/*
 * Login names: who comes over a UNIX socket is known by one without saying
 * anything, and nobody else gets the nick that is the same.
 */
#include <criterion/criterion.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "program.h"

/* An account that every Debian has, and nobody uses. */
#define OTHER "games"

static struct {
	struct daemon d;
	char local[128];      /* a UNIX socket */
	char lines[128];      /* another, for people */
	const char *tcp, *me; /* an address; the test's login name */
	struct daemon_options o;
	char state[128];
} house;

static void
open_house(const char *config)
{
	struct passwd *p = getpwuid(geteuid());

	cr_assert_not_null(p, "the test has no login name");
	house.me = strdup(p->pw_name);
	daemon_init(&house.d);
	cr_assert_eq(chmod(house.d.directory, 0755), 0);
	snprintf(house.local, sizeof(house.local), "unix:%s/door",
	    house.d.directory);
	snprintf(house.lines, sizeof(house.lines), "line:unix:%s/lines",
	    house.d.directory);
	snprintf(
	    house.state, sizeof(house.state), "%s/state", house.d.directory);
	house.o = (struct daemon_options){ .listen = { "127.0.0.1:0",
					       house.local, house.lines },
		.config = config,
		.directory = house.state };
	daemon_start(&house.d, &house.o);
	house.tcp = house.d.address[0];
}

static void
close_house(void)
{
	daemon_stop(&house.d);
	daemon_done(&house.d);
	free((char *)(uintptr_t)house.me);
}

/* The account of somebody, as told to somebody else. */
static bool
is_known(struct peer *asker, const char *nick, const char *account)
{
	union message m;

	peer_send(
	    asker, &(union message){ .who = { MSG_WHO, 1, slice_of(nick) } });
	cr_assert(peer_hear_type(asker, MSG_PERSON, &m), "%s", nick);
	return slice_is(m.person.account, slice_of(account));
}

/* Hello as this device; FINE, or the refusal. */
static enum refusal
greets(struct peer *p, const char *address, uint8_t device, const char *nick)
{
	union message m;

	cr_assert(peer_connect(p, address));
	peer_send(p,
	    &(union message){
		.hello = { .type = MSG_HELLO,
		    .version = PROTOCOL_VERSION,
		    .device = { { device, 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
		    .nick = slice_of(nick),
		    .software = SLICE("test") } });
	cr_assert_eq(peer_hear(p, &m, PEER_WAIT_MS), HEARD_MESSAGE);
	if (m.type == MSG_REFUSED)
		return m.refused.code;
	cr_assert_eq(m.type, MSG_WELCOME);
	snprintf(p->nick, sizeof(p->nick), "%.*s", SLICE_ARG(m.welcome.nick));
	return FINE;
}

/* The same over the UNIX socket, as the other account. */
static enum refusal
greets_as_other(struct peer *p, uint8_t device, const char *nick)
{
	enum refusal why;

	cr_assert_eq(seteuid(getpwnam(OTHER)->pw_uid), 0);
	why = greets(p, house.local, device, nick);
	cr_assert_eq(seteuid(0), 0);
	return why;
}

static void
need_root(void)
{
	if (geteuid() != 0 || getpwnam(OTHER) == NULL)
		cr_skip_test("only root can be somebody else");
}

/* Row 15: chat says who it is by being there, whatever USER says. */
Test(accounts, chat_is_known_by_its_users_name, .timeout = 60)
{
	static const char *const users[] = { "ann", "liar", NULL };
	char wanted[160], nick[64], room[16];
	struct program chat;
	struct peer bob;
	const char *at;

	open_house(NULL);
	cr_assert(peer_enter(&bob, house.tcp, "bob"));
	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		if (users[i] != NULL)
			setenv("USER", users[i], 1);
		else
			unsetenv("USER");
		snprintf(room, sizeof(room), "#r%zu", i);
		PROGRAM(&chat, "--batch", "-s", house.local, "-r", room);
		cr_assert(program_prints(&chat, "\tjoined\t", 1));
		at = strstr(buf_string(&chat.printed), "\tjoined\t") +
		    strlen("\tjoined\t");
		snprintf(
		    nick, sizeof(nick), "%.*s", (int)strcspn(at, "\t\n"), at);
		if (users[i] != NULL)
			cr_expect_str_eq(nick, users[i]);
		cr_expect(is_known(&bob, nick, house.me), "%s", nick);
		snprintf(wanted, sizeof(wanted), "/who %s\n", nick);
		program_type(&chat, wanted);
		snprintf(wanted, sizeof(wanted), ", account %s", house.me);
		cr_expect(program_prints(&chat, wanted, 1), "%s",
		    buf_string(&chat.printed));
		cr_expect_eq(program_end(&chat), 0);
		program_done(&chat);
		snprintf(wanted, sizeof(wanted), ", account %s\n", house.me);
		cr_expect_eq(daemon_said(&house.d, wanted), i + 1);
	}
	cr_expect(is_known(&bob, "bob", ""), "a guest");
	peer_close(&bob);
	close_house();
}

Test(accounts, who_wants_no_certain_nick_gets_the_name, .timeout = 60)
{
	struct peer first, second, guest;

	open_house(NULL);
	cr_assert(peer_enter(&first, house.local, ""));
	cr_expect_str_eq(first.nick, house.me);
	cr_assert(peer_enter(&second, house.local, ""));
	cr_expect_str_neq(second.nick, house.me);
	cr_expect_eq(strncmp(second.nick, house.me, strlen(house.me)), 0, "%s",
	    second.nick);
	cr_assert(peer_enter(&guest, house.tcp, ""));
	cr_expect_eq(strncmp(guest.nick, "guest", 5), 0, "%s", guest.nick);
	cr_expect(is_known(&guest, first.nick, house.me));
	cr_expect(is_known(&guest, second.nick, house.me));
	cr_expect(is_known(&second, guest.nick, ""));
	peer_close(&first);
	peer_close(&second);
	peer_close(&guest);
	close_house();
}

Test(accounts, people_on_lines_have_one_too, .timeout = 60)
{
	static const char typed[] = "/nick somebody\n/who somebody\n/quit\n";
	char wanted[128];
	struct slice told;
	struct peer p;

	open_house(NULL);
	cr_assert(peer_connect(&p, house.d.address[2]));
	cr_assert(peer_send_bytes(&p, typed, sizeof(typed) - 1));
	told = peer_hear_bytes(&p, 100000, PEER_WAIT_MS);
	snprintf(wanted, sizeof(wanted), "= somebody here since ");
	cr_expect_not_null(memmem(told.at, told.len, wanted, strlen(wanted)));
	snprintf(wanted, sizeof(wanted), ", account %s\r\n", house.me);
	cr_expect_not_null(memmem(told.at, told.len, wanted, strlen(wanted)),
	    "%.*s", SLICE_ARG(told));
	peer_close(&p);
	close_house();
}

Test(accounts, a_name_is_its_own_once_it_came, .timeout = 60)
{
	struct peer p, q;
	union message m;

	need_root();
	open_house(NULL);
	/* Nobody of that name has come: it is as free as any. */
	cr_expect_eq(greets(&p, house.tcp, 1, OTHER), FINE);
	cr_expect_eq(greets_as_other(&q, 2, OTHER), REFUSE_NICK_TAKEN);
	peer_close(&q);
	cr_expect_eq(greets_as_other(&q, 2, ""), FINE);
	cr_expect_eq(strncmp(q.nick, OTHER, strlen(OTHER)), 0, "%s", q.nick);
	cr_expect(is_known(&p, q.nick, OTHER));
	peer_close(&p);
	peer_close(&q);
	cr_assert(daemon_says(&house.d, ": closed: ", 3));
	/* From now on it is its own, whoever asks and however it is written. */
	cr_expect_eq(greets(&p, house.tcp, 3, OTHER), REFUSE_NICK_OWNED);
	peer_close(&p);
	cr_expect_eq(greets(&p, house.tcp, 3, "GAMES"), REFUSE_NICK_OWNED);
	peer_close(&p);
	cr_expect_eq(greets(&p, house.local, 3, OTHER), REFUSE_NICK_OWNED);
	peer_close(&p);
	cr_expect_eq(greets(&p, house.tcp, 3, "bob"), FINE);
	peer_send(
	    &p, &(union message){ .nick = { MSG_NICK, 7, SLICE(OTHER) } });
	cr_assert(peer_hear_type(&p, MSG_REFUSED, &m));
	cr_expect_eq(m.refused.code, REFUSE_NICK_OWNED);
	cr_expect_eq(greets_as_other(&q, 4, OTHER), FINE);
	peer_close(&q);
	peer_close(&p);
	close_house();
}

/* A device is a secret: who has it is who had it. */
Test(accounts, a_device_takes_its_name_along, .timeout = 60)
{
	struct peer p;

	need_root();
	open_house(NULL);
	cr_assert_eq(greets_as_other(&p, 1, OTHER), FINE);
	cr_assert(peer_join(&p, "#lobby"));
	peer_reset(&p);
	peer_close(&p);
	cr_assert(daemon_says(&house.d, "c1: closed: ", 1));
	cr_expect_eq(greets(&p, house.tcp, 1, OTHER), FINE);
	peer_close(&p);
	close_house();
}

Test(accounts, are_not_looked_at_when_told, .timeout = 60)
{
	struct peer p, q;

	need_root();
	open_house("server: { accounts = false; };\n");
	cr_expect_eq(greets_as_other(&p, 1, OTHER), FINE);
	cr_expect(is_known(&p, OTHER, ""));
	peer_close(&p);
	cr_assert(daemon_says(&house.d, "c1: closed: ", 1));
	cr_expect_eq(greets(&q, house.tcp, 2, OTHER), FINE);
	cr_expect_eq(greets(&p, house.local, 3, "root"), REFUSE_NICK_RESERVED);
	peer_close(&p);
	peer_close(&q);
	close_house();
}

/* A reserved nick that is a login name is still there after a start. */
Test(accounts, a_reserved_name_comes_back, .timeout = 60)
{
	struct peer p, q;
	union message m;

	need_root();
	open_house(NULL);
	cr_assert_eq(greets(&p, house.local, 1, "root"), FINE);
	cr_assert(peer_join(&p, "#lobby"));
	daemon_kill(&house.d);
	peer_close(&p);
	daemon_start(&house.d, &house.o);
	house.tcp = house.d.address[0];
	cr_expect_eq(greets(&p, house.local, 1, ""), FINE);
	cr_expect_str_eq(p.nick, "root");
	cr_expect(peer_hear_type(&p, MSG_BELONGS, &m));
	cr_expect_eq(greets(&q, house.tcp, 2, "root"), REFUSE_NICK_RESERVED);
	peer_close(&p);
	peer_close(&q);
	close_house();
}
