/*
 * The native dialect: frames of chat-protocol(7).  A fresh connection that
 * begins with something else gets one short answer in its own protocol.
 */
#include "codec.h"
#include "detect.h"
#include "dialect.h"

/* Not a stranger's protocol: let the frame reader say what is wrong. */
static const struct slice no_answer;

static enum got
read_frame(const uint8_t *at, size_t len, bool fresh, union message *out,
    size_t *used, enum refusal *why)
{
	size_t max = fresh ? PROTOCOL_FRAME_FRESH : PROTOCOL_FRAME_READY;
	struct frame f;
	enum got got = frame_read(at, len, max, &f);

	if (got == GOT_BAD)
		*why = f.why;
	if (got != GOT_ONE)
		return got;
	*used = f.used;
	*why = codec_decode(f.payload, f.len, out);
	return GOT_ONE;
}

static enum got
read_message(const uint8_t *at, size_t len, bool fresh, union message *out,
    size_t *used, enum refusal *why, struct slice *alien)
{
	enum detected what;

	*alien = no_answer;
	if (!fresh)
		return read_frame(at, len, fresh, out, used, why);
	what = detect(at, len);
	if (what == DETECT_MORE)
		return GOT_PART;
	*alien = detect_answer(what);
	if (alien->len == 0)
		return read_frame(at, len, fresh, out, used, why);
	*why = REFUSE_NOT_CHAT;
	return GOT_BAD;
}

const struct dialect dialect_frame = {
	.name = "frame",
	.no = DIALECT_FRAME,
	.read = read_message,
	.write = codec_encode,
};
