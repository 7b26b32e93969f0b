/*
 * Is a word a slip of the keyboard away from another: at most two letters
 * wrong, missing, too many or changed about, and fewer than half of them.
 */
#ifndef NEAR_H
#define NEAR_H

#include <stdbool.h>

#include "slice.h"

bool near_is(struct slice word, struct slice typed);

#endif
