/*
 * Which entry was committed when: what can be searched, of all rooms, in the
 * order in which it was said.  For the store in memory.
 */
#ifndef STORE_LINES_H
#define STORE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
	uint64_t number; /* 1, 2, 3 ...; those that are gone are missing */
	uint64_t seq;
	uint32_t room;
};

/* All zero: nothing was said.  Its memory is `at`, for whoever has it. */
struct lines {
	struct line *at;
	size_t n, cap;
	uint64_t last; /* the newest number */
};

void lines_add(struct lines *, uint32_t room, uint64_t seq);
/* Drops those that are not there any more. */
void lines_compact(struct lines *,
    bool (*is_there)(void *arg, const struct line *), void *arg);
/* How many have a lower number. */
size_t lines_below(const struct lines *, uint64_t number);

#endif
