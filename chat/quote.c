#include "quote.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char scheme[] = "file://";

enum { SCHEME = sizeof(scheme) - 1 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void
skip_blanks(struct slice *text)
{
	while (text->len != 0 && is_blank(*text->at)) {
		text->at++;
		text->len--;
	}
}

/* One character of a word, or one sign of quoting: bytes taken of the text. */
static size_t
take(struct slice text, char *sign, struct buf *word)
{
	char c = text.at[0];

	if (*sign == '\0' && (c == '\'' || c == '"')) {
		*sign = c;
		return 1;
	}
	if (*sign != '\0' && c == *sign) {
		*sign = '\0';
		return 1;
	}
	if (c == '\\' && *sign != '\'' && text.len > 1 &&
	    (*sign == '\0' || text.at[1] == '"' || text.at[1] == '\\')) {
		buf_add(word, text.at + 1, 1);
		return 2;
	}
	buf_add(word, text.at, 1);
	return 1;
}

enum quote
quote_next(struct slice *text, struct buf *word)
{
	char sign = '\0';

	skip_blanks(text);
	if (text->len == 0)
		return QUOTE_NONE;
	while (text->len != 0 && (sign != '\0' || !is_blank(*text->at))) {
		size_t n = take(*text, &sign, word);
		text->at += n;
		text->len -= n;
	}
	return sign != '\0' ? QUOTE_OPEN : QUOTE_WORD;
}

static int
digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0'
					 : tolower((unsigned char)c) - 'a' + 10;
}

/* file://HOST/PATH: the host is ours, or nobody's. */
static void
without_scheme(struct buf *path)
{
	struct slice url = buf_slice(path);
	const char *slash = memchr(url.at + SCHEME, '/', url.len - SCHEME);
	struct buf plain = { 0 };
	size_t at;

	if (slash == NULL)
		return;
	for (at = (size_t)(slash - url.at); at < url.len; at++) {
		char c = url.at[at];
		if (c == '%' && at + 2 < url.len &&
		    digit(url.at[at + 1]) >= 0 && digit(url.at[at + 2]) >= 0) {
			c = (char)(digit(url.at[at + 1]) * 16 +
			    digit(url.at[at + 2]));
			at += 2;
		}
		buf_add(&plain, &c, 1);
	}
	buf_done(path);
	*path = plain;
}

static void
with_home(struct buf *path)
{
	const char *home = getenv("HOME");
	struct buf whole = { 0 };

	if (home == NULL || home[0] == '\0')
		return;
	buf_add_string(&whole, home);
	buf_add(&whole, buf_at(path) + 1, path->len - 1);
	buf_done(path);
	*path = whole;
}

static bool
begins(struct slice text, const char *with)
{
	return text.len >= strlen(with) &&
	    memcmp(text.at, with, strlen(with)) == 0;
}

enum quote
quote_path(struct slice *text, struct buf *path)
{
	struct slice typed;
	enum quote got;

	skip_blanks(text);
	typed = *text;
	got = quote_next(text, path);
	typed.len -= text->len;
	if (begins(buf_slice(path), scheme))
		without_scheme(path);
	else if (begins(typed, "~/") || slice_is(typed, SLICE("~")))
		with_home(path);
	return got;
}

void
quote_last(struct slice text, struct quote_word *word)
{
	struct buf passed = { 0 };
	char sign = '\0';
	size_t at = 0;

	*word = (struct quote_word){ .sign = '\0' };
	for (;;) {
		while (at < text.len && is_blank(text.at[at]))
			at++;
		word->from = word->name = at;
		buf_clear(&passed);
		while (
		    at < text.len && (sign != '\0' || !is_blank(text.at[at]))) {
			struct slice rest = { text.at + at, text.len - at };
			char before = sign;
			size_t n = take(rest, &sign, &passed);
			if (before == '\0' && sign != '\0')
				word->sign_at = at;
			at += n;
			if (n == 1 && rest.at[0] == '/')
				word->name = at;
		}
		if (at == text.len)
			break;
		word->before++;
		word->is_behind |= slice_is(buf_slice(&passed), SLICE("--"));
	}
	word->sign = sign;
	buf_done(&passed);
}

void
quote_add(struct buf *out, struct slice path, char sign)
{
	for (size_t i = 0; i < path.len; i++) {
		char c = path.at[i];
		bool is_special = sign == '\0'
		    ? strchr(" \t\n'\"\\", c) != NULL || (i == 0 && c == '~')
		    : sign == '"' && (c == '"' || c == '\\');
		if (sign == '\'' && c == '\'')
			buf_add_string(out, "'\\'");
		if (is_special)
			buf_add_string(out, "\\");
		buf_add(out, &c, 1);
	}
}
