/*
 * One example of each message, filled from the field tables: a number or a
 * string depends only on the field's kind, name and place, so a new row has
 * its example at once.  Numbers have a different byte in each place and differ
 * from field to field, so that swapped bytes and swapped fields are noticed.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "protocol.h"

static inline uint64_t
example_number(const struct field *f, unsigned place)
{
	static const struct {
		const char *name;
		uint64_t value;
	} known[] = {
		{ "version", PROTOCOL_VERSION },
		{ "kind", ENTRY_SAID },
		{ "state", PRESENCE_HERE },
		{ "request", MSG_SAY },
		{ "code", REFUSE_TOO_FAST },
		{ "reason", REFUSE_STOPPING },
	};
	static const uint64_t base[] = {
		[KIND_u8] = 0x01,
		[KIND_u16] = 0x0102,
		[KIND_u32] = 0x01020304,
		[KIND_u64] = 0x0102030405060708,
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, f->name) == 0)
			return known[i].value;
	return base[f->kind] + 0x10 * place;
}

/* A field that is not listed holds its own name. */
static inline struct slice
example_string(const struct field *f)
{
	static const struct {
		const char *name;
		const char *value;
	} known[] = {
		{ "nick", "ann" },
		{ "who", "J\u00fcrgen" },
		{ "room", "#tea" },
		{ "to", "#tea" },
		{ "name", "#tea" },
		{ "software", "chat 1.0" },
		{ "text", "good morning \u2615\nall" },
		{ "peer", "127.0.0.1:50000" },
		{ "local", "127.0.0.1:7711" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, f->name) == 0)
			return slice_of(known[i].value);
	return slice_of(f->name);
}

static inline void
example_field(const struct field *f, unsigned place, void *to)
{
	struct id id;
	unsigned i;

	switch (f->kind) {
	case KIND_u8:
		*(kind_u8 *)to = (kind_u8)example_number(f, place);
		break;
	case KIND_u16:
		*(kind_u16 *)to = (kind_u16)example_number(f, place);
		break;
	case KIND_u32:
		*(kind_u32 *)to = (kind_u32)example_number(f, place);
		break;
	case KIND_u64:
		*(kind_u64 *)to = example_number(f, place);
		break;
	case KIND_id:
		for (i = 0; i < sizeof(id.byte); i++)
			id.byte[i] = (uint8_t)(0xa0 + i);
		*(kind_id *)to = id;
		break;
	case KIND_name:
	case KIND_text:
	case KIND_data:
		*(struct slice *)to = example_string(f);
		break;
	}
}

static inline union message
example_message(const struct message_row *row)
{
	union message m;
	const struct field *f;

	memset(&m, 0, sizeof(m));
	m.type = row->type;
	for (f = row->fields; f->name != NULL; f++)
		example_field(
		    f, (unsigned)(f - row->fields), (char *)&m + f->offset);
	return m;
}

static inline bool
example_same_field(
    const struct field *f, const union message *a, const union message *b)
{
	const void *left = (const char *)a + f->offset;
	const void *right = (const char *)b + f->offset;

	switch (f->kind) {
	case KIND_u8:
		return *(const kind_u8 *)left == *(const kind_u8 *)right;
	case KIND_u16:
		return *(const kind_u16 *)left == *(const kind_u16 *)right;
	case KIND_u32:
		return *(const kind_u32 *)left == *(const kind_u32 *)right;
	case KIND_u64:
		return *(const kind_u64 *)left == *(const kind_u64 *)right;
	case KIND_id:
		return memcmp(left, right, sizeof(kind_id)) == 0;
	case KIND_name:
	case KIND_text:
	case KIND_data:
		return slice_is(
		    *(const struct slice *)left, *(const struct slice *)right);
	}
	return false;
}

/* The first field that differs, NULL if none does. */
static inline const char *
example_difference(const union message *a, const union message *b)
{
	const struct message_row *row = protocol_row(a->type);
	const struct field *f;

	if (a->type != b->type)
		return "type";
	for (f = row->fields; f->name != NULL; f++)
		if (!example_same_field(f, a, b))
			return f->name;
	return NULL;
}

#endif
