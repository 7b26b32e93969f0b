/*
 * Files that are fetched without being asked for: rules of who may send how
 * much.  Nobody may unless told so.
 */
#ifndef AUTOGET_H
#define AUTOGET_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

struct autoget {
	struct autoget *next;
	char who[PROTOCOL_NAME_MAX + 1]; /* a nick, a #room, or * */
	uint64_t most;			 /* bytes of a file */
};

/* 0: nothing from them; who "": nothing from anybody. */
void autoget_set(struct autoget **, struct slice who, uint64_t most);
/* A file of somebody's in a room: the narrowest rule counts, that of a nick
 * before that of a room before that of all. */
bool autoget_takes(
    const struct autoget *, struct slice who, struct slice room, uint64_t size);

#endif
