#include "store_lines.h"

#include "xmalloc.h"

void
lines_add(struct lines *l, uint32_t room, uint64_t seq)
{
	if (l->n == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 64;
		l->at = xrealloc(l->at, l->cap, sizeof(*l->at));
	}
	l->at[l->n++] = (struct line){ ++l->last, seq, room };
}

void
lines_compact(struct lines *l, bool (*is_there)(void *arg, const struct line *),
    void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		if (is_there(arg, &l->at[i]))
			l->at[kept++] = l->at[i];
	l->n = kept;
}

size_t
lines_below(const struct lines *l, uint64_t number)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->at[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
