/*
 * The messages of chat-protocol(7) as C types and tables, made from the rows
 * of protocol.def and refusals.def and from nothing else.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slice.h"

/* ---- kinds of field: how each is held in memory and on the wire ---- */

struct id {
	uint8_t byte[16];
};

struct hash {
	uint8_t byte[32]; /* SHA-256 */
};

typedef uint8_t kind_u8;
typedef uint16_t kind_u16;
typedef uint32_t kind_u32;
typedef uint64_t kind_u64;
typedef struct id kind_id;
typedef struct slice kind_name; /* u8 length: valid UTF-8, no controls */
typedef struct slice kind_text; /* u16 length: valid UTF-8, newline only */
typedef struct slice kind_data; /* u16 length: any bytes */

enum kind {
	KIND_u8,
	KIND_u16,
	KIND_u32,
	KIND_u64,
	KIND_id,
	KIND_name,
	KIND_text,
	KIND_data,
};

enum {
	PROTOCOL_VERSION = 1,
	PROTOCOL_LOOKS = 1, /* a bit of features: see hello */
	PROTOCOL_NAME_MAX = 64,    /* bytes in a name, whatever it names */
	PROTOCOL_TEXT_MAX = 16384, /* bytes in a text */
	PROTOCOL_DATA_MAX = 16384, /* bytes in data */
	PROTOCOL_FRAME_FRESH = 1024,  /* largest length before welcome */
	PROTOCOL_FRAME_READY = 65536, /* largest length after it */
};

/* ---- refusals ---- */

enum refusal {
	FINE = 0,
#define REFUSAL(NAME, name, no, effect, text) REFUSE_##NAME = no,
#include "refusals.def"
};

/* The row's name, its rule in words, and whether it ends the connection.
 * For FINE: "fine", "", false; for an unknown number: "unknown", "", false. */
const char *refusal_name(enum refusal);
const char *refusal_text(enum refusal);
bool refusal_closes(enum refusal);

/* ---- messages ---- */

enum message_type {
#define MESSAGE(NAME, name, no, from, when, cost, meaning) MSG_##NAME = no,
#include "protocol.def"
};

enum entry_kind {
#define ENTRY(NAME, name, no, by, meaning) ENTRY_##NAME = no,
#include "protocol.def"
};

enum presence { PRESENCE_HERE = 1, PRESENCE_LOST = 2 };

#define MESSAGE(NAME, name, no, from, when, cost, meaning) \
	struct msg_##name {                                \
		enum message_type type;
#define FIELD(of, kind, name, meaning) kind_##kind name;
#define END(NAME) };
#include "protocol.def"

union message {
	enum message_type type;
#define MESSAGE(NAME, name, no, from, when, cost, meaning) \
	struct msg_##name name;
#include "protocol.def"
};

enum sender { FROM_CLIENT, FROM_SERVER, FROM_BOTH };
enum when { WHEN_FRESH, WHEN_READY, WHEN_ANY };

struct field {
	const char *name; /* NULL ends the row's fields */
	enum kind kind;
	size_t offset; /* in the message's struct */
	const char *meaning;
};

struct message_row {
	const char *name;
	enum message_type type;
	enum sender from;
	enum when when;
	unsigned cost; /* of a request, in units of the sender's allowance */
	const char *meaning;
	const struct field *fields;
};

struct entry_row {
	const char *name;
	enum entry_kind kind;
	enum sender by;
	const char *meaning;
};

/* The row of a type; NULL if there is none. */
const struct message_row *protocol_row(unsigned type);
/* All rows, in the order of the file; the count goes to *n. */
const struct message_row *protocol_rows(size_t *n);
/* The row of an entry's kind; NULL if there is none. */
const struct entry_row *protocol_entry(unsigned kind);
const struct entry_row *protocol_entries(size_t *n);

#endif
