/*
 * Who is at the other end: a connection's state (FRESH, READY, CLOSING), its
 * deadlines, its allowance, and its output, gathered at the end of the turn
 * into one write: what was left over, then answers, then entries.
 *
 * What a session holds in memory is bounded by a constant: input by one frame,
 * answers by SESSION_ANSWERS (beyond it nothing more is read from the peer, and
 * presence is left out) and the last one: of history or search, which come from
 * the store, one page is on its way at a time; entries pulled but not taken by
 * SESSION_PULL.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"
#include "sock.h"

struct dialect;
struct hub;
struct loop;
struct session;
struct sessions;
struct settings;
struct sock_addr;

enum {
	SESSION_ANSWERS = 65536, /* bytes of answers not yet taken */
	SESSION_PULL = 65536,	 /* bytes of entries gathered in a turn */
	SESSION_PIECES = 16,	 /* in so many pieces */
};

/* Carries out a request that its row allows: requests_handle(). */
typedef enum refusal session_handler(struct session *, const union message *);

/* All of them: what main wires between listeners, loop and hub. */
struct sessions *sessions_new(
    struct loop *, struct hub *, const struct settings *, session_handler *);
void sessions_free(struct sessions *);
void sessions_settings(struct sessions *, const struct settings *);

/* A listener_accept: takes fd.  Beyond limits.clients or limits.address the
 * newcomer is told so and closed. */
void sessions_accept(void *sessions, int fd, const struct dialect *,
    const struct sock_addr *peer);
/* At the end of a turn: writes what every marked session has to say. */
void sessions_flush(struct sessions *);
/* Says bye to everyone; done when sessions_count() is 0. */
void sessions_stop(struct sessions *, enum refusal why, uint32_t wait_ms);
unsigned sessions_count(const struct sessions *);
/* How many have not taken all that was said to them, bye included. */
unsigned sessions_owing(const struct sessions *);

/* New ones are told that there is no place at the moment, or are let in. */
void sessions_close_door(struct sessions *, bool is_closed);

/* A connection as the operator sees it. */
struct session_row {
	uint32_t number;
	const char *dialect;
	struct slice nick, software; /* "": not told yet */
	struct slice account;	     /* login name; "": a guest */
	char peer[SOCK_TEXT], local[SOCK_TEXT];
	int64_t age_ms, idle_ms; /* since accepted, since the last request */
	size_t waiting; /* bytes in memory that the peer has not taken */
};
/* Tells up to max sessions with a number above after, lowest first; the number
 * of the last one, or 0: there are no more. */
uint32_t sessions_each(const struct sessions *, uint32_t after, unsigned max,
    void (*row)(void *arg, const struct session_row *), void *arg);
/* Ends one, as if the connection was lost, with these words in its bye ("": the
 * refusal's).  False: there is none. */
bool sessions_kick(struct sessions *, uint32_t number, struct slice words);

/* For requests.c. */
struct client *session_client(struct session *);
struct hub *session_hub(struct session *);
/* "127.0.0.1:7711 -> ..." parts, SOCK_TEXT bytes each. */
void session_addresses(struct session *, char *peer, char *local);
void session_tell(struct session *, const union message *);
/* An orderly end, at the peer's wish. */
void session_bye(struct session *, const struct msg_bye *);

#endif
