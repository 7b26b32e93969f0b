#include "wrap.h"

#include <assert.h>

#include <utf8proc.h>

#include "utf8.h"

static size_t
end_of_line(struct slice text, size_t from)
{
	const char *end = text.len > from
	    ? memchr(text.at + from, '\n', text.len - from)
	    : NULL;

	return end != NULL ? (size_t)(end - text.at) : text.len;
}

void
wrap_start(struct wrap *w, struct slice text, int first, int columns)
{
	assert(first >= 1 && columns >= 1);
	*w = (struct wrap){
		.text = text.len > 0 ? text : SLICE(""),
		.line_end = end_of_line(text, 0),
		.columns = first,
		.columns_later = columns,
	};
}

static int
category(uint32_t codepoint)
{
	return utf8proc_get_property((utf8proc_int32_t)codepoint)->category;
}

/* Whether a word may begin at byte at (> 0) without a blank before it: one of
 * ideographs, kana or Hangul, or the opening bracket before it. */
static bool
begins_word(struct slice line, size_t at)
{
	size_t used, used_before;

	if ((unsigned char)line.at[at] < 0xe1)
		return false;
	uint32_t cp = utf8_next(line.at + at, line.len - at, &used);
	int own = category(cp);
	if ((own != UTF8PROC_CATEGORY_LO && own != UTF8PROC_CATEGORY_PS) ||
	    utf8_width(line.at + at, used) != 2 ||
	    utf8_cluster_before(line.at, at + used) != at)
		return false;
	size_t before = utf8_cluster_before(line.at, at);
	uint32_t last = utf8_next(line.at + before, at - before, &used_before);
	return category(last) != UTF8PROC_CATEGORY_PS;
}

/* Bytes of the line that stay in the row, of which fit have room; 0: it has no
 * place to break at. */
static size_t
stay(struct slice line, size_t fit)
{
	if (line.at[fit] == ' ')
		return fit;
	for (size_t at = fit; at > 0; at--)
		if (line.at[at - 1] == ' ' || begins_word(line, at))
			return at;
	return 0;
}

static size_t
without_blanks(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return len;
}

/* The row's share of a line that does not fit; the bytes it uses up. */
static size_t
cut(struct slice line, size_t fit, struct wrap_row *row)
{
	size_t used = stay(line, fit);

	row->len = without_blanks(line.at, used);
	if (used == 0 || (row->len == 0 && line.at[fit] != ' '))
		used = row->len = fit;
	if (fit == 0) {
		used = row->len = utf8_cluster(line.at, line.len);
		row->is_too_wide = true;
	}
	while (used < line.len && line.at[used] == ' ')
		used++;
	return used;
}

bool
wrap_next(struct wrap *w, struct wrap_row *row)
{
	if (w->is_over)
		return false;

	struct slice line = { w->text.at + w->at, w->line_end - w->at };
	size_t fit = utf8_fit(line.at, line.len, w->columns);
	*row = (struct wrap_row){ .from = w->at, .len = fit };
	w->at += fit == line.len ? fit : cut(line, fit, row);
	row->columns = row->is_too_wide ? 1 : utf8_width(line.at, row->len);
	if (w->at == w->line_end && w->at < w->text.len) {
		w->at++;
		w->line_end = end_of_line(w->text, w->at);
	}
	row->next = w->at;
	w->columns = w->columns_later;
	w->is_over = w->at == w->text.len;
	return true;
}

size_t
wrap_count(struct slice text, int first, int columns)
{
	struct wrap w;
	struct wrap_row row;
	size_t n = 0;

	if (text.len <= (size_t)first &&
	    utf8_plain(text.at, text.len) == text.len)
		return 1;
	wrap_start(&w, text, first, columns);
	while (wrap_next(&w, &row))
		n++;
	return n;
}
