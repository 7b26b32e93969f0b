/*
 * What hub.c and hub_request.c share: the hub's own state and the jobs it has
 * with the store.  For these two alone; everyone else reads hub.h.
 */
#ifndef HUB_STATE_H
#define HUB_STATE_H

#include "hub.h"
#include "room.h"
#include "settings.h"
#include "user.h"

enum {
	HUB_RECENT_BYTES = 64 * 1024 * 1024, /* of all rooms together */
	/* In a room of more than so many, comings and goings are told together,
	 * so late: when a thousand come at once, not everybody is woken a
	 * thousand times. */
	HUB_CALM_MEMBERS = 64,
	HUB_CALM_MS = 100,
};

struct hub {
	const struct settings *settings;
	struct store *store;
	struct heap *timers;
	int64_t now_ms;
	uint64_t wall_ms;
	struct users users;
	struct room *rooms;  /* by key; direct conversations are not in it */
	struct room *active; /* all of them, silent longest first */
	struct room *dirty;
	struct user *lost; /* lost longest first; not more than clients */
	uint64_t recent_bytes;
	uint64_t epoch;
	uint32_t room_number; /* the last given */
	uint32_t mark;
	struct hub_figures figures;
};

/* Something asked of the store, and what it is for. */
struct job {
	union {
		struct store_append append;
		struct store_device device;
	} ask; /* first: the store gives back its address */
	struct hub *hub;
	struct client *client; /* NULL: nobody waits for an answer any more */
	struct job *next_of_client;
	struct user *user;
	struct room *room; /* NULL for a device */
	uint32_t ref;
	/* With the entry in the room, or why not. */
	void (*then)(struct job *, enum refusal why);
	char bytes[]; /* who, then text */
};

/* An entry for a room, by a user.  then may be NULL. */
void hub_append(struct hub *, struct client *, struct user *, struct room *,
    enum entry_kind, struct slice text, uint32_t ref, uint64_t n,
    void (*then)(struct job *, enum refusal));
/* What the store knows of the user's device. */
void hub_ask_device(struct hub *, struct client *, struct user *,
    void (*then)(struct job *, enum refusal));

void hub_dirty(struct hub *, struct room *);
/* Marks a seat's client if there is something to pull. */
void hub_wake(struct seat *);
struct room *hub_room(const struct hub *, const struct name_key *);
/* NULL: there are as many as may be. */
struct room *
hub_room_new(struct hub *, struct slice name, const struct name_key *);
/* Frees it if nobody needs it; a named room only when its place is needed. */
void hub_room_done(struct hub *, struct room *);
void hub_member_add(struct room *, struct user *, bool is_joining);
void hub_member_remove(struct hub *, struct member *);
/* From user's clients; seats are freed, jobs answered to nobody. */
void hub_detach(struct client *);
/* Leaves every room and is forgotten; its nick is free at once. */
void hub_leave(struct hub *, struct user *, struct slice why);
/* The opposite of lost. */
void hub_found(struct hub *, struct user *);
void hub_presence(struct hub *, struct user *, enum presence);
enum presence hub_state_of(const struct user *);

#endif
