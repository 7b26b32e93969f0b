#include "near.h"

enum {
	NEAR_MAX = 16, /* bytes of a word; longer ones are near to nothing */
	NEAR_SLIPS = 2,
};

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Row i + 1 of the table of distances between the words' beginnings. */
static void
next_row(unsigned to[NEAR_MAX + 1], const unsigned one[NEAR_MAX + 1],
    const unsigned two[NEAR_MAX + 1], size_t i, struct slice a, struct slice b)
{
	size_t j;

	to[0] = (unsigned)i + 1;
	for (j = 0; j < b.len; j++) {
		bool same = a.at[i] == b.at[j];
		to[j + 1] = least(one[j] + !same, least(one[j + 1], to[j]) + 1);
		if (i != 0 && j != 0 && a.at[i] == b.at[j - 1] &&
		    a.at[i - 1] == b.at[j])
			to[j + 1] = least(to[j + 1], two[j - 1] + 1);
	}
}

bool
near_is(struct slice a, struct slice b)
{
	unsigned rows[NEAR_MAX + 2][NEAR_MAX + 1];
	unsigned slips;
	size_t i, j;

	if (a.len > NEAR_MAX || b.len > NEAR_MAX)
		return false;
	for (j = 0; j <= b.len; j++)
		rows[0][j] = (unsigned)j;
	for (i = 0; i < a.len; i++)
		next_row(
		    rows[i + 1], rows[i], rows[i != 0 ? i - 1 : 0], i, a, b);
	slips = rows[a.len][b.len];
	return slips <= NEAR_SLIPS && 2 * slips < a.len;
}
