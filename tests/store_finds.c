#include "store_finds.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../chatd/entry.h"
#include "buf.h"
#include "store_contract.h"

enum { FILLERS = 700, MOST_PAGES = 10000 };

/* ---- words ---- */

static struct buf found;
static uint64_t more;
static unsigned n_found;

static void
were_found(struct store_search *job)
{
	cr_expect_leq(job->got, job->n);
	for (unsigned i = 0; i < job->got; i++) {
		const struct entry *e = job->entries[i];

		buf_printf(&found, "%s%u %.*s", found.len != 0 ? ", " : "",
		    e->room, SLICE_ARG(entry_text(e)));
		entry_unref(job->entries[i]);
	}
	free(job->entries);
	n_found += job->got;
	more = job->more;
}

struct store_search
store_looking_for(const char *words)
{
	return (struct store_search){ .done = were_found,
		.words = slice_of(words),
		.n = 50,
		.bytes = 1 << 20 };
}

char *
store_find(struct store *s, struct store_search job, unsigned *pages)
{
	unsigned n = 0;
	char *all;

	n_found = 0;
	do {
		uint64_t below = job.below;

		store_search(s, &job);
		store_drain(s);
		cr_assert_eq(s->broken, 0);
		cr_assert(below == 0 || more < below, "no way down");
		job.below = more;
	} while (more != 0 && ++n < MOST_PAGES);
	cr_expect_lt(n, MOST_PAGES);
	if (pages != NULL)
		*pages = n + 1;
	all = strdup(buf_string(&found));
	buf_done(&found);
	return all;
}

static void
finds(struct store *s, struct store_search job, const char *what)
{
	char *all = store_find(s, job, NULL);

	cr_expect_str_eq(all, what, "%.*s: %s", SLICE_ARG(job.words), all);
	free(all);
}

static struct store_append
saying(uint32_t room, const char *who, const char *text)
{
	struct store_append job = story_append(room, 1, 0, text);

	job.who = slice_of(who);
	return job;
}

static void
say(struct store *s, struct store_append job)
{
	store_append(s, &job);
	store_drain(s);
	story_skip();
	cr_assert_eq(job.why, FINE);
}

/* Enough that what was said before is of the past. */
static void
fill(struct store *s)
{
	static struct store_append jobs[FILLERS];

	for (int i = 0; i < FILLERS; i++) {
		jobs[i] = saying(90, "filler", "nothing of any interest");
		store_append(s, &jobs[i]);
	}
	store_drain(s);
	story_skip();
}

/* ---- what is found ---- */

static const char *const texts[] = {
	"a plain Sentence, with words.",
	"foo_bar.c:12: error",
	"foo and bar and c",
	"\u00c4rger in der Stra\u00dfe",
	"ARGER STRASSE a\u0308rger",
	"caf\u00e9 Cafe\u0301 CAFE",
	"\u041f\u0440\u0438\u0432\u0435\u0442, \u041c\u0418\u0420! \u0451\u043b\u043a\u0430",
	"\u0395\u03bb\u03bb\u03ac\u03b4\u03b1 \u03c3\u03bf\u03c6\u03cc\u03c2",
	"\u4f60\u597d \u4e16\u754c",
	"\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902",
	"great\U0001f914 work\U0001f3fd",
	"\uff26\uff55\uff4c\uff4c width \ufb01ne",
	"AND OR NOT NEAR(x)",
	"-x \"quoted\" 'it''s' *star* ^caret",
	"1984 3.14 0x1f r5 text",
	"... !!! --- \U0001f600",
	"soft\u00adhyphen zero\u200dwidth",
	"line one\nline two",
};

static const struct {
	const char *words, *is; /* numbers of texts, newest first */
} queries[] = {
	{ "plain", "0" },
	{ "PLAIN sentence", "0" },
	{ "sentence plain", "0" },
	{ "plain missing", "" },
	{ "sente", "" },
	{ "words.", "0" },
	{ "foo", "2 1" },
	{ "foo_bar.c", "1" },
	{ "foo bar c", "2 1" },
	{ "bar.c foo", "1" },
	{ "c_foo", "" },
	{ "arger", "4 3" },
	{ "\u00c4RGER", "4 3" },
	{ "strasse", "4 3" },
	{ "cafe", "5" },
	{ "cafe\u0301", "5" },
	{ "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "6" },
	{ "\u0435\u043b\u043a\u0430", "6" },
	{ "\u03b5\u03bb\u03bb\u03b1\u03b4\u03b1", "7" },
	{ "\u03a3\u039f\u03a6\u039f\u03a3", "7" },
	{ "\u4f60\u597d", "8" },
	{ "\u4f60", "" },
	{ "\u0939\u093f\u0928\u094d\u0926\u0940", "9" },
	{ "\u0939", "" },
	{ "great", "10" },
	{ "work", "10" },
	{ "full", "11" },
	{ "fine", "11" },
	{ "AND", "12 2" },
	{ "and or not near", "12" },
	{ "near(x)", "12" },
	{ "NEAR(x", "12" },
	{ "OR", "12" },
	{ "-x", "13 12" },
	{ "\"quoted\"", "13" },
	{ "\"quoted", "13" },
	{ "it''s", "13" },
	{ "sta*", "" },
	{ "*star*", "13" },
	{ "^caret", "13" },
	{ "text:r5", "" },
	{ "r5", "14" },
	{ "place:r5", "" },
	{ "3.14", "14" },
	{ "3 14", "14" },
	{ "14.3", "" },
	{ "plain ... !!!", "0" },
	{ "...", "" },
	{ "", "" },
	{ "   \n ", "" },
	{ "\U0001f600", "" },
	{ "softhyphen", "16" },
	{ "zerowidth", "16" },
	{ "two one", "17" },
	{ "line\ntwo", "17" },
	{ "\u0301", "" },
};

/* Numbers of texts found, with blanks between; to be freed. */
static char *
find_texts(struct store *s, const char *words)
{
	char *all = store_find(s, store_looking_for(words), NULL);
	struct buf numbers = { 0 };
	char *is;

	for (char *at = all; *at != '\0';) {
		size_t i = 0, len;

		at += strspn(at, ", ");
		at += strcspn(at, " ") + 1;
		for (; i < sizeof(texts) / sizeof(*texts); i++) {
			len = strlen(texts[i]);
			if (strncmp(at, texts[i], len) == 0 &&
			    (at[len] == '\0' || at[len] == ','))
				break;
		}
		cr_assert_lt(i, sizeof(texts) / sizeof(*texts), "%s", at);
		buf_printf(&numbers, "%s%zu", numbers.len != 0 ? " " : "", i);
		at += len;
	}
	free(all);
	is = strdup(buf_string(&numbers));
	buf_done(&numbers);
	return is;
}

static void
expect_texts(struct store *s)
{
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		char *is = find_texts(s, queries[i].words);

		cr_expect_str_eq(is, queries[i].is, "%s: %s not %s",
		    queries[i].words, is, queries[i].is);
		free(is);
	}
}

static struct store *
words_are_found(struct store *s, struct store *(*settle)(struct store *))
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct store_append job = saying(1, "ann", texts[i]);

		say(s, job);
	}
	expect_texts(s);
	fill(s);
	s = settle(s);
	expect_texts(s);
	return s;
}

/* ---- where and when ---- */

static void
talk(struct store *s)
{
	static const struct {
		uint64_t now;
		uint32_t room;
		const char *who, *text;
		enum entry_kind kind;
	} said[] = {
		{ 1000, 1, "ann", "tea one", ENTRY_SAID },
		{ 2000, 2, "bob", "tea two", ENTRY_NOTICE },
		{ 3000, 1, "Bob", "tea three", ENTRY_ACTION },
		{ 4000, 3, "ann", "tea psst", ENTRY_SAID },
		{ 5000, 4, "joe", "tea psst", ENTRY_SAID },
		{ 6000, 2, "eve", "tea four", ENTRY_TOPIC },
		{ 6000, 2, "tea", "coffee", ENTRY_SAID },
		{ 6000, 1, "ann", "tea left", ENTRY_LEFT },
		{ 7000, 5, "eve", "tea gone", ENTRY_SAID },
		{ 8000, 1, "ann", "tea five", ENTRY_SAID },
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		struct store_append job =
		    saying(said[i].room, said[i].who, said[i].text);

		job.kind = said[i].kind;
		if (job.room == 3 || job.room == 4)
			job.room_name = SLICE("");
		story_now = said[i].now;
		say(s, job);
	}
}

static void
expect_talk(struct store *s)
{
	static const uint32_t none[] = { 0 }, three[] = { 1, 3, 9 };
	static const struct {
		const char *who;
		uint32_t room;
		const uint32_t *directs;
		unsigned n_directs;
		uint64_t after, before;
		const char *is;
	} rows[] = {
		{ "", 0, none, 0, 0, 0,
		    "1 tea five, 2 tea four, 1 tea three, 2 tea two, 1 tea "
		    "one" },
		{ "", 0, three, 3, 0, 0,
		    "1 tea five, 2 tea four, 3 tea psst, 1 tea three, 2 tea "
		    "two, 1 tea one" },
		{ "", 2, none, 0, 0, 0, "2 tea four, 2 tea two" },
		{ "", 3, none, 0, 0, 0, "3 tea psst" },
		{ "", 5, none, 0, 0, 0, "" },
		{ "", 77, none, 0, 0, 0, "" },
		{ "", UINT32_MAX, none, 0, 0, 0, "" },
		{ "bob", 0, none, 0, 0, 0, "1 tea three, 2 tea two" },
		{ "BOB", 1, none, 0, 0, 0, "1 tea three" },
		{ "nobody", 0, none, 0, 0, 0, "" },
		{ "-", 0, none, 0, 0, 0, "" },
		{ "", 0, none, 0, 2000, 0,
		    "1 tea five, 2 tea four, 1 tea three, 2 tea two" },
		{ "", 0, none, 0, 2001, 0,
		    "1 tea five, 2 tea four, 1 tea three" },
		{ "", 0, none, 0, 0, 6000,
		    "1 tea three, 2 tea two, 1 tea one" },
		{ "", 0, none, 0, 0, 6001,
		    "2 tea four, 1 tea three, 2 tea two, 1 tea one" },
		{ "", 0, none, 0, 2000, 3000, "2 tea two" },
		{ "", 0, none, 0, 3000, 2000, "" },
		{ "", 0, none, 0, UINT64_MAX, 0, "" },
		{ "", 0, none, 0, 0, 1, "" },
		{ "", 1, none, 0, 3000, UINT64_MAX, "1 tea five, 1 tea three" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_search job = store_looking_for("tea");

		job.who = slice_of(rows[i].who);
		job.room = rows[i].room;
		job.directs = rows[i].directs;
		job.n_directs = rows[i].n_directs;
		job.after = rows[i].after;
		job.before = rows[i].before;
		finds(s, job, rows[i].is);
		/* However small the pages. */
		job.n = 1;
		finds(s, job, rows[i].is);
		job.n = 2;
		finds(s, job, rows[i].is);
		job.n = 50;
		job.bytes = 1;
		finds(s, job, rows[i].is);
	}
}

static struct store *
found_where_and_when_it_was_said(
    struct store *s, struct store *(*settle)(struct store *))
{
	talk(s);
	store_forget(s, 5);
	expect_talk(s);
	story_now = 9000;
	fill(s);
	s = settle(s);
	expect_talk(s);
	return s;
}

/* ---- what is gone ---- */

static struct store *
what_is_gone_is_not_found(
    struct store *s, struct store *(*settle)(struct store *))
{
	struct store_keep keep = { .count = 2 };
	static const char *const left = "2 salt d, 1 salt c, 2 salt b";
	char *all = NULL;

	say(s, saying(1, "ann", "salt a"));
	say(s, saying(2, "ann", "salt b"));
	say(s, saying(1, "ann", "pepper"));
	say(s, saying(1, "ann", "salt c"));
	say(s, saying(2, "ann", "salt d"));
	fill(s);
	s = settle(s);
	store_keep(s, &keep);
	do {
		free(all);
		all = store_find(s, store_looking_for("salt"), NULL);
	} while (strcmp(all, left) != 0);
	free(all);
	finds(s, store_looking_for("pepper"), "1 pepper");
	store_forget(s, 2);
	finds(s, store_looking_for("salt"), "1 salt c");
	say(s, saying(1, "ann", "salt e"));
	finds(s, store_looking_for("salt"), "1 salt e, 1 salt c");
	return s;
}

/* ---- many ---- */

static struct store *
all_of_many_are_found_once_and_in_order(
    struct store *s, struct store *(*settle)(struct store *))
{
	enum { MANY = 2000 };
	static struct store_append jobs[MANY];
	static char said[MANY][24];
	struct buf is = { 0 };
	unsigned pages;
	char *all;

	for (int i = 0; i < MANY; i++) {
		snprintf(said[i], sizeof(said[i]), "%s %d",
		    i % 3 == 0 ? "often" : "else", i);
		jobs[i] = saying(1 + (uint32_t)i % 7, "ann", said[i]);
		store_append(s, &jobs[i]);
	}
	for (int i = MANY - 1; i >= 0; i--)
		if (i % 3 == 0)
			buf_printf(&is, "%s%d %s", is.len != 0 ? ", " : "",
			    1 + i % 7, said[i]);
	for (int round = 0; round < 2; round++) {
		/* In the first round while it is still being written. */
		all = store_find(s, store_looking_for("often"), &pages);
		cr_expect_str_eq(all, buf_string(&is));
		cr_expect_geq(pages, MANY / 3 / 50);
		free(all);
		story_skip();
		s = settle(s);
	}
	finds(s, store_looking_for("1998"), "4 often 1998");
	buf_done(&is);
	return s;
}

/* ---- whatever strangers look for ---- */

static struct store *
nothing_can_be_looked_for_that_does_harm(
    struct store *s, struct store *(*settle)(struct store *))
{
	static const char pieces[][8] = { "\"", "AND", "OR", "NOT", "NEAR(",
		")", "(", "*", "-x", ":", "^", "{", "}", "+", ",", "'", "\\",
		"text:", "tea", "\"\"", ";--", "%s", "\u00e9", "\u0301",
		"\xf0\x9f\x98\x80", "\n", " ", "  ", "rank", "/*" };
	enum { PIECES = sizeof(pieces) / sizeof(*pieces), LONG = 4000 };
	char longest[2 * LONG + 1], *all;
	uint64_t random = 11;

	say(s, saying(1, "ann", "tea"));
	fill(s);
	s = settle(s);
	for (int round = 0; round < 2000; round++) {
		char words[64] = "";

		for (int i = 0; i < 6; i++) {
			random = random * 6364136223846793005u + 1;
			strcat(words, pieces[(random >> 33) % PIECES]);
		}
		free(store_find(s, store_looking_for(words), NULL));
	}
	for (int i = 0; i < LONG; i++)
		memcpy(longest + 2L * i, i % 2 == 0 ? "t " : "e ", 2);
	longest[2 * LONG] = '\0';
	finds(s, store_looking_for(longest), "");
	memset(longest, '"', 2 * LONG);
	finds(s, store_looking_for(longest), "");
	memset(longest, 'x', 2 * LONG);
	finds(s, store_looking_for(longest), "");
	all = store_find(s, store_looking_for("tea"), NULL);
	cr_expect_str_eq(all, "1 tea");
	free(all);
	return s;
}

void
store_finds(
    struct store *(*open)(void), struct store *(*settle)(struct store *))
{
	static struct store *(*const cases[])(
	    struct store *, struct store * (*)(struct store *)) = {
		words_are_found,
		found_where_and_when_it_was_said,
		what_is_gone_is_not_found,
		all_of_many_are_found_once_and_in_order,
		nothing_can_be_looked_for_that_does_harm,
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store *s = open();

		story_now = 1000;
		store_free(cases[i](s, settle));
	}
}
