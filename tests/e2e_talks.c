/*
 * Every dialogue of tests/talks/ with a chatd of its own; the same over a UNIX
 * socket, delivered in small pieces; and whether together they say, and are
 * refused, all there is.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "protocol.h"
#include "script.h"
#include "talk.h"

enum { TALKS = 256, PATH = 128 };

#define DIRECTORY "tests/talks"

struct path {
	char text[PATH];
};

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* All talk files in the order of their names; how many.  Or $TALK alone. */
static size_t
find_talks(struct path *out)
{
	DIR *dir = opendir(DIRECTORY);
	const char *end, *only = getenv("TALK");
	const struct dirent *e;
	size_t n = 0;

	cr_assert_not_null(dir, DIRECTORY ": %s", strerror(errno));
	while ((e = readdir(dir)) != NULL && n < TALKS) {
		end = strrchr(e->d_name, '.');
		if (end != NULL && strcmp(end, ".talk") == 0)
			snprintf(
			    out[n++].text, PATH, DIRECTORY "/%.80s", e->d_name);
	}
	closedir(dir);
	if (only != NULL)
		snprintf(out[(n = 1) - 1].text, PATH, "%s", only);
	qsort(out, n, sizeof(*out), compare);
	return n;
}

static void
run(const char *path, const struct talk_options *o)
{
	char *text = script_read(path);
	struct buf report = { 0 };
	bool failed;

	cr_assert_not_null(text, "%s: %s", path, strerror(errno));
	failed = talk_run(path, text, o, &report) == TALK_FAILED;
	cr_assert(!failed, "%s", buf_string(&report));
	buf_done(&report);
	free(text);
}

ParameterizedTestParameters(talks, whole)
{
	static struct path paths[TALKS];
	size_t n = find_talks(paths);

	return cr_make_param_array(struct path, paths, n);
}

ParameterizedTest(struct path *path, talks, whole, .timeout = 60)
{
	run(path->text, &(struct talk_options){ .piece = 0 });
}

ParameterizedTestParameters(talks, in_pieces)
{
	static size_t pieces[] = { 1, 2, 3, 6, 7 };

	return cr_make_param_array(
	    size_t, pieces, sizeof(pieces) / sizeof(pieces[0]));
}

ParameterizedTest(size_t *piece, talks, in_pieces, .timeout = 120)
{
	static struct path paths[TALKS];
	size_t n = find_talks(paths), i;

	for (i = 0; i < n; i++)
		run(paths[i].text,
		    &(struct talk_options){ .piece = *piece,
			.over_unix = true,
			.skip_slow = true });
}

/* ---- a talk can fail ---- */

static const struct wrong {
	const char *name, *text, *report;
} wrongs[] = {
	{ "an answer that is another",
	    "a > hello version=1 device=random nick=ann\n"
	    "a < welcome nick=bob\n",
	    "differs in: nick" },
	{ "an answer that does not come", "slow\na enters as ann\na < entry\n",
	    "came: nothing" },
	{ "an answer nobody waits for",
	    "a enters as ann\na > join ref=1 room=#x\na hears nothing\n",
	    "came: attached ref=1" },
	{ "an answer nobody waits for at the end",
	    "a enters as ann\na > join ref=1 room=#x\n", "at the end, for a" },
	{ "a close that does not come", "a enters as ann\na is closed\n",
	    "came: nothing" },
	{ "a word nobody knows", "\n\na sings\n", ":3: a sings" },
	{ "a message nobody knows", "a > sing\n", "no message" },
	{ "a field nobody knows", "a > hello hat=1\n", "no such field" },
	{ "a value nobody knows", "a > hello version=one\n", "no number" },
};

Test(talks, fail_when_they_should, .timeout = 60)
{
	const struct talk_options o = { .piece = 0 };
	const struct wrong *w;
	struct buf report = { 0 };

	for (w = wrongs; w < wrongs + sizeof(wrongs) / sizeof(*w); w++) {
		buf_clear(&report);
		cr_expect_eq(talk_run("test", w->text, &o, &report),
		    TALK_FAILED, "%s", w->name);
		cr_expect(strstr(buf_string(&report), w->report) != NULL,
		    "%s: %s", w->name, buf_string(&report));
	}
	buf_done(&report);
}

/* ---- together they say all there is ---- */

static void
read_all(struct buf *out)
{
	static struct path paths[TALKS];
	size_t n = find_talks(paths), i, j;
	struct script s;
	char *text;

	for (i = 0; i < n; i++) {
		text = script_read(paths[i].text);
		script_parse(&s, text);
		for (j = 0; j < s.n; j++)
			buf_printf(out, "%s \n", s.at[j].text);
		script_done(&s);
		free(text);
	}
}

/* Refusals no talk can provoke. */
static const struct exempt {
	enum refusal code;
	const char *why;
} exempts[] = {
	{ REFUSE_ADDRESS_FULL, "loopback, where talks are held, is excepted" },
	{ REFUSE_UNAVAILABLE, "the store in memory never fails" },
	{ REFUSE_KICKED, "a talk has no operator; e2e_control.c has" },
	{ REFUSE_DRAINING, "nor has it sockets of others; e2e_control.c has" },
	{ REFUSE_NICK_OWNED, "nor accounts; e2e_accounts.c has" },
	{ REFUSE_QUESTION_LONG, "said only at answers:; e2e_doors.c does it" },
	{ REFUSE_FILE_DISK, "a talk breaks no disk; test_hub_files.c does" },
	{ REFUSE_STOPPING, "a talk has no word for TERM; e2e_chatd.c does it" },
};

static bool
is_exempt(enum refusal code)
{
	size_t i;

	for (i = 0; i < sizeof(exempts) / sizeof(exempts[0]); i++)
		if (exempts[i].code == code)
			return true;
	return false;
}

static bool
is_heard(const char *all, const char *name)
{
	char code[64], reason[64], logged[64];

	snprintf(code, sizeof(code), " code=%s ", name);
	snprintf(reason, sizeof(reason), " reason=%s ", name);
	snprintf(logged, sizeof(logged), "daemon logs \"%s\"", name);
	return strstr(all, code) != NULL || strstr(all, reason) != NULL ||
	    strstr(all, logged) != NULL;
}

Test(talks, provoke_every_refusal)
{
	static const enum refusal codes[] = {
#define REFUSAL(NAME, name, no, effect, text) REFUSE_##NAME,
#include "refusals.def"
	};
	struct buf all = { 0 };
	size_t i;

	read_all(&all);
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		cr_expect(is_exempt(codes[i]) !=
			is_heard(buf_string(&all), refusal_name(codes[i])),
		    "%s: %s", refusal_name(codes[i]),
		    is_exempt(codes[i]) ? "is exempt, and yet provoked"
					: "no talk provokes it");
	buf_done(&all);
}

/* In no talk can a disk run full; test_hub_files.c hears it. */
static bool
is_never_heard(enum message_type type)
{
	return type == MSG_HELD;
}

Test(talks, say_and_hear_every_message)
{
	struct buf all = { 0 };
	size_t n, i;
	const struct message_row *rows = protocol_rows(&n);
	char sent[64], heard[64];

	read_all(&all);
	for (i = 0; i < n; i++) {
		snprintf(sent, sizeof(sent), " > %s ", rows[i].name);
		snprintf(heard, sizeof(heard), "< %s ", rows[i].name);
		if (rows[i].from != FROM_SERVER)
			cr_expect(strstr(buf_string(&all), sent) != NULL,
			    "no talk says %s", rows[i].name);
		if (rows[i].from != FROM_CLIENT &&
		    !is_never_heard(rows[i].type))
			cr_expect(strstr(buf_string(&all), heard) != NULL,
			    "in no talk one hears %s", rows[i].name);
	}
	buf_done(&all);
}
