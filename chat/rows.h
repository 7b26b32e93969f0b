/*
 * What stands in each row of the message area.  Knows no curses and keeps
 * nothing: an item is made from the model, under its lock, whenever it is
 * looked at, and only for what is seen.
 *
 * An item is one line, or comings and goings folded into one, with the rules
 * that stand before it (how much is older than the first line, a new day, the
 * first unread) and the time and name left of it.  Items go by ids as lines do;
 * what is not stored yet stands behind the newest line, under the ids to come,
 * and so does, where past.h has one, the row at the foot.
 *
 * Where names have a column a straight line divides them from what is said,
 * and no text can imitate it; where they have not, what somebody said begins in
 * the first column only behind <name>.
 */
#ifndef ROWS_H
#define ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "layout.h"
#include "model.h"
#include "slice.h"
#include "theme.h"
#include "wrap.h"

/* Where the unread begins. */
struct mark {
	uint64_t id;	/* the first of them; 0: none, or not here yet */
	unsigned n;	/* how many */
	uint64_t since; /* time of the last that was read; 0: not known */
};

/* What is looked at, and how. */
struct view {
	const struct model *model;
	struct room *room;
	const struct layout *layout;
	struct mark mark;
	bool is_ascii;		  /* the terminal can show nothing else */
	struct pending **pending; /* of the room, in order */
	uint64_t first, next;	  /* ids there are: [first, next) */
	uint64_t pending_id;	  /* of the first pending; lines are before */
	size_t n_pending;
	uint64_t top;	 /* the line that has the row above all; 0: none */
	uint64_t chosen; /* the line that is marked; 0: none */
};

/* With the lock, which stays held until view_close(). */
void view_open(struct view *, const struct model *, struct room *,
    const struct layout *, const struct mark *);
void view_close(struct view *);

enum rule { RULE_TOP, RULE_DAY, RULE_UNREAD };
enum { ITEM_RULES = 3, ITEM_MARKS = 32 };

struct item {
	uint64_t id, next; /* [id, next): lines in it */
	enum rule rules[ITEM_RULES];
	int n_rules;
	uint64_t time;	  /* milliseconds since 1970 */
	char clock[9];	  /* as shown; "": not here */
	struct buf label; /* the name as shown, cut to what it may take; behind
			     it, where names have no column, a blank */
	enum style label_style;
	struct slice nick; /* whose colour the label has; len 0: nobody's */
	bool is_mention;
	bool is_chosen;
	bool is_rule; /* the text is a rule's */
	enum style style;
	struct slice text;  /* safe; good as long as the item and the lock */
	int first, columns; /* for wrap_start() */
	int at_first, at;   /* columns left of them */
	int rows;	    /* of the text; at least 1 */
	struct buf made;    /* the text, if it is no line's own */
	size_t marks_at; /* words are looked for from here on */
	struct item_mark {
		size_t from, to; /* bytes of the text: a word looked for */
	} marks[ITEM_MARKS];
	int n_marks;
};

/* An all-zero item is valid; loading keeps its buffers.  id is in the view's
 * bounds; the item is the one it belongs to. */
void item_load(struct item *, const struct view *, uint64_t id);
void item_done(struct item *);
/* The words of its i-th rule. */
void item_rule(const struct item *, const struct view *, int i, struct buf *);
/* "14:05", or "14:05:09". */
void rows_clock(char out[9], uint64_t time_ms, bool has_seconds);
/* As much as fits into columns (at least 1), with ~ for the rest. */
void rows_cut(struct buf *, struct slice, int columns);
/* Safe text for a terminal without UTF-8: other clusters than ASCII become
 * "?". */
void rows_plain(struct buf *, struct slice);

#endif
