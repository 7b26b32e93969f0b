/*
 * How much of a log is here, and what is to be had beyond its ends: before the
 * first entry of a room, of a part of its log, of what was found; and behind
 * the last of such a part.  Asking is apply's, when is windows'; the words are
 * those of the rows at the ends.  With the model's lock.
 */
#ifndef PAST_H
#define PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "model.h"

enum { PAST_PAGE = 100 }; /* entries asked for at a time */

enum past {
	PAST_NONE,    /* no log, or not known whether there is one */
	PAST_MORE,    /* to be had */
	PAST_LOADING, /* asked for */
	PAST_FAILED,  /* not had: to be tried again */
	PAST_END,     /* nothing is beyond it */
	PAST_LOST,    /* it is not kept any more */
	PAST_FULL,    /* more cannot be held here */
};

enum past past_older(const struct room *);
enum past past_newer(const struct room *); /* PAST_NONE but for ROOM_PAST */
/* Numbers of the first entry that is here and behind the last; when none is,
 * both are that of the next to come. */
uint64_t past_first(const struct room *);
uint64_t past_next(const struct room *);
/* What failed may be asked for again; false: nothing has. */
bool past_try_again(struct room *);
/* Words of the row above the first line, below the last; false: there is no
 * such row. */
bool past_top(const struct room *, struct buf *);
bool past_foot(const struct room *, struct buf *);

#endif
