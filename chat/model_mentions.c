/*
 * Who is spoken to in a text.
 */
#include <string.h>

#include <utf8proc.h>

#include "model.h"
#include "utf8.h"

/* Part of a word, so that a nick beside it is not meant. */
static bool
is_word(uint32_t codepoint)
{
	utf8proc_category_t category;

	if (codepoint < 0x80)
		return (codepoint >= '0' && codepoint <= '9') ||
		    (codepoint >= 'A' && codepoint <= 'Z') ||
		    (codepoint >= 'a' && codepoint <= 'z') ||
		    (codepoint != 0 && strchr("_-|^`", (int)codepoint) != NULL);
	category = utf8proc_category((utf8proc_int32_t)codepoint);
	return category >= UTF8PROC_CATEGORY_LU &&
	    category <= UTF8PROC_CATEGORY_NO;
}

static bool
is_folded(const char *at, const struct name_key *key)
{
	size_t i;

	for (i = 0; i < key->len; i++) {
		char c = at[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (c != key->at[i])
			return false;
	}
	return true;
}

/* ASCII folds byte by byte, so the key itself can be looked for. */
static bool
mentions_plain(struct slice text, const struct name_key *key)
{
	size_t i;

	for (i = 0; i + key->len <= text.len; i++) {
		size_t end = i + key->len;
		if ((text.at[i] | 0x20) != (key->at[0] | 0x20) ||
		    !is_folded(text.at + i, key))
			continue;
		if ((i == 0 || !is_word((uint8_t)text.at[i - 1])) &&
		    (end == text.len || !is_word((uint8_t)text.at[end])))
			return true;
	}
	return false;
}

/* A nick may hold signs that no other word does: [ ] and the like. */
static size_t
word_len(struct slice text, const struct name_key *key)
{
	size_t len = 0, used;

	while (len < text.len) {
		uint32_t c = utf8_next(text.at + len, text.len - len, &used);
		if (!is_word(c) &&
		    (c >= 0x80 || memchr(key->at, (int)c, key->len) == NULL))
			break;
		len += used;
	}
	return len;
}

static bool
mentions_unicode(struct slice text, const struct name_key *key)
{
	struct name_key word;
	size_t at = 0, len;

	while (at < text.len) {
		struct slice rest = { text.at + at, text.len - at };
		len = word_len(rest, key);
		rest.len = len;
		if (len != 0 && names_key(rest, &word) &&
		    word.len == key->len &&
		    memcmp(word.at, key->at, key->len) == 0)
			return true;
		if (len == 0)
			utf8_next(text.at + at, text.len - at, &len);
		at += len;
	}
	return false;
}

bool
model_mentions(struct slice text, struct slice nick)
{
	struct name_key key;

	if (!names_key(nick, &key))
		return false;
	if (utf8_plain(text.at, text.len) == text.len)
		return mentions_plain(text, &key);
	return mentions_unicode(text, &key);
}
