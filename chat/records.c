#include "records.h"

#include <string.h>

#include "pack.h"
#include "wire.h"

enum {
	LENGTH = 4, /* u32, of what is between it and the sum */
	SUM = 8,
};

static const char head[] = "chat outbox 1\n";
enum { HEAD = sizeof(head) - 1 };

uint64_t
records_begin(struct buf *out)
{
	buf_add(out, head, HEAD);
	return pack_sum(PACK_SUM_BEGIN, head, HEAD);
}

static void
add_fields(struct buf *out, const struct record *r)
{
	buf_add_u8(out, (uint8_t)r->kind);
	buf_add_u64(out, r->id);
	switch (r->kind) {
	case RECORD_LOG:
		pack_id(out, &r->log);
		pack_text(out, r->server);
		break;
	case RECORD_SAY:
		buf_add_u64(out, r->n);
		buf_add_u64(out, r->time);
		buf_add_u8(out, r->entry);
		pack_text(out, r->room);
		pack_text(out, r->who);
		pack_text(out, r->text);
		break;
	case RECORD_ORDER:
		buf_add_u64(out, r->n);
		pack_text(out, r->ids);
		break;
	case RECORD_REFUSED:
		buf_add_u16(out, r->why);
		pack_text(out, r->text);
		break;
	case RECORD_GONE:
	case RECORD_RETRY:
		break;
	}
}

void
records_add(struct buf *out, uint64_t *sum, const struct record *r)
{
	size_t at = out->len;

	buf_add_u32(out, 0);
	add_fields(out, r);
	wire_put_u32(buf_at(out) + at, (uint32_t)(out->len - at - LENGTH));
	*sum = pack_sum(*sum, buf_at(out) + at, out->len - at);
	buf_add_u64(out, *sum);
}

bool
records_open(struct records *r, const uint8_t *at, size_t len)
{
	*r = (struct records){ .at = at, .len = len };
	if (memcmp(head, at, len < HEAD ? len : HEAD) != 0)
		return false;
	if (len < HEAD)
		return true;
	r->used = HEAD;
	r->sum = pack_sum(PACK_SUM_BEGIN, head, HEAD);
	return true;
}

/* false: it is not of a kind known here, or not as such a one is. */
static bool
read_fields(struct unpack *u, struct record *r)
{
	*r = (struct record){ .kind = unpack_u8(u) };
	r->id = unpack_u64(u);
	switch (r->kind) {
	case RECORD_LOG:
		r->log = unpack_id(u);
		r->server = unpack_text(u);
		break;
	case RECORD_SAY:
		r->n = unpack_u64(u);
		r->time = unpack_u64(u);
		r->entry = unpack_u8(u);
		r->room = unpack_text(u);
		r->who = unpack_text(u);
		r->text = unpack_text(u);
		break;
	case RECORD_ORDER:
		r->n = unpack_u64(u);
		r->ids = unpack_text(u);
		break;
	case RECORD_REFUSED:
		r->why = unpack_u16(u);
		r->text = unpack_text(u);
		break;
	case RECORD_GONE:
	case RECORD_RETRY:
		break;
	default:
		return false;
	}
	return !u->is_bad;
}

/* The record that begins where the last one ended, head and sum taken off;
 * false: there is no whole one. */
static bool
next_bytes(struct records *r, struct unpack *u)
{
	const uint8_t *at = r->at + r->used;
	size_t left = r->len - r->used, len;
	uint64_t sum;

	if (r->used == 0 || left < LENGTH + SUM)
		return false;
	len = wire_get_u32(at);
	if (len > left - LENGTH - SUM)
		return false;
	sum = pack_sum(r->sum, at, LENGTH + len);
	if (sum != wire_get_u64(at + LENGTH + len))
		return false;
	*u = (struct unpack){ .at = at + LENGTH, .left = len };
	r->used += LENGTH + len + SUM;
	r->sum = sum;
	return true;
}

bool
records_next(struct records *r, struct record *out)
{
	struct unpack u;

	while (next_bytes(r, &u))
		if (read_fields(&u, out))
			return true;
	return false;
}
