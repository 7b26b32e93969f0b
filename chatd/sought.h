/*
 * The words of a text, and what a search looks for.
 *
 * A word is a run of letters and digits with their marks.  Case, accents
 * (U+0300 to U+036F) and compatible forms (full width, ligatures) do not
 * matter: a word is known by its folded form.  All else only divides words;
 * what cannot be seen does not even do that.
 *
 * A search is pieces between blanks.  A piece is one word, or several that are
 * written together (foo_bar.c) and then stand one behind the other in the text,
 * or none, which does not matter.
 */
#ifndef SOUGHT_H
#define SOUGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "slice.h"

/* The first word from byte *at of a text, valid UTF-8; its folded form replaces
 * what is in the buffer, and *at moves behind it.  False: there is none. */
bool sought_word(struct slice text, size_t *at, struct buf *folded);

/* All zero looks for nothing, which is nowhere. */
struct sought {
	struct buf pieces;     /* of folded words, each with a NUL behind it */
	struct buf text, word; /* where texts are folded */
};

void sought_init(struct sought *, struct slice words);
void sought_done(struct sought *);
bool sought_is_in(struct sought *, struct slice text);

/* As an expression of FTS5, in which only the words mean anything; empty if
 * there are none. */
void sought_expression(struct slice words, struct buf *out);

#endif
