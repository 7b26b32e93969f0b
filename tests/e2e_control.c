/*
 * chatctl(8) with a daemon: looking at it, putting people out, closing the
 * doors while those inside go on, copying the store, reload and stop.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "peer.h"
#include "program.h"
#include "sock.h"
#include "xmalloc.h"

/* A daemon with a store, on v4, v6 and a UNIX socket. */
static struct {
	struct daemon d;
	char state[128], unix_address[128];
	struct daemon_options o;
} house;

enum { V4, V6, UNIX };

static void
open_house(const char *config)
{
	struct daemon *d = &house.d;

	daemon_init(d);
	snprintf(house.state, sizeof(house.state), "%s/state", d->directory);
	snprintf(house.unix_address, sizeof(house.unix_address), "unix:%s/door",
	    d->directory);
	house.o = (struct daemon_options){
		.listen = { "127.0.0.1:0", "[::1]:0", house.unix_address },
		.config = config,
		.directory = house.state,
	};
	daemon_start(d, &house.o);
	cr_assert(daemon_says(d, "chatctl is heard on ", 1));
}

static void
close_house(void)
{
	daemon_stop(&house.d);
	daemon_done(&house.d);
}

/* What chatctl said, and how it ended. */
static struct {
	char out[65536], err[4096];
} said;

static int
run(const char *const *arguments)
{
	struct program p;
	int status;

	setenv("CHAT", daemon_program("CHATCTL", "chatctl"), 1);
	program_start(&p, arguments);
	unsetenv("CHAT");
	status = program_end(&p);
	snprintf(said.out, sizeof(said.out), "%s", buf_string(&p.printed));
	snprintf(said.err, sizeof(said.err), "%s", buf_string(&p.complained));
	program_done(&p);
	return status;
}
#define CTL(...)                                                               \
	run((const char *const[]){ "-s", house.state, __VA_ARGS__, NULL })

static bool
has(const char *words)
{
	return strstr(said.out, words) != NULL;
}

/* How often it is a row's beginning. */
static unsigned
rows(const char *begins)
{
	unsigned n = 0;

	for (const char *at = said.out; *at != '\0'; at += *at == '\n') {
		n += strncmp(at, begins, strlen(begins)) == 0;
		at += strcspn(at, "\n");
	}
	return n;
}

/* The n-th column of the client of this nick. */
static void
column(const char *nick, unsigned n, char *out, size_t size)
{
	char wanted[80];
	const char *at;

	snprintf(wanted, sizeof(wanted), "\t%s\t", nick);
	at = strstr(said.out, wanted);
	cr_assert_not_null(at, "%s: %s", nick, said.out);
	at++;
	while (n-- > 2)
		at = strchr(at, '\t') + 1;
	snprintf(out, size, "%.*s", (int)strcspn(at, "\t\n"), at);
}

static bool
is_refused(const char *address)
{
	struct peer p = { .fd = -1 };
	bool is_there = peer_connect(&p, address);

	peer_close(&p);
	return !is_there;
}

static bool
hears_said(struct peer *p, const char *words)
{
	union message m;

	while (peer_hear_type(p, MSG_ENTRY, &m))
		if (m.entry.kind == ENTRY_SAID)
			return slice_is(m.entry.text, slice_of(words));
	return false;
}

/* ---- looking ---- */

/* Row 11: of each kind of socket both ends are shown, to the operator, to the
 * person, and in the log. */
Test(control, shows_both_ends_of_every_connection, .timeout = 60)
{
	static const char *const nicks[] = { "four", "six", "local" };
	char ours[SOCK_TEXT], theirs[SOCK_TEXT], seen[SOCK_TEXT], line[512];
	struct sock_addr addr;
	struct peer p[3];
	union message m, who = { .who = { MSG_WHO, 1, SLICE("") } };

	open_house(NULL);
	for (int i = V4; i <= UNIX; i++)
		cr_assert(
		    peer_enter(&p[i], house.d.address[i], nicks[i]), "%d", i);
	cr_assert_eq(CTL("clients"), EX_OK);
	for (int i = V4; i <= UNIX; i++) {
		sock_local(p[i].fd, &addr);
		sock_text(&addr, ours);
		sock_peer(p[i].fd, &addr);
		sock_text(&addr, theirs);
		if (i == UNIX)
			snprintf(ours, sizeof(ours), "unix:(pid %d, uid %d)",
			    (int)getpid(), (int)geteuid());
		column(nicks[i], 4, seen, sizeof(seen));
		cr_expect_str_eq(seen, ours);
		column(nicks[i], 5, seen, sizeof(seen));
		cr_expect_str_eq(seen, theirs);
		column(nicks[i], 8, seen, sizeof(seen));
		cr_expect_str_eq(seen, "frame");
		who.who.nick = slice_of(nicks[i]);
		peer_send(&p[i], &who);
		cr_assert(peer_hear_type(&p[i], MSG_PERSON, &m));
		cr_expect(slice_is(m.person.peer, slice_of(ours)));
		cr_expect(slice_is(m.person.local, slice_of(theirs)));
		snprintf(line, sizeof(line),
		    ": accepted connection from %s to %s", ours, theirs);
		cr_expect_eq(daemon_said(&house.d, line), 1, "%s", line);
		peer_close(&p[i]);
	}
	close_house();
}

Test(control, lists_all_page_by_page_beyond_the_limit_of_clients, .timeout = 60)
{
	enum { CLIENTS = 300 };
	struct peer *p = xcalloc(CLIENTS, sizeof(*p));
	char name[32];

	open_house("limits: { clients = 300; rate = 0; };");
	for (unsigned i = 0; i < CLIENTS; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		cr_assert(peer_enter(&p[i], house.d.address[V4], name));
		snprintf(name, sizeof(name), "#r%u", i);
		cr_assert(peer_join(&p[i], name));
	}
	cr_assert_eq(CTL("clients"), EX_OK);
	cr_expect_eq(rows(""), CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++) {
		snprintf(name, sizeof(name), "%u\tn%u\t", i + 1, i);
		cr_expect_eq(rows(name), 1, "%s", name);
	}
	cr_assert_eq(CTL("rooms"), EX_OK);
	cr_expect_eq(rows(""), CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++) {
		snprintf(name, sizeof(name), "#r%u\t1\t1\t", i);
		cr_expect_eq(rows(name), 1, "%s", name);
		peer_close(&p[i]);
	}
	free(p);
	close_house();
}

Test(control, tells_figures, .timeout = 60)
{
	static const char *const figures[] = { "version\t", "listening\tyes\n",
		"log\tinfo\n", "process\t", "uptime\t", "connections\t1\n",
		"users\t1\n", "away\t0\n", "rooms\t1\n", "members\t1\n",
		"entries\t2\n", "encodings\t", "files\t0\n", "file bytes\t0\n",
		"store queue\t0\n", "disk free\t" };
	struct peer ann;
	union message m;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_assert(peer_join(&ann, "#lobby"));
	peer_say(&ann, 1, "#lobby", "hello");
	cr_assert(peer_hear_type(&ann, MSG_STORED, &m));
	cr_assert_eq(CTL("status"), EX_OK);
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++)
		cr_expect_eq(rows(figures[i]) + has(figures[i]), 2, "%s in %s",
		    figures[i], said.out);
	peer_close(&ann);
	close_house();
}

/* ---- row 4: closing one client, and closing the doors ---- */

Test(control, puts_one_out_and_goes_on_listening, .timeout = 60)
{
	struct peer ann, bob, carla;
	union message m;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_assert(peer_enter(&bob, house.d.address[V6], "bob"));
	cr_assert(peer_join(&ann, "#lobby"));
	cr_assert(peer_join(&bob, "#lobby"));
	cr_expect_eq(CTL("kick", "BOB", "not", "so loud"), EX_OK);
	cr_assert(peer_hear_type(&bob, MSG_BYE, &m));
	cr_expect_eq(m.bye.reason, REFUSE_KICKED);
	cr_expect(slice_is(m.bye.text, SLICE("not so loud")));
	do
		cr_assert(peer_hear_type(&ann, MSG_ENTRY, &m));
	while (m.entry.kind != ENTRY_LEFT);
	cr_expect(slice_is(m.entry.who, SLICE("bob")));
	cr_expect(slice_is(m.entry.text, SLICE("not so loud")));
	/* The door is open, and the nick is free. */
	cr_assert(peer_enter(&carla, house.d.address[V6], "bob"));
	cr_assert_eq(CTL("clients"), EX_OK);
	cr_expect_eq(rows("3\tbob\t"), 1, "%s", said.out);
	cr_expect_eq(CTL("kick", "3"), EX_OK);
	cr_assert(peer_hear_type(&carla, MSG_BYE, &m));
	cr_expect_eq(m.bye.reason, REFUSE_KICKED);
	cr_expect_eq(CTL("kick", "#99"), EX_NOUSER);
	cr_expect_eq(CTL("kick", "nobodyatall"), EX_NOUSER);
	cr_expect_eq(daemon_said(&house.d, ": kick BOB not so loud\n"), 1);
	peer_close(&ann);
	peer_close(&bob);
	peer_close(&carla);
	close_house();
}

/* A client that came back by itself would not have been put out. */
Test(control, who_is_put_out_stays_out, .timeout = 60)
{
	struct program chat;

	open_house(NULL);
	PROGRAM(&chat, "--batch", "-s", house.d.address[V4], "-n", "bob");
	cr_assert(program_prints(&chat, "\tjoined\tbob\t", 1));
	cr_expect_eq(CTL("kick", "bob", "enough"), EX_OK);
	while (program_look(&chat))
		;
	cr_expect_eq(program_end(&chat), EX_NOPERM);
	cr_expect(strstr(buf_string(&chat.complained), "enough"), "%s",
	    buf_string(&chat.complained));
	cr_expect_eq(daemon_said(&house.d, "accepted connection"), 1);
	program_done(&chat);
	close_house();
}

/* Somebody who is away has no connection to end, but a nick and rooms. */
Test(control, puts_out_who_is_away, .timeout = 60)
{
	struct peer ann, bob;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_assert(peer_join(&ann, "#lobby"));
	peer_reset(&ann);
	cr_assert(daemon_says(&house.d, "c1: closed: ", 1));
	cr_expect_eq(CTL("kick", "ann"), EX_OK);
	cr_assert(peer_enter(&bob, house.d.address[V4], "ann"));
	peer_close(&ann);
	peer_close(&bob);
	close_house();
}

Test(control, closes_the_doors_and_goes_on_with_the_clients, .timeout = 60)
{
	struct peer ann, bob, carla;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_assert(peer_enter(&bob, house.d.address[UNIX], "bob"));
	cr_assert(peer_join(&ann, "#lobby"));
	cr_assert(peer_join(&bob, "#lobby"));
	cr_expect_eq(CTL("drain"), EX_OK);
	for (int i = V4; i <= UNIX; i++)
		cr_expect(is_refused(house.d.address[i]), "%d", i);
	peer_say(&ann, 1, "#lobby", "still here");
	cr_expect(hears_said(&bob, "still here"));
	peer_say(&bob, 1, "#lobby", "so am I");
	cr_expect(hears_said(&ann, "still here"));
	cr_expect(hears_said(&ann, "so am I"));
	cr_expect_eq(CTL("status"), EX_OK);
	cr_expect(has("listening\tno\n"));
	cr_expect_eq(CTL("reload"), EX_OK, "%s", said.err);
	cr_expect(is_refused(house.d.address[V4]), "it stays closed");
	cr_expect_eq(CTL("drain", "off"), EX_OK, "%s", said.err);
	cr_expect_eq(CTL("drain", "off"), EX_OK, "it is open");
	for (int i = V4; i <= UNIX; i++) {
		cr_expect(peer_enter(&carla, house.d.address[i], ""), "%d", i);
		peer_close(&carla);
	}
	peer_say(&ann, 2, "#lobby", "welcome all");
	cr_expect(hears_said(&bob, "so am I"));
	cr_expect(hears_said(&bob, "welcome all"));
	cr_expect_eq(CTL("drain", "soon"), EX_USAGE);
	cr_expect_eq(CTL("drain", "9999999"), EX_USAGE);
	peer_close(&ann);
	peer_close(&bob);
	close_house();
}

/* A port that somebody took meanwhile: all stays closed until it is free. */
Test(control, says_why_the_doors_stay_closed, .timeout = 60)
{
	struct sock_name name;
	struct sock_addr addr;
	struct peer ann;
	size_t n;
	int fd;

	open_house(NULL);
	cr_assert_null(sock_parse(house.d.address[V4], &name));
	cr_assert_null(sock_resolve(&name, true, &addr, 1, &n));
	cr_assert_eq(CTL("drain"), EX_OK);
	fd = sock_listen(&addr, 1);
	cr_assert_geq(fd, 0);
	cr_expect_eq(CTL("drain", "off"), EX_UNAVAILABLE);
	cr_expect(has(house.d.address[V4]), "%s", said.out);
	cr_expect(is_refused(house.d.address[V6]));
	close(fd);
	cr_expect_eq(CTL("drain", "off"), EX_OK);
	cr_expect(peer_enter(&ann, house.d.address[V6], "ann"));
	peer_close(&ann);
	close_house();
}

Test(control, ends_when_the_last_has_gone, .timeout = 60)
{
	struct peer ann;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_assert_eq(CTL("drain", "3600"), EX_OK);
	cr_assert_eq(CTL("status"), EX_OK);
	cr_expect(has("listening\tno, stops in 3"), "%s", said.out);
	cr_expect_not(daemon_is_over(&house.d));
	peer_close(&ann);
	cr_expect_eq(daemon_wait(&house.d), 0);
	daemon_done(&house.d);
}

Test(control, ends_after_so_many_seconds, .timeout = 60)
{
	struct peer ann;
	union message m;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_assert_eq(CTL("drain", "1"), EX_OK);
	cr_assert(peer_hear_type(&ann, MSG_BYE, &m));
	cr_expect_eq(m.bye.reason, REFUSE_STOPPING);
	peer_close(&ann);
	cr_expect_eq(daemon_wait(&house.d), 0);
	daemon_done(&house.d);
}

/* Sockets of somebody else stay open: who comes is told. */
Test(control, tells_who_comes_by_a_socket_of_others, .timeout = 60)
{
	struct sock_addr addr = { .un = { .sun_family = AF_UNIX } };
	struct daemon_options o = { .configured = 1 };
	char starter[128], address[160];
	struct peer ann, bob;
	union message m;
	FILE *f;
	int fd;

	daemon_init(&house.d);
	snprintf(
	    house.state, sizeof(house.state), "%s/state", house.d.directory);
	addr.len = sizeof(addr.un);
	snprintf(addr.un.sun_path, sizeof(addr.un.sun_path), "%s/handed",
	    house.d.directory);
	snprintf(address, sizeof(address), "unix:%s", addr.un.sun_path);
	fd = sock_listen(&addr, 4);
	cr_assert_eq(dup2(fd, 60), 60);
	snprintf(starter, sizeof(starter), "%s/starter", house.d.directory);
	f = fopen(starter, "w");
	fprintf(f, "#!/bin/bash\nLISTEN_PID=$$ exec '%s' \"$@\" 3<&60\n",
	    daemon_program("CHATD", "chatd"));
	fclose(f);
	cr_assert_eq(chmod(starter, 0700), 0);
	setenv("LISTEN_FDS", "1", 1);
	o.program = starter;
	o.directory = house.state;
	daemon_start(&house.d, &o);
	unsetenv("LISTEN_FDS");
	cr_assert(daemon_says(&house.d, "chatctl is heard on ", 1));
	cr_assert(peer_enter(&ann, address, "ann"));
	cr_assert_eq(CTL("drain"), EX_OK);
	cr_assert(peer_connect(&bob, address));
	cr_assert(peer_hear_type(&bob, MSG_BYE, &m));
	cr_expect_eq(m.bye.reason, REFUSE_DRAINING);
	peer_close(&bob);
	cr_assert(peer_join(&ann, "#lobby"));
	cr_assert_eq(CTL("drain", "off"), EX_OK);
	cr_expect(peer_enter(&bob, address, "bob"));
	peer_close(&bob);
	peer_close(&ann);
	close_house();
	close(fd), close(60);
}

/* ---- copying ---- */

static void
put_in_place(const char *copy, const char *state)
{
	char command[512], out[256];
	struct program p;

	cr_assert_eq(mkdir(state, 0700), 0);
	snprintf(out, sizeof(out), "%s/chat.db", state);
	snprintf(command, sizeof(command), "cp '%s' '%s'", copy, out);
	setenv("CHAT", "/bin/sh", 1);
	PROGRAM(&p, "-c", command);
	unsetenv("CHAT");
	cr_assert_eq(program_end(&p), 0);
	program_done(&p);
}

/* Stop, put it in place, start: all that was said until the copy is there, and
 * a client says once that the numbers are new. */
Test(control, a_copy_made_in_use_is_a_store, .timeout = 60)
{
	char copy[128], address[160], state[128];
	struct program chat;
	struct peer ann;
	union message m;

	open_house(NULL);
	snprintf(address, sizeof(address), "%s", house.d.address[V4]);
	snprintf(copy, sizeof(copy), "%s/copy.db", house.d.directory);
	PROGRAM(&chat, "--batch", "-s", address, "-n", "bob", "-r", "#lobby");
	program_type(&chat, "one\n");
	cr_assert(program_prints(&chat, "\tsaid\tbob\tone\n", 1));
	cr_assert_eq(CTL("backup", copy), EX_OK, "%s", said.err);
	cr_expect(has("safe on disk"));
	program_type(&chat, "two\n");
	cr_assert(program_prints(&chat, "\tsaid\tbob\ttwo\n", 1));
	cr_assert(peer_connect(&ann, address));
	peer_close(&ann);
	cr_assert(peer_enter(&ann, address, "ann"));
	peer_close(&ann);
	cr_assert_eq(CTL("stop"), EX_OK);
	cr_expect_eq(daemon_wait(&house.d), 0);

	snprintf(state, sizeof(state), "%s/restored", house.d.directory);
	put_in_place(copy, state);
	house.o.directory = state;
	house.o.listen[V4] = address;
	daemon_start(&house.d, &house.o);
	cr_expect(program_prints(&chat, "began anew", 1) ||
		strstr(buf_string(&chat.complained), "began anew") != NULL,
	    "%s%s", buf_string(&chat.printed), buf_string(&chat.complained));
	program_type(&chat, "three\n");
	cr_expect(program_prints(&chat, "\tsaid\tbob\tthree\n", 1), "%s",
	    buf_string(&chat.printed));
	/* The copy's past is another log's: it is told once again. */
	cr_expect_eq(program_printed(&chat, "\tsaid\tbob\tone\n"), 2);
	cr_expect_eq(program_printed(&chat, "\tsaid\tbob\ttwo\n"), 1);
	program_end(&chat);
	program_done(&chat);

	cr_assert(peer_enter(&ann, address, "ann"));
	peer_send(&ann,
	    &(union message){
		.history = { MSG_HISTORY, 9, SLICE("#lobby"), 0, 0, 100 } });
	for (unsigned n = 0; n < 2;) {
		static const char *const texts[] = { "one", "three" };

		cr_assert(peer_hear_type(&ann, MSG_PAST, &m));
		if (m.past.kind != ENTRY_SAID)
			continue;
		cr_expect(slice_is(m.past.text, slice_of(texts[n++])), "%.*s",
		    SLICE_ARG(m.past.text));
	}
	peer_close(&ann);
	close_house();
}

Test(control, a_copy_that_cannot_be_is_told, .timeout = 60)
{
	char copy[128];

	open_house(NULL);
	snprintf(copy, sizeof(copy), "%s/door", house.d.directory);
	cr_expect_eq(CTL("backup", copy), EX_CANTCREAT);
	cr_expect(strstr(said.err, "there already"), "%s", said.err);
	snprintf(copy, sizeof(copy), "%s/nowhere/x", house.d.directory);
	cr_expect_eq(CTL("backup", copy), EX_CANTCREAT);
	cr_expect(strstr(said.err, "No such file"), "%s", said.err);
	close_house();
}

/* ---- reload, log, stop ---- */

Test(control, reloads_and_says_what_is_wrong, .timeout = 60)
{
	char path[128];
	FILE *f;

	open_house("server: { motd = \"old\"; };\n");
	cr_expect_eq(CTL("reload"), EX_OK);
	cr_expect(has("reloaded"));
	snprintf(path, sizeof(path), "%s/chatd.conf", house.d.directory);
	f = fopen(path, "w");
	fputs("server: {\n\tmotd = 7;\n\tmotto = \"x\";\n};\n", f);
	fclose(f);
	cr_expect_eq(CTL("reload"), EX_CONFIG);
	cr_expect(has("chatd.conf:2: "), "%s", said.out);
	cr_expect(has("chatd.conf:3: "), "%s", said.out);
	cr_expect(strstr(said.err, "nothing has changed"));
	close_house();
}

Test(control, logs_more_when_told, .timeout = 60)
{
	struct peer ann;
	union message m;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_expect_eq(daemon_said(&house.d, ": fresh -> "), 0);
	cr_expect_eq(CTL("log", "debug"), EX_OK);
	peer_say(&ann, 7, "#nowhere", "x");
	cr_assert(peer_hear_type(&ann, MSG_REFUSED, &m));
	cr_expect(daemon_says(&house.d, "c1: refused: ", 1));
	cr_expect_eq(CTL("log", "info"), EX_OK);
	peer_say(&ann, 7, "#nowhere", "x");
	cr_assert(peer_hear_type(&ann, MSG_REFUSED, &m));
	cr_expect_eq(CTL("log", "loud"), EX_USAGE);
	cr_expect_eq(daemon_said(&house.d, "c1: refused: "), 1);
	peer_close(&ann);
	close_house();
}

/* When it returns the state is nobody's. */
Test(control, stops_and_waits_for_the_end, .timeout = 60)
{
	struct peer ann;
	union message m;

	open_house(NULL);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_expect_eq(CTL("stop"), EX_OK);
	cr_assert(peer_hear_type(&ann, MSG_BYE, &m));
	cr_expect_eq(m.bye.reason, REFUSE_STOPPING);
	peer_close(&ann);
	cr_expect_eq(daemon_wait(&house.d), 0);
	cr_expect_eq(CTL("status"), EX_UNAVAILABLE);
	cr_expect(strstr(said.err, "no chatd is there"), "%s", said.err);
	daemon_start(&house.d, &house.o);
	close_house();
}

/* ---- who may, and how ---- */

Test(control, serves_one_that_keeps_nothing, .timeout = 60)
{
	const struct daemon_options o = { .config = NULL };
	char *log, *at, path[128];
	const char *const status[] = { "-S", path, "status", NULL };
	const char *const backup[] = { "-S", path, "backup", "x", NULL };

	daemon_init(&house.d);
	daemon_start(&house.d, &o);
	cr_assert(daemon_says(&house.d, "chatctl is heard on ", 1));
	log = daemon_log(&house.d);
	at = strstr(log, "heard on ") + strlen("heard on ");
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, "\n"), at);
	free(log);
	cr_expect_eq(run(status), EX_OK);
	cr_expect(has("\nlistening\tyes\n"));
	cr_expect_eq(run(backup), EX_CANTCREAT);
	cr_expect(strstr(said.err, "keeps nothing"), "%s", said.err);
	daemon_stop(&house.d);
	cr_expect_neq(access(path, F_OK), 0);
	*strrchr(path, '/') = '\0';
	cr_expect_neq(access(path, F_OK), 0, "it leaves nothing behind");
	daemon_done(&house.d);
}

Test(control, hears_nobody_but_its_own_user_and_root, .timeout = 60)
{
	char control[160];
	const char *const as_other[] = { "--reuid=65533", "--clear-groups",
		daemon_program("CHATCTL", "chatctl"), "-S", control, "status",
		NULL };
	struct program p;
	struct stat st;

	open_house(NULL);
	snprintf(control, sizeof(control), "%s/control", house.state);
	cr_assert_eq(stat(control, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	if (geteuid() != 0) {
		close_house();
		cr_skip_test("only root can be somebody else");
	}
	for (int is_open = 0; is_open < 2; is_open++) {
		setenv("CHAT", "/usr/bin/setpriv", 1);
		program_start(&p, as_other);
		unsetenv("CHAT");
		cr_expect_eq(program_end(&p), EX_NOPERM, "%s",
		    buf_string(&p.complained));
		cr_expect_eq(p.printed.len, 0);
		cr_expect_eq(is_open,
		    strstr(buf_string(&p.complained), "only root") != NULL,
		    "%s", buf_string(&p.complained));
		program_done(&p);
		cr_assert_eq(chmod(house.d.directory, 0755), 0);
		cr_assert_eq(chmod(house.state, 0755), 0);
		cr_assert_eq(chmod(control, 0666), 0);
	}
	cr_expect_eq(daemon_said(&house.d, "uid 65533 was turned away"), 1);
	close_house();
}

/* Those who come and ask nothing take no place from clients, and from others
 * who ask only until there are too many. */
Test(control, is_in_nobodys_way, .timeout = 60)
{
	enum { SILENT = 16 };
	struct peer silent[SILENT], ann, late = { .fd = -1 };
	union message m;
	char path[192];

	open_house("limits: { clients = 1; };");
	snprintf(path, sizeof(path), "unix:%s/control", house.state);
	cr_assert(peer_enter(&ann, house.d.address[V4], "ann"));
	cr_assert(peer_connect(&late, house.d.address[V4]));
	cr_assert(peer_hear_type(&late, MSG_BYE, &m));
	cr_expect_eq(m.bye.reason, REFUSE_FULL);
	peer_close(&late);
	cr_expect_eq(CTL("status"), EX_OK, "it is full, and yet");
	for (int i = 0; i < SILENT; i++) {
		cr_assert(peer_connect(&silent[i], path));
		cr_assert(peer_send_bytes(&silent[i], "sta", 3));
	}
	cr_expect_eq(CTL("status"), EX_TEMPFAIL);
	cr_assert(peer_send_bytes(&silent[0], "tus\n", 4));
	cr_expect_eq(peer_hear_bytes(&silent[0], 100, PEER_WAIT_MS).len, 100);
	cr_assert(peer_join(&ann, "#lobby"));
	for (int i = 0; i < SILENT; i++)
		peer_close(&silent[i]);
	peer_close(&ann);
	close_house();
}

Test(control, says_what_is_wrong_with_the_command_line, .timeout = 60)
{
	static const struct {
		const char *arguments[4];
		int status;
		const char *words;
	} rows[] = {
		{ { "-h" }, EX_OK, "" },
		{ { "-V" }, EX_OK, "" },
		{ { NULL }, EX_USAGE, "a command is missing" },
		{ { "-x" }, EX_USAGE, "-x: there is no such option" },
		{ { "-s" }, EX_USAGE, "-s: its argument is missing" },
		{ { "frobnicate" }, EX_USAGE, "there is no such command" },
		{ { "kick" }, EX_USAGE, "kick: WHO [WORDS]" },
		{ { "log" }, EX_USAGE, "log: info | debug" },
		{ { "stop", "now" }, EX_USAGE, "too many words" },
		{ { "kick", "a\nb" }, EX_USAGE, "one line" },
		{ { "-S", "/nonexistent/x", "stop" }, EX_UNAVAILABLE,
		    "no chatd is there" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *const arguments[] = { rows[i].arguments[0],
			rows[i].arguments[1], rows[i].arguments[2], NULL };

		cr_expect_eq(run(arguments), rows[i].status, "row %zu", i);
		cr_expect(strstr(said.err, rows[i].words), "row %zu: %s", i,
		    said.err);
	}
}
