/*
 * A folder for a test: new, empty, in memory where the system allows it, so
 * that syncing costs nothing.
 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stddef.h>

enum { FOLDER_LEN = 64 };

void folder_make(char path[FOLDER_LEN]);
void folder_remove(const char *path); /* with all that is in it */

/* A file in it, as a whole. */
void folder_write(const char *path, const char *name, const void *, size_t len);
/* Bytes that the caller frees; NULL: there is no such file. */
char *folder_read(const char *path, const char *name, size_t *len);

#endif
