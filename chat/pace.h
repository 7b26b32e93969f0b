/*
 * When may be painted.  Keys are echoed at once, a frame apart at the least.
 * What others say waits until the terminal has read what it was sent before:
 * after such a paint it is asked for its status and must have answered.
 * (That the descriptor takes more says nothing: a pseudo terminal buffers 20
 * kB, and behind ssh there is more that nobody sees.)  A terminal that has
 * never answered gets PACE_SILENT_MS between paints.
 *
 * Pure: times are clock_ms(), handed in.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PACE_FRAME_MS = 16,
	PACE_FLOOD_MS = 50,   /* when all that can be seen is new each time:
				 nobody reads that fast */
	PACE_FIRST_MS = 1000, /* wait for the very first answer, */
	PACE_WAIT_MS = 10000, /* and for later ones */
	PACE_SILENT_MS = 100,
};

struct pace {
	enum { PACE_UNKNOWN, PACE_ANSWERS, PACE_SILENT } terminal;
	bool is_asked; /* and has not answered yet */
	int64_t asked_ms;
	int64_t keys_ms; /* of the last paint because of keys; 0: none yet */
	int64_t news_ms; /* of the last because of news */
	bool is_flood;
};

/* Earliest time for a paint because of keys, of news. */
int64_t pace_keys_due(const struct pace *);
int64_t pace_news_due(const struct pace *);
void pace_keys_painted(struct pace *, int64_t now_ms);
/* did_ask: the terminal was asked behind it.  rows: of messages that are new
 * since the last, of so many that can be seen. */
void pace_news_painted(
    struct pace *, int64_t now_ms, bool did_ask, uint64_t new_rows, int rows);
void pace_answered(struct pace *);
/* The deadline for an answer may be over. */
void pace_tick(struct pace *, int64_t now_ms);

#endif
