/*
 * The receiver thread: owns the socket, dials, reconnects by itself (0.5 s
 * doubling to 30 s, full jitter), reads frames and lets apply change the model,
 * writes requests and the outbox.  Nothing here touches the terminal.
 *
 * After a cut it attaches every wanted room with the cursor it has, so that
 * what was missed comes, once; and sends what is in the outbox from the first
 * number the daemon has not stored.
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "protocol.h"
#include "transfer.h"

struct link;

struct link_options {
	const char *address; /* as -s, sock_parse() forms; NULL: the default
				ones in turn: sock_default_unix, localhost */
	const char *nick;    /* wanted */
	int family;	     /* AF_UNSPEC, AF_INET, AF_INET6 */
	int timeout_ms;	     /* for dial and welcome; at least 1 */
	bool keeps_trying;   /* false: the first failure ends it (-m) */
	bool is_apart;	     /* as apply_keep_apart(); with stays it looks */
	bool stays;	     /* bye leaves no room */
	struct id device;
	/* Where outbox and places are kept; journal.h. */
	int directory;	    /* -1: nowhere; borrowed */
	const char *outbox; /* NULL: messages go from memory, as they are */
	const char *places; /* NULL: none */
	bool moves_files;
	const char *transfers; /* kept as outbox and places; NULL: not */
	const char *downloads; /* where they go that are fetched; NULL: nobody
				  says */
};

/* Copies the options.  What is on disk is in the model then. */
struct link *link_new(struct model *, const struct link_options *);
/* Signals are blocked in its thread. */
void link_start(struct link *);
/* Says bye (with words, may be NULL) if connected, flushes for at most a
 * second, ends the thread, frees.  A thread that is looking up a name can't be
 * ended: it is left behind, touches nothing any more, and keeps what is its
 * own. */
void link_stop(struct link *, const char *why);

/*
 * Any thread, without the model's lock.  The request's ref is the link's; its
 * answer, or the refusal, is told in room (NULL: the server's window).  false:
 * not connected, nothing was sent.
 */
bool link_request(struct link *, union message *, struct room *room);
/* Into the outbox: sent now or as soon as there is a connection.  The message's
 * id there. */
uint64_t link_say(struct link *, struct room *, enum entry_kind, struct slice);
/* Takes it out again; false: it may have been stored. */
bool link_withdraw(struct link *, uint64_t id);
/* The face has shown a room up to this entry, to somebody who looks.  With the
 * model's lock held. */
void link_saw(struct link *, struct room *, uint64_t seq);
/* Asks for older or newer entries of a window, once at a time; past.h tells
 * what became of it.  With the model's lock held. */
void link_page(struct link *, struct room *, bool is_newer);
/* Refused messages of a room are tried again; forgotten. */
void link_retry(struct link *, struct room *);
void link_forget(struct link *, struct room *);
/* Try to connect now, also after it was over; to another address (NULL: the
 * same, nothing happens if it is connected). */
void link_connect(struct link *, const char *address);

/*
 * Files, transfer.h: sent, fetched, paused, cancelled.  The result of the first
 * two is a transfer's number; 0: nothing was begun, why has the words.
 */
unsigned link_send_file(
    struct link *, struct room *, const struct send_file *, struct buf *why);
unsigned link_fetch_file(
    struct link *, struct room *, uint64_t file, const char *to, int fd);
/* Lists the files of a #room or a conversation (of nobody: all one may read)
 * whose names have all the words, in a room; as link_request(). */
bool link_list_files(
    struct link *, struct room *, struct slice of, struct slice words);
/* false: there is none of this number under way. */
bool link_transfer(struct link *, unsigned number, enum transfer_wish);

enum { LINK_BACKOFF_MAX_MS = 30000 };
/* How long to wait after so many failures in a row; random is any number. */
int64_t link_backoff(unsigned failures, uint32_t random);

#endif
