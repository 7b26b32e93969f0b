/*
 * Any bytes as a stream of frames.  Whatever pieces they come in, the same
 * frames are found; a message that can be read is written again as the very
 * bytes it was read from.
 *
 * The first byte of an input chooses the limit and how the rest is cut.
 */
#include <stdlib.h>

#include "../example.h"
#include "buf.h"
#include "codec.h"
#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What became of a stream: its frames, each as length and hash, and the end. */
struct outcome {
	struct buf frames;
	enum got end;
	enum refusal why;
};

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			abort();                                               \
	} while (0)

static void
try_again(const struct frame *f, const union message *m)
{
	struct buf b = { 0 };
	struct frame written;
	union message again;

	codec_encode(&b, m);
	MUST(frame_read(buf_at(&b), b.len, b.len, &written) == GOT_ONE);
	MUST(written.used == b.len);
	MUST(written.len <= f->len);
	MUST(memcmp(written.payload, f->payload, written.len) == 0);
	MUST(codec_decode(written.payload, written.len, &again) == FINE);
	MUST(example_difference(m, &again) == NULL);
	buf_done(&b);
}

/* A copy of exactly the frame's size, so that reading past it is seen. */
static void
try_frame(const struct frame *f)
{
	struct frame copy = { .payload = malloc(f->len), .len = f->len };
	union message m;
	enum refusal why;

	memcpy((void *)(uintptr_t)copy.payload, f->payload, f->len);
	why = codec_decode(copy.payload, copy.len, &m);
	MUST(m.type == copy.payload[0]);
	(void)codec_ref(&m);
	if (why == FINE)
		try_again(&copy, &m);
	else
		MUST(*refusal_text(why) != '\0');
	free((void *)(uintptr_t)copy.payload);
}

/* Takes the whole frames off the front of in. */
static void
take_frames(struct buf *in, size_t max, struct outcome *out)
{
	struct frame f = { .why = FINE };

	while (
	    (out->end = frame_read(buf_at(in), in->len, max, &f)) == GOT_ONE) {
		buf_add_u32(&out->frames, (uint32_t)f.len);
		buf_add(&out->frames, f.payload, f.len);
		buf_consume(in, f.used);
	}
	out->why = out->end == GOT_BAD ? f.why : FINE;
}

/* Hands the stream over in pieces of 1 to most bytes. */
static struct outcome
read_stream(
    const uint8_t *data, size_t len, size_t max, size_t most, uint32_t seed)
{
	struct outcome out = { .end = GOT_PART };
	struct buf in = { 0 };
	size_t n;

	while (len > 0 && out.end != GOT_BAD) {
		seed = seed * 1664525 + 1013904223;
		n = 1 + (seed >> 8) % most;
		n = n < len ? n : len;
		buf_add(&in, data, n);
		take_frames(&in, max, &out);
		data += n;
		len -= n;
	}
	buf_done(&in);
	return out;
}

static void
expect_same(struct outcome *a, struct outcome *b)
{
	MUST(slice_is(buf_slice(&a->frames), buf_slice(&b->frames)));
	MUST(a->end == b->end && a->why == b->why);
	buf_done(&b->frames);
}

static void
try_each(struct buf *frames)
{
	struct frame f;

	while (
	    frame_read(buf_at(frames), frames->len, SIZE_MAX, &f) == GOT_ONE) {
		try_frame(&f);
		buf_consume(frames, f.used);
	}
	MUST(frames->len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole, pieces;
	size_t max;
	uint8_t choice;

	if (len == 0)
		return 0;
	choice = *data++;
	len--;
	max = choice & 1 ? PROTOCOL_FRAME_READY : PROTOCOL_FRAME_FRESH;
	whole = read_stream(data, len, max, 1, 0);
	pieces = read_stream(data, len, max, len + 1, choice);
	expect_same(&whole, &pieces);
	pieces = read_stream(data, len, max, 2 + choice / 4, choice);
	expect_same(&whole, &pieces);
	try_each(&whole.frames);
	buf_done(&whole.frames);
	return 0;
}
