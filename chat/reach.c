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

/* Fills r->addresses from the next name. */
static int
look_up(struct reach *r, struct buf *why, int *status)
{
	const char *wrong, *address = r->names[0];
	struct sock_name name;

	r->names[0] = r->names[1];
	r->names[1] = NULL;
	wrong = sock_parse(address, &name);
	*status = EX_USAGE;
	if (wrong != NULL)
		return fail(why, address, wrong);
	if (name.family == AF_UNSPEC)
		name.family = r->family;
	r->tell(r->stop.arg, false, address);
	if (!enter(r, true))
		return REACH_FAILED;
	wrong = sock_resolve(&name, false, r->addresses, DIAL_ADDRESSES, &r->n);
	if (!enter(r, false))
		return REACH_ABANDONED;
	*status = EX_NOHOST;
	if (wrong != NULL)
		return fail(why, address, wrong);
	r->tell(r->stop.arg, true, address);
	return 0;
}

void
reach_begin(struct reach *r, const char *address)
{
	r->n = 0;
	r->names[0] = address != NULL ? address : "localhost:" SOCK_PORT;
	r->names[1] = NULL;
	if (address == NULL &&
	    sock_default_unix(r->standard, sizeof(r->standard))) {
		r->names[1] = r->names[0];
		r->names[0] = r->standard;
	}
}

int
reach_next(struct reach *r, int64_t deadline_ms, struct buf *why, int *status)
{
	char where[SOCK_TEXT];
	int fd = REACH_FAILED;
	size_t before;

	*status = EX_UNAVAILABLE;
	while (reach_left(r) != 0) {
		before = why->len;
		if (r->n == 0) {
			fd = look_up(r, why, status);
			if (fd == REACH_ABANDONED ||
			    (fd == REACH_FAILED && why->len == before))
				return fd;
			continue;
		}
		*status = EX_UNAVAILABLE;
		fd = dial(
		    r->addresses, &r->n, deadline_ms, &r->stop, where, why);
		if (fd >= 0) {
			r->tell(r->stop.arg, true, where);
			return fd;
		}
		if (why->len == before) /* told to stop */
			return REACH_FAILED;
	}
	return REACH_FAILED;
}

size_t
reach_left(const struct reach *r)
{
	return r->n + (r->names[0] != NULL) + (r->names[1] != NULL);
}
