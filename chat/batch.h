/*
 * The face without a screen: lines of standard input are what one would type,
 * standard output is one event a line,
 *
 *	TIME<TAB>ROOM<TAB>SEQ<TAB>KIND<TAB>WHO<TAB>TEXT
 *
 * with \n \t \\ escaped, or a JSON object with these names in lower case.  For
 * pipes, scripts and screen readers.
 *
 * TIME is ISO 8601 in UTC with milliseconds; SEQ is - (in JSON null) for what
 * is not in a log.  At the end of input it waits until everything asked is
 * stored, answered or refused, says bye, and ends.
 *
 * When its reader is slow, events wait in at most about BATCH_OUT bytes, then
 * nothing is received any more; when the server is slow, no more than
 * BATCH_UNDONE lines are read ahead.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>

#include "buf.h"
#include "model.h"

struct link;
struct options;

enum {
	BATCH_OUT = 1048576,
	BATCH_UNDONE = 256,
	BATCH_LINE = 65536, /* bytes of a line of input */
};

/*
 * Starts and stops the link, frees it.  The exit status: 0; EX_DATAERR: a line
 * was not understood; EX_NOPERM: something was refused; EX_TEMPFAIL: a request
 * was lost with its connection; EX_UNAVAILABLE: no connection for
 * options->timeout_ms; what ended the link for good.  0 also when nobody reads
 * standard output any more, and after TERM, INT and HUP.
 */
int batch_run(struct model *, struct link *, const struct options *);

/* One event as a line of text, as a line of JSON. */
void batch_text(struct buf *, const struct event *);
void batch_json(struct buf *, const struct event *);

#endif
