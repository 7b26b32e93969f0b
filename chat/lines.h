/*
 * One event as a line, for the faces without a screen:
 *
 *	TIME<TAB>ROOM<TAB>SEQ<TAB>KIND<TAB>WHO<TAB>TEXT
 *
 * with \n \t \\ escaped, or a JSON object with these names in lower case.
 * TIME is ISO 8601 in UTC with milliseconds; SEQ is - (in JSON null) for what
 * is not in a log.
 */
#ifndef LINES_H
#define LINES_H

#include "buf.h"
#include "model.h"

/* The line with its newline is appended. */
void lines_text(struct buf *, const struct event *);
void lines_json(struct buf *, const struct event *);

#endif
