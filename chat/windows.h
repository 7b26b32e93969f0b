/*
 * A window on each room: how far one has scrolled, where the unread began when
 * one came, the draft and what was sent from there; and which room is looked
 * at.  Where one reads is kept as a place in the text, so nothing that arrives,
 * no other width, moves it; at the end it follows.
 *
 * UI thread.  All but windows_init() and windows_done() want the model's lock
 * held.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edit.h"
#include "history.h"
#include "model.h"
#include "rows.h"
#include "scroll.h"

struct window {
	struct room *room;
	struct edit *edit;
	struct history history;
	bool is_pasted;	  /* several lines of the draft were pasted: no command,
			     whatever it begins with */
	bool is_scrolled; /* false: the newest is in view and stays there */
	struct anchor top; /* of the first row shown, when scrolled */
	bool is_rising;	   /* the first row shown is the oldest there is, also
			      when older ones arrive */
	struct mark mark;
	uint64_t cleared; /* ids below it show only when scrolled */
	uint64_t chosen;  /* the line that is marked; 0: none */
	bool is_placed;	  /* ROOM_PAST: what it was opened for was shown */
	struct window *back; /* where one came from to what is no room */
};

struct windows {
	struct model *model;
	struct kills kills;
	struct window **at; /* all there ever were */
	size_t n;
	struct window *now;  /* what is looked at */
	struct window *last; /* and before it; NULL: none */
	struct window
	    *home; /* where the first Alt-A was; NULL: not under way */
};

void windows_init(struct windows *, struct model *);
void windows_done(struct windows *);

/* What is written in the window looked at is put into the model, to be kept on
 * disk. */
void windows_keep_draft(struct windows *);

/* The room one looks at was closed, or another is looked at: follows suit; and
 * what was missed there begins with a mark. */
void windows_sync(struct windows *);
void windows_show(struct windows *, struct room *);
/* The terminal gained or lost the focus: what comes without it is unread.
 * false: that is how it was. */
bool windows_focus(struct windows *, bool is_focused);

/* The open rooms, in their order: the i-th (from 0); NULL: there are fewer. */
struct room *windows_nth(const struct windows *, size_t i);
size_t windows_number(const struct windows *, const struct room *); /* from 0 */
/* The room next to that looked at, all round. */
struct room *windows_next(const struct windows *, int by);
/* More urgent rooms first: mentions, direct, others; NULL: nothing is unread.
 */
struct room *windows_urgent(const struct windows *);
/* Shows that, or, when nothing is unread any more, the room one came from;
 * false: there is nowhere to go. */
bool windows_visit(struct windows *);
/* 3: mentions, 2: direct, 1: unread, 0: nothing. */
int windows_urgency(const struct room *);

/* A view of the room looked at; view_close() ends it. */
void windows_view(const struct windows *, const struct layout *, struct view *);

/* What is shown: from the first row to the newest or, when scrolled, perhaps
 * two parts, with a row between them that says how much is below. */
enum {
	WINDOWS_TAIL = 4,	 /* newest rows that stay in view, */
	WINDOWS_TAIL_LEAST = 12, /* where there are at least so many */
};
struct sight {
	bool is_empty;
	struct place top; /* of the upper part */
	int rows;	  /* of it, at most */
	bool has_below;	  /* there is such a row */
	int tail;	  /* rows of the newest behind it */
};
struct sight windows_sight(const struct windows *, const struct view *);

/* Scrolls the window looked at, laid out so: by rows or pages, up when
 * negative; to the ends.  false: it is there already, and nothing is beyond
 * that could be asked for again. */
bool windows_scroll(struct windows *, const struct layout *, int rows);
bool windows_page(struct windows *, const struct layout *, int pages);
bool windows_oldest(struct windows *, const struct layout *);
bool windows_newest(struct windows *);
/* The window looked at is laid out so: shows the line of an entry that is here,
 * and marks it. */
bool windows_jump(struct windows *, const struct layout *, uint64_t seq);
/* Shows nothing of what is there, until one scrolls up. */
void windows_clear(struct windows *);

/* ---- windows_past.c: the ends, and windows that are no rooms ---- */

/* What of the log should be asked for, so that there is something beyond what
 * is seen. */
enum wants { WANTS_NOTHING, WANTS_OLDER, WANTS_NEWER };
enum wants windows_wants(
    const struct windows *, const struct view *, const struct sight *);
/* Of a part of a log: the room has more than it. */
bool windows_has_newer(const struct windows *, const struct room *);
/* Number of the last entry that is seen, by a person; 0: none. */
uint64_t windows_seen(
    const struct windows *, const struct view *, const struct sight *);
/* Shows what was found, or a part of a log, from its beginning. */
void windows_open(struct windows *, struct room *);
/* The room that is looked at, or was before such a window was opened. */
const struct room *windows_room(const struct windows *);
/* Leaves such a window for the one it was opened from; false: it is a room. */
bool windows_leave(struct windows *);
/* The part of a log that has come is scrolled to what it was opened for. */
void windows_place(struct windows *, const struct layout *);
/* Of what was found: the line marked, NULL: there is none; marks another. */
const struct line *windows_chosen(const struct windows *);
bool windows_choose(struct windows *, const struct layout *, int by);

#endif
