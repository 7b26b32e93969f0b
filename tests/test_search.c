#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../chat/search.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

/* Friday 20 November 2026, 14:20 UTC. */
#define NOW  1795184400000ULL
#define HOUR 3600000ULL
#define DAY  (24 * HOUR)

static void
use_utc(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
}

TestSuite(search, .init = use_utc);

static const struct {
	const char *line, *words, *who, *room;
	uint64_t after, before;
} lines[] = {
	{ "release", "release", "", "", 0, 0 },
	{ "  green \t build\nfriday ", "green build friday", "", "", 0, 0 },
	{ "release from:ana", "release", "ana", "", 0, 0 },
	{ "in:#dev release notes", "release notes", "", "#dev", 0, 0 },
	{ "in:bob a from:Carla b", "a b", "Carla", "bob", 0, 0 },
	{ "x after:2026-11-01", "x", "", "", 1793491200000ULL, 0 },
	{ "x after:3h before:1h", "x", "", "", NOW - 3 * HOUR, NOW - HOUR },
	{ "x before:2d", "x", "", "", 0, NOW - 2 * DAY },
	{ "x after:1w", "x", "", "", NOW - 7 * DAY, 0 },
	{ "x after:2026-11-19T10:30", "x", "", "", 1795084200000ULL, 0 },
	{ "http://a/b?c", "http://a/b?c", "", "", 0, 0 },
	{ "x from:server", "x", "server", "", 0, 0 },
	{ "\"a\" OR b* NEAR(c)", "\"a\" OR b* NEAR(c)", "", "", 0, 0 },
};

Test(search, lines_are_taken_apart)
{
	for (size_t i = 0; i < N(lines); i++) {
		struct search s;
		struct buf wrong = { 0 };
		cr_assert(search_parse(&s, lines[i].line, NOW, &wrong),
		    "%s: %s", lines[i].line, buf_string(&wrong));
		cr_expect_str_eq(s.words, lines[i].words);
		cr_expect_str_eq(s.who, lines[i].who);
		cr_expect_str_eq(s.room, lines[i].room);
		cr_expect_eq(s.after, lines[i].after, "%s: %llu", lines[i].line,
		    (unsigned long long)s.after);
		cr_expect_eq(s.before, lines[i].before, "%s", lines[i].line);
		buf_done(&wrong);
	}
}

Test(search, the_line_is_kept_as_it_was_typed)
{
	struct search s;
	struct buf wrong = { 0 };

	cr_assert(search_parse(&s, " a  from:ana b\tin:#x", NOW, &wrong));
	cr_expect_str_eq(s.line, "a from:ana b in:#x");
	buf_done(&wrong);
}

static const struct {
	const char *line, *why;
} mistakes[] = {
	{ "x after:yesterday", "yesterday: a time is" },
	{ "x before:2026-02-30", "2026-02-30: a time is" },
	{ "x after:3x", "3x: a time is" },
	{ "x from:2good", "2good: a nick is" },
	{ "x from:#dev", "#dev: a nick is" },
	{ "x in:#a/b", "#a/b: a room is" },
	{ "x in: #dev", "a name follows the colon at once" },
	{ "x in:a/b", "a/b: a nick is" },
	{ "from:ana", "a search is 1 to 16 words" },
	{ "", "a search is 1 to 16 words" },
	{ "-- ... !", "a search is 1 to 16 words" },
	{ "a b c d e f g h i j k l m n o p q", "a search is 1 to 16 words" },
	{ "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q", "a search is 1 to 16 words" },
	{ "x after:1h before:3h", "there is no time after the one" },
};

Test(search, what_is_wrong_is_told)
{
	for (size_t i = 0; i < N(mistakes); i++) {
		struct search s;
		struct buf wrong = { 0 };
		cr_expect_not(search_parse(&s, mistakes[i].line, NOW, &wrong),
		    "%s", mistakes[i].line);
		cr_expect_eq(strncmp(buf_string(&wrong), mistakes[i].why,
				 strlen(mistakes[i].why)),
		    0, "%s: %s", mistakes[i].line, buf_string(&wrong));
		buf_done(&wrong);
	}
}

Test(search, has_a_most)
{
	char line[SEARCH_MAX + 2];
	struct search s;
	struct buf wrong = { 0 };

	memset(line, 'x', sizeof(line));
	line[SEARCH_MAX] = '\0';
	cr_expect(search_parse(&s, line, NOW, &wrong));
	cr_expect_str_eq(s.words, line);
	line[SEARCH_MAX] = 'x';
	line[SEARCH_MAX + 1] = '\0';
	cr_expect_not(search_parse(&s, line, NOW, &wrong));
	buf_done(&wrong);
}

/* Words found stand in brackets. */
static const struct {
	const char *words, *text, *marked;
} texts[] = {
	{ "build", "the build is green", "the [build] is green" },
	{ "build", "Build, BUILD; rebuild builds",
	    "[Build], [BUILD]; rebuild builds" },
	{ "is the", "the build is", "[the] build [is]" },
	{ "cafe", "a Caf\xc3\xa9 here", "a [Caf\xc3\xa9] here" },
	{ "caf\xc3\xa9", "cafe", "[cafe]" },
	{ "caf\xc3\xa9", "cafe\xcc\x81", "[cafe\xcc\x81]" },
	{ "foo_bar.c", "see foo_bar.c:12", "see [foo]_[bar].[c]:12" },
	{ "12", "x12 12", "x12 [12]" },
	{ "x", "", "" },
	{ "x", "\xcc\x81 \xcc\x81x", "\xcc\x81 \xcc\x81[x]" },
	{ "\xce\x91\xce\x98", "\xce\xb1\xce\xb8", "[\xce\xb1\xce\xb8]" },
};

Test(search, words_are_marked_in_a_text)
{
	for (size_t i = 0; i < N(texts); i++) {
		struct slice text = slice_of(texts[i].text);
		struct search s;
		struct buf wrong = { 0 }, marked = { 0 };
		size_t at = 0, from = 0, to;
		cr_assert(search_parse(&s, texts[i].words, NOW, &wrong));
		for (; search_mark(&s, text, &from, &to); at = from = to) {
			buf_add(&marked, text.at + at, from - at);
			buf_printf(&marked, "[%.*s]", (int)(to - from),
			    text.at + from);
		}
		buf_add_string(&marked, text.at + at);
		cr_expect_str_eq(buf_string(&marked), texts[i].marked, "%s: %s",
		    texts[i].words, buf_string(&marked));
		buf_done(&wrong);
		buf_done(&marked);
	}
}
