#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sock.h"

enum { PATIENCE_MS = 10000 };

static char directory[] = "/tmp/chat-test-sock.XXXXXX";
static char path[sizeof(directory) + 8];
static int before;

static int
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	before = count_descriptors();
}

static void
end(void)
{
	cr_expect_eq(count_descriptors(), before, "descriptors left open");
	unlink(path);
	rmdir(directory);
}

TestSuite(sock, .init = begin, .fini = end);

/* ---- addresses as people write them ---- */

Test(sock, addresses_are_taken_apart)
{
	static const struct {
		const char *text, *host, *port;
		int family;
	} cases[] = {
		{ "localhost:7711", "localhost", "7711", AF_UNSPEC },
		{ "localhost", "localhost", "7711", AF_UNSPEC },
		{ "localhost:telnet", "localhost", "telnet", AF_UNSPEC },
		{ "chat.example.org:0", "chat.example.org", "0", AF_UNSPEC },
		{ "h:65535", "h", "65535", AF_UNSPEC },
		{ "*", "", "7711", AF_UNSPEC },
		{ "*:23", "", "23", AF_UNSPEC },
		{ "127.0.0.1:7711", "127.0.0.1", "7711", AF_INET },
		{ "127.0.0.1", "127.0.0.1", "7711", AF_INET },
		{ "[::1]:7712", "::1", "7712", AF_INET6 },
		{ "[::1]", "::1", "7711", AF_INET6 },
		{ "[fe80::1%eth0]:1", "fe80::1%eth0", "1", AF_INET6 },
	};
	struct sock_name name;
	const char *wrong;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		wrong = sock_parse(cases[i].text, &name);
		cr_assert_null(wrong, "%s: %s", cases[i].text, wrong);
		cr_expect_not(name.is_unix);
		cr_expect_str_eq(name.host, cases[i].host);
		cr_expect_str_eq(name.port, cases[i].port);
		cr_expect_eq(name.family, cases[i].family, "%s", cases[i].text);
	}
}

Test(sock, paths_are_taken_whole)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "unix:/run/x", "/run/x" },
		{ "/run/x", "/run/x" },
		{ "unix:here:1", "here:1" },
		{ "/a b/[c]", "/a b/[c]" },
	};
	struct sock_name name;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_assert_null(sock_parse(cases[i].text, &name));
		cr_expect(name.is_unix);
		cr_expect_eq(name.family, AF_UNIX);
		cr_expect_str_eq(name.path, cases[i].path);
	}
}

Test(sock, wrong_addresses_are_told_in_words)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "", "HOST:PORT" },
		{ "unix:", "path is missing" },
		{ "localhost:", "port is missing" },
		{ ":7711", "host is missing" },
		{ ":", "host is missing" },
		{ "localhost:65536", "65535" },
		{ "localhost:99999999999999999999999", "65535" },
		{ "[::1:7711", "] is missing" },
		{ "[", "] is missing" },
		{ "[]:1", "host is missing" },
		{ "[::1]:", "port is missing" },
		{ "[::1]7711", "only :PORT" },
		{ "[::1]:70000", "65535" },
		{ "::1", "brackets" },
		{ "::1:7711", "brackets" },
	};
	struct sock_name name;
	const char *wrong;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		wrong = sock_parse(cases[i].text, &name);
		cr_assert_not_null(wrong, "%s", cases[i].text);
		cr_expect_not_null(strstr(wrong, cases[i].word), "%s: %s",
		    cases[i].text, wrong);
	}
}

Test(sock, lengths_have_limits)
{
	char text[400];
	struct sock_name name;
	size_t most = sizeof(name.path) - 1;

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	text[255] = '\0';
	cr_expect_null(sock_parse(text, &name));
	cr_expect_eq(strlen(name.host), 255);
	text[255] = 'a';
	text[256] = '\0';
	cr_expect_not_null(sock_parse(text, &name));
	text[0] = '/';
	text[most] = '\0';
	cr_expect_null(sock_parse(text, &name));
	cr_expect_eq(strlen(name.path), most);
	text[most] = 'a';
	text[most + 1] = '\0';
	cr_expect_not_null(sock_parse(text, &name));
	memcpy(text, "h:", 2);
	text[2 + 31] = '\0';
	cr_expect_null(sock_parse(text, &name));
	text[2 + 31] = 'a';
	text[2 + 32] = '\0';
	cr_expect_not_null(sock_parse(text, &name));
}

/* ---- as the system knows them ---- */

static struct sock_addr
resolve(const char *text, bool passive)
{
	struct sock_name name;
	struct sock_addr addr[8];
	const char *wrong;
	size_t n;

	cr_assert_null(sock_parse(text, &name));
	wrong = sock_resolve(&name, passive, addr, 8, &n);
	cr_assert_null(wrong, "%s: %s", text, wrong);
	cr_assert_geq(n, 1);
	return addr[0];
}

Test(sock, addresses_are_written_as_they_are_read)
{
	static const char *const texts[] = { "127.0.0.1:7711", "[::1]:7711",
		"[2001:db8::42]:1", "unix:/run/chatd/chatd.sock" };
	struct sock_addr addr;
	char text[SOCK_TEXT];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		addr = resolve(texts[i], false);
		sock_text(&addr, text);
		cr_expect_str_eq(text, texts[i]);
	}
}

Test(sock, the_longest_path_fits_into_text)
{
	struct sock_addr addr = { .un.sun_family = AF_UNIX };
	char text[SOCK_TEXT];

	/* the kernel may fill all of it, without a NUL */
	memset(addr.un.sun_path, 'p', sizeof(addr.un.sun_path));
	addr.len = sizeof(addr.un);
	sock_text(&addr, text);
	cr_expect_eq(strlen(text), 5 + sizeof(addr.un.sun_path));
	addr.len = sizeof(sa_family_t);
	sock_text(&addr, text);
	cr_expect_str_eq(text, "unix:");
}

/* v6 first, then in turns; none twice. */
Test(sock, families_take_turns)
{
	struct sock_name name;
	struct sock_addr addr[8];
	size_t n, i, j;

	cr_assert_null(sock_parse("*:7711", &name));
	cr_assert_null(sock_resolve(&name, true, addr, 8, &n));
	cr_assert_geq(n, 1);
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			cr_expect(addr[i].len != addr[j].len ||
			    memcmp(&addr[i].ss, &addr[j].ss, addr[i].len) != 0);
	if (n == 2) {
		cr_expect_eq(addr[0].sa.sa_family, AF_INET6);
		cr_expect_eq(addr[1].sa.sa_family, AF_INET);
	}
	cr_assert_null(sock_resolve(&name, true, addr, 1, &n));
	cr_expect_eq(n, 1);
}

Test(sock, a_family_can_be_asked_for)
{
	struct sock_name name;
	struct sock_addr addr[8];
	size_t n;

	cr_assert_null(sock_parse("*:7711", &name));
	name.family = AF_INET;
	cr_assert_null(sock_resolve(&name, true, addr, 8, &n));
	cr_assert_eq(n, 1);
	cr_expect_eq(addr[0].sa.sa_family, AF_INET);
	cr_expect_eq(addr[0].in.sin_addr.s_addr, INADDR_ANY);
}

Test(sock, services_have_names)
{
	struct sock_addr addr = resolve("127.0.0.1:telnet", false);
	struct sock_name name;
	size_t n;

	cr_expect_eq(ntohs(addr.in.sin_port), 23);
	cr_assert_null(sock_parse("127.0.0.1:no-such-service", &name));
	cr_expect_str_not_empty(sock_resolve(&name, false, &addr, 1, &n));
	cr_expect_eq(n, 0);
}

Test(sock, unknown_hosts_are_told_in_words)
{
	struct sock_name name;
	struct sock_addr addr;
	size_t n;

	cr_assert_null(sock_parse("[nonsense]:1", &name));
	cr_expect_str_not_empty(sock_resolve(&name, false, &addr, 1, &n));
	cr_expect_eq(n, 0);
}

/* ---- listening and dialing ---- */

static void
expect_flags(int fd)
{
	cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	cr_assert_eq(poll(&p, 1, PATIENCE_MS), 1);
}

/* Listens, dials, and compares what both ends call the connection. */
static void
talk(const char *text)
{
	struct sock_addr addr = resolve(text, true), left, right;
	char dialed[SOCK_TEXT], called[SOCK_TEXT];
	int listening = sock_listen(&addr, 5);
	int dialing, accepted;

	cr_assert_geq(listening, 0, "%s: %s", text, strerror(errno));
	expect_flags(listening);
	sock_local(listening, &addr);
	dialing = sock_connect(&addr);
	cr_assert_geq(dialing, 0);
	expect_flags(dialing);
	wait_for(dialing, POLLOUT);
	cr_expect_eq(sock_connected(dialing), 0);
	sock_tune(dialing);
	wait_for(listening, POLLIN);
	accepted = accept(listening, NULL, NULL);
	cr_assert_geq(accepted, 0);
	sock_peer(dialing, &left);
	sock_local(accepted, &right);
	sock_text(&left, dialed);
	sock_text(&right, called);
	cr_expect_str_eq(dialed, called);
	sock_peer(accepted, &left);
	sock_local(dialing, &right);
	sock_text(&left, dialed);
	sock_text(&right, called);
	cr_expect_str_eq(dialed, called);
	cr_expect(sock_is_loopback(&left));
	close(accepted);
	close(dialing);
	close(listening);
}

static bool
has_v6(void)
{
	struct sock_addr addr = resolve("[::1]:0", true);
	int fd = sock_listen(&addr, 1);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

Test(sock, listens_and_dials)
{
	char text[SOCK_TEXT];

	talk("127.0.0.1:0");
	if (has_v6())
		talk("[::1]:0");
	snprintf(text, sizeof(text), "unix:%s", path);
	talk(text);
}

/* One port for both families: v6 does not take v4's. */
Test(sock, v6_leaves_v4_alone)
{
	struct sock_addr v4 = resolve("0.0.0.0:0", true);
	struct sock_addr v6 = resolve("[::]:0", true);
	int fd4 = sock_listen(&v4, 1), fd6;

	cr_assert_geq(fd4, 0);
	sock_local(fd4, &v4);
	v6.in6.sin6_port = v4.in.sin_port;
	if (has_v6()) {
		fd6 = sock_listen(&v6, 1);
		cr_assert_geq(fd6, 0, "%s", strerror(errno));
		close(fd6);
	}
	close(fd4);
}

/* A limit on unread data would end those who are only slow. */
Test(sock, tuned_connections_neither_wait_nor_give_up)
{
	struct sock_addr addr = resolve("127.0.0.1:0", true);
	int listening = sock_listen(&addr, 1), fd, value = 0;
	socklen_t len = sizeof(value);

	sock_local(listening, &addr);
	fd = sock_connect(&addr);
	sock_tune(fd);
	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len);
	cr_expect_eq(value, 1);
	getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len);
	cr_expect_eq(value, 1);
	close(fd);
	close(listening);
}

Test(sock, a_port_that_is_taken_says_so)
{
	struct sock_addr addr = resolve("127.0.0.1:0", true);
	int first = sock_listen(&addr, 1);

	sock_local(first, &addr);
	errno = 0;
	cr_expect_eq(sock_listen(&addr, 1), -1);
	cr_expect_eq(errno, EADDRINUSE);
	close(first);
}

Test(sock, nobody_there_is_told_when_writable)
{
	struct sock_addr addr = resolve("127.0.0.1:0", true);
	int fd = sock_listen(&addr, 1);

	sock_local(fd, &addr);
	close(fd);
	fd = sock_connect(&addr);
	if (fd >= 0) {
		wait_for(fd, POLLOUT);
		cr_expect_eq(sock_connected(fd), ECONNREFUSED);
		close(fd);
	} else {
		cr_expect_eq(errno, ECONNREFUSED);
	}
}

/* ---- UNIX sockets and what is in their place ---- */

static struct sock_addr
unix_here(void)
{
	return resolve(path, true);
}

Test(sock, everybody_may_use_the_socket)
{
	struct sock_addr addr = unix_here();
	mode_t mask = umask(077);
	int fd = sock_listen(&addr, 1);
	struct stat st;

	cr_assert_geq(fd, 0);
	cr_assert_eq(lstat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0666);
	cr_expect_eq(umask(mask), 077);
	close(fd);
}

Test(sock, a_stale_socket_is_replaced)
{
	struct sock_addr addr = unix_here();
	int fd = sock_listen(&addr, 1);

	cr_assert_geq(fd, 0);
	close(fd);
	fd = sock_listen(&addr, 1);
	cr_expect_geq(fd, 0, "%s", strerror(errno));
	close(fd);
}

Test(sock, a_live_socket_is_left_alone)
{
	struct sock_addr addr = unix_here();
	int first = sock_listen(&addr, 5), fd;

	cr_assert_geq(first, 0);
	errno = 0;
	cr_expect_eq(sock_listen(&addr, 1), -1);
	cr_expect_eq(errno, EADDRINUSE);
	fd = sock_connect(&addr);
	cr_expect_geq(fd, 0);
	close(fd);
	close(first);
}

Test(sock, a_file_that_is_no_socket_is_left_alone)
{
	struct sock_addr addr = unix_here();
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	struct stat st;

	cr_assert_eq(write(fd, "mine", 4), 4);
	close(fd);
	errno = 0;
	cr_expect_eq(sock_listen(&addr, 1), -1);
	cr_expect_eq(errno, EADDRINUSE);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_size, 4);
}

/* ---- what limits are counted by ---- */

static struct id
network(const char *text)
{
	struct sock_addr addr = resolve(text, false);
	struct id net;

	memset(&net, 0xee, sizeof(net));
	sock_network(&addr, &net);
	return net;
}

Test(sock, networks_are_what_one_household_has)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "10.0.0.1:1", "10.0.0.1:2", true },
		{ "10.0.0.1:1", "10.0.0.2:1", false },
		{ "[2001:db8::1]:1", "[2001:db8::ffff:2]:9", true },
		{ "[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false },
		{ "10.0.0.1:1", "[::ffff:10.0.0.1]:1", true },
		{ "[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.2]:1", false },
		{ "/a", "/b", true },
		{ "/a", "[::1]:1", false },
	};
	struct id a, b;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		a = network(cases[i].a);
		b = network(cases[i].b);
		cr_expect_eq(memcmp(&a, &b, sizeof(a)) == 0, cases[i].same,
		    "%s %s", cases[i].a, cases[i].b);
	}
}

Test(sock, loopback_is_this_machine)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "127.0.0.1:1", true },
		{ "127.255.0.9:1", true },
		{ "128.0.0.1:1", false },
		{ "1.0.0.127:1", false },
		{ "[::1]:1", true },
		{ "[::2]:1", false },
		{ "[::ffff:127.0.0.1]:1", true },
		{ "[::ffff:10.0.0.1]:1", false },
		{ "/run/x", true },
	};
	struct sock_addr addr;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		addr = resolve(cases[i].text, false);
		cr_expect_eq(
		    sock_is_loopback(&addr), cases[i].is, "%s", cases[i].text);
	}
}

Test(sock, the_usual_place_is_in_the_runtime_directory)
{
	char text[SOCK_TEXT], expected[SOCK_TEXT];

	if (geteuid() == 0 && access("/run/chatd", F_OK) == 0)
		cr_skip_test("root with a daemon of its own");
	setenv("XDG_RUNTIME_DIR", directory, 1);
	snprintf(expected, sizeof(expected), "unix:%s/chatd.sock", directory);
	cr_expect(sock_default_unix(text, sizeof(text)));
	cr_expect_str_eq(text, expected);
	cr_expect_not(sock_default_unix(text, 10));
	setenv("XDG_RUNTIME_DIR", "/no/such/directory", 1);
	cr_expect_not(sock_default_unix(text, sizeof(text)));
	setenv("XDG_RUNTIME_DIR", "tmp", 1);
	cr_expect_not(sock_default_unix(text, sizeof(text)));
	unsetenv("XDG_RUNTIME_DIR");
	cr_expect_not(sock_default_unix(text, sizeof(text)));
}
