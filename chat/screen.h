/*
 * The terminal: taken at the start, given back as it was on every way out.
 * curses begins and ends here, and here is the program's only doupdate().
 *
 * A crash (SEGV, BUS, ILL, FPE, ABRT) writes a string made beforehand, puts the
 * terminal's settings back and dies of its signal; exit() does the same from
 * any thread.  What is written to a standard error that is the terminal too
 * is kept back until the terminal is given back.
 *
 * UI thread, but for what the signal handlers do.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>

#include "slice.h"

/* NULL, or why this terminal will not do; then nothing was written to it. */
const char *screen_begin(void);
void screen_end(void);
/* Gives the terminal back, stops the program's process group, and takes it
 * again when it goes on. */
void screen_suspend(void);
/* The program went on without screen_suspend() having stopped it. */
void screen_resume(void);

void screen_size(int *rows, int *columns); /* at least 1 */
/* The terminal's size may have changed; all is painted afresh. */
void screen_resize(void);
void screen_redraw(void); /* at the next flush, all of it */
/* What was painted into curses' memory, onto the terminal; the cursor is shown
 * where it was left. */
void screen_flush(void);

/* Asks the terminal for its status; false: it is not one to ask. */
bool screen_ask(void);
/* The terminal's title: safe text.  Written only when it changes. */
void screen_title(struct slice);
void screen_beep(void);

int screen_colours(void);   /* 256, 8 ...; 0: none, or NO_COLOR is set */
bool screen_is_ascii(void); /* the locale's encoding is not UTF-8 */

#endif
