#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../chat/command.h"
#include "../chat/complete.h"
#include "../chat/link.h"
#include "daemon.h"
#include "host.h"
#include "rig.h"
#include "xmalloc.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static struct host host;
static struct model *m;
static struct command_face f;
static struct room *lobby;
static char folder[64];

static bool
is_attached(struct model *model)
{
	return model_room(model, SLICE("#lobby"))->is_attached;
}

static void
make_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	cr_assert_not_null(file, "%s", name);
	fputs(text, file);
	fclose(file);
}

/* In #lobby, nick ana, in a folder with some files. */
static void
begin(void)
{
	struct link_options options = { .nick = "ana",
		.timeout_ms = 5000,
		.keeps_trying = true,
		.directory = -1,
		.moves_files = true,
		.downloads = folder,
		.device = { { 1, 2, 3 } } };

	cr_assert_neq(setlocale(LC_CTYPE, "C.UTF-8"), NULL);
	snprintf(folder, sizeof(folder), "/tmp/files-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	setenv("HOME", folder, 1);
	cr_assert_eq(mkdir("sub dir", 0700), 0);
	make_file("report.pdf", "report");
	make_file("a b.txt", "blank");
	make_file("it's", "quote");
	make_file(".hidden", "hidden");
	make_file("sub dir/in.txt", "in");
	make_file("\033[31m", "hostile");
	m = model_new();
	lobby = model_room_open(m, SLICE("#lobby"));
	lobby->is_wanted = true;
	host_init(&host);
	f = (struct command_face){ .model = m, .room = lobby };
	options.address = host.address;
	f.link = link_new(m, &options);
	link_start(f.link);
	host_enter(&host, "ana");
	HOST(&host, "C join room=#lobby ref=$j", "C ping token=$t",
	    "S pong token=$t", "S attached ref=$j room=7 name=#lobby first=1",
	    "C names ref=$n", "S done ref=$n");
	host_await(m, is_attached);
}

static void
end(void)
{
	host_done(&host);
	link_stop(f.link, NULL);
	model_free(m);
	cr_assert_eq(chdir("/"), 0);
	daemon_remove(folder);
}

TestSuite(command_files, .init = begin, .fini = end, .timeout = 30);

static void
run(const char *line)
{
	cr_assert_eq(command_run(&f, line, false), COMMAND_DONE, "%s: %s", line,
	    rig_line(lobby, 0));
}

/* ---- sending ---- */

Test(command_files, what_is_sent)
{
	static const struct {
		const char *line, *offer;
	} sent[] = {
		{ "/send report.pdf",
		    "C offer to=#lobby size=6 name=report.pdf caption=\"\"" },
		{ "/send report.pdf -- the  plan ",
		    "C offer name=report.pdf caption=\"the  plan\"" },
		{ "/send a\\ b.txt", "C offer size=5 name=\"a b.txt\"" },
		{ "/send 'a b.txt'", "C offer size=5 name=\"a b.txt\"" },
		{ "/send \"sub dir/in.txt\"", "C offer name=in.txt" },
		{ "/send ~/report.pdf --", "C offer name=report.pdf" },
		{ "/send ./.hidden", "C offer name~hidden" },
	};

	for (size_t i = 0; i < N(sent); i++) {
		run(sent[i].line);
		HOST(&host, sent[i].offer);
		run("/cancel");
	}
}

Test(command_files, a_path_as_a_terminal_drops_it)
{
	char line[160];

	snprintf(line, sizeof(line), "/send file://%s/a%%20b.txt", folder);
	run(line);
	HOST(&host, "C offer name=\"a b.txt\"");
}

Test(command_files, several_at_once)
{
	run("/send report.pdf 'a b.txt' it\\'s -- three");
	HOST(&host, "C offer name=report.pdf caption=three",
	    "C offer name=\"a b.txt\" caption=\"\"", "C offer name=it's",
	    "C -");
}

static const struct {
	const char *line, *words;
} wrong[] = {
	{ "/send", "usage: /send PATH..." },
	{ "/send --", "no file is named" },
	{ "/send nosuchfile",
	    "nosuchfile: No such file or directory; please enter a valid "
	    "name" },
	{ "/send report.pdf nosuchfile", "nosuchfile: No such" },
	{ "/send *.pdf",
	    "*.pdf: No such file or directory, and patterns are not" },
	{ "/send sub\\ dir", "sub dir: Is a directory; please" },
	{ "/send /dev/null", "/dev/null: not a regular file; please" },
	{ "/send report.pdf/x", "report.pdf/x: Not a directory; please" },
	{ "/send 'report.pdf", "a quote is open" },
	{ "/send \033[32m", "^[[32m: No such" },
	{ "/get x", "x: a file has a number" },
	{ "/get -1", "-1: a file has a number" },
	{ "/get 0", "0: a file has a number" },
	{ "/get", "nobody has sent a file here" },
	{ "/get 1 a b", "one path is enough" },
	{ "/get 1 'a", "a quote is open" },
	{ "/get 1 report.pdf", "report.pdf: File exists" },
	{ "/get 1 no/such", "no/such: No such file" },
	{ "/pause", "no file is on its way" },
	{ "/resume 7", "7: no file on its way has this number" },
	{ "/cancel x", "x: no file on its way" },
	{ "/pause 1 2", "usage: /pause [N]" },
	{ "/withdraw", "usage: /withdraw" },
	{ "/withdraw it", "it: a file has a number" },
	{ "/autoget ana", "usage: /autoget WHO SIZE" },
	{ "/autoget ana much", "usage: /autoget WHO SIZE" },
	{ "/autoget 2good 1M", "2good: a nick, a #room, or *" },
};

Test(command_files, what_is_wrong_is_told_and_kept)
{
	for (size_t i = 0; i < N(wrong); i++) {
		cr_expect_eq(command_run(&f, wrong[i].line, false),
		    COMMAND_KEEP, "%s", wrong[i].line);
		cr_expect_eq(strncmp(rig_line(lobby, 0) + 1, wrong[i].words,
				 strlen(wrong[i].words)),
		    0, "%s: %s", wrong[i].line, rig_line(lobby, 0));
	}
	cr_expect_null(m->transfers);
	HOST(&host, "C -");
	f.room = m->rooms[0];
	cr_expect_eq(command_run(&f, "/send report.pdf", false), COMMAND_KEEP);
}

/* ---- fetching ---- */

static bool
has_entries(struct model *model)
{
	return model_room(model, SLICE("#lobby"))->seq == 4;
}

static void
hear_files(void)
{
	HOST(&host, "S entry room=7 seq=1 kind=file who=bob text=\"8 5 - old\"",
	    "S entry room=7 seq=2 kind=file who=bob text=\"12 5 - new\"",
	    "S entry room=7 seq=3 kind=file who=bob text=\"13 5 - gone\"",
	    "S entry room=7 seq=4 kind=withdrawn who=bob text=\"13 gone\"");
	host_await(m, has_entries);
}

Test(command_files, what_is_fetched)
{
	hear_files();
	run("/get");
	HOST(&host, "C fetch file=12 offset=0");
	run("/get 8");
	HOST(&host, "C fetch file=8");
	run("/get 99 'sub dir'");
	HOST(&host, "C fetch file=99");
}

Test(command_files, those_on_their_way)
{
	run("/send report.pdf 'a b.txt'");
	HOST(&host, "C offer", "C offer");
	cr_expect_eq(command_run(&f, "/cancel", false), COMMAND_KEEP);
	cr_expect_str_eq(rig_line(lobby, 0),
	    "|2 files are on their way: which one? /transfers lists them");
	run("/transfers");
	cr_expect_not_null(strstr(rig_line(lobby, 0), "|2-> #lobby: a b.txt"),
	    "%s", rig_line(lobby, 0));
	run("/pause 2");
	cr_expect(m->transfers->next->is_paused);
	cr_expect_not(m->transfers->is_paused);
	run("/pause");
	cr_expect(m->transfers->is_paused);
	run("/resume");
	cr_expect_not(m->transfers->next->is_paused);
	run("/cancel 2");
	cr_expect_eq(m->transfers->next->state, TRANSFER_CANCELLED);
	cr_expect_eq(command_run(&f, "/pause 2", false), COMMAND_KEEP);
}

Test(command_files, requests)
{
	run("/withdraw 12 too old");
	HOST(&host, "C withdraw file=12 why=\"too old\" ref=$r",
	    "S done ref=$r");
	run("/files");
	HOST(&host, "C files room=#lobby after=0 ref=$r",
	    "S filed ref=$r file=12 room=#lobby who=bob size=14231552 "
	    "name=report.pdf",
	    "S done ref=$r next=12", "C files room=#lobby after=12 ref=$r",
	    "S filed ref=$r file=13 room=#lobby who=bob size=1 name=x",
	    "S done ref=$r");
	run("/files #dev");
	HOST(&host, "C files room=#dev");
	run("/files report");
	HOST(&host, "C files room=\"\"");
}

static bool
has_rules(struct model *model)
{
	return model->transfers != NULL;
}

Test(command_files, what_is_fetched_by_itself)
{
	run("/autoget bob 10");
	cr_expect_str_eq(rig_line(lobby, 0), "|from bob: files up to 10 B");
	HOST(&host, "S entry room=7 seq=1 kind=file who=carla text=\"1 5 - a\"",
	    "S entry room=7 seq=2 kind=file who=bob text=\"2 11 - b\"",
	    "S entry room=7 seq=3 kind=file who=bob text=\"3 - - c\"",
	    "S entry room=7 seq=4 kind=file who=bob text=\"4 10 - d\"",
	    "S entry room=7 seq=5 kind=arrived who=bob text=\"4 10 00 d\"",
	    "C fetch file=4", "C -");
	host_await(m, has_rules);
	run("/autoget -");
	cr_expect_str_eq(rig_line(lobby, 0), "|no file is fetched by itself");
}

/* ---- completion ---- */

/* The text after so many Tabs; what is behind the | comes behind the cursor. */
static void
check(const char *typed, int tabs, const char *expected)
{
	struct complete c;
	struct buf text = { 0 }, after = { 0 };
	size_t cursor = strcspn(typed, "|");
	struct slice word = { NULL, 0 };

	buf_add(&text, typed, cursor);
	buf_add_string(&text, typed + cursor + 1);
	bool found = complete_path(&c, buf_slice(&text), cursor) ||
	    complete_start(&c, m, lobby, buf_slice(&text), cursor);
	if (!found) {
		buf_add(&after, typed, cursor);
	} else {
		size_t from = c.from;
		for (int i = 0; i < tabs; i++)
			word = complete_next(&c, 1);
		buf_add(&after, typed, from);
		buf_add_slice(&after, word);
	}
	buf_add_string(&after, typed + cursor + 1);
	cr_expect_str_eq(buf_string(&after), expected, "%s, %d: %s", typed,
	    tabs, buf_string(&after));
	complete_stop(&c);
	buf_done(&text);
	buf_done(&after);
}

Test(command_files, tab_completes_paths)
{
	check("/send re|", 1, "/send report.pdf ");
	check("/send |", 1, "/send a\\ b.txt ");
	check("/send |", 2, "/send it\\'s ");
	check("/send |", 4, "/send sub\\ dir/");
	check("/send |", 5, "/send ");
	check("/send .|", 1, "/send .hidden ");
	check("/send 'a|", 1, "/send 'a b.txt' ");
	check("/send \"a|", 1, "/send \"a b.txt\" ");
	check("/send s|", 1, "/send sub\\ dir/");
	check("/send sub\\ dir/|", 1, "/send sub\\ dir/in.txt ");
	check("/send 'sub dir/i|", 1, "/send 'sub dir/in.txt' ");
	check("/send report.pdf a|", 1, "/send report.pdf a\\ b.txt ");
	check("/send ~/re|", 1, "/send ~/report.pdf ");
	check("/send re| -- x", 1, "/send report.pdf -- x");
	check("/send nosuch|", 1, "/send nosuch");
	check("/send x -- re|", 1, "/send x -- re");
	check("/get 1 re|", 1, "/get 1 report.pdf ");
	check("/se re|", 1, "/se re");
	check("/say re|", 1, "/say re");
	check("re|", 1, "re");
}

Test(command_files, tab_completes_numbers)
{
	hear_files();
	run("/send report.pdf 'a b.txt'");
	check("/get |", 1, "/get 13 ");
	check("/get |", 2, "/get 12 ");
	check("/get 8|", 1, "/get 8 ");
	check("/withdraw 1|", 2, "/withdraw 12 ");
	check("/pause |", 1, "/pause 2 ");
	check("/cancel 1|", 1, "/cancel 1 ");
	check("/resume 3|", 1, "/resume 3");
}
