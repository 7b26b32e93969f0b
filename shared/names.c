#include "names.h"

#include <string.h>

#include <utf8proc.h>

#include "utf8.h"

enum { MARKS_MAX = 4 /* on a letter, as many as text_safe leaves */ };

/* Letters of different scripts that look alike; everything else is OTHER, and
 * goes with none of the four. */
enum script { NEUTRAL, LATIN, GREEK, CYRILLIC, ARMENIAN, OTHER };

static const struct {
	uint32_t from, to;
	enum script script;
} scripts[] = {
	{ 0x0000, 0x0040, NEUTRAL },
	{ 0x005b, 0x0060, NEUTRAL },
	{ 0x007b, 0x007f, NEUTRAL },
	{ 0x0300, 0x036f, NEUTRAL },
	{ 0x1ab0, 0x1aff, NEUTRAL },
	{ 0x1dc0, 0x1dff, NEUTRAL },
	{ 0x20d0, 0x20ff, NEUTRAL },
	{ 0xfe20, 0xfe2f, NEUTRAL },
	{ 0x0041, 0x02ff, LATIN },
	{ 0x0370, 0x03ff, GREEK },
	{ 0x0400, 0x052f, CYRILLIC },
	{ 0x0530, 0x058f, ARMENIAN },
	{ 0x1c80, 0x1c8f, CYRILLIC },
	{ 0x1d26, 0x1d2a, GREEK },
	{ 0x1d2b, 0x1d2b, CYRILLIC },
	{ 0x1d00, 0x1dbf, LATIN },
	{ 0x1e00, 0x1eff, LATIN },
	{ 0x1f00, 0x1fff, GREEK },
	{ 0x2132, 0x2188, LATIN },
	{ 0x2c60, 0x2c7f, LATIN },
	{ 0x2de0, 0x2dff, CYRILLIC },
	{ 0xa640, 0xa69f, CYRILLIC },
	{ 0xa720, 0xa7ff, LATIN },
	{ 0xab65, 0xab65, GREEK },
	{ 0xab30, 0xab6f, LATIN },
	{ 0xfb13, 0xfb17, ARMENIAN },
	{ 0x10780, 0x107bf, LATIN },
	{ 0x1df00, 0x1dfff, LATIN },
	{ 0x1e030, 0x1e08f, CYRILLIC },
};

/* What a kind of name may hold besides letters, marks and digits. */
struct rule {
	size_t max; /* bytes */
	const char *signs;
	const char *not_first; /* signs */
	bool digit_first;
	bool one_script;
};

static const struct rule nick_rule = {
	.max = NAMES_NICK_MAX,
	.signs = "-_.[]{}|^`",
	.not_first = "-.",
	.one_script = true,
};

static const struct rule room_rule = {
	.max = NAMES_ROOM_MAX - 1,
	.signs = "-_.+'&",
	.not_first = "",
	.digit_first = true,
};

static const char *const built_in[] = { "server", "system", "chatd", "root",
	"admin", "all", "here", "everyone", "you", "nobody", NULL };
static const char *const *reserved;

void
names_reserve(const char *const *list)
{
	reserved = list;
}

/* ---- keys ---- */

/* False if there is something else than ASCII in it. */
static bool
key_of_ascii(struct slice name, struct name_key *key)
{
	unsigned char seen = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		seen |= (unsigned char)c;
		key->at[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	key->len = (unsigned char)name.len;
	return (seen & 0x80) == 0;
}

static bool
key_of_unicode(struct slice name, struct name_key *key)
{
	const utf8proc_option_t how = UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
	    UTF8PROC_COMPOSE | UTF8PROC_STABLE | UTF8PROC_REJECTNA;
	utf8proc_int32_t room[NAMES_KEY_MAX + 1];

	utf8proc_ssize_t n =
	    utf8proc_decompose((const utf8proc_uint8_t *)name.at,
		(utf8proc_ssize_t)name.len, room, NAMES_KEY_MAX, how);
	if (n <= 0 || n > NAMES_KEY_MAX)
		return false;
	utf8proc_ssize_t len = utf8proc_reencode(room, n, how);
	if (len <= 0 || len > NAMES_KEY_MAX)
		return false;
	key->len = (unsigned char)len;
	memcpy(key->at, room, (size_t)len);
	return true;
}

bool
names_key(struct slice name, struct name_key *key)
{
	if (name.len == 0 || name.len > NAMES_KEY_MAX)
		return false;
	return key_of_ascii(name, key) || key_of_unicode(name, key);
}

static bool
key_is(const struct name_key *a, const struct name_key *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

bool
names_same(struct slice a, struct slice b)
{
	struct name_key key_a, key_b;

	return names_key(a, &key_a) && names_key(b, &key_b) &&
	    key_is(&key_a, &key_b);
}

/* ---- what may be a name ---- */

static enum script
script_of(uint32_t codepoint)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		if (codepoint >= scripts[i].from && codepoint <= scripts[i].to)
			return scripts[i].script;
	return OTHER;
}

enum part { NO_PART, LETTER, MARK, DIGIT, SIGN };

static enum part
part_of(uint32_t codepoint, const struct rule *rule)
{
	const utf8proc_property_t *p =
	    utf8proc_get_property((utf8proc_int32_t)codepoint);

	if (codepoint == 0 || p->ignorable)
		return NO_PART;
	if (codepoint < 0x80 && strchr(rule->signs, (int)codepoint) != NULL)
		return SIGN;
	switch (p->category) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
		return LETTER;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
		return MARK;
	case UTF8PROC_CATEGORY_ND:
		return DIGIT;
	default:
		return NO_PART;
	}
}

static bool
may_begin(enum part part, uint32_t codepoint, const struct rule *rule)
{
	switch (part) {
	case LETTER:
		return true;
	case DIGIT:
		return rule->digit_first;
	case SIGN:
		return strchr(rule->not_first, (int)codepoint) == NULL;
	default:
		return false;
	}
}

/* Of a name, valid UTF-8, without its #. */
static bool
consists_of(struct slice name, const struct rule *rule)
{
	unsigned marks = 0;

	for (size_t at = 0, used; at < name.len; at += used) {
		uint32_t cp = utf8_next(name.at + at, name.len - at, &used);
		enum part part = part_of(cp, rule);
		if (part == NO_PART)
			return false;
		if (at == 0 && !may_begin(part, cp, rule))
			return false;
		marks = part == MARK ? marks + 1 : 0;
		if (marks > MARKS_MAX)
			return false;
	}
	return true;
}

/* Vowels and finals of Hangul that composed with nothing: they have no width
 * and no look of their own. */
static bool
is_loose(uint32_t codepoint)
{
	int boundclass =
	    utf8proc_get_property((utf8proc_int32_t)codepoint)->boundclass;

	return boundclass == UTF8PROC_BOUNDCLASS_V ||
	    boundclass == UTF8PROC_BOUNDCLASS_T;
}

static bool
is_of_one_piece(struct slice key, const struct rule *rule)
{
	enum script seen = NEUTRAL;

	for (size_t at = 0, used; at < key.len; at += used) {
		uint32_t cp = utf8_next(key.at + at, key.len - at, &used);
		if (is_loose(cp))
			return false;
		enum script script = script_of(cp);
		if (!rule->one_script || script == NEUTRAL)
			continue;
		if (seen != NEUTRAL && script != seen)
			return false;
		seen = script;
	}
	return true;
}

/* The key has to keep the rule as well: there are letters that are compatible
 * with a blank and a mark, or with a sentence. */
static bool
keeps(struct slice name, const struct rule *rule)
{
	struct name_key key;

	if (name.len == 0 || name.len > rule->max || !names_key(name, &key))
		return false;
	struct slice folded = { key.at, key.len };
	return consists_of(name, rule) && consists_of(folded, rule) &&
	    is_of_one_piece(folded, rule);
}

static bool
is_listed(const struct name_key *key, const char *const *list)
{
	struct name_key other;

	for (; list != NULL && *list != NULL; list++)
		if (names_key(slice_of(*list), &other) && key_is(key, &other))
			return true;
	return false;
}

enum refusal
names_nick(struct slice name, struct name_key *key)
{
	struct name_key own;

	if (!keeps(name, &nick_rule) || !names_key(name, &own))
		return REFUSE_NICK_BAD;
	if (is_listed(&own, built_in) || is_listed(&own, reserved))
		return REFUSE_NICK_RESERVED;
	if (key != NULL)
		*key = own;
	return FINE;
}

bool
names_is_room(struct slice name)
{
	return name.len > 0 && name.at[0] == '#';
}

enum refusal
names_room(struct slice name, struct name_key *key)
{
	struct name_key own;

	if (!names_is_room(name))
		return REFUSE_ROOM_BAD;
	struct slice rest = { name.at + 1, name.len - 1 };
	if (!keeps(rest, &room_rule) || !names_key(name, &own))
		return REFUSE_ROOM_BAD;
	if (key != NULL)
		*key = own;
	return FINE;
}
