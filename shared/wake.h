/*
 * A descriptor by which one thread wakes another out of poll(): an eventfd.
 */
#ifndef WAKE_H
#define WAKE_H

/* Non-blocking, close-on-exec; ends the program when it can't be made. */
int wake_open(void);
void wake_up(int fd);    /* any thread, also a signal handler */
void wake_clear(int fd); /* the thread that polls it */

#endif
