/*
 * Where a movement leads in a text, from a cursor.  A part of edit.
 */
#ifndef EDIT_PLACE_H
#define EDIT_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "edit.h"
#include "slice.h"

/* The byte where it ends; the cursor's own if there is no such way. */
size_t edit_place(struct slice text, size_t cursor, enum edit_to);
/* Whether the code point at the front of len (> 0) bytes is a word's: a letter,
 * mark or number. */
bool edit_is_word(const char *, size_t len);

#endif
