/*
 * A file that is to be sent, open.  A path may lead to a disk that does not
 * answer (a network's): it is opened by a thread of its own, and whoever asked
 * waits no longer than he wants to.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "buf.h"

enum { SOURCE_WAIT_MS = 300 };

struct source {
	int fd;
	struct stat st;
	char *path; /* absolute; "": it has none */
};

/* A regular file: of a device, or a pipe with a name, nobody knows where it
 * ends.  false: why ("PATH: No such file or directory"). */
bool source_open(struct source *, const char *path, struct buf *why);
/* The same, waiting at most so long. */
bool source_open_soon(
    struct source *, const char *path, int wait_ms, struct buf *why);
/* Of a descriptor, which is taken: a pipe will do. */
bool source_of(struct source *, int fd, struct buf *why);
void source_close(struct source *);

#endif
