#include "inherit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -1: not set, or no number. */
static long
number_of(const char *variable)
{
	const char *value = getenv(variable);
	char *end;
	long number;

	if (value == NULL || *value < '0' || *value > '9')
		return -1;
	number = strtol(value, &end, 10);
	return *end == '\0' ? number : -1;
}

static bool
prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* The next name; *names moves behind it. */
static void
take_name(const char **names, char *out, size_t size)
{
	size_t len = strcspn(*names, ":");

	snprintf(out, size, "%.*s", (int)len, *names);
	*names += len;
	*names += **names == ':';
}

static int
take_all(long n, const char *names, struct inherited *out, struct buf *errors)
{
	int i;

	for (i = 0; i < n; i++) {
		out[i].fd = INHERIT_FIRST + i;
		take_name(&names, out[i].name, sizeof(out[i].name));
		if (prepare(out[i].fd))
			continue;
		buf_printf(errors,
		    "LISTEN_FDS=%ld: descriptor %d is not there\n", n,
		    out[i].fd);
		return -1;
	}
	return i;
}

int
inherit_sockets(struct inherited *out, struct buf *errors)
{
	const char *names = getenv("LISTEN_FDNAMES");
	long n = number_of("LISTEN_FDS");
	int got;

	if (number_of("LISTEN_PID") != getpid()) {
		got = 0;
	} else if (n < 0 || n > INHERIT_MAX) {
		buf_printf(errors,
		    "LISTEN_FDS: a number from 0 to %d is wanted\n",
		    INHERIT_MAX);
		got = -1;
	} else {
		got = take_all(n, names != NULL ? names : "", out, errors);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return got;
}
