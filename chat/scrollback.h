/*
 * The messages of one room as a ring: newest at the end, the oldest forgotten
 * beyond SCROLLBACK_MAX or SCROLLBACK_BYTES.  What is kept is safe to show
 * (text_safe has been over it).  Lines have ids that grow by one and are never
 * used again, so a place in the text is (id, row) and stays true whatever
 * arrives.  Not locked: the model is.
 */
#ifndef SCROLLBACK_H
#define SCROLLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

enum {
	SCROLLBACK_MAX = 20000,       /* lines */
	SCROLLBACK_BYTES = 16 << 20, /* of lines, more or less */
};

enum line_kind {
	LINE_ENTRY,  /* an entry of the log: kind says which */
	LINE_LOCAL,  /* this program speaks: answers to commands, usage, news */
	LINE_GAP,    /* entries that are not to be had any more */
};

struct line {
	uint64_t id;    /* 1, 2, 3 ... in this scrollback */
	uint64_t seq;   /* in the room's log; 0: not in a log */
	uint64_t time;  /* milliseconds since 1970 UTC */
	uint8_t what;   /* enum line_kind */
	uint8_t kind;   /* enum entry_kind, of LINE_ENTRY */
	bool is_mine;
	bool is_mention;
	uint16_t who_len;
	uint32_t text_len;
	char bytes[]; /* who, then text; safe */
};

struct scrollback {
	struct line **at; /* ring */
	size_t cap, first, n;
	size_t bytes;     /* of all lines */
	uint64_t next_id; /* of the next line */
};

void scrollback_done(struct scrollback *);
/* Copies.  Borrowed result, good until the ring drops it. */
const struct line *scrollback_add(struct scrollback *, const struct line *head,
    struct slice who, struct slice text);
void scrollback_clear(struct scrollback *); /* ids go on */
/* By id; NULL if it is gone or not there yet. */
const struct line *scrollback_line(const struct scrollback *, uint64_t id);
uint64_t scrollback_oldest(const struct scrollback *); /* 0: empty */
uint64_t scrollback_newest(const struct scrollback *);
struct slice line_who(const struct line *);
struct slice line_text(const struct line *);

#endif
