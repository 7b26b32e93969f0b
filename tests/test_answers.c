#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../chatd/answers.h"
#include "../chatd/hub_state.h"
#include "../chatd/settings.h"
#include "hub_rig.h"

#define TABLE(rows) "answers: { table = ( " rows " ); };\n"

static char path[] = "/tmp/chat-test-answers.XXXXXX";

static void
begin(void)
{
	close(mkstemp(path));
}

static void
end(void)
{
	unlink(path);
}

TestSuite(answers, .init = begin, .fini = end);

/* NULL: it has faults, in errors. */
static struct settings *
read_settings(const char *text, struct buf *errors)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	return settings_read(path, errors);
}

static struct answers *
make(const char *text)
{
	struct buf errors = { 0 };
	struct settings *s = read_settings(text, &errors);
	struct answers *a;

	cr_assert_not_null(s, "%s", buf_string(&errors));
	a = answers_new(s);
	settings_free(s);
	buf_done(&errors);
	return a;
}

static void
expect(const struct answers *a, const char *question, const char *answer)
{
	struct slice got = answers_find(a, slice_of(question));

	cr_expect(slice_is(got, slice_of(answer)), "%s: %.*s", question,
	    SLICE_ARG(got));
}

/* Row 7 of the owner's systems; the file is the installed example. */
Test(answers, the_owners_four_exchanges)
{
	struct buf errors = { 0 };
	const char *from = getenv("EXAMPLES");
	char example[256];
	struct settings *s;
	struct answers *a;

	snprintf(example, sizeof(example), "%s/answers.conf",
	    from != NULL ? from : "chatd");
	s = settings_read(example, &errors);
	cr_assert_not_null(s, "%s", buf_string(&errors));
	a = answers_new(s);
	expect(a, "python", "CourseName:Python,Duration:1Year,Fee=4000");
	expect(a, "java", "CourseName:Java,Duration:2Year,Fee=2000");
	expect(a, "c", "CourseName:C,Duration:2Months,Fee=1000");
	expect(a, "C++", "this course is not available");
	expect(a, "", "this course is not available");
	answers_free(a);
	settings_free(s);
	buf_done(&errors);
}

Test(answers, case_and_blanks_around_do_not_count)
{
	struct answers *a = make(
	    TABLE("{ question = \"opening hours\"; answer = \"9 to 5\"; },"
		  "{ question = \" Stra\u00dfe \"; answer = \"no. 7\"; }"));

	expect(a, "opening hours", "9 to 5");
	expect(a, "  Opening HOURS\t\r", "9 to 5");
	expect(a, "STRASSE", "no. 7");
	expect(a, "\uff4f\uff50ening hours", "9 to 5"); /* NFKC */
	expect(a, "opening", "");
	expect(a, "", "");
	answers_free(a);
}

Test(answers, long_questions_are_no_questions)
{
	struct answers *a = make("answers: { standard = \"what?\"; };\n");
	char text[ANSWERS_LINE + 1];

	memset(text, 'x', ANSWERS_LINE);
	text[ANSWERS_LINE] = '\0';
	expect(a, text, "what?");
	answers_free(a);
}

Test(answers, faults_are_told_with_their_line)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ TABLE("{ question = \"a\"; answer = \"b\"; },\n"
			"{ question = \"A \"; answer = \"c\"; }"),
		    ":2: answers.table: question \"A \" stands in line 1 "
		    "already\n" },
		{ TABLE("\n{ question = \"a\"; }"),
		    ":2: answers.table: { question = \"...\"; "
		    "answer = \"...\"; } is wanted\n" },
		{ TABLE("{ question = \"a\";\n answer = \"\"; }"),
		    ":2: answers.table: answer: one line of 1 to 1024 bytes "
		    "is wanted, UTF-8 without controls\n" },
		{ TABLE("{ question = \"a\"; answer = \"b\\nc\"; }"),
		    ":1: answers.table: answer: one line of 1 to 1024 bytes "
		    "is wanted, UTF-8 without controls\n" },
		{ TABLE("{ question = \"a\"; answer = \"b\";\n"
			"rooms = [ \"tea\" ]; }"),
		    ":2: answers.table: rooms: a room is # and 1 to 48 bytes: "
		    "letters, digits and - _ . + ' &\n" },
		{ TABLE("{ question = \"a\"; answer = \"b\"; fee = \"c\"; }"),
		    ":1: answers.table: fee: there is only question, answer "
		    "and rooms\n" },
		{ "answers: { table = [ \"a\" ]; };",
		    ":1: answers.table: a list ( { ... }, { ... } ) is "
		    "wanted, this is an array\n" },
		{ "answers: { standard = \"a\\nb\"; };",
		    ":1: answers.standard: must be UTF-8 without controls\n" },
	};
	struct buf errors = { 0 };
	char told[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&errors);
		cr_expect_null(read_settings(cases[i].text, &errors));
		snprintf(told, sizeof(told), "%s%s", path, cases[i].told);
		cr_expect_str_eq(buf_string(&errors), told);
	}
	buf_done(&errors);
}

/* What is printed is read as the same again. */
Test(answers, are_printed_as_they_are_read)
{
	struct buf errors = { 0 };
	struct settings *s =
	    read_settings(TABLE("{ question = \"a \\\"b\\\"\"; answer = \"c\"; "
				"rooms = [ \"#x\", \"#y\" ]; }, "
				"{ question = \"d\"; answer = \"e\"; }"),
		&errors);
	char *first, *second;
	size_t len;
	FILE *out = open_memstream(&first, &len);

	settings_print(s, out);
	fclose(out);
	settings_free(s);
	s = read_settings(first, &errors);
	cr_assert_not_null(s, "%s", buf_string(&errors));
	cr_assert_eq(s->answers_table.n, 2);
	cr_expect_eq(s->answers_table.at[0].rooms.n, 2);
	out = open_memstream(&second, &len);
	settings_print(s, out);
	fclose(out);
	cr_expect_str_eq(first, second);
	free(first);
	free(second);
	settings_free(s);
	buf_done(&errors);
}

/* ---- in rooms ---- */

static struct slice
overhear(struct answers *a, const char *room, const char *said, int64_t now_ms)
{
	struct name_key key;

	cr_assert_eq(names_room(slice_of(room), &key), FINE);
	return answers_overhear(a, key.at, key.len, slice_of(said), now_ms);
}

Test(answers, in_a_room_not_too_often)
{
	struct answers *a =
	    make(TABLE("{ question = \"hours\"; answer = \"9\"; "
		       "rooms = [ \"#a\", \"#b\" ]; }, "
		       "{ question = \"fee\"; answer = \"1\"; }"));

	cr_expect(slice_is(overhear(a, "#A", "!Hours ", 0), SLICE("9")));
	cr_expect_eq(overhear(a, "#a", "!hours", 9999).len, 0);
	cr_expect_eq(overhear(a, "#b", "!hours", 9999).len, 1);
	cr_expect_eq(overhear(a, "#a", "!hours", 10000).len, 1);
	cr_expect_eq(overhear(a, "#c", "!hours", 50000).len, 0);
	cr_expect_eq(overhear(a, "#a", "hours", 50000).len, 0);
	cr_expect_eq(overhear(a, "#a", "!", 50000).len, 0);
	cr_expect_eq(overhear(a, "#a", "!fee", 50000).len, 0);
	answers_free(a);
}

Test(answers, in_all_rooms_together_not_too_often)
{
	struct buf text = { 0 };
	struct answers *a;
	char said[16];
	unsigned i, answered = 0;

	buf_add_string(&text, "answers: { table = (");
	for (i = 0; i < 50; i++)
		buf_printf(&text,
		    "%s{ question = \"q%u\"; answer = \"x\"; "
		    "rooms = [ \"#a\" ]; }",
		    i != 0 ? "," : "", i);
	buf_add_string(&text, "); };");
	a = make(buf_string(&text));
	for (i = 0; i < 50; i++) {
		snprintf(said, sizeof(said), "!q%u", i);
		answered += overhear(a, "#a", said, 0).len != 0;
	}
	cr_expect_eq(answered, ANSWERS_BURST);
	answers_free(a);
	buf_done(&text);
}

/* ---- with the hub ---- */

static void
begin_hub(void)
{
	struct buf errors = { 0 };
	struct settings *s;

	begin();
	world_start();
	s = read_settings("limits: { rate = 0; };\n" TABLE(
			      "{ question = \"hours\"; answer = \"9 to 5\"; "
			      "rooms = [ \"#tea\" ]; }"),
	    &errors);
	cr_assert_not_null(s, "%s", buf_string(&errors));
	hub_settings(world.hub, s);
	settings_free(world.settings);
	world.settings = s;
	buf_done(&errors);
}

static void
end_hub(void)
{
	world_stop();
	end();
}

TestSuite(answers_hub, .init = begin_hub, .fini = end_hub);

Test(answers_hub, answers_who_asks)
{
	const struct msg_ask hours = { MSG_ASK, 7, SLICE(" HOURS") };
	const struct msg_ask fee = { MSG_ASK, 8, SLICE("fee") };
	struct fake a = { 0 };

	fake_hello(&a, 1, "ann");
	fake_expect(&a, "welcome ann last=0\n", "");
	cr_expect_eq(hub_ask(world.hub, &a.client, &hours), FINE);
	fake_expect(&a, "answered 7 9 to 5\n", "");
	cr_expect_eq(
	    hub_ask(world.hub, &a.client, &fee), REFUSE_ANSWER_UNKNOWN);
	fake_forget(&a);
}

Test(answers_hub, answers_in_the_room_and_only_people)
{
	struct fake a = { 0 };

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#tea");
	fake_say(&a, 1, "#tea", "!hours");
	fake_ignore(&a);
	world_turn();
	fake_say(&a, 2, "#tea", "!hours"); /* too soon */
	fake_expect(&a, "stored n=2 seq=4\n", "4 said ann: !hours\n");
	world_later(ANSWERS_PAUSE_MS);
	fake_say(&a, 3, "#tea", "!Hours");
	fake_expect(&a, "stored n=3 seq=5\n",
	    "5 said ann: !Hours\n6 notice *answers: 9 to 5\n");
	fake_forget(&a);
}

static void
posted(void *arg, uint64_t seq)
{
	*(uint64_t *)arg = seq;
}

Test(answers_hub, nobody_who_is_a_user_posts)
{
	struct fake a = { 0 };
	uint64_t seq = 99;

	fake_hello(&a, 1, "ann");
	fake_join(&a, "#r");
	fake_ignore(&a);
	cr_expect_eq(hub_post(world.hub, SLICE("#R"), SLICE("10.0.0.1 (x)"),
			 SLICE("!hours"), posted, &seq),
	    FINE);
	fake_expect(&a, "", "2 notice 10.0.0.1 (x): !hours\n");
	cr_expect_eq(seq, 2);
	cr_expect_eq(hub_post(world.hub, SLICE("#none"), SLICE("*x"),
			 SLICE("hi"), NULL, NULL),
	    REFUSE_ROOM_UNKNOWN);
	cr_expect_eq(hub_post(world.hub, SLICE("ann"), SLICE("*x"), SLICE("hi"),
			 NULL, NULL),
	    REFUSE_ROOM_BAD);
	fake_forget(&a);
}
