/*
 * The words of sought.h, as a tokenizer for FTS5 that is called "sought".
 */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H

#include <sqlite3.h>

/* SQLITE_ERROR: this SQLite has no FTS5. */
int words_register(sqlite3 *);

#endif
