/*
 * What is typed, made into requests: one table of /commands, each a name, a
 * usage, a meaning and a function; any unique beginning of a name will do, "//"
 * sends a line that begins with a slash.  Knows no screen: what a face must do
 * itself (show a room, clear, help, quit) goes through pointers.  The same
 * table gives completion, /help and the test against chat(1).
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "link.h"
#include "model.h"

enum command_argument {
	ARGUMENT_NONE,
	ARGUMENT_NICK,
	ARGUMENT_ROOM,
	ARGUMENT_TARGET,  /* nick or room */
	ARGUMENT_COMMAND,
	ARGUMENT_TEXT,
	ARGUMENT_SEARCH,  /* words, from:NICK, in:#ROOM ... */
	ARGUMENT_PATH,    /* of a file here, quoted as for a shell */
	ARGUMENT_FILE,    /* a file's number, as its entry shows it */
	ARGUMENT_TRANSFER, /* the number of one on its way */
};

enum command_result {
	COMMAND_DONE,
	COMMAND_KEEP, /* not understood: said why in the room, the line stays */
};

/* What a command needs of the face it was typed at. */
struct command_face {
	struct model *model;
	struct link *link;
	struct room *room; /* looked at; never NULL */
	void *face;
	void (*show)(void *face, struct room *); /* look at this room */
	void (*clear)(void *face);
	void (*help)(void *face, const char *topic); /* topic may be "" */
	void (*quit)(void *face, const char *why);
	/* Shows what is found; NULL: that is only told, as events. */
	void (*search)(void *face, const struct search *);
	/* Leaves a window that is no room; false, NULL: it is one. */
	bool (*close)(void *face);
};

struct command {
	const char *name;  /* without the slash */
	const char *usage; /* its arguments, as in the manual */
	const char *meaning;
	unsigned least;    /* words needed */
	enum command_argument first, rest; /* for completion */
	enum command_result (*run)(struct command_face *, const char *words);
};

const struct command *command_rows(size_t *n);
/* By unique beginning; NULL and the candidates' count in *n if not unique. */
const struct command *command_find(struct slice beginning, size_t *n);
/* One line (or several: a message of several lines) as typed, without the
 * model's lock.  is_pasted: never a command, whatever it begins with. */
enum command_result command_run(struct command_face *, const char *line,
    bool is_pasted);

#endif
