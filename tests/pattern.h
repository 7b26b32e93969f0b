/*
 * Messages as words, by the rows of protocol.def alone:
 *
 *	refused request=say code=text_long wait=0
 *
 * is a message to be sent (fields not named are zero, empty) or a pattern that
 * a message heard must fit (fields not named may be anything).  Between a
 * field and its value stands = or, in a pattern, != <= >= or ~ (contains).
 *
 *	numbers		7, 0x1f; by name in the fields code, reason (refusals),
 *			request (messages), kind (entries), state (here, lost)
 *	texts, names	word, "some words\n\x41", "a"*300, "a"*300"b", "a"$i
 *	ids		random, zero
 *	$name		what a pattern's field=$name met first; in a number
 *			also $name+1 or $name-1; an id that is sent and not
 *			known yet is made up
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "protocol.h"

enum { PATTERN_FIELDS = 16, PATTERN_NAME = 32 };

struct value {
	uint64_t number;
	struct buf bytes; /* of a name, a text, an id */
};

struct variables {
	struct variable {
		char name[PATTERN_NAME];
		struct value value;
	} * at;
	size_t n;
};

struct pattern {
	const struct message_row *row;
	struct pattern_test {
		const struct field *field;
		char op;     /* = ! < > ~ */
		char *value; /* as written */
	} test[PATTERN_FIELDS];
	size_t n;
};

void variables_done(struct variables *);
void variables_set_number(struct variables *, const char *name, uint64_t);

/* Takes words apart.  NULL, or what is wrong; then there is nothing to free. */
const char *pattern_parse(struct pattern *, const char *words);
void pattern_done(struct pattern *);

/* The message to send; its slices point into held.  NULL, or what is wrong. */
const char *pattern_make(const struct pattern *, struct variables *,
    union message *, struct buf held[PATTERN_FIELDS]);
/* NULL if it fits; else the field that doesn't.  Variables are set only when
 * the whole fits. */
const char *pattern_misfit(
    const struct pattern *, struct variables *, const union message *);

/* Bytes as words: hexadecimal, "text", 00*300. */
const char *pattern_bytes(struct buf *, const char *words);
/* A message as words; texts are cut after some bytes. */
void pattern_describe(struct buf *, const union message *);

#endif
