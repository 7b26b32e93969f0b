#include "theme.h"

#include <stdint.h>

#include "names.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

/* The first colour is for 256, the second for 8. */
static const struct {
	short many, few;
	unsigned attributes;
} styles[STYLE_COUNT] = {
	[STYLE_PLAIN] = { -1, -1, 0 },
	[STYLE_TIME] = { 244, -1, 0 },
	[STYLE_GUTTER] = { 244, -1, 0 },
	[STYLE_NAME] = { -1, -1, 0 },
	[STYLE_OWN] = { -1, -1, LOOK_BOLD },
	[STYLE_MENTION] = { 166, 3, LOOK_BOLD },
	[STYLE_LOCAL] = { 244, -1, 0 },
	[STYLE_RULE] = { 244, -1, 0 },
	[STYLE_UNREAD] = { 166, 3, LOOK_BOLD },
	[STYLE_WAITING] = { 244, -1, 0 },
	[STYLE_REFUSED] = { 167, 1, LOOK_BOLD },
	[STYLE_BAR] = { -1, -1, LOOK_REVERSE },
	[STYLE_BAR_ALARM] = { -1, -1, LOOK_REVERSE | LOOK_BOLD },
	[STYLE_SIDE] = { -1, -1, 0 },
	[STYLE_SIDE_HEAD] = { 244, -1, LOOK_BOLD },
	[STYLE_SIDE_NOW] = { -1, -1, LOOK_BOLD },
	[STYLE_PROMPT] = { -1, -1, LOOK_BOLD },
	[STYLE_FOUND] = { -1, -1, LOOK_BOLD },
	[STYLE_CHOSEN] = { -1, -1, LOOK_REVERSE },
	[STYLE_CHOSEN_FOUND] = { -1, -1, LOOK_REVERSE | LOOK_BOLD },
};

/* People's: of the middle lightness, so that both grounds are far enough. */
static const short people_256[] = { 26, 28, 29, 30, 31, 32, 33, 61, 62, 63, 64,
	65, 66, 67, 68, 69, 92, 94, 95, 96, 97, 98, 99, 100, 101, 103, 104, 105,
	126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 161, 162,
	163, 164, 168, 169, 170, 171 };

/* Without blue, which nobody can read on black. */
static const short people_8[] = { 1, 2, 3, 5, 6 };

enum { MANY = 256, FEW = 8 };

struct look
theme_style(enum style style, int colours)
{
	short colour = -1;

	if (colours >= MANY)
		colour = styles[style].many;
	else if (colours >= FEW)
		colour = styles[style].few;
	return (struct look){ colour, styles[style].attributes };
}

bool
theme_palette(int colours, unsigned i, short *colour)
{
	if (colours < FEW ||
	    i >= (colours < MANY ? N(people_8) : N(people_256)))
		return false;
	*colour = colours < MANY ? people_8[i] : people_256[i];
	return true;
}

/* FNV-1a of the key: stable from start to start and from person to person. */
static uint32_t
hash(struct slice nick)
{
	struct name_key key;
	uint32_t h = 2166136261u;

	if (!names_key(nick, &key))
		return 0;
	for (unsigned i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.at[i]) * 16777619u;
	return h ^ h >> 15;
}

struct look
theme_name(struct slice nick, int colours)
{
	struct look look = { -1, 0 };
	size_t n = colours < MANY ? N(people_8) : N(people_256);

	theme_palette(colours, hash(nick) % n, &look.colour);
	return look;
}
