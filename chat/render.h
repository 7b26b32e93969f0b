/*
 * Model and windows into curses' memory; screen_flush() brings it to the
 * terminal.  Each function paints one rectangle of the layout, all of it, and
 * does nothing where that is not shown.  UI thread, with the model's lock held
 * where a view or bars are handed in.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "bars.h"
#include "help.h"
#include "layout.h"
#include "rows.h"
#include "strip.h"
#include "windows.h"

/* Once after screen_begin(). */
void render_begin(void);
/* Nothing is on the screen any more; its size may be another. */
void render_clear(void);

/* Whether anything there looks different from the last time. */
bool render_messages(const struct view *, const struct sight *);
void render_help(const struct layout *, const struct help *);
void render_title(const struct bars *);
void render_status(const struct bars *);
void render_sides(const struct bars *);

/* What stands in the input: a prompt, a text, and in it the cursor. */
struct written {
	struct strip prompt;
	struct slice text;
	size_t cursor;
};
/* Rows it would like on a screen of so many columns. */
int render_input_rows(const struct written *, int columns);
void render_input(const struct layout *, const struct written *);
/* The cursor to its place in the input: last before screen_flush(). */
void render_cursor(void);

#endif
