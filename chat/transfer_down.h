/*
 * A download, for transfer_down.c and, where it meets the disk in the worker's
 * thread, transfer_write.c.
 */
#ifndef TRANSFER_DOWN_H
#define TRANSFER_DOWN_H

#include "transfer_core.h"

struct down {
	struct core core; /* first */
	char *to;	 /* where to, as wished; NULL: the standard directory */
	char *directory; /* that of the part, "" before there is one */
	char *now;	 /* "NAME.part", likewise */
	bool has_part, is_pipe;
	struct buf coming; /* received, not handed to the worker */
	uint32_t window;
	uint64_t told; /* of the credit, what the server knows */
	uint64_t time;
	uint8_t flags;
	struct hash wanted; /* once whole has come */

	/* The worker's. */
	char *folder_path;
	int folder; /* -1: not open */
	struct part *part;
	struct buf writing;
	uint8_t *piece;	 /* for what is there already; NULL: not needed yet */
	uint64_t size;	 /* as the server has it */
	struct buf name; /* wanted; then the one it got */
	struct buf why;	 /* what went wrong, in words */
	bool is_full;
};

/* Tasks: a part is made; one from before is hashed; what came is written; all
 * of it gets its name; it is of no use; the end. */
bool down_create(struct task *);
bool down_look(struct task *);
bool down_write(struct task *);
bool down_finish(struct task *);
bool down_drop(struct task *);
bool down_close(struct task *);

#endif
