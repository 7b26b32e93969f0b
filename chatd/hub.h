/*
 * The chat itself: users, the rooms they are in, and who hears what.  No
 * descriptor, no byte, no clock of its own: requests, results of the store and
 * times come in, news and pieces of encoded log go out.  So a whole daemon runs
 * in a test.
 *
 * Words.  A user is somebody with a nick: a device, with or without a
 * connection at the moment.  A client is one connection of a user.  A room has
 * one log of entries 1, 2, 3 ...; a direct conversation is a room of two.  A
 * member is a user in a room; a seat is a client in a room, and holds the
 * cursor: the number of the next entry it is to be sent.
 *
 * Whatever happens in a room is asked of the store first and becomes true when
 * it is committed.  Handlers only mark; hub_turn() acts once a turn.
 */
#ifndef HUB_H
#define HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "heap.h"
#include "protocol.h"
#include "recent.h"

struct hub;
struct settings;
struct spool;
struct store;

struct hub *hub_new(const struct settings *, struct store *, struct heap *);
void hub_free(struct hub *);
/* Once, before anything else but hub_time(): what the store has from before.
 * Its members are lost until they come back. */
void hub_load(struct hub *);
/* Once, behind hub_load(): where the bytes of files are.  Borrowed.  NULL, or
 * without it: no files are taken.  NULL again when the spool is freed, before
 * the hub. */
void hub_spool(struct hub *, struct spool *);
/* New limits, taken up from the next request on.  Borrowed. */
void hub_settings(struct hub *, const struct settings *);
void hub_time(struct hub *, int64_t now_ms, uint64_t wall_ms);

/* At the end of a turn: lets the store work, takes in what it committed, wakes
 * the clients that have something to pull. */
void hub_turn(struct hub *);
/* hub_turn() has more to do: don't wait for events before the next. */
bool hub_waits(const struct hub *);

/*
 * Requests.  FINE: carried out, or asked of the store; the answer is told.
 * Else why not.  ref as in the protocol.
 */
enum refusal hub_hello(struct hub *, struct client *, const struct msg_hello *);
enum refusal hub_join(struct hub *, struct client *, const struct msg_join *);
enum refusal
hub_attach(struct hub *, struct client *, const struct msg_attach *);
enum refusal hub_part(struct hub *, struct client *, const struct msg_part *);
enum refusal hub_say(struct hub *, struct client *, const struct msg_say *);
enum refusal hub_nick(struct hub *, struct client *, const struct msg_nick *);
enum refusal hub_topic(struct hub *, struct client *, const struct msg_topic *);
enum refusal hub_names(struct hub *, struct client *, const struct msg_names *);
enum refusal hub_who(struct hub *, struct client *, const struct msg_who *,
    struct slice peer, struct slice local);
enum refusal hub_list(struct hub *, struct client *, const struct msg_list *);
enum refusal
hub_history(struct hub *, struct client *, const struct msg_history *);
enum refusal
hub_search(struct hub *, struct client *, const struct msg_search *);
enum refusal hub_seen(struct hub *, struct client *, const struct msg_seen *);
enum refusal hub_ask(struct hub *, struct client *, const struct msg_ask *);

/*
 * A notice from somebody who is no user, called who: a name that is no nick.
 * FINE: asked of the store; then, if there is one, is told the number of the
 * entry, or 0: it was not stored.  Else there is no such room.
 */
typedef void hub_posted(void *arg, uint64_t seq);
enum refusal hub_post(struct hub *, struct slice room, struct slice who,
    struct slice text, hub_posted *then, void *arg);

enum refusal hub_offer(struct hub *, struct client *, const struct msg_offer *);
enum refusal hub_fetch(struct hub *, struct client *, const struct msg_fetch *);
enum refusal hub_data(struct hub *, struct client *, const struct msg_data *);
enum refusal
hub_credit(struct hub *, struct client *, const struct msg_credit *);
enum refusal hub_whole(struct hub *, struct client *, const struct msg_whole *);
enum refusal
hub_verified(struct hub *, struct client *, const struct msg_verified *);
enum refusal
hub_cancel(struct hub *, struct client *, const struct msg_cancel *);
enum refusal
hub_withdraw(struct hub *, struct client *, const struct msg_withdraw *);
enum refusal hub_files(struct hub *, struct client *, const struct msg_files *);

/* Whoever has this nick, here or away: every connection is told these words
 * ("": the reason's own) and ends, and all rooms are left.  False: nobody. */
bool hub_kick(struct hub *, struct slice nick, struct slice words);

/* The connection is over.  orderly: it said bye, so the user leaves all rooms
 * at once, with these words; else the rooms wait for it (limits.grace). */
void hub_gone(struct hub *, struct client *, bool orderly, struct slice why);

/*
 * The next encoded entries for a client, at most max pieces and about bytes
 * bytes; cursors move behind them.  0: nothing waits now (if older entries are
 * being fetched from the store, wake() comes when they are there).
 */
size_t hub_pull(
    struct hub *, struct client *, struct piece *, size_t max, size_t bytes);

/* Frames with bytes of files for a client, appended until there are `bytes`
 * bytes or nothing can be sent now; wake() comes when there is more. */
void hub_pull_files(struct hub *, struct client *, struct buf *, size_t bytes);
/* There is more to be pulled. */
bool hub_has_files(const struct client *);

struct hub_figures {
	unsigned users, lost, rooms, members;
	uint64_t entries;   /* committed since the start */
	uint64_t encodings; /* entries encoded, one for each dialect */
	unsigned jobs;	    /* asked of the store, not answered yet */
	unsigned files;
	uint64_t file_bytes; /* in the spool */
};
struct hub_figures hub_figures(const struct hub *);

/* A room as its operator sees it; direct conversations are nobody's business.
 */
struct hub_room_row {
	struct slice name;
	unsigned members;
	uint64_t head;	/* number of the newest entry; 0: none */
	uint64_t bytes; /* of entries in memory */
};
/* Tells up to max rooms with a number above after, lowest first; the number of
 * the last one, or 0: there are no more. */
uint32_t hub_each_room(const struct hub *, uint32_t after, unsigned max,
    void (*row)(void *arg, const struct hub_room_row *), void *arg);

#endif
