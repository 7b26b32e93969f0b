/*
 * What may be a nick, a room, a name to send to; and when two are the same.
 * Two names are the same when their keys are: compatibility-decomposed,
 * case-folded, composed (utf8proc_map; in the spirit of RFC 8266).  The typed
 * form is what is shown.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>

#include "protocol.h"
#include "slice.h"

enum {
	NAMES_NICK_MAX = 32, /* bytes */
	NAMES_ROOM_MAX = 49, /* bytes, # included */
	NAMES_KEY_MAX = 192, /* bytes of the largest key */
};

struct name_key {
	unsigned char len;
	char at[NAMES_KEY_MAX]; /* not NUL-terminated */
};

/* FINE, REFUSE_NICK_BAD or _NICK_RESERVED; with FINE, *key (if not NULL) is
 * filled. */
enum refusal names_nick(struct slice, struct name_key *key);
/* FINE or REFUSE_ROOM_BAD.  The # belongs to the name. */
enum refusal names_room(struct slice, struct name_key *key);
bool names_is_room(struct slice); /* begins with # */
/* The key alone, of a name that need not be valid; false if it has none. */
bool names_key(struct slice, struct name_key *key);
bool names_same(struct slice, struct slice);

/* Sets what no one may be called beside the built-in ones; borrowed. */
void names_reserve(const char *const *list);

#endif
