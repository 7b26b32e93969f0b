/*
 * The log: one fact, one line, on standard error.  Die or not, with errno or
 * not; that is all there is to choose.  Lines are made safe (log_line escapes
 * controls and what is not UTF-8) and cut at 1 KiB.  Under the journal
 * ($JOURNAL_STREAM names our standard error) a line begins with its <priority>,
 * else with the UTC time, unless log_plain().  errno is preserved.  Any thread.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/* name: the program's; debug: how many -v were given. */
void log_init(const char *name, int debug);
/* Whether log_debug() is heard from now on; at any time, by any thread. */
void log_debugging(bool);
/* Only the program's name before each line: for programs people type at. */
void log_plain(void);

/* End the program with status (sysexits.h), after a line.  fatal adds errno's
 * words. */
_Noreturn void fatal(int status, const char *, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void fatalx(int status, const char *, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
/* Shown with -v. */
void log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));
bool log_is_debug(void);

#endif
