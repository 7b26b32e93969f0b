/*
 * Where chatd keeps things: the state directory, and the store and the spool in
 * it; or memory and a directory that is removed at the end.
 */
#ifndef HOME_H
#define HOME_H

struct options;
struct settings;
struct spool;
struct store;

struct home {
	struct store *store;
	struct spool *spool; /* NULL: in memory, and no place for files */
	char *directory;     /* where; NULL: nowhere */
	char *scratch;	     /* to be removed; NULL: none */
};

/* 0; else the status to exit with (sysexits.h), why is in the log. */
int home_open(struct home *, const struct options *, const struct settings *);
/* What is asked of the spool is done, told, and over.  Before: no more of it is
 * asked by clients.  Then, last of all, the rest. */
void home_end_files(struct home *);
void home_close(struct home *);

#endif
