#include "unread.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <jansson.h>

#include "clock.h"
#include "link.h"
#include "log.h"
#include "model.h"
#include "options.h"
#include "places.h"
#include "state.h"
#include "text.h"
#include "wake.h"
#include "xmalloc.h"

enum {
	PAGE = 200,    /* entries asked for at a time, as many as are told */
	EXIT_SOME = 1, /* the exit status when something is unread */
};

/* What is found is counted in the rooms.  With the model's lock. */
struct count {
	struct model *model;
	size_t at;	/* the room looked through; 0: none yet */
	uint64_t from;	/* where its next page begins */
	uint64_t asked; /* where the last one began */
	bool is_done;
};

/* ---- telling ---- */

static void
add_text(struct buf *out, const struct room *room)
{
	text_escape(out, slice_of(room->name));
	buf_printf(out, "\t%u\t%u\n", room->unread, room->mentions);
}

static void
add_json(struct buf *out, const struct room *room)
{
	json_t *json = json_pack("{s:s,s:I,s:I}", "room", room->name, "count",
	    (json_int_t)room->unread, "mentions", (json_int_t)room->mentions);
	char *line = NULL;

	if (json != NULL)
		line = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (line == NULL)
		fatalx(EX_OSERR, "out of memory");
	buf_printf(out, "%s\n", line);
	free(line);
	json_decref(json);
}

/* The most urgent first. */
static int
compare(const void *a, const void *b)
{
	const struct room *x = *(struct room *const *)a;
	const struct room *y = *(struct room *const *)b;

	if (x->mentions != y->mentions)
		return x->mentions < y->mentions ? 1 : -1;
	if (x->unread != y->unread)
		return x->unread < y->unread ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* With the lock.  The exit status. */
static int
tell(const struct model *m, bool is_json)
{
	struct room **rooms = xcalloc(m->n_rooms, sizeof(struct room *));
	struct buf out = { 0 };
	size_t i, n = 0;

	for (i = 1; i < m->n_rooms; i++)
		if (m->rooms[i]->unread != 0)
			rooms[n++] = m->rooms[i];
	qsort(rooms, n, sizeof(struct room *), compare);
	for (i = 0; i < n; i++)
		(is_json ? add_json : add_text)(&out, rooms[i]);
	fputs(buf_string(&out), stdout);
	buf_done(&out);
	free(rooms);
	if (fflush(stdout) == 0)
		return n != 0 ? EXIT_SOME : EX_OK;
	log_warn("standard output");
	return EX_IOERR;
}

int
unread_tell(struct model *m, struct link *link, const struct options *options)
{
	struct places places = { 0 };
	struct buf file = { 0 };

	link_stop(link, NULL);
	if (state_read("rooms", &file))
		places_read(&places, m, buf_slice(&file));
	places_done(&places);
	buf_done(&file);
	return tell(m, options->is_json);
}

/* ---- counting ---- */

static bool
is_message(const char *kind)
{
	return strcmp(kind, "said") == 0 || strcmp(kind, "action") == 0 ||
	    strcmp(kind, "notice") == 0;
}

static void
hear(void *arg, const struct event *e)
{
	struct count *c = arg;
	struct slice nick = slice_of(c->model->nick);
	struct room *room = c->model->rooms[c->at];

	if (e->seq < c->from || c->at == 0 || room->unread == UNREAD_MOST)
		return;
	c->from = e->seq + 1;
	if (!is_message(e->kind) || names_same(e->who, nick))
		return;
	room->unread++;
	room->mentions += room->is_direct || model_mentions(e->text, nick);
}

/* The next room with anything new, or none any more. */
static void
next_room(struct count *c)
{
	const struct model *m = c->model;

	while (++c->at < m->n_rooms)
		if (m->rooms[c->at]->head > m->rooms[c->at]->seen)
			break;
	c->is_done = c->at >= m->n_rooms;
	if (!c->is_done)
		c->from = m->rooms[c->at]->seen + 1;
	else
		c->at = 0;
}

/* A room that is gone meanwhile has nothing unread. */
static void
hear_answer(void *arg, const union message *m)
{
	struct count *c = arg;
	bool goes_on = m->type == MSG_DONE && m->done.next > c->asked;

	if (goes_on && c->model->rooms[c->at]->unread < UNREAD_MOST)
		c->from = m->done.next;
	else
		next_room(c);
}

/* With the lock: the next request, and for which room; NULL: none is due.  The
 * answer to the first ping comes behind the rooms one belongs to. */
static struct room *
plan(struct count *c, union message *m)
{
	const struct model *model = c->model;

	if (model->state != LINK_LIVE || model->ping_ms < 0 ||
	    model->n_asked != 0)
		return NULL;
	if (c->at == 0 && !c->is_done)
		next_room(c);
	if (c->is_done)
		return NULL;
	c->asked = c->from;
	m->history = (struct msg_history){ .type = MSG_HISTORY,
		.room = slice_of(model->rooms[c->at]->name),
		.from = c->from,
		.n = PAGE };
	return model->rooms[c->at];
}

/* With the lock.  The exit status; -1: not yet. */
static int
outcome(const struct count *c, const struct options *options, bool is_late)
{
	const struct model *m = c->model;

	if (c->is_done)
		return tell(m, options->is_json);
	if (m->is_over) {
		log_warnx("%s", m->over_why);
		return m->over_status;
	}
	if (!is_late)
		return -1;
	log_warnx("%s: no answer in time", m->where);
	return m->state == LINK_LIVE ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

static int
count_all(struct count *c, struct link *link, const struct options *options)
{
	struct pollfd p = { .fd = c->model->wake, .events = POLLIN };
	int64_t left, until = clock_ms() + options->timeout_ms;
	struct room *room;
	union message m;
	int status;

	for (;;) {
		left = until - clock_ms();
		model_lock(c->model);
		room = plan(c, &m);
		status = outcome(c, options, left <= 0);
		model_unlock(c->model);
		if (status >= 0)
			return status;
		if (room != NULL)
			link_request(link, &m, room);
		poll(&p, 1, (int)left);
		wake_clear(c->model->wake);
	}
}

int
unread_ask(struct model *m, struct link *link, const struct options *options)
{
	struct count count = { .model = m };
	int status;

	m->ears = (struct model_ears){
		.event = hear, .answer = hear_answer, .arg = &count
	};
	link_start(link);
	status = count_all(&count, link, options);
	link_stop(link, NULL);
	m->ears = (struct model_ears){ .event = NULL };
	return status;
}
