/*
 * All that the UI thread keeps, between act (what keys do to it) and ui (which
 * waits and paints).  Whoever changes something marks which parts of the screen
 * are stale, and why: what a key changed is painted at once, what others did
 * when the terminal keeps up.
 */
#ifndef FACE_H
#define FACE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "complete.h"
#include "help.h"
#include "input.h"
#include "layout.h"
#include "link.h"
#include "model.h"
#include "pace.h"
#include "recall.h"
#include "windows.h"

enum part {
	PART_MESSAGES = 1,
	PART_TITLE = 2,
	PART_STATUS = 4,
	PART_SIDES = 8,
	PART_INPUT = 16,
	PART_ALL = 31,
};

struct face {
	struct model *model;
	struct link *link;
	struct windows windows;
	struct layout layout;		 /* as painted; rows 0: never */
	int text_columns;		 /* of the input, as painted */
	unsigned stale_keys, stale_news; /* parts */
	struct pace pace;
	int64_t tick_ms;     /* the status is stale then by itself */
	uint64_t painted_id; /* next line's id in the room, when painted */
	uint64_t behind;     /* entries to catch up with when that began */

	struct input input;
	struct complete complete;
	struct recall recall;
	const struct window *mode_of; /* completion and search are of it */
	struct help help;
	struct buf hint; /* one line in the status, until the next key */
	int escapes;	 /* pressed in a row */

	bool wants_stop; /* Ctrl-Z */
	bool is_over;
	char *why; /* to say with the bye; NULL: nothing */
};

void face_init(struct face *, struct model *, struct link *);
void face_done(struct face *);

/* A key changed these parts. */
void face_stale(struct face *, unsigned parts);
/* The input line of the room looked at. */
struct edit *face_edit(struct face *);
/* After one of edit's functions: the bell, if it changed nothing. */
void face_edited(struct face *, bool did);
void face_hint(struct face *, const char *words);

#endif
