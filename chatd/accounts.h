/*
 * Login names of the users of this machine: who the kernel says is at the other
 * end of a UNIX socket.
 *
 * Only the file itself is read, passwd(5), and of it a uid's line once; not the
 * other sources that nsswitch.conf(5) may name, because asking those can take
 * as long as a network does, and this is called by the loop's thread.  Who is
 * in no file is a guest.
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <sys/types.h>

struct accounts;

/* path stays the caller's, and must stay. */
struct accounts *accounts_new(const char *path);
void accounts_free(struct accounts *);
/* The name, good until accounts_free(); NULL: the uid has none that can be
 * shown.  A uid without a name is looked for again when the file has changed.
 */
const char *accounts_name(struct accounts *, uid_t);

#endif
