#include "edit_place.h"

#include <string.h>

#include <utf8proc.h>

#include "utf8.h"

bool
edit_is_word(const char *text, size_t len)
{
	size_t used;
	utf8proc_category_t category =
	    utf8proc_category((utf8proc_int32_t)utf8_next(text, len, &used));

	return category >= UTF8PROC_CATEGORY_LU &&
	    category <= UTF8PROC_CATEGORY_NO;
}

static bool
is_blank(const char *text, size_t len)
{
	return len > 0 && (*text == ' ' || *text == '\n');
}

static size_t
left(struct slice text, size_t at)
{
	return at > 0 ? utf8_cluster_before(text.at, at) : 0;
}

static size_t
right(struct slice text, size_t at)
{
	return at + utf8_cluster(text.at + at, text.len - at);
}

typedef bool kind_fn(const char *, size_t len);

/* Over all clusters to the left that are, or are not, of a kind. */
static size_t
skip_left(struct slice text, size_t at, kind_fn *is_kind, bool wanted)
{
	while (at > 0) {
		size_t before = left(text, at);
		if (is_kind(text.at + before, at - before) != wanted)
			break;
		at = before;
	}
	return at;
}

static size_t
skip_right(struct slice text, size_t at, kind_fn *is_kind, bool wanted)
{
	while (at < text.len && is_kind(text.at + at, text.len - at) == wanted)
		at = right(text, at);
	return at;
}

static size_t
word_left(struct slice text, size_t at)
{
	at = skip_left(text, at, edit_is_word, false);
	return skip_left(text, at, edit_is_word, true);
}

static size_t
word_right(struct slice text, size_t at)
{
	at = skip_right(text, at, edit_is_word, false);
	return skip_right(text, at, edit_is_word, true);
}

static size_t
blank_left(struct slice text, size_t at)
{
	at = skip_left(text, at, is_blank, true);
	return skip_left(text, at, is_blank, false);
}

static size_t
line_start(struct slice text, size_t at)
{
	const char *newline = memrchr(text.at, '\n', at);

	return newline != NULL ? (size_t)(newline - text.at) + 1 : 0;
}

static size_t
line_end(struct slice text, size_t at)
{
	const char *newline = memchr(text.at + at, '\n', text.len - at);

	return newline != NULL ? (size_t)(newline - text.at) : text.len;
}

static size_t
start(struct slice text, size_t at)
{
	(void)text;
	(void)at;
	return 0;
}

static size_t
end(struct slice text, size_t at)
{
	(void)at;
	return text.len;
}

typedef size_t place_fn(struct slice text, size_t at);

static place_fn *const places[] = {
	[EDIT_LEFT] = left,
	[EDIT_RIGHT] = right,
	[EDIT_WORD_LEFT] = word_left,
	[EDIT_WORD_RIGHT] = word_right,
	[EDIT_BLANK_LEFT] = blank_left,
	[EDIT_LINE_START] = line_start,
	[EDIT_LINE_END] = line_end,
	[EDIT_START] = start,
	[EDIT_END] = end,
};

size_t
edit_place(struct slice text, size_t cursor, enum edit_to to)
{
	return places[to](text, cursor);
}
