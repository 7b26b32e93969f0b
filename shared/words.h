/*
 * Words in a text: runs of letters and digits, with the marks on them.  All
 * else divides words.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

#include "slice.h"

/* How many there are; counting ends at most. */
size_t words_count(struct slice text, size_t most);

#endif
