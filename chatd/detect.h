/*
 * Who is it?  People and programs that take a port for something else deserve
 * one short answer that they understand.  The first bytes of a stream tell:
 * a frame begins with 0, because no length comes near 2^24, and nothing else
 * that we know of does.  Holds nothing.
 */
#ifndef DETECT_H
#define DETECT_H

#include <stddef.h>
#include <stdint.h>

#include "slice.h"

enum detected {
	DETECT_MORE,  /* too little to tell */
	DETECT_FRAME, /* ours, or nothing that we know */
	DETECT_HTTP,  /* a request of any version */
	DETECT_TLS,   /* a ClientHello */
	DETECT_SSH,   /* its greeting */
	DETECT_TEXT,  /* SMTP, IRC, telnet: lines that end in CR LF */
};

enum detected detect(const uint8_t *first, size_t len);
/* The whole answer, after which the connection is to be closed; empty for what
 * is no stranger's protocol. */
struct slice detect_answer(enum detected);

#endif
