#include "discover.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "log.h"
#include "text.h"
#include "xmalloc.h"

/* Where the door is: the address it was heard from, with the door's port. */
static void
address_of(const struct sock_addr *from, uint16_t port, char *out)
{
	struct sock_addr at = *from;

	if (at.sa.sa_family == AF_INET6)
		at.in6.sin6_port = htons(port);
	else
		at.in.sin_port = htons(port);
	sock_text(&at, out);
}

/* False: it was, or there are too many. */
static bool
is_new(struct discovered *d, const char *address, const char *dialect)
{
	char words[sizeof(*d->seen)];
	size_t i;

	snprintf(words, sizeof(words), "%s %s", address, dialect);
	for (i = 0; i < d->n; i++)
		if (strcmp(d->seen[i], words) == 0)
			return false;
	if (d->n == DISCOVER_MAX)
		return false;
	d->seen = xrealloc(d->seen, d->n + 1, sizeof(*d->seen));
	memcpy(d->seen[d->n++], words, sizeof(words));
	return true;
}

void
discovered_take(struct discovered *d, struct slice datagram,
    const struct sock_addr *from, FILE *out)
{
	struct buf name = { 0 };
	char address[SOCK_TEXT];
	struct lan_beacon b;
	size_t i;

	if (lan_read(datagram, &b) != LAN_BEACON)
		return;
	text_safe(&name, slice_of(b.name), TEXT_ONE_LINE);
	for (i = 0; i < b.n; i++) {
		address_of(from, b.doors[i].port, address);
		if (is_new(d, address, b.doors[i].dialect))
			fprintf(out, "%s\t%s\t%s\t%s\tunverified\n", address,
			    b.doors[i].dialect, buf_string(&name),
			    b.key[0] != '\0' ? b.key : "-");
	}
	fflush(out);
	buf_done(&name);
}

void
discovered_done(struct discovered *d)
{
	free(d->seen);
}

static void
hear(struct discovered *d, int fd)
{
	char bytes[LAN_BYTES];
	struct sock_addr from;
	int n;

	while ((n = lan_hear(fd, bytes, &from)) >= 0)
		discovered_take(
		    d, (struct slice){ bytes, (size_t)n }, &from, stdout);
}

static void
listen_until(struct discovered *d, const struct lan *lan, int64_t until_ms)
{
	struct pollfd p[2] = { { .fd = lan->fd[0], .events = POLLIN },
		{ .fd = lan->fd[1], .events = POLLIN } };
	int64_t left;
	size_t i;

	while ((left = until_ms - clock_ms()) > 0) {
		if (poll(p, 2, (int)left) <= 0)
			continue;
		for (i = 0; i < 2; i++)
			if (p[i].revents != 0)
				hear(d, p[i].fd);
	}
}

int
discover_run(int for_ms)
{
	struct discovered d = { 0 };
	struct buf query = { 0 };
	int64_t end_ms = clock_ms() + for_ms, now_ms;
	struct lan lan;

	if (!lan_open(&lan))
		fatal(EX_UNAVAILABLE, "there is no link to ask on");
	lan_write_query(&query);
	while ((now_ms = clock_ms()) < end_ms) {
		int64_t until = now_ms + DISCOVER_ASK_MS;

		lan_tell(&lan, buf_slice(&query));
		listen_until(&d, &lan, until < end_ms ? until : end_ms);
	}
	if (d.n == 0)
		log_warnx("nobody announces a server on this link; chatd "
			  "does when server.announce is true");
	lan_close(&lan);
	buf_done(&query);
	discovered_done(&d);
	return d.n != 0 ? EX_OK : EX_UNAVAILABLE;
}
