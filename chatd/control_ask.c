/*
 * What chatctl(8) can ask for: a row of the table, a function.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <utlist.h>

#include "clock.h"
#include "control_state.h"
#include "hub.h"
#include "log.h"
#include "loop.h"
#include "names.h"
#include "session.h"
#include "text.h"
#include "xmalloc.h"

enum {
	WORDS_MAX = 400,	     /* bytes, of kick */
	SECONDS_MAX = 7 * 24 * 3600, /* of drain */
	NUMBER_DIGITS = 9,	     /* of a number that is told */
};

/* The first word of *rest, which then begins with the second. */
static struct slice
take_word(struct slice *rest)
{
	struct slice word = *rest;
	const char *blank =
	    rest->len != 0 ? memchr(rest->at, ' ', rest->len) : NULL;

	if (blank != NULL)
		word.len = (size_t)(blank - word.at);
	rest->at += word.len;
	rest->len -= word.len;
	while (rest->len != 0 && rest->at[0] == ' ') {
		rest->at++;
		rest->len--;
	}
	return word;
}

/* Digits and nothing else; -1: it is no number, or too large a one. */
static int64_t
number_of(struct slice s)
{
	int64_t value = 0;

	if (s.len == 0 || s.len > NUMBER_DIGITS)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return -1;
		value = value * 10 + (s.at[i] - '0');
	}
	return value;
}

static void
say(const struct guest *g, const char *what, struct slice of)
{
	log_info("control: uid %ju: %s%s%.*s", (uintmax_t)g->uid, what,
	    of.len != 0 ? " " : "", SLICE_ARG(of));
}

/* ---- looking ---- */

static void
add_field(struct buf *out, struct slice s)
{
	buf_add_u8(out, '\t');
	if (s.len != 0)
		text_escape(out, s);
	else
		buf_add_u8(out, '-');
}

static void
add_time(struct buf *out, uint64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	char text[32];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(text, sizeof(text), "?");
	add_field(out, slice_of(text));
}

static void
client_row(void *arg, const struct session_row *s)
{
	struct guest *g = arg;

	buf_printf(&g->out, "= %" PRIu32, s->number);
	add_field(&g->out, s->nick);
	add_field(&g->out, s->software);
	add_field(&g->out, slice_of(s->peer));
	add_field(&g->out, slice_of(s->local));
	add_time(&g->out, clock_wall_ms() - (uint64_t)s->age_ms);
	buf_printf(&g->out, "\t%" PRId64, s->idle_ms / 1000);
	add_field(&g->out, slice_of(s->dialect));
	buf_printf(&g->out, "\t%zu", s->waiting);
	add_field(&g->out, s->account);
	buf_add_u8(&g->out, '\n');
}

static uint32_t
clients_page(struct guest *g)
{
	return sessions_each(
	    g->control->sessions, g->after, CONTROL_PAGE, client_row, g);
}

static void
do_clients(struct guest *g, struct slice rest)
{
	(void)rest;
	guest_pages(g, clients_page);
}

static void
room_row(void *arg, const struct hub_room_row *r)
{
	struct guest *g = arg;

	buf_add_string(&g->out, "= ");
	text_escape(&g->out, r->name);
	buf_printf(&g->out, "\t%u\t%" PRIu64 "\t%" PRIu64 "\n", r->members,
	    r->head, r->bytes);
}

static uint32_t
rooms_page(struct guest *g)
{
	return hub_each_room(
	    g->control->hub, g->after, CONTROL_PAGE, room_row, g);
}

static void
do_rooms(struct guest *g, struct slice rest)
{
	(void)rest;
	guest_pages(g, rooms_page);
}

static void
do_status(struct guest *g, struct slice rest)
{
	const struct control *c = g->control;
	struct hub_figures f = hub_figures(c->hub);
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
		{ "process", (uint64_t)getpid() },
		{ "uptime", (uint64_t)(clock_ms() - c->began_ms) / 1000 },
		{ "connections", sessions_count(c->sessions) },
		{ "users", f.users },
		{ "away", f.lost },
		{ "rooms", f.rooms },
		{ "members", f.members },
		{ "entries", f.entries },
		{ "encodings", f.encodings },
		{ "files", f.files },
		{ "file bytes", f.file_bytes },
		{ "store queue", f.jobs },
	};
	size_t i;

	(void)rest;
	buf_add_string(&g->out, "= version\t" CHAT_VERSION "\n= listening\t");
	c->ops->listening(c->arg, &g->out);
	buf_printf(&g->out, "\n= log\t%s\n", log_is_debug() ? "debug" : "info");
	for (i = 0; i < sizeof(figures) / sizeof(*figures); i++)
		buf_printf(&g->out, "= %s\t%" PRIu64 "\n", figures[i].name,
		    figures[i].value);
	guest_ok(g, "");
}

/* ---- acting ---- */

/* What begins with a digit is no nick, but the number of a connection. */
static bool
kick(struct control *c, struct slice who, struct slice words)
{
	struct slice digits = who;
	int64_t number;

	if (digits.at[0] == '#') {
		digits.at++;
		digits.len--;
	}
	number = number_of(digits);
	return number >= 0 ? sessions_kick(c->sessions, (uint32_t)number, words)
			   : hub_kick(c->hub, who, words);
}

static void
do_kick(struct guest *g, struct slice rest)
{
	struct slice all = rest, who = take_word(&rest);

	if (rest.len > WORDS_MAX) {
		guest_no(g, EX_DATAERR, "these are too many words");
	} else if (who.len == 0) {
		guest_no(g, EX_USAGE, "whom?");
	} else if (!kick(g->control, who, rest)) {
		guest_no(g, EX_NOUSER,
		    "nobody has this nick, and no connection this number");
	} else {
		say(g, "kick", all);
		guest_ok(g, "");
	}
}

static void
do_drain(struct guest *g, struct slice rest)
{
	struct control *c = g->control;
	struct buf errors = { 0 };
	int64_t seconds = rest.len != 0 ? number_of(rest) : 0;
	int status;

	if (slice_is(rest, SLICE("off"))) {
		say(g, "drain", rest);
		status = c->ops->undrain(c->arg, &errors);
		guest_result(g, status, &errors, "listening again");
	} else if (seconds < 0 || seconds > SECONDS_MAX) {
		guest_no(g, EX_USAGE,
		    "drain is told seconds, a week at most, or off");
	} else {
		say(g, "drain", rest);
		status = c->ops->drain(c->arg, seconds, &errors);
		guest_result(g, status, &errors,
		    seconds != 0 ? "no newcomers, and then the end"
				 : "no newcomers");
	}
}

void
backup_free(struct backup *b)
{
	DL_DELETE(b->control->backups, b);
	if (b->guest != NULL)
		b->guest->backup = NULL;
	free(b);
}

static void
backup_done(struct store_backup *job)
{
	struct backup *b = (struct backup *)job;
	struct guest *g = b->guest;
	bool is_there = job->error.len == 0;

	if (is_there)
		log_info("backup %s: it is there", b->path);
	else
		log_warnx("backup %s", buf_string(&job->error));
	if (g != NULL && is_there)
		guest_ok(g, "the copy is there, safe on disk");
	else if (g != NULL)
		guest_no(g, EX_CANTCREAT, buf_string(&job->error));
	buf_done(&job->error);
	backup_free(b);
}

static void
do_backup(struct guest *g, struct slice rest)
{
	struct control *c = g->control;
	struct backup *b;

	if (rest.len == 0 || rest.at[0] != '/') {
		guest_no(g, EX_USAGE, "a backup is told a path from the root");
		return;
	}
	say(g, "backup", rest);
	b = xcalloc(1, sizeof(*b) + rest.len + 1);
	memcpy(b->path, rest.at, rest.len);
	b->job.path = b->path;
	b->job.done = backup_done;
	b->control = c;
	b->guest = g;
	g->backup = b;
	DL_APPEND(c->backups, b);
	store_backup(c->store, &b->job);
}

static void
do_log(struct guest *g, struct slice rest)
{
	bool is_debug = slice_is(rest, SLICE("debug"));

	if (!is_debug && !slice_is(rest, SLICE("info"))) {
		guest_no(g, EX_USAGE, "log is told info or debug");
		return;
	}
	say(g, "log", rest);
	log_debugging(is_debug);
	guest_ok(g, "");
}

static void
do_reload(struct guest *g, struct slice rest)
{
	struct control *c = g->control;
	struct buf errors = { 0 };
	int status;

	say(g, "reload", rest);
	status = c->ops->reload(c->arg, &errors);
	guest_result(g, status, &errors, "reloaded");
}

static void
do_stop(struct guest *g, struct slice rest)
{
	say(g, "stop", rest);
	g->stays = true;
	g->control->ops->stop(g->control->arg);
	guest_ok(g, "");
}

/* ---- the table ---- */

static const struct {
	const char *name;
	void (*act)(struct guest *, struct slice rest);
} commands[] = {
#define OPTION(flag, argument, often, meaning)
#define COMMAND(name, arguments, least, most, meaning) { #name, do_##name },
#include "chatctl.def"
};

void
control_command(struct guest *g, struct slice line)
{
	struct slice name = take_word(&line);
	struct control *c = g->control;
	size_t i;

	hub_time(c->hub, loop_now(c->loop), clock_wall_ms());
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!slice_is(name, slice_of(commands[i].name)))
			continue;
		commands[i].act(g, line);
		return;
	}
	guest_no(g, EX_USAGE, "there is no such command");
}
