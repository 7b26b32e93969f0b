/*
 * Send one file, or fetch one, and exit when it is there: chat --send, --get.
 *
 * A line on standard output for scripts; progress on standard error, if that is
 * a terminal, in one line that is written again and again.
 */
#ifndef CARRY_H
#define CARRY_H

struct link;
struct model;
struct options;

/*
 * Starts and stops the link, frees it.  The exit status: 0; EX_NOINPUT: the
 * file cannot be opened, or there is none of this number; EX_CANTCREAT: nothing
 * can be made where it is to go; EX_IOERR: reading or writing failed, or what
 * arrived is not what was sent; EX_TEMPFAIL: the connection was lost and did
 * not come back, or the file changed meanwhile; EX_UNAVAILABLE: no connection;
 * EX_NOPERM: refused; what ended the link for good.  TERM, INT and HUP give it
 * up, and end the program as they do.
 */
int carry_run(struct model *, struct link *, const struct options *);

#endif
