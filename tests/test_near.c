#include <criterion/criterion.h>

#include "../chat/near.h"

static const struct {
	const char *word, *typed;
	bool is_near;
} words[] = {
	{ "names", "names", true },
	{ "names", "naems", true },  /* changed about */
	{ "names", "nams", true },   /* missing */
	{ "names", "nammes", true }, /* too many */
	{ "names", "nemas", true },  /* two wrong */
	{ "names", "nemos", true },
	{ "names", "remos", false },
	{ "me", "mm", false }, /* half of it */
	{ "msg", "mgs", true },
	{ "msg", "xyz", false },
	{ "quit", "exit", false },
	{ "connect", "disconnect", false },
	{ "connect", "conect", true },
	{ "connect", "", false },
	{ "connect", "connectconnectconnect", false },
};

Test(near, two_slips_but_less_than_half)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		cr_expect_eq(
		    near_is(slice_of(words[i].word), slice_of(words[i].typed)),
		    words[i].is_near, "%s, %s", words[i].word, words[i].typed);
}
