#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "xmalloc.h"

enum { CHUNK = 65536 };

int
whole_write(int fd, const struct buf *bytes)
{
	const uint8_t *at = buf_at(bytes);
	size_t left = bytes->len;

	while (left != 0) {
		ssize_t n = write(fd, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		left -= (size_t)n;
	}
	return 0;
}

static int
close_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

int
whole_replace(int directory, const char *name, const struct buf *bytes)
{
	char *temporary = xasprintf("%s.new", name);
	int fd, error = 0;

	unlinkat(directory, temporary, 0);
	fd = openat(directory, temporary,
	    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || whole_write(fd, bytes) < 0 || fdatasync(fd) < 0 ||
	    renameat(directory, temporary, directory, name) < 0 ||
	    fsync(directory) < 0)
		error = errno;
	if (error != 0)
		unlinkat(directory, temporary, 0);
	free(temporary);
	if (error != 0 && fd >= 0)
		return close_with(fd, error);
	errno = error;
	return fd;
}

bool
whole_read(int directory, const char *name, size_t most, struct buf *out)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t before = out->len;
	ssize_t n = 1;

	if (fd < 0)
		return false;
	while (n != 0 && out->len - before < most) {
		n = read(fd, buf_room(out, CHUNK), CHUNK);
		if (n < 0 && errno != EINTR)
			break;
		buf_grown(out, n > 0 ? (size_t)n : 0);
	}
	if (n != 0)
		close_with(fd, n > 0 ? EFBIG : errno);
	else
		close(fd);
	return n == 0;
}
