/*
 * A terminal for tests: a program on a pseudo terminal, what it writes through
 * libvterm, whose answers go back to it.  Between the test and the program
 * stands a process that does what a shell does: the program has a process group
 * of its own and can be stopped.  Every wait has a deadline; what does not come
 * fails the test with the screen.
 */
#ifndef VT_H
#define VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include <vterm.h>

#include "buf.h"

enum { VT_WAIT_MS = 10000, VT_ENV = 8 };

struct vt_options {
	const char *const *argv;
	int rows, columns;
	const char *env[VT_ENV]; /* "NAME=VALUE"; "NAME" takes it away */
	bool is_silent;		 /* the terminal answers no question */
};

struct vt {
	int rows, columns;
	int fd;	    /* our end */
	int slave;  /* kept open, so that the terminal outlives the program */
	int states; /* what becomes of the program: pipe from the shell */
	pid_t shell, pid;
	VTerm *term;
	VTermScreen *screen;
	struct buf bytes;     /* all that was written */
	struct termios found; /* settings before the program */
	bool is_silent;
	bool is_over, is_stopped;
	int status; /* as of waitpid(), when over */
};

void vt_start(struct vt *, const struct vt_options *);
/* Kills what is still there, frees, closes. */
void vt_done(struct vt *);

void vt_type(struct vt *, const char *);
void vt_type_bytes(struct vt *, const char *, size_t len);
void vt_resize(struct vt *, int rows, int columns);
void vt_signal(struct vt *, int signal);
/* What is written meanwhile is only collected, then a new, empty screen is
 * there.  (libvterm 0.1 dies of what was meant for another size.) */
void vt_look_away(struct vt *);
void vt_look_again(struct vt *);

/* Reads what there is to read, for at most so many milliseconds; false: there
 * was nothing. */
bool vt_pump(struct vt *, int wait_ms);
/* Until the screen shows the words, or shows them no more. */
void vt_await(struct vt *, const char *words);
void vt_await_gone(struct vt *, const char *words);
void vt_await_stop(struct vt *);
/* Until the program is over; its exit status, or minus the signal's number. */
int vt_await_end(struct vt *);
/* Until nothing has been written for so long: only where there is nothing else
 * to wait for, and what comes too late fails nothing. */
void vt_settle(struct vt *, int quiet_ms);

/* The screen: rows with their blank ends cut, each behind a newline; to be
 * freed. */
char *vt_text(struct vt *);
bool vt_shows(struct vt *, const char *words);
/* Attributes of the first cell of the words on the screen. */
VTermScreenCell vt_cell(struct vt *, const char *words);
bool vt_wrote(const struct vt *, const char *bytes);

/* Waits until the screen is that of tests/screens/NAME.txt, in which times,
 * dates and the round trip are masked.  With VT_WRITE set, it is made so. */
void vt_expect(struct vt *, const char *name);
/* The same with masked text at hand. */
void vt_await_masked(struct vt *, const char *text);
char *vt_masked(struct vt *);

#endif
