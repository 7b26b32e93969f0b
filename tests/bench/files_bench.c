/*
 * A file through chatd: files_bench ADDRESS PID MIB RECEIVERS STALLED
 *
 * One sends it, so many receive it while it arrives, all of them hash; so many
 * more ask for it and then take nothing.  Each receiver pings as it goes. Lines
 * "FIGURE VALUE" on standard output.  With "bare" for ADDRESS: the same bytes
 * through a process that reads from one socket and writes to another, hashed at
 * both ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "codec.h"
#include "digest.h"
#include "frame.h"
#include "sock.h"
#include "xmalloc.h"

enum {
	MIB = 1 << 20,
	WINDOW = 1 << 20,     /* credit a receiver gives */
	PING_EVERY = 1 << 20, /* bytes */
	PINGS = 100000,
	MOST = 64, /* receivers */
};

static struct sock_addr server;
static uint64_t size;
static uint64_t file; /* its number, once known */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t known = PTHREAD_COND_INITIALIZER;
static uint8_t piece[MIB]; /* the file is this, over and over */
static double pings[PINGS];
static unsigned n_pings;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- a connection ---- */

struct end {
	int fd;
	struct buf in, out;
	size_t used;
	uint32_t leg;
};

static void
flush(struct end *e)
{
	while (e->out.len != 0) {
		ssize_t n =
		    send(e->fd, buf_at(&e->out), e->out.len, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		buf_consume(&e->out, (size_t)n);
	}
}

static void
say(struct end *e, union message m)
{
	codec_encode(&e->out, &m);
	flush(e);
}

static void
hear(struct end *e, union message *m)
{
	struct frame f;

	buf_consume(&e->in, e->used);
	while (frame_read(buf_at(&e->in), e->in.len, PROTOCOL_FRAME_READY,
		   &f) != GOT_ONE) {
		ssize_t n = recv(e->fd, buf_room(&e->in, 262144), 262144, 0);

		if (n <= 0)
			die("recv");
		buf_grown(&e->in, (size_t)n);
	}
	e->used = f.used;
	if (codec_decode(f.payload, f.len, m) != FINE)
		die("decode");
	if (m->type == MSG_REFUSED || m->type == MSG_CANCEL) {
		fprintf(stderr, "the server says no: %u\n",
		    m->type == MSG_REFUSED ? m->refused.code : m->cancel.code);
		exit(1);
	}
}

static void
hear_type(struct end *e, enum message_type type, union message *m)
{
	do
		hear(e, m);
	while (m->type != type);
}

static void
enter(struct end *e, unsigned number)
{
	char nick[32];
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.software = SLICE("bench") } };
	struct pollfd p;

	snprintf(nick, sizeof(nick), "bench%u", number);
	m.hello.nick = slice_of(nick);
	memcpy(m.hello.device.byte, &number, sizeof(number));
	m.hello.device.byte[15] = 1;
	*e = (struct end){ .fd = sock_connect(&server) };
	if (e->fd < 0)
		die("connect");
	p = (struct pollfd){ e->fd, POLLOUT, 0 };
	poll(&p, 1, -1);
	fcntl(e->fd, F_SETFL, fcntl(e->fd, F_GETFL) & ~O_NONBLOCK);
	sock_tune(e->fd);
	say(e, m);
	hear_type(e, MSG_WELCOME, &m);
	say(e, (union message){ .join = { MSG_JOIN, 1, SLICE("#bench") } });
	hear_type(e, MSG_ATTACHED, &m);
}

static void
leave(struct end *e)
{
	close(e->fd);
	buf_done(&e->in);
	buf_done(&e->out);
}

/* ---- the sender ---- */

static void
tell_number(uint64_t number)
{
	pthread_mutex_lock(&lock);
	file = number;
	pthread_cond_broadcast(&known);
	pthread_mutex_unlock(&lock);
}

static uint64_t
wait_for_number(void)
{
	pthread_mutex_lock(&lock);
	while (file == 0)
		pthread_cond_wait(&known, &lock);
	pthread_mutex_unlock(&lock);
	return file;
}

static void *
send_file(void *arg)
{
	struct end e;
	struct digest *d = digest_new();
	struct hash hash;
	uint64_t at = 0, limit;
	union message m = { .offer = { .type = MSG_OFFER,
				.ref = 1,
				.to = SLICE("#bench"),
				.size = size,
				.name = SLICE("bench") } };

	(void)arg;
	enter(&e, 1);
	m.offer.key.byte[0] = 1;
	say(&e, m);
	hear_type(&e, MSG_LEG, &m);
	limit = m.leg.limit;
	e.leg = m.leg.leg;
	tell_number(m.leg.file);
	while (at < size) {
		size_t n = PROTOCOL_DATA_MAX;

		while (at == limit) {
			hear_type(&e, MSG_CREDIT, &m);
			limit = m.credit.limit;
		}
		n = n < limit - at ? n : limit - at;
		m.data = (struct msg_data){ MSG_DATA, e.leg, at,
			{ (const char *)piece + at % MIB, n } };
		codec_encode(&e.out, &m);
		digest_add(d, piece + at % MIB, n);
		at += n;
		if (e.out.len >= 65536 || at == limit || at == size)
			flush(&e);
	}
	hash = digest_now(d);
	say(&e,
	    (union message){ .whole = { MSG_WHOLE, e.leg, size,
				 { (const char *)hash.byte, 32 } } });
	hear_type(&e, MSG_VERIFIED, &m);
	digest_free(d);
	leave(&e);
	return NULL;
}

/* ---- receivers ---- */

static void
begin(struct end *e, unsigned number)
{
	union message m;

	enter(e, number);
	m.fetch =
	    (struct msg_fetch){ MSG_FETCH, 1, wait_for_number(), 0, SLICE("") };
	say(e, m);
	hear_type(e, MSG_LEG, &m);
	e->leg = m.leg.leg;
}

static void
add_ping(double seconds)
{
	pthread_mutex_lock(&lock);
	if (n_pings < PINGS)
		pings[n_pings++] = seconds;
	pthread_mutex_unlock(&lock);
}

static void *
receive_file(void *arg)
{
	struct end e;
	struct digest *d = digest_new();
	struct hash hash;
	uint64_t at = 0, limit = WINDOW, ping_at = 0;
	double pinged = 0;
	union message m;

	begin(&e, 100 + (unsigned)(uintptr_t)arg);
	say(&e, (union message){ .credit = { MSG_CREDIT, e.leg, limit, 0 } });
	for (hear(&e, &m); m.type != MSG_WHOLE; hear(&e, &m)) {
		if (m.type == MSG_PONG)
			add_ping(now() - pinged), pinged = 0;
		if (m.type != MSG_DATA)
			continue;
		digest_add(d, m.data.bytes.at, m.data.bytes.len);
		at += m.data.bytes.len;
		if (limit - at < WINDOW / 2) {
			limit = at + WINDOW;
			say(&e,
			    (union message){
				.credit = { MSG_CREDIT, e.leg, limit, at } });
		}
		if (at >= ping_at && pinged == 0) {
			ping_at = at + PING_EVERY;
			pinged = now();
			say(&e, (union message){ .ping = { MSG_PING, at } });
		}
	}
	hash = digest_now(d);
	if (at != size || memcmp(m.whole.hash.at, hash.byte, 32) != 0) {
		fprintf(stderr, "what came is not what was sent\n");
		exit(1);
	}
	say(&e,
	    (union message){ .verified = { MSG_VERIFIED, e.leg,
				 { (const char *)hash.byte, 32 } } });
	digest_free(d);
	leave(&e);
	return NULL;
}

/* ---- the daemon ---- */

static double
cpu_of(const char *pid)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL ||
	    fscanf(f,
		"%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		&user, &system) != 2)
		die(path);
	fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static long
memory_of(const char *pid, const char *what)
{
	char path[64], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "r");
	if (f == NULL)
		die(path);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, what, strlen(what)) == 0)
			kib = strtol(line + strlen(what), NULL, 10);
	fclose(f);
	return kib;
}

static double
hash_cpu(void)
{
	struct digest *d = digest_new();
	clock_t before = clock();

	for (int i = 0; i < 256; i++)
		digest_add(d, piece, MIB);
	digest_now(d);
	digest_free(d);
	return (double)(clock() - before) / CLOCKS_PER_SEC / (256.0 * MIB) *
	    1e9;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
run(const char *pid, unsigned receivers, unsigned stalled)
{
	struct end *still = xcalloc(stalled + 1, sizeof(*still));
	pthread_t sender, threads[MOST];
	double began = now(), cpu = cpu_of(pid), took, hash = hash_cpu();
	double gigabytes = (double)size / 1e9;
	long before = memory_of(pid, "VmRSS:");

	began = now();
	pthread_create(&sender, NULL, send_file, NULL);
	for (unsigned i = 0; i < stalled; i++) {
		begin(&still[i], 50 + i);
		say(&still[i],
		    (union message){
			.credit = { MSG_CREDIT, still[i].leg, size, 0 } });
	}
	for (uintptr_t i = 0; i < receivers; i++)
		pthread_create(&threads[i], NULL, receive_file, (void *)i);
	pthread_join(sender, NULL);
	printf("up_mb_per_s %.0f\n", gigabytes * 1e3 / (now() - began));
	for (unsigned i = 0; i < receivers; i++)
		pthread_join(threads[i], NULL);
	took = now() - began;
	cpu = cpu_of(pid) - cpu;
	printf("down_mb_per_s %.0f\n", gigabytes * receivers * 1e3 / took);
	printf("cpu_s_per_gb %.2f\n", cpu / gigabytes);
	printf("cpu_s_per_gb_without_hash %.2f\n", cpu / gigabytes - hash);
	printf("grown_kib %ld\n", memory_of(pid, "VmHWM:") - before);
	qsort(pings, n_pings, sizeof(*pings), compare);
	if (n_pings != 0)
		printf("ping_p50_ms %.2f\nping_p99_ms %.2f\n",
		    1e3 * pings[n_pings / 2],
		    1e3 * pings[n_pings - 1 - n_pings / 100]);
	for (unsigned i = 0; i < stalled; i++)
		leave(&still[i]);
	free(still);
}

/* ---- bare ---- */

static void
copy(int from, int to)
{
	static uint8_t bytes[65536];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0, k; done < n; done += k)
			if ((k = write(to, bytes + done, (size_t)(n - done))) <
			    0)
				_exit(1);
	_exit(0);
}

static void *
receive_bare(void *arg)
{
	static uint8_t bytes[65536];
	struct digest *d = digest_new();
	int fd = *(int *)arg;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		digest_add(d, bytes, (size_t)n);
	digest_free(d);
	return NULL;
}

static void
run_bare(void)
{
	struct digest *d = digest_new();
	int in[2], out[2];
	pthread_t thread;
	double began;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, in) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, out) < 0)
		die("socketpair");
	pid = fork();
	if (pid == 0) {
		close(in[0]);
		close(out[0]);
		copy(in[1], out[1]);
	}
	close(in[1]);
	close(out[1]);
	began = now();
	pthread_create(&thread, NULL, receive_bare, &out[0]);
	for (uint64_t at = 0; at < size; at += 65536) {
		digest_add(d, piece + at % MIB, 65536);
		if (write(in[0], piece + at % MIB, 65536) != 65536)
			die("write");
	}
	close(in[0]);
	pthread_join(thread, NULL);
	waitpid(pid, NULL, 0);
	printf("down_mb_per_s %.0f\n", (double)size / 1e6 / (now() - began));
	digest_free(d);
}

int
main(int argc, char **argv)
{
	struct sock_name name;
	size_t n;

	if (argc != 6) {
		fprintf(stderr,
		    "usage: files_bench ADDRESS PID MIB RECEIVERS STALLED\n");
		return 64;
	}
	size = strtoull(argv[3], NULL, 10) * MIB;
	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = (uint8_t)(i * 2654435761u >> 13);
	if (strcmp(argv[1], "bare") == 0) {
		run_bare();
		return 0;
	}
	if (sock_parse(argv[1], &name) != NULL ||
	    sock_resolve(&name, false, &server, 1, &n) != NULL)
		die(argv[1]);
	n = strtoul(argv[4], NULL, 10);
	run(argv[2], n < MOST ? (unsigned)n : MOST,
	    (unsigned)strtoul(argv[5], NULL, 10));
	return 0;
}
