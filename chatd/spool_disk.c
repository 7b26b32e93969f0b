#include "spool_disk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

void
disk_name(uint64_t file, bool is_whole, char out[DISK_NAME])
{
	snprintf(
	    out, DISK_NAME, "%" PRIu64 "%s", file, is_whole ? "" : ".part");
}

uint64_t
disk_number(const char *name)
{
	char *end;
	unsigned long long number;

	if (name[0] < '1' || name[0] > '9')
		return 0;
	errno = 0;
	number = strtoull(name, &end, 10);
	if (errno != 0 || (*end != '\0' && strcmp(end, ".part") != 0))
		return 0;
	return number;
}

ssize_t
disk_read(int fd, uint8_t *to, size_t len, uint64_t offset)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n =
		    pread(fd, to + got, len - got, (off_t)(offset + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int
disk_write(int fd, const uint8_t *at, size_t len, uint64_t offset)
{
	size_t done = 0;
	int error;

	while (done < len) {
		ssize_t n =
		    pwrite(fd, at + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			error = n < 0 ? errno : ENOSPC;
			if (ftruncate(fd, (off_t)offset) < 0)
				error = errno;
			return error;
		}
		done += (size_t)n;
	}
	return 0;
}

uint64_t
disk_space(int fd)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return UINT64_MAX; /* then writing will tell */
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}
