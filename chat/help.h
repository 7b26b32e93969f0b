/*
 * The commands and keys as a text to page through, made from their tables: a
 * state of the screen, not a room.
 */
#ifndef HELP_H
#define HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "strip.h"

struct help {
	bool is_open;
	int columns; /* the text is made for */
	struct strip *row;
	size_t n;
	size_t top; /* first row shown */
};

/* Made, or made anew for another width; about: "keys" begins there. */
void help_open(struct help *, const char *about, int columns);
void help_fit(struct help *, int columns, int rows);
void help_close(struct help *);
/* By so many rows of a page of so many; false: it is at that end already. */
bool help_scroll(struct help *, int by, int rows);
/* Which of its rows a page of so many shows, and which keys go on from there,
 * for a status of so many columns. */
void help_place(const struct help *, int rows, int columns, struct buf *out);

/* One row's words: of a command ("join", "/j"), a key ("Ctrl-A", "F1") or of
 * what a key does; false: there is none. */
bool help_about(const char *topic, struct buf *out);

#endif
