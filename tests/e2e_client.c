/*
 * chat and what it keeps on disk, with the real programs: killed while lines
 * are typed, without a server, quit and come back.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "folder.h"
#include "program.h"
#include "proxy.h"
#include "vt.h"
#include "xmalloc.h"

enum { ROUNDS = 20, LINES = 8 };

struct fixture {
	struct daemon daemon;
	char address[128]; /* of the daemon, there or not */
	struct vt vt;
	struct program bob; /* in #lobby, to see what comes */
};

static void
init(struct fixture *f)
{
	*f = (struct fixture){ .address = "" };
	daemon_init(&f->daemon);
	snprintf(f->address, sizeof(f->address), "unix:%s/socket",
	    f->daemon.directory);
}

static void
start_daemon(struct fixture *f)
{
	const struct daemon_options options = {
		.listen = { f->address },
		.config = "limits: { rate = 0; };\n",
	};

	daemon_start(&f->daemon, &options);
}

static void
start_bob(struct fixture *f)
{
	PROGRAM(
	    &f->bob, "--batch", "-s", f->address, "-n", "bob", "-r", "#lobby");
	cr_assert(program_prints(&f->bob, "\tjoined\tbob\t", 1));
}

static void
end_bob(struct fixture *f)
{
	cr_expect_eq(program_end(&f->bob), EX_OK);
	program_done(&f->bob);
}

static void
done(struct fixture *f)
{
	vt_done(&f->vt);
	daemon_stop(&f->daemon);
	daemon_done(&f->daemon);
}

/* chat as gina, always with the same state; room may be NULL. */
static void
start_chat(struct fixture *f, const char *room)
{
	char state[128];
	const char *argv[] = { daemon_program("CHAT", "chat"), "-s", f->address,
		"-n", "gina", room != NULL ? "-r" : NULL, room, NULL };
	struct vt_options options = {
		.argv = argv,
		.rows = 24,
		.columns = 80,
		.env = { "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TZ=UTC",
		    state, "ESCDELAY=25" },
	};

	snprintf(
	    state, sizeof(state), "XDG_STATE_HOME=%s", f->daemon.directory);
	vt_start(&f->vt, &options);
}

static void
kill_chat(struct fixture *f)
{
	vt_signal(&f->vt, SIGKILL);
	vt_await_end(&f->vt);
	vt_done(&f->vt);
}

static void
quit_chat(struct fixture *f)
{
	vt_type(&f->vt, "\003\003/quit\r");
	cr_expect_eq(vt_await_end(&f->vt), EX_OK);
	vt_done(&f->vt);
}

/* One of the files that chat keeps, to be freed; NULL: it is not there. */
static char *
kept(const struct fixture *f, const char *name, size_t *len)
{
	char *path = xasprintf("%s/chat", f->daemon.directory);
	char *bytes = folder_read(path, name, len);

	free(path);
	return bytes;
}

/* Until one of the files holds the words. */
static void
await_kept(struct fixture *f, const char *name, const char *words)
{
	int64_t until = clock_ms() + VT_WAIT_MS;
	bool has = false;
	size_t len;

	while (!has) {
		char *bytes = kept(f, name, &len);
		has = bytes != NULL &&
		    memmem(bytes, len, words, strlen(words)) != NULL;
		free(bytes);
		cr_assert_lt(clock_ms(), until, "%s: no %s", name, words);
		vt_pump(&f->vt, 10);
	}
}

/* ---- killed ---- */

/* What bob sees of "x0", "x1", ...: the next one he has not looked at yet; -1:
 * nothing more so far. */
static int
next_seen(struct fixture *f, size_t *at)
{
	const char *text = buf_string(&f->bob.printed) + *at;
	const char *said = strstr(text, "\tsaid\tgina\tx");
	const char *end = said != NULL ? strchr(said, '\n') : NULL;

	if (end == NULL)
		return -1;
	*at += (size_t)(end - text);
	return atoi(said + strlen("\tsaid\tgina\tx"));
}

/* Marks what the screen shows as waiting or sent: rows "TIME gina .. | x7",
 * but not those of one dot, which are not on disk yet. */
static void
note_shown(struct fixture *f, bool *is_shown, int n)
{
	char *screen = vt_text(&f->vt), *row = screen, *end, *said;

	for (; (end = strchr(row, '\n')) != NULL; row = end + 1) {
		*end = '\0';
		said = strstr(row, "| x");
		if (said == NULL || said - row < 3)
			continue;
		int i = atoi(said + 3);
		bool is_written = strncmp(said - 3, " . ", 3) != 0;
		if (i < n && is_written)
			is_shown[i] = true;
	}
	free(screen);
}

static uint64_t
soak(void)
{
	const char *more = getenv("CHAT_SOAK");

	return more != NULL ? strtoull(more, NULL, 10) : ROUNDS;
}

static unsigned
random_below(unsigned n)
{
	static uint64_t seed = 1;

	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(seed >> 33) % n;
}

/* The network while lines are typed: there, gone before, or cut among them. */
static void
spoil(struct proxy *network)
{
	switch (random_below(3)) {
	case 0:
		break;
	case 1:
		proxy_cut(network, true);
		break;
	default:
		proxy_cut_after(network, 1 + random_below(600));
	}
}

/* Kills it when a line is to be seen, whatever has become of it. */
static void
type_and_kill(struct fixture *f, int *n, bool *is_shown)
{
	char text[16];
	int first = *n;

	for (; *n < first + LINES; ++*n) {
		snprintf(text, sizeof(text), "x%d\r", *n);
		vt_type(&f->vt, text);
	}
	snprintf(text, sizeof(text), "| x%d", first + (int)random_below(LINES));
	vt_await(&f->vt, text);
	for (unsigned i = random_below(3); i != 0; i--)
		vt_pump(&f->vt, 5);
	note_shown(f, is_shown, *n);
	kill_chat(f);
}

/* In order, each once, and all that were shown. */
static void
check_seen(struct fixture *f, int n, const bool *is_shown)
{
	bool *is_seen = xcalloc((size_t)n + 1, sizeof(bool));
	int i, last = -1;
	size_t at = 0;

	cr_expect(program_prints(&f->bob, "\tsaid\tgina\tlast\n", 1));
	while ((i = next_seen(f, &at)) >= 0) {
		cr_expect_gt(i, last, "x%d after x%d", i, last);
		cr_assert_lt(i, n);
		is_seen[i] = true;
		last = i;
	}
	for (i = 0; i < n; i++)
		cr_expect(is_seen[i] || !is_shown[i], "x%d is lost", i);
	free(is_seen);
}

Test(client, killed_at_any_moment_it_loses_nothing_shown, .timeout = 3600)
{
	struct fixture f;
	struct proxy network;
	uint64_t rounds = soak();
	bool *is_shown = xcalloc(rounds * LINES + 1, sizeof(bool));
	int n = 0;

	init(&f);
	start_daemon(&f);
	start_bob(&f);
	proxy_start(&network, f.address);
	snprintf(f.address, sizeof(f.address), "%s", network.address);
	for (uint64_t i = 0; i < rounds; i++) {
		start_chat(&f, "#lobby");
		vt_await(&f.vt, "2 here");
		spoil(&network);
		type_and_kill(&f, &n, is_shown);
		proxy_mend(&network);
	}
	start_chat(&f, NULL);
	vt_await(&f.vt, "2 here");
	vt_type(&f.vt, "last\r");
	check_seen(&f, n, is_shown);
	quit_chat(&f);
	end_bob(&f);
	free(is_shown);
	proxy_stop(&network);
	done(&f);
}

Test(client, what_is_typed_offline_survives, .timeout = 60)
{
	struct fixture f;
	size_t at = 0;

	init(&f);
	start_chat(&f, "#lobby");
	vt_await(&f.vt, "#lobby>");
	vt_type(&f.vt, "x0\rx1\r");
	vt_await(&f.vt, "gina .. | x0");
	vt_await(&f.vt, "gina .. | x1");
	kill_chat(&f);
	start_chat(&f, NULL);
	vt_await(&f.vt, "gina .. | x1");
	vt_type(&f.vt, "x2\r");
	vt_await(&f.vt, "gina .. | x2");
	vt_type(&f.vt, "/quit\r");
	vt_await(&f.vt, "3 messages wait: the next run sends them");
	cr_expect_eq(vt_await_end(&f.vt), EX_OK);
	vt_done(&f.vt);
	start_daemon(&f);
	start_bob(&f);
	start_chat(&f, NULL);
	cr_expect(program_prints(&f.bob, "\tsaid\tgina\tx2\n", 1));
	for (int i = 0; i < 3; i++)
		cr_expect_eq(next_seen(&f, &at), i);
	vt_await_gone(&f.vt, "..");
	quit_chat(&f);
	end_bob(&f);
	done(&f);
}

Test(client, what_was_refused_waits_for_a_word, .timeout = 60)
{
	struct fixture f;

	init(&f);
	start_daemon(&f);
	start_chat(&f, "#lobby");
	vt_await(&f.vt, "1 here");
	vt_type(&f.vt, "/query bob\r");
	vt_await(&f.vt, "bob>");
	vt_type(&f.vt, "are you there?\r");
	vt_await(&f.vt, "not sent");
	kill_chat(&f);
	start_chat(&f, NULL);
	vt_await(&f.vt, "not sent: nobody here has this nick");
	vt_await(&f.vt, "are you there?");
	start_bob(&f);
	vt_type(&f.vt, "\033r");
	cr_expect(program_prints(&f.bob, "\tsaid\tgina\tare you there?\n", 1));
	quit_chat(&f);
	end_bob(&f);
	done(&f);
}

/* ---- places ---- */

Test(client, rooms_and_drafts_come_back, .timeout = 60)
{
	struct fixture f;

	init(&f);
	start_daemon(&f);
	start_chat(&f, "#lobby");
	vt_await(&f.vt, "1 here");
	vt_type(&f.vt, "a thought for the lobby");
	vt_await(&f.vt, "#lobby> a thought");
	vt_type(&f.vt, "\003/join #tea\r");
	vt_await(&f.vt, "#tea>");
	vt_await(&f.vt, "1 here");
	vt_type(&f.vt, "milk or");
	await_kept(&f, "rooms", "milk or");
	vt_type(&f.vt, "\0332");
	vt_await(&f.vt, "#lobby>");
	vt_type(&f.vt, "half a thought");
	await_kept(&f, "rooms", "half a thought");
	kill_chat(&f);
	start_chat(&f, NULL);
	vt_await(&f.vt, "#lobby> half a thought");
	vt_await(&f.vt, "1 here");
	vt_type(&f.vt, "\0333");
	vt_await(&f.vt, "#tea> milk or");
	vt_type(&f.vt, " lemon?\r");
	vt_await(&f.vt, "| milk or lemon?");
	vt_await_gone(&f.vt, "#tea> m");
	vt_type(&f.vt, "\0332");
	quit_chat(&f);
	start_chat(&f, NULL);
	vt_await(&f.vt, "#lobby>");
	vt_type(&f.vt, "\0333");
	vt_await(&f.vt, "#tea>");
	cr_expect_not(vt_shows(&f.vt, "#tea> milk"));
	quit_chat(&f);
	done(&f);
}

Test(client, who_comes_back_sees_what_was_missed, .timeout = 60)
{
	struct fixture f;

	init(&f);
	start_daemon(&f);
	start_bob(&f);
	program_type(&f.bob, "before\n");
	cr_assert(program_prints(&f.bob, "\tsaid\tbob\tbefore\n", 1));
	start_chat(&f, "#lobby");
	vt_await(&f.vt, "| before");
	vt_await(&f.vt, "2 here");
	quit_chat(&f);
	program_type(&f.bob, "one\ntwo\n");
	cr_assert(program_prints(&f.bob, "\tsaid\tbob\ttwo\n", 1));
	cr_expect_eq(
	    program_printed(&f.bob, "\tleft\tgina"), 0, "she stays a member");
	start_chat(&f, NULL);
	vt_await(&f.vt, "| two");
	vt_await(&f.vt, "2 new");
	vt_await(&f.vt, "2 here");
	quit_chat(&f);
	start_chat(&f, NULL);
	vt_await(&f.vt, "2 here");
	cr_expect_not(vt_shows(&f.vt, " new"), "they were seen");
	vt_type(&f.vt, "/part\r");
	cr_expect(program_prints(&f.bob, "\tleft\tgina", 1));
	quit_chat(&f);
	end_bob(&f);
	done(&f);
}

/* ---- scripts ---- */

static void
run(struct fixture *f, struct program *p, const char *const *more)
{
	const char *argv[16] = { "-s", f->address, "-n", "cron", "--timeout",
		"1" };
	size_t n = 6;

	while (*more != NULL)
		argv[n++] = *more++;
	program_start_in(p, f->daemon.directory, argv);
}
#define RUN(f, p, ...) run(f, p, (const char *const[]){ __VA_ARGS__, NULL })

Test(client, a_script_knows_what_became_of_its_message, .timeout = 60)
{
	struct fixture f;
	struct program p;
	size_t len;
	char *bytes;

	init(&f);
	RUN(&f, &p, "-m", "never sent", "-t", "#lobby");
	cr_expect_eq(program_end(&p), EX_UNAVAILABLE);
	program_done(&p);
	bytes = kept(&f, "script-outbox", &len);
	cr_expect_null(memmem(bytes, len, "never", 5), "it is withdrawn");
	free(bytes);
	RUN(&f, &p, "--batch", "-r", "#lobby");
	program_type(&p, "one\ntwo\n");
	cr_expect_eq(program_end(&p), EX_UNAVAILABLE);
	cr_expect_not_null(
	    strstr(buf_string(&p.complained), "2 messages wait"));
	program_done(&p);
	start_daemon(&f);
	start_bob(&f);
	RUN(&f, &p, "-m", "three", "-t", "#lobby");
	cr_expect_eq(program_end(&p), EX_OK);
	cr_expect_not_null(
	    strstr(buf_string(&p.complained), "2 messages of earlier runs"));
	program_done(&p);
	cr_expect(program_prints(&f.bob, "\tsaid\tcron\tthree\n", 1));
	cr_expect_eq(program_printed(&f.bob, "\tsaid\tcron\t"), 3);
	cr_expect(strstr(buf_string(&f.bob.printed), "\tsaid\tcron\tone\n") <
	    strstr(buf_string(&f.bob.printed), "\tsaid\tcron\ttwo\n"));
	cr_expect(program_prints(&f.bob, "\tleft\tcron\t", 1));
	end_bob(&f);
	daemon_stop(&f.daemon);
	daemon_done(&f.daemon);
}

static unsigned
times_said(struct fixture *f, unsigned i)
{
	char words[64];

	snprintf(words, sizeof(words), "\tsaid\tcron\tk%u\n", i);
	return program_printed(&f->bob, words);
}

/* What the status promises: 0 and 75: it is said, once; else it is not. */
static void
check_promise(struct fixture *f, unsigned i, int status)
{
	bool is_said = status == EX_OK || status == EX_TEMPFAIL;

	cr_expect_eq(times_said(f, i), is_said ? 1u : 0u,
	    "cut after %u bytes: status %d, said %u times", i, status,
	    times_said(f, i));
}

Test(client, a_script_is_told_the_truth_wherever_it_is_cut, .timeout = 600)
{
	enum { BYTES = 400 };
	static int status[BYTES];
	unsigned i, step = getenv("CHAT_SOAK") != NULL ? 1 : 9, kept_ones = 0;
	struct fixture f;
	struct proxy network;
	struct program p;
	char text[16];

	init(&f);
	start_daemon(&f);
	start_bob(&f);
	proxy_start(&network, f.address);
	snprintf(f.address, sizeof(f.address), "%s", network.address);
	for (i = 1; i < BYTES; i += step) {
		snprintf(text, sizeof(text), "k%u", i);
		proxy_cut_way(&network, i % 2, i, false);
		RUN(&f, &p, "-m", text, "-t", "#lobby");
		status[i] = program_end(&p);
		kept_ones += status[i] == EX_TEMPFAIL;
		program_done(&p);
	}
	proxy_cut_way(&network, 0, 0, false);
	RUN(&f, &p, "-m", "last", "-t", "#lobby");
	cr_expect_eq(program_end(&p), EX_OK);
	program_done(&p);
	cr_expect(program_prints(&f.bob, "\tsaid\tcron\tlast\n", 1));
	for (i = 1; i < BYTES; i += step)
		check_promise(&f, i, status[i]);
	cr_expect_gt(kept_ones, 0, "no cut came between say and stored");
	end_bob(&f);
	proxy_stop(&network);
	daemon_stop(&f.daemon);
	daemon_done(&f.daemon);
}

/* A person's rooms are nothing to a script. */
Test(client, a_script_does_not_disturb_the_person, .timeout = 60)
{
	struct fixture f;
	struct program p;

	init(&f);
	start_daemon(&f);
	start_bob(&f);
	start_chat(&f, "#lobby");
	vt_await(&f.vt, "2 here");
	quit_chat(&f);
	RUN(&f, &p, "-m", "built", "-t", "#builds");
	cr_expect_eq(program_end(&p), EX_OK);
	program_done(&p);
	program_type(&f.bob, "still here?\n");
	cr_assert(program_prints(&f.bob, "\tsaid\tbob\tstill here?\n", 1));
	cr_expect_eq(program_printed(&f.bob, "\tleft\t"), 0);
	start_chat(&f, NULL);
	vt_await(&f.vt, "| still here?");
	quit_chat(&f);
	end_bob(&f);
	done(&f);
}
