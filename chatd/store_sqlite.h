/*
 * The store on disk: SQLite, in DIR/chat.db.  One connection on one thread
 * does all writing, reading and checkpointing; what is acknowledged is synced.
 *
 * Beside chat.db stand chat.db-wal (newest commits, part of the data while
 * chatd runs and after it was killed) and lock, which says whose DIR is.  While
 * chatd runs no other program can open chat.db: ask chatd for a backup.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <stdint.h>

#include "buf.h"
#include "store.h"

/* What waits to be written, and to be collected, at most; beyond it, what is to
 * be added is refused (REFUSE_UNAVAILABLE): the disk does not keep up, and
 * clients that come back ask again and again. */
enum {
	STORE_WAITING_MAX = 100000,
	STORE_WAITING_BYTES = 64 << 20,
};

/*
 * Makes DIR (0700) and the database (0600) if need be.  wall tells the time of
 * entries, milliseconds since 1970; it is called on the store's thread.
 *
 * NULL: the words are in *error (path, what, why, what to do; no newline), and
 * *status is what to exit with: EX_DATAERR (damaged, or not a chatd's),
 * EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL (another program holds it), EX_SOFTWARE
 * (the SQLite library does not do).
 */
struct store *store_sqlite(
    const char *dir, uint64_t (*wall)(void), int *status, struct buf *error);

/* Gives the logs a new id, as after putting back an old copy of chat.db by
 * hand; a copy made by store_backup() gets one by itself.  Before the first
 * job.  0, or as broken in struct store. */
int store_sqlite_renew(struct store *);

#endif
