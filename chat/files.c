#include "files.h"

#include <stdlib.h>
#include <string.h>

#include "sizes.h"

bool
files_is(enum entry_kind kind)
{
	return kind == ENTRY_FILE || kind == ENTRY_ARRIVED ||
	    kind == ENTRY_WITHDRAWN;
}

/* Up to a blank, which is passed over. */
static struct slice
word(struct slice *text)
{
	const char *blank =
	    text->len != 0 ? memchr(text->at, ' ', text->len) : NULL;
	struct slice word = *text;

	if (blank != NULL)
		word.len = (size_t)(blank - text->at);
	text->at += word.len + (blank != NULL);
	text->len -= word.len + (blank != NULL);
	return word;
}

/* At most 19 digits. */
static bool
number(struct slice *text, uint64_t *out)
{
	struct slice digits = word(text);

	*out = 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(digits.at[i] - '0');
	}
	return digits.len != 0 && digits.len < 20;
}

static bool
size(struct slice *text, uint64_t *out)
{
	if (text->len < 2 || memcmp(text->at, "- ", 2) != 0)
		return number(text, out);
	*out = SIZES_UNKNOWN;
	word(text);
	return true;
}

bool
files_parse(struct file_entry *e, enum entry_kind kind, struct slice text)
{
	const char *line =
	    text.len != 0 ? memchr(text.at, '\n', text.len) : NULL;

	*e = (struct file_entry){ .size = SIZES_UNKNOWN };
	if (line != NULL) {
		e->more = (struct slice){ line + 1,
			text.len - (size_t)(line - text.at) - 1 };
		text.len = (size_t)(line - text.at);
	}
	if (!number(&text, &e->number))
		return false;
	if (kind != ENTRY_WITHDRAWN && !size(&text, &e->size))
		return false;
	if (kind == ENTRY_FILE)
		word(&text);
	if (kind == ENTRY_ARRIVED)
		e->hash = word(&text);
	e->name = text;
	return files_is(kind) && text.len != 0;
}

static void
add_offer(struct buf *out, const struct file_entry *e)
{
	if (e->size != SIZES_UNKNOWN) {
		buf_add_string(out, ", ");
		sizes_words(out, e->size);
	}
	buf_printf(out, " (/get %llu)", (unsigned long long)e->number);
	if (e->more.len != 0)
		buf_printf(out, "\n%.*s", SLICE_ARG(e->more));
}

static void
add_arrival(struct buf *out, const struct file_entry *e)
{
	struct slice hash = e->hash;

	if (hash.len > FILES_HASH)
		hash.len = FILES_HASH;
	buf_add_string(out, " is there: ");
	sizes_exact(out, e->size);
	buf_printf(out, ", sha256 %.*s...", SLICE_ARG(hash));
}

void
files_words(
    struct buf *out, enum entry_kind kind, struct slice who, struct slice text)
{
	struct file_entry e;

	if (!files_parse(&e, kind, text)) {
		buf_add_slice(out, text);
		return;
	}
	if (kind == ENTRY_FILE)
		buf_printf(out, "%.*s sends ", SLICE_ARG(who));
	buf_add_slice(out, e.name);
	if (kind == ENTRY_FILE)
		add_offer(out, &e);
	else if (kind == ENTRY_ARRIVED)
		add_arrival(out, &e);
	else
		buf_printf(out, " is gone%s%.*s", e.more.len != 0 ? ": " : "",
		    SLICE_ARG(e.more));
}
