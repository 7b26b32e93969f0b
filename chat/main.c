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
#include "discover.h"
#include "guard.h"
#include "link.h"
#include "log.h"
#include "model.h"
#include "options.h"
#include "send.h"
#include "state.h"
#include "ui.h"

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
	if (o->message != NULL)
		return send_run;
	return o->is_batch || !has_screen() ? batch_run : ui_run;
}

/* The rooms to enter are open and wanted from the start, the last is looked
 * at. */
static void
open_rooms(struct model *m, const struct options *o)
{
	size_t i;

	for (i = 0; i < o->n_rooms; i++) {
		struct room *room = model_room_open(m, slice_of(o->rooms[i]));
		room->is_wanted = true;
		model_look(m, room);
	}
}

static struct link *
make_link(struct model *m, const struct options *o, const struct state *state)
{
	struct link_options link = {
		.address = o->address,
		.nick = o->nick,
		.family = o->family,
		.timeout_ms = o->timeout_ms,
		.keeps_trying = o->message == NULL,
		.device = state->device,
	};

	return link_new(m, &link);
}

static void
tell_state(struct model *m, const struct state *state, bool has_lines)
{
	static const char words[] =
	    "this device has no memory, it is new each time";

	if (state->fd < 0 && has_lines)
		model_say(m, NULL, "%s: %s", words, state->why);
	else if (state->fd < 0)
		log_warnx("%s: %s", words, state->why);
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct state state;
	struct model *model;
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
	state_open(&state);
	model = model_new();
	open_rooms(model, &options);
	show = choose_face(&options);
	tell_state(model, &state, show == ui_run);
	status = show(model, make_link(model, &options, &state), &options);
	model_free(model);
	state_close(&state);
	options_free(&options);
	return status;
}
