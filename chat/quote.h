/*
 * Paths as one types them for a shell, and as a terminal types them when a file
 * is dropped on it: '...', "...", backslashes, ~/, and file:// with %20 for a
 * blank.  Nothing is expanded but ~/: a star is a star.
 */
#ifndef QUOTE_H
#define QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "slice.h"

enum quote { QUOTE_NONE, QUOTE_WORD, QUOTE_OPEN };

/* Appends the next word of the text, without its quotes, and moves behind it.
 * QUOTE_NONE: there is none; QUOTE_OPEN: a quote has no end. */
enum quote quote_next(struct slice *text, struct buf *word);
/* The same, and what it names: ~/ and file:// are gone. */
enum quote quote_path(struct slice *text, struct buf *path);

/* The word at the end of a text, as far as it is typed. */
struct quote_word {
	size_t from;	 /* where it begins; the text's length: it has not */
	size_t name;	 /* behind its last slash, else as from */
	char sign;	 /* the quote it is in; 0: none */
	size_t sign_at;	 /* where that stands */
	unsigned before; /* words before it */
	bool is_behind;	 /* one of them is -- */
};
void quote_last(struct slice text, struct quote_word *);

/* Appends a path so that quote_path() reads it again; sign as above. */
void quote_add(struct buf *, struct slice path, char sign);

#endif
