#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dialect.h"
#include "heap.h"
#include "log.h"
#include "loop.h"
#include "xmalloc.h"

enum { LISTENER_WORDS_MS = 10000 }; /* between two lines in the log */

struct listener {
	struct watch watch;
	struct timer rest;
	struct loop *loop;
	const struct dialect *dialect;
	listener_accept *accept;
	listener_datagrams *datagrams; /* instead of accept */
	void *arg;
	int reserve;	      /* a descriptor, or -1 */
	int64_t next_word_ms; /* silent until then */
	struct sock_addr at;
	dev_t dev; /* of a UNIX socket's path, as we made it */
	ino_t ino;
};

/* What accept4() failed with, and what is to be done. */
enum trouble {
	TROUBLE_NONE,	/* nobody waits */
	TROUBLE_THEIRS, /* this one connection is lost; go on */
	TROUBLE_FILES,	/* no descriptor is left */
	TROUBLE_OURS,	/* anything else: rest */
};

/* Linux hands errors of the network that wait on the new socket to accept(). */
static enum trouble
trouble(int error)
{
	switch (error) {
	case EAGAIN:
		return TROUBLE_NONE;
	case EINTR:
	case ECONNABORTED:
	case EPERM:
	case EPROTO:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENONET:
		return TROUBLE_THEIRS;
	case EMFILE:
	case ENFILE:
		return TROUBLE_FILES;
	default:
		return TROUBLE_OURS;
	}
}

static void
hold_reserve(struct listener *l)
{
	if (l->reserve < 0)
		l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
say(struct listener *l, const char *then)
{
	char at[SOCK_TEXT];
	int saved = errno;

	if (loop_now(l->loop) < l->next_word_ms)
		return;
	l->next_word_ms = loop_now(l->loop) + LISTENER_WORDS_MS;
	sock_text(&l->at, at);
	errno = saved;
	log_warn("%s: cannot accept, %s", at, then);
}

static void
rest(struct listener *l)
{
	say(l, "resting");
	loop_want(l->loop, &l->watch, 0);
	heap_set(loop_timers(l->loop), &l->rest,
	    loop_now(l->loop) + LISTENER_REST_MS);
}

static void
on_rested(struct timer *t)
{
	struct listener *l =
	    (struct listener *)((char *)t - offsetof(struct listener, rest));

	hold_reserve(l);
	loop_want(l->loop, &l->watch, POLLIN);
}

static int
accept_one(struct listener *l, struct sock_addr *peer)
{
	*peer = (struct sock_addr){ .len = sizeof(peer->ss) };
	return accept4(
	    l->watch.fd, &peer->sa, &peer->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* The newcomer gets the reserve's place, and is closed.  False when that
 * failed as well. */
static bool
turn_away(struct listener *l)
{
	struct sock_addr peer;
	int fd;

	if (l->reserve < 0)
		return false;
	say(l, "turning newcomers away");
	close(l->reserve);
	l->reserve = -1;
	fd = accept_one(l, &peer);
	if (fd >= 0)
		close(fd);
	hold_reserve(l);
	return fd >= 0 || trouble(errno) <= TROUBLE_THEIRS;
}

static void
on_ready(struct watch *w, short revents)
{
	struct listener *l =
	    (struct listener *)((char *)w - offsetof(struct listener, watch));
	struct sock_addr peer;
	enum trouble what;
	int fd, i;

	(void)revents;
	for (i = 0; i < LISTENER_BATCH; i++) {
		fd = accept_one(l, &peer);
		if (fd >= 0) {
			sock_tune(fd);
			l->accept(l->arg, fd, l->dialect, &peer);
			continue;
		}
		what = trouble(errno);
		if (what == TROUBLE_NONE)
			return;
		if (what == TROUBLE_OURS ||
		    (what == TROUBLE_FILES && !turn_away(l))) {
			rest(l);
			return;
		}
	}
}

static void
on_datagrams(struct watch *w, short revents)
{
	struct listener *l =
	    (struct listener *)((char *)w - offsetof(struct listener, watch));

	(void)revents;
	l->datagrams(l->arg, w->fd);
}

static struct listener *
listener_make(struct loop *loop, int fd, void *arg)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	l->arg = arg;
	l->reserve = -1;
	sock_local(fd, &l->at);
	return l;
}

struct listener *
listener_new_datagrams(
    struct loop *loop, int fd, listener_datagrams *fn, void *arg)
{
	struct listener *l = listener_make(loop, fd, arg);

	l->datagrams = fn;
	loop_watch(loop, &l->watch, fd, POLLIN, on_datagrams);
	return l;
}

struct listener *
listener_new(struct loop *loop, int fd, const struct dialect *dialect,
    listener_accept *fn, void *arg)
{
	struct listener *l = listener_make(loop, fd, arg);
	struct stat st;

	l->dialect = dialect;
	l->accept = fn;
	l->rest.fire = on_rested;
	if (l->at.sa.sa_family == AF_UNIX &&
	    lstat(l->at.un.sun_path, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	hold_reserve(l);
	loop_watch(loop, &l->watch, fd, POLLIN, on_ready);
	return l;
}

void
listener_leave_path(struct listener *l)
{
	l->ino = 0;
	l->dev = 0;
}

/* Unless somebody else's socket stands there by now. */
static void
remove_path(const struct listener *l)
{
	struct stat st;

	if (l->at.sa.sa_family == AF_UNIX &&
	    lstat(l->at.un.sun_path, &st) == 0 && st.st_dev == l->dev &&
	    st.st_ino == l->ino)
		unlink(l->at.un.sun_path);
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	heap_cancel(loop_timers(l->loop), &l->rest);
	loop_unwatch(l->loop, &l->watch);
	remove_path(l);
	close(l->watch.fd);
	if (l->reserve >= 0)
		close(l->reserve);
	free(l);
}
