/*
 * What every store finds, whatever it looks with.
 */
#ifndef STORE_FINDS_H
#define STORE_FINDS_H

#include "../chatd/store.h"

/* Runs all of it.  settle() gives the store back, perhaps started anew, when it
 * has done all that it does behind those who speak. */
void store_finds(
    struct store *(*open)(void), struct store *(*settle)(struct store *));

/* All that is found, from the newest on, as "ROOM TEXT" and so on with commas
 * between; to be freed.  *pages: answers it took, if not NULL. */
char *store_find(struct store *, struct store_search, unsigned *pages);
/* Looks for words everywhere, in pages of 50. */
struct store_search store_looking_for(const char *words);

#endif
