/*
 * What goes out: bytes of files wait for everything else, but for the rest of a
 * frame that has begun.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "link_state.h"
#include "wire.h"

void
link_take_out(struct link *l)
{
	struct buf empty = l->sending;

	if (l->sending.len != 0) {
		buf_add_slice(&l->sending, buf_slice(&l->out));
		buf_clear(&l->out);
		return;
	}
	l->sending = l->out;
	l->out = empty;
}

/* So many bytes of files went out: how much is left of the frame that has
 * begun. */
static void
note_sent(struct link *l, size_t n)
{
	while (n != 0) {
		size_t took;

		if (l->begun == 0)
			l->begun = 4 + (size_t)wire_get_u32(buf_at(&l->bulk));
		took = n < l->begun ? n : l->begun;
		buf_consume(&l->bulk, took);
		l->begun -= took;
		n -= took;
	}
}

struct slice
link_next_out(const struct link *l)
{
	struct slice bulk = buf_slice(&l->bulk);

	if (l->begun != 0)
		bulk.len = l->begun;
	else if (l->sending.len != 0)
		return buf_slice(&l->sending);
	return bulk;
}

bool
link_flush(struct link *l)
{
	struct slice bytes;

	while ((bytes = link_next_out(l)).len != 0) {
		ssize_t n = send(l->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (n < 0) {
			link_set_end(l, EX_UNAVAILABLE, strerrordesc_np(errno));
			return false;
		}
		if (l->begun == 0 && l->sending.len != 0)
			buf_consume(&l->sending, (size_t)n);
		else
			note_sent(l, (size_t)n);
	}
	return true;
}
