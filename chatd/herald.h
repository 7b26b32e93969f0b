/*
 * Tells whoever started the daemon how it is, as sd_notify(3) describes it: a
 * datagram to the socket that NOTIFY_SOCKET names.  Nothing happens where
 * nobody asked for it.
 */
#ifndef HERALD_H
#define HERALD_H

#include <stdint.h>

void herald_ready(void);     /* serving; also: serving on, after a reload */
void herald_reloading(void); /* the configuration is read again */
void herald_stopping(void);

#endif
