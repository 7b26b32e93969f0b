/*
 * A disk that fails: a layer above SQLite's own files that counts what is asked
 * of them, lets the call of one's choice fail or kill the process, remembers
 * what was written and what was synced, and so knows what may be left when the
 * power goes at any moment.
 *
 * What is left then: all that was synced; of the rest, any of the writes, whole
 * or some of their sectors, in any order.  A sync that failed has lost what it
 * was to save, though it can still be read: Linux gives such pages up.
 */
#ifndef DISK_H
#define DISK_H

#include <stddef.h>
#include <stdint.h>

/* All of SQLite in this process uses it from now on. */
void disk_install(void);

enum disk_call {
	DISK_READ = 1,
	DISK_WRITE = 2, /* and what makes a file shorter */
	DISK_SYNC = 4,
};

enum disk_fault {
	DISK_EIO,
	DISK_FULL, /* for writes */
	DISK_KILL, /* instead of the call */
	DISK_TEAR, /* half of a write, then killed */
};

/* The k-th of these calls from now on (1: the next) meets the fault, and if it
 * lasts, those after it too.  k 0: none does. */
void disk_fault(unsigned calls, unsigned long k, enum disk_fault, int lasts);
/* These calls since the last disk_fault(). */
unsigned long disk_calls(void);

/* Remembers from now on, for disk_image(). */
void disk_record(void);
/* Number of things remembered: a moment. */
size_t disk_moment(void);
/* Writes the files as they may be left when the power went at the moment, by
 * their last names, into a folder that is made.  seed chooses. */
void disk_image(const char *folder, size_t moment, uint64_t seed);

#endif
