/*
 * chatd.conf as one table: what may be set, its range, what it is when it isn't
 * set.  Reading fills a new object; errors name file and line and all of them
 * are told, so that a running daemon swaps only what is wholly good.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"

struct dialect;
struct sock_name;

struct string_from {
	char *string;
	char *from; /* who said so: "PATH:LINE", "-l"; NULL: it is standard */
};

/* In the order they stand in. */
struct string_list {
	struct string_from *at;
	size_t n;
};

/* Two strings that belong together, and rooms they are for. */
struct record {
	char *key, *value;
	struct string_list rooms;
	unsigned line; /* where it begins */
};

/* No two have the same key, names_same(). */
struct record_list {
	struct record *at;
	size_t n;
};

struct settings {
#define NUMBER(group, name, standard, min, max, unit, meaning) \
	int64_t group##_##name;
#define STRING(group, name, standard, max, meaning) char *group##_##name;
#define SWITCH(group, name, standard, meaning) bool group##_##name;
#define LIST(name, meaning) struct string_list name;
#define RECORDS(group, name, key, value, max, meaning) \
	struct record_list group##_##name;
#include "settings.def"
};

/* The standard ones; server.name is the host's. */
struct settings *settings_new(void);
void settings_free(struct settings *);
/* Reads path over the standard ones.  NULL if anything is wrong, with one line
 * for each fault ("path:line: what, why") in errors. */
struct settings *settings_read(const char *path, struct buf *errors);
/* Replaces the addresses to listen on by these; from as above. */
void settings_listen(struct settings *, const char *const *addresses, size_t n,
    const char *from);
/* Takes "ADDRESS" or "DIALECT:ADDRESS" apart.  NULL, or what is wrong. */
const char *settings_address(const char *, const struct dialect **,
    struct sock_name *);
/* All of them in the syntax they are read in, each with its meaning. */
void settings_print(const struct settings *, FILE *);

#endif
