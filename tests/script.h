/*
 * A talk file's text as lines: comments and blanks gone, numbers kept.  What
 * the lines mean is talk's, but for the daemon's settings among them.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct script {
	struct script_line {
		unsigned no; /* in the file */
		char *text;  /* never empty */
	} * at;
	size_t n;
};

void script_parse(struct script *, const char *text);
void script_done(struct script *);
bool script_has(const struct script *, const char *line);
/* Index behind the end of the repeat that begins at from; 0: it has none. */
size_t script_end(const struct script *, size_t from);
/* The lines "daemon: group.name = value" as chatd.conf(5); those of one group
 * stand together. */
void script_config(const struct script *, struct buf *out);

/* A file's text, to be freed; NULL and errno. */
char *script_read(const char *path);

#endif
