/*
 * What servers say of themselves on the link they are on: datagrams by
 * multicast, which no router passes on, in words:
 *
 *	chat-beacon 1
 *	name NAME
 *	key FINGERPRINT			left out where there is none
 *	DIALECT PORT			for each door
 *
 * and "chat-query 1" from who wants to know now.  Anybody on the link can say
 * anything: nothing in it is verified.  Lines that are not known are skipped.
 */
#ifndef LAN_H
#define LAN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"
#include "sock.h"

#define LAN_GROUP_V4 "239.255.77.11"
#define LAN_GROUP_V6 "ff12::7711"

enum {
	LAN_PORT = 7710,
	LAN_BYTES = 512, /* of a datagram, at most */
	LAN_DOORS = 8,
	LAN_KEY_MAX = 96,
};

struct lan_door {
	char dialect[16]; /* small letters */
	uint16_t port;
};

struct lan_beacon {
	char name[PROTOCOL_NAME_MAX + 1]; /* clean, text_is_clean() */
	char key[LAN_KEY_MAX + 1];	  /* "": none */
	struct lan_door doors[LAN_DOORS];
	size_t n;
};

void lan_write(struct buf *, const struct lan_beacon *);
void lan_write_query(struct buf *);
enum lan_words { LAN_NONSENSE, LAN_QUERY, LAN_BEACON };
/* What a datagram says; the beacon is filled if it is one. */
enum lan_words lan_read(struct slice, struct lan_beacon *);

/* Sockets that hear the groups on every link there is when they are opened;
 * -1: there is no such family. */
struct lan {
	int fd[2]; /* v4, v6 */
};

bool lan_open(struct lan *); /* false: neither, and errno */
void lan_close(struct lan *);
/* On every link; true if one took it. */
bool lan_tell(const struct lan *, struct slice);
/* -1: nothing is there; else how many bytes, LAN_BYTES at most. */
int lan_hear(int fd, void *out, struct sock_addr *from);

#endif
