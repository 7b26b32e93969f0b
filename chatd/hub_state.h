/*
 * What the hub's own files share (hub.c, hub_job.c, hub_room.c, hub_people.c,
 * hub_away.c, hub_past.c, hub_search.c, hub_load.c): its state and the jobs it
 * has with the store.  Everyone else reads hub.h.
 */
#ifndef HUB_STATE_H
#define HUB_STATE_H

#include "hub.h"
#include "room.h"
#include "settings.h"
#include "user.h"

#define HUB_DAY_MS (UINT64_C(24) * 3600 * 1000)

enum {
	HUB_PAST_ENTRIES = 200,		     /* of history at once */
	HUB_RECENT_BYTES = 64 * 1024 * 1024, /* of all rooms together */
	/* In a room of more than so many, comings and goings are told together,
	 * so late: when a thousand come at once, not everybody is woken a
	 * thousand times. */
	HUB_CALM_MEMBERS = 64,
	HUB_CALM_MS = 100,
};

struct hub {
	const struct settings *settings;
	struct answers *answers;
	struct store *store;
	struct heap *timers;
	int64_t now_ms;
	uint64_t wall_ms;
	struct users users;
	struct room *rooms;    /* by key; direct conversations are not in it */
	struct room *numbered; /* all of them, by number */
	struct room *active;   /* all of them, silent longest first */
	struct room *dirty;
	/* Lost longest first, together not more than limits.clients: those who
	 * never said anything, and by [true] those who have. */
	struct user *lost[2];
	struct claim *claims; /* nicks that are login names */
	uint64_t recent_bytes;
	uint64_t epoch;
	uint32_t room_number; /* the last given */
	uint64_t rooms_added; /* so many, ever */
	struct spool *spool;  /* NULL: no files are taken */
	struct file *files, *files_by_key;
	uint64_t file_number; /* the last given */
	struct owner *owners; /* of files */
	uint64_t files_bytes; /* room they take, */
	uint64_t files_owed;  /* and of it what has not come yet */
	unsigned n_legs;      /* of all */
	struct timer look;    /* for files that have expired */
	uint32_t mark;
	struct hub_figures figures;
};

/* Something asked of the store, and what it is for. */
struct job {
	union {
		struct store_append append;
		struct store_device device;
		struct store_read read;
		struct store_search search;
		struct store_seen seen;
	} ask; /* first: the store gives back its address */
	struct hub *hub;
	struct client *client; /* NULL: nobody waits for an answer any more */
	struct job *next_of_client;
	struct user *user; /* NULL: it is for nobody who is one */
	struct room *room; /* NULL for a device, and for a search */
	uint32_t ref;
	uint64_t n; /* of say */
	/* With the entry in the room, or why not. */
	void (*then)(struct job *, enum refusal why);
	hub_posted *posted; /* of hub_post() */
	void *posted_arg;
	/* What the store is to keep: numbers, names and text. */
	_Alignas(uint64_t) char bytes[];
};

/* An entry for a room, by a user.  then may be NULL. */
void hub_append(struct hub *, struct client *, struct user *, struct room *,
    enum entry_kind, struct slice text, uint32_t ref, uint64_t n,
    void (*then)(struct job *, enum refusal));
/* A notice by nobody who is a user; as hub_post(). */
void hub_append_foreign(struct hub *, struct room *, struct slice who,
    struct slice text, hub_posted *, void *arg);
/* Somebody said something, committed: perhaps there is an answer. */
void hub_overhear(struct hub *, struct room *, const struct entry *);
/* What the store knows of the user's device. */
void hub_ask_device(struct hub *, struct client *, struct user *,
    void (*then)(struct job *, enum refusal));

/* Older entries for a client that asks for no others yet: n of them at most,
 * then has them in ask.read until it returns. */
void hub_ask_read(struct hub *, struct client *, struct room *, uint32_t ref,
    const struct store_read *, void (*then)(struct job *, enum refusal));
/* The same for what is found; words, who and directs are copied. */
void hub_ask_search(struct hub *, struct client *, uint32_t ref,
    const struct store_search *, void (*then)(struct job *, enum refusal));
void hub_ask_seen(struct hub *, struct client *, struct room *, uint32_t ref,
    uint64_t seq, void (*then)(struct job *, enum refusal));

/* Tells the store what the settings say is kept. */
void hub_keep(struct hub *);
/* Forgets what of a room is in memory and is not to be kept. */
void hub_trim(struct hub *, struct room *);

void hub_tell(struct client *, union message);
/* An entry that is asked for with history or search. */
void hub_tell_past(
    struct client *, uint32_t ref, const struct room *, const struct entry *);
void hub_tell_done(struct client *, uint32_t ref);
/* Whoever waits for the job, if anybody does. */
void hub_tell_refused(
    struct job *, enum message_type request, uint64_t ref, enum refusal);
/* What a room is called by one of its members. */
struct slice hub_name_for(const struct room *, const struct user *);
/* The member a name in a request stands for; FINE, or why there is none. */
enum refusal hub_find_member(
    struct hub *, struct user *, struct slice name, struct member **);

/* A committed entry becomes part of its room.  Takes the reference. */
void hub_take(struct hub *, struct room *, struct entry *);
void hub_dirty(struct hub *, struct room *);
/* Marks a seat's client if there is something to pull. */
void hub_wake(struct seat *);
struct room *hub_room(const struct hub *, const struct name_key *);
struct room *hub_room_numbered(const struct hub *, uint32_t number);
/* The room a name in a request stands for, if the user may read it: any #room,
 * or a direct conversation of its own; FINE, or why not. */
enum refusal hub_find_readable(
    struct hub *, struct user *, struct slice name, struct room **);
/* NULL: there are as many as may be. */
struct room *
hub_room_new(struct hub *, struct slice name, const struct name_key *);
/* One that the store has. */
struct room *hub_room_add(
    struct hub *, uint32_t number, struct slice name, const struct name_key *);
/* Frees it if nobody needs it; a named room only when its place is needed. */
void hub_room_done(struct hub *, struct room *);
struct member *hub_member_add(struct room *, struct user *, bool is_joining);
void hub_member_remove(struct hub *, struct member *);
/* A room one may say something in: where one is a member, or a direct
 * conversation, opened if need be, both of whose ends hear it from now on. */
enum refusal hub_find_target(
    struct hub *, struct client *, struct slice name, struct room **);
/* From user's clients; seats are freed, jobs answered to nobody. */
void hub_detach(struct client *);
/* Leaves every room and is forgotten; its nick is free at once. */
void hub_leave(struct hub *, struct user *, struct slice why);
/* Its connections are over: another one takes their place, or none. */
void hub_replace(struct user *);
/* Without a connection, waited for; and the opposite. */
void hub_lose(struct hub *, struct user *);
void hub_found(struct hub *, struct user *);
/* Whether something it said is stored. */
void hub_has_said(struct hub *, struct user *, bool);
/* Frees a user who is gone and whom nobody needs any more. */
void hub_user_done(struct user *);
void hub_presence(struct hub *, struct user *, enum presence);
enum presence hub_state_of(const struct user *);

/* Nicks and login names.  The nick is the one's own login name; it is that of
 * somebody else; who came has a login name, and so a claim on that nick. */
bool hub_has_claim(const struct hub *, const struct client *,
    const struct user *, struct slice nick);
bool hub_is_claimed(const struct hub *, const struct client *,
    const struct user *, const struct name_key *);
void hub_claim(struct hub *, const struct client *, struct user *);
void hub_claims_free(struct hub *);

/* Of files. */
void hub_load_file(struct hub *, const struct store_file *);
void hub_legs_gone(struct client *);
void hub_files_room_gone(struct hub *, uint32_t room);
void hub_files_free(struct hub *);

#endif
