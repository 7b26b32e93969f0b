#include "protocol.h"

/* ---- refusals ---- */

enum effect { GOES_ON, CLOSES };

struct refusal_row {
	const char *name;
	enum effect effect;
	const char *text;
};

enum {
#define REFUSAL(NAME, name, no, effect, text) REFUSAL_ROW_##NAME,
#include "refusals.def"
	REFUSAL_UNKNOWN,
	REFUSAL_FINE,
};

static const struct refusal_row refusals[] = {
#define REFUSAL(NAME, name, no, effect, text) { #name, effect, text },
#include "refusals.def"
	{ "unknown", GOES_ON, "" },
	{ "fine", GOES_ON, "" },
};

/* A number used twice does not compile. */
static const struct refusal_row *
refusal_row(enum refusal why)
{
	switch (why) {
#define REFUSAL(NAME, name, no, effect, text)                                  \
	case no:                                                               \
		return &refusals[REFUSAL_ROW_##NAME];
#include "refusals.def"
	case FINE:
		return &refusals[REFUSAL_FINE];
	}
	return &refusals[REFUSAL_UNKNOWN];
}

const char *
refusal_name(enum refusal why)
{
	return refusal_row(why)->name;
}

const char *
refusal_text(enum refusal why)
{
	return refusal_row(why)->text;
}

bool
refusal_closes(enum refusal why)
{
	return refusal_row(why)->effect == CLOSES;
}

/* ---- messages ---- */

/* clang-format off */
#define MESSAGE(NAME, name, no, from, when, cost, meaning) \
	static const struct field fields_##name[] = {
#define FIELD(of, kind, name, meaning) \
	{ #name, KIND_##kind, offsetof(struct msg_##of, name), meaning },
#define END(NAME) { .name = NULL } };
#include "protocol.def"
/* clang-format on */

static const struct message_row rows[] = {
#define MESSAGE(NAME, name, no, from, when, cost, meaning)                     \
	{ #name, MSG_##NAME, FROM_##from, WHEN_##when, cost, meaning,          \
		fields_##name },
#include "protocol.def"
};

enum {
#define MESSAGE(NAME, name, no, from, when, cost, meaning) ROW_##NAME,
#include "protocol.def"
	ROW_COUNT
};

/* Only there to be compiled: a number used twice is an error. */
__attribute__((unused)) static void
type_is_unique(unsigned type)
{
	switch (type) {
#define MESSAGE(NAME, name, no, from, when, cost, meaning) case no:
#include "protocol.def"
		break;
	}
}

const struct message_row *
protocol_row(unsigned type)
{
	static const struct message_row *const by_type[UINT8_MAX + 1] = {
#define MESSAGE(NAME, name, no, from, when, cost, meaning)                     \
	[no] = &rows[ROW_##NAME],
#include "protocol.def"
	};

	return type <= UINT8_MAX ? by_type[type] : NULL;
}

const struct message_row *
protocol_rows(size_t *n)
{
	*n = ROW_COUNT;
	return rows;
}

/* ---- entries ---- */

static const struct entry_row entries[] = {
#define ENTRY(NAME, name, no, by, meaning)                                     \
	{ #name, ENTRY_##NAME, FROM_##by, meaning },
#include "protocol.def"
};

enum {
#define ENTRY(NAME, name, no, by, meaning) ENTRY_ROW_##NAME,
#include "protocol.def"
	ENTRY_ROW_COUNT
};

const struct entry_row *
protocol_entry(unsigned kind)
{
	switch (kind) {
#define ENTRY(NAME, name, no, by, meaning)                                     \
	case no:                                                               \
		return &entries[ENTRY_ROW_##NAME];
#include "protocol.def"
	}
	return NULL;
}

const struct entry_row *
protocol_entries(size_t *n)
{
	*n = ENTRY_ROW_COUNT;
	return entries;
}
