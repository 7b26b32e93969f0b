#include "tail.h"

#include <string.h>
#include <sysexits.h>

#include "link.h"
#include "log.h"
#include "names.h"
#include "options.h"
#include "outlet.h"
#include "text.h"

enum { PAGE = 200 }; /* entries asked for at a time, as many as are told */

enum stage {
	ASK_HEAD, /* how long the log is */
	ASK_PAST, /* its entries, page by page */
	FOLLOW,	  /* as a member */
};

struct tail {
	struct model *model;
	const struct options *options;
	struct outlet outlet;

	/* With the model's lock. */
	struct room *room;
	enum stage stage;
	uint64_t head; /* of the log, when it was asked */
	uint64_t next; /* number of the next entry to print; 0: of the first
			  that is young enough */
	uint64_t from, asked; /* the next page begins here, the last one did */
	bool is_ended;	      /* with this exit status: */
	int status;
};

static void
end(struct tail *t, int status)
{
	t->is_ended = true;
	t->status = status;
}

/* ---- what is heard ---- */

static void
print_gap(struct tail *t, const struct event *e)
{
	struct buf words = { 0 };
	struct event gap = {
		.time = e->time, .room = e->room, .seq = e->seq - 1, "gap"
	};

	buf_printf(&words, "%llu entries are not to be had any more",
	    (unsigned long long)(e->seq - t->next));
	gap.text = buf_slice(&words);
	outlet_print(&t->outlet, &gap);
	buf_done(&words);
}

/* Only what is in the log.  When the server begins its logs anew, so do the
 * numbers. */
static void
hear(void *arg, const struct event *e)
{
	struct tail *t = arg;
	bool is_gap = strcmp(e->kind, "gap") == 0;

	if (e->seq == 0 || strcmp(e->kind, "stored") == 0 ||
	    !names_same(slice_of(e->room), slice_of(t->room->name)))
		return;
	if (e->seq < t->next && t->stage != FOLLOW)
		return;
	if (e->seq < t->next)
		log_warnx("the server's history began anew");
	else if (e->seq > t->next && t->next != 0 && !is_gap)
		print_gap(t, e);
	t->next = e->seq + 1;
	t->from = t->next;
	outlet_print(&t->outlet, e);
}

/* All that was there is printed. */
static void
reach_head(struct tail *t)
{
	if (!t->options->is_following) {
		end(t, EX_OK);
		return;
	}
	t->stage = FOLLOW;
	t->room->seq = t->next != 0 ? t->next - 1 : t->head;
	t->next = t->room->seq + 1;
}

static void
hear_head(struct tail *t, uint64_t head)
{
	unsigned lines = t->options->lines;

	t->head = head;
	t->stage = ASK_PAST;
	if (!t->options->has_since)
		t->next = head > lines ? head - lines + 1 : 1;
	t->from = t->next;
	if (t->next > head)
		reach_head(t);
}

static void
hear_page(struct tail *t, uint64_t next)
{
	if (next == 0) {
		reach_head(t);
	} else if (next > t->asked && next >= t->from) {
		t->from = next;
	} else {
		log_warnx("the server's answer makes no sense");
		end(t, EX_PROTOCOL);
	}
}

static int
status_of(enum refusal why)
{
	switch (why) {
	case REFUSE_ROOM_UNKNOWN:
	case REFUSE_NOBODY:
	case REFUSE_NOT_MEMBER:
		return EX_NOHOST;
	default:
		return EX_NOPERM;
	}
}

static void
hear_refused(struct tail *t, const struct msg_refused *r)
{
	struct buf words = { 0 };

	text_safe(&words, r->text, TEXT_ONE_LINE);
	log_warnx("%s: %s", t->options->tail, buf_string(&words));
	end(t, status_of((enum refusal)r->code));
	buf_done(&words);
}

static void
hear_answer(void *arg, const union message *m)
{
	struct tail *t = arg;

	if (m->type == MSG_REFUSED)
		hear_refused(t, &m->refused);
	else if (m->type == MSG_DONE && t->stage == ASK_HEAD)
		hear_head(t, m->done.seq);
	else if (m->type == MSG_DONE && t->stage == ASK_PAST)
		hear_page(t, m->done.next);
}

static void
rest(void *arg)
{
	struct tail *t = arg;

	outlet_rest(&t->outlet);
}

/* ---- what is asked ---- */

/* With the lock: the next request; false: none is due. */
static bool
plan(struct tail *t, union message *m)
{
	struct slice room = slice_of(t->room->name);

	if (t->model->state != LINK_LIVE || t->model->n_asked != 0)
		return false;
	if (t->stage == FOLLOW) {
		m->join = (struct msg_join){ MSG_JOIN, 0, room };
		return !t->room->is_wanted;
	}
	m->history = (struct msg_history){ .type = MSG_HISTORY,
		.room = room,
		.from = t->from,
		.since = t->options->has_since ? t->options->since : 0,
		.n = t->stage == ASK_PAST ? PAGE : 0 };
	t->asked = t->from;
	return true;
}

static void
loop(struct tail *t, struct link *link)
{
	union message m;
	bool is_due;

	while (!t->outlet.is_over) {
		model_lock(t->model);
		outlet_look(&t->outlet);
		if (t->is_ended)
			outlet_end(&t->outlet, t->status);
		is_due = plan(t, &m);
		model_unlock(t->model);
		if (is_due && !t->outlet.is_over)
			link_request(link, &m, t->room);
		outlet_wait(&t->outlet, -1);
	}
}

int
tail_run(struct model *m, struct link *link, const struct options *options)
{
	struct tail t = { .model = m, .options = options };

	outlet_init(&t.outlet, m, options);
	t.outlet.is_patient = options->is_following;
	t.room = model_room_open(m, slice_of(options->tail));
	m->ears = (struct model_ears){
		.event = hear, .answer = hear_answer, .rest = rest, .arg = &t
	};
	link_start(link);
	loop(&t, link);
	outlet_done(&t.outlet, link, NULL);
	return t.outlet.status;
}
