/*
 * What an operator is shown of the hub: figures, and the rooms.
 */
#include "hub.h"
#include "hub_files.h"
#include "hub_state.h"

struct hub_figures
hub_figures(const struct hub *hub)
{
	struct hub_figures f = hub->figures;

	f.users = HASH_CNT(hh_device, hub->users.by_device);
	for (struct user *u = hub->users.by_device; u != NULL;
	     u = u->hh_device.next) {
		f.members += u->n_members;
	}
	for (struct room *r = hub->active; r != NULL; r = r->next_active)
		f.encodings += r->recent.encodings;
	f.files = HASH_COUNT(hub->files);
	for (struct file *file = hub->files; file != NULL; file = file->hh.next)
		f.file_bytes += file->have;
	return f;
}

/* The table keeps the order in which rooms were added: by number. */
static struct room *
first_above(const struct hub *hub, uint32_t after)
{
	struct room *room = hub_room_numbered(hub, after);

	if (room != NULL)
		return room->hh_number.next;
	room = hub->numbered;
	while (room != NULL && room->number <= after)
		room = room->hh_number.next;
	return room;
}

uint32_t
hub_each_room(const struct hub *hub, uint32_t after, unsigned max,
    void (*row)(void *arg, const struct hub_room_row *), void *arg)
{
	struct room *room = first_above(hub, after);
	uint32_t last = 0;

	for (; room != NULL && max != 0; room = room->hh_number.next, max--) {
		last = room->number;
		if (room->is_direct)
			continue;
		row(arg,
		    &(struct hub_room_row){
			.name = slice_of(room->name),
			.members = (unsigned)room->n_members,
			.head = room_head(room),
			.bytes = room->recent.bytes,
		    });
	}
	return room != NULL ? last : 0;
}
