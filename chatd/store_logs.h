/*
 * The logs of the store in memory: a ring of shared entries for each room.
 * Beyond the bytes they may use, the oldest eighth of the longest one goes.
 */
#ifndef STORE_LOGS_H
#define STORE_LOGS_H

#include <stddef.h>
#include <stdint.h>

#include "store.h"
#include "store_lines.h"

struct room_log;

/* Zero but for wall and max at the start. */
struct logs {
	uint64_t (*wall)(void);
	uint64_t max, bytes;
	uint64_t time; /* of the newest entry */
	size_t n_entries;
	struct store_keep keep;
	struct lines lines;
	struct room_log *rooms;
};

void logs_done(struct logs *);
/* Borrowed. */
struct entry *logs_add(struct logs *, const struct store_append *);
void logs_read(struct logs *, struct store_read *);
void logs_search(struct logs *, struct store_search *);
void logs_keep(struct logs *, const struct store_keep *);
void logs_forget(struct logs *, uint32_t room);

#endif
