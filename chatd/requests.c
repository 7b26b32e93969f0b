#include "requests.h"

#include "hub.h"
#include "session.h"
#include "sock.h"

#define HANDLER(name)                                                          \
	static enum refusal do_##name(                                         \
	    struct session *s, const union message *m)                         \
	{                                                                      \
		return hub_##name(                                             \
		    session_hub(s), session_client(s), &m->name);              \
	}

HANDLER(hello)
HANDLER(attach)
HANDLER(join)
HANDLER(part)
HANDLER(say)
HANDLER(nick)
HANDLER(topic)
HANDLER(names)
HANDLER(list)
HANDLER(history)
HANDLER(search)
HANDLER(seen)
HANDLER(ask)
HANDLER(offer)
HANDLER(fetch)
HANDLER(data)
HANDLER(credit)
HANDLER(whole)
HANDLER(verified)
HANDLER(cancel)
HANDLER(withdraw)
HANDLER(files)

static enum refusal
do_who(struct session *s, const union message *m)
{
	char peer[SOCK_TEXT], local[SOCK_TEXT];

	session_addresses(s, peer, local);
	return hub_who(session_hub(s), session_client(s), &m->who,
	    slice_of(peer), slice_of(local));
}

static enum refusal
do_ping(struct session *s, const union message *m)
{
	union message pong = { .pong = { MSG_PONG, m->ping.token } };

	session_tell(s, &pong);
	return FINE;
}

/* That something came is all a pong says, and the session knows already. */
static enum refusal
do_pong(struct session *s, const union message *m)
{
	(void)s;
	(void)m;
	return FINE;
}

static enum refusal
do_bye(struct session *s, const union message *m)
{
	session_bye(s, &m->bye);
	return FINE;
}

#define do_welcome  NULL
#define do_belongs  NULL
#define do_attached NULL
#define do_detached NULL
#define do_stored   NULL
#define do_entry    NULL
#define do_gap	    NULL
#define do_refused  NULL
#define do_done	    NULL
#define do_member   NULL
#define do_person   NULL
#define do_listed   NULL
#define do_presence NULL
#define do_unsure   NULL
#define do_past	    NULL
#define do_answered NULL
#define do_leg	    NULL
#define do_held	    NULL
#define do_filed    NULL

static enum refusal (*const handlers[256])(
    struct session *, const union message *) = {
#define MESSAGE(NAME, name, no, from, when, cost, meaning) [no] = do_##name,
#include "protocol.def"
};

enum refusal
requests_handle(struct session *s, const union message *m)
{
	return handlers[m->type](s, m);
}
