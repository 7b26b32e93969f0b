/*
 * The eighteen systems of the owner's documents, and the tests that prove each
 * of them: a row without its tests, or a test that is not there any more, is a
 * failure.  So nobody loses one.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

enum { SYSTEMS = 18, PROOFS = 4 /* and NULL */ };

static const struct {
	const char *system;
	const char *proofs[PROOFS]; /* suite, name */
} systems[SYSTEMS] = {
	{ "a greeting for whoever connects, and listening on",
	    { "line, greets_a_hundred_one_after_the_other",
		"session, programs_are_greeted_before_the_motd" } },
	{ "two-way talk with telnet and nc",
	    { "line, lets_telnet_and_nc_talk" } },
	{ "Windows telnet, each key at once",
	    { "line, understands_windows_telnet" } },
	{ "closing one, listening on; closing the door, going on",
	    { "control, puts_one_out_and_goes_on_listening",
		"control, closes_the_doors_and_goes_on_with_the_clients" } },
	{ "messages put together from pieces of any size",
	    { "line, puts_pieces_together", "talks, in_pieces" } },
	{ "addresses in every form, or why not",
	    { "listeners, understands_every_form_or_says_why_not",
		"listeners, knows_services_by_name" } },
	{ "question and answer",
	    { "doors, answers_the_owners_questions",
		"doors, answers_people_on_lines" } },
	{ "datagrams become notices",
	    { "doors, hears_notices_and_replies_only_when_told" } },
	{ "datagrams are answered, if told",
	    { "doors, hears_notices_and_replies_only_when_told" } },
	{ "deadlines for what a peer can delay",
	    { "doors, an_address_that_says_nothing_is_passed_by" } },
	{ "both ends of a connection are shown",
	    { "control, shows_both_ends_of_every_connection" } },
	{ "every address of a name is tried",
	    { "doors, a_dead_address_first_costs_less_than_a_second" } },
	{ "socket options, and one direction closed",
	    { "line, serves_nc_that_sends_no_more_to_the_end",
		"chatd, restarts_where_it_was" } },
	{ "sockets made elsewhere",
	    { "doors, serves_sockets_made_elsewhere" } },
	{ "UNIX sockets, known by the kernel",
	    { "accounts, chat_is_known_by_its_users_name",
		"accounts, who_wants_no_certain_nick_gets_the_name" } },
	{ "files sent, kept, fetched; a wrong name asked for again",
	    { "files_face, a_hundred_at_once",
		"files_face, a_wrong_name_can_be_corrected",
		"hub_files, every_size_goes_there_and_back" } },
	{ "a limit of connections, and a backlog behind it",
	    { "line, says_full_in_words",
		"doors, the_backlog_is_as_long_as_told" } },
	{ "many at once, each acknowledged, each logged",
	    { "line, answers_and_logs_three",
		"line, answers_and_logs_three_hundred",
		"load, three_hundred_clients_are_all_answered_and_heard" } },
};

/* "suite, name" of the test that begins in this line; false: none does. */
static bool
name_of(const char *line, char name[160])
{
	const char *at = NULL;

	if (strncmp(line, "Test(", 5) == 0)
		at = line + 5;
	else if (strncmp(line, "ParameterizedTest(", 18) == 0)
		at = strstr(line, ", ");
	if (at != NULL && *at == ',')
		at += 2;
	return at != NULL &&
	    sscanf(at, "%79[a-z0-9_], %79[a-z0-9_]", name, name + 80) == 2;
}

/* All of them, each in a pair of newlines. */
static void
find_tests(struct buf *out)
{
	char line[512], name[160];
	glob_t files;

	cr_assert_eq(glob("tests/*_*.c", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *f = fopen(files.gl_pathv[i], "r");

		cr_assert_not_null(f);
		while (fgets(line, sizeof(line), f) != NULL)
			if (name_of(line, name))
				buf_printf(out, "\n%s, %s\n", name, name + 80);
		fclose(f);
	}
	globfree(&files);
}

Test(systems, each_has_a_test_that_proves_it)
{
	struct buf all = { 0 };
	char wanted[192];

	find_tests(&all);
	for (size_t i = 0; i < SYSTEMS; i++) {
		cr_expect_not_null(systems[i].proofs[0], "row %zu, %s: no test",
		    i + 1, systems[i].system);
		for (size_t j = 0; systems[i].proofs[j] != NULL; j++) {
			snprintf(wanted, sizeof(wanted), "\n%s\n",
			    systems[i].proofs[j]);
			cr_expect_not_null(strstr(buf_string(&all), wanted),
			    "row %zu, %s: %s is not there", i + 1,
			    systems[i].system, systems[i].proofs[j]);
		}
	}
	buf_done(&all);
}
