/*
 * What comes from the keyboard: characters and key sequences of the terminal
 * to actions by the table keys.def, text, pastes and reports.
 *
 * A paste (bracketed) comes as one event of text, whatever stands in it; one
 * whose end never arrives is over after INPUT_PASTE_MS of silence.  Sequences
 * that mean nothing are swallowed whole.  Escape followed at once by a key is
 * Alt and that key.
 *
 * The decoder is pure: time and codes are handed in.  Only input_begin() and
 * input_next() touch curses.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "buf.h"
#include "slice.h"

/* A key: a character, or one of the numbers below, and who is held with it. */
enum input_key {
	INPUT_ESCAPE = 0x1b,
	INPUT_UP = 0x200000,
	INPUT_DOWN,
	INPUT_RIGHT,
	INPUT_LEFT,
	INPUT_HOME,
	INPUT_END,
	INPUT_PAGE_UP,
	INPUT_PAGE_DOWN,
	INPUT_INSERT,
	INPUT_DELETE,
	INPUT_BACKSPACE,
	INPUT_F1,
	INPUT_SHIFT = 1 << 24,
	INPUT_ALT = 1 << 25,
	INPUT_CONTROL = 1 << 26, /* with keys that are no characters */
};
/* Ctrl and a letter are one character. */
#define INPUT_CTRL(letter) ((letter)&0x1f)

enum action {
	ACTION_NONE,
#define ACTION(NAME, name, meaning) ACTION_##NAME,
#include "keys.def"
	ACTION_COUNT
};

/* The table, for help, manual and tests. */
struct key_row {
	const char *group; /* not NULL: a group begins; the rest is empty */
	const char *shown; /* "Ctrl-A" */
	int key;
	enum action action;
	const char *meaning;
};

const struct key_row *input_rows(size_t *n);

enum input_kind {
	INPUT_KEY,    /* action */
	INPUT_TEXT,   /* text: one character typed */
	INPUT_PASTE,  /* text: all of it, not yet made clean */
	INPUT_FOCUS,  /* is_focused */
	INPUT_ANSWER, /* the terminal has read what was asked before */
};

struct input_event {
	enum input_kind kind;
	enum action action; /* ACTION_NONE: the key has none */
	int key;
	struct slice text; /* good until the next call */
	bool is_focused;
};

enum {
	INPUT_PASTE_MS = 2000,
	INPUT_LATE_MS = 150, /* the rest of a sequence may lag so far behind */
	INPUT_PASTE_MAX = 65536, /* bytes; what is more is dropped */
	INPUT_AT_ONCE = 4096,	 /* bytes read by one call */
};

struct input {
	enum {
		INPUT_IDLE,
		INPUT_ESCAPED,	 /* ESC: alone, or Alt, or a sequence */
		INPUT_BRACKETED, /* ESC [ */
		INPUT_SHIFTED,	 /* ESC O */
		INPUT_PASTING,
	} state;
	int64_t last_ms;   /* of the last code */
	bool has_more;	   /* what there is was not read to its end */
	bool is_late;	   /* an Escape was told; more may follow */
	char sequence[16]; /* behind ESC [ */
	size_t length;
	size_t matched; /* of the end of a paste */
	struct buf paste;
	char text[4];
	bool is_utf8; /* or by the locale: */
	mbstate_t shift;
	char part[4]; /* of a character */
	size_t part_len;
};

void input_done(struct input *);

/* After screen_begin(): tells curses which sequences there are. */
void input_begin(struct input *);
/* The next event that can be had without waiting; false: none, at once. */
bool input_next(struct input *, int64_t now_ms, struct input_event *);
/* When input_next() has something to say though no key was pressed;
 * -1: never. */
int64_t input_due(const struct input *);

/* The decoder.  A code is a character, or (is_special) a key as numbered above
 * or a report below.  false: more is needed. */
enum {
	INPUT_PASTE_BEGINS = 0x300000,
	INPUT_PASTE_ENDS,
	INPUT_FOCUS_IN,
	INPUT_FOCUS_OUT,
	INPUT_ANSWERED,
};
bool input_feed(struct input *, uint32_t code, bool is_special, int64_t now_ms,
    struct input_event *);
/* No more codes are there at the moment. */
bool input_pause(struct input *, int64_t now_ms, struct input_event *);
/* What the sequence behind ESC [ means, its last character included; 0:
 * nothing known. */
uint32_t input_sequence(const char *sequence, size_t len);

#endif
