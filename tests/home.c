#include "home.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"

static int
open_device(const struct home *h, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/chat/device", h->path);
	fd = open(path, flags | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	return fd;
}

void
home_init(struct home *h)
{
	char path[128];
	size_t i;
	int fd;

	*h = (struct home){ .path = "/tmp/chat-test-XXXXXX", .fd = -1 };
	cr_assert_not_null(mkdtemp(h->path));
	snprintf(path, sizeof(path), "%s/chat", h->path);
	cr_assert_eq(mkdir(path, 0700), 0);
	peer_device(&h->device);
	fd = open_device(h, O_WRONLY | O_CREAT);
	for (i = 0; i < sizeof(h->device.byte); i++)
		dprintf(fd, "%02x", h->device.byte[i]);
	dprintf(fd, "\n");
	close(fd);
}

void
home_done(struct home *h)
{
	home_give(h);
	daemon_remove(h->path);
}

void
home_take(struct home *h)
{
	h->fd = open_device(h, O_RDWR);
	cr_assert_eq(flock(h->fd, LOCK_EX | LOCK_NB), 0);
}

void
home_give(struct home *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

bool
home_enter(
    struct home *h, struct peer *p, const char *address, const char *nick)
{
	union message m = { .hello = { .type = MSG_HELLO,
				.version = PROTOCOL_VERSION,
				.device = h->device,
				.nick = slice_of(nick),
				.software = SLICE("test") } };

	if (!peer_connect(p, address))
		return false;
	peer_send(p, &m);
	if (!peer_hear_type(p, MSG_WELCOME, &m))
		return false;
	snprintf(p->nick, sizeof(p->nick), "%.*s", SLICE_ARG(m.welcome.nick));
	return true;
}
