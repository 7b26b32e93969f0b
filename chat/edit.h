/*
 * The input line without curses: a text, a cursor, and what Emacs hands expect.
 * Everything goes by clusters, what a person calls a character; the cursor
 * never stands in the middle of one.
 *
 * The text is always valid UTF-8 without controls but newline and at most
 * EDIT_MAX bytes: what would make it longer is refused whole.  Functions give
 * false when they changed nothing, and the face beeps.
 *
 * Killed text goes to the kills, which several edits (one for each room, with
 * the draft in it) share.
 */
#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "kills.h"
#include "slice.h"

enum { EDIT_MAX = 16384 };

/* Places, as seen from the cursor.  A word is letters, marks and digits. */
enum edit_to {
	EDIT_LEFT,
	EDIT_RIGHT,
	EDIT_WORD_LEFT,	 /* start of this word or the one before */
	EDIT_WORD_RIGHT, /* end of this word or the next */
	EDIT_BLANK_LEFT, /* behind the blank before what stands to the left */
	EDIT_LINE_START,
	EDIT_LINE_END,
	EDIT_START,
	EDIT_END,
};

enum edit_case { EDIT_UPPER, EDIT_LOWER, EDIT_CAPITAL };

struct edit;

/* kills: borrowed, outlives it. */
struct edit *edit_new(struct kills *);
void edit_free(struct edit *);

/* Borrowed until the next change. */
struct slice edit_text(const struct edit *);
size_t edit_cursor(const struct edit *); /* byte, 0 to the length */

/* One key's text, "\n" for a new line; keys in a row are one undo step for each
 * word. */
bool edit_type(struct edit *, struct slice);
/* From somewhere else: CR LF and CR become newline, a tab four blanks, other
 * controls are dropped, broken bytes become U+FFFD.  One undo step. */
bool edit_paste(struct edit *, struct slice);
/* The same for what replaces the bytes from from to to, both where a cluster
 * starts or the text ends, with the cursor behind it (completion); and for all
 * of the text (history).  Both can be undone. */
bool edit_replace(struct edit *, size_t from, size_t to, struct slice);
bool edit_set(struct edit *, struct slice);
/* Empties it and forgets all undo steps: it was sent. */
void edit_reset(struct edit *);

bool edit_move(struct edit *, enum edit_to);
/* By rows (-1 up, 1 down) of typed.h so many columns wide, keeping the column
 * over several calls; false at the first or last row: the face goes to the
 * history. */
bool edit_move_row(struct edit *, int by, int columns);
/* From the cursor to the place.  Deletes of one cluster in a row are one undo
 * step for each word.  A kill from where it leads to takes the newline there;
 * kills in a row are one. */
bool edit_delete(struct edit *, enum edit_to);
bool edit_kill(struct edit *, enum edit_to);
bool edit_yank(struct edit *);
/* Right after a yank, or another of these: the kill before in its place. */
bool edit_yank_pop(struct edit *);
/* The clusters on both sides of the cursor, at the end of a line the two before
 * it, change places. */
bool edit_transpose(struct edit *);
/* From the cursor to the end of the word. */
bool edit_change_case(struct edit *, enum edit_case);
bool edit_undo(struct edit *);
bool edit_redo(struct edit *);

#endif
