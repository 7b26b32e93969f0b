#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../chat/rows.h"
#include "../chat/transfer.h"
#include "rows_text.h"
#include "xmalloc.h"

/* 14:20 on 20 November 2026. */
#define START	 1795184400000ULL
#define MINUTE	 60000ULL
#define DAY	 86400000ULL
#define TODAY	 "---- Friday 20 November 2026 ----\n"
#define TOMORROW "---- Saturday 21 November 2026 ----\n"

struct fixture {
	struct model *model;
	struct room *room;
	struct windows windows;
};

static void
use_utf8(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	cr_assert_neq(setlocale(LC_CTYPE, "C.UTF-8"), NULL);
}

TestSuite(rows, .init = use_utf8);

static void
set_up(struct fixture *f)
{
	f->model = model_new();
	memcpy(f->model->nick, "you", 4);
	f->room = model_room_open(f->model, SLICE("#lobby"));
	model_look(f->model, f->room);
	windows_init(&f->windows, f->model);
}

static void
tear_down(struct fixture *f)
{
	windows_done(&f->windows);
	model_free(f->model);
}

static void
check(struct fixture *f, int columns, int rows, const char *expected)
{
	struct buf shown = { 0 };
	struct layout l;

	layout_compute(&l, NULL, rows + 3, columns, 1);
	cr_assert_eq(l.messages.rows, rows);
	rows_text(&shown, &f->windows, &l);
	cr_expect_str_eq(buf_string(&shown), expected, "%d columns:\n%s\n%s",
	    columns, buf_string(&shown), expected);
	buf_done(&shown);
}

Test(rows, a_talk)
{
	struct fixture f;

	set_up(&f);
	rows_said(f.model, f.room, START, "ana", "morning all");
	rows_said(f.model, f.room, START, "bob",
	    "the nightly build is green again\nonly the man page is left");
	rows_said(f.model, f.room, START + 1, "bob", "really");
	rows_said(f.model, f.room, START + MINUTE, "bob", "you: look");
	rows_logged(
	    f.model, f.room, START + MINUTE, ENTRY_ACTION, "carla", "waves");
	rows_logged(
	    f.model, f.room, START + MINUTE, ENTRY_NOTICE, "ci", "done");
	rows_said(f.model, f.room, START + MINUTE, "you", "on it");
	check(&f, 80, 12,
	    TODAY "14:20        ana | morning all\n"
		  "14:20        bob | the nightly build is green again\n"
		  "                 | only the man page is left\n"
		  "                 | really\n"
		  "14:21        bob @ you: look\n"
		  "14:21          * | carla waves\n"
		  "14:21       -ci- | done\n"
		  "14:21        you | on it\n");
	check(&f, 40, 12,
	    TODAY "14:20 <ana> morning all\n"
		  "<bob> the nightly build is green again\n"
		  "   only the man page is left\n"
		  "<bob> really\n"
		  "14:21 @<bob> you: look\n"
		  "* carla waves\n"
		  "-ci- done\n"
		  "<you> on it\n");
	check(&f, 20, 12,
	    TODAY "<ana> morning all\n"
		  "<bob> the nightly\n"
		  "   build is green\n"
		  "   again\n"
		  "   only the man page\n"
		  "   is left\n"
		  "<bob> really\n"
		  "@<bob> you: look\n"
		  "* carla waves\n"
		  "-ci- done\n"
		  "<you> on it\n");
	tear_down(&f);
}

Test(rows, comings_and_goings)
{
	struct fixture f;
	static const struct {
		enum entry_kind kind;
		const char *who, *text;
	} entries[] = {
		{ ENTRY_JOINED, "dave", "" },
		{ ENTRY_JOINED, "erik", "" },
		{ ENTRY_LEFT, "fred", "timed out" },
		{ ENTRY_JOINED, "gina", "" },
		{ ENTRY_LEFT, "gina", "" },
		{ ENTRY_LEFT, "hugo", "" },
		{ ENTRY_JOINED, "hugo", "" },
		{ ENTRY_RENAMED, "ana", "anna" },
		{ ENTRY_TOPIC, "bob", "Release on Friday" },
		{ ENTRY_TOPIC, "bob", "" },
		{ ENTRY_JOINED, "ivan", "" },
	};

	set_up(&f);
	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		rows_logged(f.model, f.room, START, entries[i].kind,
		    entries[i].who, entries[i].text);
	check(&f, 90, 8,
	    TODAY
	    "14:20         -- | dave and erik joined, fred left (timed out), "
	    "gina came and went, hugo\n"
	    "                 | left and came back\n"
	    "              -- | ana is now anna\n"
	    "              -- | bob set the topic: Release on Friday\n"
	    "              -- | bob took the topic away\n"
	    "              -- | ivan joined\n");
	tear_down(&f);
}

/* Where one item ends and the next begins is the same from both sides. */
Test(rows, folding_is_bounded_and_the_same_from_both_sides)
{
	struct fixture f;
	struct layout l;
	struct view v;
	struct item item = { 0 };
	uint64_t id, n = 0;

	set_up(&f);
	for (int i = 0; i < 300; i++)
		rows_logged(f.model, f.room, START, ENTRY_JOINED, "ana", "");
	layout_compute(&l, NULL, 24, 80, 1);
	windows_view(&f.windows, &l, &v);
	for (id = v.first; id < v.next; id = item.next, n++) {
		item_load(&item, &v, id);
		cr_assert_eq(item.id, id);
		uint64_t next = item.next;
		cr_assert_leq(next - id, 64);
		item_load(&item, &v, next - 1);
		cr_assert_eq(item.id, id);
		cr_assert_eq(item.next, next);
	}
	cr_expect_leq(n, 300 / 64 + 2);
	item_done(&item);
	view_close(&v);
	tear_down(&f);
}

Test(rows, days_and_what_is_unread)
{
	struct fixture f;

	set_up(&f);
	rows_said(f.model, f.room, START, "ana", "one");
	f.model->is_focused = false;
	rows_said(f.model, f.room, START + 5 * MINUTE, "ana", "two");
	rows_said(f.model, f.room, START + DAY, "ana", "three");
	check(&f, 80, 10,
	    TODAY "14:20        ana | one\n"
		  "---- 2 new since 14:20 ----\n"
		  "14:25        ana | two\n" TOMORROW
		  "14:20        ana | three\n");
	windows_focus(&f.windows, true);
	rows_said(f.model, f.room, START + DAY, "ana", "four");
	check(&f, 80, 10,
	    TODAY "14:20        ana | one\n"
		  "---- 2 new since 14:20 ----\n"
		  "14:25        ana | two\n" TOMORROW
		  "14:20        ana | three\n"
		  "                 | four\n");
	f.windows.now->mark.id = scrollback_newest(&f.room->lines);
	f.windows.now->mark.since = START;
	check(&f, 80, 5,
	    "14:25        ana | two\n" TOMORROW "14:20        ana | three\n"
	    "---- 2 new since 20 November 14:20 ----\n"
	    "14:20        ana | four\n");
	tear_down(&f);
}

static struct pending *
add_pending(struct fixture *f, const char *text)
{
	struct pending **end = &f->model->outbox, *p;

	while (*end != NULL)
		end = &(*end)->next;
	p = *end = xcalloc(1, sizeof(**end));
	p->room = f->room;
	p->kind = ENTRY_SAID;
	p->time = START;
	p->is_kept = true;
	p->text = xstrdup(text);
	return p;
}

Test(rows, what_is_on_its_way)
{
	struct fixture f;

	set_up(&f);
	rows_said(f.model, f.room, START, "you", "hello");
	add_pending(&f, "a\033[31mb");
	add_pending(&f, "no")->why = REFUSE_TOO_FAST;
	check(&f, 99, 10,
	    TODAY
	    "14:20        you | hello\n"
	    "14:20     you .. | a^[[31mb\n"
	    "14:20      you ! | no  (not sent: you are too fast; try again a "
	    "little later; Alt-R tries again)\n");
	memcpy(f.model->nick, "averylongnickname", 18);
	check(&f, 99, 5,
	    TODAY
	    "14:20        you | hello\n"
	    "14:20 averyl~ .. | a^[[31mb\n"
	    "14:20 averylo~ ! | no  (not sent: you are too fast; try again a "
	    "little later; Alt-R tries again)\n");
	tear_down(&f);
}

Test(rows, nothing_said_looks_like_a_name)
{
	struct fixture f;

	set_up(&f);
	rows_said(
	    f.model, f.room, START, "eve", "x\n14:20  ana | hi\n<ana> hi");
	rows_said(f.model, f.room, START, "averylongnickname", "cut");
	check(&f, 60, 8,
	    TODAY "14:20        eve | x\n"
		  "                 | 14:20  ana | hi\n"
		  "                 | <ana> hi\n"
		  "14:20 averylong~ | cut\n");
	check(&f, 40, 8,
	    TODAY "14:20 <eve> x\n"
		  "   14:20  ana | hi\n"
		  "   <ana> hi\n"
		  "<averylongnickname> cut\n");
	tear_down(&f);
}

Test(rows, plain_text_for_plain_terminals)
{
	static const struct {
		const char *text, *plain;
	} cases[] = {
		{ "abc", "abc" },
		{ "", "" },
		{ "caf\xc3\xa9", "caf?" },
		{ "e\xcc\x81t", "?t" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", "??" },
		{ "a\nb", "a\nb" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf plain = { 0 };
		rows_plain(&plain, slice_of(cases[i].text));
		cr_expect_str_eq(buf_string(&plain), cases[i].plain);
		buf_done(&plain);
	}
}

Test(rows, what_is_cut)
{
	static const struct {
		const char *text;
		int columns;
		const char *cut;
	} cases[] = {
		{ "abc", 3, "abc" },
		{ "abcd", 3, "ab~" },
		{ "abcd", 1, "~" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5~" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 2, "~" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf cut = { 0 };
		rows_cut(&cut, slice_of(cases[i].text), cases[i].columns);
		cr_expect_str_eq(buf_string(&cut), cases[i].cut);
		buf_done(&cut);
	}
}

/* What others send, and what is on its way from here. */
Test(rows, files)
{
	static char name[] = "report.pdf", path[] = "";
	struct transfer t = { .number = 1,
		.state = TRANSFER_MOVING,
		.is_upload = true,
		.name = name,
		.path = path,
		.size = 14231552,
		.shown = 6119424,
		.moved = 6119424,
		.rate = 2300000 };
	const struct line head = { .what = LINE_MOVE, .time = START };
	struct fixture f;

	set_up(&f);
	rows_logged(f.model, f.room, START, ENTRY_FILE, "ana",
	    "12 14231552 - plan.pdf\nfor Friday");
	rows_logged(f.model, f.room, START, ENTRY_ARRIVED, "ana",
	    "12 14231552 473df52c1122 plan.pdf");
	rows_logged(
	    f.model, f.room, START, ENTRY_WITHDRAWN, "ana", "12 plan.pdf");
	rows_logged(f.model, f.room, START, ENTRY_FILE, "eve",
	    "13 1 - a\xe2\x80\xae\033[31m");
	t.room = f.room;
	t.line = model_line(f.model, f.room, &head, SLICE(""), SLICE("x"))->id;
	f.model->transfers = &t;
	check(&f, 80, 12,
	    TODAY "14:20          * | ana sends plan.pdf, 14 MB (/get 12)\n"
		  "                 | for Friday\n"
		  "14:20         -- | plan.pdf is there: 14,231,552 bytes, "
		  "sha256 473df52c...\n"
		  "              -- | plan.pdf is gone\n"
		  "14:20          * | eve sends a<U+202E>^[[31m, 1 B "
		  "(/get 13)\n"
		  "14:20        1-> | report.pdf [####------]  42%  6.1/14 MB "
		  "2.3 MB/s  0:04\n");
	check(&f, 40, 12,
	    TODAY "14:20 * ana sends plan.pdf, 14 MB (/get\n"
		  "   12)\n"
		  "   for Friday\n"
		  "-- plan.pdf is there: 14,231,552 bytes,\n"
		  "   sha256 473df52c...\n"
		  "-- plan.pdf is gone\n"
		  "* eve sends a<U+202E>^[[31m, 1 B (/get\n"
		  "   13)\n"
		  "1-> report.pdf [##----]  42%  0:04\n");
	t.state = TRANSFER_PAUSED;
	check(&f, 40, 5,
	    "   sha256 473df52c...\n"
	    "-- plan.pdf is gone\n"
	    "* eve sends a<U+202E>^[[31m, 1 B (/get\n"
	    "   13)\n"
	    "1-> report.pdf  42% paused\n");
	f.model->transfers = NULL;
	tear_down(&f);
}
