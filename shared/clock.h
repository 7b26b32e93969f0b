/*
 * Time.  Deadlines are counted on the monotonic clock, which no one can set;
 * the wall clock is only for showing and for the time of entries.  The cores
 * of both programs get times handed in and never ask.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);       /* CLOCK_MONOTONIC, milliseconds */
uint64_t clock_wall_ms(void); /* since 1970 UTC, milliseconds */

#endif
