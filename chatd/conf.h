/*
 * A configuration file through libconfig, without its traps: it cuts integers
 * beyond 32 bits silently, takes a comment that never ends for the rest of the
 * file, stops at a NUL as if that were the end, and ends the program when an
 * @include names a directory.  All of these are errors here, and there is no
 * @include: one file holds everything.
 */
#ifndef CONF_H
#define CONF_H

#include <libconfig.h>
#include <stdbool.h>

#include "buf.h"

enum { CONF_MAX = 1 << 20 }; /* bytes of a file */

/* Reads path into an initialized config_t.  False if anything is wrong, with a
 * line for each fault in errors: "path:line: what", or "path: what" when it
 * cannot be read at all. */
bool conf_read(const char *path, config_t *, struct buf *errors);

#endif
