/*
 * What can still be read of a damaged state directory, put into a new one.  The
 * damaged one is only looked at.  What cannot be read is missing afterwards,
 * which readers are told as a gap; nothing is in a room where it was not, no
 * number is given twice, and the logs have a new id.  Of files it is what is
 * known of them: their bytes stay where they are, to be moved by hand.
 */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include "buf.h"

/* `to` is made, or holds a store in which nothing was said yet.  0, or the
 * status to exit with (sysexits.h); *report says what was saved, or why
 * nothing could be. */
int store_salvage(const char *from, const char *to, struct buf *report);

#endif
