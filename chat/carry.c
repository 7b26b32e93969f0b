#include "carry.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "digest.h"
#include "downloads.h"
#include "link.h"
#include "log.h"
#include "model.h"
#include "options.h"
#include "progress.h"
#include "text.h"
#include "utf8.h"
#include "wake.h"

enum {
	PAINT_MS = 200, /* between two lines of progress */
	COLUMNS = 80,	/* of a terminal that does not tell */
	UNDECIDED = -1,
};

struct carry {
	struct model *model;
	struct link *link;
	const struct options *options;
	unsigned number; /* of the transfer */
	int signals;	 /* signalfd */
	int signal;	 /* that ends it; 0: none */

	/* With the model's lock. */
	struct room *room;
	struct buf refused; /* the last words of that kind */
	bool was_live;
	int64_t off_ms; /* without a connection since; 0: there is one */

	bool has_terminal;
	int painted; /* columns of the line that stands there */
	int64_t paint_ms;
	struct buf line;
};

/* ---- what is heard ---- */

static void
hear(void *arg, const struct event *e)
{
	struct carry *c = arg;

	if (strcmp(e->kind, "refused") != 0)
		return;
	buf_clear(&c->refused);
	text_safe(&c->refused, e->text, TEXT_ONE_LINE);
}

/* ---- begin ---- */

/* 0, or the exit status. */
static int
begin_sending(struct carry *c)
{
	const struct options *o = c->options;
	bool is_pipe = strcmp(o->send, "-") == 0;
	struct send_file file = {
		.path = is_pipe ? NULL : o->send,
		.fd = is_pipe ? dup(STDIN_FILENO) : -1,
		.name = o->name,
		.caption = slice_of(o->message != NULL ? o->message : ""),
	};
	struct buf why = { 0 };

	if (is_pipe && file.name == NULL)
		file.name = "stdin";
	if (!text_is_clean(file.caption, true)) {
		log_warnx("%s", refusal_text(REFUSE_BAD_TEXT));
		return EX_DATAERR;
	}
	model_lock(c->model);
	c->room = model_room_open(c->model, slice_of(o->to));
	c->room->is_wanted = true;
	model_unlock(c->model);
	c->number = link_send_file(c->link, c->room, &file, &why);
	if (c->number == 0)
		log_warnx("%s",
		    why.len != 0 ? buf_string(&why)
				 : "standard input cannot be read");
	buf_done(&why);
	return c->number != 0 ? 0 : EX_NOINPUT;
}

static int
begin_fetching(struct carry *c)
{
	const struct options *o = c->options;
	bool is_pipe = o->out != NULL && strcmp(o->out, "-") == 0;
	int fd = -1, error = 0;

	if (is_pipe && (fd = dup(STDOUT_FILENO)) < 0) {
		log_warn("standard output");
		return EX_CANTCREAT;
	}
	if (!is_pipe && o->out != NULL)
		error = downloads_check(o->out);
	if (error != 0) {
		log_warnx("%s: %s", o->out, strerrordesc_np(error));
		return EX_CANTCREAT;
	}
	c->room = c->model->rooms[0];
	c->number = link_fetch_file(
	    c->link, c->room, o->get, is_pipe ? NULL : o->out, fd);
	return 0;
}

static void
take_signals(struct carry *c)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	c->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (c->signals < 0)
		fatal(EX_OSERR, "signalfd");
}

/* ---- what is shown ---- */

static const struct transfer *
transfer_of(const struct carry *c)
{
	const struct transfer *t = c->model->transfers;

	while (t->number != c->number)
		t = t->next;
	return t;
}

static int
terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		return COLUMNS;
	return size.ws_col;
}

/* With the lock. */
static void
make_line(struct carry *c)
{
	buf_clear(&c->line);
	progress_words(&c->line, transfer_of(c), terminal_columns() - 1);
}

/* Over what stands there; is_last: and stays. */
static void
put_line(struct carry *c, bool is_last)
{
	struct slice line = buf_slice(&c->line);
	int columns = terminal_columns() - 1, width;

	if (!is_last)
		line.len = utf8_fit(line.at, line.len, columns);
	width = utf8_width(line.at, line.len);
	fprintf(stderr, "\r%.*s%*s%s", SLICE_ARG(line),
	    width < c->painted ? c->painted - width : 0, "",
	    is_last ? "\n" : "");
	c->painted = is_last ? 0 : width;
}

static void
paint(struct carry *c)
{
	int64_t now_ms = clock_ms();

	if (!c->has_terminal || now_ms < c->paint_ms)
		return;
	model_lock(c->model);
	make_line(c);
	model_unlock(c->model);
	put_line(c, false);
	c->paint_ms = now_ms + PAINT_MS;
}

/* What was written is gone, and words can be told. */
static void
clear_line(struct carry *c)
{
	if (c->painted == 0)
		return;
	buf_clear(&c->line);
	put_line(c, false);
	fputs("\r", stderr);
	c->painted = 0;
}

static void complain(struct carry *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct carry *c, const char *format, ...)
{
	char words[LINK_WHY];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	clear_line(c);
	log_warnx("%s", words);
}

/* ---- how it stands ---- */

static int
status_of(const struct transfer *t)
{
	static const int no_place[] = { EACCES, EPERM, EEXIST, ENOTDIR, ENOENT,
		EROFS, EISDIR, ELOOP, ENAMETOOLONG };

	switch (t->code) {
	case FINE:
		break;
	case REFUSE_FILE_UNKNOWN:
	case REFUSE_FILE_GONE:
		return EX_NOINPUT;
	case REFUSE_FILE_HASH:
	case REFUSE_FILE_DISK:
		return EX_IOERR;
	default:
		return EX_NOPERM;
	}
	if (t->is_upload)
		return t->error == ESTALE ? EX_TEMPFAIL : EX_IOERR;
	for (size_t i = 0; i < sizeof(no_place) / sizeof(*no_place); i++)
		if (t->error == no_place[i])
			return EX_CANTCREAT;
	return EX_IOERR;
}

/* Said, but perhaps not by whom one thinks. */
static void
tell_nick(struct carry *c)
{
	const struct model *m = c->model;

	if (c->options->send != NULL &&
	    !names_same(slice_of(m->nick), slice_of(c->options->nick)))
		complain(c, "the nick %s is in use: sent as %s",
		    c->options->nick, m->nick);
}

/* Without a connection it is tried once, and, when there was one, again for as
 * long as one waits for a server. */
static int
look_at_link(struct carry *c)
{
	struct model *m = c->model;

	if (m->is_over) {
		complain(c, "%s", m->over_why);
		return m->over_status;
	}
	if (m->state == LINK_LIVE) {
		c->was_live = true;
		c->off_ms = 0;
		return UNDECIDED;
	}
	if (c->off_ms == 0)
		c->off_ms = clock_ms();
	if (clock_ms() - c->off_ms < c->options->timeout_ms &&
	    (c->was_live || m->state != LINK_WAITING))
		return UNDECIDED;
	complain(c, "%s", m->why[0] != '\0' ? m->why : "no connection in time");
	return c->was_live ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

/* With the lock: the exit status, if it is decided. */
static int
settled(struct carry *c)
{
	const struct transfer *t = transfer_of(c);

	if (t->state == TRANSFER_DONE) {
		tell_nick(c);
		return EX_OK;
	}
	if (t->state == TRANSFER_FAILED) {
		if (t->name[0] != '\0')
			complain(c, "%s: %s", t->name, t->why);
		else
			complain(c, "file %llu: %s",
			    (unsigned long long)t->file, t->why);
		return status_of(t);
	}
	if (!c->room->is_wanted && c->room->name[0] != '\0') {
		complain(c, "%s", buf_string(&c->refused));
		return EX_NOPERM;
	}
	return look_at_link(c);
}

/* NUMBER SIZE SHA256 NAME, with tabs between. */
static int
tell_result(struct carry *c)
{
	const struct transfer *t;
	struct buf name = { 0 };
	char hash[DIGEST_TEXT];
	bool is_fine;

	model_lock(c->model);
	t = transfer_of(c);
	digest_text(&t->hash, hash);
	text_escape(&name, slice_of(t->is_upload ? t->name : t->path));
	if (c->has_terminal) {
		make_line(c);
		put_line(c, true);
	}
	is_fine = (!t->is_upload && t->path[0] == '\0') ||
	    printf("%llu\t%llu\t%s\t%s\n", (unsigned long long)t->file,
		(unsigned long long)t->size, hash, buf_string(&name)) > 0;
	model_unlock(c->model);
	buf_done(&name);
	if (is_fine && fflush(stdout) == 0)
		return EX_OK;
	log_warn("standard output");
	return EX_IOERR;
}

/* ---- all of it ---- */

static void
wait_for_news(struct carry *c)
{
	struct pollfd p[2] = { { .fd = c->model->wake, .events = POLLIN },
		{ .fd = c->signals, .events = POLLIN } };
	struct signalfd_siginfo info;

	poll(p, 2, PAINT_MS);
	if (p[0].revents != 0)
		wake_clear(c->model->wake);
	if (p[1].revents != 0 &&
	    read(c->signals, &info, sizeof(info)) == sizeof(info))
		c->signal = (int)info.ssi_signo;
}

static int
wait_for_end(struct carry *c)
{
	int result = UNDECIDED;

	while (c->signal == 0) {
		model_lock(c->model);
		result = settled(c);
		model_unlock(c->model);
		if (result != UNDECIDED)
			break;
		paint(c);
		wait_for_news(c);
	}
	return result;
}

/* As if it had not been caught. */
static void
die(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	raise(signal);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int
carry_run(struct model *m, struct link *link, const struct options *options)
{
	struct carry c = { .model = m,
		.link = link,
		.options = options,
		.has_terminal = isatty(STDERR_FILENO) == 1 };
	int result;

	take_signals(&c);
	m->ears = (struct model_ears){ .event = hear, .arg = &c };
	result = options->send != NULL ? begin_sending(&c) : begin_fetching(&c);
	if (result == 0) {
		link_start(link);
		result = wait_for_end(&c);
		if (result == EX_OK)
			result = tell_result(&c);
		else
			link_transfer(link, c.number, WISH_CANCEL);
	}
	link_stop(link, NULL);
	clear_line(&c);
	m->ears = (struct model_ears){ .event = NULL };
	if (c.signal != 0)
		die(c.signal);
	close(c.signals);
	buf_done(&c.refused);
	buf_done(&c.line);
	return result;
}
