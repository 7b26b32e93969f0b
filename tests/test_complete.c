#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "../chat/command.h"
#include "../chat/complete.h"

static void
use_utf8(void)
{
	cr_assert_neq(setlocale(LC_CTYPE, "C.UTF-8"), NULL);
}

TestSuite(complete, .init = use_utf8);

/* #lobby with you and some others; bob spoke last, then ana. */
static struct model *
make_model(void)
{
	static const struct {
		const char *nick;
		uint64_t spoke;
	} people[] = { { "you", 9 }, { "ana", 5 }, { "anna", 0 }, { "bob", 7 },
		{ "Bert", 0 }, { "\xc3\x89mile", 1 } };
	struct model *m = model_new();
	struct room *room = model_room_open(m, SLICE("#lobby"));

	memcpy(m->nick, "you", 4);
	for (size_t i = 0; i < sizeof(people) / sizeof(*people); i++) {
		struct slice nick = slice_of(people[i].nick);
		room_member_put(room, nick, PRESENCE_HERE);
		room_member(room, nick)->spoke = people[i].spoke;
	}
	model_room_open(m, SLICE("#dev"));
	model_room_open(m, SLICE("zoe"));
	return m;
}

/* The text after so many Tabs; what is behind the | comes behind the cursor. */
static void
check(const char *typed, int tabs, const char *expected)
{
	struct model *m = make_model();
	struct complete c;
	struct buf text = { 0 }, after = { 0 };
	size_t cursor = strcspn(typed, "|");
	int by = tabs < 0 ? -1 : 1;

	buf_add(&text, typed, cursor);
	buf_add_string(&text, typed + cursor + 1);
	bool found = complete_start(
	    &c, m, model_room(m, SLICE("#lobby")), buf_slice(&text), cursor);
	size_t from = cursor, to = cursor;
	struct slice word = { NULL, 0 };
	for (int i = 0; found && i != tabs; i += by) {
		size_t end = i == 0 ? c.to : to;
		from = c.from;
		word = complete_next(&c, by);
		cr_expect_leq(from, end);
		to = c.to;
	}
	buf_add(&after, buf_at(&text), from);
	buf_add_slice(&after, word);
	buf_add(&after, buf_at(&text) + cursor, text.len - cursor);
	cr_expect_str_eq(buf_string(&after), expected, "%s, %d: %s", typed,
	    tabs, buf_string(&after));
	complete_stop(&c);
	buf_done(&text);
	buf_done(&after);
	model_free(m);
}

Test(complete, nicks)
{
	check("b|", 1, "bob: ");
	check("be|", 1, "Bert: ");
	check("B|", 2, "Bert: ");
	check("|", 1, "bob: ");
	check("|", 2, "ana: ");
	check("hi b|", 1, "hi bob ");
	check("hi\nb|", 1, "hi\nbob ");
	check("hi @an|", 1, "hi @ana ");
	check("hi an| there", 1, "hi ana there");
	check("an|", 2, "anna: ");
	check("z|", 1, "zoe: ");
	check("\xc3\xa9m|", 1, "\xc3\x89mile: ");
	check("y|", 1, "y");
	check("q|", 1, "q");
}

Test(complete, what_a_search_takes)
{
	check("/search x fr|", 1, "/search x from:");
	check("/search |", 1, "/search after:");
	check("/search from:b|", 1, "/search from:bob ");
	check("/search x from:be|", 1, "/search x from:Bert ");
	check("/search in:#d| x", 1, "/search in:#dev x");
	check("/search in:z|", 1, "/search in:zoe ");
	check("/search in:#|", 2, "/search in:#lobby ");
	check("/search after:2|", 1, "/search after:2");
	check("/search b|", 1, "/search before:");
	check("/msg bob from:b|", 1, "/msg bob from:b");
}

/* Windows that are no rooms have no name one could type. */
Test(complete, what_is_no_room)
{
	struct model *m = make_model();
	const struct search search = { .words = "x" };
	struct complete c;

	model_open_found(m, &search);
	model_open_past(m, SLICE("#dev at 14 March"), SLICE("#dev"), 1);
	cr_assert(complete_start(
	    &c, m, model_room(m, SLICE("#lobby")), SLICE("/join "), 6));
	cr_expect_eq(c.n, 3);
	complete_stop(&c);
	model_free(m);
}

Test(complete, goes_round_with_what_was_typed)
{
	check("b|", 3, "b");
	check("b|", 4, "bob: ");
	check("b|", -1, "Bert: ");
	check("b|", -2, "bob: ");
	check("b|", -3, "b");
}

Test(complete, rooms)
{
	check("#l|", 1, "#lobby ");
	check("see #D|", 1, "see #dev ");
	check("/join #l|", 1, "/join #lobby ");
	check("#x|", 1, "#x");
}

Test(complete, commands_and_what_they_take)
{
	check("/jo|", 1, "/join ");
	check("/topi|", 1, "/topic ");
	check("/msg b|", 1, "/msg bob ");
	check("/msg #d|", 1, "/msg #dev ");
	check("/query an|", 2, "/query anna ");
	check("/msg bob an|", 1, "/msg bob ana ");
	check("/help jo|", 1, "/help join ");
	check("/clear b|", 1, "/clear b");
	check("/nosuch b|", 1, "/nosuch b");
	check("//b|", 1, "//b");
	check("|/join", 1, "bob: /join");
	check("/|join", 1, "/ask join");
}

Test(complete, every_command_can_be_completed)
{
	size_t n;
	const struct command *rows = command_rows(&n);
	char typed[64], expected[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(typed, sizeof(typed), "/%s|", rows[i].name);
		snprintf(expected, sizeof(expected), "/%s ", rows[i].name);
		check(typed, 1, expected);
	}
}

Test(complete, the_list)
{
	struct model *m = make_model();
	struct complete c;
	struct buf list = { 0 };

	cr_assert(complete_start(
	    &c, m, model_room(m, SLICE("#lobby")), SLICE("b"), 1));
	complete_next(&c, 1);
	complete_list(&c, &list, 40);
	cr_expect_str_eq(buf_string(&list), "[bob] Bert");
	complete_next(&c, 1);
	buf_clear(&list);
	complete_list(&c, &list, 40);
	cr_expect_str_eq(buf_string(&list), "bob [Bert]");
	buf_clear(&list);
	complete_list(&c, &list, 6);
	cr_expect_str_eq(buf_string(&list), "[Bert]");
	complete_stop(&c);
	buf_done(&list);
	model_free(m);
}
