/*
 * What keys mean while help is open, what was sent is searched, a completion is
 * at hand, or what is looked at is no room.  UI thread, without the model's
 * lock.
 */
#ifndef MODE_H
#define MODE_H

#include <stdbool.h>

#include "face.h"
#include "input.h"

/* false: the key means what it always does; what it does not go with is
 * over. */
bool mode_on(struct face *, const struct input_event *);

#endif
