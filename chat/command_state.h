/*
 * What the files of command share: words, what is told of a line that is wrong,
 * and the commands about files.  For these files alone; everyone else reads
 * command.h.
 */
#ifndef COMMAND_STATE_H
#define COMMAND_STATE_H

#include "command.h"
#include "slice.h"

/* The first word; *rest begins with the next one. */
struct slice command_word(const char *words, const char **rest);
/* Tells what was wrong with a line, in the room; returns COMMAND_KEEP. */
enum command_result command_keep(struct command_face *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* A request was sent; or was not, for want of a connection. */
enum command_result command_sent(struct command_face *, bool is_sent);

typedef enum command_result
command_run_fn(struct command_face *, const char *words);

command_run_fn run_send, run_get, run_files, run_transfers, run_pause,
    run_resume, run_cancel, run_withdraw, run_autoget;

#endif
