/*
 * Addresses as people write them, listening, dialing.  Every descriptor made
 * here is non-blocking and close-on-exec.
 *
 *	HOST:PORT  *:PORT  [V6]:PORT  unix:PATH  /PATH
 *
 * PORT is a number or a service name; 0 picks a free one.  * is every address
 * of this machine, v6 and v4.
 */
#ifndef SOCK_H
#define SOCK_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "protocol.h"

#define SOCK_PORT "7711" /* where none is given */

struct sock_addr {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_storage ss;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
};

/* An address taken apart; the strings are inside. */
struct sock_name {
	bool is_unix;
	char host[256]; /* "" for *; the path of a UNIX socket is in path */
	char port[32];
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int family;	  /* AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX */
	bool is_datagram; /* the caller's to set: UDP */
};

enum { SOCK_TEXT = 128 };

/* Parses; without a port, SOCK_PORT.  NULL, or what is wrong with it. */
const char *sock_parse(const char *, struct sock_name *);
/* Resolves (blocks; getaddrinfo).  NULL and at least one address in out, the
 * count in *n; or why not, in words.  v6 and v4 alternate (RFC 8305). */
const char *sock_resolve(const struct sock_name *, bool passive,
    struct sock_addr *out, size_t max, size_t *n);

/* A listening socket.  -1 and errno.  SO_REUSEADDR on TCP, IPV6_V6ONLY on v6;
 * a stale UNIX socket that nobody answers on is replaced, a live one gives
 * EADDRINUSE; mode 0666, the directory decides who may. */
int sock_listen(const struct sock_addr *, int backlog);
/* A UDP socket that hears what is sent to addr.  -1 and errno. */
int sock_datagrams(const struct sock_addr *);
/* Begins to connect: a descriptor that becomes writable; -1 and errno. */
int sock_connect(const struct sock_addr *);
/* After it became writable: 0, or errno's value. */
int sock_connected(int fd);
/* Options of a connection that carries chat: TCP_NODELAY and keep-alive.  Not
 * TCP_USER_TIMEOUT, which would end one whose peer only reads slowly. */
void sock_tune(int fd);

/* For one that carries files besides: little of them waits in the kernel, where
 * nothing can overtake it (TCP_NOTSENT_LOWAT, tcp(7)). */
void sock_tune_bulk(int fd);

/* "127.0.0.1:7711", "[::1]:7711", "unix:/run/x"; out has SOCK_TEXT bytes. */
void sock_text(const struct sock_addr *, char *out);
uint16_t sock_port(const struct sock_addr *); /* 0: it has none */
void sock_peer(int fd, struct sock_addr *);
void sock_local(int fd, struct sock_addr *);
/* Who is at the other end of a UNIX socket, as the kernel knows it; false: it
 * is none. */
bool sock_peer_uid(int fd, uid_t *);
/* sock_text() of the peer; who has no path is told by its process and user,
 * "unix:(pid 4711, uid 1000)". */
void sock_peer_text(int fd, char *out);
bool sock_is_loopback(const struct sock_addr *); /* UNIX sockets too */
/* The address without port, v6 cut to its /64: what limits are counted by.
 * v4 as a mapped v6 address, UNIX sockets all ones. */
void sock_network(const struct sock_addr *, struct id *out);

/* Where chatd listens and chat looks when nobody says: fills out with
 * "unix:PATH" ($XDG_RUNTIME_DIR/chatd.sock, for root /run/chatd/chatd.sock)
 * and returns true; false where there is no such directory to use. */
bool sock_default_unix(char *out, size_t size);

#endif
