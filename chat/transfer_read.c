/*
 * A file that is sent, as the worker sees it: opened, read, hashed.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "transfer_up.h"

enum { PIPE_MS = 50 }; /* for a pipe, at a time */

static bool
is_changed(const struct up *u)
{
	const struct stat *then = &u->source.st;
	struct stat now;

	return fstat(u->source.fd, &now) < 0 || now.st_size != then->st_size ||
	    now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}

static ssize_t
read_some(const struct up *u)
{
	struct pollfd p = { .fd = u->source.fd, .events = POLLIN };
	uint8_t *to = u->piece.bytes;
	ssize_t n;

	do {
		errno = EAGAIN;
		if (!up_is_pipe(u))
			n = pread(u->source.fd, to, CORE_PIECE,
			    (off_t)u->core.hashed);
		else if (poll(&p, 1, PIPE_MS) > 0)
			n = read(u->source.fd, to, CORE_PIECE);
		else
			n = -1;
	} while (n < 0 && errno == EINTR);
	return n;
}

bool
up_read(struct task *task)
{
	struct up *u = (struct up *)task;
	ssize_t n = read_some(u);

	u->piece.at = 0;
	u->piece.len = n > 0 ? (size_t)n : 0;
	if (n < 0)
		u->core.error = errno;
	else if (!up_is_pipe(u) && is_changed(u))
		u->core.error = ESTALE;
	digest_add(u->core.digest, u->piece.bytes, u->piece.len);
	u->core.hashed += u->piece.len;
	return false;
}

bool
up_check(struct task *task)
{
	struct up *u = (struct up *)task;
	struct core *c = &u->core;

	for (int i = 0; i < CORE_HASH_STEP && c->hashed < u->check; i++) {
		ssize_t n = read_some(u);

		if (n <= 0 || is_changed(u)) {
			c->error = n < 0 ? errno : ESTALE;
			return false;
		}
		if ((uint64_t)n > u->check - c->hashed)
			n = (ssize_t)(u->check - c->hashed);
		digest_add(c->digest, u->piece.bytes, (size_t)n);
		c->hashed += (uint64_t)n;
	}
	return c->hashed < u->check && !atomic_load(&c->is_stopped);
}

uint64_t
up_time(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000 +
	    (uint64_t)st->st_mtim.tv_nsec / 1000000;
}

bool
up_open(struct task *task)
{
	struct up *u = (struct up *)task;
	struct source s;

	if (!source_open(&s, u->path, &u->why)) {
		u->core.error = ENOENT;
		return false;
	}
	u->source = s;
	if ((uint64_t)s.st.st_size == u->size && up_time(&s.st) == u->time)
		return false;
	buf_printf(&u->why, "%s: it changed since it was sent; send it again",
	    u->path);
	u->core.error = ESTALE;
	return false;
}

bool
up_close(struct task *task)
{
	struct up *u = (struct up *)task;

	if (u->source.fd >= 0)
		source_close(&u->source);
	return false;
}
