/*
 * The native dialect: frames of chat-protocol(7).  A fresh connection that
 * begins with something else gets one short answer in its own protocol.
 */
#include "codec.h"
#include "detect.h"
#include "dialect.h"

static enum got
read_frame(struct intake *r)
{
	size_t max = r->fresh ? PROTOCOL_FRAME_FRESH : PROTOCOL_FRAME_READY;
	struct frame f;
	enum got got = frame_read(r->at, r->len, max, &f);

	if (got == GOT_BAD)
		r->why = f.why;
	if (got != GOT_ONE)
		return got;
	r->used = f.used;
	r->why = codec_decode(f.payload, f.len, &r->message);
	return GOT_ONE;
}

static enum got
read_message(void *kept, struct intake *r)
{
	enum detected what;

	(void)kept;
	if (!r->fresh)
		return read_frame(r);
	what = detect(r->at, r->len);
	if (what == DETECT_MORE)
		return GOT_PART;
	r->alien = detect_answer(what);
	/* Not a stranger's protocol: the frame reader says what is wrong. */
	if (r->alien.len == 0)
		return read_frame(r);
	r->why = REFUSE_NOT_CHAT;
	return GOT_BAD;
}

static void
write_message(void *kept, struct buf *out, const union message *m)
{
	(void)kept;
	codec_encode(out, m);
}

/* A frame says by number which room it is about. */
static void
share_message(struct buf *out, struct slice room, const union message *m)
{
	(void)room;
	codec_encode(out, m);
}

const struct dialect dialect_frame = {
	.name = "frame",
	.no = DIALECT_FRAME,
	.read = read_message,
	.write = write_message,
	.share = share_message,
};
