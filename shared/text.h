/*
 * Foreign text made safe: the one function through which everything that came
 * from somebody else passes before it reaches a terminal, a log or a line of
 * output.  What it lets out holds no C0 or C1 control, no DEL, no escape, no
 * direction override, no invisible character outside a valid cluster, at most
 * four marks on a base, and is valid UTF-8.
 *
 *	C0, DEL		caret form, ^[ ; C1 as <9B>
 *	tab		spaces to the next of the columns 4, 8, 12 ...
 *	newline		kept with TEXT_LINES, else shown as a blank
 *	U+2028, U+2029	like newline
 *	bidi controls	<U+202E> and so on
 *	invisible	dropped (soft hyphen, U+200B, tags, lone joiners ...)
 *	unassigned, private, broken bytes	U+FFFD
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "slice.h"

enum text_mode {
	TEXT_ONE_LINE, /* names, topics, logs, titles */
	TEXT_LINES,    /* message bodies: newline stays */
};

/* Appends the safe form. */
void text_safe(struct buf *, struct slice, enum text_mode);

/* What the protocol accepts as a text or a name: valid UTF-8, no C0, DEL, C1,
 * but newline where lines is set.  (Bidi controls and the like are legal on the
 * wire and made visible by text_safe.) */
bool text_is_clean(struct slice, bool lines);

/* Fields of the line formats: \n \t \\ escaped, other controls, bidi and broken
 * bytes as text_safe.  What only matters in columns (joined emoji, marks,
 * invisible characters) stays as it was written. */
void text_escape(struct buf *, struct slice);

#endif
