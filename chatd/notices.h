/*
 * Notices that come by UDP: a datagram
 *
 *	#room text
 *
 * of at most NOTICES_BYTES bytes, a newline at its end not counted, becomes a
 * notice in a room there is.  Anybody can write any address into a datagram, so
 * it is called by that address and NOTICES_UNVERIFIED, which is nobody's nick.
 * Who has a secret of the settings that is good for the room may write
 * "token:SECRET " before it, and is called * and the token's name.
 *
 * Whatever is no such datagram, or too many, is dropped without a word and
 * counted; the log is told at most once in NOTICES_WORDS_MS.  Nothing is ever
 * sent, unless notices.reply is on; then only to who is on this machine or had
 * a token, and never more bytes than came.
 *
 * Sources are counted by network in a table of fixed size.  Two that meet in it
 * share one allowance, so that a flood from everywhere fills neither memory nor
 * rooms.
 */
#ifndef NOTICES_H
#define NOTICES_H

#include <stdint.h>

#include "slice.h"
#include "sock.h"

struct hub;
struct loop;
struct notices;
struct settings;

enum {
	NOTICES_BYTES = 512,
	NOTICES_BATCH = 32,	  /* taken in at a time */
	NOTICES_SOURCES = 4096,	  /* networks told apart */
	NOTICES_WORDS_MS = 10000, /* between two lines of the log */
};

#define NOTICES_UNVERIFIED " (unverified)"

/* What became of a datagram. */
enum noticed {
	NOTICED, /* asked of the store */
	NOTICED_LONG,
	NOTICED_SHAPE,	/* neither "#room text" nor with a token before it */
	NOTICED_TEXT,	/* not UTF-8, or with controls */
	NOTICED_TOKEN,	/* no such token, or not for this room */
	NOTICED_SOURCE, /* too many from there, or with this token */
	NOTICED_ALL,	/* too many from everywhere */
	NOTICED_ROOM,	/* there is no such room */
	NOTICED_COUNT
};

struct notices *notices_new(
    struct loop *, struct hub *, const struct settings *);
void notices_free(struct notices *);
/* New limits and tokens; borrowed. */
void notices_settings(struct notices *, const struct settings *);

/* A listener_datagrams: takes in what there is, NOTICES_BATCH of it. */
void notices_read(void *notices, int fd);
/* One of them.  A reply is sent by fd later, whatever becomes of fd. */
enum noticed notices_take(struct notices *, int fd,
    const struct sock_addr *from, struct slice datagram);
uint64_t notices_counted(const struct notices *, enum noticed);

#endif
