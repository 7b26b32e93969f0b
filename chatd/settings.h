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

struct settings {
	struct string_list {
		char **at;
		size_t n;
	} listen;
#define NUMBER(group, name, standard, min, max, unit, meaning) \
	int64_t group##_##name;
#define STRING(group, name, standard, max, meaning) char *group##_##name;
#define SWITCH(group, name, standard, meaning) bool group##_##name;
#define LIST(name, meaning)
#include "settings.def"
};

/* The standard ones; server.name is the host's. */
struct settings *settings_new(void);
void settings_free(struct settings *);
/* Reads path over the standard ones.  NULL if anything is wrong, with one line
 * for each fault ("path:line: what, why") in errors. */
struct settings *settings_read(const char *path, struct buf *errors);
/* One more -l. */
void settings_listen(struct settings *, const char *address);
/* All of them in the syntax they are read in. */
void settings_print(const struct settings *, FILE *);

#endif
