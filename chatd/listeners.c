#include "listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "dialect.h"
#include "inherit.h"
#include "lan.h"
#include "log.h"
#include "settings.h"
#include "xmalloc.h"

enum { LISTENERS_RESOLVED = 16 }; /* addresses of one name, at most */

/* One address to be served, or served. */
struct port {
	const struct dialect *dialect;
	struct sock_addr addr;
	char text[SOCK_TEXT];	   /* of addr, as asked for: perhaps port 0 */
	struct sock_addr real;	   /* what it became */
	struct listener *listener; /* NULL: not served */
	uint16_t number; /* of the port served; 0: for this machine alone */
	/* While it is being set: */
	const struct string_from *from;
	struct port *old; /* served already */
	bool is_kept;	  /* of an old one: wanted again */
	int fd;		  /* opened, not served yet; or -1 */
};

struct ports {
	struct port *at;
	size_t n;
};

struct listeners {
	struct loop *loop;
	listener_accept *accept;
	void *arg;
	listener_datagrams *datagrams;
	void *datagrams_arg;
	struct ports ports;
	bool is_inherited; /* what is served was made by somebody else */
	bool is_drained;
};

static const char not_loopback[] =
    "not a loopback address: nothing is encrypted, so this needs "
    "server.insecure = true";

static void
complain(struct buf *errors, const struct string_from *from, const char *why)
{
	buf_printf(errors, "%s: listen \"%s\": %s\n",
	    from->from != NULL ? from->from : "standard", from->string, why);
}

/* ---- what is wanted ---- */

static void
ports_add(struct ports *ports, const struct dialect *dialect,
    const struct string_from *from, const struct sock_addr *addr)
{
	struct port *p;

	ports->at = xrealloc(ports->at, ports->n + 1, sizeof(*ports->at));
	p = &ports->at[ports->n++];
	*p = (struct port){
		.dialect = dialect, .from = from, .addr = *addr, .fd = -1
	};
	sock_text(addr, p->text);
}

/* All addresses of one entry. */
static int
plan_entry(struct ports *out, const struct string_from *from, bool insecure,
    struct buf *errors)
{
	struct sock_addr found[LISTENERS_RESOLVED];
	const struct dialect *dialect;
	struct sock_name name;
	const char *why;
	size_t i, n;

	why = settings_address(from->string, &dialect, &name);
	if (why != NULL) {
		complain(errors, from, why);
		return EX_CONFIG;
	}
	why = sock_resolve(&name, true, found, LISTENERS_RESOLVED, &n);
	if (why != NULL) {
		complain(errors, from, why);
		return EX_UNAVAILABLE;
	}
	for (i = 0; i < n; i++) {
		if (!insecure && !sock_is_loopback(&found[i])) {
			complain(errors, from, not_loopback);
			return EX_CONFIG;
		}
		ports_add(out, dialect, from, &found[i]);
	}
	return 0;
}

/* A fault of the configuration outweighs one of the machine. */
static int
worse(int a, int b)
{
	return a > b ? a : b;
}

static int
plan(struct ports *out, const struct settings *s, struct buf *errors)
{
	int status = 0;
	size_t i;

	for (i = 0; i < s->listen.n; i++)
		status = worse(status,
		    plan_entry(
			out, &s->listen.at[i], s->server_insecure, errors));
	return status;
}

int
listeners_check(const struct settings *s, struct buf *errors)
{
	struct ports ports = { 0 };
	int status = plan(&ports, s, errors);

	free(ports.at);
	return status;
}

/* ---- opening ---- */

/* Finds the old one that serves this address already, or served it before. */
static void
keep(struct ports *ports, struct port *p)
{
	struct port *old;

	for (old = ports->at; old < ports->at + ports->n; old++) {
		if (old->is_kept || old->dialect != p->dialect ||
		    strcmp(old->text, p->text) != 0)
			continue;
		if (old->listener == NULL && old->real.len == 0)
			continue;
		old->is_kept = true;
		p->real = old->real;
		if (old->listener != NULL)
			p->old = old;
		return;
	}
}

static bool
is_had(const struct port *p)
{
	return p->old != NULL || p->fd >= 0;
}

/* Whether the entry has another address that is served. */
static bool
has_sibling(const struct ports *ports, const struct port *p)
{
	size_t i;

	for (i = 0; i < ports->n; i++)
		if (ports->at[i].from == p->from && is_had(&ports->at[i]))
			return true;
	return false;
}

static bool
is_missing_family(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

static int
open_port(
    const struct ports *ports, struct port *p, int backlog, struct buf *errors)
{
	const struct sock_addr *addr = p->real.len != 0 ? &p->real : &p->addr;
	struct buf why = { 0 };
	char text[SOCK_TEXT];

	sock_text(addr, text);
	p->fd = p->dialect->is_datagram ? sock_datagrams(addr)
					: sock_listen(addr, backlog);
	if (p->fd >= 0)
		return 0;
	if (is_missing_family(errno) &&
	    (p->from->from == NULL || has_sibling(ports, p))) {
		log_debug("%s: %s, left out", text, strerror(errno));
		return 0;
	}
	buf_printf(&why, "%s: %s", text, strerror(errno));
	complain(errors, p->from, buf_string(&why));
	buf_done(&why);
	return EX_UNAVAILABLE;
}

/* v6 comes before v4 of a name, so those are opened last whose sibling may
 * excuse them. */
static int
open_ports(struct ports *ports, int backlog, struct buf *errors)
{
	int status = 0;
	size_t i;

	for (i = ports->n; i-- > 0;)
		if (!is_had(&ports->at[i]))
			status = worse(status,
			    open_port(ports, &ports->at[i], backlog, errors));
	return status;
}

/* ---- all or nothing ---- */

static void
shut(struct port *p)
{
	if (p->fd < 0)
		return;
	if (p->addr.sa.sa_family == AF_UNIX)
		unlink(p->addr.un.sun_path);
	close(p->fd);
}

static void
undo(struct ports *ports, struct ports *old)
{
	size_t i;

	for (i = 0; i < ports->n; i++)
		shut(&ports->at[i]);
	free(ports->at);
	for (i = 0; i < old->n; i++)
		old->at[i].is_kept = false;
}

/* As after -l: what is spoken there is told, unless it is what is spoken when
 * nothing is said. */
static void
tell_port(const struct port *p, const char *what, const char *address)
{
	bool is_usual = p->dialect == &dialect_frame;

	log_info("%s %s%s%s", what, is_usual ? "" : p->dialect->name,
	    is_usual ? "" : ":", address);
}

static void
stop(struct port *p)
{
	if (p->is_kept || p->listener == NULL)
		return;
	tell_port(p, "stopped serving", p->text);
	listener_free(p->listener);
}

static struct listener *
watch(struct listeners *l, const struct port *p)
{
	if (p->dialect->is_datagram)
		return listener_new_datagrams(
		    l->loop, p->fd, l->datagrams, l->datagrams_arg);
	return listener_new(l->loop, p->fd, p->dialect, l->accept, l->arg);
}

static void
serve(struct listeners *l, struct port *p)
{
	char text[SOCK_TEXT];

	if (p->old != NULL) {
		p->listener = p->old->listener;
		p->number = p->old->number;
	}
	if (p->fd >= 0) {
		sock_local(p->fd, &p->real);
		sock_text(&p->real, text);
		if (!sock_is_loopback(&p->real))
			p->number = sock_port(&p->real);
		p->listener = watch(l, p);
		tell_port(p, "listening on", text);
	}
	p->from = NULL;
	p->old = NULL;
	p->fd = -1;
}

int
listeners_set(struct listeners *l, const struct settings *s, struct buf *errors)
{
	struct ports ports = { 0 };
	int status;
	size_t i;

	if (l->is_inherited)
		return 0;
	if (l->is_drained)
		return listeners_check(s, errors);
	status = plan(&ports, s, errors);
	for (i = 0; i < ports.n; i++)
		keep(&l->ports, &ports.at[i]);
	if (status == 0)
		status = open_ports(&ports, (int)s->limits_backlog, errors);
	if (status != 0) {
		undo(&ports, &l->ports);
		return status;
	}
	for (i = 0; i < l->ports.n; i++)
		stop(&l->ports.at[i]);
	for (i = 0; i < ports.n; i++)
		serve(l, &ports.at[i]);
	free(l->ports.at);
	l->ports = ports;
	return 0;
}

/* ---- closed for a while ---- */

void
listeners_drain(struct listeners *l)
{
	size_t i;

	l->is_drained = true;
	for (i = 0; i < l->ports.n && !l->is_inherited; i++) {
		struct port *p = &l->ports.at[i];

		if (p->listener == NULL || p->dialect->is_datagram)
			continue;
		stop(p);
		p->listener = NULL;
	}
}

int
listeners_undrain(
    struct listeners *l, const struct settings *s, struct buf *errors)
{
	int status;

	l->is_drained = false;
	status = listeners_set(l, s, errors);
	l->is_drained = status != 0;
	return status;
}

/* ---- sockets made elsewhere ---- */

/* systemd calls what has no name by its unit, or unknown. */
static const struct dialect *
dialect_named(const char *name)
{
	const char *end = strrchr(name, '.');

	if (name[0] == '\0' || strcmp(name, "unknown") == 0 ||
	    (end != NULL && strcmp(end, ".socket") == 0))
		return &dialect_frame;
	return dialect_find(slice_of(name));
}

static int
option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/* NULL, or what is wrong with it. */
static const char *
inspect(int fd, const struct dialect *dialect, struct sock_addr *addr)
{
	sock_local(fd, addr);
	if (addr->len == 0)
		return "it is no socket";
	if (dialect == NULL)
		return "there is no such dialect";
	if (dialect->is_datagram)
		return option(fd, SO_TYPE) == SOCK_DGRAM &&
			addr->sa.sa_family != AF_UNIX
		    ? NULL
		    : "it is no socket for UDP";
	return option(fd, SO_TYPE) == SOCK_STREAM &&
		option(fd, SO_ACCEPTCONN) == 1
	    ? NULL
	    : "it does not listen";
}

static int
plan_inherited(struct ports *out, const struct inherited *one, bool insecure,
    struct buf *errors)
{
	const struct dialect *dialect = dialect_named(one->name);
	struct sock_addr addr;
	const char *why = inspect(one->fd, dialect, &addr);

	if (why == NULL && !insecure && !sock_is_loopback(&addr))
		why = not_loopback;
	if (why != NULL) {
		buf_printf(errors, "LISTEN_FDS: descriptor %d \"%s\": %s\n",
		    one->fd, one->name, why);
		close(one->fd);
		return EX_CONFIG;
	}
	ports_add(out, dialect, NULL, &addr);
	out->at[out->n - 1].fd = one->fd;
	return 0;
}

int
listeners_inherit(struct listeners *l, const struct settings *s,
    const struct inherited *list, int n, struct buf *errors)
{
	int i, status = 0;
	size_t j;

	l->is_inherited = true;
	for (i = 0; i < n; i++)
		status = worse(status,
		    plan_inherited(
			&l->ports, &list[i], s->server_insecure, errors));
	for (j = 0; j < l->ports.n; j++) {
		struct port *p = &l->ports.at[j];

		if (status != 0) {
			close(p->fd);
			continue;
		}
		serve(l, p);
		listener_leave_path(p->listener);
	}
	return status;
}

/* ---- for others on the link ---- */

static bool
has_door(const struct lan_door *doors, size_t n, const struct lan_door *door)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (doors[i].port == door->port &&
		    strcmp(doors[i].dialect, door->dialect) == 0)
			return true;
	return false;
}

size_t
listeners_doors(const struct listeners *l, struct lan_door *out, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < l->ports.n && n < max; i++) {
		const struct port *p = &l->ports.at[i];
		struct lan_door door = { .port = p->number };

		if (p->listener == NULL || p->number == 0 ||
		    p->dialect->is_datagram)
			continue;
		snprintf(
		    door.dialect, sizeof(door.dialect), "%s", p->dialect->name);
		if (!has_door(out, n, &door))
			out[n++] = door;
	}
	return n;
}

struct listeners *
listeners_new(struct loop *loop, listener_accept *fn, void *arg)
{
	struct listeners *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	l->accept = fn;
	l->arg = arg;
	return l;
}

void
listeners_datagrams(struct listeners *l, listener_datagrams *fn, void *arg)
{
	l->datagrams = fn;
	l->datagrams_arg = arg;
}

void
listeners_free(struct listeners *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->ports.n; i++)
		listener_free(l->ports.at[i].listener);
	free(l->ports.at);
	free(l);
}
