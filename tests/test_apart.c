/* What the client's half of the protocol does for who only reads. */
#include <criterion/criterion.h>

#include "../chat/apply_state.h"
#include "rig.h"

static struct rig rig;
static unsigned answers;

static void
hear_answer(void *arg, const union message *m)
{
	(void)arg;
	cr_expect(m->type == MSG_DONE || m->type == MSG_REFUSED);
	answers++;
}

static void
begin(void)
{
	rig_init(&rig);
	apply_keep_apart(rig.apply, false);
	rig_enter(&rig);
	buf_clear(&rig.heard);
}

static void
end(void)
{
	rig_done(&rig);
}

TestSuite(apart, .init = begin, .fini = end);

/* #tea, read up to this entry without being in it; then joined. */
static struct room *
join_behind(uint64_t seq)
{
	struct room *room = rig_room(&rig, "#tea");
	union message m = { .join = { MSG_JOIN, 0, SLICE("#tea") } };

	room->seq = seq;
	cr_assert(apply_request(rig.apply, &m, room));
	RIG(&rig, "C join ref=$j room=#tea");
	return room;
}

static void
hears(const char *words)
{
	cr_expect_str_eq(buf_string(&rig.heard), words);
	buf_clear(&rig.heard);
}

Test(apart, leaves_rooms_alone)
{
	struct room *room;

	RIG(&rig, "S belongs room=7 name=#tea head=10 seen=3",
	    "S belongs room=8 name=bob head=2 seen=0", "C -");
	room = rig_room(&rig, "#tea");
	cr_expect_eq(room->head, 10);
	cr_expect_eq(room->seen, 3);
	cr_expect_not(room->is_attached);
	cr_expect_not(room->is_wanted);
	RIG(&rig, "S attached ref=0 room=8 name=bob first=3 head=2", "C -",
	    "S entry room=8 seq=3 time=1 kind=said who=bob text=hi", "C -");
	hears("");
}

Test(apart, goes_on_behind_what_was_read)
{
	struct room *room = join_behind(2);

	RIG(&rig, "S attached ref=$j room=7 name=#tea first=1 head=3", "C -",
	    "S entry room=7 seq=1 time=1 kind=said who=bob text=one",
	    "S entry room=7 seq=2 time=1 kind=said who=bob text=two",
	    "S entry room=7 seq=3 time=1 kind=joined who=ana");
	hears("#tea joined ana \n");
	cr_expect_eq(room->seq, 3);
}

/* A newcomer is shown the end of the past alone. */
Test(apart, passes_nothing_over)
{
	struct room *room = join_behind(2);

	RIG(&rig, "S attached ref=$j room=7 name=#tea first=9 head=10",
	    "C attach ref=$a room=#tea seq=2",
	    "S entry room=7 seq=9 time=1 kind=said who=bob text=nine",
	    "S attached ref=$a room=7 name=#tea first=3 head=10", "C -",
	    "S entry room=7 seq=3 time=1 kind=said who=bob text=three");
	hears("#tea said bob three\n");
	cr_expect_eq(room->seq, 3);
}

/* The answer to the join was lost, but not the join. */
Test(apart, goes_on_where_it_has_become_a_member)
{
	struct room *room = join_behind(2);

	rig_cut(&rig);
	RIG(&rig,
	    "S welcome version=1 log=$log epoch=2 nick=ana frame=65536 "
	    "text=16384 rooms=64 ping=30000",
	    "C ping token=$t", "S belongs room=7 name=#tea head=90 seen=0",
	    "C attach ref=$a room=#tea seq=2", "S pong token=$t", "C -",
	    "S attached ref=$a room=7 name=#tea first=3 head=90", "C -");
	cr_expect(room->is_attached);
	cr_expect_eq(room->seq, 2);
}

/* It is another room by that name. */
Test(apart, begins_at_the_beginning_of_a_shorter_log)
{
	struct room *room = join_behind(20);

	RIG(&rig, "S attached ref=$j room=7 name=#tea first=5 head=9",
	    "C attach ref=$a room=#tea seq=0",
	    "S attached ref=$a room=7 name=#tea first=1 head=9", "C -",
	    "S entry room=7 seq=1 time=1 kind=said who=bob text=one");
	hears("#tea said bob one\n");
	cr_expect_eq(room->seq, 1);
}

Test(apart, what_is_asked_is_told)
{
	struct room *room = rig_room(&rig, "#tea");
	union message m = { .history = {
				MSG_HISTORY, 0, SLICE("#tea"), 3, 0, 200 } };

	rig.model->ears.answer = hear_answer;
	cr_assert(apply_request(rig.apply, &m, room));
	cr_expect_eq(rig.model->n_asked, 1);
	RIG(&rig, "C history ref=$h room=#tea from=3 since=0 n=200",
	    "S past ref=$h room=#Tea seq=3 time=1 kind=said who=bob text=a",
	    "S past ref=$h room=#Tea seq=4 time=1 kind=99 who=bob text=b",
	    "C -");
	hears("#Tea said bob a\n#Tea notice bob b\n");
	cr_expect_eq(answers, 0);
	RIG(&rig, "S done ref=$h seq=9 next=5", "C -");
	cr_expect_eq(answers, 1);
	cr_expect_eq(rig.model->n_asked, 0);
	cr_assert(apply_request(rig.apply, &m, room));
	RIG(&rig, "C history ref=$h",
	    "S refused request=history ref=$h code=room_unknown text=none",
	    "C -");
	cr_expect_eq(answers, 2);
	cr_expect_eq(rig.model->n_asked, 0);
}
