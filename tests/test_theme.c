#include <criterion/criterion.h>

#include "../chat/theme.h"

/* x to the 2.4th, for x from 0 to 1: the fifth root of x to the 12th. */
static double
gamma_of(double x)
{
	double twelfth = 1, root = 1;

	for (int i = 0; i < 12; i++)
		twelfth *= x;
	for (int i = 0; i < 100; i++)
		root -= (root * root * root * root * root - twelfth) /
		    (5 * root * root * root * root);
	return root;
}

/* WCAG's relative luminance of one of xterm's 256 colours. */
static double
luminance(int colour)
{
	static const int steps[] = { 0, 95, 135, 175, 215, 255 };
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	int rgb[3];
	double sum = 0;

	for (int i = 0, cube = colour - 16; i < 3; i++) {
		rgb[2 - i] = steps[cube % 6];
		cube /= 6;
	}
	if (colour >= 232)
		rgb[0] = rgb[1] = rgb[2] = 8 + 10 * (colour - 232);
	for (int i = 0; i < 3; i++) {
		double c = rgb[i] / 255.0;
		c = c <= 0.03928 ? c / 12.92 : gamma_of((c + 0.055) / 1.055);
		sum += weight[i] * c;
	}
	return sum;
}

static void
check_readable(short colour)
{
	double l = luminance(colour);

	cr_expect_geq((l + 0.05) / 0.05, 3.0, "%d on black", colour);
	cr_expect_geq(1.05 / (l + 0.05), 3.0, "%d on white", colour);
}

Test(theme, can_be_read_on_black_and_on_white)
{
	short colour;
	unsigned n = 0;

	for (; theme_palette(256, n, &colour); n++)
		check_readable(colour);
	cr_expect_gt(n, 30);
	for (int style = 0; style < STYLE_COUNT; style++) {
		struct look look = theme_style((enum style)style, 256);
		if (look.colour != -1)
			check_readable(look.colour);
	}
}

Test(theme, eight_colours_and_none)
{
	short colour;

	for (unsigned i = 0; theme_palette(8, i, &colour); i++)
		cr_expect(colour > 0 && colour < 7 && colour != 4);
	cr_expect_not(theme_palette(0, 0, &colour));
	cr_expect_eq(theme_name(slice_of("ana"), 0).colour, -1);
	for (int style = 0; style < STYLE_COUNT; style++)
		cr_expect_eq(theme_style((enum style)style, 0).colour, -1);
}

/* What is told by colour is told by an attribute too. */
Test(theme, without_colours_things_still_differ)
{
	static const enum style loud[] = { STYLE_MENTION, STYLE_UNREAD,
		STYLE_REFUSED, STYLE_OWN, STYLE_BAR_ALARM };

	for (size_t i = 0; i < sizeof(loud) / sizeof(*loud); i++)
		cr_expect_neq(
		    theme_style(loud[i], 0).attributes & LOOK_BOLD, 0);
	cr_expect_eq(theme_style(STYLE_PLAIN, 0).attributes, 0);
}

Test(theme, a_person_keeps_its_colour)
{
	static const char *const nicks[] = { "ana", "bob", "carla", "dave",
		"erik", "fred", "gina", "hugo" };
	bool seen[256] = { false };
	int distinct = 0;

	cr_expect_eq(theme_name(slice_of("Ana"), 256).colour,
	    theme_name(slice_of("ana"), 256).colour);
	for (size_t i = 0; i < 8; i++) {
		short colour = theme_name(slice_of(nicks[i]), 256).colour;
		distinct += !seen[colour];
		seen[colour] = true;
	}
	cr_expect_geq(distinct, 6);
}
