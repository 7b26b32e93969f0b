/*
 * The state directory and the database in it: made, locked, opened, checked,
 * brought up to date, and its words for what goes wrong.
 *
 * Nothing may be told to anybody before it is safe on disk.  That also goes for
 * what a killed chatd left in chat.db-wal: it is written again and synced.
 */
#ifndef STORE_OPEN_H
#define STORE_OPEN_H

#include <sqlite3.h>
#include <stdbool.h>

#include "buf.h"
#include "protocol.h"

struct store_place {
	char *dir;  /* absolute */
	char *path; /* of the database in it */
	int lock;
	sqlite3 *db;
	struct id log;
	bool is_large; /* only the small tables were checked */
};

/* 0, or the status to exit with and the words in *error (store_sqlite.h).
 * To be closed in either case. */
int store_open(struct store_place *, const char *dir, struct buf *error);
/* The same without any check, to read what can be read of a damaged one. */
int store_look(struct store_place *, const char *dir, struct buf *error);
/* leave: the log of commits stays as it is, for the next start. */
void store_close(struct store_place *, bool leave);

/* The status (sysexits.h) one of SQLite's codes stands for. */
int store_status(int code);
/* Appends "path: what: why; cure".  why NULL: SQLite's words. */
void store_words(struct buf *, const struct store_place *, int code,
    const char *what, const char *why);
/* The disk has no room; what was attempted is not there. */
bool store_is_full(sqlite3 *, int code);

#endif
