/*
 * The command line of chat(1).  One table, options.def, makes what is looked
 * for, the usage and the help.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"

enum options_result {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_WRONG, /* wrong says why */
};

/* All zero before options_read(); the strings are its own. */
struct options {
	char *address;	    /* NULL: the default ones */
	char *nick;	    /* valid */
	bool is_nick_own;   /* given, not made up */
	char **rooms;	    /* with their # */
	bool are_rooms_own; /* given, not what is entered without any */
	size_t n_rooms;
	int family; /* AF_UNSPEC, AF_INET, AF_INET6 */
	bool is_batch, is_json, is_unread;
	char *tail;	/* #room or nick; NULL: none */
	bool has_since; /* else the last so many lines: */
	uint64_t since; /* wall ms */
	unsigned lines;
	bool is_following;
	bool is_discover;
	char *message; /* NULL: none; with send its caption */
	char *to;
	char *send;    /* NULL: none; "-": standard input */
	char *name;    /* NULL: its own */
	uint64_t get;  /* 0: none */
	char *out;     /* NULL: where files go; "-": standard output */
	char *downloads; /* where files go; NULL: where they usually do */
	int timeout_ms;
	char wrong[256];
};

enum { OPTIONS_LINES = 50 }; /* of a tail, if nothing else is wanted */

enum options_result options_read(struct options *, int argc, char **argv);
void options_free(struct options *);

/* A nick that was not given is one for this device: where no user name will do
 * it is the same guest each time.  Four digits tell little of the secret id. */
void options_device(struct options *, const struct id *device);
/* A nick made of somebody's user name, or guest and the last four digits of a
 * number; out has NAMES_NICK_MAX + 1 bytes. */
void options_nick(const char *user, uint32_t random, char *out);

/* The rows, as the help has them: "-n NICK", "--json", the meaning. */
struct option_text {
	char name[32];
	const char *meaning;
};
size_t options_rows(struct option_text *out, size_t max);
/* What -h prints; and a line of it, for who got it wrong. */
void options_help(struct buf *);
void options_usage(struct buf *);

#endif
