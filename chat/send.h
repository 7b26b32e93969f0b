/*
 * Say one thing and exit when it is stored: chat -m.
 */
#ifndef SEND_H
#define SEND_H

struct link;
struct model;
struct options;

/* Starts and stops the link, frees it.  The exit status, as batch_run(). */
int send_run(struct model *, struct link *, const struct options *);

#endif
