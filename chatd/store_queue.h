/*
 * Jobs of the store, of any kind, in the order in which they were asked.  All
 * zero is an empty queue; its memory is `at`, for whoever has it to free.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ask {
	enum {
		ASK_APPEND,
		ASK_DEVICE,
		ASK_SEEN,
		ASK_FORGET,
		ASK_FILE_GONE,
		ASK_READ,
		ASK_SEARCH,
		ASK_BACKUP
	} kind;
	bool is_new;	/* an append that makes an entry */
	uint32_t room;	/* to forget */
	uint64_t file;	/* that is gone */
	uint64_t order; /* of asking */
	void *job;
};

struct queue {
	struct ask *at;
	size_t head, n, cap; /* [head, n) wait */
};

size_t queue_len(const struct queue *);
void queue_add(struct queue *, struct ask);
/* Of one that is not empty. */
struct ask queue_take(struct queue *);
/* At most max of them, to the end of another. */
void queue_move(struct queue *from, struct queue *to, size_t max);

#endif
