/*
 * What the server says about files, handed on; and how transfers speak to it.
 */
#include <stdlib.h>
#include <sysexits.h>

#include "apply_state.h"
#include "codec.h"

static uint32_t
ask(void *arg, union message *m)
{
	struct apply *a = arg;

	return apply_ask(a, m, a->model->rooms[0], true)->ref;
}

static void
send(void *arg, const union message *m)
{
	struct apply *a = arg;

	codec_encode(a->out, m);
}

/* Who holds the lock tells the face when letting go of it. */
static void
changed(void *arg, struct transfer *t)
{
	apply_moved(arg, t);
}

struct transfers *
apply_files(struct apply *a, const struct transfers_options *o)
{
	const struct transfer_ops ops = { ask, send, changed, a };

	a->transfers = transfers_new(a->model, &ops, o);
	return a->transfers;
}

static bool
hear(struct apply *a, const union message *m)
{
	char why[160];

	if (a->transfers == NULL ||
	    transfers_hear(a->transfers, m, why, sizeof(why)))
		return true;
	return apply_fail(a, false, EX_PROTOCOL, "%s", why);
}

bool
hear_leg(struct apply *a, const union message *m)
{
	struct asked *asked = asking_find(&a->asking, m->leg.ref);

	if (asked == NULL ||
	    (asked->type != MSG_OFFER && asked->type != MSG_FETCH))
		return true;
	apply_answered(a, asked);
	return hear(a, m);
}

bool
apply_file_refused(
    struct apply *a, const struct asked *asked, const struct msg_refused *r)
{
	if (asked->type != MSG_OFFER && asked->type != MSG_FETCH)
		return false;
	hear(a, &(union message){ .refused = *r });
	return true;
}

#define HEAR(name)                                                             \
	bool hear_##name(struct apply *a, const union message *m)              \
	{                                                                      \
		return hear(a, m);                                             \
	}

HEAR(data)
HEAR(credit)
HEAR(whole)
HEAR(verified)
HEAR(cancel)
HEAR(held)
