#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../chat/options.h"
#include "names.h"
#include "xmalloc.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

enum { WORDS = 32 };

static enum options_result
read_line(struct options *o, const char *line)
{
	static char copy[256];
	static char name[] = "chat";
	char *argv[WORDS] = { name }, *word = copy;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	*o = (struct options){ 0 };
	while (*(word += strspn(word, " ")) != '\0') {
		argv[argc++] = word;
		word += strcspn(word, " ");
		if (*word != '\0')
			*word++ = '\0';
	}
	argv[argc] = NULL;
	return options_read(o, argc, argv);
}

Test(options, where_files_go)
{
	struct options o;

	cr_expect_eq(read_line(&o, "-D down"), OPTIONS_RUN);
	cr_expect_str_eq(o.downloads, "down");
	options_free(&o);
	cr_expect_eq(read_line(&o, "--downloads /a"), OPTIONS_RUN);
	cr_expect_str_eq(o.downloads, "/a");
	options_free(&o);
	cr_expect_eq(read_line(&o, "--downloads="), OPTIONS_WRONG);
	options_free(&o);
	cr_expect_eq(read_line(&o, ""), OPTIONS_RUN);
	cr_expect_null(o.downloads);
	options_free(&o);
}

Test(options, without_any)
{
	struct options o;

	setenv("USER", "carla", 1);
	cr_expect_eq(read_line(&o, ""), OPTIONS_RUN);
	cr_expect_null(o.address);
	cr_expect_str_eq(o.nick, "carla");
	cr_expect_not(o.is_nick_own);
	cr_expect_eq(o.n_rooms, 1);
	cr_expect_str_eq(o.rooms[0], "#lobby");
	cr_expect_eq(o.family, AF_UNSPEC);
	cr_expect_eq(o.timeout_ms, 30000);
	cr_expect_not(o.is_batch);
	cr_expect_not(o.is_unread);
	cr_expect_null(o.tail);
	options_free(&o);
}

Test(options, with_all)
{
	struct options o;

	cr_expect_eq(read_line(&o,
			 "-6 -s host:99 -n ana -r a -r #b --json "
			 "--timeout 7"),
	    OPTIONS_RUN);
	cr_expect_str_eq(o.address, "host:99");
	cr_expect_str_eq(o.nick, "ana");
	cr_expect(o.is_nick_own);
	cr_expect_eq(o.n_rooms, 2);
	cr_expect_str_eq(o.rooms[0], "#a");
	cr_expect_str_eq(o.rooms[1], "#b");
	cr_expect_eq(o.family, AF_INET6);
	cr_expect(o.is_batch);
	cr_expect(o.is_json);
	cr_expect_eq(o.timeout_ms, 7000);
	options_free(&o);
	cr_expect_eq(read_line(&o, "-4 -m hello -t bob -n x"), OPTIONS_RUN);
	cr_expect_str_eq(o.message, "hello");
	cr_expect_str_eq(o.to, "bob");
	cr_expect_eq(o.n_rooms, 0);
	cr_expect_eq(o.timeout_ms, 10000);
	cr_expect_eq(o.family, AF_INET);
	options_free(&o);
}

Test(options, of_a_tail)
{
	struct options o;

	setenv("TZ", "UTC", 1);
	cr_expect_eq(read_line(&o, "--tail #ops"), OPTIONS_RUN);
	cr_expect_str_eq(o.tail, "#ops");
	cr_expect_eq(o.lines, OPTIONS_LINES);
	cr_expect_not(o.has_since);
	cr_expect_not(o.is_following);
	cr_expect_not(o.is_json);
	cr_expect_not(o.is_batch);
	cr_expect_eq(o.n_rooms, 0);
	cr_expect_eq(o.timeout_ms, 30000);
	options_free(&o);
	cr_expect_eq(read_line(&o, "--lines 0 --follow --json --tail bob h"),
	    OPTIONS_RUN);
	cr_expect_str_eq(o.tail, "bob");
	cr_expect_eq(o.lines, 0);
	cr_expect(o.is_following);
	cr_expect(o.is_json);
	cr_expect_not(o.is_batch);
	options_free(&o);
	cr_expect_eq(
	    read_line(&o, "--tail=#a --since=2026-11-20T01:00"), OPTIONS_RUN);
	cr_expect(o.has_since);
	cr_expect_eq(o.since, 1795136400000);
	options_free(&o);
	cr_expect_eq(
	    read_line(&o, "--tail #a --since 1970-01-01"), OPTIONS_RUN);
	cr_expect(o.has_since);
	cr_expect_eq(o.since, 0);
	options_free(&o);
}

Test(options, of_counting)
{
	struct options o;

	cr_expect_eq(read_line(&o, "--unread --json"), OPTIONS_RUN);
	cr_expect(o.is_unread);
	cr_expect(o.is_json);
	cr_expect_not(o.is_batch);
	cr_expect_eq(o.n_rooms, 0);
	cr_expect_eq(o.timeout_ms, 10000);
	options_free(&o);
}

static const struct {
	const char *line, *address, *nick, *room;
} places[] = {
	{ "ana@host", "host", "ana", "#lobby" },
	{ "ana@host:99", "host:99", "ana", "#lobby" },
	{ "ana@[::1]:99", "[::1]:99", "ana", "#lobby" },
	{ "host", "host", NULL, "#lobby" },
	{ "ana@unix:/run/x", "unix:/run/x", "ana", "#lobby" },
	{ "chat://host", "host", NULL, "#lobby" },
	{ "chat://host/", "host", NULL, "#lobby" },
	{ "chat://host:99/tea", "host:99", NULL, "#tea" },
	{ "chat://ana@host/#tea", "host", "ana", "#tea" },
	{ "-n ana chat://[::1]/tea", "[::1]", "ana", "#tea" },
};

Test(options, places)
{
	struct options o;

	for (size_t i = 0; i < N(places); i++) {
		cr_expect_eq(read_line(&o, places[i].line), OPTIONS_RUN,
		    "%s: %s", places[i].line, o.wrong);
		cr_expect_str_eq(o.address, places[i].address);
		if (places[i].nick != NULL)
			cr_expect_str_eq(o.nick, places[i].nick);
		cr_expect_str_eq(o.rooms[0], places[i].room);
		options_free(&o);
	}
}

static const struct {
	const char *line, *words;
} wrong[] = {
	{ "-x", "-x: there is no such option" },
	{ "-4x", "-x: there is no such option" },
	{ "--nonsense", "--nonsense: there is no such option" },
	{ "--batch=3", "--batch=3: it takes no argument" },
	{ "-s", "-s: its argument is missing" },
	{ "--timeout", "--timeout: its argument is missing" },
	{ "-s [::1", "[::1: a ] is missing" },
	{ "-s a -s b", "only one server" },
	{ "-s a b", "only one server" },
	{ "a b", "only one server" },
	{ "-n 2x", "2x: a nick is" },
	{ "-n server", "reserved" },
	{ "-r a/b", "a/b: a room is" },
	{ "chat://host/a/b", "a/b: a room is" },
	{ "@host", "@host: the nick is missing" },
	{ "ana@", "ana@: the host is missing" },
	{ "chat://ana@", "ana@: the host is missing" },
	{ "-4 -6", "exclude each other" },
	{ "-m hi", "-t belongs to" },
	{ "-t bob", "-t belongs to" },
	{ "--send f", "-t belongs to" },
	{ "--get 1 -t bob", "-t belongs to" },
	{ "--get 0", "a file has a number" },
	{ "--get 1x", "a file has a number" },
	{ "--get -1", "a file has a number" },
	{ "--get 99999999999999999999", "a file has a number" },
	{ "--get 1 --send f -t bob", "exclude each other" },
	{ "--send f -t bob --batch", "exclude each other" },
	{ "--name x -m hi -t bob", "belongs to --send" },
	{ "-o x -m hi -t bob", "belongs to --get" },
	{ "--send f -m - -t bob", "does not go with" },
	{ "--send f -t bob --json", "does not go with --json" },
	{ "--get 1 --json", "does not go with --json" },
	{ "--get 1 -r a", "no room is entered" },
	{ "-m hi -t b/b", "b/b: a nick is" },
	{ "-m hi -t #", "#: a room is" },
	{ "-m hi -t bob --batch", "exclude each other" },
	{ "-m hi -t bob --json", "does not go with" },
	{ "--tail", "--tail: its argument is missing" },
	{ "--tail b/b", "b/b: a nick is" },
	{ "--tail #", "#: a room is" },
	{ "--tail #a --batch", "exclude each other" },
	{ "--tail #a --unread", "exclude each other" },
	{ "--tail #a -m hi -t bob", "exclude each other" },
	{ "--tail #a -r b", "#b: no room is entered" },
	{ "--unread -r b", "#b: no room is entered" },
	{ "--unread chat://host/b", "#b: no room is entered" },
	{ "--since 3h", "belong to --tail" },
	{ "--follow", "belong to --tail" },
	{ "--lines 3 --batch", "belong to --tail" },
	{ "--tail #a --since soon", "--since soon: a time is" },
	{ "--tail #a --since 3h --lines 3", "exclude each other" },
	{ "--tail #a --lines -1", "0 to 1000000000" },
	{ "--tail #a --lines 1000000001", "0 to 1000000000" },
	{ "--tail #a --lines 3x", "0 to 1000000000" },
	{ "--timeout 0", "1 to 86400" },
	{ "--timeout 86401", "1 to 86400" },
	{ "--timeout 3s", "1 to 86400" },
	{ "--timeout -3", "1 to 86400" },
};

Test(options, wrong_ones_are_told_in_words)
{
	struct options o;

	for (size_t i = 0; i < N(wrong); i++) {
		cr_expect_eq(read_line(&o, wrong[i].line), OPTIONS_WRONG, "%s",
		    wrong[i].line);
		cr_expect_not_null(strstr(o.wrong, wrong[i].words), "%s: %s",
		    wrong[i].line, o.wrong);
		options_free(&o);
	}
}

Test(options, help_is_short)
{
	struct options o;
	struct buf help = { 0 };
	const char *line, *end;
	unsigned n = 0;

	cr_expect_eq(read_line(&o, "-h -x"), OPTIONS_HELP);
	options_free(&o);
	cr_expect_eq(read_line(&o, "-V"), OPTIONS_VERSION);
	options_free(&o);
	options_help(&help);
	for (line = buf_string(&help); *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		cr_assert_not_null(end);
		cr_expect_leq(end - line, 79, "%.*s", (int)(end - line), line);
		n++;
	}
	cr_expect_leq(n, 30);
	buf_done(&help);
}

static const struct {
	const char *user, *nick;
} users[] = {
	{ "carla", "carla" },
	{ "john.doe", "john.doe" },
	{ "2nd man", "ndman" },
	{ "root", "guest4321" },
	{ "", "guest4321" },
	{ NULL, "guest4321" },
	{ "\xff\xfe", "guest4321" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
};

Test(options, a_nick_is_made_of_the_user)
{
	char nick[NAMES_NICK_MAX + 1];

	for (size_t i = 0; i < N(users); i++) {
		options_nick(users[i].user, 987654321, nick);
		cr_expect_str_eq(nick, users[i].nick);
	}
}

Test(options, a_guest_is_the_same_each_time)
{
	static const struct id ours = { .byte = { 1, 2, 3 } };
	static const struct id other = { .byte = { 1, 2, 4 } };
	const struct id *devices[] = { &ours, &ours, &other };
	char *nicks[N(devices)];
	struct options o;

	setenv("USER", "root", 1);
	for (size_t i = 0; i < N(devices); i++) {
		cr_assert_eq(read_line(&o, "-r dev"), OPTIONS_RUN);
		options_device(&o, devices[i]);
		nicks[i] = xstrdup(o.nick);
		options_free(&o);
	}
	cr_expect_str_eq(nicks[0], nicks[1]);
	cr_expect_str_neq(nicks[0], nicks[2]);
	cr_expect_eq(strncmp(nicks[0], "guest", 5), 0);
	for (size_t i = 0; i < N(devices); i++)
		free(nicks[i]);
}

Test(options, a_nick_that_was_given_is_no_devices)
{
	static const struct id device = { .byte = { 1 } };
	struct options o;

	cr_assert_eq(read_line(&o, "-n ana"), OPTIONS_RUN);
	options_device(&o, &device);
	cr_expect_str_eq(o.nick, "ana");
	options_free(&o);
}
