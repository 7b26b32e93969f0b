/*
 * Who there is: users by nick and by device.  A user outlives its connections
 * for a while; then it is lost, but still a member of its rooms.
 */
#ifndef USER_H
#define USER_H

#include <stdbool.h>
#include <stdint.h>

#include "heap.h"
#include "names.h"
#include "protocol.h"
#include "table.h"

struct client;
struct hub;
struct member;
struct room;

struct user {
	struct id device;
	struct slice nick; /* owned */
	struct slice key;  /* owned; names_nick's */
	struct client *clients;
	struct member *members;
	unsigned n_members; /* those that count against limits.own */
	unsigned jobs;	    /* asked of the store, not answered */
	bool is_gone;	    /* out of the tables; freed with the last job */
	bool has_said;	    /* something that was stored, ever */
	char *account;	    /* login name; NULL: a guest */
	uint64_t since;	    /* here or lost since, wall clock */
	struct timer grace; /* set while lost */
	struct user *prev, *next; /* of a list of the hub's lost ones */
	struct hub *hub;
	UT_hash_handle hh_nick, hh_device;
};

struct users {
	struct user *by_nick, *by_device;
};

struct user *users_nick(const struct users *, struct slice nick);
struct user *users_device(const struct users *, const struct id *);
/* The nick is valid and free; its key is given. */
struct user *users_add(struct users *, const struct id *device,
    struct slice nick, const struct name_key *);
void users_rename(
    struct users *, struct user *, struct slice nick, const struct name_key *);
/* Out of the tables; the struct stays for user_free(). */
void users_remove(struct users *, struct user *);
void user_free(struct user *);
/* A nick that nobody has, into out (NAMES_NICK_MAX + 1 bytes): stem, or "guest"
 * when that cannot begin one, and digits. */
void
users_guest(const struct users *, const char *stem, uint32_t random, char *out);

/* It is none to come back with. */
bool device_passes(const struct id *);
bool user_passes(const struct user *);
struct member *user_member(const struct user *, const struct room *);
/* The direct conversation of two; NULL. */
struct room *users_direct(const struct user *, const struct user *);
/* The other one of a direct conversation; NULL when there is none any more. */
struct user *room_other(const struct room *, const struct user *);

#endif
