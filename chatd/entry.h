/*
 * One entry of a room's log: what happened, as it was committed.  Never changed
 * once made; shared by counting references.  One thread.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdint.h>

#include "protocol.h"

struct entry {
	uint32_t refs;
	uint32_t room; /* the room's number */
	uint64_t seq;
	uint64_t time; /* milliseconds since 1970 UTC */
	uint8_t kind;  /* enum entry_kind */
	uint8_t who_len;
	uint16_t text_len;
	char bytes[]; /* who, then text */
};

/* With one reference, the caller's.  The slices are copied. */
struct entry *entry_new(uint32_t room, uint64_t seq, uint64_t time,
    enum entry_kind, struct slice who, struct slice text);
struct entry *entry_ref(struct entry *);
void entry_unref(struct entry *);
struct slice entry_who(const struct entry *);
struct slice entry_text(const struct entry *);
/* As the message that tells it; slices point into the entry. */
void entry_message(const struct entry *, union message *);

#endif
