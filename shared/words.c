#include "words.h"

#include <stdbool.h>

#include <utf8proc.h>

#include "utf8.h"

enum words_part
words_part(uint32_t codepoint)
{
	switch (utf8proc_category((utf8proc_int32_t)codepoint)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
		return WORDS_LETTER;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return WORDS_MARK;
	case UTF8PROC_CATEGORY_CF:
		return WORDS_UNSEEN;
	default:
		return WORDS_BETWEEN;
	}
}

size_t
words_count(struct slice text, size_t most)
{
	size_t n = 0, used;
	bool in_word = false;

	for (size_t at = 0; at < text.len && n < most; at += used) {
		enum words_part part =
		    words_part(utf8_next(text.at + at, text.len - at, &used));

		n += part == WORDS_LETTER && !in_word;
		in_word =
		    part == WORDS_LETTER || (part != WORDS_BETWEEN && in_word);
	}
	return n;
}
