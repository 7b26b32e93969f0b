/*
 * Files on their way as the bytes of a file, so that they go on in the next
 * run: one record each, with the server it is about, told by its logs' id or,
 * before that is known, by the address as it was given.
 */
#ifndef UNDERWAY_H
#define UNDERWAY_H

#include <stdbool.h>

#include "buf.h"
#include "protocol.h"

enum { UNDERWAY_MAX = 4 << 20 }; /* bytes of the file that are read */

/* The strings are its own, none is NULL. */
struct underway {
	struct underway *next;
	bool is_upload, is_paused;
	char *server;
	struct id log; /* zero: not known */
	uint64_t file; /* the server's number; upload: 0 while not known */
	char *room;
	char *path; /* upload: absolute; download: where to, as wished */
	char *name; /* upload: as offered; download: "NAME.part", "" before
		       there is one */
	/* Upload. */
	struct id key;
	uint64_t size, time; /* of the file, when it was offered */
	char *caption;
	/* Download: the directory of NAME.part. */
	char *directory;
};

void underway_free(struct underway *);

/* The head of a file; then one record after the other. */
void underway_begin(struct buf *);
void underway_add(struct buf *, const struct underway *);
/* In their order, the caller's; what is behind damage is left out. */
struct underway *underway_read(struct slice file);

#endif
