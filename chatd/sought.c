#include "sought.h"

#include <string.h>

#include <utf8proc.h>

#include "utf8.h"
#include "words.h"

/* ---- words ---- */

static bool
is_accent(utf8proc_int32_t codepoint)
{
	return codepoint >= 0x300 && codepoint <= 0x36f;
}

/* Folding takes letters apart: what is no part of a word is left out. */
static void
add_folded(struct buf *out, uint32_t codepoint)
{
	const utf8proc_option_t how =
	    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
	utf8proc_int32_t parts[32];
	int boundary = 0;
	utf8proc_ssize_t n = utf8proc_decompose_char(
	    (utf8proc_int32_t)codepoint, parts, 32, how, &boundary);

	for (utf8proc_ssize_t i = 0; i < n && n <= 32; i++) {
		enum words_part part = words_part((uint32_t)parts[i]);
		char bytes[4];

		if ((part == WORDS_LETTER || part == WORDS_MARK) &&
		    !is_accent(parts[i]))
			buf_add(
			    out, bytes, utf8_put((uint32_t)parts[i], bytes));
	}
}

/* The folded form of most of what is written; 0: no letter and no digit. */
static char
fold_plain(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : 0);
}

/* Takes the plain letters at the front; how many. */
static size_t
add_plain(struct buf *out, struct slice text)
{
	char run[64];
	size_t n;

	for (n = 0; n < text.len && n < sizeof(run); n++) {
		run[n] = fold_plain(text.at[n]);
		if (run[n] == 0)
			break;
	}
	buf_add(out, run, n);
	return n;
}

/* Takes what is at the front; false: the word, if there is one, ends. */
static bool
add_next(struct buf *out, struct slice text, size_t *used)
{
	uint32_t codepoint;
	enum words_part part;

	*used = add_plain(out, text);
	if (*used != 0)
		return true;
	*used = 1;
	if ((text.at[0] & 0x80) == 0)
		return false;
	codepoint = utf8_next(text.at, text.len, used);
	part = words_part(codepoint);
	if (part == WORDS_LETTER || (part == WORDS_MARK && out->len != 0))
		add_folded(out, codepoint);
	return part != WORDS_BETWEEN;
}

bool
sought_word(struct slice text, size_t *at, struct buf *folded)
{
	size_t used;

	buf_clear(folded);
	for (; *at < text.len; *at += used) {
		struct slice rest = { text.at + *at, text.len - *at };

		if (!add_next(folded, rest, &used) && folded->len != 0)
			return true;
	}
	return folded->len != 0;
}

/* ---- what is looked for ---- */

/* Whether there is one, with a word in it or not. */
static bool
next_piece(struct slice *rest, struct slice *piece)
{
	size_t from = 0, to;

	while (from < rest->len &&
	    (rest->at[from] == ' ' || rest->at[from] == '\n'))
		from++;
	for (to = from; to < rest->len; to++)
		if (rest->at[to] == ' ' || rest->at[to] == '\n')
			break;
	*piece = (struct slice){ rest->at + from, to - from };
	*rest = (struct slice){ rest->at + to, rest->len - to };
	return piece->len != 0;
}

/* Appends the words with a blank before and behind each; how many. */
static size_t
add_words(struct buf *out, struct slice text, struct buf *word)
{
	size_t n = 0;

	for (size_t at = 0; sought_word(text, &at, word); n++) {
		if (n == 0)
			buf_add_u8(out, ' ');
		buf_add_slice(out, buf_slice(word));
		buf_add_u8(out, ' ');
	}
	return n;
}

void
sought_init(struct sought *s, struct slice words)
{
	struct slice piece;

	*s = (struct sought){ 0 };
	while (next_piece(&words, &piece))
		if (add_words(&s->pieces, piece, &s->word) != 0)
			buf_add_u8(&s->pieces, '\0');
}

void
sought_done(struct sought *s)
{
	buf_done(&s->pieces);
	buf_done(&s->text);
	buf_done(&s->word);
}

bool
sought_is_in(struct sought *s, struct slice text)
{
	const char *piece = (const char *)buf_at(&s->pieces);
	const char *end = piece + s->pieces.len;

	if (s->pieces.len == 0)
		return false;
	buf_clear(&s->text);
	if (add_words(&s->text, text, &s->word) == 0)
		return false;
	for (size_t len; piece < end; piece += len + 1) {
		len = strlen(piece);
		if (memmem(buf_at(&s->text), s->text.len, piece, len) == NULL)
			return false;
	}
	return true;
}

void
sought_expression(struct slice words, struct buf *out)
{
	struct slice piece;
	struct buf word = { 0 };

	while (next_piece(&words, &piece)) {
		size_t at = 0;

		if (!sought_word(piece, &at, &word))
			continue;
		buf_add_string(out, out->len != 0 ? " \"" : "\"");
		for (size_t i = 0; i < piece.len; i++) {
			if (piece.at[i] == '"')
				buf_add_u8(out, '"');
			buf_add_u8(out, (uint8_t)piece.at[i]);
		}
		buf_add_u8(out, '"');
	}
	buf_done(&word);
}
