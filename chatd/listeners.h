/*
 * Which addresses are served: makes the list of the settings come true, at the
 * start and whenever it changes.  All or nothing: while one address is wrong or
 * cannot be had, everything stays as it was; a listener that is wanted before
 * and after is not touched.
 */
#ifndef LISTENERS_H
#define LISTENERS_H

#include "buf.h"
#include "listener.h"

struct inherited;
struct lan_door;
struct listeners;
struct settings;

struct listeners *listeners_new(struct loop *, listener_accept *, void *arg);
/* Who reads the datagrams; before anything is served. */
void listeners_datagrams(struct listeners *, listener_datagrams *, void *arg);
/* Closes them all. */
void listeners_free(struct listeners *);

/*
 * Resolves names (and blocks for it), opens what is new, closes what is wanted
 * no more, and logs "listening on ADDRESS" for each that was opened when all
 * are.  0; or EX_CONFIG or EX_UNAVAILABLE, with a line for each fault in
 * errors.  Of the addresses of one name, those whose family this machine does
 * not have are left out; standard ones too.
 */
int
listeners_set(struct listeners *, const struct settings *, struct buf *errors);
/*
 * Serves these sockets, whatever the settings say later: a name is a dialect's,
 * an empty one is frame, and so is what systemd calls one that has none.  Takes
 * the descriptors.  Returns as listeners_set().
 */
int listeners_inherit(struct listeners *, const struct settings *,
    const struct inherited *, int n, struct buf *errors);
/* The doors that others than this machine can come to, each dialect's port
 * once; how many, max at most. */
size_t listeners_doors(const struct listeners *, struct lan_door *, size_t max);
/*
 * Closes the doors: who comes is refused by the kernel.  Sockets made by
 * somebody else stay open, and so do those for datagrams.  While closed,
 * listeners_set() only checks.  Opening them is as listeners_set(), at the same
 * ports as before where they were free to be chosen.
 */
void listeners_drain(struct listeners *);
int listeners_undrain(
    struct listeners *, const struct settings *, struct buf *errors);
/* Only looks whether the addresses are good and allowed. */
int listeners_check(const struct settings *, struct buf *errors);

#endif
