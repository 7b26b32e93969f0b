/*
 * The command line.  One table, options.def, makes what getopt(3) looks for,
 * the usage and the help.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* All zero before options_parse(); strings are main's. */
struct options {
	const char *config;    /* NULL: none */
	const char *directory; /* of the store; NULL: the standard one */
	const char *salvage;   /* where to; NULL: serve */
	const char **listen;
	size_t nlisten;
	int verbose;
	bool check, print, in_memory;
};

/* Ends the program where an option says so (-h, -V: 0) or where one is wrong,
 * in words (EX_USAGE). */
void options_parse(struct options *, int argc, char **argv);
void options_done(struct options *);

#endif
