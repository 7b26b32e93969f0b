#include "wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"

int
wake_open(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		fatal(EX_OSERR, "eventfd");
	return fd;
}

/* A write fails only when the counter is at its end: then it is awake. */
void
wake_up(int fd)
{
	const uint64_t one = 1;
	int saved = errno;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
	errno = saved;
}

/* A read fails only when nobody called. */
void
wake_clear(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		continue;
}
