/*
 * History without a screen: chat --tail.  Prints the entries of a room, or of a
 * direct conversation, each as a line (lines.h), page by page and as they come;
 * then ends, or becomes a member and goes on with what is said.  After a lost
 * connection it goes on behind the last entry printed.
 *
 * Its link is apart (link.h): other rooms are none of its business.
 */
#ifndef TAIL_H
#define TAIL_H

struct link;
struct model;
struct options;

/*
 * Starts and stops the link, frees it.  The exit status: 0, also when nobody
 * reads standard output any more and after TERM, INT and HUP; EX_NOHOST: there
 * is no such room, or nobody of that nick; EX_NOPERM: refused otherwise;
 * EX_UNAVAILABLE: no connection for options->timeout_ms, with --follow only
 * before the first one; what ended the link for good.
 */
int tail_run(struct model *, struct link *, const struct options *);

#endif
