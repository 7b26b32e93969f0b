#include "dialect.h"

static const struct dialect *const dialects[DIALECT_COUNT] = {
	[DIALECT_FRAME] = &dialect_frame,
};

const struct dialect *
dialect_find(struct slice name)
{
	size_t i;

	for (i = 0; i < DIALECT_COUNT; i++)
		if (slice_is(slice_of(dialects[i]->name), name))
			return dialects[i];
	return NULL;
}
