/*
 * What is pasted goes into the input line, and never further by itself: what
 * has lines is a text, whatever it begins with, and where nothing is written
 * yet the paths of files become a /send that waits for Enter.
 */
#ifndef PASTE_H
#define PASTE_H

#include "face.h"
#include "slice.h"

void paste_on(struct face *, struct slice);

#endif
