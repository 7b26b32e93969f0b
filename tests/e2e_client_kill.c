/*
 * chat is killed while it says what was typed at it: at any moment, and at the
 * kth call of a kind.  The next one goes on with what the last one kept.  Each
 * run's lines are in the log once and in order, and without a gap: what is
 * missing is what was not kept yet when it was killed, the last of it.  What a
 * run that ended well had been told is all there.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "fleet.h"
#include "lane.h"
#include "peer.h"
#include "program.h"
#include "store_crowd.h"
#include "xmalloc.h"

enum {
	KILLS = 13,
	LINES = 40,    /* of a run, at most */
	LISTENERS = 2, /* of the fleet */
	WAIT_MS = 10000,
};

static struct lane lane;
static char home[128];

/* One chat from start to end. */
static struct run {
	unsigned client; /* of the history */
	unsigned lines;	 /* typed at it */
	unsigned there;	 /* of them in the log, from the first on */
} * runs;
static unsigned n_runs;

static void
begin(const char *name, uint64_t seed)
{
	lane_begin(&lane, name, FLEET_CONFIG, seed);
	lane.fleet.n = LISTENERS;
	lane.fleet.most = 0;
	snprintf(home, sizeof(home), "%s/home", lane.daemon.directory);
	mkdir(home, 0700);
	lane_start(&lane);
	cr_assert(fleet_settle(&lane.fleet));
	n_runs = 0;
	signal(SIGPIPE, SIG_IGN);
}

/* ---- one run ---- */

static void
line_of(unsigned run, unsigned line, char text[64])
{
	snprintf(text, 64, "run %u line %u of many", run, line);
}

static void
type_lines(struct program *p, struct run *r)
{
	struct buf typed = { 0 };
	char text[64];

	r->lines = 1 + (unsigned)fleet_draw(&lane.fleet, LINES);
	for (unsigned i = 0; i < r->lines; i++) {
		line_of(n_runs, i, text);
		history_says(&lane.fleet.history, r->client, slice_of(text));
		buf_printf(&typed, "%s\n", text);
	}
	/* It may be dead already. */
	if (write(p->in, buf_at(&typed), typed.len) < 0)
		cr_assert_eq(errno, EPIPE);
	buf_done(&typed);
}

static void
start(struct program *p, const char *fault)
{
	struct history *h = &lane.fleet.history;
	const char *options = getenv("ASAN_OPTIONS");
	char *kept = options != NULL ? xstrdup(options) : NULL;

	runs = xrealloc(runs, n_runs + 1, sizeof(*runs));
	runs[n_runs] =
	    (struct run){ .client = history_client(h, SLICE("ann")) };
	if (fault != NULL)
		daemon_meets(fault);
	program_start_in(p, home,
	    (const char *const[]){ "--batch", "-s", lane.socket, "-n", "ann",
		"-r", "#room-0", NULL });
	unsetenv("LD_PRELOAD");
	unsetenv("CHAT_FAULT");
	unsetenv("ASAN_OPTIONS");
	if (kept != NULL)
		setenv("ASAN_OPTIONS", kept, 1);
	free(kept);
	type_lines(p, &runs[n_runs]);
}

/* TIME, ROOM, SEQ, KIND, WHO, TEXT of what it printed. */
static void
take_event(char *line, unsigned client)
{
	char *field[6], *at = line;
	struct msg_entry e = { .type = MSG_ENTRY, .kind = ENTRY_SAID };

	for (int i = 0; i < 6; i++) {
		field[i] = at;
		at = at != NULL ? strchr(at, '\t') : NULL;
		if (at != NULL)
			*at++ = '\0';
	}
	if (field[5] == NULL || strcmp(field[1], "#room-0") != 0 ||
	    strcmp(field[3], "said") != 0)
		return;
	e.room = lane.fleet.at[0].places[0].number;
	e.seq = strtoull(field[2], NULL, 10);
	e.who = slice_of(field[4]);
	e.text = slice_of(field[5]);
	history_sees(&lane.fleet.history, client, &e);
	/* Joining and leaving are entries, too, but not looked at. */
	history_gap(&lane.fleet.history, client, e.room, 0);
}

static void
take_events(struct program *p, unsigned client)
{
	char *text = xstrdup(buf_string(&p->printed)), *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (rest != NULL) /* what is cut short does not count */
			take_event(line, client);
	free(text);
}

/* Until it ends, or, if so many are given, that many lines have come back. */
static void
watch(struct program *p, unsigned lines)
{
	int64_t until = clock_ms() + WAIT_MS;

	while (program_look(p) &&
	    (lines == 0 || program_printed(p, "\tsaid\tann\t") < lines)) {
		cr_assert_lt(clock_ms(), until, "%s: it hangs: %s", lane.name,
		    buf_string(&p->printed));
		fleet_turn(&lane.fleet, 2);
	}
}

static void
end(struct program *p, int expected)
{
	struct run *r = &runs[n_runs];
	int status;
	char text[64];

	waitpid(p->pid, &status, 0);
	p->pid = 0;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	cr_assert_eq(status, expected, "%s: status %d: %s", lane.name, status,
	    buf_string(&p->complained));
	take_events(p, r->client);
	for (unsigned i = 0; status == EX_OK && i < r->lines; i++) {
		line_of(n_runs, i, text);
		history_stored(
		    &lane.fleet.history, r->client, slice_of(text), 0, 0);
	}
	history_ends(&lane.fleet.history, r->client);
	program_done(p);
	n_runs++;
}

static void
run_to_the_end(void)
{
	struct program p;

	start(&p, NULL);
	program_end_input(&p);
	watch(&p, 0);
	end(&p, EX_OK);
}

/* ---- what all of them left ---- */

/* The lines in the order of the log, as one who listens got them. */
static void
look_at_line(const char *text, unsigned *last_run)
{
	unsigned run, line;

	if (sscanf(text, "run %u line %u of", &run, &line) != 2)
		return;
	cr_assert_lt(run, n_runs);
	cr_expect_geq(run, *last_run, "%s: %s came late", lane.name, text);
	cr_expect_eq(line, runs[run].there, "%s: %s, not line %u", lane.name,
	    text, runs[run].there);
	runs[run].there = line + 1;
	*last_run = run;
}

/* Listens as the last of all runs: what is there from the first entry on. */
static void
look_at_log(void)
{
	struct peer p;
	union message m;
	const union message attach = { .attach = { MSG_ATTACH, 7,
					   SLICE("#room-0"), 0 } };
	unsigned last_run = 0;
	char text[64];
	uint64_t head;

	cr_assert(peer_enter(&p, lane.socket, "eve"));
	cr_assert_neq(peer_join(&p, "#room-0"), 0);
	peer_send(&p, &attach);
	cr_assert(peer_hear_type(&p, MSG_ATTACHED, &m));
	head = m.attached.head;
	do {
		cr_assert(peer_hear_type(&p, MSG_ENTRY, &m));
		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(m.entry.text));
		look_at_line(text, &last_run);
	} while (m.entry.seq < head);
	peer_close(&p);
}

static void
finish(unsigned kills)
{
	unsigned typed = 0, there = 0;

	run_to_the_end();
	cr_assert(fleet_settle(&lane.fleet));
	look_at_log();
	for (unsigned i = 0; i < n_runs; i++) {
		typed += runs[i].lines;
		there += runs[i].there;
	}
	fprintf(stderr,
	    "%s: %u kills of chat, %u of %u lines kept and stored\n", lane.name,
	    kills, there, typed);
	cr_expect_gt(there, 0);
	free(runs);
	runs = NULL;
	daemon_stop(&lane.daemon);
	lane_end(&lane);
}

/* ---- the tests ---- */

Test(client_kill, at_any_moment, .timeout = LANE_TIMEOUT_S)
{
	unsigned kills = crowd_times(KILLS);
	struct program p;

	begin("chat killed at any moment", 1);
	for (unsigned i = 0; i < kills; i++) {
		start(&p, NULL);
		if (fleet_draw(&lane.fleet, 3) != 0)
			watch(&p,
			    1 +
				(unsigned)fleet_draw(&lane.fleet, 10) %
				    runs[n_runs].lines);
		else
			lane_turns(&lane, fleet_draw(&lane.fleet, 30));
		kill(p.pid, SIGKILL);
		watch(&p, 0);
		end(&p, -SIGKILL);
		if (i % 4 == 3)
			run_to_the_end();
	}
	finish(kills);
}

static void
kill_at_calls(const char *name, const char *call, unsigned most, uint64_t seed)
{
	static const char *const moments[] = { "before", "half", "after" };
	unsigned kills = crowd_times(KILLS), made = 0;
	struct program p;
	char fault[80];

	begin(name, seed);
	while (made < kills) {
		siginfo_t how = { .si_code = 0 };

		snprintf(fault, sizeof(fault), "%s %s %u", call,
		    moments[made % 3],
		    1 + (unsigned)fleet_draw(&lane.fleet, most));
		start(&p, fault);
		program_end_input(&p);
		watch(&p, 0);
		/* Where it did not get so far it ends well. */
		waitid(P_PID, (id_t)p.pid, &how, WEXITED | WNOWAIT);
		made += how.si_code == CLD_KILLED;
		end(&p, how.si_code == CLD_KILLED ? -SIGKILL : EX_OK);
	}
	finish(kills);
}

Test(client_kill, at_the_kth_write, .timeout = LANE_TIMEOUT_S)
{
	kill_at_calls("chat killed at the kth write", "write", 80, 2);
}

Test(client_kill, at_the_kth_sync, .timeout = LANE_TIMEOUT_S)
{
	kill_at_calls("chat killed at the kth sync", "fdatasync", 6, 3);
}

Test(client_kill, at_the_kth_send, .timeout = LANE_TIMEOUT_S)
{
	kill_at_calls("chat killed at the kth send", "send", 20, 4);
}
