#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "../chatd/inherit.h"
#include "../chatd/listeners.h"
#include "../chatd/loop.h"
#include "../chatd/settings.h"
#include "fds.h"

static struct loop *loop;
static struct listeners *listeners;
static int before, log_fd;
static char directory[] = "/tmp/chat-test-listeners.XXXXXX";
static char one[64], two[64], frame_one[80];
static char said[4096]; /* the log since the last look */

static void
on_accept(void *arg, int fd, const struct dialect *dialect,
    const struct sock_addr *peer)
{
	(void)arg;
	(void)dialect;
	(void)peer;
	close(fd);
}

static int datagrams; /* told to be there */

static void
on_datagrams(void *arg, int fd)
{
	char byte;

	(void)arg;
	while (recv(fd, &byte, 1, 0) >= 0)
		datagrams++;
}

static void
begin(void)
{
	before = fds_open();
	log_fd = memfd_create("log", MFD_CLOEXEC);
	dup2(log_fd, STDERR_FILENO);
	cr_assert_not_null(mkdtemp(directory));
	snprintf(one, sizeof(one), "unix:%s/one", directory);
	snprintf(two, sizeof(two), "unix:%s/two", directory);
	snprintf(frame_one, sizeof(frame_one), "frame:%s", one);
	loop = loop_new();
	listeners = listeners_new(loop, on_accept, NULL);
	listeners_datagrams(listeners, on_datagrams, NULL);
}

static void
end(void)
{
	listeners_free(listeners);
	loop_free(loop);
	close(log_fd);
	cr_expect_eq(rmdir(directory), 0, "sockets left behind");
	cr_expect_eq(fds_open(), before, "descriptors left open");
}

TestSuite(listeners, .init = begin, .fini = end);

static const char *
look_at_log(void)
{
	ssize_t n = pread(log_fd, said, sizeof(said) - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	cr_assert_eq(ftruncate(log_fd, 0), 0);
	cr_assert_eq(lseek(log_fd, 0, SEEK_SET), 0);
	return said;
}

static unsigned
count(const char *text, const char *words)
{
	unsigned n = 0;

	for (; (text = strstr(text, words)) != NULL; text++)
		n++;
	return n;
}

struct result {
	int status;
	char words[512];
};

/* from as settings_listen() has it. */
static struct result
set(const char *const *places, size_t n, bool insecure, const char *from)
{
	struct settings *s = settings_new();
	struct buf errors = { 0 };
	struct result r;

	s->server_insecure = insecure;
	settings_listen(s, places, n, from);
	r.status = listeners_set(listeners, s, &errors);
	cr_expect_eq(r.status == 0, errors.len == 0);
	snprintf(r.words, sizeof(r.words), "%s", buf_string(&errors));
	settings_free(s);
	buf_done(&errors);
	return r;
}

static void
set_well(const char *const *places, size_t n)
{
	struct result r = set(places, n, false, "-l");

	cr_assert_eq(r.status, 0, "%s", r.words);
}

static bool
is_served(const char *place)
{
	struct sock_name name;
	struct sock_addr addr;
	size_t n;
	int fd;

	cr_assert_null(sock_parse(place, &name));
	cr_assert_null(sock_resolve(&name, false, &addr, 1, &n));
	fd = sock_connect(&addr);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

Test(listeners, serves_what_is_asked_for_and_says_so)
{
	const char *places[] = { "127.0.0.1:0", "[::1]:0", one };
	char words[128], port[32];
	const char *at;

	set_well(places, 3);
	snprintf(words, sizeof(words), "listening on %s\n", one);
	cr_expect_not_null(strstr(look_at_log(), words), "%s", said);
	cr_expect_eq(count(said, "listening on [::1]:"), 1, "%s", said);
	at = strstr(said, "listening on 127.0.0.1:");
	cr_assert_not_null(at, "%s", said);
	cr_assert_eq(sscanf(at, "listening on %31s", port), 1);
	cr_expect_str_neq(port, "127.0.0.1:0");
	cr_expect(is_served(port));
	cr_expect(is_served(one));
}

Test(listeners, leaves_alone_what_stays)
{
	const char *both[] = { one, "127.0.0.1:0" };
	const char *other[] = { "127.0.0.1:0", two };
	const char *same[] = { frame_one, "127.0.0.1:0" };
	unsigned busy;

	set_well(both, 2);
	busy = loop_figures(loop).busy;
	look_at_log();
	set_well(both, 2);
	set_well(same, 2);
	cr_expect_str_empty(look_at_log(), "%s", said);
	cr_expect_eq(loop_figures(loop).busy, busy);
	set_well(other, 2);
	cr_expect_eq(count(look_at_log(), "listening on "), 1, "%s", said);
	cr_expect_eq(count(said, "stopped serving "), 1, "%s", said);
	cr_expect(!is_served(one));
	cr_expect(is_served(two));
	cr_expect_eq(loop_figures(loop).busy, busy);
}

Test(listeners, changes_all_or_nothing)
{
	const char *good[] = { one, "127.0.0.1:0" };
	const char *bad[][3] = {
		{ two, "127.0.0.1:0", two },
		{ two, "unix:/nowhere/socket", one },
		{ two, "127.0.0.1:0", "*:0" },
		{ "127.0.0.1:0", "127.0.0.1:0", "x:y:z" },
	};
	static const int statuses[] = { EX_UNAVAILABLE, EX_UNAVAILABLE,
		EX_CONFIG, EX_CONFIG };
	struct result r;
	int fds;
	size_t i;

	set_well(good, 2);
	fds = fds_open();
	look_at_log();
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r = set(bad[i], 3, false, "-l");
		cr_expect_eq(r.status, statuses[i], "%zu: %s", i, r.words);
		cr_expect(is_served(one));
		cr_expect(!is_served(two));
		cr_expect_eq(fds_open(), fds, "case %zu", i);
	}
	cr_expect_str_empty(look_at_log(), "%s", said);
	set_well(good, 2);
	cr_expect_str_empty(look_at_log(), "%s", said);
}

Test(listeners, says_who_asked_for_what_cannot_be_had)
{
	const char *places[] = { one, one };
	char words[256];
	struct result r = set(places, 2, false, "chatd.conf:7");

	cr_expect_eq(r.status, EX_UNAVAILABLE);
	snprintf(words, sizeof(words),
	    "chatd.conf:7: listen \"%s\": %s: Address already in use\n", one,
	    one);
	cr_expect_str_eq(r.words, words);
}

Test(listeners, serves_strangers_only_when_told)
{
	static const char *const places[] = { "*:0", "0.0.0.0:0", "[::]:0" };
	struct settings *s = settings_new();
	struct buf errors = { 0 };
	struct result r;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		r = set(&places[i], 1, false, "-l");
		cr_expect_eq(r.status, EX_CONFIG);
		cr_expect_not_null(strstr(r.words, "server.insecure = true"));
		cr_expect_eq(count(r.words, "\n"), 1, "%s", r.words);
		r = set(&places[i], 1, true, "-l");
		cr_expect_eq(r.status, 0, "%s", r.words);
	}
	settings_listen(s, places, 2, "-l");
	cr_expect_eq(listeners_check(s, &errors), EX_CONFIG);
	cr_expect_eq(count(buf_string(&errors), "\n"), 2);
	buf_clear(&errors);
	s->server_insecure = true;
	cr_expect_eq(listeners_check(s, &errors), 0);
	cr_expect_eq(errors.len, 0);
	settings_free(s);
	buf_done(&errors);
}

/* 192.0.2.1 is nobody's: this machine doesn't have it, nor families it lacks.
 */
Test(listeners, does_without_standard_ones_that_are_not_there)
{
	const char *places[] = { "192.0.2.1:0", "127.0.0.1:0" };
	struct result r = set(places, 2, true, "-l");

	cr_expect_eq(r.status, EX_UNAVAILABLE);
	cr_expect_str_empty(look_at_log(), "%s", said);
	r = set(places, 2, true, NULL);
	cr_expect_eq(r.status, 0, "%s", r.words);
	cr_expect_eq(count(look_at_log(), "listening on "), 1, "%s", said);
}

Test(listeners, says_what_has_no_address)
{
	const char *place = "no-such-host.invalid:0";
	struct result r = set(&place, 1, false, "chatd.conf:1");

	cr_expect_eq(r.status, EX_UNAVAILABLE);
	cr_expect_not_null(
	    strstr(r.words, "listen \"no-such-host.invalid:0\": "));
}

/* ---- datagrams ---- */

static void
end_turn(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
send_to(const char *place, const char *words)
{
	struct sock_name name;
	struct sock_addr addr;
	size_t n;
	int fd;

	cr_assert_null(sock_parse(place, &name));
	cr_assert_null(sock_resolve(&name, false, &addr, 1, &n));
	fd = socket(addr.sa.sa_family, SOCK_DGRAM, 0);
	cr_assert_eq(sendto(fd, words, strlen(words), 0, &addr.sa, addr.len),
	    (ssize_t)strlen(words));
	close(fd);
}

Test(listeners, hears_datagrams, .timeout = 10)
{
	const char *place = "notices:127.0.0.1:0", *unix_place;
	char served[SOCK_TEXT], path[80];
	struct result r;
	const char *at;

	set_well(&place, 1);
	at = strstr(look_at_log(), "listening on notices:127.0.0.1:");
	cr_assert_not_null(at);
	cr_assert_eq(sscanf(at, "listening on notices:%127s", served), 1);
	send_to(served, "x");
	send_to(served, "y");
	loop_at_end(loop, end_turn, NULL);
	cr_assert_eq(loop_run(loop), 0);
	cr_expect_eq(datagrams, 2);
	snprintf(path, sizeof(path), "notices:%s", one);
	unix_place = path;
	r = set(&unix_place, 1, false, "-l");
	cr_expect_eq(r.status, EX_CONFIG);
	cr_expect_not_null(strstr(r.words, "UDP"), "%s", r.words);
}

/* Row 6 of the owner's systems: each form is understood, or refused with
 * where it stands and why. */
Test(listeners, understands_every_form_or_says_why_not)
{
	static const struct {
		const char *place, *words; /* NULL: understood */
	} cases[] = {
		{ "localhost:0", NULL },
		{ "127.0.0.1:0", NULL },
		{ "[::1]:0", NULL },
		{ "*:0", NULL },
		{ "notices:127.0.0.1:0", NULL },
		{ "frame:127.0.0.1:0", NULL },
		{ "", "an address is HOST:PORT" },
		{ ":7711", "the host is missing" },
		{ "<broadcast>:7711", "<broadcast> is no host" },
		{ "127.0.0.1:", "the port is missing" },
		{ "127.0.0.1:65536", "from 0 to 65535" },
		{ "127.0.0.1:no-such", "nor a known service" },
		{ "::1:7711", "in brackets" },
		{ "[::1:7711", "a ] is missing" },
		{ "pigeon:127.0.0.1:0", "only frame:" },
	};
	struct settings *s = settings_new();
	struct buf errors = { 0 };
	int status;

	s->server_insecure = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		settings_listen(s, &cases[i].place, 1, "chatd.conf:3");
		buf_clear(&errors);
		status = listeners_check(s, &errors);
		cr_expect_eq(status, cases[i].words != NULL ? EX_CONFIG : 0,
		    "%s: %s", cases[i].place, buf_string(&errors));
		if (cases[i].words == NULL)
			continue;
		cr_expect_eq(
		    strncmp(buf_string(&errors), "chatd.conf:3: listen ", 21),
		    0, "%s", buf_string(&errors));
		cr_expect_not_null(strstr(buf_string(&errors), cases[i].words),
		    "%s", buf_string(&errors));
	}
	settings_free(s);
	buf_done(&errors);
}

/* The name of telnet's port, which is for root alone. */
Test(listeners, knows_services_by_name)
{
	const char *place = "localhost:telnet";
	struct settings *s = settings_new();
	struct buf errors = { 0 };

	settings_listen(s, &place, 1, "-l");
	cr_expect_eq(listeners_check(s, &errors), 0, "%s", buf_string(&errors));
	settings_free(s);
	buf_done(&errors);
}

/* ---- sockets made elsewhere ---- */

static int
make_socket(int type, const char *place)
{
	struct sock_name name;
	struct sock_addr addr;
	size_t n;

	cr_assert_null(sock_parse(place, &name));
	cr_assert_null(sock_resolve(&name, true, &addr, 1, &n));
	return type == SOCK_DGRAM ? sock_datagrams(&addr)
				  : sock_listen(&addr, 4);
}

Test(listeners, serves_what_was_handed_over)
{
	struct inherited list[] = {
		{ make_socket(SOCK_STREAM, one), "frame" },
		{ make_socket(SOCK_STREAM, "127.0.0.1:0"), "" },
		{ make_socket(SOCK_STREAM, "127.0.0.1:0"), "chatd.socket" },
		{ make_socket(SOCK_DGRAM, "127.0.0.1:0"), "notices" },
	};
	const char *other = two;
	struct settings *s = settings_new();
	struct buf errors = { 0 };

	cr_assert_eq(listeners_inherit(listeners, s, list, 4, &errors), 0, "%s",
	    buf_string(&errors));
	cr_expect_eq(count(look_at_log(), "listening on "), 4, "%s", said);
	cr_expect_eq(
	    count(said, "listening on notices:127.0.0.1:"), 1, "%s", said);
	cr_expect_eq(count(said, "listening on 127.0.0.1:"), 2, "%s", said);
	set_well(&other, 1); /* looked at no more */
	cr_expect(!is_served(two));
	cr_expect(is_served(one));
	listeners_free(listeners);
	listeners = NULL;
	cr_expect_eq(unlink(one + 5), 0, "the path was not ours");
	settings_free(s);
	buf_done(&errors);
}

Test(listeners, refuses_what_is_no_door)
{
	struct inherited list[] = {
		{ make_socket(SOCK_STREAM, "127.0.0.1:0"), "notices" },
		{ make_socket(SOCK_DGRAM, "127.0.0.1:0"), "frame" },
		{ make_socket(SOCK_STREAM, "127.0.0.1:0"), "pigeon" },
		{ dup(log_fd), "frame" },
		{ make_socket(SOCK_STREAM, "*:0"), "frame" },
		{ make_socket(SOCK_STREAM, "127.0.0.1:0"), "frame" },
	};
	struct settings *s = settings_new();
	struct buf errors = { 0 };

	cr_expect_eq(
	    listeners_inherit(listeners, s, list, 6, &errors), EX_CONFIG);
	cr_expect_eq(
	    count(buf_string(&errors), "\n"), 5, "%s", buf_string(&errors));
	cr_expect_not_null(strstr(buf_string(&errors), "\"pigeon\": "));
	cr_expect_not_null(strstr(buf_string(&errors), "server.insecure"));
	settings_free(s);
	buf_done(&errors);
}

Test(listeners, finds_what_is_meant_for_this_process)
{
	struct inherited list[INHERIT_MAX];
	struct buf errors = { 0 };
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	cr_expect_eq(inherit_sockets(list, &errors), 0);
	cr_expect_null(getenv("LISTEN_FDS"));
	cr_expect_eq(inherit_sockets(list, &errors), 0);

	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "65", 1);
	cr_expect_eq(inherit_sockets(list, &errors), -1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "x", 1);
	cr_expect_eq(inherit_sockets(list, &errors), -1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "64", 1);
	cr_expect_eq(inherit_sockets(list, &errors), -1, "they are not there");
	cr_expect_eq(
	    count(buf_string(&errors), "\n"), 3, "%s", buf_string(&errors));
	buf_done(&errors);
}
