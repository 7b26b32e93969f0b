/*
 * Which directory everything is kept in, when nobody says.
 */
#ifndef DIRECTORY_H
#define DIRECTORY_H

/* given, if it is not NULL; else where systemd says, else where such things
 * belong.  The caller frees it.  NULL: nowhere. */
char *directory_find(const char *given);

#endif
