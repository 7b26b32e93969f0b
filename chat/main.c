/*
 * chat: options, wiring, and which face it shows.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "batch.h"
#include "carry.h"
#include "discover.h"
#include "downloads.h"
#include "guard.h"
#include "link.h"
#include "log.h"
#include "model.h"
#include "names.h"
#include "options.h"
#include "send.h"
#include "state.h"
#include "tail.h"
#include "ui.h"
#include "unread.h"

typedef int face(struct model *, struct link *, const struct options *);

static void
help(void)
{
	struct buf text = { 0 };

	options_help(&text);
	fputs(buf_string(&text), stdout);
	buf_done(&text);
}

static _Noreturn void
wrong_usage(const char *why)
{
	struct buf text = { 0 };

	log_warnx("%s", why);
	options_usage(&text);
	fputs(buf_string(&text), stderr);
	buf_done(&text);
	exit(EX_USAGE);
}

static void
read_options(struct options *o, int argc, char **argv)
{
	switch (options_read(o, argc, argv)) {
	case OPTIONS_RUN:
		return;
	case OPTIONS_HELP:
		help();
		exit(EX_OK);
	case OPTIONS_VERSION:
		puts("chat " CHAT_VERSION);
		exit(EX_OK);
	case OPTIONS_WRONG:
		wrong_usage(o->wrong);
	}
}

/* A screen needs a terminal that can place its cursor. */
static bool
has_screen(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL &&
	    term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static face *
choose_face(const struct options *o)
{
	if (o->send != NULL || o->get != 0)
		return carry_run;
	if (o->message != NULL)
		return send_run;
	if (o->tail != NULL)
		return tail_run;
	if (o->is_unread)
		return unread_ask;
	return o->is_batch || !has_screen() ? batch_run : ui_run;
}

/* The rooms to enter are open and wanted from the start, the last is looked
 * at.  Where none was given, those of last time are what one wants. */
static void
open_rooms(struct model *m, const struct options *o)
{
	size_t i;

	model_lock(m);
	for (i = 0; i < o->n_rooms; i++) {
		struct room *room;
		if (!o->are_rooms_own && m->n_rooms > 1)
			break;
		room = model_room_open(m, slice_of(o->rooms[i]));
		room->is_wanted = true;
		model_look(m, room);
	}
	if (m->looked_at == m->rooms[0] && m->n_rooms > 1)
		model_look(m, m->rooms[1]);
	model_unlock(m);
}

/* Who reads a room is nobody in particular; a direct conversation is that of
 * the device. */
static bool
reads_a_room(const struct options *o)
{
	return o->tail != NULL && names_is_room(slice_of(o->tail));
}

static void
open_state(struct state *state, const struct options *o, face *show)
{
	if (reads_a_room(o)) {
		state_passing(state);
		return;
	}
	if (o->is_unread) {
		state_look(state);
		return;
	}
	if (show == send_run || show == carry_run || show == batch_run) {
		state_open_script(state);
		return;
	}
	state_open(state);
	if (o->tail == NULL || state->number == 1)
		return;
	if (state->fd >= 0)
		fatalx(EX_TEMPFAIL,
		    "%s: another chat is running: it has the conversation",
		    o->tail);
	fatalx(EX_TEMPFAIL, "%s: %s", o->tail, state->why);
}

static struct link *
make_link(struct model *m, const struct options *o, const struct state *state,
    face *show)
{
	bool talks = show == ui_run || show == batch_run || show == send_run ||
	    show == carry_run;
	bool has_nick = talks || (reads_a_room(o) && o->is_nick_own);
	bool keeps_files = show == ui_run || show == batch_run;
	bool moves_files = keeps_files || show == carry_run;
	char *downloads = downloads_directory(o->downloads);
	struct link *link;
	struct link_options with = {
		.address = o->address,
		.nick = has_nick ? o->nick : "",
		.family = o->family,
		.timeout_ms = o->timeout_ms,
		.keeps_trying = show != send_run && !o->is_unread,
		.is_apart = !talks,
		.stays = show == ui_run || (!talks && !reads_a_room(o)),
		.device = state->device,
		.directory = state->directory,
		.outbox = talks ? state->outbox : NULL,
		.places = show == ui_run ? state->places : NULL,
		.moves_files = moves_files,
		.transfers = keeps_files ? state->transfers : NULL,
		.downloads = downloads,
	};

	link = link_new(m, &with);
	free(downloads);
	return link;
}

static void
tell_state(struct model *m, const struct state *state, bool has_lines)
{
	static const char words[] =
	    "this device has no memory: it is new each time, and what waits "
	    "is only in memory";

	if (state->fd < 0 && has_lines)
		model_say(m, NULL, "%s: %s", words, state->why);
	else if (state->fd < 0)
		log_warnx("%s: %s", words, state->why);
}

/* Not sent, or perhaps not: the next run sees to it. */
static void
tell_waiting(const struct model *m)
{
	unsigned n = 0;

	for (const struct pending *p = m->outbox; p != NULL; p = p->next)
		n += p->why == FINE && !p->is_stored;
	if (n == 0)
		return;
	if (m->is_unsafe)
		log_warnx("%u message%s could not be sent, nor kept on disk", n,
		    n == 1 ? "" : "s");
	else
		log_warnx("%u message%s: the next run sends %s", n,
		    n == 1 ? " waits" : "s wait", n == 1 ? "it" : "them");
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct state state;
	struct model *model;
	struct link *link;
	face *show;
	int status;

	guard_standard();
	setlocale(LC_CTYPE, "");
	log_init("chat", 0);
	log_plain();
	read_options(&options, argc, argv);
	if (options.is_discover) {
		status = discover_run(options.timeout_ms);
		options_free(&options);
		return status;
	}
	show = choose_face(&options);
	open_state(&state, &options, show);
	options_device(&options, &state.device);
	model = model_new();
	link = make_link(model, &options, &state, show);
	open_rooms(model, &options);
	if (show == unread_ask && (state.is_used || state.number == 0))
		show = unread_tell;
	if (show == ui_run || show == batch_run || show == send_run ||
	    show == carry_run)
		tell_state(model, &state, show == ui_run);
	status = show(model, link, &options);
	if (show != send_run)
		tell_waiting(model);
	model_free(model);
	state_close(&state);
	options_free(&options);
	return status;
}
