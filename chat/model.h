/*
 * All that can be shown, under one lock.  The receiver thread (link, apply)
 * changes it and wakes the face; the face (ui or batch) reads it under the lock,
 * paints, unlocks.  Nobody waits for I/O while holding the lock.
 *
 * Rooms stand in the order they were opened; the first is the server's own
 * window (name "", for what belongs to no room).  Rooms are never freed while
 * the program runs, only closed, so a struct room * stays good.
 */
#ifndef MODEL_H
#define MODEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "names.h"
#include "protocol.h"
#include "scrollback.h"

enum link_state {
	LINK_OFF,        /* told not to connect */
	LINK_RESOLVING,  /* looking the name up */
	LINK_CONNECTING, /* dialing, hello sent */
	LINK_LIVE,       /* welcome came */
	LINK_WAITING,    /* failed; tries again at retry_ms */
};

struct member {
	char nick[NAMES_NICK_MAX + 1]; /* as typed by its owner, safe */
	uint8_t state;                 /* enum presence */
	uint64_t spoke;                /* time of the last thing said, 0: never */
	struct name_key key;
	UT_hash_handle hh;
};

/* Something said that is not in the log yet. */
struct pending {
	struct pending *next; /* in the order of n */
	uint64_t n;           /* the device's number; 0: none yet, not sent */
	uint64_t time;        /* when it was typed, wall clock */
	uint64_t seq;         /* stored there, entry not seen yet; 0: not stored */
	enum refusal why;     /* FINE, or why it was refused for good */
	struct room *room;
	uint8_t kind;
	char *to;
	char *text;
};

struct room {
	char name[PROTOCOL_NAME_MAX + 1]; /* as shown; "" for the server's window */
	bool is_direct;
	bool is_open;   /* has a window; a closed one has none */
	bool is_wanted; /* be a member, join again after a cut */
	bool is_attached;
	uint32_t number; /* the daemon's, while connected */
	uint64_t seq;    /* last entry had: the cursor to attach with */
	uint64_t head;   /* newest there is as far as known: seq < head: catching up */
	uint64_t named;  /* members are those of this entry's moment */
	struct member *members; /* by key */
	char *topic;            /* safe, never NULL */
	struct scrollback lines;
	unsigned unread;   /* messages since seen, while not looked at */
	unsigned mentions; /* of them, those with your nick, or direct */
	uint64_t unread_id; /* id of the first unread line; 0: none */
};

struct model {
	pthread_mutex_t lock;
	int wake;         /* descriptor the face polls; wake.h */
	uint64_t version; /* grows with every change */
	bool is_over;     /* the link has given up for good: over_status, over_why */
	int over_status;  /* sysexits */
	char over_why[256];

	enum link_state state;
	int64_t retry_ms;   /* clock_ms() of the next try, LINK_WAITING */
	int ping_ms;        /* last round trip; -1: not known */
	char where[160];    /* address tried or connected to */
	char why[256];      /* last failure, in words; "" */
	char server[PROTOCOL_NAME_MAX + 1]; /* its name */
	char nick[NAMES_NICK_MAX + 1];
	uint32_t text_max;

	struct room **rooms;
	size_t n_rooms;
	struct room *looked_at; /* the face's; what arrives there is read */
	bool is_focused;        /* false: even there it is unread */
	struct pending *outbox;
	unsigned n_pending; /* of outbox, not refused */
};

struct model *model_new(void);
void model_free(struct model *);

void model_lock(struct model *);
/* After a change: version grows and the face is woken. */
void model_unlock_changed(struct model *);
void model_unlock(struct model *);

/* All below: with the lock held. */
struct room *model_room(struct model *, struct slice name); /* NULL: none */
struct room *model_room_number(struct model *, uint32_t number);
struct room *model_room_open(struct model *, struct slice name); /* or new */
void model_room_close(struct model *, struct room *);
/* A line of the program's own, made safe; room NULL: the server's window. */
void model_say(struct model *, struct room *, const char *, ...)
    __attribute__((format(printf, 3, 4)));
/* The face looks at a room: what is in it is read. */
void model_look(struct model *, struct room *);

struct member *room_member(struct room *, struct slice nick); /* NULL: none */
void room_member_add(struct room *, struct slice nick, enum presence);
void room_member_remove(struct room *, struct slice nick);
void room_member_rename(struct room *, struct slice old, struct slice to);
void room_members_clear(struct room *);
unsigned room_members(const struct room *);

/* Does a text speak to nick (whole word, by name key)? */
bool model_mentions(struct slice text, struct slice nick);

#endif
