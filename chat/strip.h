/*
 * One row of text in several styles, made before it is known where it goes.
 * What is added is made safe (text.h) and is of one line.
 */
#ifndef STRIP_H
#define STRIP_H

#include <stddef.h>

#include "buf.h"
#include "theme.h"

enum { STRIP_PARTS = 64 }; /* what is more joins the last */

struct strip {
	struct buf text;
	struct {
		enum style style;
		size_t len;
	} part[STRIP_PARTS];
	size_t n;
};

void strip_done(struct strip *);
void strip_add(struct strip *, enum style, const char *, ...)
    __attribute__((format(printf, 3, 4)));
int strip_columns(const struct strip *);

#endif
