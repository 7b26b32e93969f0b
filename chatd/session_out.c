/*
 * A session's output: what was left over, answers and entries, gathered into
 * one write; and what of it the peer has taken.
 */
#include <stdlib.h>

#include "blob.h"
#include "conn.h"
#include "hub.h"
#include "session_state.h"
#include "xmalloc.h"

enum { OUT_IOV = SESSION_PIECES + 1 };

static size_t
gather(struct session *s, struct iovec *iov)
{
	size_t n = 0;
	struct iovec answers = { buf_at(&s->out), s->out.len };

	if (s->out.len != 0 && !s->pieces_first)
		iov[n++] = answers;
	for (size_t i = 0; i < s->n_pieces; i++)
		iov[n++] = (struct iovec){
			.iov_base = s->pieces[i].blob->data +
			    (s->pieces[i].at - s->pieces[i].blob->data),
			.iov_len = s->pieces[i].len,
		};
	if (s->out.len != 0 && s->pieces_first)
		iov[n++] = answers;
	return n;
}

static size_t
answers_taken(struct session *s, size_t taken)
{
	size_t n = taken < s->out.len ? taken : s->out.len;

	if (n != 0)
		buf_consume(&s->out, n);
	if (s->out.len == 0)
		buf_done(&s->out);
	return taken - n;
}

static size_t
pieces_taken(struct session *s, size_t taken)
{
	size_t n = 0;

	while (n < s->n_pieces && taken >= s->pieces[n].len) {
		taken -= s->pieces[n].len;
		blob_unref(s->pieces[n++].blob);
	}
	if (n < s->n_pieces) {
		s->pieces[n].at += taken;
		s->pieces[n].len -= taken;
		s->pieces_first = taken != 0;
		taken = 0;
	} else {
		s->pieces_first = false;
	}
	s->n_pieces = (uint8_t)(s->n_pieces - n);
	memmove(s->pieces, s->pieces + n, s->n_pieces * sizeof *s->pieces);
	return taken;
}

/* What was taken is forgotten, in the order of gather(). */
static void
forget(struct session *s, size_t taken)
{
	if (s->pieces_first) {
		answers_taken(s, pieces_taken(s, taken));
	} else {
		taken = answers_taken(s, taken);
		if (s->out.len == 0)
			pieces_taken(s, taken);
	}
}

bool
session_write(struct session *s)
{
	struct piece pulled[SESSION_PIECES];
	struct iovec iov[OUT_IOV];
	size_t n, offered = 0, taken;
	bool is_own = s->pieces == NULL;

	if (!session_bulk_begun(s))
		return false;
	if (is_own) {
		s->pieces = pulled;
		s->n_pieces = 0;
		if (s->state < STATE_CLOSING)
			s->n_pieces = (uint8_t)hub_pull(s->all->hub, &s->client,
			    pulled, SESSION_PIECES, SESSION_PULL);
	}
	n = gather(s, iov);
	for (size_t i = 0; i < n; i++)
		offered += iov[i].iov_len;
	taken = offered != 0 ? conn_write(s->conn, iov, (int)n) : 0;
	forget(s, taken);
	if (s->n_pieces == 0) {
		if (!is_own)
			free(s->pieces);
		s->pieces = NULL;
	} else if (is_own) {
		s->pieces = xcalloc(s->n_pieces, sizeof *s->pieces);
		memcpy(s->pieces, pulled, s->n_pieces * sizeof *s->pieces);
	}
	return taken == offered && session_bulk_write(s);
}
