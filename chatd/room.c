#include "room.h"

#include <assert.h>
#include <stdlib.h>

#include "blob.h"
#include "client.h"
#include "entry.h"
#include "xmalloc.h"

struct page_read {
	struct store_read job;
	struct seat *seat; /* NULL: gone meanwhile */
	void (*ready)(struct seat *);
};

struct room *
room_new(uint32_t number, struct slice name, const struct name_key *key)
{
	struct room *room = xcalloc(1, sizeof *room);

	room->number = number;
	room->name = xstrndup(name.at, name.len);
	room->topic = xstrdup("");
	if (key != NULL) {
		room->key = xstrndup(key->at, key->len);
		room->key_len = key->len;
	} else {
		room->is_direct = true;
	}
	recent_init(&room->recent, 1);
	return room;
}

void
room_free(struct room *room)
{
	assert(room->n_members == 0 && room->seats == NULL && room->jobs == 0);
	recent_done(&room->recent);
	free(room->members);
	free(room->name);
	free(room->key);
	free(room->topic);
	free(room);
}

uint64_t
room_head(const struct room *room)
{
	return room->recent.next - 1;
}

void
room_topic(struct room *room, struct slice topic)
{
	free(room->topic);
	room->topic = xstrndup(topic.at, topic.len);
}

/* ---- members ---- */

/* Index of the first with an order above after. */
static size_t
member_index(const struct room *room, uint64_t after)
{
	size_t low = 0, high = room->n_members;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (room->members[mid]->order > after)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

struct member *
room_member_after(const struct room *room, uint64_t after)
{
	size_t i = member_index(room, after);

	return i < room->n_members ? room->members[i] : NULL;
}

struct member *
room_member_add(struct room *room, struct user *user)
{
	struct member *m = xcalloc(1, sizeof *m);

	if (room->n_members == room->cap_members) {
		room->cap_members =
		    room->cap_members != 0 ? room->cap_members * 2 : 2;
		room->members = xrealloc(
		    room->members, room->cap_members, sizeof *room->members);
	}
	m->user = user;
	m->room = room;
	m->order = ++room->order;
	room->members[room->n_members++] = m;
	return m;
}

void
room_member_remove(struct room *room, struct member *m)
{
	size_t i = member_index(room, m->order - 1);

	assert(i < room->n_members && room->members[i] == m);
	room->n_members--;
	memmove(room->members + i, room->members + i + 1,
	    (room->n_members - i) * sizeof(struct member *));
	free(m);
}

/* ---- seats ---- */

struct seat *
client_seat(const struct client *client, const struct room *room)
{
	struct seat *s = client->seats;

	while (s != NULL && s->room != room)
		s = s->next_of_client;
	return s;
}

static void
seat_forget_page(struct seat *s)
{
	if (s->reading != NULL)
		s->reading->seat = NULL;
	s->reading = NULL;
	blob_unref(s->page);
	s->page = NULL;
}

struct seat *
room_seat(struct room *room, struct client *client, uint64_t cursor)
{
	struct seat *s = client_seat(client, room);

	if (s == NULL) {
		s = xcalloc(1, sizeof *s);
		s->room = room;
		s->client = client;
		DL_APPEND(room->seats, s);
		LL_PREPEND2(client->seats, s, next_of_client);
	}
	seat_forget_page(s);
	s->cursor = cursor;
	s->last = 0;
	return s;
}

void
seat_free(struct seat *s)
{
	struct client *client = s->client;

	if (s->is_waiting)
		LL_DELETE2(client->waiting, s, next_waiting);
	LL_DELETE2(client->seats, s, next_of_client);
	DL_DELETE(s->room->seats, s);
	seat_forget_page(s);
	free(s);
}

/* The number behind the last entry this seat is to have, as things are. */
static uint64_t
seat_end(const struct seat *s)
{
	uint64_t next = s->room->recent.next;

	return s->last != 0 && s->last < next ? s->last + 1 : next;
}

bool
seat_has_more(const struct seat *s)
{
	return s->cursor < seat_end(s) || s->last != 0;
}

/* A message of the seat's own, as a piece between entries. */
static struct blob *
encoded(const struct seat *s, const union message *m)
{
	struct buf bytes = { 0 };
	struct blob *blob;

	s->client->dialect->write(s->client->kept, &bytes, m);
	blob = blob_new(bytes.len);
	blob_add(blob, buf_at(&bytes), bytes.len);
	buf_done(&bytes);
	return blob;
}

static void
page_fill(struct seat *s, const struct store_read *job)
{
	const struct dialect *dialect = s->client->dialect;
	/* What is between the last one read and the newest in memory is gone
	 * from the store, if the store has nothing. */
	uint64_t first = job->got != 0 ? job->first : s->room->recent.first;
	struct slice room = slice_of(s->room->name);
	struct buf bytes = { 0 };
	union message m;

	if (first > s->cursor) {
		m.gap = (struct msg_gap){ MSG_GAP, s->room->number, first };
		dialect->share(&bytes, room, &m);
	}
	for (unsigned i = 0; i < job->got; i++) {
		entry_message(job->entries[i], &m);
		dialect->share(&bytes, room, &m);
	}
	s->page = blob_new(bytes.len);
	blob_add(s->page, buf_at(&bytes), bytes.len);
	s->page_end = first + job->got;
	buf_done(&bytes);
}

static void
page_done(struct store_read *job)
{
	struct page_read *read = (struct page_read *)job;
	struct seat *s = read->seat;

	if (s != NULL) {
		s->reading = NULL;
		page_fill(s, job);
		read->ready(s);
	}
	for (unsigned i = 0; i < job->got; i++)
		entry_unref(job->entries[i]);
	free(job->entries);
	free(read);
}

static void
page_ask(struct seat *s, struct store *store, void (*ready)(struct seat *))
{
	struct page_read *read = xcalloc(1, sizeof *read);
	uint64_t left = seat_end(s) - s->cursor;

	read->seat = s;
	read->ready = ready;
	read->job = (struct store_read){
		.done = page_done,
		.room = s->room->number,
		.from = s->cursor,
		.n = left < ROOM_PAGE_ENTRIES ? (unsigned)left
					      : ROOM_PAGE_ENTRIES,
		.bytes = ROOM_PAGE_BYTES,
	};
	s->reading = read;
	store_read(store, &read->job);
}

static struct piece
whole(struct blob *blob)
{
	return (struct piece){ blob, blob->data, blob->len };
}

size_t
seat_pull(struct seat *s, struct store *store, void (*ready)(struct seat *),
    struct piece *pieces, size_t max, size_t bytes, bool *is_over)
{
	size_t n = 0;

	*is_over = false;
	if (s->reading != NULL || max == 0)
		return 0;
	if (s->page != NULL) {
		pieces[n++] = whole(s->page);
		s->cursor = s->page_end;
		s->page = NULL;
	} else if (s->cursor < seat_end(s)) {
		if (s->cursor < s->room->recent.first) {
			page_ask(s, store, ready);
			return 0;
		}
		n = recent_pull(&s->room->recent, s->client->dialect,
		    slice_of(s->room->name), &s->cursor, seat_end(s), pieces,
		    max, bytes);
	}
	if (s->last != 0 && s->cursor > s->last && n < max) {
		union message m = { .detached = { MSG_DETACHED, s->last_ref,
					s->room->number } };

		pieces[n++] = whole(encoded(s, &m));
		*is_over = true;
	}
	return n;
}
