#include "strip.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "log.h"
#include "text.h"
#include "utf8.h"

void
strip_done(struct strip *s)
{
	buf_done(&s->text);
	s->n = 0;
}

void
strip_add(struct strip *s, enum style style, const char *format, ...)
{
	size_t before, added;
	va_list args;
	char *words;
	int len;

	va_start(args, format);
	len = vasprintf(&words, format, args);
	va_end(args);
	if (len < 0)
		fatalx(EX_OSERR, "out of memory");
	before = s->text.len;
	text_safe(
	    &s->text, (struct slice){ words, (size_t)len }, TEXT_ONE_LINE);
	free(words);
	added = s->text.len - before;
	if (added == 0)
		return;

	if (s->n == STRIP_PARTS ||
	    (s->n != 0 && s->part[s->n - 1].style == style)) {
		s->part[s->n - 1].len += added;
		return;
	}
	s->part[s->n].style = style;
	s->part[s->n++].len = added;
}

int
strip_columns(const struct strip *s)
{
	struct slice text = buf_slice(&s->text);

	return utf8_width(text.at, text.len);
}
