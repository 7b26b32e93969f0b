/*
 * chat --discover: asks the links this machine is on which servers there are,
 * listens for some seconds, and prints each door once.  Nothing that is heard
 * is verified.
 */
#ifndef DISCOVER_H
#define DISCOVER_H

#include <stdio.h>

#include "lan.h"

enum {
	DISCOVER_MS = 3000,
	DISCOVER_ASK_MS = 1000, /* between two questions */
	DISCOVER_MAX = 256,	/* doors told, at most */
};

/* The doors heard of so far, each once. */
struct discovered {
	char (*seen)[SOCK_TEXT + 16];
	size_t n;
};

/* Prints the doors of a datagram that were not heard of before:
 * ADDRESS <tab> DIALECT <tab> NAME <tab> FINGERPRINT or - <tab> unverified */
void discovered_take(struct discovered *, struct slice datagram,
    const struct sock_addr *from, FILE *);
void discovered_done(struct discovered *);

/* The exit status: EX_OK, or EX_UNAVAILABLE when nobody was heard. */
int discover_run(int for_ms);

#endif
