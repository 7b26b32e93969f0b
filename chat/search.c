#include "search.h"

#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "names.h"
#include "utf8.h"
#include "when.h"
#include "words.h"

/* ---- as typed ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The next word, without blanks; len 0: that was all. */
static struct slice
next_word(const char **at)
{
	struct slice word;

	while (is_blank(**at))
		(*at)++;
	word.at = *at;
	while (**at != '\0' && !is_blank(**at))
		(*at)++;
	word.len = (size_t)(*at - word.at);
	return word;
}

/* Takes "name:" off its front. */
static bool
is_option(struct slice *word, const char *name)
{
	size_t len = strlen(name);

	if (word->len <= len || word->at[len] != ':' ||
	    strncmp(word->at, name, len) != 0)
		return false;
	word->at += len + 1;
	word->len -= len + 1;
	return true;
}

static bool
take_name(char out[PROTOCOL_NAME_MAX + 1], struct slice name, bool may_be_room,
    struct buf *wrong)
{
	enum refusal why = may_be_room && names_is_room(name)
	    ? names_room(name, NULL)
	    : names_nick(name, NULL);

	if (why == REFUSE_NICK_RESERVED)
		why = FINE;
	if (name.len == 0)
		buf_add_string(wrong, "a name follows the colon at once");
	else if (why == FINE)
		snprintf(out, PROTOCOL_NAME_MAX + 1, "%.*s", SLICE_ARG(name));
	else
		buf_printf(
		    wrong, "%.*s: %s", SLICE_ARG(name), refusal_text(why));
	return why == FINE;
}

static bool
take_time(uint64_t *out, struct slice word, uint64_t now_ms, struct buf *wrong)
{
	if (when_parse(word, now_ms, out))
		return true;
	buf_printf(wrong, "%.*s: " WHEN_FORMS, SLICE_ARG(word));
	return false;
}

static void
add_word(char *out, struct slice word)
{
	size_t len = strlen(out);

	snprintf(out + len, SEARCH_MAX + 1 - len, "%s%.*s", len != 0 ? " " : "",
	    SLICE_ARG(word));
}

/* One word of the line. */
static bool
take(struct search *s, struct slice word, uint64_t now_ms, struct buf *wrong)
{
	add_word(s->line, word);
	if (is_option(&word, "from"))
		return take_name(s->who, word, false, wrong);
	if (is_option(&word, "in"))
		return take_name(s->room, word, true, wrong);
	if (is_option(&word, "after"))
		return take_time(&s->after, word, now_ms, wrong);
	if (is_option(&word, "before"))
		return take_time(&s->before, word, now_ms, wrong);
	add_word(s->words, word);
	return true;
}

bool
search_parse(
    struct search *s, const char *line, uint64_t now_ms, struct buf *wrong)
{
	struct slice word;
	size_t n;

	*s = (struct search){ .after = 0 };
	if (strlen(line) > SEARCH_MAX) {
		buf_printf(wrong, "a search is at most %d bytes", SEARCH_MAX);
		return false;
	}
	while ((word = next_word(&line)).len != 0)
		if (!take(s, word, now_ms, wrong))
			return false;
	n = words_count(slice_of(s->words), SEARCH_WORDS + 1);
	if (n == 0 || n > SEARCH_WORDS)
		buf_add_string(wrong, refusal_text(REFUSE_SEARCH_BAD));
	else if (s->before != 0 && s->after >= s->before)
		buf_add_string(
		    wrong, "there is no time after the one, before the other");
	return wrong->len == 0;
}

/* ---- in a text ---- */

/* What of a character counts, without case and accents; 0: nothing, it is a
 * mark. */
static int32_t
bare(uint32_t codepoint)
{
	utf8proc_int32_t out[8];
	int boundary = 0;
	utf8proc_ssize_t n;

	if (codepoint < 0x80)
		return codepoint >= 'A' && codepoint <= 'Z'
		    ? (int32_t)codepoint + ('a' - 'A')
		    : (int32_t)codepoint;
	n = utf8proc_decompose_char((utf8proc_int32_t)codepoint, out, 8,
	    UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK,
	    &boundary);
	return n > 0 ? out[0] : 0;
}

/* Letters, digits, and the marks on them. */
static bool
is_part(uint32_t codepoint)
{
	utf8proc_category_t category =
	    utf8proc_category((utf8proc_int32_t)codepoint);

	return category >= UTF8PROC_CATEGORY_LU &&
	    category <= UTF8PROC_CATEGORY_NO;
}

/* The first word at or behind at; false: none. */
static bool
find_word(struct slice text, size_t at, size_t *from, size_t *to)
{
	bool in_word = false;
	size_t used;

	for (; at < text.len; at += used) {
		uint32_t cp = utf8_next(text.at + at, text.len - at, &used);
		if (!is_part(cp) && in_word)
			break;
		if (!in_word && is_part(cp) && bare(cp) != 0) {
			*from = at;
			in_word = true;
		}
	}
	*to = at;
	return in_word;
}

static int32_t
next_bare(struct slice *text)
{
	int32_t cp = 0;
	size_t used;

	while (cp == 0 && text->len != 0) {
		cp = bare(utf8_next(text->at, text->len, &used));
		text->at += used;
		text->len -= used;
	}
	return cp;
}

static bool
is_same(struct slice a, struct slice b)
{
	int32_t x, y;

	do {
		x = next_bare(&a);
		y = next_bare(&b);
	} while (x == y && x != 0);
	return x == y;
}

static bool
is_wanted(const struct search *s, struct slice word)
{
	struct slice words = slice_of(s->words);
	size_t from, to = 0;

	while (find_word(words, to, &from, &to))
		if (is_same(word, (struct slice){ words.at + from, to - from }))
			return true;
	return false;
}

bool
search_mark(const struct search *s, struct slice text, size_t *from, size_t *to)
{
	*to = *from;
	while (find_word(text, *to, from, to))
		if (is_wanted(
			s, (struct slice){ text.at + *from, *to - *from }))
			return true;
	return false;
}
