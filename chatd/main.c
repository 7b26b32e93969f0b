/*
 * chatd: options, wiring, start, reload, stop.  The only file that knows
 * everyone.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "beacon.h"
#include "clock.h"
#include "conn.h"
#include "control.h"
#include "directory.h"
#include "guard.h"
#include "herald.h"
#include "home.h"
#include "hub.h"
#include "inherit.h"
#include "listeners.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "options.h"
#include "requests.h"
#include "session.h"
#include "settings.h"
#include "sock.h"
#include "spool.h"
#include "store.h"
#include "store_salvage.h"
#include "text.h"
#include "xmalloc.h"

enum {
	STOP_MS = 5000, /* for everybody to take the bye */
	LATE_MS = 500,	/* for those who have it to close as well */
	BACK_MS = 2000, /* when they are told to come back */
	OWN_FILES = 32, /* descriptors for what is not a client */
};

/* ---- configuration ---- */

static void
listen_standard(struct settings *s)
{
	char path[SOCK_TEXT];
	const char *standard[] = { path, "127.0.0.1:" SOCK_PORT,
		"[::1]:" SOCK_PORT };

	if (sock_default_unix(path, sizeof(path)))
		settings_listen(s, standard, 3, NULL);
	else
		settings_listen(s, standard + 1, 2, NULL);
}

/* File, command line and what is standard together.  NULL: see errors. */
static struct settings *
load(const struct options *o, struct buf *errors)
{
	struct settings *s = o->config != NULL
	    ? settings_read(o->config, errors)
	    : settings_new();

	if (s == NULL)
		return NULL;
	if (o->nlisten != 0)
		settings_listen(s, o->listen, o->nlisten, "-l");
	if (s->listen.n == 0)
		listen_standard(s);
	return s;
}

/* One line of the log for each; the last may lack its newline. */
static void
log_errors(struct buf *errors)
{
	struct slice rest = buf_slice(errors);

	while (rest.len != 0) {
		const char *end = memchr(rest.at, '\n', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.at) : rest.len;

		log_warnx("%.*s", (int)len, rest.at);
		len += end != NULL;
		rest.at += len;
		rest.len -= len;
	}
	buf_done(errors);
}

/* ---- other things to do ---- */

/* -R: what can be read of a damaged store, into a new one. */
static int
salvage(const struct options *o)
{
	char *from = directory_find(o->directory);
	struct buf report = { 0 };
	int status = EX_USAGE;

	if (from != NULL)
		status = store_salvage(from, o->salvage, &report);
	else
		buf_add_string(&report, "name the damaged directory with -s");
	log_errors(&report);
	free(from);
	return status;
}

static int
start_failed(struct buf *errors, int status)
{
	log_errors(errors);
	return status;
}

/* -t and -T: editors want the lines as they are. */
static int
only_look(const struct options *o)
{
	struct buf errors = { 0 }, safe = { 0 };
	struct settings *s = load(o, &errors);
	int status = EX_OK;

	if (s != NULL && o->print)
		settings_print(s, stdout);
	else if (s != NULL)
		listeners_check(s, &errors);
	if (errors.len != 0)
		status = EX_CONFIG;
	text_safe(&safe, buf_slice(&errors), TEXT_LINES);
	fprintf(stderr, "%s", buf_string(&safe));
	settings_free(s);
	buf_done(&errors);
	buf_done(&safe);
	return status;
}

/* ---- the daemon ---- */

struct daemon {
	const struct options *options;
	struct settings *settings;
	struct loop *loop;
	struct home home;
	struct hub *hub;
	struct sessions *sessions;
	struct notices *notices;
	struct beacon *beacon;
	struct listeners *listeners; /* NULL: stopping */
	struct control *control;
	bool is_drained;
	struct timer drained; /* set: stop then, or when all are gone */
	struct watch signals, results, files;
	struct timer patience;
	bool is_late; /* everybody has taken the bye */
};

/* As many descriptors as we are allowed. */
static void
raise_files(const struct settings *s)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		log_warn("cannot raise the limit of descriptors");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur < (rlim_t)s->limits_clients + OWN_FILES)
		log_warnx("the limit of %ju descriptors allows about %ju "
			  "clients, limits.clients is %jd",
		    (uintmax_t)files.rlim_cur,
		    (uintmax_t)files.rlim_cur > OWN_FILES
			? (uintmax_t)files.rlim_cur - OWN_FILES
			: 0,
		    (intmax_t)s->limits_clients);
}

/* All that is said has been taken: who is still there has had its bye. */
static void
stopping(struct daemon *d)
{
	if (sessions_count(d->sessions) == 0) {
		loop_stop(d->loop);
	} else if (!d->is_late && sessions_owing(d->sessions) == 0) {
		d->is_late = true;
		heap_set(loop_timers(d->loop), &d->patience,
		    loop_now(d->loop) + LATE_MS);
	}
}

static void
end_of_turn(void *arg)
{
	struct daemon *d = arg;

	hub_time(d->hub, loop_now(d->loop), clock_wall_ms());
	if (d->home.spool != NULL)
		spool_collect(d->home.spool);
	hub_turn(d->hub);
	sessions_flush(d->sessions);
	conn_sweep(d->loop);
	if (hub_waits(d->hub))
		loop_again(d->loop);
	if (d->home.store->broken != 0)
		loop_stop(d->loop);
	else if (d->listeners == NULL)
		stopping(d);
	else if (heap_holds(&d->drained) && sessions_count(d->sessions) == 0)
		heap_set(loop_timers(d->loop), &d->drained, loop_now(d->loop));
}

/* The end of the turn takes them. */
static void
on_results(struct watch *w, short revents)
{
	(void)w;
	(void)revents;
}

/* ---- signals ---- */

static void
out_of_patience(struct timer *t)
{
	struct daemon *d =
	    (struct daemon *)((char *)t - offsetof(struct daemon, patience));

	if (!d->is_late)
		log_warnx("%u clients did not take their bye",
		    sessions_owing(d->sessions));
	loop_stop(d->loop);
}

static void
stop(struct daemon *d)
{
	if (d->listeners == NULL) {
		loop_stop(d->loop);
		return;
	}
	log_info("stopping, %u clients", sessions_count(d->sessions));
	herald_stopping();
	beacon_free(d->beacon);
	d->beacon = NULL;
	listeners_free(d->listeners);
	d->listeners = NULL;
	heap_cancel(loop_timers(d->loop), &d->drained);
	sessions_stop(d->sessions, REFUSE_STOPPING, BACK_MS);
	heap_set(
	    loop_timers(d->loop), &d->patience, loop_now(d->loop) + STOP_MS);
}

static void
announce(struct daemon *d, const struct settings *s)
{
	struct lan_door doors[LAN_DOORS];

	beacon_set(d->beacon, s, doors,
	    listeners_doors(d->listeners, doors, LAN_DOORS));
}

/* Whatever fails, the old configuration stays in force as a whole. */
static int
read_again(struct daemon *d, struct buf *errors)
{
	struct settings *s = load(d->options, errors);
	int status =
	    s == NULL ? EX_CONFIG : listeners_set(d->listeners, s, errors);

	if (status != 0) {
		settings_free(s);
		return status;
	}
	hub_settings(d->hub, s);
	sessions_settings(d->sessions, s);
	notices_settings(d->notices, s);
	announce(d, s);
	raise_files(s);
	if (s->history_memory != d->settings->history_memory)
		log_info("history.memory is taken up at the next start");
	settings_free(d->settings);
	d->settings = s;
	log_info("reloaded");
	return 0;
}

static int
reload_saying(struct daemon *d, struct buf *errors)
{
	struct buf log = { 0 };
	int status;

	if (d->listeners == NULL)
		return EX_TEMPFAIL;
	herald_reloading();
	status = read_again(d, errors);
	herald_ready();
	buf_add_slice(&log, buf_slice(errors));
	log_errors(&log);
	if (status != 0)
		log_warnx("not reloaded, nothing has changed");
	return status;
}

static void
reload(struct daemon *d)
{
	struct buf errors = { 0 };

	reload_saying(d, &errors);
	buf_done(&errors);
}

/* ---- what chatctl can ask for ---- */

static void
asked_stop(void *arg)
{
	stop(arg);
}

static int
asked_reload(void *arg, struct buf *errors)
{
	return reload_saying(arg, errors);
}

static void
drained_for_long(struct timer *t)
{
	stop((struct daemon *)((char *)t - offsetof(struct daemon, drained)));
}

static int
asked_drain(void *arg, int64_t seconds, struct buf *errors)
{
	struct daemon *d = arg;

	(void)errors;
	if (d->listeners == NULL)
		return EX_TEMPFAIL;
	d->is_drained = true;
	sessions_close_door(d->sessions, true);
	listeners_drain(d->listeners);
	announce(d, d->settings);
	heap_cancel(loop_timers(d->loop), &d->drained);
	if (seconds != 0)
		heap_set(loop_timers(d->loop), &d->drained,
		    loop_now(d->loop) + 1000 * seconds);
	return 0;
}

static int
asked_undrain(void *arg, struct buf *errors)
{
	struct daemon *d = arg;
	int status;

	if (d->listeners == NULL)
		return EX_TEMPFAIL;
	if (!d->is_drained)
		return 0;
	status = listeners_undrain(d->listeners, d->settings, errors);
	if (status != 0)
		return status;
	d->is_drained = false;
	heap_cancel(loop_timers(d->loop), &d->drained);
	sessions_close_door(d->sessions, false);
	announce(d, d->settings);
	return 0;
}

static void
tell_listening(void *arg, struct buf *out)
{
	const struct daemon *d = arg;

	if (d->listeners == NULL)
		buf_add_string(out, "stopping");
	else if (heap_holds(&d->drained))
		buf_printf(out, "no, stops in %jd s",
		    (intmax_t)(d->drained.due_ms - loop_now(d->loop)) / 1000);
	else
		buf_add_string(out, d->is_drained ? "no" : "yes");
}

static const struct control_ops control_ops = {
	.stop = asked_stop,
	.reload = asked_reload,
	.drain = asked_drain,
	.undrain = asked_undrain,
	.listening = tell_listening,
};

static void
reopen(struct daemon *d)
{
	(void)d;
	log_info("no log files to reopen: the log is standard error");
}

static const struct {
	int number;
	void (*act)(struct daemon *);
} signals[] = {
	{ SIGTERM, stop },
	{ SIGINT, stop },
	{ SIGHUP, reload },
	{ SIGUSR1, reopen },
};

enum { SIGNALS = sizeof(signals) / sizeof(*signals) };

static void
on_signal(struct watch *w, short revents)
{
	struct daemon *d =
	    (struct daemon *)((char *)w - offsetof(struct daemon, signals));
	struct signalfd_siginfo info;
	size_t i;

	(void)revents;
	if (read(w->fd, &info, sizeof(info)) != sizeof(info))
		return;
	for (i = 0; i < SIGNALS; i++)
		if ((int)info.ssi_signo == signals[i].number)
			signals[i].act(d);
}

static void
watch_signals(struct daemon *d)
{
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i].number);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		fatal(EX_OSERR, "signalfd");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write past the limit just fails */
	loop_watch(d->loop, &d->signals, fd, POLLIN, on_signal);
}

/* ---- from start to end ---- */

static void
wire(struct daemon *d)
{
	d->loop = loop_new();
	d->hub = hub_new(d->settings, d->home.store, loop_timers(d->loop));
	hub_time(d->hub, loop_now(d->loop), clock_wall_ms());
	hub_load(d->hub);
	/* What a store does not tell looks like nobody's. */
	if (d->home.store->broken == 0)
		hub_spool(d->hub, d->home.spool);
	d->sessions =
	    sessions_new(d->loop, d->hub, d->settings, requests_handle);
	d->beacon = beacon_new(d->loop);
	d->notices = notices_new(d->loop, d->hub, d->settings);
	d->listeners = listeners_new(d->loop, sessions_accept, d->sessions);
	listeners_datagrams(d->listeners, notices_read, d->notices);
	d->patience.fire = out_of_patience;
	d->drained.fire = drained_for_long;
	d->control = control_new(
	    d->loop, d->hub, d->sessions, d->home.store, &control_ops, d);
	watch_signals(d);
	if (d->home.store->fd >= 0)
		loop_watch(d->loop, &d->results, d->home.store->fd, POLLIN,
		    on_results);
	if (d->home.spool != NULL)
		loop_watch(d->loop, &d->files, spool_fd(d->home.spool), POLLIN,
		    on_results);
	loop_at_end(d->loop, end_of_turn, d);
}

static void
unwire(struct daemon *d)
{
	beacon_free(d->beacon);
	control_shut(d->control);
	listeners_free(d->listeners);
	notices_free(d->notices);
	sessions_free(d->sessions);
	loop_unwatch(d->loop, &d->files);
	home_end_files(&d->home);
	hub_spool(d->hub, NULL);
	hub_free(d->hub);
	loop_unwatch(d->loop, &d->results);
	home_close(&d->home);
	control_free(d->control);
	loop_unwatch(d->loop, &d->signals);
	close(d->signals.fd);
	loop_free(d->loop);
}

/* Sockets that were handed over are served instead of those in the settings. */
static int
open_listeners(
    struct daemon *d, const struct inherited *list, int n, struct buf *errors)
{
	if (n == 0)
		return listeners_set(d->listeners, d->settings, errors);
	log_info("%d sockets were handed over: listen is not looked at", n);
	return listeners_inherit(d->listeners, d->settings, list, n, errors);
}

static int
serve(const struct options *o)
{
	struct daemon d = { .options = o };
	struct inherited sockets[INHERIT_MAX];
	struct buf errors = { 0 };
	int status = EX_OK, n = inherit_sockets(sockets, &errors);

	if (n < 0)
		return start_failed(&errors, EX_CONFIG);
	d.settings = load(o, &errors);
	if (d.settings == NULL)
		return start_failed(&errors, EX_CONFIG);
	raise_files(d.settings);
	status = home_open(&d.home, o, d.settings);
	if (status != 0) {
		settings_free(d.settings);
		return status;
	}
	wire(&d);
	status = d.home.store->broken;
	if (status == 0 && d.home.directory != NULL)
		control_open(d.control, d.home.directory);
	if (status == 0)
		status = open_listeners(&d, sockets, n, &errors);
	if (status == 0) {
		announce(&d, d.settings);
		herald_ready();
	}
	if (status != 0)
		start_failed(&errors, status);
	else if (loop_run(d.loop) < 0)
		fatal(EX_OSERR, "poll");
	else
		status = d.home.store->broken;
	unwire(&d);
	settings_free(d.settings);
	if (status == 0)
		log_info("stopped");
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	int status;

	guard_standard();
	umask(077);
	log_init("chatd", 0);
	log_plain();
	options_parse(&o, argc, argv);
	log_init("chatd", o.verbose);
	if (sodium_init() < 0)
		fatalx(EX_OSERR, "libsodium does not start");
	if (o.salvage != NULL)
		status = salvage(&o);
	else
		status = o.check || o.print ? only_look(&o) : serve(&o);
	options_done(&o);
	return status;
}
