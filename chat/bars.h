/*
 * What the rows around the messages say: title, status, the rooms to the left
 * and the people to the right.  Words only; painting is render's.  With the
 * model's lock held.
 */
#ifndef BARS_H
#define BARS_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"
#include "strip.h"
#include "windows.h"

struct bars {
	const struct windows *windows;
	const struct layout *layout;
	int64_t now_ms;	  /* clock_ms() */
	uint64_t wall_ms; /* clock_wall_ms() */
	uint64_t behind; /* entries to catch up with when that began; 0: none */
	struct slice hint; /* shown instead of what is unread; len 0: none */
	size_t written;	   /* bytes in the input */
	int written_rows;  /* rows of it */
};

/* Each has a left part, which is cut, and a right one. */
void bars_title(const struct bars *, struct strip *left, struct strip *right);
void bars_status(const struct bars *, struct strip *left, struct strip *right);
/* Rows of the bars beside the messages; row by row from 0, false behind the
 * last. */
bool bars_rooms(
    const struct bars *, int row, struct strip *left, struct strip *right);
struct people;
struct people *bars_people(const struct bars *); /* to be freed: free() */
bool bars_person(const struct people *, int row, struct strip *);

/* "#lobby> ", cut for narrow screens; the first sign tells what the status
 * would, where there is none. */
void bars_prompt(const struct bars *, struct strip *);
/* Entries of all rooms that are still to come. */
uint64_t bars_behind(const struct model *);
/* Whether the status shows the time, or counts seconds: then it is stale at the
 * next full minute or second. */
bool bars_has_clock(const struct layout *);

/* The name of a room for people: the server's window has one here. */
const char *bars_name(const struct room *);

#endif
