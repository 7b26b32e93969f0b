#include "answers.h"

#include <stdlib.h>

#include "bucket.h"
#include "settings.h"
#include "table.h"

/* A room in which an answer is given. */
struct place {
	struct name_key room;
	int64_t next_ms; /* not before */
};

struct answer {
	struct name_key key;
	char *text;
	struct place *places;
	size_t n_places;
	UT_hash_handle hh;
};

struct answers {
	struct answer *by_key;
	char *standard;
	struct bucket bucket;
};

static struct slice
trim(struct slice s)
{
	while (s.len != 0 && strchr(" \t\r", s.at[0]) != NULL)
		s = (struct slice){ s.at + 1, s.len - 1 };
	while (s.len != 0 && strchr(" \t\r", s.at[s.len - 1]) != NULL)
		s.len--;
	return s;
}

static struct answer *
find(const struct answers *a, struct slice question)
{
	struct answer *found = NULL;
	struct name_key key;

	if (names_key(trim(question), &key))
		HASH_FIND(hh, a->by_key, key.at, key.len, found);
	return found;
}

static void
add(struct answers *a, const struct record *r)
{
	struct answer *new;
	struct name_key key;

	/* The settings have none that are the same, or without a key. */
	if (!names_key(trim(slice_of(r->key)), &key))
		return;
	new = xcalloc(1, sizeof(*new));
	new->key = key;
	new->text = xstrdup(r->value);
	new->places = xcalloc(r->rooms.n + 1, sizeof(*new->places));
	for (size_t i = 0; i < r->rooms.n; i++)
		if (names_room(slice_of(r->rooms.at[i].string),
			&new->places[new->n_places].room) == FINE)
			new->places[new->n_places++].next_ms = INT64_MIN;
	HASH_ADD_KEYPTR(hh, a->by_key, new->key.at, new->key.len, new);
}

struct answers *
answers_new(const struct settings *s)
{
	struct answers *a = xcalloc(1, sizeof(*a));

	a->standard = xstrdup(s->answers_standard);
	for (size_t i = 0; i < s->answers_table.n; i++)
		add(a, &s->answers_table.at[i]);
	return a;
}

void
answers_free(struct answers *a)
{
	struct answer *at, *next;

	if (a == NULL)
		return;
	HASH_ITER(hh, a->by_key, at, next)
	{
		HASH_DEL(a->by_key, at);
		free(at->text);
		free(at->places);
		free(at);
	}
	free(a->standard);
	free(a);
}

struct slice
answers_find(const struct answers *a, struct slice question)
{
	const struct answer *found = find(a, question);

	return slice_of(found != NULL ? found->text : a->standard);
}

static struct place *
place_of(const struct answer *answer, const char *room, size_t len)
{
	size_t i;

	for (i = 0; i < answer->n_places; i++)
		if (answer->places[i].room.len == len &&
		    memcmp(answer->places[i].room.at, room, len) == 0)
			return &answer->places[i];
	return NULL;
}

struct slice
answers_overhear(struct answers *a, const char *room, size_t room_len,
    struct slice said, int64_t now_ms)
{
	struct answer *found;
	struct place *place;

	if (a->by_key == NULL || said.len < 2 || said.at[0] != '!')
		return SLICE("");
	found = find(a, (struct slice){ said.at + 1, said.len - 1 });
	place = found != NULL ? place_of(found, room, room_len) : NULL;
	if (place == NULL || now_ms < place->next_ms ||
	    bucket_take(&a->bucket, 1, ANSWERS_RATE, ANSWERS_BURST, now_ms) !=
		0)
		return SLICE("");
	place->next_ms = now_ms + ANSWERS_PAUSE_MS;
	return slice_of(found->text);
}
