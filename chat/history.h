/*
 * What was sent from one room, to be had again: the newest HISTORY_MAX lines.
 * Going back keeps what was being typed, the draft, and coming forward past the
 * newest line gives it back.  All zero is a valid empty history.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "slice.h"

enum { HISTORY_MAX = 1000 };

struct history {
	char **line; /* ring of HISTORY_MAX, made by the first line */
	size_t first, n;
	size_t back; /* lines one has gone back; 0: at the draft */
	char *draft; /* from the first step back on */
};

void history_done(struct history *);
/* A line that was sent: copied, unless it is empty or the newest again.  One
 * is at the draft after it. */
void history_add(struct history *, struct slice);
/* The line before, *now being kept as the draft when one begins; false at the
 * oldest.  The result is borrowed until the next call. */
bool history_previous(struct history *, struct slice now, struct slice *line);
/* The line after, at last the draft; false if one is there already. */
bool history_next(struct history *, struct slice *line);

/* The newest line that has words in it and is older than *back lines (0: any);
 * *back becomes its own number: 1 is the newest line.  false: none, *back
 * stays. */
bool history_search(const struct history *, struct slice words, size_t *back,
    struct slice *line);

#endif
