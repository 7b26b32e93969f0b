/*
 * One handler for each request of protocol.def.  Who may send it, when, and
 * what it costs is in the row and checked before; a handler returns FINE or
 * why not.  A request without a handler does not link.
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "protocol.h"

struct session;

/* Carries one request out.  What is not FINE the caller tells the peer. */
enum refusal requests_handle(struct session *, const union message *);

#endif
