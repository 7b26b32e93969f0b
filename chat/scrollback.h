/*
 * The messages of one room as a ring: newest at the end, the oldest forgotten
 * beyond SCROLLBACK_MAX or SCROLLBACK_BYTES; while somebody reads far up it is
 * held, and as much again is kept.  What is kept is safe to show (text_safe has
 * been over it).  Lines have ids that grow by one and are never used again;
 * they begin high, so that older lines that are put before all others have
 * lower ones.  So a place in the text is (id, row) and stays true whatever
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
	SCROLLBACK_HELD = 2,         /* times as much, while it is held */
};
/* Of the first line added; no multiple of fold.h's FOLD_MAX, where no two
 * lines are joined. */
#define SCROLLBACK_ID ((UINT64_C(1) << 32) + 32)

enum line_kind {
	LINE_ENTRY,  /* an entry of the log: kind says which */
	LINE_LOCAL,  /* this program speaks: answers to commands, usage, news */
	LINE_GAP,    /* entries that are not to be had any more */
	LINE_FOUND,  /* an entry that a search found, perhaps of another room */
	LINE_MOVE,   /* a file on its way: the model's transfer with it */
};

struct line {
	uint64_t id;    /* in this scrollback */
	uint64_t seq;   /* in the room's log; 0: not in a log */
	uint64_t time;  /* milliseconds since 1970 UTC */
	uint8_t what;   /* enum line_kind */
	uint8_t kind;   /* enum entry_kind, of LINE_ENTRY and LINE_FOUND */
	bool is_mine;
	bool is_mention;
	uint16_t who_len;
	uint32_t text_len;
	char bytes[]; /* who, then text; safe.  LINE_FOUND: who is the nick, a
	                 blank, and the room */
};

struct scrollback {
	struct line **at; /* ring */
	size_t cap, first, n;
	size_t bytes;     /* of all lines */
	uint64_t next_id; /* of the next line; 0: there was none yet */
	bool is_held;
	/* Of the log that is gone on with: */
	uint64_t first_seq; /* the first entry kept; 0: none */
	uint64_t log_id;    /* lines before this one are of logs before it */
};

void scrollback_done(struct scrollback *);
/* Copies.  Borrowed result, good until the ring drops it. */
const struct line *scrollback_add(struct scrollback *, const struct line *head,
    struct slice who, struct slice text);
/* Moves all lines of the other one before those there are; the other one is
 * empty then, its numbers gone.  They must fit: scrollback_has_room(). */
void scrollback_put_before(struct scrollback *, struct scrollback *other);
/* Whether so many more lines can be put before the others: also false where
 * those are of another log. */
bool scrollback_has_room(const struct scrollback *, size_t lines);
/* The entries to come are of another log. */
void scrollback_new_log(struct scrollback *);
void scrollback_clear(struct scrollback *); /* ids go on */
/* By id; NULL if it is gone or not there yet. */
const struct line *scrollback_line(const struct scrollback *, uint64_t id);
/* The line of an entry of the log that is gone on with; NULL: not here. */
const struct line *scrollback_entry(const struct scrollback *, uint64_t seq);
uint64_t scrollback_oldest(const struct scrollback *); /* 0: empty */
uint64_t scrollback_newest(const struct scrollback *);
uint64_t scrollback_next(const struct scrollback *); /* never 0 */
struct slice line_who(const struct line *);
struct slice line_text(const struct line *);
struct slice line_room(const struct line *); /* of LINE_FOUND */

#endif
