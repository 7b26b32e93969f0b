/*
 * Files from chat to chat over a chatd on disk: whatever is killed, cut or full
 * on the way, what arrives is what was sent, under a name of its own.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "digest.h"
#include "program.h"
#include "proxy.h"
#include "store_crowd.h"

enum {
	MIB = 1 << 20,
	BIG = 24 * MIB, /* takes long enough to be met in the middle */
	PIECE = 65536,
};

static int wait_ms = 20000;

static struct daemon chatd;
static struct proxy proxy;
static char address[160]; /* the daemon's own, the same when it comes back */
static struct daemon_options options;

static void
begin(void)
{
	static char state[96], listen[120];

	signal(SIGPIPE, SIG_IGN);
	daemon_init(&chatd);
	snprintf(state, sizeof(state), "%s/state", chatd.directory);
	snprintf(listen, sizeof(listen), "unix:%s/sock", chatd.directory);
	mkdir(state, 0700);
	options = (struct daemon_options){ .listen = { listen },
		.directory = state,
		.config = "limits: { rate = 0; };\n"
			  "files: { size = 8192; own = 16384; free = 0; };\n" };
	daemon_start(&chatd, &options);
	snprintf(address, sizeof(address), "%s", chatd.address[0]);
	proxy_start(&proxy, address);
}

static void
end(void)
{
	proxy_stop(&proxy);
	daemon_stop(&chatd);
	daemon_done(&chatd);
}

TestSuite(transfer, .init = begin, .fini = end, .timeout = 120);

/* ---- files ---- */

static const char *
path_of(const char *name)
{
	static char paths[4][200];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", chatd.directory, name);
	return path;
}

/* Bytes nobody else has, by the seed. */
static void
make(const char *name, size_t len, unsigned seed)
{
	static char piece[PIECE];
	int fd =
	    open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	cr_assert_geq(fd, 0);
	while (len != 0) {
		size_t now = len < PIECE ? len : PIECE;

		for (size_t i = 0; i < PIECE; i += 8) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			memcpy(piece + i, &x, 8);
		}
		cr_assert_eq(write(fd, piece, now), (ssize_t)now);
		len -= now;
	}
	close(fd);
}

static struct hash
hash_of(const char *name)
{
	static char piece[PIECE];
	struct digest *d = digest_new();
	int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
	struct hash hash;
	ssize_t n;

	cr_assert_geq(fd, 0, "%s is not there", name);
	while ((n = read(fd, piece, PIECE)) > 0)
		digest_add(d, piece, (size_t)n);
	close(fd);
	hash = digest_now(d);
	digest_free(d);
	return hash;
}

static void
are_same(const char *sent, const char *got)
{
	struct hash a = hash_of(sent), b = hash_of(got);

	cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0, "%s is not %s", got, sent);
}

/* ---- people ---- */

/* With a home, and a directory for files, that stay. */
static void
enter(struct program *p, const char *nick, const char *where)
{
	char home[200], down[220], connected[80];

	snprintf(home, sizeof(home), "%s", path_of(nick));
	mkdir(home, 0700);
	snprintf(down, sizeof(down), "%s/down", home);
	program_start_in(p, home,
	    (const char *const[]){
		"--batch", "-s", where, "-n", nick, "-D", down, NULL });
	snprintf(connected, sizeof(connected), " as %s\n", nick);
	cr_assert(program_prints(p, connected, 1), "%s%s",
	    buf_string(&p->printed), buf_string(&p->complained));
}

static void
leave(struct program *p)
{
	int status = program_end(p);

	cr_expect_eq(status, EX_OK, "status %d: %s%s", status,
	    buf_string(&p->printed), buf_string(&p->complained));
	program_done(p);
}

static void
kill_it(struct program *p)
{
	int status;

	kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
	p->pid = 0;
	program_done(p);
}

static void
say(struct program *p, const char *command, const char *what)
{
	char line[400];

	snprintf(line, sizeof(line), "/%s %s\n", command, what);
	program_type(p, line);
}

static void
prints(struct program *p, const char *words, unsigned n)
{
	int64_t until = clock_ms() + wait_ms;

	while (program_printed(p, words) < n) {
		cr_assert_lt(clock_ms(), until, "%s: %s%s", words,
		    buf_string(&p->printed), buf_string(&p->complained));
		cr_assert(program_look(p), "%s: %s%s", words,
		    buf_string(&p->printed), buf_string(&p->complained));
	}
}

/* So many bytes went up (0) or down (1) through the proxy. */
static void
passes(int way, size_t bytes)
{
	int64_t until = clock_ms() + wait_ms;

	while (proxy_passed(&proxy, way) < bytes) {
		cr_assert_lt(clock_ms(), until);
		sched_yield();
	}
}

static void
restart(void)
{
	daemon_kill(&chatd);
	pthread_join(chatd.thread, NULL);
	daemon_start(&chatd, &options);
}

#define ARRIVED "\tarrived\t"
#define GOT	"\tgot\t"

/* ---- all goes well ---- */

Test(transfer, of_every_size)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, MIB - 1, MIB,
		MIB + 1, 3 * MIB + 7 };
	enum { N = sizeof(sizes) / sizeof(*sizes) };
	struct program ann, bob;
	char name[40], got[80];

	enter(&ann, "ann", address);
	enter(&bob, "bob", address);
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "file-%u.bin", i);
		make(name, sizes[i], i);
		say(&ann, "send", path_of(name));
		prints(&bob, ARRIVED, i + 1);
	}
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%u", i + 1);
		say(&bob, "get", name);
	}
	prints(&bob, GOT, N);
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "file-%u.bin", i);
		snprintf(got, sizeof(got), "bob/down/%s", name);
		are_same(name, got);
	}
	leave(&ann);
	leave(&bob);
}

Test(transfer, many_at_once_and_all_of_one_name)
{
	enum { SENDERS = 4, EACH = 3 };
	struct program p[SENDERS], bob;
	struct hash sent[SENDERS * EACH];
	char dir[40], name[60], number[20];
	unsigned found = 0;

	enter(&bob, "bob", address);
	for (unsigned i = 0; i < SENDERS; i++) {
		snprintf(dir, sizeof(dir), "sender%u", i);
		enter(&p[i], dir, address);
	}
	for (unsigned i = 0; i < SENDERS * EACH; i++) {
		snprintf(dir, sizeof(dir), "set%u", i);
		mkdir(path_of(dir), 0700);
		snprintf(name, sizeof(name), "%s/same.bin", dir);
		make(name, 300000 + i, i);
		sent[i] = hash_of(name);
		say(&p[i % SENDERS], "send", path_of(name));
	}
	prints(&bob, ARRIVED, SENDERS * EACH);
	for (unsigned i = 0; i < SENDERS * EACH; i++) {
		snprintf(number, sizeof(number), "%u", i + 1);
		say(&bob, "get", number);
	}
	prints(&bob, GOT, SENDERS * EACH);
	for (unsigned i = 0; i < SENDERS * EACH; i++) {
		struct hash hash;

		if (i == 0)
			snprintf(name, sizeof(name), "bob/down/same.bin");
		else
			snprintf(name, sizeof(name), "bob/down/same (%u).bin",
			    i + 1);
		hash = hash_of(name);
		for (unsigned j = 0; j < SENDERS * EACH; j++)
			found += memcmp(&hash, &sent[j], sizeof(hash)) == 0;
	}
	cr_expect_eq(found, SENDERS * EACH);
	for (unsigned i = 0; i < SENDERS; i++)
		leave(&p[i]);
	leave(&bob);
}

Test(transfer, to_several_and_to_one_who_is_late)
{
	struct program ann, bob, cid, dan;

	make("big", BIG, 1);
	enter(&ann, "ann", address);
	enter(&bob, "bob", address);
	enter(&cid, "cid", address);
	say(&ann, "send", path_of("big"));
	prints(&bob, "\tfile\tann\t", 1);
	say(&bob, "get", "1");
	prints(&cid, "\tfile\tann\t", 1);
	say(&cid, "get", "1");
	prints(&ann, ARRIVED, 1);
	leave(&ann);
	prints(&bob, GOT, 1);
	prints(&cid, GOT, 1);
	enter(&dan, "dan", address);
	say(&dan, "get", "1");
	prints(&dan, GOT, 1);
	are_same("big", "bob/down/big");
	are_same("big", "cid/down/big");
	are_same("big", "dan/down/big");
	leave(&bob);
	leave(&cid);
	leave(&dan);
}

/* ---- somebody is killed ---- */

Test(transfer, the_sender_is_killed)
{
	struct program ann, bob;

	make("big", BIG, 2);
	enter(&bob, "bob", address);
	for (unsigned i = 0; i < 3; i++) {
		size_t before = proxy_passed(&proxy, 0);

		enter(&ann, "ann", proxy.address);
		if (i == 0)
			say(&ann, "send", path_of("big"));
		if (i == 2)
			break;
		passes(0, before + 3 * MIB);
		kill_it(&ann);
	}
	prints(&ann, ARRIVED, 1);
	cr_expect_lt(proxy_passed(&proxy, 0), BIG + 8 * MIB);
	say(&bob, "get", "1");
	prints(&bob, GOT, 1);
	are_same("big", "bob/down/big");
	leave(&ann);
	leave(&bob);
}

Test(transfer, the_receiver_is_killed)
{
	struct program ann, bob;

	make("big", BIG, 3);
	enter(&ann, "ann", address);
	say(&ann, "send", path_of("big"));
	prints(&ann, ARRIVED, 1);
	for (unsigned i = 0; i < 3; i++) {
		size_t before = proxy_passed(&proxy, 1);

		enter(&bob, "bob", proxy.address);
		if (i == 0)
			say(&bob, "get", "1");
		if (i == 2)
			break;
		passes(1, before + 3 * MIB);
		kill_it(&bob);
	}
	prints(&bob, GOT, 1);
	cr_expect_lt(proxy_passed(&proxy, 1), BIG + 8 * MIB);
	are_same("big", "bob/down/big");
	leave(&ann);
	leave(&bob);
	enter(&bob, "bob", address);
	leave(&bob);
	cr_expect_neq(access(path_of("bob/down/big (2)"), F_OK), 0);
}

Test(transfer, chatd_is_killed)
{
	struct program ann, bob;

	make("big", BIG, 4);
	enter(&bob, "bob", address);
	enter(&ann, "ann", proxy.address);
	say(&ann, "send", path_of("big"));
	prints(&bob, "\tfile\tann\t", 1);
	say(&bob, "get", "1");
	for (unsigned i = 1; i <= 3; i++) {
		passes(0, i * 4 * MIB);
		restart();
	}
	prints(&ann, ARRIVED, 1);
	prints(&bob, GOT, 1);
	are_same("big", "bob/down/big");
	leave(&ann);
	leave(&bob);
}

Test(transfer, the_network_is_cut)
{
	struct program ann;

	make("big", BIG, 5);
	enter(&ann, "ann", proxy.address);
	proxy_cut_way(&proxy, 0, 3 * MIB, false);
	say(&ann, "send", path_of("big"));
	cr_assert(proxy_was_cut(&proxy, 1));
	proxy_cut_way(&proxy, 0, 5 * MIB + 12345, false);
	cr_assert(proxy_was_cut(&proxy, 2));
	prints(&ann, ARRIVED, 1);
	cr_expect_lt(proxy_passed(&proxy, 0), BIG + 4 * MIB);
	proxy_cut_way(&proxy, 1, 3 * MIB, false);
	say(&ann, "get", "1");
	cr_assert(proxy_was_cut(&proxy, 3));
	prints(&ann, GOT, 1);
	are_same("big", "ann/down/big");
	leave(&ann);
}

/* ---- what cannot be ---- */

Test(transfer, a_source_that_changed_fails_in_words_once)
{
	struct program ann;

	make("big", BIG, 6);
	enter(&ann, "ann", proxy.address);
	say(&ann, "send", path_of("big"));
	passes(0, 3 * MIB);
	kill_it(&ann);
	make("big", BIG, 7);
	enter(&ann, "ann", address);
	prints(&ann, "it changed since it was sent", 1);
	prints(&ann, "\twithdrawn\tann\t", 1);
	program_end(&ann);
	program_done(&ann);
	enter(&ann, "ann", address);
	leave(&ann);
}

Test(transfer, a_full_disk_holds_it_until_there_is_room)
{
	const struct rlimit full = { 5 * MIB, RLIM_INFINITY },
			    free = { RLIM_INFINITY, RLIM_INFINITY };
	struct program ann;

	make("big", BIG, 8);
	enter(&ann, "ann", address);
	say(&ann, "send", path_of("big"));
	prints(&ann, ARRIVED, 1);
	prlimit(ann.pid, RLIMIT_FSIZE, &full, NULL);
	say(&ann, "get", "1");
	prints(&ann, "File too large", 1);
	cr_expect_eq(program_printed(&ann, GOT), 0);
	prlimit(ann.pid, RLIMIT_FSIZE, &free, NULL);
	prints(&ann, GOT, 1);
	are_same("big", "ann/down/big");
	leave(&ann);
}

/* ---- a long one ---- */

Test(transfer, a_long_one_through_cuts_and_restarts, .timeout = 900)
{
	struct program ann, bob;
	uint64_t len = crowd_times(1) > 1 ? UINT64_C(5) << 30 : 48 * MIB;
	size_t step = (size_t)(len / 8);
	unsigned i;

	wait_ms = 300000;
	make("long", 0, 0);
	cr_assert_eq(truncate(path_of("long"), (off_t)len), 0);
	enter(&ann, "ann", proxy.address);
	say(&ann, "send", path_of("long"));
	for (i = 1; i <= 3; i++) {
		passes(0, i * step);
		proxy_cut(&proxy, false);
	}
	passes(0, 4 * step);
	kill_it(&ann);
	restart();
	enter(&ann, "ann", proxy.address);
	prints(&ann, ARRIVED, 1);
	cr_expect_lt(proxy_passed(&proxy, 0), len + 32 * MIB);
	enter(&bob, "bob", proxy.address);
	say(&bob, "get", "1");
	for (i = 1; i <= 3; i++) {
		passes(1, i * step);
		proxy_cut(&proxy, false);
	}
	passes(1, 4 * step);
	kill_it(&bob);
	restart();
	enter(&bob, "bob", proxy.address);
	prints(&bob, GOT, 1);
	cr_expect_lt(proxy_passed(&proxy, 1), len + 32 * MIB);
	are_same("long", "bob/down/long");
	leave(&ann);
	leave(&bob);
}
