/*
 * What keys do.  One function per action of keys.def; in completion, search
 * and help some keys mean something else.  UI thread, without the model's lock.
 */
#ifndef ACT_H
#define ACT_H

#include "face.h"
#include "input.h"

void act_on(struct face *, const struct input_event *);

#endif
