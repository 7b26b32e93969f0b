/*
 * Talk files: dialogues with a real chatd that anyone can read and extend.
 * One act a line; # begins a comment.  Who acts is any word but those
 * that begin the last five forms.
 *
 *	ann > say n=1 to=#lobby kind=said text="good morning"
 *	ann < stored n=1 seq=$s
 *		what comes next; nothing else may come before
 *	ann << entry seq=$s
 *		lets what comes before pass
 *	ann > raw 00 00 00 01 "text"
 *	ann < raw "HTTP/1.1 400"
 *		bytes as they are, and as they come
 *	ann enters as Ann into #lobby
 *		hello with device $ann, welcome, join, up to the own joined;
 *		$lobby is the room's number
 *	ann connects [over unix]
 *		happens by itself before anything is sent
 *	ann closes, resets, half-closes
 *	ann is closed
 *		by the daemon, and nothing came before
 *	ann hears nothing
 *		up to the answer to a ping
 *	ann pieces 3 [every 200]
 *		delivers 3 bytes at a time [and waits so many milliseconds]
 *	ann gathers ... ann sends
 *		what is said in between goes out as one piece
 *	ignore presence state=lost
 *		may come at any time, to anybody
 *	repeat 3 ... end
 *		$i is 1, 2, 3
 *	daemon: limits.login = 1
 *		a line of chatd.conf(5), wherever it stands
 *	daemon logs "words"
 *		already or soon
 *	daemon restarts
 *		in order; everybody's connection ends
 *	on disk
 *		the daemon keeps everything in a directory, wherever this stands
 *	slow
 *		waits for deadlines, or takes long: not run in pieces
 *
 * Messages are written as pattern.h says.  At the end everybody still
 * connected must have heard everything, and the daemon must stop in order.
 */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum talk_result {
	TALK_FINE,
	TALK_FAILED,  /* report says file, line, what was expected, what came */
	TALK_SKIPPED, /* slow, and not wanted */
};

struct talk_options {
	size_t piece;	/* everybody's, as with pieces; 0: whole messages */
	bool over_unix; /* everybody */
	bool skip_slow;
};

/* name is for the report. */
enum talk_result talk_run(const char *name, const char *text,
    const struct talk_options *, struct buf *report);

#endif
