/*
 * A small file that is read, and replaced, as a whole: whoever looks, now or
 * after a crash, finds all of the old one or all of the new one.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* All of the bytes, or -1 and errno. */
int whole_write(int fd, const struct buf *);
/* The file is replaced by one with these bytes and synced; a descriptor open
 * for more, the caller's; -1 and errno: it is as it was. */
int whole_replace(int directory, const char *name, const struct buf *);
/* Appends what it holds.  false and errno: ENOENT: there is none; EFBIG: there
 * is more of it. */
bool whole_read(int directory, const char *name, size_t most, struct buf *);

#endif
