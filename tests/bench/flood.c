/*
 * flood ADDRESS NOTICES-ADDRESS COUNT - sends so many datagrams from random
 * addresses of 127.0.0.0/8 while two talk, and prints how long their messages
 * took before and meanwhile, how many became notices, and how many were
 * answered.
 */
#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "codec.h"
#include "frame.h"
#include "sock.h"

enum {
	QUIET = 1000,  /* messages before */
	MOST = 200000, /* messages meanwhile, at most */
	EVERY_MS = 1,
	SOURCES = 512,
	PER_SOURCES = 20000, /* datagrams until there are others */
	PATIENCE_MS = 5000,
};

struct talker {
	int fd;
	uint64_t n;
	struct buf in;
	size_t used; /* of in, by the last message */
};

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
resolve(const char *address, struct sock_addr *out)
{
	struct sock_name name;
	const char *wrong = sock_parse(address, &name);
	size_t n;

	if (wrong == NULL)
		wrong = sock_resolve(&name, false, out, 1, &n);
	if (wrong != NULL)
		errx(1, "%s: %s", address, wrong);
}

/* ---- two who talk ---- */

static void
say(struct talker *t, const union message *m)
{
	struct buf out = { 0 };

	codec_encode(&out, m);
	if (send(t->fd, buf_at(&out), out.len, MSG_NOSIGNAL) !=
	    (ssize_t)out.len)
		err(1, "send");
	buf_done(&out);
}

/* The next message; its slices are good until the next call. */
static union message
hear(struct talker *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	union message m;
	struct frame f;

	buf_consume(&t->in, t->used);
	t->used = 0;
	while (frame_read(buf_at(&t->in), t->in.len, PROTOCOL_FRAME_READY,
		   &f) != GOT_ONE) {
		ssize_t n;

		if (poll(&p, 1, PATIENCE_MS) != 1)
			errx(1, "the server says nothing");
		n = recv(t->fd, buf_room(&t->in, 65536), 65536, 0);
		if (n <= 0)
			errx(1, "the server closed");
		buf_grown(&t->in, (size_t)n);
	}
	t->used = f.used;
	if (codec_decode(f.payload, f.len, &m) != FINE)
		errx(1, "nonsense");
	if (m.type == MSG_PING)
		say(t, &(union message){ .pong = { MSG_PONG, m.ping.token } });
	return m;
}

static void
enter(struct talker *t, const struct sock_addr *server, const char *nick)
{
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.nick = slice_of(nick) } };

	t->fd = socket(server->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0 || connect(t->fd, &server->sa, server->len) < 0)
		err(1, "connect");
	sock_tune(t->fd);
	if (getrandom(&m.hello.device, sizeof(m.hello.device), 0) < 0)
		err(1, "getrandom");
	say(t, &m);
	say(t, &(union message){ .join = { MSG_JOIN, 1, SLICE("#lobby") } });
	while (hear(t).type != MSG_ATTACHED)
		continue;
}

/* How long until the other heard it; *notices heard meanwhile are counted. */
static int64_t
pass(struct talker *from, struct talker *to, uint64_t *notices)
{
	int64_t began = now_us();
	union message m;

	say(from,
	    &(union message){ .say = { MSG_SAY, ++from->n, SLICE("#lobby"),
				  ENTRY_SAID, SLICE("hello") } });
	do {
		m = hear(to);
		*notices += m.type == MSG_ENTRY && m.entry.kind == ENTRY_NOTICE;
	} while (m.type != MSG_ENTRY || m.entry.kind != ENTRY_SAID);
	return now_us() - began;
}

/* ---- the flood ---- */

static void
open_sources(int *fds)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	uint32_t random[SOURCES];

	if (getrandom(random, sizeof(random), 0) < 0)
		err(1, "getrandom");
	for (int i = 0; i < SOURCES; i++) {
		fds[i] = socket(
		    AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		from.sin_addr.s_addr =
		    htonl(0x7f000001u + random[i] % 0x00fffffeu);
		if (bind(fds[i], (struct sockaddr *)&from, sizeof(from)) < 0)
			err(1, "bind");
	}
}

static uint64_t
close_sources(const int *fds)
{
	uint64_t answers = 0;
	char byte;

	for (int i = 0; i < SOURCES; i++) {
		answers += recv(fds[i], &byte, 1, MSG_DONTWAIT) >= 0;
		close(fds[i]);
	}
	return answers;
}

/* In a process of its own: the answers that came back, into out. */
static void
flood(const struct sock_addr *to, uint64_t count, int out)
{
	int fds[SOURCES];
	uint64_t i, answers = 0;

	open_sources(fds);
	for (i = 0; i < count; i++) {
		if (i != 0 && i % PER_SOURCES == 0) {
			answers += close_sources(fds);
			open_sources(fds);
		}
		sendto(fds[i % SOURCES], "#lobby spam and more of it", 26, 0,
		    &to->sa, to->len);
	}
	answers += close_sources(fds);
	if (write(out, &answers, sizeof(answers)) != sizeof(answers))
		err(1, "write");
}

static int
by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void
print_times(const char *when, int64_t *took, size_t n)
{
	qsort(took, n, sizeof(*took), by_size);
	printf("%-10s %6zu messages  p50 %5" PRId64 " us  p99 %5" PRId64
	       " us\n",
	    when, n, took[n / 2], took[n * 99 / 100]);
}

int
main(int argc, char **argv)
{
	static int64_t took[MOST];
	struct talker ann = { .n = 0 }, bob = { .n = 0 };
	struct sock_addr server, notices_at;
	uint64_t notices = 0, answers = 0, count;
	int64_t began;
	size_t n;
	int ends[2];
	pid_t pid;

	if (argc != 4)
		errx(64, "usage: flood ADDRESS NOTICES-ADDRESS COUNT");
	resolve(argv[1], &server);
	resolve(argv[2], &notices_at);
	count = strtoull(argv[3], NULL, 10);
	enter(&ann, &server, "ann");
	enter(&bob, &server, "bob");
	for (n = 0; n < QUIET; n++) {
		took[n] = pass(&ann, &bob, &notices);
		poll(NULL, 0, EVERY_MS);
	}
	print_times("quiet", took, n);
	if (pipe(ends) < 0 || (pid = fork()) < 0)
		err(1, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		flood(&notices_at, count, ends[1]);
		_exit(0);
	}
	began = now_us();
	for (n = 0; n < MOST && waitpid(pid, NULL, WNOHANG) == 0; n++) {
		took[n] = pass(&ann, &bob, &notices);
		poll(NULL, 0, EVERY_MS);
	}
	print_times("flooded", took, n);
	if (read(ends[0], &answers, sizeof(answers)) != sizeof(answers))
		err(1, "read");
	printf("%" PRIu64 " datagrams in %.1f s: %" PRIu64 " notices, %" PRIu64
	       " answers\n",
	    count, (double)(now_us() - began) / 1e6, notices, answers);
	return answers != 0;
}
