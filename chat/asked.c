#include "asked.h"

#include <stdlib.h>

#include "codec.h"
#include "xmalloc.h"

/* Every request but say begins with its ref. */
static void
encode(struct asked *asked, union message *m)
{
	m->join.ref = asked->ref;
	buf_clear(&asked->frame);
	codec_encode(&asked->frame, m);
}

static void
put(struct asked *asked, struct buf *out)
{
	asked->tries++;
	asked->again_ms = 0;
	buf_add_slice(out, buf_slice(&asked->frame));
}

struct asked *
asking_add(struct asking *a, struct buf *out, union message *m,
    struct room *room, bool is_own)
{
	struct asked *asked = xcalloc(1, sizeof(*asked));

	if (++a->ref == 0)
		a->ref = 1;
	asked->ref = a->ref;
	asked->type = m->type;
	asked->room = room;
	asked->is_own = is_own;
	asked->next = a->first;
	a->first = asked;
	encode(asked, m);
	put(asked, out);
	return asked;
}

void
asking_go_on(struct asked *asked, struct buf *out, union message *m)
{
	asked->tries = 0;
	encode(asked, m);
	put(asked, out);
}

struct asked *
asking_find(const struct asking *a, uint64_t ref)
{
	struct asked *asked = a->first;

	while (asked != NULL && asked->ref != ref)
		asked = asked->next;
	return asked;
}

bool
asking_has(
    const struct asking *a, const struct room *room, enum message_type type)
{
	const struct asked *asked = a->first;

	while (asked != NULL && !(asked->room == room && asked->type == type))
		asked = asked->next;
	return asked != NULL;
}

bool
asking_postpone(struct asked *asked, int64_t again_ms)
{
	if (asked->tries >= ASKED_TRIES)
		return false;
	asked->again_ms = again_ms;
	return true;
}

void
asking_resend(struct asking *a, struct buf *out, int64_t now_ms)
{
	struct asked *asked;

	for (asked = a->first; asked != NULL; asked = asked->next)
		if (asked->again_ms != 0 && asked->again_ms <= now_ms)
			put(asked, out);
}

int64_t
asking_wait(const struct asking *a, int64_t now_ms)
{
	const struct asked *asked;
	int64_t wait = -1;

	for (asked = a->first; asked != NULL; asked = asked->next) {
		int64_t left = asked->again_ms - now_ms;
		if (asked->again_ms == 0)
			continue;
		if (left < 0)
			left = 0;
		if (wait < 0 || left < wait)
			wait = left;
	}
	return wait;
}

void
asking_drop(struct asking *a, struct asked *asked)
{
	struct asked **at = &a->first;

	while (*at != asked)
		at = &(*at)->next;
	*at = asked->next;
	buf_done(&asked->frame);
	buf_done(&asked->words);
	free(asked);
}
