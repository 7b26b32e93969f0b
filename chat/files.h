/*
 * What entries of a log say of files, in words.
 */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "protocol.h"
#include "slice.h"

struct file_entry {
	uint64_t number;
	uint64_t size;	   /* SIZES_UNKNOWN */
	struct slice hash; /* hexadecimal; of an arrived one */
	struct slice name;
	struct slice more; /* the caption, or why; may be empty */
};

/* The entry is of a file. */
bool files_is(enum entry_kind);
/* Slices of the text; false: it says nothing that is known. */
bool files_parse(struct file_entry *, enum entry_kind, struct slice text);
/* What is shown of a file's entry: safe if who and text are. */
void
files_words(struct buf *, enum entry_kind, struct slice who, struct slice text);

enum { FILES_HASH = 8 }; /* digits of a hash that are shown */

#endif
