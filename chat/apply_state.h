/*
 * What the files of apply share: its state, and the handlers, one for each row
 * of protocol.def that a server may send.  A row without a handler does not
 * link.  For these files alone; everyone else reads apply.h.
 */
#ifndef APPLY_STATE_H
#define APPLY_STATE_H

#include "apply.h"
#include "asked.h"
#include "outbox.h"
#include "transfer.h"

enum { APPLY_ROOMS = 4096 }; /* rooms a server may open for us */

struct apply {
	struct model *model;
	struct buf *out;
	struct id device;
	char nick[NAMES_NICK_MAX + 1]; /* wanted; since welcome the one had */
	unsigned nick_tries;           /* others tried, because it was taken */
	bool is_live;                  /* welcome has come */
	bool has_heard;                /* anything at all */
	bool is_put_off;  /* that the server cannot store was told */
	bool is_apart;    /* apply_keep_apart() */
	uint32_t features; /* told in hello */
	bool knows_rooms; /* the rooms one still belongs to are told */
	struct asking asking;
	struct outbox outbox;
	struct transfers *transfers; /* NULL: no files move */

	/* The pulse: pings go out after silence. */
	int64_t now_ms;
	int64_t heard_ms;
	int64_t pinged_ms; /* the last ping, its token too; 0: answered */
	uint32_t ping_ms;  /* silence allowed; 0: any */

	struct apply_end end;
};

#define HEAR_CLIENT(name)
#define HEAR_SERVER(name) \
	bool hear_##name(struct apply *, const union message *);
#define HEAR_BOTH(name)   HEAR_SERVER(name)
#define MESSAGE(NAME, name, no, from, when, cost, meaning) HEAR_##from(name)
#include "protocol.def"

/* Sets the end; returns false, for handlers to return. */
bool apply_fail(struct apply *, bool is_final, int status, const char *, ...)
    __attribute__((format(printf, 4, 5)));
/* The connection ends with a refusal's number, as the server says. */
bool apply_closed(struct apply *, enum refusal, uint32_t wait_ms,
    struct slice text);
/* Sends what may be sent of the outbox. */
void apply_pump(struct apply *);
void apply_ping(struct apply *);
void apply_hello(struct apply *);
bool apply_hello_refused(struct apply *, const struct msg_refused *);

/* Requests: kept until answered. */
struct asked *apply_ask(struct apply *, union message *, struct room *,
    bool is_own);
void apply_answered(struct apply *, struct asked *);

/* A moment for people. */
enum { APPLY_WHEN = 32 };
void apply_when(char out[APPLY_WHEN], uint64_t wall_ms);

/* How an entry looks as a line. */
void apply_head(const struct apply *, const struct room *,
    const struct msg_entry *, struct line *head);

/* Of pages: true: the request is answered wholly. */
bool apply_history_done(struct apply *, struct asked *,
    const struct msg_done *);
bool apply_search_done(struct apply *, struct asked *, const struct msg_done *);
/* Refused for good, or lost; false: that was no window's page. */
bool apply_page_refused(struct asked *, struct slice why);

/* Of files. */
/* An offer or a fetch was refused; false: the request was another. */
bool apply_file_refused(struct apply *, const struct asked *,
    const struct msg_refused *);
/* A transfer was begun, or is another now: it has its row, and is told. */
void apply_moved(struct apply *, struct transfer *);
/* An entry of a file that has just come: perhaps it is fetched by itself. */
void apply_autoget(struct apply *, struct room *, const struct msg_entry *);
bool apply_files_done(struct apply *, struct asked *, const struct msg_done *);

/* Of the rooms. */
/* Tells how far they were seen: those it is time for, or all. */
void apply_tell_seen(struct apply *, bool all);
/* Milliseconds until it is time for one; -1: nothing is to be told. */
int64_t apply_seen_wait(const struct apply *, int64_t now_ms);
/* Joins it if it is wanted, not attached, not asked for, and of use. */
void apply_open(struct apply *, struct room *);
void apply_names(struct apply *, struct room *);
/* A request about a room was refused for good; true: it is seen to. */
bool apply_room_refused(struct apply *, struct asked *,
    const struct msg_refused *);

#endif
