#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "link.h"
#include "options.h"
#include "outlet.h"
#include "transfer.h"
#include "xmalloc.h"

struct batch {
	struct model *model;
	struct outlet outlet;
	struct command_face face;

	/* With the model's lock. */
	unsigned n_refused, n_lost;

	/* The face's thread's. */
	struct buf in;
	bool is_eof;	  /* nothing more will be read */
	bool is_skipping; /* the rest of a line that was too long */
	unsigned n_bad;	  /* lines not understood */
	char *why;	  /* /quit's words */
};

/* ---- what is heard ---- */

static void
hear(void *arg, const struct event *e)
{
	struct batch *b = arg;

	b->n_refused += strcmp(e->kind, "refused") == 0;
	b->n_lost += strcmp(e->kind, "error") == 0;
	outlet_print(&b->outlet, e);
}

static void
rest(void *arg)
{
	struct batch *b = arg;

	outlet_rest(&b->outlet);
}

/* ---- the face ---- */

static void
face_show(void *face, struct room *room)
{
	struct batch *b = face;

	b->face.room = room;
}

static void
face_clear(void *face)
{
	(void)face;
}

static void
face_help(void *face, const char *topic)
{
	struct batch *b = face;
	size_t i, n;
	const struct command *rows = command_rows(&n);

	model_lock(b->model);
	for (i = 0; i < n; i++)
		if (strncmp(rows[i].name, topic, strlen(topic)) == 0)
			model_say(b->model, NULL, "/%s%s%s: %s", rows[i].name,
			    rows[i].usage[0] != '\0' ? " " : "", rows[i].usage,
			    rows[i].meaning);
	model_unlock_changed(b->model);
}

static void
face_quit(void *face, const char *why)
{
	struct batch *b = face;

	b->is_eof = true;
	b->why = xstrdup(why);
}

/* ---- input ---- */

/* With the lock.  Nobody will let go on what is paused. */
static bool
are_files_moving(const struct model *m)
{
	const struct transfer *t = m->transfers;

	while (t != NULL && (transfer_is_over(t) || t->is_paused))
		t = t->next;
	return t != NULL;
}

/* With the lock: what was asked so far is done.  A room that is entered counts
 * as asked; to_end: and so does what was missed in it, and files that move. */
static bool
is_settled(const struct model *m, bool to_end)
{
	size_t i;

	if (m->state != LINK_LIVE || m->n_pending != 0 || m->n_asked != 0 ||
	    (to_end && are_files_moving(m)))
		return false;
	for (i = 1; i < m->n_rooms; i++) {
		const struct room *room = m->rooms[i];
		if (room->is_wanted && !room->is_direct && !room->is_attached)
			return false;
		if (to_end && room->is_attached && room->seq < room->head)
			return false;
	}
	return true;
}

/* A command is carried out when everything before it is done; of messages,
 * some may be on their way. */
static bool
may_run(struct batch *b, const char *line)
{
	struct model *m = b->model;
	bool may;

	model_lock(m);
	may = !outlet_is_full(&b->outlet) && m->n_pending < BATCH_UNDONE;
	if (line[0] == '/' && line[1] != '/')
		may = may && is_settled(m, false);
	model_unlock(m);
	return may;
}

static void
run_line(struct batch *b, const char *line)
{
	if (command_run(&b->face, line, false) == COMMAND_KEEP)
		b->n_bad++;
}

static void
complain(struct batch *b, const char *words)
{
	model_lock(b->model);
	model_say(b->model, b->face.room, "%s", words);
	model_unlock_changed(b->model);
	b->n_bad++;
}

/* Takes one line of len bytes at the front of the input, its end included. */
static void
take_line(struct batch *b, char *line, size_t len)
{
	size_t end = len;

	while (end != 0 && (line[end - 1] == '\n' || line[end - 1] == '\r'))
		end--;
	line[end] = '\0';
	if (b->is_skipping)
		b->is_skipping = false;
	else if (strlen(line) != end)
		complain(b, "a line of input held a NUL; it was not sent");
	else
		run_line(b, line);
	buf_consume(&b->in, len);
}

/* Runs what may be run of the lines that are here.  true: more input is
 * wanted. */
static bool
take_lines(struct batch *b)
{
	while (b->in.len != 0 && b->why == NULL) {
		char *line = (char *)buf_at(&b->in);
		char *end = memchr(line, '\n', b->in.len);
		size_t len = end != NULL ? (size_t)(end - line) + 1 : b->in.len;

		if (end == NULL && !b->is_eof && b->in.len < BATCH_LINE)
			return true;
		if (end == NULL && b->in.len >= BATCH_LINE) {
			if (!b->is_skipping)
				complain(b, "a line of input was too long");
			b->is_skipping = true;
			buf_clear(&b->in);
			return true;
		}
		if (end == NULL) {
			buf_string(&b->in);
			line = (char *)buf_at(&b->in);
		}
		if (!may_run(b, line))
			return false;
		take_line(b, line, len);
	}
	return !b->is_eof;
}

static void
read_input(struct batch *b)
{
	ssize_t n =
	    read(STDIN_FILENO, buf_room(&b->in, BATCH_LINE), BATCH_LINE);

	if (n > 0)
		buf_grown(&b->in, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		b->is_eof = true;
}

/* ---- the loop ---- */

static int
outcome(const struct batch *b)
{
	unsigned n_refused = b->n_refused, n_failed = 0, n_left = 0;
	const struct transfer *t;

	for (t = b->model->transfers; t != NULL; t = t->next) {
		bool has_failed = t->state == TRANSFER_FAILED;
		n_refused += has_failed && t->code != FINE;
		n_failed += has_failed && t->code == FINE;
		n_left += !transfer_is_over(t);
	}
	if (n_refused != 0)
		return EX_NOPERM;
	if (b->n_bad != 0)
		return EX_DATAERR;
	if (n_failed != 0)
		return EX_IOERR;
	return b->n_lost + n_left != 0 ? EX_TEMPFAIL : EX_OK;
}

/* With the lock: nothing will be typed any more, and all is done. */
static bool
is_finished(const struct batch *b)
{
	return b->is_eof && (b->in.len == 0 || b->why != NULL) &&
	    is_settled(b->model, true);
}

static void
loop(struct batch *b)
{
	while (!b->outlet.is_over) {
		bool wants_input = take_lines(b);

		model_lock(b->model);
		outlet_look(&b->outlet);
		if (is_finished(b))
			outlet_end(&b->outlet, outcome(b));
		model_unlock(b->model);
		if (outlet_wait(&b->outlet, wants_input ? STDIN_FILENO : -1))
			read_input(b);
	}
}

int
batch_run(struct model *m, struct link *link, const struct options *options)
{
	struct batch b = { .model = m };

	outlet_init(&b.outlet, m, options);
	b.face = (struct command_face){ .model = m,
		.link = link,
		.room = m->looked_at,
		.face = &b,
		.show = face_show,
		.clear = face_clear,
		.help = face_help,
		.quit = face_quit };
	m->ears = (struct model_ears){ .event = hear, .rest = rest, .arg = &b };
	link_start(link);
	loop(&b);
	outlet_done(&b.outlet, link, b.why);
	buf_done(&b.in);
	free(b.why);
	return b.outlet.status;
}
