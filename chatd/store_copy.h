/*
 * A copy of the database while it is in use: some pages at a time, synced as it
 * goes, so that no step takes more than some milliseconds.  What is committed
 * between the steps (through the same connection) is in the copy too.  It
 * stands under its name when it is whole and synced, before that beside it
 * with ".part" behind.
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include <sqlite3.h>
#include <stdbool.h>

#include "buf.h"

struct store_copy;

/* NULL: why not is in *error. */
struct store_copy *
store_copy_new(sqlite3 *from, const char *path, struct buf *error);
/* Not within a transaction.  False: it is over, with nothing in *error if the
 * copy is there. */
bool store_copy_step(struct store_copy *, struct buf *error);
/* One that is not over is given up and leaves nothing. */
void store_copy_free(struct store_copy *);

#endif
