/*
 * How much is unread, without a screen: chat --unread.  One line for each room
 * with something unread,
 *
 *	ROOM<TAB>COUNT<TAB>MENTIONS
 *
 * with \n \t \\ escaped, or a JSON object: room, count, mentions; the most
 * urgent first.  Counted is what others said, and of that what speaks to one by
 * nick; in a direct conversation all does.
 */
#ifndef UNREAD_H
#define UNREAD_H

struct link;
struct model;
struct options;

enum { UNREAD_MOST = 999 }; /* counted in a room; there may be more */

/*
 * Both stop the link and free it.  The exit status: 0: nothing is unread; 1:
 * something is.
 *
 * The server is asked, behind what it knows to be seen: EX_UNAVAILABLE and the
 * like if it can't be; EX_TEMPFAIL: it does not answer in time.  The link is
 * apart (link.h), so nothing is joined, left or marked.
 */
int unread_ask(struct model *, struct link *, const struct options *);
/* What a running chat has kept of itself is told (places.h, of the server the
 * link is for), and nobody is asked. */
int unread_tell(struct model *, struct link *, const struct options *);

#endif
