/*
 * History without a screen, with the real daemon: chat --tail, page by page,
 * as it comes, through cuts and kills, and with readers that are slow or gone.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "home.h"
#include "peer.h"
#include "program.h"
#include "proxy.h"

static const struct daemon_options unlimited = {
	.config = "limits: { rate = 0; };\n"
};

static void
start(struct daemon *d, const struct daemon_options *o)
{
	daemon_init(d);
	daemon_start(d, o);
}

static void
stop(struct daemon *d)
{
	daemon_stop(d);
	daemon_done(d);
}

#define TAIL(p, d, ...) PROGRAM(p, "-s", (d)->address[0], "--tail", __VA_ARGS__)

static void
ends_with(struct program *p, int status)
{
	int ended = program_end(p);

	cr_expect_eq(ended, status, "status %d, not %d; it printed: %s%s",
	    ended, status, buf_string(&p->printed), buf_string(&p->complained));
}

static void
interrupt(struct program *p)
{
	kill(p->pid, SIGINT);
	ends_with(p, EX_OK);
}

/* The lines printed are the entries from first to last, each once, in order. */
static void
has_entries(struct program *p, unsigned first, unsigned last)
{
	const char *at = buf_string(&p->printed), *end;
	unsigned seq, n = first;

	for (; (end = strchr(at, '\n')) != NULL; at = end + 1, n++) {
		const char *tab = strchr(strchr(at, '\t') + 1, '\t');
		cr_assert(tab != NULL && tab < end);
		seq = (unsigned)strtoul(tab + 1, NULL, 10);
		cr_assert_eq(seq, n, "entry %u where %u is due", seq, n);
	}
	cr_expect_eq(n, last + 1, "it ends at %u, not %u", n - 1, last);
}

static void
say_lines(struct peer *p, unsigned first, unsigned n, size_t len)
{
	char *text = calloc(1, len + 32);
	union message m;
	unsigned i;

	memset(text, 'x', len);
	p->is_gathering = true;
	for (i = 0; i < n; i++) {
		snprintf(text + len, 32, " %u", first + i);
		peer_say(p, first + i, "#tea", text);
	}
	p->is_gathering = false;
	peer_flush(p);
	do
		cr_assert(peer_hear_type(p, MSG_STORED, &m));
	while (m.stored.n != first + n - 1);
	free(text);
}

/* Somebody in #tea who has said n lines there: entries 1 to n + 1. */
static void
fill(struct peer *p, struct daemon *d, unsigned n, size_t len)
{
	cr_assert(peer_enter(p, d->address[0], "bob"));
	cr_assert(peer_join(p, "#tea"));
	for (unsigned i = 1; i <= n; i += 500)
		say_lines(p, i, n - i + 1 < 500 ? n - i + 1 : 500, len);
}

/* ---- what there is ---- */

Test(tail, what_is_not_there, .timeout = 60)
{
	struct program p;
	struct daemon d;

	start(&d, &unlimited);
	TAIL(&p, &d, "#tea");
	ends_with(&p, EX_NOHOST);
	cr_expect_eq(p.printed.len, 0);
	cr_expect(strstr(buf_string(&p.complained), "#tea: there is no such"));
	program_done(&p);
	TAIL(&p, &d, "#tea", "--follow");
	ends_with(&p, EX_NOHOST);
	program_done(&p);
	TAIL(&p, &d, "carla");
	ends_with(&p, EX_NOHOST);
	program_done(&p);
	TAIL(&p, &d, "#tea", "--since", "tomorrow");
	ends_with(&p, EX_USAGE);
	program_done(&p);
	stop(&d);
	PROGRAM(&p, "-s", "unix:/nowhere/at/all", "--tail", "#tea", "--timeout",
	    "1");
	ends_with(&p, EX_UNAVAILABLE);
	program_done(&p);
}

/* Who reads leaves no trace: it is one entry the second time, too. */
Test(tail, of_one_entry, .timeout = 60)
{
	struct program p;
	struct daemon d;
	struct peer bob;

	start(&d, &unlimited);
	fill(&bob, &d, 0, 0);
	for (int i = 0; i < 2; i++) {
		TAIL(&p, &d, "#tea");
		ends_with(&p, EX_OK);
		has_entries(&p, 1, 1);
		cr_expect(program_printed(&p, "\t#tea\t1\tjoined\tbob\t\n"));
		cr_expect_eq(p.complained.len, 0);
		program_done(&p);
	}
	peer_close(&bob);
	stop(&d);
}

static const struct {
	const char *option, *value;
	unsigned first; /* 0: none */
} parts[] = {
	{ "--lines", "1001", 1 },
	{ "--lines", "1000", 2 },
	{ "--lines", "1000000000", 1 },
	{ "--lines", "201", 801 },
	{ "--lines", "1", 1001 },
	{ "--lines", "0", 0 },
	{ "--since", "1970-01-01", 1 },
	{ "--since", "1d", 1 },
	{ "--since", "2100-01-01T00:00Z", 0 },
	{ "--timeout", "20", 952 },
};

Test(tail, of_a_thousand_over_pages, .timeout = 60)
{
	struct program p;
	struct daemon d;
	struct peer bob;

	start(&d, &unlimited);
	fill(&bob, &d, 1000, 10);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		TAIL(&p, &d, "#Tea", parts[i].option, parts[i].value);
		ends_with(&p, EX_OK);
		if (parts[i].first != 0)
			has_entries(&p, parts[i].first, 1001);
		else
			cr_expect_eq(p.printed.len, 0, "%s %s", parts[i].option,
			    parts[i].value);
		program_done(&p);
	}
	peer_close(&bob);
	stop(&d);
}

Test(tail, prints_json, .timeout = 60)
{
	struct program p;
	struct daemon d;
	struct peer bob;

	start(&d, &unlimited);
	fill(&bob, &d, 3, 1);
	TAIL(&p, &d, "#tea", "--json", "--lines", "2");
	ends_with(&p, EX_OK);
	cr_expect_eq(program_printed(&p, "{\"time\":\"20"), 2);
	cr_expect(program_printed(&p,
	    "\"room\":\"#tea\",\"seq\":4,\"kind\":\"said\",\"who\":\"bob\","
	    "\"text\":\"x 3\"}\n"));
	program_done(&p);
	peer_close(&bob);
	stop(&d);
}

/* The allowance is spent: it goes on as it fills again. */
Test(tail, waits_when_it_is_too_fast, .timeout = 60)
{
	struct daemon_options o = unlimited;
	char directory[128];
	struct program p;
	struct daemon d;
	struct peer bob;

	daemon_init(&d);
	snprintf(directory, sizeof(directory), "%s/state", d.directory);
	o.directory = directory;
	daemon_start(&d, &o);
	fill(&bob, &d, 1500, 1);
	daemon_kill(&d);
	peer_close(&bob);
	o.config = "limits: { rate = 60; burst = 10; };\n";
	daemon_start(&d, &o);
	TAIL(&p, &d, "#tea", "--lines", "1501");
	ends_with(&p, EX_OK);
	has_entries(&p, 1, 1501);
	program_done(&p);
	stop(&d);
}

/* ---- what comes ---- */

Test(tail, follows_until_it_is_interrupted, .timeout = 60)
{
	struct program p;
	struct daemon d;
	struct peer bob;
	union message m;

	start(&d, &unlimited);
	fill(&bob, &d, 5, 1);
	TAIL(&p, &d, "#tea", "--follow", "--lines", "2", "-n", "scribe");
	cr_expect(program_prints(&p, "\t7\tjoined\tscribe\t", 1));
	say_lines(&bob, 6, 2, 1);
	cr_expect(program_prints(&p, "\t9\tsaid\tbob\tx 7\n", 1));
	interrupt(&p);
	has_entries(&p, 5, 9);
	cr_expect_eq(p.complained.len, 0);
	do
		cr_assert(peer_hear_type(&bob, MSG_ENTRY, &m));
	while (m.entry.kind != ENTRY_LEFT);
	cr_expect(slice_is(m.entry.who, SLICE("scribe")));
	cr_expect_eq(m.entry.seq, 10);
	program_done(&p);
	peer_close(&bob);
	stop(&d);
}

/* Its nick is nobody's who might want it. */
Test(tail, follows_under_any_nick, .timeout = 60)
{
	struct program p;
	struct daemon d;
	struct peer bob;

	setenv("USER", "carla", 1);
	start(&d, &unlimited);
	fill(&bob, &d, 0, 0);
	TAIL(&p, &d, "#tea", "--follow", "--lines", "0");
	cr_expect(program_prints(&p, "\t2\tjoined\t", 1));
	cr_expect_not(program_printed(&p, "carla"));
	interrupt(&p);
	has_entries(&p, 2, 2);
	program_done(&p);
	peer_close(&bob);
	stop(&d);
}

/* The daemon dies without a word, and comes back, in the midst of everything:
 * while pages are read, while it follows. */
Test(tail, follows_through_kills, .timeout = 120)
{
	enum { ROUNDS = 4, LINES = 600 };
	struct daemon_options o = unlimited;
	char directory[128], address[160], line[64], nick[16];
	struct program p;
	struct daemon d;
	struct peer bob;
	unsigned i;

	daemon_init(&d);
	snprintf(directory, sizeof(directory), "%s/state", d.directory);
	o.directory = directory;
	daemon_start(&d, &o);
	snprintf(address, sizeof(address), "%s", d.address[0]);
	o.listen[0] = address;
	fill(&bob, &d, 3000, 100);
	TAIL(&p, &d, "#tea", "--follow", "--lines", "100000");
	cr_expect(program_prints(&p, "\tx", 1));
	for (i = 0; i < ROUNDS; i++) {
		daemon_kill(&d);
		peer_close(&bob);
		daemon_start(&d, &o);
		snprintf(nick, sizeof(nick), "rob%u", i);
		cr_assert(peer_enter(&bob, address, nick));
		cr_assert(peer_join(&bob, "#tea"));
		say_lines(&bob, 1, LINES, 1);
		snprintf(line, sizeof(line), "\tsaid\t%s\tx %u\n", nick, LINES);
		cr_expect(program_prints(&p, line, 1), "round %u: %s", i,
		    buf_string(&p.complained));
	}
	interrupt(&p);
	cr_expect_eq(program_printed(&p, "\tsaid\trob"), ROUNDS * LINES);
	cr_expect_eq(program_printed(&p, "\tgap\t"), 0);
	i = program_printed(&p, "\n");
	has_entries(&p, 1, i);
	program_done(&p);
	peer_close(&bob);
	stop(&d);
}

/* More is missed than a newcomer is shown, and one is no member any more. */
Test(tail, follows_after_a_long_absence, .timeout = 60)
{
	const struct daemon_options o = {
		.config = "limits: { rate = 0; grace = 1; };\n"
			  "history: { join = 5; };\n"
	};
	struct program p;
	struct proxy net;
	struct daemon d;
	struct peer bob;
	union message m;

	start(&d, &o);
	proxy_start(&net, d.address[0]);
	fill(&bob, &d, 3, 1);
	PROGRAM(&p, "-s", net.address, "--tail", "#tea", "--follow", "-n",
	    "scribe");
	cr_expect(program_prints(&p, "\tjoined\tscribe\t", 1));
	proxy_cut(&net, true);
	do
		cr_assert(peer_hear_type(&bob, MSG_ENTRY, &m));
	while (m.entry.kind != ENTRY_LEFT);
	say_lines(&bob, 4, 300, 1);
	proxy_mend(&net);
	cr_expect(program_prints(&p, "\tjoined\tscribe\t", 2), "%s%s",
	    buf_string(&p.printed), buf_string(&p.complained));
	interrupt(&p);
	has_entries(&p, 1, 4 + 1 + 1 + 300 + 1);
	program_done(&p);
	peer_close(&bob);
	proxy_stop(&net);
	stop(&d);
}

/* A daemon that keeps nothing begins anew: so do the numbers, and that is
 * said. */
Test(tail, follows_into_another_log, .timeout = 60)
{
	struct daemon_options o = unlimited;
	char address[160];
	struct program p;
	struct daemon d;
	struct peer bob;

	start(&d, &o);
	snprintf(address, sizeof(address), "%s", d.address[0]);
	o.listen[0] = address;
	fill(&bob, &d, 20, 1);
	TAIL(&p, &d, "#tea", "--follow", "-n", "scribe");
	cr_expect(program_prints(&p, "\t22\tjoined\tscribe\t", 1));
	daemon_kill(&d);
	peer_close(&bob);
	daemon_start(&d, &o);
	cr_expect(program_prints(&p, "\t1\tjoined\tscribe\t", 1), "%s",
	    buf_string(&p.printed));
	interrupt(&p);
	cr_expect(strstr(buf_string(&p.complained), "began anew"));
	program_done(&p);
	stop(&d);
}

/* ---- readers ---- */

static long
most_memory_kib(const struct program *p)
{
	char path[64], line[128];
	long kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
	file = fopen(path, "r");
	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	fclose(file);
	return kib;
}

/* 40 MB for who does not read: they are not taken from the daemon either, and
 * all of them come in the end. */
Test(tail, slow_readers_get_all, .timeout = 120)
{
	enum { LINES = 10000, LEN = 4000, LIMIT_KIB = 32 * 1024 };
	struct program p;
	struct daemon d;
	struct peer bob;
	int64_t cpu_us, before_us;

	start(&d, &unlimited);
	fill(&bob, &d, LINES, LEN);
	TAIL(&p, &d, "#tea", "--lines", "20000");
	cr_expect(program_prints(&p, "\tsaid\t", 100));
	/* Until nothing moves any more. */
	for (cpu_us = -1; (before_us = daemon_cpu_us(&d)) != cpu_us;) {
		cpu_us = before_us;
		poll(NULL, 0, 200);
	}
	cr_expect_lt(
	    most_memory_kib(&p), LIMIT_KIB, "%ld KiB", most_memory_kib(&p));
	ends_with(&p, EX_OK);
	has_entries(&p, 1, LINES + 1);
	program_done(&p);
	peer_close(&bob);
	stop(&d);
}

/* As in a pipe into head. */
Test(tail, readers_who_have_enough_end_it, .timeout = 60)
{
	struct program p;
	struct daemon d;
	struct peer bob;

	start(&d, &unlimited);
	fill(&bob, &d, 5000, 1000);
	TAIL(&p, &d, "#tea", "--lines", "10000");
	cr_expect(program_prints(&p, "\tsaid\t", 1));
	close(p.out);
	p.out = -1;
	ends_with(&p, EX_OK);
	cr_expect_eq(p.complained.len, 0);
	program_done(&p);
	TAIL(&p, &d, "#tea", "--lines", "1", "--follow");
	cr_expect(program_prints(&p, "\tjoined\t", 1));
	close(p.out);
	p.out = -1;
	ends_with(&p, EX_OK);
	program_done(&p);
	peer_close(&bob);
	stop(&d);
}

/* ---- direct conversations ---- */

/* They are the device's: of the one who has it, and while nobody else has. */
Test(tail, of_a_conversation, .timeout = 60)
{
	struct program p;
	struct daemon d;
	struct peer ann, bob;
	struct home home;

	start(&d, &unlimited);
	home_init(&home);
	cr_assert(peer_enter(&bob, d.address[0], "bob"));
	cr_assert(home_enter(&home, &ann, d.address[0], "ann"));
	peer_say(&ann, 1, "bob", "psst");
	cr_assert(peer_hear_type(&ann, MSG_STORED, &(union message){ 0 }));
	peer_close(&ann);
	TAIL(&p, &d, "bob");
	ends_with(&p, EX_NOHOST);
	program_done(&p);
	home_take(&home);
	program_start_in(&p, home.path,
	    (const char *const[]){ "-s", d.address[0], "--tail", "bob", NULL });
	ends_with(&p, EX_TEMPFAIL);
	cr_expect(strstr(buf_string(&p.complained), "another chat"));
	program_done(&p);
	home_give(&home);
	program_start_in(&p, home.path,
	    (const char *const[]){
		"-s", d.address[0], "--tail", "bob", "--follow", NULL });
	cr_expect(program_prints(&p, "\tbob\t1\tsaid\tann\tpsst\n", 1), "%s%s",
	    buf_string(&p.printed), buf_string(&p.complained));
	peer_say(&bob, 1, "ann", "yes?");
	cr_expect(program_prints(&p, "\tbob\t2\tsaid\tbob\tyes?\n", 1));
	peer_say(&bob, 2, "ann", "hm");
	cr_expect(program_prints(&p, "\tbob\t3\tsaid\tbob\thm\n", 1));
	interrupt(&p);
	has_entries(&p, 1, 3);
	program_done(&p);
	peer_close(&bob);
	home_done(&home);
	stop(&d);
}
