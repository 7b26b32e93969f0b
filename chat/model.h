/*
 * All that can be shown, under one lock.  The receiver thread (link, apply)
 * changes it and wakes the face; the face (ui or batch) reads it under the
 * lock, paints, unlocks.  Nobody waits for I/O while holding the lock.
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

/* With a secret, so that nobody can choose nicks that fall together. */
unsigned model_hash(const void *, size_t len);
#define HASH_FUNCTION(at, len, out) ((out) = model_hash(at, len))
#include <uthash.h>

#include "buf.h"
#include "names.h"
#include "protocol.h"
#include "scrollback.h"

/* One thing that happened, for the line formats. */
struct event {
	uint64_t time;     /* wall ms */
	const char *room;  /* "" for none */
	uint64_t seq;      /* 0: not in a log */
	const char *kind;  /* an entry row's name, or: local, gap, presence,
	                      stored, refused, state, error */
	struct slice who, text; /* foreign: not made safe yet */
};

/*
 * What a face without a screen is told besides.  event: everything that
 * happens; answer: what the face itself asked is answered, by a done (of
 * several pages: the last one's) or a refused; both with the lock held, so they
 * must not wait.  rest, by the receiver's thread and without the lock: a
 * moment's events are told; there the face may wait until its reader has taken
 * them, and nothing more is received meanwhile.  NULL functions are fine.
 */
struct model_ears {
	void (*event)(void *arg, const struct event *);
	void (*answer)(void *arg, const union message *);
	void (*rest)(void *arg);
	void *arg;
};

enum link_state {
	LINK_OFF,        /* told not to connect */
	LINK_RESOLVING,  /* looking the name up */
	LINK_CONNECTING, /* dialing, hello sent */
	LINK_LIVE,       /* welcome came */
	LINK_WAITING,    /* failed; tries again at retry_ms */
};

enum { LINK_WHY = 1024 }; /* bytes of the words that tell a failure */
enum { MODEL_MEMBERS = 100000 }; /* of a room, kept at most */

struct member {
	char nick[NAMES_NICK_MAX + 1]; /* as typed by its owner, safe */
	uint8_t state;                 /* enum presence; 0: being asked again */
	uint64_t spoke;                /* when it spoke last; 0: never */
	struct name_key key;
	UT_hash_handle hh;
};

/* Something said that is not in the log yet; outbox.h. */
struct pending {
	struct pending *next; /* in the order they were said */
	uint64_t id;          /* in the outbox on disk */
	uint64_t n;           /* the device's number; 0: none yet */
	uint64_t time;        /* when it was typed, wall clock */
	uint64_t seq;         /* stored there, entry not seen; 0: not known */
	bool is_sent;         /* on this connection, and not refused */
	bool is_stored;       /* also when it is not known where (seq 0) */
	bool is_kept;         /* on disk */
	bool is_old;          /* typed in an earlier run */
	uint64_t mark;        /* of the record that gave it n */
	bool is_writing;      /* being written to disk now, with number */
	uint64_t n_writing;   /* this; */
	uint64_t n_kept;      /* is there already with this; 0: none */
	enum refusal why;     /* FINE, or why it was refused for good */
	char *words;          /* that in words; NULL: as the refusal has it */
	char who[NAMES_NICK_MAX + 1]; /* one's nick when it was said */
	struct id log;        /* whose numbers n is of; zero: none yet */
	char *server;         /* address it was said to; model's target */
	struct room *room;
	uint8_t kind;
	char *text;
};

enum room_kind {
	ROOM_TALK,  /* people talk there; or the server's window */
	ROOM_FOUND, /* what a search found */
	ROOM_PAST,  /* a part of some room's log */
};

/* What was searched for. */
enum { SEARCH_MAX = 400 }; /* bytes of it */
struct search {
	char line[SEARCH_MAX + 1];  /* as typed */
	char words[SEARCH_MAX + 1]; /* of it, what is no option */
	char who[PROTOCOL_NAME_MAX + 1], room[PROTOCOL_NAME_MAX + 1];
	uint64_t after, before; /* wall ms; 0: any */
};

/* How far one can go on at one end of what is here of a log; past.h. */
struct edge {
	enum { EDGE_STILL, EDGE_ASKED, EDGE_FAILED, EDGE_OVER } state;
	char why[96]; /* EDGE_FAILED: in words, safe */
};

/* Entries of a log that were asked for: those that have come wait here until
 * the last one has. */
struct page {
	uint32_t ref;       /* of the request; 0: none */
	bool is_newer;      /* they go behind what is here */
	bool is_bad;        /* the answer makes no sense */
	uint64_t from, end; /* numbers wanted: [from, end) */
	uint64_t next;      /* number of the next one */
	uint64_t asked;     /* and of the first asked for last */
	unsigned n_empty;   /* of a search: pages in a row without anything */
	struct scrollback lines;
};

struct room {
	enum room_kind kind;
	char name[PROTOCOL_NAME_MAX + 1]; /* shown; "": the server's window */
	struct name_key key;
	bool is_direct;
	bool is_open;   /* has a window; a closed one has none */
	bool is_wanted; /* be a member, join again after a cut */
	bool is_leaving; /* left while cut off: part as soon as possible */
	bool is_attached;
	uint32_t number; /* the daemon's, as good as its logs; 0: unknown */
	uint64_t seq;    /* last entry had: the cursor to attach with */
	uint64_t head;   /* newest known of; seq < head: catching up */
	uint64_t since;  /* head when attached: what is older is no news */
	uint64_t named;  /* members are those of this entry's moment */
	uint64_t seen;   /* last entry a person has seen; 0: not known */
	uint64_t seen_then; /* and when attached: what came since was missed */
	uint64_t lost;   /* entries before this one are not kept any more */
	uint64_t told;   /* seen, as far as the server has been told */
	int64_t tell_ms; /* clock_ms(), before which it is not told again */
	struct member *members; /* by key */
	char *topic;            /* safe, never NULL */
	struct scrollback lines;
	unsigned unread;   /* messages since seen, while not looked at */
	unsigned mentions; /* of them, those with your nick, or direct */
	uint64_t unread_id; /* id of the first unread line; 0: none */
	unsigned unfound;   /* unread since an earlier run, not here yet */
	uint64_t came;      /* the first entry that came in this one */
	char *draft;        /* being written there; NULL: nothing */
	bool is_draft_pasted; /* it is no command, whatever it looks like */

	struct edge older, newer; /* newer: of ROOM_PAST alone */
	struct page page;
	struct search *search;    /* ROOM_FOUND: what for */
	uint64_t search_next;     /* where its next page begins; 0: none yet */
	char of[PROTOCOL_NAME_MAX + 1]; /* ROOM_PAST: whose log it is of */
	uint64_t sought;          /* the entry it was opened for */
};

struct model {
	pthread_mutex_t lock;
	int wake;         /* descriptor the face polls; wake.h */
	uint64_t version; /* grows with every change */
	bool is_over;     /* the link has given up: over_status, over_why */
	int over_status;  /* sysexits */
	char over_why[LINK_WHY];

	enum link_state state;
	int64_t retry_ms;   /* clock_ms() of the next try, LINK_WAITING */
	int ping_ms;        /* last round trip; -1: not known */
	char where[160];    /* address tried or connected to */
	char from[160];     /* one's own end; "": it has no address */
	char why[LINK_WHY]; /* last failure, in words; "" */
	char server[PROTOCOL_NAME_MAX + 1]; /* its name */
	char *target;       /* the address as it was given; "": none was */
	struct id log;      /* of the server's logs; zero: not known */
	char nick[NAMES_NICK_MAX + 1];
	uint32_t text_max;

	struct room **rooms;
	size_t n_rooms;
	struct room *looked_at; /* the face's; what arrives there is read */
	bool is_focused;        /* false: even there it is unread */
	struct pending *outbox;
	struct transfer *transfers; /* in the order they were begun */
	struct autoget *autoget; /* what is fetched unasked: autoget.h */
	bool is_unsafe; /* what is said cannot be written to disk now */
	pthread_cond_t *keeper; /* who keeps the places on disk; NULL: nobody */
	bool is_unkept;         /* something changed since they were */
	bool must_keep;         /* and is to be kept now */
	unsigned n_pending; /* of outbox, not refused */
	unsigned n_asked;   /* requests of the user's not answered yet */

	struct model_ears ears;
	uint64_t (*wall)(void); /* clock_wall_ms, but in tests */
	struct buf scratch;     /* model.c's */
};

struct model *model_new(void);
void model_free(struct model *);

void model_lock(struct model *);
/* After a change: version grows and the face is woken. */
void model_unlock_changed(struct model *);
void model_unlock(struct model *);
/* Something changed that is kept on disk, but not to be seen: now, or in its
 * time.  With the lock. */
void model_keep(struct model *, bool now);

/* All below: with the lock held. */
struct room *model_room(struct model *, struct slice name); /* NULL: none */
struct room *model_room_number(struct model *, uint32_t number);
/* Or new; an open one stays where it is. */
struct room *model_room_open(struct model *, struct slice name);
/* Not the server's window.  If it is looked at, the server's window is then. */
void model_room_close(struct model *, struct room *);
/* A direct conversation whose other end took another nick. */
void model_room_rename(struct model *, struct room *, struct slice name);
/* The window for what a search finds, for a part of a room's log around an
 * entry: one of each, emptied.  name is shown. */
struct room *model_open_found(struct model *, const struct search *);
struct room *model_open_past(struct model *, struct slice name,
    struct slice of, uint64_t seq);
/*
 * A line in a room, who and text made safe; head as for scrollback_add().  What
 * others said counts as unread where nobody looks, and what was missed also
 * where somebody does.
 */
const struct line *model_line(struct model *, struct room *,
    const struct line *head, struct slice who, struct slice text);
/* A line of the program's own, made safe; room NULL: the server's window.  The
 * ears hear it, as an event of that kind; model_say's are local. */
void model_tell(struct model *, struct room *, const char *kind,
    const char *, ...) __attribute__((format(printf, 4, 5)));
#define model_say(model, room, ...) \
	model_tell(model, room, "local", __VA_ARGS__)
/* News of the connection: a line in the server's window and in the room looked
 * at, one event of kind state. */
void model_news(struct model *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* A line for a page of a room, safe as above; no news. */
void model_page_line(struct model *, struct room *, const struct line *head,
    struct slice who, struct slice text);
/* The page is whole: its lines go before those of the room, or behind them;
 * what was not seen of them is unread. */
void model_page_done(struct room *);
/* The face looks at a room: what is in it is read. */
void model_look(struct model *, struct room *);

/* Tells the ears. */
void model_event(struct model *, const struct event *);
void model_answer(struct model *, const union message *);

struct member *room_member(struct room *, struct slice nick); /* NULL: none */
void room_member_put(struct room *, struct slice nick, enum presence);
void room_member_drop(struct room *, struct slice nick);
void room_member_rename(struct room *, struct slice old, struct slice to);
void room_members_clear(struct room *);
/* Everybody's state becomes 0; who still has it is dropped. */
void room_members_doubt(struct room *);
void room_members_settle(struct room *);
unsigned room_members(const struct room *);

void pending_free(struct pending *);

/* Does a text speak to nick (whole word, by name key)? */
bool model_mentions(struct slice text, struct slice nick);

#endif
