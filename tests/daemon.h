/*
 * A real chatd for a test: started on free ports, its log collected by a
 * thread, stopped in order.  It dies with the test, whatever becomes of that.
 * What goes wrong here ends the test with the daemon's log.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

enum {
	DAEMON_LISTENERS = 4,
	DAEMON_WAIT_MS = 10000, /* for it to serve, to say something, to end */
};

struct daemon_options {
	const char *listen[DAEMON_LISTENERS]; /* -l; none: 127.0.0.1:0 */
	const char *config;    /* text of chatd.conf; NULL: none */
	unsigned configured;   /* so many addresses come from it: no -l */
	const char *directory; /* -s; NULL: nothing is kept on disk */
	long files;	       /* RLIMIT_NOFILE of the daemon; 0: as it is */
	bool is_loud;	       /* -v */
	const char *program;   /* another than daemon_program()'s */
	const char *fault;     /* that it meets, as daemon_meets() */
};

struct daemon {
	pid_t pid;
	char directory[64]; /* its own, of the test: configuration, sockets */
	char address[DAEMON_LISTENERS][160]; /* as logged, in order */
	unsigned n_addresses;
	/* Below: the thread's. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t grown;
	struct buf log;
	bool is_over; /* standard error was closed */
	int fd;
};

/* The program's path: from the environment variable of that name, else beside
 * the test's. */
const char *daemon_program(const char *variable, const char *name);

/* For the child about to become a program: it will meet this fault at one of
 * its calls, as tests/faults/call.c reads it. */
void daemon_meets(const char *fault);

/* Makes the directory (mode 0700), so that options can name paths in it. */
void daemon_init(struct daemon *);
/* Returns when it serves on all its listeners. */
void daemon_start(struct daemon *, const struct daemon_options *);
/* Likewise; false: it has ended before it served. */
bool daemon_starts(struct daemon *, const struct daemon_options *);
/* Starts it where it is expected to give up: the exit status.  The log stays
 * until daemon_done(). */
int daemon_fails(
    struct daemon *, const struct daemon_options *, const char *const more[]);

/* Sends TERM, waits for the end, and sees that the status is 0. */
void daemon_stop(struct daemon *);
/* For those who sent the signal themselves: the exit status, or minus the
 * signal's number. */
int daemon_wait(struct daemon *);
/* kill -9 */
void daemon_kill(struct daemon *);
/* Removes the directory.  After one of the above. */
void daemon_done(struct daemon *);
/* A directory with all that is in it. */
void daemon_remove(const char *directory);

/* Waits until the log holds the words at least n times. */
bool daemon_says(struct daemon *, const char *words, unsigned n);
unsigned daemon_said(struct daemon *, const char *words); /* how often so far */
/* The log so far, a copy to be freed. */
char *daemon_log(struct daemon *);

/* It has ended, by itself: daemon_wait() will not wait. */
bool daemon_is_over(struct daemon *);

/* CPU time used so far, microseconds. */
int64_t daemon_cpu_us(const struct daemon *);
unsigned daemon_files(const struct daemon *); /* open descriptors */
long daemon_rss_kib(const struct daemon *);

#endif
