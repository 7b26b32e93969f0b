#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chat/places.h"
#include "xmalloc.h"

static struct model *m;
static struct places places;
static struct buf file;

static void
begin(void)
{
	m = model_new();
}

static void
end(void)
{
	model_free(m);
	places_done(&places);
	buf_done(&file);
}

TestSuite(places, .init = begin, .fini = end);

static void
set_target(const char *address)
{
	free(m->target);
	m->target = xstrdup(address);
}

static struct room *
add_room(const char *name, uint32_t number, uint64_t seq)
{
	struct room *room = model_room_open(m, slice_of(name));

	room->is_wanted = true;
	room->number = number;
	room->seq = seq;
	return room;
}

static bool
write_file(void)
{
	buf_clear(&file);
	return places_write(&places, m, &file);
}

/* Another run, with that target. */
static void
start_again(const char *address)
{
	model_free(m);
	places_done(&places);
	places = (struct places){ .last = { 0 } };
	m = model_new();
	set_target(address);
	places_read(&places, m, buf_slice(&file));
}

/* Names of the rooms there are. */
static const char *
rooms(void)
{
	static char text[128];

	text[0] = '\0';
	for (size_t i = 1; i < m->n_rooms; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s ", m->rooms[i]->name);
	return text;
}

Test(places, come_back_in_their_order)
{
	struct room *room;

	m->log = (struct id){ { 5 } };
	add_room("#b", 3, 17)->seen = 11;
	room = add_room("#a", 2, 4);
	model_look(m, room);
	room->unread = 6;
	room->mentions = 1;
	add_room("bob", 9, 1)->draft = xstrdup("half a\nline");
	add_room("#gone", 4, 8)->is_wanted = false;
	model_room_open(m, SLICE("#closed"))->is_open = false;
	cr_expect(write_file());
	start_again("");
	cr_expect_str_eq(rooms(), "#b #a bob #gone ");
	cr_expect_eq(m->log.byte[0], 5);
	room = model_room(m, SLICE("#b"));
	cr_expect(room->is_wanted);
	cr_expect_eq(room->number, 3);
	cr_expect_eq(room->seq, 17);
	cr_expect_eq(room->head, 17);
	cr_expect_eq(room->seen, 11);
	cr_expect_null(room->draft);
	cr_expect_str_eq(m->looked_at->name, "#a");
	cr_expect_eq(m->looked_at->unread, 6);
	cr_expect_eq(m->looked_at->mentions, 1);
	cr_expect_str_eq(model_room(m, SLICE("bob"))->draft, "half a\nline");
	cr_expect(model_room(m, SLICE("bob"))->is_direct);
	cr_expect_not(model_room(m, SLICE("#gone"))->is_wanted);
}

Test(places, are_written_when_they_changed)
{
	struct room *room = add_room("#a", 1, 1);

	cr_expect(write_file());
	cr_expect_not(write_file());
	room->seq++;
	cr_expect(write_file());
	places_lost(&places);
	cr_expect(write_file());
}

Test(places, those_of_other_servers_stay)
{
	char address[32];

	add_room("#here", 1, 1);
	write_file();
	start_again("host:1");
	cr_expect_str_eq(rooms(), "");
	add_room("#there", 7, 7);
	write_file();
	start_again("");
	cr_expect_str_eq(rooms(), "#here ");
	write_file();
	start_again("host:1");
	cr_expect_str_eq(rooms(), "#there ");
	for (int i = 0; i < PLACES_SERVERS; i++) {
		snprintf(address, sizeof(address), "more:%d", i);
		start_again(address);
		add_room("#more", 1, 1);
		write_file();
	}
	start_again("host:1");
	cr_expect_str_eq(rooms(), "", "it is forgotten");
	start_again("more:0");
	cr_expect_str_eq(rooms(), "#more ");
}

Test(places, another_target_keeps_those_of_the_one_before)
{
	add_room("#here", 1, 1);
	write_file();
	set_target("host:1");
	add_room("#there", 2, 2);
	write_file();
	start_again("");
	cr_expect_str_eq(rooms(), "#here ");
	start_again("host:1");
	cr_expect_str_eq(rooms(), "#here #there ");
}

Test(places, damaged_ones_do_no_harm)
{
	struct buf whole = { 0 };

	add_room("#a", 1, 1)->draft = xstrdup("draft");
	add_room("#b", 2, 2);
	write_file();
	buf_add_slice(&whole, buf_slice(&file));
	for (size_t len = 0; len < whole.len; len++) {
		buf_clear(&file);
		buf_add(&file, buf_at(&whole), len);
		start_again("");
		cr_expect_str_eq(rooms(), "", "%zu bytes", len);
	}
	for (size_t i = 0; i < 8 * whole.len; i++) {
		buf_clear(&file);
		buf_add_slice(&file, buf_slice(&whole));
		buf_at(&file)[i / 8] ^= (uint8_t)(1u << i % 8);
		start_again("");
		cr_expect_str_eq(rooms(), "", "bit %zu", i);
	}
	buf_done(&whole);
}
