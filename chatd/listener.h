/*
 * Listening sockets.  Accepts up to LISTENER_BATCH connections a turn.  When no
 * descriptor is left, the one held in reserve is given up for as long as it
 * takes to accept and close the newcomer; if that fails too, the listener rests
 * for LISTENER_REST_MS.  Neither spins, and the log is told at most once in ten
 * seconds.  A socket for datagrams is only watched here.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include "sock.h"

struct dialect;
struct listener;
struct loop;

enum { LISTENER_BATCH = 64, LISTENER_REST_MS = 100 };

/* fd is the accepted connection, the callee's from now on. */
typedef void listener_accept(void *arg, int fd, const struct dialect *,
    const struct sock_addr *peer);

/* fd, which stays the listener's, has something to be read. */
typedef void listener_datagrams(void *arg, int fd);

/* Takes fd, a listening socket. */
struct listener *listener_new(struct loop *, int fd, const struct dialect *,
    listener_accept *, void *arg);
/* Takes fd, a bound socket for datagrams. */
struct listener *listener_new_datagrams(
    struct loop *, int fd, listener_datagrams *, void *arg);
/* The path of a UNIX socket is somebody else's. */
void listener_leave_path(struct listener *);
/* Closes; removes the path of a UNIX socket. */
void listener_free(struct listener *);

#endif
