/*
 * What every store does, whatever it keeps its entries in; and the words in
 * which tests of stores are written.  Answers are kept as a story, one line
 * each, in the order in which done() was called.
 */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include <stdint.h>

#include "../chatd/store.h"

/* Runs all of it, each case in a store of its own, empty, whose times are those
 * of story_wall(). */
void store_contract(struct store *(*open)(void));

extern _Atomic uint64_t story_now;
uint64_t story_wall(void); /* story_now */

/* Jobs whose done() writes a line:
 *	append N WHY SEQ
 *	device LAST
 *	read GOT from FIRST: TEXT ...
 *	seen
 */
struct store_append
story_append(uint32_t room, uint8_t device, uint64_t n, const char *text);
struct store_device story_device(uint8_t device);
struct store_read story_read(uint32_t room, uint64_t from, unsigned n);
struct store_seen story_seen(uint32_t room, uint8_t device, uint64_t seq);

/* What was told since the last time is this. */
void story_is(const char *);
/* Whatever was told does not matter. */
void story_skip(void);
/* One append, and what the store says to it. */
void story_say(struct store *, struct store_append, const char *answer);
/* Everything store_load() tells, as lines
 *	room NUMBER NAME (TOPIC) HEAD		NAME is - for two
 *	  NICK DEVICE [seen NUMBER]		its first byte
 * and the number it returns: "last NUMBER". */
void story_load(struct store *);

#endif
