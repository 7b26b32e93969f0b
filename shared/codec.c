#include "codec.h"

#include <assert.h>
#include <string.h>

#include "frame.h"
#include "text.h"
#include "utf8.h"
#include "wire.h"

/* Bytes on the wire (of a name and a text: of the length that goes before
 * it), and in memory. */
static const struct {
	size_t wire, held;
} kinds[] = {
	[KIND_u8] = { 1, sizeof(kind_u8) },
	[KIND_u16] = { 2, sizeof(kind_u16) },
	[KIND_u32] = { 4, sizeof(kind_u32) },
	[KIND_u64] = { 8, sizeof(kind_u64) },
	[KIND_id] = { 16, sizeof(kind_id) },
	[KIND_name] = { 1, sizeof(kind_name) },
	[KIND_text] = { 2, sizeof(kind_text) },
	[KIND_data] = { 2, sizeof(kind_data) },
};

/* ---- a message as bytes ---- */

static size_t
body_len(const struct message_row *row, const union message *m)
{
	const struct field *f;
	const void *held;
	size_t len = 0;

	for (f = row->fields; f->name != NULL; f++) {
		len += kinds[f->kind].wire;
		held = (const char *)m + f->offset;
		if (f->kind == KIND_name)
			len += ((const kind_name *)held)->len;
		else if (f->kind == KIND_text || f->kind == KIND_data)
			len += ((const kind_text *)held)->len;
	}
	return len;
}

static uint8_t *
put_bytes(uint8_t *to, const struct slice *s)
{
	if (s->len != 0)
		memcpy(to, s->at, s->len);
	return to + s->len;
}

static uint8_t *
put_field(uint8_t *to, enum kind kind, const void *held)
{
	switch (kind) {
	case KIND_u8:
		*to = *(const kind_u8 *)held;
		break;
	case KIND_u16:
		wire_put_u16(to, *(const kind_u16 *)held);
		break;
	case KIND_u32:
		wire_put_u32(to, *(const kind_u32 *)held);
		break;
	case KIND_u64:
		wire_put_u64(to, *(const kind_u64 *)held);
		break;
	case KIND_id:
		memcpy(to, ((const kind_id *)held)->byte, sizeof(kind_id));
		break;
	case KIND_name:
		assert(((const kind_name *)held)->len <= PROTOCOL_NAME_MAX);
		*to = (uint8_t)((const kind_name *)held)->len;
		return put_bytes(to + 1, held);
	case KIND_text:
		assert(((const kind_text *)held)->len <= PROTOCOL_TEXT_MAX);
		wire_put_u16(to, (uint16_t)((const kind_text *)held)->len);
		return put_bytes(to + 2, held);
	case KIND_data:
		assert(((const kind_data *)held)->len <= PROTOCOL_DATA_MAX);
		wire_put_u16(to, (uint16_t)((const kind_data *)held)->len);
		return put_bytes(to + 2, held);
	}
	return to + kinds[kind].wire;
}

void
codec_encode(struct buf *out, const union message *m)
{
	const struct message_row *row = protocol_row(m->type);
	const struct field *f;
	size_t length;
	uint8_t *to;

	assert(row != NULL);
	length = 1 + body_len(row, m);
	to = buf_room(out, FRAME_HEADER + length);
	wire_put_u32(to, (uint32_t)length);
	to[FRAME_HEADER] = (uint8_t)m->type;
	to += FRAME_HEADER + 1;
	for (f = row->fields; f->name != NULL; f++)
		to = put_field(to, f->kind, (const char *)m + f->offset);
	buf_grown(out, FRAME_HEADER + length);
}

/* ---- bytes as a message ---- */

/* What is left of the payload. */
struct rest {
	const uint8_t *at;
	size_t len;
};

static enum refusal
get_bytes(struct rest *in, size_t len, bool lines, struct slice *to)
{
	struct slice s = { (const char *)in->at, len };

	if (in->len < len)
		return REFUSE_FIELDS;
	if (!text_is_clean(s, lines))
		return utf8_valid(s.at, s.len) ? REFUSE_BAD_TEXT
					       : REFUSE_BAD_UTF8;
	*to = s;
	in->at += len;
	in->len -= len;
	return FINE;
}

static enum refusal
get_name(struct rest *in, size_t len, kind_name *to)
{
	if (len > PROTOCOL_NAME_MAX)
		return REFUSE_FIELDS;
	return get_bytes(in, len, false, to);
}

static enum refusal
get_text(struct rest *in, size_t len, kind_text *to)
{
	if (len > PROTOCOL_TEXT_MAX)
		return REFUSE_TEXT_LONG;
	return get_bytes(in, len, true, to);
}

static enum refusal
get_data(struct rest *in, size_t len, kind_data *to)
{
	if (in->len < len || len > PROTOCOL_DATA_MAX)
		return REFUSE_FIELDS;
	*to = (struct slice){ (const char *)in->at, len };
	in->at += len;
	in->len -= len;
	return FINE;
}

static enum refusal
get_field(struct rest *in, enum kind kind, void *to)
{
	const uint8_t *at = in->at;

	if (in->len < kinds[kind].wire)
		return REFUSE_FIELDS;
	in->at += kinds[kind].wire;
	in->len -= kinds[kind].wire;
	switch (kind) {
	case KIND_u8:
		*(kind_u8 *)to = *at;
		break;
	case KIND_u16:
		*(kind_u16 *)to = wire_get_u16(at);
		break;
	case KIND_u32:
		*(kind_u32 *)to = wire_get_u32(at);
		break;
	case KIND_u64:
		*(kind_u64 *)to = wire_get_u64(at);
		break;
	case KIND_id:
		memcpy(((kind_id *)to)->byte, at, sizeof(kind_id));
		break;
	case KIND_name:
		return get_name(in, *at, to);
	case KIND_text:
		return get_text(in, wire_get_u16(at), to);
	case KIND_data:
		return get_data(in, wire_get_u16(at), to);
	}
	return FINE;
}

/* The fields that could not be read are zero. */
static void
clear_fields(const struct field *f, union message *out)
{
	for (; f->name != NULL; f++)
		memset((char *)out + f->offset, 0, kinds[f->kind].held);
}

enum refusal
codec_decode(const uint8_t *payload, size_t len, union message *out)
{
	const struct message_row *row = protocol_row(payload[0]);
	struct rest in = { payload + 1, len - 1 };
	const struct field *f;
	enum refusal why;

	out->type = payload[0];
	if (row == NULL)
		return REFUSE_UNKNOWN_TYPE;
	for (f = row->fields; f->name != NULL; f++) {
		why = get_field(&in, f->kind, (char *)out + f->offset);
		if (why != FINE) {
			clear_fields(f, out);
			return why;
		}
	}
	return FINE;
}

static bool
is_ref(const struct field *f)
{
	return strcmp(f->name, "ref") == 0 || strcmp(f->name, "n") == 0 ||
	    strcmp(f->name, "token") == 0;
}

/* All of them are a u32 or a u64. */
uint64_t
codec_ref(const union message *m)
{
	const struct message_row *row = protocol_row(m->type);
	const struct field *f;
	const void *held;

	if (row == NULL)
		return 0;
	for (f = row->fields; f->name != NULL; f++) {
		if (!is_ref(f))
			continue;
		held = (const char *)m + f->offset;
		return f->kind == KIND_u32 ? *(const kind_u32 *)held
					   : *(const kind_u64 *)held;
	}
	return 0;
}
