#include "reach.h"

#include <ctype.h>
#include <sysexits.h>

#include "sock.h"

void
reach_init(struct reach *r)
{
	pthread_mutex_init(&r->guard, NULL);
}

void
reach_done(struct reach *r)
{
	pthread_mutex_destroy(&r->guard);
}

bool
reach_abandon(struct reach *r)
{
	bool is_abandoned;

	pthread_mutex_lock(&r->guard);
	r->is_ending = true;
	r->is_abandoned = r->is_resolving;
	is_abandoned = r->is_abandoned;
	pthread_mutex_unlock(&r->guard);
	return is_abandoned;
}

/* False if it is not to begin, or must not have begun. */
static bool
enter(struct reach *r, bool is_resolving)
{
	bool may;

	pthread_mutex_lock(&r->guard);
	may = is_resolving ? !r->is_ending : !r->is_abandoned;
	r->is_resolving = is_resolving && may;
	pthread_mutex_unlock(&r->guard);
	return may;
}

static int
fail(struct buf *why, const char *address, const char *words)
{
	buf_printf(why, "%s%s: %c%s", why->len != 0 ? "; " : "", address,
	    tolower((unsigned char)words[0]), words + 1);
	return REACH_FAILED;
}

static int
reach_one(struct reach *r, const char *address, int64_t deadline_ms,
    struct buf *why, int *status)
{
	struct sock_addr addresses[DIAL_ADDRESSES];
	struct sock_name name;
	char where[SOCK_TEXT];
	const char *wrong = sock_parse(address, &name);
	size_t n = 0;
	int fd;

	*status = EX_USAGE;
	if (wrong != NULL)
		return fail(why, address, wrong);
	if (name.family == AF_UNSPEC)
		name.family = r->family;
	r->tell(r->stop.arg, false, address);
	if (!enter(r, true))
		return REACH_FAILED;
	wrong = sock_resolve(&name, false, addresses, DIAL_ADDRESSES, &n);
	if (!enter(r, false))
		return REACH_ABANDONED;
	*status = EX_NOHOST;
	if (wrong != NULL)
		return fail(why, address, wrong);
	r->tell(r->stop.arg, true, address);
	*status = EX_UNAVAILABLE;
	fd = dial(addresses, n, deadline_ms, &r->stop, where, why);
	if (fd >= 0)
		r->tell(r->stop.arg, true, where);
	return fd;
}

int
reach(struct reach *r, const char *address, int64_t deadline_ms,
    struct buf *why, int *status)
{
	char path[SOCK_TEXT];
	int fd;

	if (address != NULL)
		return reach_one(r, address, deadline_ms, why, status);
	if (sock_default_unix(path, sizeof(path))) {
		fd = reach_one(r, path, deadline_ms, why, status);
		if (fd != REACH_FAILED || why->len == 0)
			return fd;
	}
	return reach_one(r, "localhost:" SOCK_PORT, deadline_ms, why, status);
}
