#include "herald.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* An @ stands for the NUL that an abstract name begins with.  0: no address
 * that we can use. */
static socklen_t
address_of(const char *path, struct sockaddr_un *out)
{
	size_t len = strlen(path);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((*path != '/' && *path != '@') || len >= sizeof(out->sun_path))
		return 0;
	memcpy(out->sun_path, path, len);
	if (*path == '@')
		out->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void
tell(const char *words)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	socklen_t len;
	int fd;

	if (path == NULL)
		return;
	len = address_of(path, &to);
	fd = len != 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0 ||
	    sendto(fd, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT,
		(const struct sockaddr *)&to, len) < 0)
		log_debug("NOTIFY_SOCKET %s: not told: %s", path, words);
	if (fd >= 0)
		close(fd);
}

void
herald_ready(void)
{
	tell("READY=1\nSTATUS=serving");
}

void
herald_reloading(void)
{
	char words[96];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(words);
}

void
herald_stopping(void)
{
	tell("STOPPING=1\nSTATUS=stopping");
}
