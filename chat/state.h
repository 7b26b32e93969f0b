/*
 * What the client keeps between runs, in $XDG_STATE_HOME/chat (else
 * ~/.local/state/chat; mode 0700): the device id, 32 hexadecimal digits in the
 * file "device".  A file is in use by one program at a time (flock); the second
 * one takes "device.2", and so on.  Scripts have "script", "script.2".  Beside
 * each stand its outbox, its places and its files on their way: "outbox",
 * "outbox.2", "script-outbox".
 */
#ifndef STATE_H
#define STATE_H

#include "buf.h"
#include "protocol.h"

enum { STATE_DEVICES = 16, STATE_FILE_MAX = 16 << 20 };

struct state {
	struct id device;
	int fd;	       /* holds the lock; -1: the device is in memory only */
	int number;    /* of its file: 1: "device"; 0: in memory only */
	bool is_used;  /* state_look(): by another program */
	int directory; /* with fd; -1: nothing can be kept */
	char outbox[32], places[32], transfers[32]; /* the device's files */
	char why[256];		     /* then: why, in words */
};

/* The device of a person. */
void state_open(struct state *);
/* That of a program that speaks for one: what it does changes nothing of what
 * the person is a member of, has written, or has seen. */
void state_open_script(struct state *);
/* A device for this run alone: nothing is looked for, nothing is kept. */
void state_passing(struct state *);
/* The first device and whether another program has it, without taking it, so
 * that who only counts is in nobody's way; number 0: there is none yet. */
void state_look(struct state *);
/* Appends what a file there holds, at most STATE_FILE_MAX bytes; false: nothing
 * can be had of it. */
bool state_read(const char *name, struct buf *);
void state_close(struct state *);

#endif
