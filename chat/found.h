/*
 * What one does with what was found: shows it, opens one entry of it where it
 * was said, leaves it again.  UI thread, without the model's lock.
 */
#ifndef FOUND_H
#define FOUND_H

#include <stdbool.h>

#include "face.h"

void found_show(struct face *, const struct search *);
/* The entry that is marked, in its room, or in a window on that part of its
 * log. */
void found_jump(struct face *);
/* false: this is a room. */
bool found_leave(struct face *);
/* The room that is meant by what is typed here: of a part of a log the one it
 * is of; NULL: none, or one is not in it. */
struct room *found_room(struct face *);

#endif
