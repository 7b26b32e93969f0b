/*
 * The message area as text, without a terminal: what render would paint, row by
 * row, for tests of what is in view.
 */
#ifndef ROWS_TEXT_H
#define ROWS_TEXT_H

#include <stdint.h>

#include "../chat/windows.h"
#include "buf.h"

/* Every row of what is seen, each behind a newline, blank ends cut. */
void rows_text(struct buf *, const struct windows *, const struct layout *);

/* Lines for a room of a model, at a time. */
void rows_said(
    struct model *, struct room *, uint64_t time, const char *, const char *);
void rows_logged(struct model *, struct room *, uint64_t time, enum entry_kind,
    const char *who, const char *text);

#endif
