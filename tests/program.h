/*
 * A program without a screen, for a test: what is typed at it, what it prints,
 * how it ends.  Each has a home of its own, and so its own device.  It dies
 * with the test.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "buf.h"

enum { PROGRAM_WAIT_MS = 10000 };

struct program {
	pid_t pid;
	int in, out, err; /* -1: closed */
	struct buf printed, complained;
	char home[64];
	bool has_own_home; /* it goes with the program */
};

/* build/chat with these arguments, up to NULL. */
void program_start(struct program *, const char *const *arguments);
/* In a home that stays: somebody's, of an earlier program or of the test. */
void program_start_in(
    struct program *, const char *home, const char *const *arguments);
#define PROGRAM(p, ...)                                                        \
	program_start(p, (const char *const[]){ __VA_ARGS__, NULL })

void program_type(struct program *, const char *text);
void program_end_input(struct program *);
/* Waits until it has printed the words at least n times. */
bool program_prints(struct program *, const char *words, unsigned n);
unsigned program_printed(const struct program *, const char *words);

/* Takes what it has printed; false: it prints nothing more. */
bool program_look(struct program *);

/* Ends its input and waits: the exit status, or minus the signal's number. */
int program_end(struct program *);
/* Kills it if it is still there, and frees what it held. */
void program_done(struct program *);

#endif
