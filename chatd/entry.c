#include "entry.h"

#include <assert.h>
#include <stdlib.h>

#include "xmalloc.h"

struct entry *
entry_new(uint32_t room, uint64_t seq, uint64_t time, enum entry_kind kind,
    struct slice who, struct slice text)
{
	struct entry *e;

	assert(who.len <= PROTOCOL_NAME_MAX && text.len <= PROTOCOL_TEXT_MAX);
	e = xmalloc(sizeof *e + who.len + text.len);
	e->refs = 1;
	e->room = room;
	e->seq = seq;
	e->time = time;
	e->kind = (uint8_t)kind;
	e->who_len = (uint8_t)who.len;
	e->text_len = (uint16_t)text.len;
	if (who.len != 0)
		memcpy(e->bytes, who.at, who.len);
	if (text.len != 0)
		memcpy(e->bytes + who.len, text.at, text.len);
	return e;
}

struct entry *
entry_ref(struct entry *e)
{
	e->refs++;
	return e;
}

void
entry_unref(struct entry *e)
{
	if (e != NULL && --e->refs == 0)
		free(e);
}

struct slice
entry_who(const struct entry *e)
{
	return (struct slice){ e->bytes, e->who_len };
}

struct slice
entry_text(const struct entry *e)
{
	return (struct slice){ e->bytes + e->who_len, e->text_len };
}

void
entry_message(const struct entry *e, union message *out)
{
	out->entry = (struct msg_entry){
		.type = MSG_ENTRY,
		.room = e->room,
		.seq = e->seq,
		.time = e->time,
		.kind = e->kind,
		.who = entry_who(e),
		.text = entry_text(e),
	};
}
