#include <criterion/criterion.h>
#include <stdlib.h>
#include <sysexits.h>

#include "../chat/apply_state.h"
#include "codec.h"
#include "rig.h"
#include "xmalloc.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static struct rig rig;

static void
begin(void)
{
	setenv("TZ", "UTC", 1);
	rig_init(&rig);
}

static void
end(void)
{
	rig_done(&rig);
}

TestSuite(apply, .init = begin, .fini = end);

static void
hear_nothing(void)
{
	buf_clear(&rig.heard);
}

static bool
heard(const char *words)
{
	return strstr(buf_string(&rig.heard), words) != NULL;
}

static void
say(struct room *room, const char *text)
{
	apply_say(rig.apply, room, ENTRY_SAID, slice_of(text), rig.now_ms);
}

/* ---- into a connection ---- */

Test(apply, hello_and_welcome)
{
	rig_enter(&rig);
	cr_expect_eq(rig.model->state, LINK_LIVE);
	cr_expect_str_eq(rig.model->server, "test");
	cr_expect_str_eq(rig.model->nick, "ana");
	cr_expect_eq(rig.model->text_max, 16384);
	cr_expect_eq(rig.model->ping_ms, 0);
	cr_expect(heard(" state  connected to test"));
	cr_expect(rig.goes_on);
}

Test(apply, tries_other_nicks_when_one_is_taken)
{
	static const char *const tries[] = { "ana_", "ana__", "ana___",
		"ana____" };

	apply_begin(rig.apply, 1000);
	RIG(&rig, "C hello nick=ana");
	for (size_t i = 0; i < N(tries); i++) {
		RIG(&rig, "S refused request=hello code=nick_taken",
		    "C hello nick=$n");
		cr_expect(
		    slice_is(slice_of(rig.apply->nick), slice_of(tries[i])));
	}
	cr_expect(heard("the nick ana___ is in use; trying ana____"));
	for (int i = 0; i < 4; i++) {
		RIG(&rig, "S refused request=hello code=nick_taken", "C hello");
		cr_expect_eq(strncmp(rig.apply->nick, "ana", 3), 0);
		cr_expect_eq(strspn(rig.apply->nick + 3, "0123456789"),
		    strlen(rig.apply->nick + 3));
	}
	RIG(&rig, "S refused request=hello code=nick_taken", "C -");
	cr_expect_not(rig.goes_on);
	cr_expect(apply_end(rig.apply)->is_final);
}

static const struct {
	const char *says;
	bool is_final;
	int status;
	uint32_t wait_ms;
} ends[] = {
	{ "refused request=hello code=nick_bad text=\"no nick\"", true,
	    EX_DATAERR, 0 },
	{ "refused request=hello code=nick_reserved", true, EX_DATAERR, 0 },
	{ "refused request=hello code=version", true, EX_PROTOCOL, 0 },
	{ "bye reason=replaced", true, EX_TEMPFAIL, 0 },
	{ "bye reason=full wait=500", false, EX_TEMPFAIL, 500 },
	{ "bye reason=stopping wait=20", false, EX_TEMPFAIL, 20 },
	{ "bye reason=idle", false, EX_UNAVAILABLE, 0 },
	{ "bye", false, EX_UNAVAILABLE, 0 },
	{ "bye reason=0x7777", false, EX_UNAVAILABLE, 0 },
	{ "welcome version=2", true, EX_PROTOCOL, 0 },
};

Test(apply, knows_which_ends_are_final)
{
	for (size_t i = 0; i < N(ends); i++) {
		const struct apply_end *e = apply_end(rig.apply);
		char *line = xasprintf("S %s", ends[i].says);
		rig.goes_on = true;
		apply_begin(rig.apply, 1000);
		buf_clear(&rig.out);
		RIG(&rig, line);
		cr_expect_not(rig.goes_on, "%s", ends[i].says);
		cr_expect_eq(e->is_final, ends[i].is_final);
		cr_expect_eq(e->status, ends[i].status, "%s: %d", ends[i].says,
		    e->status);
		cr_expect_eq(e->wait_ms, ends[i].wait_ms);
		cr_expect_neq(e->why[0], '\0', "%s", ends[i].says);
		apply_over(rig.apply);
		free(line);
	}
}

static const char *const aliens[] = { "HTTP/1.1 400 Bad Request\r\nServer",
	"SSH-2.0-OpenSSH_9.2p1\r\n", "220 mail ESMTP\r\n", "\x16\x03\x01",
	"\x1b[31mred" };

Test(apply, tells_who_speaks_something_else)
{
	for (size_t i = 0; i < N(aliens); i++) {
		size_t used;
		apply_begin(rig.apply, 1000);
		cr_expect_not(apply_bytes(rig.apply, (const uint8_t *)aliens[i],
		    strlen(aliens[i]), &used, 1000));
		cr_expect(apply_end(rig.apply)->is_final);
		cr_expect_eq(apply_end(rig.apply)->status, EX_PROTOCOL);
		cr_expect_null(strchr(apply_end(rig.apply)->why, '\x1b'));
		cr_expect_null(strchr(apply_end(rig.apply)->why, '\r'));
	}
	cr_expect_not_null(strstr(apply_end(rig.apply)->why, "^[[31mred"));
}

Test(apply, what_cannot_be_read_ends_the_connection)
{
	static const uint8_t lies[][8] = {
		{ 0, 0, 0, 0 },		/* a frame of no bytes */
		{ 0, 2, 0, 0, 37 },	/* too long */
		{ 0, 0, 0, 2, 37, 1 },	/* fields run over */
		{ 0, 0, 0, 2, 200, 1 }, /* unknown: skipped */
	};

	for (size_t i = 0; i < N(lies); i++) {
		size_t used;
		apply_begin(rig.apply, 1000);
		cr_expect_eq(
		    apply_bytes(rig.apply, lies[i], 6, &used, 1000), i == 3);
	}
}

Test(apply, takes_messages_in_any_pieces)
{
	union message m = { .welcome = { .type = MSG_WELCOME,
				.version = 1,
				.nick = SLICE("ana"),
				.server = SLICE("test") } };
	struct buf bytes = { 0 };
	size_t used;

	apply_begin(rig.apply, 1000);
	codec_encode(&bytes, &m);
	for (size_t len = 0; len < bytes.len; len++) {
		cr_assert(
		    apply_bytes(rig.apply, buf_at(&bytes), len, &used, 1000));
		cr_assert_eq(used, 0);
	}
	cr_assert(
	    apply_bytes(rig.apply, buf_at(&bytes), bytes.len, &used, 1000));
	cr_expect_eq(used, bytes.len);
	cr_expect_eq(rig.model->state, LINK_LIVE);
	buf_done(&bytes);
}

/* ---- rooms ---- */

Test(apply, a_wanted_room_is_joined_at_welcome)
{
	struct room *room = rig_room(&rig, "#lobby");

	room->is_wanted = true;
	apply_begin(rig.apply, 1000);
	RIG(&rig, "C hello", "S welcome version=1 nick=ana log=$log",
	    "C join room=#lobby ref=$j", "C ping token=$t", "C -",
	    "S pong token=$t", "C -", /* it is asked already */
	    "S attached ref=$j room=7 name=#lobby first=3 head=4 topic=Hello",
	    "C names room=#lobby ref=$n after=0",
	    "S member ref=$n nick=ana state=here",
	    "S member ref=$n nick=bob state=lost", "S done ref=$n seq=4",
	    "S entry room=7 seq=3 kind=said who=bob text=hi",
	    "S entry room=7 seq=4 kind=joined who=ana", "C -");
	cr_expect(room->is_attached);
	cr_expect_eq(room->number, 7);
	cr_expect_eq(room->seq, 4);
	cr_expect_str_eq(room->topic, "Hello");
	cr_expect_eq(room_members(room), 2);
	cr_expect_eq(room_member(room, SLICE("bob"))->state, PRESENCE_LOST);
	cr_expect_eq(room->unread, 1);
	cr_expect_str_eq(rig_line(room, 1), "bob|hi");
	cr_expect(heard("#lobby joined ana"));
}

Test(apply, entries_come_once_and_in_order)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana",
	    "S entry room=7 seq=2 kind=said who=bob text=one",
	    "S entry room=7 seq=2 kind=said who=bob text=one",
	    "S entry room=7 seq=1 kind=joined who=ana",
	    "S entry room=9 seq=3 kind=said who=bob text=elsewhere",
	    "S entry room=7 seq=3 kind=0x63 who=bob text=new");
	cr_expect(rig.goes_on);
	cr_expect_eq(room->lines.n, 3);
	cr_expect_eq(scrollback_line(&room->lines, SCROLLBACK_ID + 2)->kind,
	    ENTRY_NOTICE);
	RIG(&rig, "S entry room=7 seq=5 kind=said who=bob text=later");
	cr_expect_not(rig.goes_on);
	cr_expect_not(apply_end(rig.apply)->is_final);
	cr_expect_eq(room->seq, 3);
}

Test(apply, a_gap_is_shown)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana",
	    "S gap room=7 first=11", "S gap room=7 first=5",
	    "S gap room=8 first=50",
	    "S entry room=7 seq=11 kind=said who=bob text=hi");
	cr_expect(rig.goes_on);
	cr_expect_str_eq(rig_line(room, 0), "bob|hi");
	cr_expect_str_eq(
	    rig_line(room, 1), "|9 entries are not to be had any more");
	cr_expect_eq(
	    scrollback_line(&room->lines, SCROLLBACK_ID + 1)->what, LINE_GAP);
	cr_expect_eq(room->lines.n, 3);
	cr_expect(heard("#lobby gap"));
}

Test(apply, after_a_cut_rooms_are_attached_where_one_was)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	rig_cut(&rig);
	cr_expect_not(room->is_attached);
	cr_expect_eq(rig.model->n_asked, 0);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "C -", "S belongs room=7 name=#lobby head=3",
	    "C attach room=#lobby seq=1 ref=$a", "S pong token=$t", "C -",
	    "S attached ref=$a room=7 name=#lobby first=2 head=3", "C names",
	    "S entry room=7 seq=2 kind=said who=bob text=missed",
	    "S entry room=7 seq=3 kind=said who=bob text=too");
	cr_expect_eq(room->seq, 3);
	cr_expect_eq(room->lines.n, 3);
}

Test(apply, a_room_one_no_longer_belongs_to_is_joined_again)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "S pong token=$t", "C join room=#lobby ref=$j", "C -",
	    "S attached ref=$j room=7 name=#lobby first=5 head=8", "C names",
	    "S entry room=7 seq=5 kind=said who=bob text=hi");
	cr_expect(rig.goes_on);
	cr_expect_str_eq(
	    rig_line(room, 1), "|3 entries are not to be had any more");
}

Test(apply, history_of_a_join_that_one_has_is_not_shown_again)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "S pong token=$t", "C join room=#lobby ref=$j",
	    "S attached ref=$j room=7 name=#lobby first=1 head=2", "C names",
	    "S entry room=7 seq=1 kind=joined who=ana",
	    "S entry room=7 seq=2 kind=said who=bob text=hi");
	cr_expect_eq(room->lines.n, 2);
	cr_expect_str_eq(rig_line(room, 0), "bob|hi");
}

Test(apply, new_logs_void_all_numbers)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	say(room, "mine");
	RIG(&rig, "C say n=1");
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$other last=0",
	    "C join room=#lobby ref=$j", "C ping",
	    "S attached ref=$j room=2 name=#lobby first=1 head=1", "C names",
	    "C say n=1 to=#lobby text=mine",
	    "S entry room=2 seq=1 kind=joined who=ana");
	cr_expect_eq(room->seq, 1);
	cr_expect(heard("history began anew"));
}

static const char *const refusals[] = { "not_member", "seq_bad",
	"room_unknown" };

Test(apply, what_cannot_be_attached_is_joined_afresh)
{
	rig_enter(&rig);
	rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	for (size_t i = 0; i < N(refusals); i++) {
		char *refused = xasprintf(
		    "S refused request=attach ref=$a code=%s", refusals[i]);
		rig_cut(&rig);
		RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping",
		    "S belongs room=7 name=#lobby head=1",
		    "C attach room=#lobby ref=$a", refused,
		    "C join room=#lobby ref=$j",
		    "S attached ref=$j room=7 name=#lobby first=1 head=1",
		    "C names", "S entry room=7 seq=1 kind=joined who=ana");
		cr_expect(rig.goes_on);
		free(refused);
	}
}

Test(apply, a_room_of_the_same_name_with_another_number_is_another)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping",
	    "S belongs room=7 name=#lobby head=2",
	    "C attach room=#lobby seq=1 ref=$a",
	    "S attached ref=$a room=9 name=#lobby first=2 head=3",
	    "C join room=#lobby ref=$j",
	    "S entry room=9 seq=2 kind=said who=bob text=early",
	    "S attached ref=$j room=9 name=#lobby first=1 head=3", "C names",
	    "S entry room=9 seq=1 kind=said who=bob text=first",
	    "S entry room=9 seq=2 kind=said who=bob text=early");
	cr_expect(rig.goes_on);
	cr_expect_str_eq(rig_line(room, 1), "bob|first");
	cr_expect_str_eq(rig_line(room, 0), "bob|early");
}

Test(apply, a_conversation_somebody_opened_shows)
{
	struct room *bob;

	rig_enter(&rig);
	RIG(&rig, "S attached ref=0 room=8 name=bob first=1 head=0",
	    "C names room=bob",
	    "S entry room=8 seq=1 kind=said who=bob text=psst");
	bob = model_room(rig.model, SLICE("bob"));
	cr_assert_not_null(bob);
	cr_expect(bob->is_open);
	cr_expect(bob->is_wanted);
	cr_expect_eq(bob->mentions, 1);
	cr_expect_eq(rig.model->looked_at, rig.model->rooms[0]);
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "S belongs room=8 name=Robert head=2",
	    "C attach room=Robert seq=1 ref=$a",
	    "S belongs room=12 name=carla head=5", "C join room=carla",
	    "S belongs room=13 head=5", "S pong token=$t", "C -",
	    "S attached ref=$a room=8 name=Robert first=2 head=2", "C names",
	    "S entry room=8 seq=2 kind=renamed who=bob text=Robert");
	cr_expect_str_eq(bob->name, "Robert");
	cr_expect_not_null(model_room(rig.model, SLICE("carla")));
	RIG(&rig, "S entry room=8 seq=3 kind=renamed who=Robert text=rob");
	cr_expect_str_eq(bob->name, "rob");
	RIG(&rig, "S entry room=8 seq=4 kind=renamed who=ana text=anna");
	cr_expect_str_eq(bob->name, "rob");
}

Test(apply, a_conversation_is_opened_when_there_is_something_to_say)
{
	struct room *bob;

	rig_enter(&rig);
	RIG(&rig, "S attached ref=0 room=8 name=bob first=1 head=0",
	    "C names room=bob",
	    "S entry room=8 seq=1 kind=said who=bob text=psst");
	bob = model_room(rig.model, SLICE("bob"));
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$other", "C ping token=$t",
	    "S pong token=$t", "C -");
	say(bob, "there?");
	RIG(&rig, "C join room=bob ref=$j", "C -",
	    "S refused request=join ref=$j code=nobody text=nobody", "C -");
	cr_expect_eq(rig.model->n_pending, 0);
	apply_retry(rig.apply, bob, 1000);
	RIG(&rig, "C join room=bob ref=$j",
	    "S attached ref=$j room=9 name=bob first=1 head=0", "C names",
	    "C say n=1 to=bob text=there?", "C -");
}

Test(apply, leaving_a_room)
{
	struct room *room;
	union message m = { .part = { MSG_PART, 0, SLICE("#lobby"),
				SLICE("lunch") } };

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	cr_expect(apply_request(rig.apply, &m, room));
	cr_expect_eq(rig.model->n_asked, 1);
	RIG(&rig, "C part room=#lobby why=lunch ref=$p",
	    "S entry room=7 seq=1 kind=left who=ana text=lunch",
	    "S detached ref=$p room=7", "C -");
	cr_expect_eq(rig.model->n_asked, 0);
	cr_expect_not(room->is_open);
	cr_expect_not(room->is_wanted);
	cr_expect_not(room->is_attached);
	cr_expect_eq(room->seq, 1);
}

Test(apply, leaving_while_cut_off_is_made_good)
{
	struct room *room;
	union message m = { .part = {
				MSG_PART, 0, SLICE("#lobby"), SLICE("") } };

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	apply_over(rig.apply);
	cr_expect_not(apply_request(rig.apply, &m, room));
	cr_expect_not(room->is_open);
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping token=$t",
	    "S belongs room=7 name=#lobby head=1", "C part room=#lobby ref=$p",
	    "S pong token=$t", "S detached ref=$p room=7", "C -");
	cr_expect_not(room->is_open);
	cr_expect_not(room->is_wanted);
}

Test(apply, a_join_that_is_refused_is_told)
{
	struct room *room = rig_room(&rig, "#lobby");
	union message m = { .join = { MSG_JOIN, 0, SLICE("#lobby") } };

	rig_enter(&rig);
	say(room, "not wanted yet");
	cr_expect_eq(rig.model->n_pending, 0);
	cr_expect(apply_request(rig.apply, &m, room));
	say(room, "too early");
	cr_expect_eq(rig.model->n_pending, 1);
	cr_expect(apply_request(rig.apply, &m, room), "asked already");
	RIG(&rig, "C join ref=$j", "C -",
	    "S refused request=join ref=$j code=rooms_own text=\"too many\"");
	cr_expect_str_eq(rig_line(room, 0), "|join #lobby: too many");
	cr_expect_not(room->is_wanted);
	cr_expect_eq(rig.model->n_pending, 0);
	cr_expect_eq(rig.model->outbox->next->why, REFUSE_ROOMS_OWN);
	cr_expect_eq(rig.model->n_asked, 0);
	cr_expect(heard("#lobby refused  join #lobby: too many"));
}

Test(apply, what_is_refused_for_the_moment_is_asked_again)
{
	struct room *room = rig_room(&rig, "#lobby");
	union message m = { .join = { MSG_JOIN, 0, SLICE("#lobby") } };

	rig_enter(&rig);
	apply_request(rig.apply, &m, room);
	RIG(&rig, "C join ref=$j",
	    "S refused request=join ref=$j code=too_fast wait=100", "C -");
	cr_expect_eq(apply_wait(rig.apply, 1000), 100);
	cr_expect(apply_tick(rig.apply, 1099));
	RIG(&rig, "C -");
	cr_expect(apply_tick(rig.apply, 1100));
	RIG(&rig, "C join ref=$j", "C -");
	rig.now_ms = 1100;
	RIG(&rig, "S refused request=join ref=$j code=too_fast wait=100");
	cr_expect_eq(apply_wait(rig.apply, 1100), 200, "later each time");
	cr_expect(room->is_wanted);
	cr_expect_eq(rig.model->n_asked, 1);
}

/* ---- saying ---- */

Test(apply, own_messages_are_shown_once)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	say(room, "one");
	say(room, "two");
	RIG(&rig, "C say n=1 to=#lobby kind=said text=one",
	    "C say n=2 to=#lobby text=two", "S stored n=1 room=7 seq=1",
	    "S entry room=7 seq=1 kind=said who=ana text=one", "C -");
	cr_expect_eq(rig.model->n_pending, 1);
	cr_expect(scrollback_line(&room->lines, SCROLLBACK_ID)->is_mine);
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log last=2",
	    "C ping token=$t", "S belongs room=7 name=#lobby head=2",
	    "C attach seq=1 ref=$a",
	    "S attached ref=$a room=7 name=#lobby first=2 head=2", "C names",
	    "C -", "S entry room=7 seq=2 kind=said who=ana text=two");
	cr_expect_eq(rig.model->n_pending, 0);
	cr_expect_null(rig.model->outbox);
	cr_expect_eq(room->lines.n, 2);
	cr_expect(scrollback_line(&room->lines, SCROLLBACK_ID + 1)->is_mine);
	cr_expect_eq(room->unread, 0);
	cr_expect(heard("#lobby stored ana "));
}

Test(apply, what_was_not_stored_goes_again)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=ana");
	say(room, "one");
	say(room, "two");
	RIG(&rig, "C say n=1", "C say n=2");
	rig_cut(&rig);
	say(room, "three");
	RIG(&rig, "C -", "S welcome version=1 nick=ana log=$log last=1",
	    "C ping token=$t", "S belongs room=7 name=#lobby head=2",
	    "C attach seq=1 ref=$a",
	    "S attached ref=$a room=7 name=#lobby first=2 head=2", "C names",
	    "C say n=2 text=two", "C say n=3 text=three", "C -",
	    "S entry room=7 seq=2 kind=said who=ana text=one");
	cr_expect_eq(rig.model->n_pending, 2);
	cr_expect_str_eq(rig_line(room, 0), "ana|one");
}

Test(apply, a_nick_is_spoken_to_after_its_conversation_is_open)
{
	struct room *bob = rig_room(&rig, "bob");

	rig_enter(&rig);
	say(bob, "psst");
	RIG(&rig, "C join room=bob ref=$j", "C -",
	    "S attached ref=$j room=8 name=bob first=1 head=0",
	    "C names room=bob", "C say n=1 to=bob text=psst", "C -");
}

Test(apply, a_server_that_counts_differently_is_left)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	say(room, "one");
	RIG(&rig, "C say n=1", "S refused request=say ref=1 code=out_of_order");
	cr_expect_not(rig.goes_on);
	cr_expect_not(apply_end(rig.apply)->is_final);
}

Test(apply, a_refusal_for_good_is_heard_and_can_be_retried)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	say(room, "one");
	RIG(&rig, "C say n=1",
	    "S refused request=say ref=1 code=text_long text=\"too long\"");
	cr_expect(heard("#lobby refused ana too long: one"));
	cr_expect_eq(rig.model->outbox->why, REFUSE_TEXT_LONG);
	apply_retry(rig.apply, room, 1000);
	RIG(&rig, "C say n=1 text=one",
	    "S refused request=say ref=1 code=text_long");
	apply_forget(rig.apply, room);
	cr_expect_null(rig.model->outbox);
}

Test(apply, what_the_server_cannot_store_is_told_once)
{
	static const char words[] =
	    "|the server cannot store what is said at the moment: it waits "
	    "here, and is sent again by itself";
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	room->is_wanted = true;
	model_look(rig.model, room);
	say(room, "one");
	RIG(&rig, "C say n=1",
	    "S refused request=say ref=1 code=unavailable wait=100");
	cr_expect_str_eq(rig_line(room, 0), words);
	cr_expect_eq(rig.model->outbox->why, FINE);
	model_say(rig.model, room, "another line");
	cr_expect(apply_tick(rig.apply, 1100));
	rig.now_ms = 1100;
	RIG(&rig, "C say n=1",
	    "S refused request=say ref=1 code=unavailable wait=100");
	cr_expect_str_eq(rig_line(room, 0), "|another line");
	rig.now_ms = 1300;
	cr_expect(apply_tick(rig.apply, 1300));
	RIG(&rig, "C say n=1", "S stored n=1 room=7 seq=2");
	say(room, "two");
	RIG(&rig, "C say n=2",
	    "S refused request=say ref=2 code=too_fast wait=100");
	cr_expect_str_eq(rig_line(room, 0), "|another line");
	rig.now_ms = 1500;
	cr_expect(apply_tick(rig.apply, 1500));
	RIG(&rig, "C say n=2",
	    "S refused request=say ref=2 code=unavailable wait=100");
	cr_expect_str_eq(rig_line(room, 0), words, "a new time is told");
}

/* What was said earlier would come behind it. */
Test(apply, connecting_is_not_told_where_nothing_came_yet)
{
	struct room *room = rig_room(&rig, "#lobby");

	model_look(rig.model, room);
	rig_enter(&rig);
	cr_expect_eq(room->lines.n, 0);
	cr_expect(heard("state  connected to"));
	model_say(rig.model, room, "a line");
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 log=$log epoch=2 nick=ana server=test");
	cr_expect_not_null(strstr(rig_line(room, 0), "connected to"));
}

/* ---- people ---- */

Test(apply, members_follow_entries_newer_than_the_list)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_room(&rig, "#lobby");
	room->is_wanted = true;
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C join ref=$j",
	    "C ping", "S attached ref=$j room=7 name=#lobby first=1 head=3",
	    "C names ref=$n",
	    /* before the list is told, and older than it */
	    "S entry room=7 seq=1 kind=joined who=gone",
	    "S member ref=$n nick=ana state=here",
	    "S member ref=$n nick=bob state=here", "S done ref=$n seq=3 next=9",
	    "C names ref=$n after=9", "S entry room=7 seq=2 kind=left who=bob",
	    "S entry room=7 seq=3 kind=joined who=bob",
	    "S entry room=7 seq=4 kind=left who=ana",
	    "S member ref=$n nick=carla state=here", "S done ref=$n seq=5",
	    "S entry room=7 seq=5 kind=joined who=carla",
	    "S entry room=7 seq=6 kind=renamed who=bob text=rob", "C -");
	cr_expect_null(room_member(room, SLICE("gone")));
	cr_expect_null(room_member(room, SLICE("ana")));
	cr_expect_null(room_member(room, SLICE("bob")));
	cr_expect_not_null(room_member(room, SLICE("rob")));
	cr_expect_not_null(room_member(room, SLICE("carla")));
	cr_expect_eq(room_members(room), 2);
}

Test(apply, presence_is_everywhere_and_unsure_asks_again)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=joined who=bob",
	    "S entry room=7 seq=2 kind=said who=bob text=hi time=77",
	    "S presence nick=Bob state=lost");
	cr_expect_eq(room_member(room, SLICE("bob"))->state, PRESENCE_LOST);
	cr_expect_eq(room_member(room, SLICE("bob"))->spoke, 77);
	cr_expect(heard(" presence Bob lost"));
	RIG(&rig, "S unsure", "C names room=#lobby ref=$n", "C -", "S unsure",
	    "C -", "S member ref=$n nick=bob state=here",
	    "S done ref=$n seq=2");
	cr_expect_eq(room_members(room), 1);
	cr_expect_eq(room_member(room, SLICE("bob"))->spoke, 77);
}

Test(apply, nicks_change)
{
	struct room *room;
	union message m = { .nick = { MSG_NICK, 0, SLICE("anna") } };

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	cr_expect(apply_request(rig.apply, &m, room));
	RIG(&rig, "C nick nick=anna ref=$r",
	    "S entry room=7 seq=1 kind=renamed who=ana text=anna",
	    "S done ref=$r",
	    "S entry room=7 seq=2 kind=said who=bob "
	    "text=\"hello anna\"");
	cr_expect_str_eq(rig.model->nick, "anna");
	cr_expect_eq(room->mentions, 1);
	cr_expect_not_null(room_member(room, SLICE("anna")));
	cr_expect_not(heard("you are anna now"), "the room has said so");
	m.nick.nick = SLICE("ann");
	cr_expect(apply_request(rig.apply, &m, rig.model->rooms[0]));
	RIG(&rig, "C nick nick=ann ref=$r", "S done ref=$r");
	cr_expect(heard("you are ann now"));
	m.nick.nick = SLICE("anna");
	cr_expect(apply_request(rig.apply, &m, room));
	RIG(&rig, "C nick nick=anna ref=$r", "S done ref=$r");
	rig_cut(&rig);
	apply_over(rig.apply);
	buf_clear(&rig.out);
	apply_begin(rig.apply, 1000);
	RIG(&rig, "C hello nick=anna");
}

static void
ask(union message m)
{
	cr_expect(apply_request(rig.apply, &m, NULL));
	cr_expect_eq(rig.model->n_asked, 1);
}

Test(apply, questions_are_answered_in_words)
{
	struct room *window = rig.model->rooms[0];

	rig_enter(&rig);
	ask((union message){ .who = { MSG_WHO, 0, SLICE("bob") } });
	RIG(&rig, "C who nick=bob ref=$w",
	    "S person ref=$w nick=bob state=here since=1700000000000 idle=3 "
	    "software=\"nc 1\"");
	cr_expect_str_eq(rig_line(window, 0),
	    "|bob: here since 2023-11-14 22:13, idle for 3 s, uses nc 1");
	cr_expect_eq(rig.model->n_asked, 0);

	ask((union message){ .list = { MSG_LIST, 0, 0 } });
	RIG(&rig, "C list after=0 ref=$l",
	    "S listed ref=$l room=#a members=3 topic=tea",
	    "S done ref=$l next=4", "C list after=4 ref=$l",
	    "S listed ref=$l room=#b members=1", "S done ref=$l");
	cr_expect_str_eq(rig_line(window, 2), "|#a 3 tea");
	cr_expect_str_eq(rig_line(window, 1), "|#b 1");
	cr_expect_str_eq(rig_line(window, 0), "|2 rooms");
	cr_expect_eq(rig.model->n_asked, 0);

	ask((union message){ .list = { MSG_LIST, 0, 0 } });
	RIG(&rig, "C list after=0 ref=$l", "S listed ref=$l room=#a members=3",
	    "S done ref=$l");
	cr_expect_str_eq(rig_line(window, 0), "|1 room");

	ask((union message){ .who = { MSG_WHO, 0, SLICE("x") } });
	RIG(&rig, "C who ref=$w",
	    "S refused request=who ref=$w code=nobody text=nobody");
	cr_expect_str_eq(rig_line(window, 0), "|who: nobody");
	ask((union message){ .who = { MSG_WHO, 0, SLICE("x") } });
	apply_over(rig.apply);
	cr_expect_eq(rig.model->n_asked, 0);
	cr_expect(heard(" error  who: not answered"));
}

Test(apply, names_are_told_when_the_user_asks)
{
	struct room *room;
	union message m = { .names = { MSG_NAMES, 0, SLICE("#lobby"), 0 } };

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	cr_expect(apply_request(rig.apply, &m, room));
	RIG(&rig, "C names ref=$n", "S member ref=$n nick=ana state=here",
	    "S done ref=$n next=2", "C names after=2 ref=$n",
	    "S member ref=$n nick=bob state=lost", "S done ref=$n", "C -");
	cr_expect_str_eq(rig_line(room, 0), "|2 in #lobby: ana, bob (lost)");
}

Test(apply, topics_change)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	RIG(&rig, "S entry room=7 seq=1 kind=topic who=bob text=\"a topic\"");
	cr_expect_str_eq(room->topic, "a topic");
	rig_cut(&rig);
	RIG(&rig, "S welcome version=1 nick=ana log=$log", "C ping",
	    "S belongs room=7 name=#lobby head=3", "C attach ref=$a",
	    "S attached ref=$a room=7 name=#lobby first=2 head=3 topic=newer",
	    "C names", "S entry room=7 seq=2 kind=topic who=bob text=older");
	cr_expect_str_eq(room->topic, "newer");
}

/* ---- the pulse ---- */

Test(apply, silence_is_broken_by_a_ping_and_ends_after_another)
{
	rig_enter(&rig);
	cr_expect_eq(apply_wait(rig.apply, 1000), 30000);
	cr_expect(apply_tick(rig.apply, 30999));
	RIG(&rig, "C -");
	cr_expect(apply_tick(rig.apply, 31000));
	RIG(&rig, "C ping token=31000", "C -");
	cr_expect_eq(apply_wait(rig.apply, 31000), 30000);
	rig.now_ms = 31040;
	RIG(&rig, "S pong token=31000");
	cr_expect_eq(rig.model->ping_ms, 40);
	cr_expect_eq(apply_wait(rig.apply, 31040), 30000);
	cr_expect(apply_tick(rig.apply, 61040));
	RIG(&rig, "C ping");
	cr_expect(apply_tick(rig.apply, 91039));
	cr_expect_not(apply_tick(rig.apply, 91040));
	cr_expect_not(apply_end(rig.apply)->is_final);
	RIG(&rig, "C -");
}

Test(apply, who_is_pinged_answers_and_measures)
{
	rig_enter(&rig);
	rig.now_ms = 5000;
	RIG(&rig, "S ping token=99", "C pong token=99", "C ping token=5000",
	    "C -", "S ping token=98", "C pong token=98", "C -");
	rig.now_ms = 5007;
	RIG(&rig, "S pong token=5000");
	cr_expect_eq(rig.model->ping_ms, 7);
	apply_over(rig.apply);
	cr_expect_eq(rig.model->ping_ms, -1);
}

Test(apply, foreign_text_is_safe_wherever_it_is_kept)
{
	struct room *room;

	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	hear_nothing();
	RIG(&rig,
	    "S entry room=7 seq=1 kind=said who=bob "
	    "text=\"a\\xe2\\x80\\xaeb\"",
	    "S entry room=7 seq=2 kind=topic who=bob "
	    "text=\"t\\xe2\\x80\\xae\"");
	cr_expect_str_eq(rig_line(room, 1), "bob|a<U+202E>b");
	cr_expect_str_eq(room->topic, "t<U+202E>");
	cr_expect(heard("a\xe2\x80\xae"), "events are not made safe yet");
}
