/*
 * Comings and goings made short: "dave and erik joined, fred left (timed out),
 * gina came and went".  What became of each counts, not how often.
 */
#ifndef FOLD_H
#define FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "scrollback.h"

enum { FOLD_MAX = 64 }; /* lines in one */

/* Somebody came or went. */
bool fold_is(const struct line *);
/* Appends the words for the lines [first, next), of which fold_is() is true and
 * which are there; at most FOLD_MAX. */
void fold_text(
    struct buf *, const struct scrollback *, uint64_t first, uint64_t next);

#endif
