#include "batch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "clock.h"
#include "command.h"
#include "link.h"
#include "log.h"
#include "options.h"
#include "text.h"
#include "wake.h"
#include "xmalloc.h"

enum { REST_MS = 1000 }; /* for the reader to take what is left */

struct batch {
	struct model *model;
	struct link *link;
	const struct options *options;
	struct command_face face;
	int signals; /* signalfd */

	/* With the model's lock. */
	struct buf out;
	pthread_cond_t drained; /* out has become empty */
	bool is_ending;		/* nobody waits for that any more */
	unsigned n_refused, n_lost;

	/* The main thread's. */
	struct buf writing, in;
	bool is_eof;	  /* nothing more will be read */
	bool is_skipping; /* the rest of a line that was too long */
	bool is_over;	  /* status is what it ends with */
	unsigned n_bad;	  /* lines not understood */
	int64_t off_ms;	  /* without a connection since; 0: there is one */
	char *why;	  /* /quit's words */
	int status;
};

/* ---- an event as a line ---- */

static void
add_time(struct buf *out, uint64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		snprintf(text, sizeof(text), "-");
	buf_printf(out, "%s.%03uZ", text, (unsigned)(wall_ms % 1000));
}

void
batch_text(struct buf *out, const struct event *e)
{
	add_time(out, e->time);
	buf_add_string(out, "\t");
	text_escape(out, slice_of(e->room));
	if (e->seq != 0)
		buf_printf(out, "\t%llu\t", (unsigned long long)e->seq);
	else
		buf_add_string(out, "\t-\t");
	buf_add_string(out, e->kind);
	buf_add_string(out, "\t");
	text_escape(out, e->who);
	buf_add_string(out, "\t");
	text_escape(out, e->text);
	buf_add_string(out, "\n");
}

/* What was typed need not be UTF-8; what came always is. */
static json_t *
json_text(struct slice text)
{
	json_t *json = json_stringn(text.len != 0 ? text.at : "", text.len);
	struct buf safe = { 0 };

	if (json != NULL)
		return json;
	text_safe(&safe, text, TEXT_LINES);
	json = json_string(buf_string(&safe));
	buf_done(&safe);
	return json;
}

/* ASCII only, so that it can be looked at on any terminal. */
void
batch_json(struct buf *out, const struct event *e)
{
	struct buf at = { 0 };
	json_t *json = json_object();
	char *line;

	add_time(&at, e->time);
	json_object_set_new(json, "time", json_text(buf_slice(&at)));
	json_object_set_new(json, "room", json_text(slice_of(e->room)));
	json_object_set_new(json, "seq",
	    e->seq != 0 ? json_integer((json_int_t)e->seq) : json_null());
	json_object_set_new(json, "kind", json_text(slice_of(e->kind)));
	json_object_set_new(json, "who", json_text(e->who));
	json_object_set_new(json, "text", json_text(e->text));
	line = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (line == NULL)
		fatalx(EX_OSERR, "out of memory");
	buf_add_string(out, line);
	buf_add_string(out, "\n");
	free(line);
	json_decref(json);
	buf_done(&at);
}

/* ---- what is heard ---- */

static void
hear(void *arg, const struct event *e)
{
	struct batch *b = arg;

	b->n_refused += strcmp(e->kind, "refused") == 0;
	b->n_lost += strcmp(e->kind, "error") == 0;
	if (b->options->is_json)
		batch_json(&b->out, e);
	else
		batch_text(&b->out, e);
}

static void
wait_for_reader(void *arg)
{
	struct batch *b = arg;

	model_lock(b->model);
	while (b->out.len > BATCH_OUT && !b->is_ending)
		pthread_cond_wait(&b->drained, &b->model->lock);
	model_unlock(b->model);
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

/* With the lock: what was asked so far is done.  A room that is entered counts
 * as asked; to_end: and so does what was missed in it. */
static bool
is_settled(const struct model *m, bool to_end)
{
	size_t i;

	if (m->state != LINK_LIVE || m->n_pending != 0 || m->n_asked != 0)
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
	may = b->out.len < BATCH_OUT && m->n_pending < BATCH_UNDONE;
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

/* ---- output ---- */

static void
end(struct batch *b, int status)
{
	if (!b->is_over)
		b->status = status;
	b->is_over = true;
}

static void
take_events(struct batch *b)
{
	struct buf empty = b->writing;

	if (b->writing.len != 0)
		return;
	b->writing = b->out;
	b->out = empty;
	pthread_cond_signal(&b->drained);
}

/* So much goes into a pipe that is ready without waiting. */
static void
write_some(struct batch *b)
{
	size_t len = b->writing.len < PIPE_BUF ? b->writing.len : PIPE_BUF;
	ssize_t n = write(STDOUT_FILENO, buf_at(&b->writing), len);

	if (n >= 0) {
		buf_consume(&b->writing, (size_t)n);
	} else if (errno == EPIPE) {
		buf_clear(&b->writing);
		end(b, EX_OK);
	} else if (errno != EINTR && errno != EAGAIN) {
		log_warn("standard output");
		buf_clear(&b->writing);
		end(b, EX_IOERR);
	}
}

/* ---- the loop ---- */

static int
outcome(const struct batch *b)
{
	if (b->n_refused != 0)
		return EX_NOPERM;
	if (b->n_bad != 0)
		return EX_DATAERR;
	return b->n_lost != 0 ? EX_TEMPFAIL : EX_OK;
}

/* With the lock. */
static void
note_state(struct batch *b, int64_t now_ms)
{
	struct model *m = b->model;

	if (m->is_over) {
		log_warnx("%s", m->over_why);
		end(b, m->over_status);
	} else if (m->state == LINK_LIVE) {
		b->off_ms = 0;
	} else if (b->off_ms == 0) {
		b->off_ms = now_ms;
	} else if (now_ms - b->off_ms >= b->options->timeout_ms) {
		log_warnx("%s%s", m->why[0] != '\0' ? m->why : m->where,
		    m->why[0] != '\0' ? "" : ": no connection in time");
		end(b, EX_UNAVAILABLE);
	}
	if (b->is_eof && (b->in.len == 0 || b->why != NULL) &&
	    is_settled(m, true))
		end(b, outcome(b));
}

static int
wait_ms(const struct batch *b, int64_t now_ms)
{
	int64_t left = b->off_ms + b->options->timeout_ms - now_ms;

	if (b->off_ms == 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

static void
wait_and_act(struct batch *b, bool wants_input, int64_t now_ms)
{
	struct pollfd p[4] = {
		{ .fd = wants_input ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = STDOUT_FILENO,
		    .events = b->writing.len != 0 ? POLLOUT : 0 },
		{ .fd = b->model->wake, .events = POLLIN },
		{ .fd = b->signals, .events = POLLIN },
	};

	if (poll(p, 4, wait_ms(b, now_ms)) < 0)
		return;
	wake_clear(b->model->wake);
	if (p[3].revents != 0)
		end(b, EX_OK);
	if ((p[1].revents & (POLLERR | POLLNVAL)) != 0) {
		buf_clear(&b->writing);
		end(b, EX_OK);
		return;
	}
	if ((p[1].revents & POLLOUT) != 0)
		write_some(b);
	if (p[0].revents != 0)
		read_input(b);
}

static void
loop(struct batch *b)
{
	while (!b->is_over) {
		int64_t now_ms = clock_ms();
		bool wants_input = take_lines(b);

		model_lock(b->model);
		note_state(b, now_ms);
		take_events(b);
		model_unlock(b->model);
		if (!b->is_over)
			wait_and_act(b, wants_input, now_ms);
	}
}

/* ---- start and stop ---- */

static int
take_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;
	int fd;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		fatal(EX_OSERR, "signalfd");
	return fd;
}

/* What is left is written as long as somebody reads it. */
static void
write_rest(struct batch *b)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	for (;;) {
		take_events(b);
		if (b->writing.len == 0 || poll(&p, 1, REST_MS) <= 0 ||
		    (p.revents & POLLOUT) == 0)
			return;
		write_some(b);
	}
}

static void
stop(struct batch *b)
{
	model_lock(b->model);
	b->is_ending = true;
	pthread_cond_signal(&b->drained);
	model_unlock(b->model);
	link_stop(b->link, b->why);
	model_lock(b->model);
	b->model->ears = (struct model_ears){ NULL, NULL, NULL };
	model_unlock(b->model);
	write_rest(b);
}

int
batch_run(struct model *m, struct link *link, const struct options *options)
{
	struct batch b = { .model = m, .link = link, .options = options };

	b.signals = take_signals();
	pthread_cond_init(&b.drained, NULL);
	b.face = (struct command_face){ .model = m,
		.link = link,
		.room = m->looked_at,
		.face = &b,
		.show = face_show,
		.clear = face_clear,
		.help = face_help,
		.quit = face_quit };
	m->ears = (struct model_ears){ hear, wait_for_reader, &b };
	b.off_ms = clock_ms();
	link_start(link);
	loop(&b);
	stop(&b);
	close(b.signals);
	pthread_cond_destroy(&b.drained);
	buf_done(&b.out);
	buf_done(&b.writing);
	buf_done(&b.in);
	free(b.why);
	return b.status;
}
