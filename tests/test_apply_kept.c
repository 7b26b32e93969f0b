/*
 * What is kept from one run to the next, as the server hears of it: cursors,
 * how far one has seen, staying a member.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chat/apply_state.h"
#include "rig.h"

static struct rig rig;
static struct room *room;

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

TestSuite(apply_kept, .init = begin, .fini = end);

/* As places.h puts a room into the model. */
static void
had(const char *name, uint32_t number, uint64_t seq, uint64_t seen)
{
	room = rig_room(&rig, name);
	room->is_wanted = true;
	room->number = number;
	room->seq = room->head = seq;
	room->seen = seen;
}

static void
tick(int64_t by_ms)
{
	rig.now_ms += by_ms;
	cr_assert(apply_tick(rig.apply, rig.now_ms));
}

#define HELLO "C hello version=1 nick=ana"
#define WELCOME                                                                \
	"S welcome version=1 log=$log epoch=1 nick=ana server=test "           \
	"frame=65536 text=16384 rooms=64 ping=30000"

/* Back in #lobby, which has ten entries, the server knowing of seen. */
static void
come_back(uint64_t seen)
{
	char belongs[80], attached[100];

	snprintf(belongs, sizeof(belongs),
	    "S belongs room=7 name=#lobby head=10 seen=%llu",
	    (unsigned long long)seen);
	snprintf(attached, sizeof(attached),
	    "S attached ref=$a room=7 name=#lobby first=9 head=10 seen=%llu",
	    (unsigned long long)seen);
	apply_begin(rig.apply, rig.now_ms);
	RIG(&rig, HELLO, WELCOME, "C ping token=$t", belongs,
	    "C attach room=#lobby seq=8 ref=$a", attached, "S pong token=$t",
	    "C names ref=$n", "S done ref=$n", "C -");
}

Test(apply_kept, a_room_is_taken_up_where_it_was_left)
{
	had("#lobby", 7, 8, 8);
	come_back(8);
	RIG(&rig, "S entry room=7 seq=9 kind=said who=bob text=nine",
	    "S entry room=7 seq=10 kind=said who=bob text=ten");
	cr_expect_str_eq(rig_line(room, 0), "bob|ten");
	cr_expect_str_eq(rig_line(room, 1), "bob|nine");
	cr_expect_eq(room->unread, 2);
}

Test(apply_kept, cursors_of_another_log_are_void)
{
	had("#lobby", 7, 8, 8);
	rig.model->log = (struct id){ { 99 } };
	apply_begin(rig.apply, rig.now_ms);
	RIG(&rig, HELLO, WELCOME, "C join room=#lobby", "C ping", "C -");
	cr_expect_eq(room->seen, 0);
}

Test(apply_kept, what_another_run_has_seen_is_seen)
{
	had("#lobby", 7, 8, 3);
	room->unread = 5;
	room->mentions = 1;
	come_back(8);
	cr_expect_eq(room->seen, 8);
	cr_expect_eq(room->unread, 0);
	cr_expect_eq(room->mentions, 0);
	tick(0);
	RIG(&rig, "C -");
}

Test(apply_kept, what_was_not_seen_stays_unread)
{
	had("#lobby", 7, 8, 3);
	room->unread = 5;
	come_back(3);
	cr_expect_eq(room->seen, 3);
	cr_expect_eq(room->unread, 5);
}

Test(apply_kept, how_far_one_has_seen_is_told_now_and_then)
{
	had("#lobby", 7, 8, 3);
	come_back(3);
	cr_expect_eq(apply_seen_wait(rig.apply, rig.now_ms), -1);
	room->seen = 5;
	cr_expect_eq(apply_seen_wait(rig.apply, rig.now_ms), 0);
	tick(0);
	RIG(&rig, "C seen room=#lobby seq=5 ref=$s", "S done ref=$s", "C -");
	room->seen = 6;
	cr_expect_eq(apply_seen_wait(rig.apply, rig.now_ms), 2000);
	tick(1999);
	room->seen = 8;
	RIG(&rig, "C -");
	tick(1);
	RIG(&rig, "C seen room=#lobby seq=8 ref=$s", "S done ref=$s", "C -");
	tick(5000);
	RIG(&rig, "C -");
}

Test(apply_kept, what_was_seen_without_a_connection_is_told_later)
{
	had("#lobby", 7, 8, 3);
	come_back(3);
	apply_over(rig.apply);
	buf_clear(&rig.out);
	room->seen = 8;
	come_back(3);
	tick(0);
	RIG(&rig, "C seen room=#lobby seq=8", "C -");
}

Test(apply_kept, at_the_end_it_is_told_as_well)
{
	had("#lobby", 7, 8, 3);
	come_back(3);
	room->seen = 5;
	tick(0);
	RIG(&rig, "C seen room=#lobby seq=5");
	room->seen = 6;
	apply_bye(rig.apply, SLICE("so long"), true);
	RIG(&rig, "C seen room=#lobby seq=6", "C bye text=\"so long\" stays=1",
	    "C -");
}

Test(apply_kept, one_may_leave_all_rooms)
{
	rig_enter(&rig);
	apply_bye(rig.apply, SLICE(""), false);
	RIG(&rig, "C bye stays=0", "C -");
}

/* It may be in the old log, or not: nobody knows any more. */
Test(apply_kept, what_a_restored_server_may_have_lost_is_sent_anew)
{
	rig_enter(&rig);
	room = rig_join(&rig, "#lobby");
	apply_say(rig.apply, room, ENTRY_SAID, SLICE("hello"), rig.now_ms);
	RIG(&rig, "C say n=1 text=hello");
	rig_cut(&rig);
	RIG(&rig,
	    "S welcome version=1 log=$other epoch=1 nick=ana server=test "
	    "frame=65536 text=16384 rooms=64 ping=30000",
	    "C join room=#lobby ref=$j", "C ping",
	    "S attached ref=$j room=3 name=#lobby first=1 head=0",
	    "C names room=#lobby", "C say n=1 text=hello", "C -");
	cr_expect_not_null(strstr(buf_string(&rig.heard),
	    "1 message is sent again: whether it was stored before"));
}
