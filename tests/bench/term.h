/*
 * A terminal with a program in it: a pty of 80 columns and 24 rows, whose
 * output is counted and kept as a screen (libvterm), and which answers what
 * terminals are asked.
 */
#ifndef TERM_H
#define TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <vterm.h>

enum { TERM_ROWS = 24, TERM_COLUMNS = 80 };

struct term {
	pid_t pid;
	int fd; /* the pty's end; -1: it hung up */
	VTerm *vt;
	VTermScreen *screen;
	uint64_t bytes;	 /* of output */
	uint64_t writes; /* reads that brought some, about what it wrote */
};

/* HOME is home; the program's arguments end with NULL. */
void term_start(struct term *, const char *home, const char *const *argv);
/* Kills the program. */
void term_done(struct term *);
/* Reads what there is. */
void term_read(struct term *);
void term_type(struct term *, const char *keys);
/* A row's text, without the blanks at its end; 81 bytes times 4. */
void term_row(const struct term *, int row, char text[TERM_COLUMNS * 4 + 1]);
bool term_shows(const struct term *, const char *words);

#endif
