#include <criterion/criterion.h>
#include <stdio.h>

#include "../chatd/room.h"
#include "../chatd/user.h"

static struct user *
add(struct users *users, uint8_t device, const char *nick)
{
	struct id id = { { device } };
	struct name_key key;

	cr_assert_eq(names_nick(slice_of(nick), &key), FINE);
	return users_add(users, &id, slice_of(nick), &key);
}

static void
drop(struct users *users, struct user *u)
{
	users_remove(users, u);
	user_free(u);
}

Test(user, found_by_nick_in_any_case_and_by_device)
{
	struct users users = { 0 };
	struct user *ann = add(&users, 1, "Ann"), *bob = add(&users, 2, "bob");
	struct name_key key;

	cr_expect_eq(users_nick(&users, SLICE("aNN")), ann);
	cr_expect_eq(users_nick(&users, SLICE("bob")), bob);
	cr_expect_null(users_nick(&users, SLICE("carl")));
	cr_expect_eq(users_device(&users, &(struct id){ { 2 } }), bob);
	cr_expect_null(users_device(&users, &(struct id){ { 3 } }));
	names_nick(SLICE("Anna"), &key);
	users_rename(&users, ann, SLICE("Anna"), &key);
	cr_expect_null(users_nick(&users, SLICE("ann")));
	cr_expect_eq(users_nick(&users, SLICE("anna")), ann);
	cr_expect(slice_is(ann->nick, SLICE("Anna")));
	drop(&users, ann);
	cr_expect_null(users_nick(&users, SLICE("anna")));
	drop(&users, bob);
}

Test(user, a_guest_gets_a_nick_nobody_has)
{
	struct users users = { 0 };
	struct user *a = add(&users, 1, "guest7"),
		    *b = add(&users, 2, "guest8");
	char nick[NAMES_NICK_MAX + 1];

	users_guest(&users, "", 10007, nick);
	cr_expect_str_eq(nick, "guest9");
	users_guest(&users, "", UINT32_MAX, nick);
	cr_expect_eq(names_nick(slice_of(nick), NULL), FINE);
	drop(&users, a);
	drop(&users, b);
}

Test(user, a_direct_conversation_is_found_from_both_ends)
{
	struct users users = { 0 };
	struct user *a = add(&users, 1, "ann"), *b = add(&users, 2, "bob"),
		    *c = add(&users, 3, "carl");
	struct room *room = room_new(1, SLICE(""), NULL);

	a->members = room_member_add(room, a);
	b->members = room_member_add(room, b);
	cr_expect_eq(users_direct(a, b), room);
	cr_expect_eq(users_direct(b, a), room);
	cr_expect_null(users_direct(a, c));
	cr_expect_null(users_direct(c, a));
	cr_expect_eq(room_other(room, a), b);
	cr_expect_eq(user_member(a, room), a->members);
	cr_expect_null(user_member(c, room));
	room_member_remove(room, b->members);
	cr_expect_null(room_other(room, a));
	room_member_remove(room, a->members);
	room_free(room);
	drop(&users, a);
	drop(&users, b);
	drop(&users, c);
}
