#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

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
