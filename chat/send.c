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

/* What became of the message; with the model's lock. */
struct outcome {
	bool is_stored, is_refused;
	char why[256];
};

static void
hear(void *arg, const struct event *e)
{
	struct outcome *o = arg;
	struct buf words = { 0 };

	o->is_stored = o->is_stored || strcmp(e->kind, "stored") == 0;
	if (o->is_refused || strcmp(e->kind, "refused") != 0)
		return;
	o->is_refused = true;
	text_safe(&words, e->text, TEXT_ONE_LINE);
	snprintf(o->why, sizeof(o->why), "%s", buf_string(&words));
	buf_done(&words);
}

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

/* Returns the exit status; -1: not yet. */
static int
status(struct model *m, const struct outcome *o, bool is_late)
{
	if (o->is_stored)
		return EX_OK;
	if (o->is_refused) {
		log_warnx("%s", o->why);
		return EX_NOPERM;
	}
	if (m->is_over) {
		log_warnx("%s", m->over_why);
		return m->over_status;
	}
	if (!is_late)
		return -1;
	if (m->state == LINK_LIVE) {
		log_warnx("%s: connected, but not stored in time", m->where);
		return EX_TEMPFAIL;
	}
	log_warnx("%s: no connection in time", m->where);
	return EX_UNAVAILABLE;
}

static int
wait_for(struct model *m, const struct outcome *o, int timeout_ms)
{
	struct pollfd p = { .fd = m->wake, .events = POLLIN };
	int64_t left, until = clock_ms() + timeout_ms;
	int result;

	for (;;) {
		left = until - clock_ms();
		model_lock(m);
		result = status(m, o, left <= 0);
		model_unlock(m);
		if (result >= 0)
			return result;
		poll(&p, 1, (int)left);
		wake_clear(m->wake);
	}
}

int
send_run(struct model *m, struct link *link, const struct options *options)
{
	struct outcome outcome = { 0 };
	struct buf text = { 0 };
	struct room *room;
	const char *wrong;
	int result = EX_DATAERR;

	read_message(&text, options->message);
	wrong = check(buf_slice(&text));
	if (wrong == NULL) {
		model_lock(m);
		m->ears = (struct model_ears){ hear, NULL, &outcome };
		room = model_room_open(m, slice_of(options->to));
		room->is_wanted = true;
		model_unlock(m);
		link_say(link, room, ENTRY_SAID, buf_slice(&text));
		link_start(link);
		result = wait_for(m, &outcome, options->timeout_ms);
		if (result == EX_OK)
			tell_nick(m, options->nick);
	} else {
		log_warnx("%s", wrong);
	}
	link_stop(link, NULL);
	m->ears = (struct model_ears){ NULL, NULL, NULL };
	buf_done(&text);
	return result;
}
