#include "talk.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "daemon.h"
#include "pattern.h"
#include "peer.h"
#include "script.h"
#include "xmalloc.h"

enum {
	PEERS = 128,
	IGNORES = 16,
	NAME = 32,
	TOKEN = 0x7a1c, /* of the first ping of "hears nothing" */
};

struct speaker {
	char name[NAME];
	struct peer peer;
	bool is_mute; /* has sent raw bytes or its end: can't be asked */
};

struct talk {
	const char *name;
	const struct talk_options *options;
	struct buf *report;
	struct script script;
	const struct script_line *line; /* acted now */
	struct pattern ignore[IGNORES];
	size_t n_ignore;
	struct variables variables;
	struct speaker speaker[PEERS];
	size_t n_speakers;
	struct daemon daemon;
	uint64_t token;
};

/* ---- reports ---- */

__attribute__((format(printf, 2, 3))) static bool
fail(struct talk *t, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	if (t->line != NULL)
		buf_printf(t->report, "%s:%u: %.200s\n", t->name, t->line->no,
		    t->line->text);
	buf_printf(t->report, "\t%s\n", words);
	return false;
}

static bool
fail_heard(struct talk *t, const char *misfit, enum heard heard, struct peer *p,
    const union message *m)
{
	static const char *const words[] = {
		[HEARD_END] = "the daemon closed",
		[HEARD_RESET] = "the daemon reset the connection",
		[HEARD_NOTHING] = "nothing",
		[HEARD_NONSENSE] = "no message, but bytes",
	};
	struct buf came = { 0 };
	size_t i;

	if (heard == HEARD_MESSAGE)
		pattern_describe(&came, m);
	else
		buf_add_string(&came, words[heard]);
	for (i = 0; heard == HEARD_NONSENSE && i < p->in.len && i < 32; i++)
		buf_printf(&came, " %02x", buf_at(&p->in)[i]);
	fail(t, "came: %s%s%s", buf_string(&came),
	    misfit != NULL ? "; differs in: " : "", misfit ? misfit : "");
	buf_done(&came);
	return false;
}

/* ---- who acts ---- */

static struct speaker *
find_speaker(struct talk *t, const char *name)
{
	struct speaker *s;

	for (s = t->speaker; s < t->speaker + t->n_speakers; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	if (t->n_speakers == PEERS)
		return NULL;
	t->n_speakers++;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->peer.fd = -1;
	return s;
}

/* The daemon's listeners: TCP first, UNIX second. */
static bool
connect_speaker(struct talk *t, struct speaker *s, bool over_unix)
{
	over_unix = over_unix || t->options->over_unix;
	peer_close(&s->peer);
	if (!peer_connect(&s->peer, t->daemon.address[over_unix]))
		return fail(t, "no connection to the daemon");
	s->peer.piece = t->options->piece;
	s->is_mute = false;
	return true;
}

static bool
is_ready(struct talk *t, struct speaker *s)
{
	return s->peer.fd >= 0 || connect_speaker(t, s, false);
}

/* ---- acts ---- */

static bool
send_message(struct talk *t, struct speaker *s, const char *words)
{
	struct buf held[PATTERN_FIELDS] = { 0 };
	union message m;
	struct pattern p;
	const char *wrong = pattern_parse(&p, words);
	size_t i;

	if (wrong != NULL)
		return fail(t, "%s", wrong);
	wrong = pattern_make(&p, &t->variables, &m, held);
	if (wrong == NULL)
		peer_send(&s->peer, &m);
	for (i = 0; i < PATTERN_FIELDS; i++)
		buf_done(&held[i]);
	pattern_done(&p);
	return wrong == NULL || fail(t, "%s", wrong);
}

static bool
send_raw(struct talk *t, struct speaker *s, const char *words)
{
	struct buf bytes = { 0 };
	const char *wrong = pattern_bytes(&bytes, words);

	if (wrong == NULL)
		peer_send_bytes(&s->peer, buf_at(&bytes), bytes.len);
	buf_done(&bytes);
	s->is_mute = true;
	return wrong == NULL || fail(t, "%s", wrong);
}

static bool
act_say(struct talk *t, struct speaker *s, const char *words)
{
	if (!is_ready(t, s))
		return false;
	if (strncmp(words, "raw ", 4) == 0)
		return send_raw(t, s, words + 4);
	return send_message(t, s, words);
}

static bool
is_ignored(struct talk *t, const union message *m)
{
	size_t i;

	for (i = 0; i < t->n_ignore; i++)
		if (pattern_misfit(&t->ignore[i], &t->variables, m) == NULL)
			return true;
	return false;
}

static bool
hear_pattern(
    struct talk *t, struct speaker *s, const struct pattern *p, bool lets_pass)
{
	int64_t until = clock_ms() + PEER_WAIT_MS;
	const char *misfit;
	union message m;
	enum heard heard;

	for (;;) {
		heard = peer_hear(&s->peer, &m, (int)(until - clock_ms()));
		if (heard != HEARD_MESSAGE)
			return fail_heard(t, NULL, heard, &s->peer, &m);
		misfit = pattern_misfit(p, &t->variables, &m);
		if (misfit == NULL)
			return true;
		if (!lets_pass && !is_ignored(t, &m))
			return fail_heard(t, misfit, heard, &s->peer, &m);
	}
}

static bool
hear_words(struct talk *t, struct speaker *s, const char *words, bool lets_pass)
{
	struct pattern p;
	const char *wrong = pattern_parse(&p, words);
	bool heard;

	if (wrong != NULL)
		return fail(t, "%s", wrong);
	if (s->peer.fd < 0)
		return fail(t, "%s is not connected", s->name);
	heard = hear_pattern(t, s, &p, lets_pass);
	pattern_done(&p);
	return heard;
}

static bool
hear_raw(struct talk *t, struct speaker *s, const char *words)
{
	struct buf want = { 0 };
	const char *wrong = pattern_bytes(&want, words);
	struct slice got;
	bool same;

	if (wrong != NULL)
		return fail(t, "%s", wrong);
	got = peer_hear_bytes(&s->peer, want.len, PEER_WAIT_MS);
	same = slice_is(got, buf_slice(&want));
	buf_done(&want);
	return same || fail(t, "came: %.*s", SLICE_ARG(got));
}

static bool
act_hear(struct talk *t, struct speaker *s, const char *words)
{
	if (strncmp(words, "raw ", 4) == 0)
		return hear_raw(t, s, words + 4);
	return hear_words(t, s, words, false);
}

static bool
act_hear_past(struct talk *t, struct speaker *s, const char *words)
{
	return hear_words(t, s, words, true);
}

static bool
ping(struct talk *t, struct speaker *s)
{
	char ping[64], pong[64];

	t->token++;
	snprintf(ping, sizeof(ping), "ping token=%ju", (uintmax_t)t->token);
	snprintf(pong, sizeof(pong), "pong token=%ju", (uintmax_t)t->token);
	return send_message(t, s, ping) && hear_words(t, s, pong, false);
}

/* Everything sent before a pong has been heard when it comes; what went to the
 * store before may be answered behind the first, but not behind the second. */
static bool
hear_nothing(struct talk *t, struct speaker *s)
{
	return ping(t, s) && ping(t, s);
}

static bool
act_hears(struct talk *t, struct speaker *s, const char *words)
{
	if (strcmp(words, "nothing") != 0)
		return fail(t, "one hears nothing, or <");
	return is_ready(t, s) && hear_nothing(t, s);
}

static bool
act_is(struct talk *t, struct speaker *s, const char *words)
{
	union message m;
	enum heard heard;

	if (strcmp(words, "closed") != 0 || s->peer.fd < 0)
		return fail(t, "one who is connected is closed");
	do
		heard = peer_hear(&s->peer, &m, PEER_WAIT_MS);
	while (heard == HEARD_MESSAGE && is_ignored(t, &m));
	if (heard != HEARD_END)
		return fail_heard(t, NULL, heard, &s->peer, &m);
	peer_close(&s->peer);
	return true;
}

static bool
act_enters(struct talk *t, struct speaker *s, const char *words)
{
	char nick[NAME], room[64] = "", line[256];

	if (sscanf(words, "as %31s into %63s", nick, room) < 1)
		return fail(t, "one enters as NICK into ROOM");
	if (!is_ready(t, s))
		return false;
	snprintf(line, sizeof(line),
	    "hello version=1 device=$%s nick=%s software=talk", s->name, nick);
	if (!send_message(t, s, line))
		return false;
	snprintf(line, sizeof(line), "welcome nick=%s", nick);
	if (!hear_words(t, s, line, false) || *room == '\0')
		return *room == '\0';
	snprintf(line, sizeof(line), "join room=%s", room);
	if (!send_message(t, s, line))
		return false;
	snprintf(line, sizeof(line), "attached room=$%s", room + 1);
	if (!hear_words(t, s, line, true))
		return false;
	snprintf(line, sizeof(line), "entry room=$%s kind=joined who=%s",
	    room + 1, nick);
	return hear_words(t, s, line, true);
}

static bool
act_connects(struct talk *t, struct speaker *s, const char *words)
{
	return connect_speaker(t, s, strcmp(words, "over unix") == 0);
}

static bool
act_closes(struct talk *t, struct speaker *s, const char *words)
{
	(void)t, (void)words;
	peer_close(&s->peer);
	return true;
}

static bool
act_resets(struct talk *t, struct speaker *s, const char *words)
{
	(void)t, (void)words;
	peer_reset(&s->peer);
	return true;
}

static bool
act_half_closes(struct talk *t, struct speaker *s, const char *words)
{
	(void)t, (void)words;
	peer_half_close(&s->peer);
	s->is_mute = true;
	return true;
}

static bool
act_pieces(struct talk *t, struct speaker *s, const char *words)
{
	if (!is_ready(t, s))
		return false;
	s->peer.every_ms = 0;
	if (sscanf(words, "%zu every %d", &s->peer.piece, &s->peer.every_ms) <
	    1)
		return fail(t, "pieces N, or pieces N every MS");
	return true;
}

static bool
act_gathers(struct talk *t, struct speaker *s, const char *words)
{
	(void)words;
	if (!is_ready(t, s))
		return false;
	s->peer.is_gathering = true;
	return true;
}

static bool
act_sends(struct talk *t, struct speaker *s, const char *words)
{
	(void)t, (void)words;
	peer_flush(&s->peer);
	return true;
}

static const struct act {
	const char *verb;
	bool (*run)(struct talk *, struct speaker *, const char *words);
} acts[] = {
	{ ">", act_say },
	{ "<", act_hear },
	{ "<<", act_hear_past },
	{ "enters", act_enters },
	{ "connects", act_connects },
	{ "closes", act_closes },
	{ "resets", act_resets },
	{ "half-closes", act_half_closes },
	{ "is", act_is },
	{ "hears", act_hears },
	{ "pieces", act_pieces },
	{ "gathers", act_gathers },
	{ "sends", act_sends },
};

/* ---- lines ---- */

/* The first word into word; what follows it and its blanks. */
static const char *
first_word(const char *text, char word[NAME])
{
	size_t n = strcspn(text, " \t");

	snprintf(word, NAME, "%.*s", (int)n, text);
	text += n;
	return text + strspn(text, " \t");
}

static bool
act_on(struct talk *t, const char *text)
{
	char who[NAME], verb[NAME];
	struct speaker *s;
	size_t i;

	text = first_word(text, who);
	text = first_word(text, verb);
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].verb, verb) != 0)
			continue;
		s = find_speaker(t, who);
		return s != NULL ? acts[i].run(t, s, text)
				 : fail(t, "too many people");
	}
	return fail(t, "nobody can do that; see talk.h");
}

static bool
run_ignore(struct talk *t, const char *words)
{
	const char *wrong;

	if (t->n_ignore == IGNORES)
		return fail(t, "too much is ignored");
	wrong = pattern_parse(&t->ignore[t->n_ignore], words);
	if (wrong != NULL)
		return fail(t, "%s", wrong);
	t->n_ignore++;
	return true;
}

static bool
run_logs(struct talk *t, const char *quoted)
{
	struct buf words = { 0 };
	const char *wrong = pattern_bytes(&words, quoted);
	bool said =
	    wrong == NULL && daemon_says(&t->daemon, buf_string(&words), 1);

	buf_done(&words);
	return said || fail(t, "%s", wrong != NULL ? wrong : "it does not");
}

static void
start_daemon(struct talk *t)
{
	struct daemon_options o = { .listen = { "127.0.0.1:0" } };
	struct buf config = { 0 };
	char path[128], state[128];

	snprintf(path, sizeof(path), "unix:%s/talk.sock", t->daemon.directory);
	o.listen[1] = path;
	snprintf(state, sizeof(state), "%s/state", t->daemon.directory);
	if (script_has(&t->script, "on disk"))
		o.directory = state;
	script_config(&t->script, &config);
	o.config = config.len != 0 ? buf_string(&config) : NULL;
	daemon_start(&t->daemon, &o);
	buf_done(&config);
}

static bool
run_restarts(struct talk *t)
{
	for (size_t i = 0; i < t->n_speakers; i++)
		peer_close(&t->speaker[i].peer);
	daemon_stop(&t->daemon);
	start_daemon(t);
	return true;
}

static bool run_lines(struct talk *, size_t from, size_t to);

static bool
run_repeat(struct talk *t, size_t at, size_t end)
{
	unsigned long n = strtoul(t->script.at[at].text + 7, NULL, 10), i;

	if (end == 0 || n == 0)
		return fail(t, "repeat N ... end");
	for (i = 1; i <= n; i++) {
		variables_set_number(&t->variables, "i", i);
		if (!run_lines(t, at + 1, end - 1))
			return fail(t, "with $i = %lu", i);
	}
	return true;
}

static bool
run_line(struct talk *t, const char *text)
{
	if (strncmp(text, "daemon:", 7) == 0 || strcmp(text, "slow") == 0 ||
	    strcmp(text, "on disk") == 0)
		return true; /* acted on before the daemon was started */
	if (strcmp(text, "daemon restarts") == 0)
		return run_restarts(t);
	if (strncmp(text, "daemon logs ", 12) == 0)
		return run_logs(t, text + 12);
	if (strncmp(text, "ignore ", 7) == 0)
		return run_ignore(t, text + 7);
	return act_on(t, text);
}

static bool
run_lines(struct talk *t, size_t from, size_t to)
{
	size_t i, end;

	for (i = from; i < to; i = end) {
		t->line = &t->script.at[i];
		end = i + 1;
		if (strncmp(t->line->text, "repeat ", 7) == 0) {
			end = script_end(&t->script, i);
			if (!run_repeat(t, i, end))
				return false;
		} else if (!run_line(t, t->line->text)) {
			return false;
		}
	}
	return true;
}

/* ---- before and after ---- */

static bool
end_all(struct talk *t)
{
	struct speaker *s;
	bool fine = true;

	for (s = t->speaker; s < t->speaker + t->n_speakers; s++) {
		if (s->peer.fd < 0 || s->is_mute)
			continue;
		fine = hear_nothing(t, s) ||
		    fail(t, "at the end, for %s", s->name);
		if (!fine)
			break;
	}
	return fine;
}

static void
leave_all(struct talk *t)
{
	while (t->n_speakers > 0)
		peer_close(&t->speaker[--t->n_speakers].peer);
}

static void
talk_done(struct talk *t)
{
	while (t->n_ignore > 0)
		pattern_done(&t->ignore[--t->n_ignore]);
	script_done(&t->script);
	variables_done(&t->variables);
	free(t);
}

enum talk_result
talk_run(const char *name, const char *text, const struct talk_options *options,
    struct buf *report)
{
	struct talk *t = xcalloc(1, sizeof(*t));
	enum talk_result result = TALK_SKIPPED;

	*t = (struct talk){ .name = name,
		.options = options,
		.report = report,
		.token = TOKEN };
	script_parse(&t->script, text);
	if (!options->skip_slow || !script_has(&t->script, "slow")) {
		daemon_init(&t->daemon);
		start_daemon(t);
		result = run_lines(t, 0, t->script.n) && end_all(t)
		    ? TALK_FINE
		    : TALK_FAILED;
		leave_all(t);
		daemon_stop(&t->daemon);
		if (result == TALK_FAILED)
			buf_printf(report, "the daemon's log:\n%s",
			    buf_string(&t->daemon.log));
		daemon_done(&t->daemon);
	}
	talk_done(t);
	return result;
}
