/*
 * The face without a screen: lines of standard input are what one would type,
 * standard output is one event a line (lines.h).  For pipes, scripts and screen
 * readers.
 *
 * At the end of input it waits until everything asked is stored, answered or
 * refused, and every file is there that is not paused, says bye, and ends.
 *
 * When its reader is slow, it reads and receives no more than outlet.h says;
 * when the server is slow, no more than BATCH_UNDONE lines are read ahead.
 */
#ifndef BATCH_H
#define BATCH_H

struct link;
struct model;
struct options;

enum {
	BATCH_UNDONE = 256,
	BATCH_LINE = 65536, /* bytes of a line of input */
};

/*
 * Starts and stops the link, frees it.  The exit status: 0; EX_DATAERR: a line
 * was not understood; EX_NOPERM: something was refused; EX_TEMPFAIL: a request
 * was lost with its connection, or a file is paused; EX_IOERR: one could not be
 * read, written or sent whole; EX_UNAVAILABLE: no connection for
 * options->timeout_ms; what ended the link for good.  0 also when nobody reads
 * standard output any more, and after TERM, INT and HUP.
 */
int batch_run(struct model *, struct link *, const struct options *);

#endif
