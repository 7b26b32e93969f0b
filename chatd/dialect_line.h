/*
 * What the line dialect's own files share (dialect_line.c, _typed, _ask,
 * _rooms, _write, _share): what it keeps for one person.
 *
 * Lines are carried out one after the other: while a request is not answered
 * nothing more is read, and of a line that asks for something the end is left
 * to be read when it was carried out.  So answers come in the order of the
 * lines, and a line may take several requests (a list of many pages, a name and
 * then the first room).
 */
#ifndef DIALECT_LINE_H
#define DIALECT_LINE_H

#include "buf.h"
#include "dialect.h"
#include "telnet.h"

enum {
	/* A command and a nick before as much text as there may be. */
	LINE_MAX_BYTES = PROTOCOL_TEXT_MAX + PROTOCOL_NAME_MAX + 16,
	LINE_FIRST = 16,   /* bytes by which strangers are known */
	LINE_ROOMS = 1024, /* remembered; beyond, joining again tells again */
	LINE_HISTORY = 20, /* entries shown when no number is given */
	LINE_HISTORY_MAX = 200,
};

#define LINE_LOBBY "#lobby"

struct line;

struct line_command {
	const char *name, *usage, *meaning;
	bool is_early;	/* may be used before one has a name */
	bool has_words; /* something stands behind it */
	/* FINE: t->ask is to be asked; or, if its type is 0, nothing is. */
	enum refusal (*run)(struct line *t, struct slice words, struct buf *);
};

struct line_room {
	uint32_t number;
	uint32_t turn; /* when it was chosen last; 0: never */
	char *name;
};

struct line {
	/* What is being typed. */
	struct telnet telnet;
	struct buf typed;
	enum refusal wrong; /* it can't be carried out, whatever follows */
	bool is_after_cr;   /* a line feed or NUL belongs to it */
	bool is_known;	    /* not as a stranger */
	uint8_t n_first;
	uint8_t first[LINE_FIRST];

	/* What was asked.  Its slices lie in typed and in to. */
	const struct line_command *command;
	union message ask;
	bool is_held;  /* the line's end was left */
	bool is_busy;  /* ask is not answered */
	bool is_again; /* ask is to be asked once more, as it is now */
	uint32_t ref;
	unsigned n;	   /* rows told of a list */
	unsigned wanted;   /* entries of the past */
	struct slice only; /* of a list of rooms: this one's topic */
	char to[PROTOCOL_NAME_MAX + 2]; /* a room's name, # added */

	bool is_named;
	bool is_alone; /* who plain lines went to is gone: they go nowhere */
	uint64_t last;	   /* the number of the last thing stored */
	uint32_t text_max; /* 0: not told yet */
	struct line_room *rooms;
	size_t n_rooms;
	uint32_t turn;
};

/* ---- what is typed ---- */

/* The next byte; true: the line is whole. */
bool line_take(struct line *, uint8_t, struct buf *reply);
/* Of a whole one: makes it UTF-8.  FINE, or what is wrong with it. */
enum refusal line_check(struct line *);
void line_clear(struct line *);

/* ---- what it asks for ---- */

/* As a command's run(). */
enum refusal line_ask(struct line *, struct slice words, struct buf *reply);
extern const struct line_command line_joins;

/* ---- rooms ---- */

struct line_room *line_find(const struct line *, struct slice name);
struct line_room *line_numbered(const struct line *, uint32_t number);
/* The one that plain lines go to; NULL. */
struct line_room *line_current(const struct line *);
void line_choose(struct line *, struct line_room *);
/* NULL: there are too many. */
struct line_room *line_enter(struct line *, uint32_t number, struct slice name);
void line_leave(struct line *, uint32_t number);
/* A dialect's renamed(). */
void line_renamed(void *kept, uint32_t number, struct slice nick);

/* ---- what is told ---- */

void line_write(void *kept, struct buf *, const union message *);
void line_share(struct buf *, struct slice room, const union message *);
/* The line an entry is, and lines for the rest of its text, each behind
 * start. */
void line_entry(struct buf *, const char *start, struct slice room,
    enum entry_kind, struct slice who, struct slice text);
/* In parts: nothing that comes from others is printed in any other way. */
void line_safe(struct buf *, struct slice);
void line_end(struct buf *);
/* "-no WORD words" */
void line_no(struct buf *, const char *word, const char *, ...)
    __attribute__((format(printf, 3, 4)));

#endif
