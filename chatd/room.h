/*
 * A room: its members, its newest entries, and the seats, which are the cursors
 * of those who hear it.  The hub decides who may; this keeps the books and cuts
 * out what each seat is to be sent: from the newest entries in memory, or, for
 * one that has fallen behind them, page by page from the store.
 */
#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap.h"
#include "names.h"
#include "recent.h"
#include "store.h"
#include "table.h"

struct client;
struct hub;
struct room;
struct user;

enum {
	ROOM_PAGE_ENTRIES = 256, /* read from the store at once */
	ROOM_PAGE_BYTES = 32768,
};

/* A user in a room. */
struct member {
	struct user *user;
	struct room *room;
	struct member *next_of_user;
	uint64_t order;	 /* 1, 2, 3 ... in this room */
	bool is_joining; /* asked of the store, not committed yet */
	bool is_leaving;
	bool is_counted; /* against the user's limit of rooms */
	uint64_t seen;	 /* number of the last entry seen; 0: none */
};

/* A client in a room. */
struct seat {
	struct room *room;
	struct client *client;
	struct seat *prev, *next; /* of the room */
	struct seat *next_of_client;
	struct seat *next_waiting; /* of the client's list */
	bool is_waiting;
	uint64_t cursor; /* number of the next entry to send */
	uint64_t last;	 /* not beyond this one, then detached; 0: no end */
	uint32_t last_ref;
	struct page_read *reading; /* asked of the store */
	struct blob *page;	   /* what came, encoded */
	uint64_t page_end;	   /* the cursor behind it */
};

struct room {
	uint32_t number;
	uint64_t added; /* to the hub, as its so manieth */
	bool is_direct;
	bool is_spoken; /* somebody said something in it, ever */
	bool is_dirty;	/* in the hub's list of rooms with news */
	struct room *next_dirty;
	struct timer calm; /* set while comings and goings wait */
	struct hub *hub;
	char *name; /* "" for a direct conversation */
	char *key;  /* names_room's */
	size_t key_len;
	char *topic; /* never NULL */
	struct recent recent;
	struct member **members; /* sorted by order */
	size_t n_members, cap_members;
	uint64_t order; /* the last given */
	uint64_t time;	/* of the newest entry; 0: there is none */
	struct seat *seats;
	unsigned jobs; /* asked of the store, not answered */
	struct room *prev_active, *next_active; /* said something longest ago
						   first; of the hub */
	UT_hash_handle hh, hh_number;
};

struct room *
room_new(uint32_t number, struct slice name, const struct name_key *key);
/* Without members and seats. */
void room_free(struct room *);
uint64_t room_head(const struct room *); /* number of the newest; 0: none */
void room_topic(struct room *, struct slice);

struct member *room_member_add(struct room *, struct user *);
void room_member_remove(struct room *, struct member *); /* frees it */
/* The first with an order above after; NULL. */
struct member *room_member_after(const struct room *, uint64_t after);

/* The client's seat here, made if need be, with the cursor set to seq. */
struct seat *room_seat(struct room *, struct client *, uint64_t cursor);
struct seat *client_seat(const struct client *, const struct room *);
void seat_free(struct seat *);
bool seat_has_more(const struct seat *);
/*
 * The next pieces for a seat, as recent_pull().  0 while the store is being
 * read; ready() is called when that is done.  *is_over: the last entry and
 * detached are among them, free the seat.
 */
size_t seat_pull(struct seat *, struct store *, void (*ready)(struct seat *),
    struct piece *, size_t max, size_t bytes, bool *is_over);

#endif
