/*
 * What the session's own files share (session.c, session_out.c, session_bulk.c,
 * session_due.c, sessions.c): the session itself.  Everyone else reads
 * session.h.
 */
#ifndef SESSION_STATE_H
#define SESSION_STATE_H

#include "bucket.h"
#include "buf.h"
#include "client.h"
#include "heap.h"
#include "networks.h"
#include "session.h"
#include "table.h"

struct accounts;
struct bulk;
struct conn;
struct conn_ops;
struct piece;

enum {
	BYE_MS = 5000, /* until a bye has been taken by the peer */
};

enum state {
	STATE_FRESH,	/* nothing said yet */
	STATE_GREETING, /* hello is being answered; nothing more is read */
	STATE_READY,
	STATE_ENDING,  /* the peer sends no more: answer what it asked */
	STATE_CLOSING, /* bye is on its way out */
	STATE_OVER,    /* bye is out; waiting for the connection to end */
};

struct session {
	struct client client; /* first: the hub gives back its address */
	struct sessions *all;
	struct conn *conn;
	struct session *prev, *next;
	struct session *next_marked;
	struct network *network; /* NULL: not counted */
	uint32_t number;
	uint8_t state; /* enum state */
	bool is_marked;
	bool is_blocked; /* wait for writable() */
	bool is_paused;
	bool is_pinged;
	bool is_eof;   /* the peer has sent its last */
	bool has_left; /* something of that has not been read yet */
	bool owes_unsure;
	bool pieces_first; /* the first piece has begun, finish it */
	bool is_refused;   /* only here to be told that we are full */
	uint8_t n_pieces;
	struct piece *pieces; /* pulled, not taken yet */
	struct buf news;      /* presence: goes out behind the entries */
	struct buf out;	      /* answers, not taken yet */
	struct bulk *bulk;    /* bytes of files, pulled, not taken yet */
	struct bucket bucket;
	struct timer timer;
	int64_t began_ms;
	int64_t heard_ms;
	int64_t part_ms; /* a message began and is not complete; 0: none */
	int64_t rest_ms; /* nothing is read before: too fast; 0: it is */
	const char *why; /* it ends; NULL: as conn says */
};

struct sessions {
	struct loop *loop;
	struct hub *hub;
	const struct settings *settings;
	session_handler *handler;
	struct session *first, *marked;
	struct networks networks;
	struct accounts *accounts;
	unsigned n, n_refused;
	bool is_closed; /* the door */
	uint32_t number;
};

extern const struct conn_ops session_conn_ops;
extern const struct client_ops session_client_ops;

/* sessions_flush() has something to do for it. */
void session_mark(struct session *);
void session_enter(struct session *, enum state);
int64_t session_now(const struct session *);
void session_timer(struct session *, int64_t due_ms);
/* A timer's fire(): a deadline, or time to look after the peer. */
void session_tick(struct timer *);
/* Until somebody who connects has said who it is. */
int64_t session_login_ms(const struct session *);
/* A tick of one that is ready; sets the next. */
void session_tick_ready(struct session *);
void session_refuse(struct session *, unsigned request, uint64_t ref,
    enum refusal, uint32_t wait_ms);
/* No more than what is in out goes out, and nothing comes in. */
void session_end(struct session *, const char *why);
/* The same with a bye, in words of its own or, with "", the refusal's. */
void session_end_with(struct session *, enum refusal, uint32_t wait_ms);
void session_end_saying(
    struct session *, enum refusal, uint32_t wait_ms, struct slice words);
/* The peer sends no more: what it asked is answered, then it is over. */
void session_finish(struct session *);
/* Nothing more is read until the peer has been answered, or takes it. */
bool session_is_busy(const struct session *);
/* Reads on, or not, by that. */
void session_pace(struct session *);
/* Bytes of files: what must be finished before anything else is written; what
 * may be written when nothing else is left.  True: all was taken. */
bool session_bulk_begun(struct session *);
bool session_bulk_write(struct session *);
void session_bulk_free(struct session *);
/* One write: what was left over, answers, entries.  True: all was taken. */
bool session_write(struct session *);
/* Out of the lists of all, and freed. */
void session_free(struct session *);

#endif
