#include <criterion/criterion.h>

#include "../chatd/room.h"
#include "../chatd/user.h"

static const unsigned orders[] = { 1, 2, 3, 4, 5 };
enum { MEMBERS = sizeof orders / sizeof *orders };

Test(room, members_stand_in_the_order_they_came)
{
	struct name_key key;
	struct user users[MEMBERS] = { { .n_members = 0 } };
	struct member *m[MEMBERS];
	struct room *room;
	uint64_t after = 0;

	names_room(SLICE("#Lobby"), &key);
	room = room_new(7, SLICE("#Lobby"), &key);
	cr_expect_str_eq(room->name, "#Lobby");
	cr_expect_not(room->is_direct);
	cr_expect_eq(room_head(room), 0);
	for (int i = 0; i < MEMBERS; i++) {
		m[i] = room_member_add(room, &users[i]);
		cr_expect_eq(m[i]->order, orders[i]);
	}
	room_member_remove(room, m[2]);
	for (int i = 0; i < MEMBERS; i++) {
		if (i == 2)
			continue;
		cr_expect_eq(room_member_after(room, after), m[i]);
		after = m[i]->order;
	}
	cr_expect_null(room_member_after(room, after));
	for (int i = 0; i < MEMBERS; i++)
		if (i != 2)
			room_member_remove(room, m[i]);
	cr_expect_eq(room->n_members, 0);
	room_topic(room, SLICE("a\tb"));
	cr_expect_str_eq(room->topic, "a\tb");
	room_free(room);
}
