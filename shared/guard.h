/*
 * Descriptors 0 to 2 are what others take them for.  A program started with one
 * of them closed would get its next socket or file there, and what is meant for
 * the terminal or the log would go into it.
 */
#ifndef GUARD_H
#define GUARD_H

/* Fills those that are closed, so that reading 0 and writing 1 or 2 goes on
 * failing with EBADF.  First of all in main(). */
void guard_standard(void);

#endif
