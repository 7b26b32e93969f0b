#include "send.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "link.h"
#include "log.h"
#include "model.h"
#include "options.h"
#include "text.h"
#include "wake.h"

struct sending {
	struct model *model;
	struct link *link;
	const char *nick; /* wanted */
	uint64_t id;	  /* of the message in the outbox */
};

/* The message, from standard input if it is "-"; a newline at its very end is
 * not part of it.  Stops reading when it is too long anyway. */
static void
read_message(struct buf *out, const char *message)
{
	ssize_t n = 1;

	if (strcmp(message, "-") != 0) {
		buf_add_string(out, message);
		return;
	}
	while (n != 0 && out->len <= 2 * PROTOCOL_TEXT_MAX) {
		n = read(STDIN_FILENO, buf_room(out, PROTOCOL_TEXT_MAX),
		    PROTOCOL_TEXT_MAX);
		if (n < 0 && errno != EINTR)
			fatal(EX_NOINPUT, "standard input");
		if (n > 0)
			buf_grown(out, (size_t)n);
	}
	if (out->len != 0 && buf_at(out)[out->len - 1] == '\n')
		out->len--;
}

/* NULL, or why it cannot be said. */
static const char *
check(struct slice text)
{
	if (text.len == 0)
		return refusal_text(REFUSE_TEXT_EMPTY);
	if (text.len > PROTOCOL_TEXT_MAX)
		return refusal_text(REFUSE_TEXT_LONG);
	if (!text_is_clean(text, true))
		return refusal_text(REFUSE_BAD_TEXT);
	return NULL;
}

/* Said, but perhaps not by whom one thinks. */
static void
tell_nick(const struct model *m, const char *wanted)
{
	if (!names_same(slice_of(m->nick), slice_of(wanted)))
		log_warnx("the nick %s is in use: said as %s", wanted, m->nick);
}

/* What an earlier run left comes first, so that all is said in order. */
static void
tell_earlier(unsigned n)
{
	if (n == 1)
		log_warnx("a message of an earlier run waits: it is sent "
			  "first");
	else if (n != 0)
		log_warnx("%u messages of earlier runs wait: they are sent "
			  "first",
		    n);
}

/* With the lock: the exit status; -1: not yet. */
static int
settled(const struct sending *s)
{
	const struct model *m = s->model;
	const struct pending *p = m->outbox;

	while (p != NULL && p->id != s->id)
		p = p->next;
	if (p == NULL || p->is_stored) {
		tell_nick(m, s->nick);
		return EX_OK;
	}
	if (p->why == FINE)
		return -1;
	log_warnx("%s: %s", p->room->name,
	    p->words != NULL ? p->words : refusal_text(p->why));
	return EX_NOPERM;
}

/* The message is taken back.  Where the server may have it already it cannot
 * be: then it is kept for the next run, which makes sure, once. */
static int
give_up(const struct sending *s, bool is_taken_back)
{
	const struct model *m = s->model;
	int status = is_taken_back ? -1 : settled(s);

	if (status >= 0)
		return status;
	if (!is_taken_back) {
		log_warnx("%s: whether it is stored is not known: %s",
		    m->is_over ? m->over_why : m->where,
		    m->is_unsafe ? "the server did not answer in time"
				 : "it is kept, the next run makes sure of it");
		return EX_TEMPFAIL;
	}
	if (m->is_over) {
		log_warnx("%s; it was not said", m->over_why);
		return m->over_status != EX_TEMPFAIL ? m->over_status
						     : EX_UNAVAILABLE;
	}
	if (m->state == LINK_LIVE)
		log_warnx(
		    "%s: connected, but not sent in time; it was not said",
		    m->where);
	else
		log_warnx(
		    "%s: no connection in time; it was not said", m->where);
	return EX_UNAVAILABLE;
}

static int
wait_for(const struct sending *s, int timeout_ms)
{
	struct model *m = s->model;
	struct pollfd p = { .fd = m->wake, .events = POLLIN };
	int64_t left, until = clock_ms() + timeout_ms;
	bool is_over, is_taken_back;
	int result;

	for (;;) {
		left = until - clock_ms();
		model_lock(m);
		result = settled(s);
		is_over = m->is_over || left <= 0;
		model_unlock(m);
		if (result >= 0 || is_over)
			break;
		poll(&p, 1, (int)left);
		wake_clear(m->wake);
	}
	is_taken_back = result != EX_OK && link_withdraw(s->link, s->id);
	model_lock(m);
	if (result < 0)
		result = give_up(s, is_taken_back);
	model_unlock(m);
	return result;
}

static int
say(struct sending *s, struct slice text, const struct options *options)
{
	struct room *room;

	model_lock(s->model);
	tell_earlier(s->model->n_pending);
	room = model_room_open(s->model, slice_of(options->to));
	room->is_wanted = true;
	model_unlock(s->model);
	s->id = link_say(s->link, room, ENTRY_SAID, text);
	link_start(s->link);
	return wait_for(s, options->timeout_ms);
}

int
send_run(struct model *m, struct link *link, const struct options *options)
{
	struct sending s = { .model = m, .link = link, .nick = options->nick };
	struct buf text = { 0 };
	const char *wrong;
	int result = EX_DATAERR;

	read_message(&text, options->message);
	wrong = check(buf_slice(&text));
	if (wrong == NULL)
		result = say(&s, buf_slice(&text), options);
	else
		log_warnx("%s", wrong);
	link_stop(link, NULL);
	buf_done(&text);
	return result;
}
