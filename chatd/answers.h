/*
 * Questions and what the operator has written down for them: a table made of
 * the settings.  Two questions are the same as two names are, names.h, and
 * blanks around them do not count.  No clock of its own.
 *
 * An answer may name rooms, in which it is given to "!question" as well: there
 * not more often than every ANSWERS_PAUSE_MS, and, all of them together, as a
 * bucket allows.
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"
#include "slice.h"

struct answers;
struct settings;

enum {
	ANSWERS_LINE = 512,	  /* bytes of a question, at most */
	ANSWERS_PAUSE_MS = 10000, /* the same one, in the same room */
	ANSWERS_RATE = 1,	  /* a second, in all rooms */
	ANSWERS_BURST = 10,
};

/* What is called so when an answer is given in a room; nobody's nick. */
#define ANSWERS_WHO "*answers"

/* Copies what it needs. */
struct answers *answers_new(const struct settings *);
void answers_free(struct answers *);
/* The answer, or the one for everything else; empty: there is none.  Good
 * until answers_free(). */
struct slice answers_find(const struct answers *, struct slice question);
/* What is to be said in the room of this key to what somebody said; empty:
 * nothing. */
struct slice answers_overhear(struct answers *, const char *room,
    size_t room_len, struct slice said, int64_t now_ms);

#endif
