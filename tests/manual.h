/*
 * The worked examples of chat-protocol(7), read from the page itself.  In them
 * a message is a line "C name" or "S name", then a line for each field: bytes
 * in hexadecimal, the field's name, its value.
 */
#ifndef MANUAL_H
#define MANUAL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum { MANUAL_FIELDS = 32, MANUAL_MESSAGES = 64, MANUAL_WORDS = 128 };

struct manual_field {
	size_t at, len; /* its bytes in those of the message */
	char name[32];
	char value[MANUAL_WORDS]; /* "" for an empty one, and for an id; a long
				     one ends in " ..." */
};

struct manual_message {
	bool from_client;
	char name[32];
	struct buf bytes; /* the whole frame */
	struct manual_field fields[MANUAL_FIELDS]; /* length, type, the rest */
	size_t n;
};

struct manual {
	struct manual_message messages[MANUAL_MESSAGES];
	size_t n;
};

/* A page as a string, to be freed; path is below the top folder. */
char *manual_read(const char *path);
/* All of the page's examples.  What cannot be read fails the test. */
struct manual *manual_examples(void);
void manual_free(struct manual *);

#endif
