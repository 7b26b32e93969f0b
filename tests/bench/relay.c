/*
 * The yardstick: the least a chat server can do.  One thread of poll(), frames
 * with nothing but a length, a room's bytes stored once, and for each receiver
 * at most one writev() for each time the loop wakes up.
 *
 *	relay [HOST:]PORT
 *
 * A connection's first frame is the room it wants (any bytes); it is echoed,
 * and from then on each frame goes to everybody in the room, the sender too.
 * A receiver that lags by more than BEHIND_MAX is closed.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "sock.h"
#include "wire.h"
#include "xmalloc.h"

enum {
	HEADER = 4,
	FRAME_MAX = 65536,
	CHUNK = 65536,	      /* bytes stored together */
	BEHIND_MAX = 4 << 20, /* bytes */
	PIECES = 64,	      /* chunks in a writev */
	ROOMS_LOG2 = 13,      /* of the table of rooms */
	ACCEPT_BATCH = 64,
};

struct chunk {
	struct chunk *next;
	uint64_t start; /* of data, in the room's bytes */
	uint32_t len;
	uint8_t data[CHUNK];
};

struct room {
	struct room *next, *next_dirty;
	struct chunk *oldest, *newest;
	uint64_t head; /* bytes so far */
	struct member **member;
	uint32_t n, cap;
	uint32_t key_len;
	char is_dirty;
	uint8_t key[];
};

struct member {
	struct room *room; /* NULL: has not said where to */
	struct chunk *at;  /* where cursor is; NULL: the room had no bytes */
	uint64_t cursor;
	uint8_t *part; /* the beginning of a frame */
	uint32_t part_len;
	uint32_t place;	  /* in the poll array */
	uint32_t in_room; /* in the room's members */
	int fd;
};

static struct pollfd *polls;
static struct member **members; /* by place; the listener's is NULL */
static size_t n_polls, cap_polls;
static struct room *rooms[1 << ROOMS_LOG2];
static struct room *dirty;
static uint8_t input[HEADER + FRAME_MAX + 262144];

/* ---- rooms ---- */

static struct room *
find_room(const uint8_t *key, uint32_t len)
{
	uint32_t hash = 2166136261u, i;
	struct room **slot, *r;

	for (i = 0; i < len; i++)
		hash = (hash ^ key[i]) * 16777619u;
	slot = &rooms[hash >> (32 - ROOMS_LOG2)];
	for (r = *slot; r != NULL; r = r->next)
		if (r->key_len == len && memcmp(r->key, key, len) == 0)
			return r;
	r = xcalloc(1, sizeof(*r) + len);
	memcpy(r->key, key, len);
	r->key_len = len;
	r->next = *slot;
	return *slot = r;
}

static void
enter(struct member *m, struct room *r)
{
	if (r->n == r->cap) {
		r->cap = r->cap != 0 ? 2 * r->cap : 4;
		r->member = xrealloc(r->member, r->cap, sizeof(*r->member));
	}
	m->room = r;
	m->in_room = r->n;
	r->member[r->n++] = m;
	m->cursor = r->head;
	m->at = r->newest;
}

static void
add_bytes(struct room *r, const uint8_t *at, size_t len)
{
	struct chunk *c;
	size_t n;

	for (; len > 0; at += n, len -= n) {
		c = r->newest;
		if (c == NULL || c->len == CHUNK) {
			c = xmalloc(sizeof(*c));
			c->next = NULL;
			c->start = r->head;
			c->len = 0;
			if (r->newest != NULL)
				r->newest->next = c;
			else
				r->oldest = c;
			r->newest = c;
		}
		n = CHUNK - c->len < len ? CHUNK - c->len : len;
		memcpy(c->data + c->len, at, n);
		c->len += (uint32_t)n;
		r->head += n;
	}
	if (!r->is_dirty) {
		r->is_dirty = 1;
		r->next_dirty = dirty;
		dirty = r;
	}
}

/* ---- members ---- */

static void
watch(int fd, struct member *m)
{
	if (n_polls == cap_polls) {
		cap_polls = cap_polls != 0 ? 2 * cap_polls : 64;
		polls = xrealloc(polls, cap_polls, sizeof(*polls));
		members = xrealloc(members, cap_polls, sizeof(*members));
	}
	polls[n_polls] = (struct pollfd){ fd, POLLIN, 0 };
	members[n_polls] = m;
	if (m != NULL)
		m->place = (uint32_t)n_polls;
	n_polls++;
}

static void
drop(struct member *m)
{
	struct room *r = m->room;

	if (r != NULL) {
		r->member[m->in_room] = r->member[--r->n];
		r->member[m->in_room]->in_room = m->in_room;
	}
	n_polls--;
	polls[m->place] = polls[n_polls];
	members[m->place] = members[n_polls];
	members[m->place]->place = m->place;
	close(m->fd);
	free(m->part);
	free(m);
}

/* One writev of all there is; false: the member is gone. */
static int
serve(struct member *m)
{
	struct iovec piece[PIECES];
	struct room *r = m->room;
	struct chunk *c;
	uint64_t from = m->cursor;
	ssize_t sent;
	int n = 0;

	if (m->at == NULL)
		m->at = r->oldest;
	for (c = m->at; c != NULL && n < PIECES; c = c->next) {
		if (from < c->start + c->len) {
			piece[n].iov_base = c->data + (from - c->start);
			piece[n++].iov_len = c->start + c->len - from;
		}
		from = c->start + c->len;
	}
	sent = n != 0 ? writev(m->fd, piece, n) : 0;
	if (sent < 0 && errno != EAGAIN)
		return 0;
	m->cursor += sent > 0 ? (uint64_t)sent : 0;
	while (m->at->next != NULL && m->cursor >= m->at->next->start)
		m->at = m->at->next;
	polls[m->place].events =
	    m->cursor < r->head ? POLLIN | POLLOUT : POLLIN;
	return r->head - m->cursor <= BEHIND_MAX;
}

/* Whether he is still there. */
static int
serve_or_drop(struct member *m)
{
	int stays = serve(m);

	if (!stays)
		drop(m);
	return stays;
}

static int
must_be_served(const struct member *m)
{
	return polls[m->place].events == POLLIN ||
	    m->room->head - m->cursor > BEHIND_MAX;
}

/* Chunks that everybody has. */
static void
forget(struct room *r)
{
	uint64_t least = r->head;
	struct chunk *c;
	uint32_t i;

	if (r->oldest == r->newest)
		return;
	for (i = 0; i < r->n; i++)
		if (r->member[i]->cursor < least)
			least = r->member[i]->cursor;
	while ((c = r->oldest) != r->newest && c->start + c->len <= least) {
		for (i = 0; i < r->n; i++)
			if (r->member[i]->at == c)
				r->member[i]->at = c->next;
		r->oldest = c->next;
		free(c);
	}
}

static void
serve_dirty(void)
{
	struct room *r;
	uint32_t i;

	while ((r = dirty) != NULL) {
		dirty = r->next_dirty;
		r->is_dirty = 0;
		for (i = 0; i < r->n;)
			i += !must_be_served(r->member[i]) ||
			    serve_or_drop(r->member[i]);
		forget(r);
	}
}

/* ---- input ---- */

/* Whole frames at the front; 0: none yet, -1: too long. */
static ssize_t
whole(const uint8_t *at, size_t len, size_t most)
{
	size_t used = 0, n;

	while (len - used >= HEADER && most-- > 0) {
		n = wire_get_u32(at + used);
		if (n > FRAME_MAX)
			return -1;
		if (len - used - HEADER < n)
			break;
		used += HEADER + n;
	}
	return (ssize_t)used;
}

static int
take(struct member *m, const uint8_t *at, size_t len)
{
	ssize_t used = 0, first = 0;

	if (m->room == NULL) {
		first = whole(at, len, 1);
		if (first > 0) {
			enter(m,
			    find_room(at + HEADER, (uint32_t)first - HEADER));
			if (send(m->fd, at, (size_t)first, MSG_NOSIGNAL) < 0)
				return 0;
		}
	}
	if (first >= 0 && m->room != NULL)
		used = whole(at + first, len - (size_t)first, SIZE_MAX);
	if (first < 0 || used < 0)
		return 0;
	if (used > 0)
		add_bytes(m->room, at + first, (size_t)used);
	len -= (size_t)(first + used);
	if (len != 0)
		m->part = xrealloc(m->part, len, 1);
	memcpy(m->part, at + first + used, len);
	m->part_len = (uint32_t)len;
	return 1;
}

static void
hear(struct member *m)
{
	ssize_t n;

	if (m->part_len != 0)
		memcpy(input, m->part, m->part_len);
	n = recv(m->fd, input + m->part_len, sizeof(input) - m->part_len, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || !take(m, input, m->part_len + (size_t)n))
		drop(m);
}

static void
greet(int listener)
{
	struct member *m;
	int i, fd;

	for (i = 0; i < ACCEPT_BATCH; i++) {
		fd =
		    accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		sock_tune(fd);
		m = xcalloc(1, sizeof(*m));
		m->fd = fd;
		watch(fd, m);
	}
}

static void
turn(int listener)
{
	size_t i, n = n_polls;
	struct member *m;
	short came;

	for (i = n; i-- > 1;) {
		came = polls[i].revents;
		m = members[i];
		if (came & (POLLIN | POLLHUP | POLLERR))
			hear(m);
		else if (came & POLLOUT)
			serve_or_drop(m);
	}
	if (polls[0].revents != 0)
		greet(listener);
	serve_dirty();
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	struct sock_name name;
	struct sock_addr addr;
	char text[SOCK_TEXT];
	const char *wrong;
	size_t n;
	int fd;

	log_init("relay", 0);
	if (argc != 2)
		fatalx(64, "usage: relay HOST:PORT");
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	wrong = sock_parse(argv[1], &name);
	if (wrong == NULL)
		wrong = sock_resolve(&name, true, &addr, 1, &n);
	if (wrong != NULL)
		fatalx(69, "%s: %s", argv[1], wrong);
	fd = sock_listen(&addr, 511);
	if (fd < 0)
		fatal(69, "%s", argv[1]);
	sock_local(fd, &addr);
	sock_text(&addr, text);
	log_info("listening on %s", text);
	watch(fd, NULL);
	while (poll(polls, n_polls, -1) >= 0 || errno == EINTR)
		turn(fd);
	return 1;
}
