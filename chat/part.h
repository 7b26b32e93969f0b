/*
 * A file that arrives: NAME.part while it does, in a directory that is held
 * open, then NAME, or NAME (2) when there is one already: nothing that exists
 * is ever replaced, no link is followed, and nothing outside the directory can
 * be reached, whatever a peer calls its file.
 *
 * Everything here may wait for the disk: a worker's thread.
 */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "slice.h"

enum {
	PART_NAME_MAX = 255,	      /* bytes of a name, NUL not counted */
	PART_SYNC = 16 * 1024 * 1024, /* bytes not synced, at most */
};

struct part;

/*
 * Makes what a peer calls its file into a name of ours: the last component, no
 * controls and nothing that turns text around, no blank, dot, dash or tilde in
 * front, no blank or dot behind, short enough for ".part" and " (99)" behind
 * it with its ending kept.  Appended; never empty.
 */
void part_name(struct buf *, struct slice name);

/* The directory, made if it is not there (0700, its parents too); -1: why. */
int part_directory(const char *path, struct buf *why);

/* A new one, empty, for a name of part_name() and so many bytes (UINT64_MAX:
 * not known) to come; the directory is borrowed.  NULL: why; *is_full: the disk
 * has no room for it. */
struct part *part_new(int directory, const char *name, uint64_t size,
    struct buf *why, bool *is_full);
/* What there is of one from before, by the name it had, "NAME.part". */
struct part *part_again(int directory, const char *name, struct buf *why);
/* Writes to an open descriptor instead, which it takes: no name, no syncing,
 * and no waiting for who does not read. */
struct part *part_pipe(int fd);
/* Closes; what is there stays, unless it is to be removed. */
void part_close(struct part *, bool remove);

const char *part_now(const struct part *); /* "NAME.part"; "" for a pipe */
uint64_t part_have(const struct part *);

uint64_t part_synced(const struct part *);

/* Behind what there is: all of it, or none and errno's value.  Of a pipe: what
 * it takes, with EAGAIN if that is not all after a moment: part_have() grows by
 * it. */
int part_write(struct part *, const void *, size_t len);
/* Fewer than len at the end; -1 and errno. */
long part_read(struct part *, void *, size_t len, uint64_t offset);
int part_sync(struct part *); /* errno's value, or 0 */
/*
 * All has come and is right: syncs, sets time (milliseconds since 1970, 0: now)
 * and mode (0666 or, for a program, 0777, less the umask; never setuid), gives
 * it its name, syncs the directory.  Returns errno's value or 0; the name it
 * has now is appended.
 */
int
part_finish(struct part *, uint64_t time_ms, bool is_program, struct buf *name);

#endif
