#include <criterion/criterion.h>
#include <locale.h>
#include <poll.h>

#include "../chat/model.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static void
use_utf8(void)
{
	cr_assert_neq(setlocale(LC_ALL, "C.UTF-8"), NULL);
}

TestSuite(model, .init = use_utf8);

static bool
is_awake(const struct model *m)
{
	struct pollfd p = { .fd = m->wake, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

Test(model, begins_with_the_servers_window_and_wakes_the_face)
{
	struct model *m = model_new();

	cr_expect_eq(m->n_rooms, 1);
	cr_expect_eq(m->looked_at, m->rooms[0]);
	cr_expect_eq(model_room(m, SLICE("")), m->rooms[0]);
	cr_expect_eq(m->state, LINK_OFF);
	model_lock(m);
	model_unlock(m);
	cr_expect_not(is_awake(m));
	model_lock(m);
	model_unlock_changed(m);
	cr_expect(is_awake(m));
	cr_expect_eq(m->version, 1);
	model_free(m);
}

Test(model, a_room_is_found_by_any_form_of_its_name)
{
	struct model *m = model_new();
	struct room *lobby = model_room_open(m, SLICE("#Lobby"));
	struct room *bob = model_room_open(m, SLICE("Bob"));

	cr_expect_eq(model_room(m, SLICE("#lobby")), lobby);
	cr_expect_eq(model_room(m, SLICE("bOB")), bob);
	cr_expect_null(model_room(m, SLICE("lobby")));
	cr_expect_str_eq(lobby->name, "#Lobby");
	cr_expect_not(lobby->is_direct);
	cr_expect(bob->is_direct);
	lobby->number = 7;
	cr_expect_null(model_room_number(m, 7));
	lobby->is_attached = true;
	cr_expect_eq(model_room_number(m, 7), lobby);
	model_free(m);
}

Test(model, a_room_opened_again_stands_at_the_end)
{
	struct model *m = model_new();
	struct room *a = model_room_open(m, SLICE("#a"));
	struct room *b = model_room_open(m, SLICE("#b"));

	cr_expect_eq(model_room_open(m, SLICE("#a")), a);
	cr_expect_eq(m->rooms[1], a);
	model_look(m, a);
	model_room_close(m, a);
	cr_expect_not(a->is_open);
	cr_expect_eq(m->looked_at, m->rooms[0]);
	cr_expect_eq(model_room_open(m, SLICE("#A")), a);
	cr_expect_eq(m->n_rooms, 3);
	cr_expect_eq(m->rooms[1], b);
	cr_expect_eq(m->rooms[2], a);
	model_free(m);
}

Test(model, a_conversation_follows_its_nick)
{
	struct model *m = model_new();
	struct room *bob = model_room_open(m, SLICE("bob"));
	struct room *rob = model_room_open(m, SLICE("rob"));

	model_room_rename(m, bob, SLICE("Rob"));
	cr_expect_eq(model_room(m, SLICE("rob")), bob);
	cr_expect_null(model_room(m, SLICE("bob")));
	cr_expect_not(rob->is_wanted);
	cr_expect_str_eq(bob->name, "Rob");
	model_free(m);
}

static void
line(struct model *m, struct room *room, const char *who, const char *text,
    bool is_mine, bool is_mention)
{
	const struct line head = { .what = LINE_ENTRY,
		.kind = ENTRY_SAID,
		.is_mine = is_mine,
		.is_mention = is_mention };

	model_line(m, room, &head, slice_of(who), slice_of(text));
}

Test(model, counts_what_nobody_has_read)
{
	struct model *m = model_new();
	struct room *a = model_room_open(m, SLICE("#a"));
	struct room *b = model_room_open(m, SLICE("#b"));
	const struct line joined = { .what = LINE_ENTRY, .kind = ENTRY_JOINED };

	model_look(m, a);
	line(m, a, "bob", "seen", false, false);
	cr_expect_eq(a->unread, 0);
	line(m, b, "bob", "one", false, false);
	line(m, b, "bob", "two, ana", false, true);
	line(m, b, "ana", "mine", true, false);
	model_line(m, b, &joined, SLICE("carla"), SLICE(""));
	model_say(m, b, "only told");
	cr_expect_eq(b->unread, 2);
	cr_expect_eq(b->mentions, 1);
	cr_expect_eq(b->unread_id, SCROLLBACK_ID);

	model_look(m, b);
	cr_expect_eq(b->unread, 0);
	cr_expect_eq(b->mentions, 0);
	cr_expect_eq(
	    b->unread_id, SCROLLBACK_ID, "the mark stays while one reads");
	m->is_focused = false;
	line(m, b, "bob", "three", false, false);
	cr_expect_eq(b->unread, 1);
	cr_expect_eq(b->unread_id, SCROLLBACK_ID + 5, "a new mark");
	m->is_focused = true;
	model_look(m, b);
	model_look(m, a);
	cr_expect_eq(b->unread_id, 0);
	model_free(m);
}

Test(model, makes_everything_safe)
{
	struct model *m = model_new();
	struct room *room = model_room_open(m, SLICE("\x1b[1m\xe2\x80\xae"));
	const struct line *newest;

	cr_expect_str_eq(room->name, "^[[1m<U+202E>");
	line(m, room, "b\x07", "\x1b[2Jtwo\nlines", false, false);
	newest = scrollback_line(&room->lines, scrollback_newest(&room->lines));
	cr_expect(slice_is(line_who(newest), SLICE("b^G")));
	cr_expect(slice_is(line_text(newest), SLICE("^[[2Jtwo\nlines")));
	model_say(m, NULL, "%s", "\x1b]0;x");
	newest = scrollback_line(&m->rooms[0]->lines, SCROLLBACK_ID);
	cr_expect(slice_is(line_text(newest), SLICE("^[]0;x")));
	room_member_put(room, SLICE("\x1b[31mbob"), PRESENCE_HERE);
	cr_expect_str_eq(
	    room_member(room, SLICE("\x1b[31mbob"))->nick, "^[[31mbob");
	model_free(m);
}

Test(model, cuts_a_long_name_between_characters)
{
	struct model *m = model_new();
	char name[100];
	struct room *room;

	memset(name, 'a', 63);
	memcpy(name + 63, "\xc3\xa4\xc3\xa4", 5);
	room = model_room_open(m, slice_of(name));
	cr_expect_eq(strlen(room->name), 63);
	model_free(m);
}

Test(model, keeps_members_by_any_form_of_the_nick)
{
	struct model *m = model_new();
	struct room *room = model_room_open(m, SLICE("#a"));

	room_member_put(room, SLICE("Bob"), PRESENCE_HERE);
	room_member_put(room, SLICE("bob"), PRESENCE_LOST);
	room_member_put(room, SLICE("ana"), PRESENCE_HERE);
	cr_expect_eq(room_members(room), 2);
	cr_expect_str_eq(room_member(room, SLICE("BOB"))->nick, "bob");
	cr_expect_eq(room_member(room, SLICE("BOB"))->state, PRESENCE_LOST);

	room_member(room, SLICE("bob"))->spoke = 5;
	room_member_rename(room, SLICE("bob"), SLICE("Rob"));
	cr_expect_null(room_member(room, SLICE("bob")));
	cr_expect_eq(room_member(room, SLICE("rob"))->state, PRESENCE_LOST);
	cr_expect_eq(room_member(room, SLICE("rob"))->spoke, 5);
	room_member_rename(room, SLICE("nobody"), SLICE("carla"));
	cr_expect_eq(room_members(room), 3);

	room_members_doubt(room);
	room_member_put(room, SLICE("rob"), PRESENCE_HERE);
	room_members_settle(room);
	cr_expect_eq(room_members(room), 1);
	cr_expect_eq(room_member(room, SLICE("rob"))->spoke, 5);
	room_member_drop(room, SLICE("nobody"));
	room_member_drop(room, SLICE("rob"));
	cr_expect_eq(room_members(room), 0);
	model_free(m);
}

static const struct {
	const char *nick, *text;
	bool is_one;
} mentions[] = {
	{ "ana", "ana: hello", true },
	{ "ana", "hello ana", true },
	{ "ana", "hello ANA!", true },
	{ "ana", "(ana)", true },
	{ "ana", "@ana", true },
	{ "ana", "banana", false },
	{ "ana", "anaconda", false },
	{ "ana", "ana_", false },
	{ "ana", "ana-2", false },
	{ "ana", "ana.", true },
	{ "ana", "an a", false },
	{ "ana", "", false },
	{ "ana", "banana ana", true },
	{ "ana", "l\xc3\xb6we ana", true },
	{ "ana",
	    "\xc3\xb6"
	    "ana",
	    false },
	{ "ana", "ana\xc3\xb6", false },
	{ "ana", "two\nana", true },
	{ "\xc3\x96rn", "frag \xc3\xb6RN mal", true },
	{ "\xc3\x96rn", "frag o\xcc\x88rn mal", true },
	{ "\xc3\x96rn", "orn", false },
	{ "a[b]", "hey a[b]", true },
	{ "a[b]", "\xc3\xb6 hey a[b]", true },
	{ "a[b]", "hey ab", false },
	{ "", "anything", false },
};

Test(model, a_mention_is_a_whole_word)
{
	for (size_t i = 0; i < N(mentions); i++)
		cr_expect_eq(model_mentions(slice_of(mentions[i].text),
				 slice_of(mentions[i].nick)),
		    mentions[i].is_one, "%s in \"%s\"", mentions[i].nick,
		    mentions[i].text);
}
