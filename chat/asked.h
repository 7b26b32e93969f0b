/*
 * Requests the server has not answered yet: what was asked, for which room, by
 * the user or by the program itself.  One that is refused for the moment waits
 * here and is sent again.  With the model's lock.
 */
#ifndef ASKED_H
#define ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "model.h"
#include "protocol.h"

enum { ASKED_TRIES = 10 }; /* times one request is sent */

struct asked {
	struct asked *next;
	uint32_t ref;
	enum message_type type;
	bool is_own;       /* the program's: its answer is not told */
	struct room *room; /* concerned, or where it is answered; not NULL */
	struct buf frame;  /* as sent */
	unsigned tries;
	int64_t again_ms;  /* when it is sent again; 0: it is on its way */
	bool has_begun;    /* rows of its answer have come, */
	bool has_moment;   /* and the end of the first page */
	unsigned count;    /* rows of the answer so far */
	struct buf words;  /* made of them; of nick: the one wanted */
};

/* All zero is none. */
struct asking {
	struct asked *first;
	uint32_t ref; /* the last one given */
};

/* Sets the message's ref, and appends it to out as a frame. */
struct asked *asking_add(struct asking *, struct buf *out, union message *,
    struct room *, bool is_own);
/* The same request again, its message changed: the next page. */
void asking_go_on(struct asked *, struct buf *out, union message *);
struct asked *asking_find(const struct asking *, uint64_t ref);
/* Is anything of this type asked for the room? */
bool asking_has(const struct asking *, const struct room *,
    enum message_type);
/* Refused for the moment: false if it was tried often enough. */
bool asking_postpone(struct asked *, int64_t again_ms);
/* Sends what is due. */
void asking_resend(struct asking *, struct buf *out, int64_t now_ms);
/* Milliseconds until then; -1: nothing waits. */
int64_t asking_wait(const struct asking *, int64_t now_ms);
/* Answered, or never will be: freed. */
void asking_drop(struct asking *, struct asked *);

#endif
