/*
 * The bytes of files on a connection: they go out when nothing else has to,
 * and a frame of them that has begun is all that stands before what comes up
 * meanwhile.
 */
#include <stdlib.h>

#include "conn.h"
#include "hub.h"
#include "session_state.h"
#include "xmalloc.h"

enum { BULK_FRAMES = 4 }; /* pulled at once, 64 KiB */

struct bulk {
	struct buf bytes;
	size_t ends[BULK_FRAMES]; /* of the frames, counted in bytes */
	unsigned n;
	size_t taken; /* of what was pulled */
};

static void
forget(struct session *s)
{
	buf_done(&s->bulk->bytes);
	free(s->bulk);
	s->bulk = NULL;
}

/* Offers the bytes up to end; true: all of them were taken. */
static bool
offer(struct session *s, size_t end)
{
	struct bulk *b = s->bulk;
	struct iovec iov = { buf_at(&b->bytes), end - b->taken };
	size_t n = conn_write(s->conn, &iov, 1);

	buf_consume(&b->bytes, n);
	b->taken += n;
	return b->taken == end;
}

bool
session_bulk_begun(struct session *s)
{
	const struct bulk *b = s->bulk;
	unsigned i = 0;

	if (b == NULL || b->taken == 0)
		return true;
	while (b->ends[i] < b->taken)
		i++;
	return b->ends[i] == b->taken || offer(s, b->ends[i]);
}

static bool
pull(struct session *s)
{
	struct bulk b = { .n = 0 };

	while (b.n < BULK_FRAMES) {
		hub_pull_files(
		    s->all->hub, &s->client, &b.bytes, b.bytes.len + 1);
		if (b.n != 0 && b.bytes.len == b.ends[b.n - 1])
			break;
		if (b.bytes.len == 0)
			break;
		b.ends[b.n++] = b.bytes.len;
	}
	if (b.n == 0) {
		buf_done(&b.bytes);
		return false;
	}
	s->bulk = xcalloc(1, sizeof(*s->bulk));
	*s->bulk = b;
	return true;
}

bool
session_bulk_write(struct session *s)
{
	if (s->state != STATE_READY || s->client.waiting != NULL)
		return true;
	if (s->bulk == NULL && (s->client.legs == NULL || !pull(s)))
		return true;
	if (!offer(s, s->bulk->ends[s->bulk->n - 1]))
		return false;
	forget(s);
	if (hub_has_files(&s->client))
		session_mark(s);
	return true;
}

void
session_bulk_free(struct session *s)
{
	if (s->bulk != NULL)
		forget(s);
}
