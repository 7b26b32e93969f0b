#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "names.h"
#include "utf8.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

#define BAD	 REFUSE_NICK_BAD
#define RESERVED REFUSE_NICK_RESERVED

static const struct {
	const char *nick;
	enum refusal want;
} nicks[] = {
	{ "ann", FINE },
	{ "Ann", FINE },
	{ "a", FINE },
	{ "_a-1.[]{}|^`", FINE },
	{ "[x]", FINE },
	{ "12345678901234567890123456789012", BAD },
	{ "a1234567890123456789012345678901", FINE },
	{ "a12345678901234567890123456789012", BAD },
	{ "", BAD },
	{ "1a", BAD },
	{ "-a", BAD },
	{ ".a", BAD },
	{ "a b", BAD },
	{ " a", BAD },
	{ "a,b", BAD },
	{ "a@b", BAD },
	{ "#a", BAD },
	{ "a\n", BAD },
	{ "a\x1b", BAD },
	{ "a\x7f", BAD },
	{ "a\xff", BAD },
	{ "\xc3\xa9ric", FINE },
	{ "stra\xc3\x9f"
	  "e",
	    FINE },
	{ "\xe5\xa4\xaa\xe9\x83\x8e", FINE },		  /* Han */
	{ "\xe3\x81\x82\xe3\x82\xa2\xe9\x83\x8e", FINE }, /* Japanese */
	{ "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0", FINE },	  /* Cyrillic */
	{ "\xd0\xb0nn", BAD },				  /* mixed */
	{ "\xce\xb1nn", BAD },
	{ "\xd5\xa1nn", BAD },
	{ "\xce\xb1\xd0\xb0", BAD },
	{ "\xe5\xa4\xaa"
	  "ann",
	    BAD },
	{ "\xd0\xb0_1", FINE },
	{ "\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb7", FINE }, /* Hindi */
	{ "e\xcc\x81", FINE },
	{ "\xcc\x81"
	  "e",
	    BAD },					      /* lone mark */
	{ "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", BAD }, /* a heap */
	{ "a\xe2\x80\x8d", BAD },			      /* joiner */
	{ "a\xc2\xad"
	  "b",
	    BAD }, /* soft hyphen */
	{ "a\xe2\x80\xae"
	  "b",
	    BAD },					  /* override */
	{ "a\xef\xb8\x8f", BAD },			  /* selector */
	{ "\xe3\x85\xa4", BAD },			  /* filler */
	{ "\xe1\x85\xa1", BAD },			  /* lone jamo */
	{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", FINE }, /* three */
	{ "\xf0\x9f\x91\x8d", BAD },			  /* thumb */
	{ "\xef\xb7\xba", BAD },			  /* a sentence */
	{ "\xcd\xba", BAD },				  /* has a blank */
	{ "a\xcd\xb8", BAD },				  /* unassigned */
	{ "a\xee\x80\x80", BAD },			  /* private */
	{ "root", RESERVED },
	{ "ROOT", RESERVED },
	{ "Server", RESERVED },
	{ "system", RESERVED },
	{ "chatd", RESERVED },
	{ "admin", RESERVED },
	{ "all", RESERVED },
	{ "here", RESERVED },
	{ "everyone", RESERVED },
	{ "you", RESERVED },
	{ "nobody", RESERVED },
	{ "\xef\xbc\xb2\xef\xbc\xaf\xef\xbc\xaf\xef\xbc\xb4", RESERVED },
	{ "roots", FINE },
};

Test(names, nicks)
{
	for (size_t i = 0; i < N(nicks); i++) {
		enum refusal got = names_nick(slice_of(nicks[i].nick), NULL);
		cr_expect_eq(got, nicks[i].want, "row %zu '%s': %d", i,
		    nicks[i].nick, got);
	}
	cr_expect_eq(names_nick((struct slice){ NULL, 0 }, NULL), BAD);
	cr_expect_eq(names_nick((struct slice){ "a\0b", 3 }, NULL), BAD);
}

Test(names, rooms)
{
	static const struct {
		const char *room;
		enum refusal want;
	} rows[] = {
		{ "#lobby", FINE }, { "#1", FINE }, { "#-_.+'&", FINE },
		{ "#\xd0\xb0"
		  "a",
		    FINE },
		{ "#", REFUSE_ROOM_BAD }, { "", REFUSE_ROOM_BAD },
		{ "lobby", REFUSE_ROOM_BAD }, { "##a", REFUSE_ROOM_BAD },
		{ "#a b", REFUSE_ROOM_BAD }, { "#a,b", REFUSE_ROOM_BAD },
		{ "#a/b", REFUSE_ROOM_BAD }, { "#a\t", REFUSE_ROOM_BAD },
		{ "#\xcc\x81", REFUSE_ROOM_BAD },
		{ "#a\xe2\x80\x8b", REFUSE_ROOM_BAD },
		{ "#a\xef\xb8\x8f", REFUSE_ROOM_BAD },
		{ "#\xff", REFUSE_ROOM_BAD },
		{ "#012345678901234567890123456789012345678901234567", FINE },
		{ "#0123456789012345678901234567890123456789012345678",
		    REFUSE_ROOM_BAD },
		{ "\xef\xbc\x83lobby", REFUSE_ROOM_BAD }, /* wide # */
	};

	for (size_t i = 0; i < N(rows); i++)
		cr_expect_eq(names_room(slice_of(rows[i].room), NULL),
		    rows[i].want, "row %zu", i);
	cr_expect(names_is_room(SLICE("#")));
	cr_expect_not(names_is_room(SLICE("a#")));
	cr_expect_not(names_is_room(SLICE("")));
}

Test(names, same)
{
	static const struct {
		const char *a, *b;
		bool are_same;
	} rows[] = {
		{ "Ann", "aNN", true },
		{ "ann", "anna", false },
		{ "\xc3\x89ric", "e\xcc\x81RIC", true },
		{ "stra\xc3\x9f"
		  "e",
		    "STRASSE", true },
		{ "\xef\xbc\xa1nn", "ann", true },
		{ "\xd0\x90", "\xd0\xb0", true },
		{ "\xd0\xb0", "a", false },
		{ "#Lobby", "#lobby", true },
		{ "#lobby", "lobby", false },
		{ "[a]", "{a}", false },
		{ "", "", false },
		{ "\xff", "\xff", false },
	};

	for (size_t i = 0; i < N(rows); i++)
		cr_expect_eq(
		    names_same(slice_of(rows[i].a), slice_of(rows[i].b)),
		    rows[i].are_same, "row %zu", i);
}

Test(names, key_is_filled_with_fine_only)
{
	struct name_key key = { .len = 7, .at = "as it w" };

	cr_expect_eq(names_nick(SLICE("a b"), &key), BAD);
	cr_expect_eq(names_nick(SLICE("root"), &key), RESERVED);
	cr_expect_eq(names_room(SLICE("a"), &key), REFUSE_ROOM_BAD);
	cr_expect_eq(key.len, 7);
	cr_expect_eq(names_nick(SLICE("AnN"), &key), FINE);
	cr_expect_eq(key.len, 3);
	cr_expect_eq(memcmp(key.at, "ann", 3), 0);
	cr_expect_eq(names_room(SLICE("#X"), &key), FINE);
	cr_expect_eq(key.len, 2);
	cr_expect_eq(memcmp(key.at, "#x", 2), 0);
}

Test(names, key_of_what_is_too_long)
{
	char name[NAMES_KEY_MAX + 1];
	struct name_key key;

	memset(name, 'A', sizeof(name));
	cr_expect(names_key((struct slice){ name, NAMES_KEY_MAX }, &key));
	cr_expect_eq(key.len, NAMES_KEY_MAX);
	cr_expect_not(names_key((struct slice){ name, sizeof(name) }, &key));
	/* Grows elevenfold. */
	for (size_t i = 0; i + 3 <= 64; i += 3)
		memcpy(name + i, "\xef\xb7\xba", 3);
	cr_expect_not(names_key((struct slice){ name, 63 }, &key));
	cr_expect(names_key((struct slice){ name, 3 }, &key));
}

Test(names, reserve)
{
	static const char *const list[] = { "Boss", "\xc3\x89ric", NULL };

	cr_expect_eq(names_nick(SLICE("boss"), NULL), FINE);
	names_reserve(list);
	cr_expect_eq(names_nick(SLICE("BOSS"), NULL), RESERVED);
	cr_expect_eq(names_nick(SLICE("e\xcc\x81ric"), NULL), RESERVED);
	cr_expect_eq(names_nick(SLICE("root"), NULL), RESERVED);
	names_reserve(NULL);
	cr_expect_eq(names_nick(SLICE("boss"), NULL), FINE);
}

/* The key of a key is the key itself, for every code point alone and behind a
 * letter, a mark and a jamo, with which it may compose. */
Test(names, keys_of_keys, .timeout = 60)
{
	static const char *const before[] = { "", "a", "a\xcc\xa3",
		"\xe1\x84\x92", "\xce\xb1\xcd\x85" };

	for (uint32_t cp = 1; cp < 0x110000; cp++) {
		for (size_t i = 0; i < N(before); i++) {
			char name[16];
			size_t n = strlen(before[i]);
			memcpy(name, before[i], n);
			n += utf8_put(cp, name + n);
			struct name_key key, again;
			if (!names_key((struct slice){ name, n }, &key))
				continue;
			struct slice folded = { key.at, key.len };
			cr_assert(utf8_valid(key.at, key.len), "U+%04X", cp);
			cr_assert(names_key(folded, &again), "U+%04X", cp);
			cr_assert(slice_is(folded,
				      (struct slice){ again.at, again.len }),
			    "U+%04X behind row %zu", cp, i);
		}
	}
}

/* Whatever a nick is made of, no nick has the key of another kind of name:
 * blank, control, sign of a room. */
Test(names, keys_of_nicks_keep_the_rule, .timeout = 60)
{
	size_t fine = 0;

	for (uint32_t cp = 1; cp < 0x110000; cp++) {
		char name[5];
		size_t n = utf8_put(cp, name);
		struct name_key key;
		if (names_nick((struct slice){ name, n }, &key) != FINE)
			continue;
		fine++;
		struct name_key again;
		cr_assert_eq(
		    names_nick((struct slice){ key.at, key.len }, &again), FINE,
		    "U+%04X", cp);
		cr_assert_eq(memchr(key.at, ' ', key.len), NULL);
	}
	cr_assert_gt(fine, 100000);
}
