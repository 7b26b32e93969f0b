/*
 * A file on its way, in words: the row that changes in its place, what it says
 * in the end, and the sum of all that move.  Safe text, ASCII but for names.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "transfer.h"

/* "report.pdf [####------]  43%  6.1/14 MB  2 MB/s  0:04" as far as it fits
 * into the columns, the least important first left out; when it is over the
 * words for that, which may be longer. */
void progress_words(struct buf *, const struct transfer *, int columns);
/* Its number and which way it goes: "3->", "3<-". */
void progress_label(struct buf *, const struct transfer *);
/* "2 files 43% 12 MB/s"; nothing, if none moves. */
void progress_sum(struct buf *, const struct transfer *list);

#endif
