#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <utlist.h>

#include "clock.h"
#include "conn.h"
#include "control_state.h"
#include "log.h"
#include "loop.h"
#include "sock.h"
#include "text.h"
#include "xmalloc.h"

enum { CONTROL_BACKLOG = 16 };

/* ---- answering ---- */

static void
set_deadline(struct guest *g)
{
	heap_set(loop_timers(g->control->loop), &g->deadline,
	    loop_now(g->control->loop) + CONTROL_WAIT_MS);
}

/* What was not taken stays until writable(). */
static void
push(struct guest *g)
{
	struct iovec all = { buf_at(&g->out), g->out.len };
	size_t taken = g->out.len != 0 ? conn_write(g->conn, &all, 1) : 0;

	buf_consume(&g->out, taken);
	if (g->out.len != 0)
		return;
	if (g->page != NULL) {
		set_deadline(g);
		heap_set(loop_timers(g->control->loop), &g->next,
		    loop_now(g->control->loop));
	} else if (g->is_answered && !g->stays) {
		conn_finish(g->conn);
	}
}

static void
on_next(struct timer *t)
{
	struct guest *g =
	    (struct guest *)((char *)t - offsetof(struct guest, next));

	g->after = g->page(g);
	if (g->after == 0) {
		g->page = NULL;
		guest_ok(g, "");
	} else {
		push(g);
	}
}

void
guest_ok(struct guest *g, const char *words)
{
	g->is_answered = true;
	buf_printf(&g->out, words[0] != '\0' ? "ok %s\n" : "ok\n", words);
	push(g);
}

void
guest_no(struct guest *g, int status, const char *words)
{
	g->is_answered = true;
	buf_printf(&g->out, "no %d ", status);
	text_safe(&g->out, slice_of(words), TEXT_ONE_LINE);
	buf_add_u8(&g->out, '\n');
	push(g);
}

void
guest_result(struct guest *g, int status, struct buf *reasons, const char *ok)
{
	struct slice rest = buf_slice(reasons);
	const char *end;

	while (rest.len != 0 && (end = memchr(rest.at, '\n', rest.len))) {
		struct slice line = { rest.at, (size_t)(end - rest.at) };

		buf_add_string(&g->out, "= ");
		text_safe(&g->out, line, TEXT_ONE_LINE);
		buf_add_u8(&g->out, '\n');
		rest.at += line.len + 1;
		rest.len -= line.len + 1;
	}
	buf_done(reasons);
	if (status == 0)
		guest_ok(g, ok);
	else
		guest_no(g, status, "nothing has changed");
}

void
guest_pages(struct guest *g, uint32_t (*page)(struct guest *))
{
	g->page = page;
	push(g);
}

/* ---- a connection ---- */

static size_t
on_bytes(void *owner, const uint8_t *at, size_t len)
{
	struct guest *g = owner;
	const uint8_t *end = memchr(at, '\n', len);
	struct slice line = { (const char *)at,
		end != NULL ? (size_t)(end - at) : len };

	if (g->is_asked)
		return len;
	if (end == NULL && len <= CONTROL_LINE)
		return 0;
	g->is_asked = true;
	set_deadline(g);
	if (line.len > CONTROL_LINE || !text_is_clean(line, false))
		guest_no(g, EX_USAGE, "a request is one line of UTF-8");
	else
		control_command(g, line);
	return len;
}

/* Who asked may have closed its half; who did not never will. */
static void
on_eof(void *owner)
{
	struct guest *g = owner;

	if (!g->is_asked)
		conn_finish(g->conn);
}

static void
on_writable(void *owner)
{
	set_deadline(owner);
	push(owner);
}

static void
on_gone(void *owner, const char *why)
{
	struct guest *g = owner;
	struct control *c = g->control;

	(void)why;
	heap_cancel(loop_timers(c->loop), &g->deadline);
	heap_cancel(loop_timers(c->loop), &g->next);
	if (g->backup != NULL)
		g->backup->guest = NULL;
	DL_DELETE2(c->guests, g, prev_guest, next_guest);
	c->n--;
	buf_done(&g->out);
	free(g);
}

static const struct conn_ops guest_conn_ops = {
	.bytes = on_bytes,
	.eof = on_eof,
	.writable = on_writable,
	.gone = on_gone,
};

/* Who waits for what takes its time has asked for it, and sees it through. */
static void
on_deadline(struct timer *t)
{
	struct guest *g =
	    (struct guest *)((char *)t - offsetof(struct guest, deadline));

	if (g->is_asked && g->out.len == 0)
		return;
	conn_close(g->conn, "too slow");
}

static bool
is_heard(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static void
on_accept(void *arg, int fd, const struct dialect *dialect,
    const struct sock_addr *peer)
{
	struct control *c = arg;
	struct guest *g = xcalloc(1, sizeof(*g));

	(void)dialect;
	(void)peer;
	g->control = c;
	g->deadline.fire = on_deadline;
	g->next.fire = on_next;
	g->conn = conn_new(c->loop, fd, &guest_conn_ops, g);
	DL_APPEND2(c->guests, g, prev_guest, next_guest);
	c->n++;
	set_deadline(g);
	if (!sock_peer_uid(fd, &g->uid) || !is_heard(g->uid)) {
		g->is_asked = true;
		log_info("control: uid %ju was turned away", (uintmax_t)g->uid);
		guest_no(g, EX_NOPERM,
		    "only root and the user that chatd runs as are heard");
	} else if (c->n > CONTROL_GUESTS) {
		g->is_asked = true;
		guest_no(g, EX_TEMPFAIL, "too many ask at once");
	}
}

/* ---- all of it ---- */

struct control *
control_new(struct loop *loop, struct hub *hub, struct sessions *sessions,
    struct store *store, const struct control_ops *ops, void *arg)
{
	struct control *c = xcalloc(1, sizeof(*c));

	c->loop = loop;
	c->hub = hub;
	c->sessions = sessions;
	c->store = store;
	c->ops = ops;
	c->arg = arg;
	c->began_ms = clock_ms();
	return c;
}

void
control_open(struct control *c, const char *directory)
{
	struct sock_addr addr = { .un = { .sun_family = AF_UNIX } };
	size_t room = sizeof(addr.un.sun_path);
	int fd = -1;

	addr.len = sizeof(addr.un);
	if (snprintf(addr.un.sun_path, room, "%s/control", directory) >=
	    (int)room)
		errno = ENAMETOOLONG;
	else
		fd = sock_listen(&addr, CONTROL_BACKLOG);
	if (fd < 0 || chmod(addr.un.sun_path, 0600) < 0) {
		log_warn("%s/control: chatctl cannot be heard", directory);
		if (fd >= 0)
			close(fd);
		return;
	}
	c->listener = listener_new(c->loop, fd, NULL, on_accept, c);
	log_info("chatctl is heard on %s", addr.un.sun_path);
}

void
control_shut(struct control *c)
{
	listener_free(c->listener);
	c->listener = NULL;
}

void
control_free(struct control *c)
{
	struct backup *b, *next;
	struct guest *g;

	if (c == NULL)
		return;
	control_shut(c);
	DL_FOREACH2(c->guests, g, next_guest)
	conn_close(g->conn, "stopped");
	conn_sweep(c->loop);
	DL_FOREACH_SAFE(c->backups, b, next)
	backup_free(b);
	free(c);
}
