#include "undo.h"

#include <stdlib.h>

#include "xmalloc.h"

static struct undo_step *
step(const struct undo *u, size_t i)
{
	return &u->step[(u->first + i) % UNDO_MAX];
}

static void
forget(struct undo_step *s)
{
	buf_done(&s->before);
	buf_done(&s->after);
}

void
undo_done(struct undo *u)
{
	for (size_t i = 0; i < u->n; i++)
		forget(step(u, i));
	free(u->step);
	*u = (struct undo){ 0 };
}

static void
make_room(struct undo *u)
{
	if (u->step == NULL)
		u->step = xcalloc(UNDO_MAX, sizeof(*u->step));
	for (; u->taken_back > 0; u->taken_back--)
		forget(step(u, --u->n));
	if (u->n < UNDO_MAX)
		return;
	forget(step(u, 0));
	u->first = (u->first + 1) % UNDO_MAX;
	u->n--;
}

void
undo_add(struct undo *u, size_t at, struct slice before, struct slice after,
    size_t cursor)
{
	make_room(u);
	struct undo_step *s = step(u, u->n++);
	*s = (struct undo_step){ .at = at, .cursor = cursor };
	buf_add_slice(&s->before, before);
	buf_add_slice(&s->after, after);
}

struct undo_step *
undo_newest(struct undo *u)
{
	return u->n > 0 && u->taken_back == 0 ? step(u, u->n - 1) : NULL;
}

const struct undo_step *
undo_back(struct undo *u)
{
	if (u->taken_back == u->n)
		return NULL;
	u->taken_back++;
	return step(u, u->n - u->taken_back);
}

const struct undo_step *
undo_forth(struct undo *u)
{
	if (u->taken_back == 0)
		return NULL;
	u->taken_back--;
	return step(u, u->n - u->taken_back - 1);
}
