/*
 * The face with a screen: one thread that waits for keys, for the model and for
 * signals, acts, and paints at most once per frame what is stale.  Only this
 * thread touches curses.
 *
 * The link is handed over made but not started: ui_run() first takes TERM, HUP,
 * INT, QUIT, TSTP, CONT and WINCH for itself (blocked in every thread born
 * later), then starts it, and has stopped and freed it when it returns.
 */
#ifndef UI_H
#define UI_H

struct link;
struct model;
struct options;

/*
 * Returns the exit status, with the terminal as it was found: EX_OK after
 * /quit and after an orderly signal; EX_UNAVAILABLE, with a line in the log and
 * nothing written to it, when the terminal cannot place a cursor (dumb, not
 * known).  A link that has given up ends nothing: that is shown, and /connect
 * begins anew.
 */
int ui_run(struct model *, struct link *, const struct options *);

#endif
