/*
 * One paint: the stale parts of the face, laid out anew if need be, into curses
 * and onto the terminal.  UI thread, without the model's lock.
 */
#ifndef PAINT_H
#define PAINT_H

#include "face.h"

/* Paints what is stale and due; then it is stale no more. */
void paint(struct face *, int64_t now_ms);
/* When that will have something to do, clock_ms(); INT64_MAX: not before
 * something happens. */
int64_t paint_due(const struct face *);

#endif
