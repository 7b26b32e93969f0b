/*
 * How things look: what each part of the screen is printed in, and the colour
 * of a person.  Knows no curses: a look is a colour's number and attributes,
 * for a terminal of 256, 8 or no colours.  Nothing is told by colour alone.
 *
 * The background is always the terminal's own, so every colour is one that can
 * be read on black and on white.
 */
#ifndef THEME_H
#define THEME_H

#include <stdbool.h>

#include "slice.h"

enum style {
	STYLE_PLAIN,
	STYLE_TIME,
	STYLE_GUTTER,
	STYLE_NAME,	 /* of somebody: theme_name() gives the colour */
	STYLE_OWN,	 /* of oneself */
	STYLE_MENTION,	 /* what was said to you */
	STYLE_LOCAL,	 /* joined, left; the program's own words */
	STYLE_RULE,	 /* a new day, what is missing */
	STYLE_UNREAD,	 /* where the unread begins */
	STYLE_WAITING,	 /* not stored yet */
	STYLE_REFUSED,	 /* and never will be */
	STYLE_BAR,	 /* title and status */
	STYLE_BAR_ALARM, /* in them: mentions, no connection */
	STYLE_SIDE,	 /* in the bars beside the messages */
	STYLE_SIDE_HEAD,
	STYLE_SIDE_NOW, /* the room looked at */
	STYLE_PROMPT,
	STYLE_FOUND,	 /* a word that was looked for */
	STYLE_CHOSEN,	 /* what is chosen of what was found */
	STYLE_CHOSEN_FOUND,
	STYLE_COUNT,
};

enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_REVERSE = 4, LOOK_UNDERLINE = 8 };

struct look {
	short colour; /* -1: the terminal's own */
	unsigned attributes;
};

/* colours: of the terminal; 0: it has none, or shall show none. */
struct look theme_style(enum style, int colours);
/* Of a nick; the same for all who have the same name key. */
struct look theme_name(struct slice nick, int colours);
/* The colours of people, one after the other: false behind the last. */
bool theme_palette(int colours, unsigned i, short *colour);

#endif
