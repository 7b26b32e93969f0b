#include "guard.h"

#include <fcntl.h>
#include <unistd.h>

void
guard_standard(void)
{
	/* Opened the wrong way round on purpose.  The lowest free one is what
	 * open(2) gives. */
	static const int flags[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", flags[fd]);
}
