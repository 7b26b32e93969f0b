#include "dialect.h"

const struct dialect dialect_notices = {
	.name = "notices",
	.no = DIALECT_COUNT,
	.is_datagram = true,
};

static const struct dialect *const dialects[] = {
	[DIALECT_FRAME] = &dialect_frame,
	[DIALECT_LINE] = &dialect_line,
	[DIALECT_ANSWERS] = &dialect_answers,
	[DIALECT_COUNT] = &dialect_notices,
};

enum { DIALECTS = sizeof(dialects) / sizeof(*dialects) };

const struct dialect *
dialect_find(struct slice name)
{
	size_t i;

	for (i = 0; i < DIALECTS; i++)
		if (slice_is(slice_of(dialects[i]->name), name))
			return dialects[i];
	return NULL;
}

void
dialect_names(struct buf *out)
{
	size_t i;

	for (i = 0; i < DIALECTS; i++)
		buf_printf(out, "%s%s:", i != 0 ? ", " : "", dialects[i]->name);
}
