/*
 * Words in a text: runs of letters and digits, with the marks on them.  All
 * else divides words.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/* What a code point is to a word: a mark belongs to the letter before it; what
 * cannot be seen neither divides words nor is a part of one. */
enum words_part { WORDS_BETWEEN, WORDS_LETTER, WORDS_MARK, WORDS_UNSEEN };

enum words_part words_part(uint32_t codepoint);
/* How many there are; counting ends at most. */
size_t words_count(struct slice text, size_t most);

#endif
