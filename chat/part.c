#include "part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "text.h"
#include "utf8.h"
#include "xmalloc.h"

enum {
	STEM_MAX = PART_NAME_MAX - 12, /* with " (999)" and ".part" behind it */
	ENDING_MAX = 16,	       /* bytes of ".tar.gz" and the like */
	TRIES = 999,		       /* names tried */
	PIPE_MS = 50,		       /* for a pipe to take something */
};

struct part {
	int directory; /* borrowed; -1: a pipe */
	int fd;
	char *name; /* NAME */
	char *now;  /* NAME.part */
	uint64_t have, synced;
	bool is_fifo;
};

/* ---- names ---- */

static struct slice
last_component(struct slice name)
{
	const char *slash;

	while (name.len != 0 && name.at[name.len - 1] == '/')
		name.len--;
	slash = name.len != 0 ? memrchr(name.at, '/', name.len) : NULL;
	if (slash != NULL) {
		name.len -= (size_t)(slash + 1 - name.at);
		name.at = slash + 1;
	}
	return name;
}

static struct slice
trimmed(struct slice name)
{
	while (name.len != 0 && strchr(" .-~", name.at[0]) != NULL) {
		name.at++;
		name.len--;
	}
	while (name.len != 0 && strchr(" .", name.at[name.len - 1]) != NULL)
		name.len--;
	return name;
}

/* Where the ending begins, ".gz", also ".tar.gz"; len: there is none. */
static size_t
ending(const char *at, size_t len)
{
	size_t found = len;

	for (size_t i = len; i-- > 1 && len - i <= ENDING_MAX;) {
		if (at[i] == ' ' || at[i] == '/')
			break;
		if (at[i] == '.')
			found = i;
	}
	return found;
}

/* At most so many bytes, and no piece of a character. */
static size_t
cut(const char *at, size_t len, size_t most)
{
	while (len > most)
		len = utf8_cluster_before(at, len);
	return len;
}

void
part_name(struct buf *out, struct slice name)
{
	struct buf safe = { 0 };
	struct slice clean;
	size_t stem, tail;

	text_safe(&safe, last_component(name), TEXT_ONE_LINE);
	for (size_t i = 0; i < safe.len; i++)
		if (buf_at(&safe)[i] == '/')
			buf_at(&safe)[i] = '_';
	clean = trimmed(buf_slice(&safe));
	if (clean.len == 0)
		clean = SLICE("file");
	stem = ending(clean.at, clean.len);
	tail = clean.len - stem;
	stem = cut(clean.at, stem, STEM_MAX - tail);
	buf_add(out, clean.at, stem);
	buf_add(out, clean.at + clean.len - tail, tail);
	buf_done(&safe);
}

/* "name (2).ext"; n 1: the name itself. */
static char *
numbered(const char *name, int n)
{
	size_t len = strlen(name), stem = ending(name, len);

	if (n == 1)
		return xstrdup(name);
	return xasprintf("%.*s (%d)%s", (int)stem, name, n, name + stem);
}

/* ---- the directory ---- */

static void
make_parents(char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
}

int
part_directory(const char *path, struct buf *why)
{
	char *copy = xstrdup(path);
	int fd = -1;

	make_parents(copy);
	if (mkdir(copy, 0700) == 0 || errno == EEXIST)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		buf_printf(why, "%s: %s", path, strerrordesc_np(errno));
	free(copy);
	return fd;
}

static bool
has_room(int directory, uint64_t size)
{
	struct statvfs fs;

	return size == UINT64_MAX || fstatvfs(directory, &fs) < 0 ||
	    size <= (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* ---- begin and end ---- */

static struct part *
part_of(int directory, int fd, char *name, char *now)
{
	struct part *p = xcalloc(1, sizeof(*p));

	p->directory = directory;
	p->fd = fd;
	p->name = name;
	p->now = now;
	return p;
}

struct part *
part_new(int directory, const char *name, uint64_t size, struct buf *why,
    bool *is_full)
{
	int fd = -1;

	*is_full = !has_room(directory, size);
	if (*is_full) {
		buf_printf(why, "%s: %s", name, strerrordesc_np(ENOSPC));
		return NULL;
	}
	for (int n = 1; n <= TRIES; n++) {
		char *mine = numbered(name, n);
		char *now = xasprintf("%s.part", mine);

		fd = openat(directory, now,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		free(mine);
		if (fd >= 0)
			return part_of(directory, fd, xstrdup(name), now);
		free(now);
		if (errno != EEXIST)
			break;
	}
	*is_full = errno == ENOSPC || errno == EDQUOT;
	buf_printf(why, "%s.part: %s", name, strerrordesc_np(errno));
	return NULL;
}

/* NAME of "NAME.part", or of "NAME (2).part". */
static char *
name_of(const char *now)
{
	return xstrndup(now, strlen(now) - strlen(".part"));
}

struct part *
part_again(int directory, const char *now, struct buf *why)
{
	size_t len = strlen(now);
	struct part *p;
	struct stat st = { 0 };
	int fd = -1, error = EINVAL;

	if (len > strlen(".part") && strchr(now, '/') == NULL &&
	    strcmp(now + len - strlen(".part"), ".part") == 0) {
		fd = openat(directory, now, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		error = fd < 0 ? errno : 0;
	}
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		error = EINVAL;
	}
	if (error != 0) {
		buf_printf(why, "%s: %s", now, strerrordesc_np(error));
		return NULL;
	}
	p = part_of(directory, fd, name_of(now), xstrdup(now));
	p->have = (uint64_t)st.st_size;
	return p;
}

struct part *
part_pipe(int fd)
{
	struct part *p = part_of(-1, fd, xstrdup(""), xstrdup(""));
	struct stat st;

	p->is_fifo = fstat(fd, &st) < 0 || !S_ISREG(st.st_mode);
	return p;
}

void
part_close(struct part *p, bool remove)
{
	if (p == NULL)
		return;
	if (remove && p->now[0] != '\0')
		unlinkat(p->directory, p->now, 0);
	close(p->fd);
	free(p->name);
	free(p->now);
	free(p);
}

const char *
part_now(const struct part *p)
{
	return p->now;
}

uint64_t
part_have(const struct part *p)
{
	return p->have;
}

uint64_t
part_synced(const struct part *p)
{
	return p->synced;
}

/* ---- bytes ---- */

/* No more than a pipe that is ready is sure to take at once. */
static int
write_pipe(struct part *p, const char *at, size_t len)
{
	struct pollfd ready = { .fd = p->fd, .events = POLLOUT };

	while (len != 0) {
		size_t most = p->is_fifo && len > PIPE_BUF ? PIPE_BUF : len;
		ssize_t n;

		if (poll(&ready, 1, PIPE_MS) <= 0)
			return EAGAIN;
		n = write(p->fd, at, most);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n <= 0)
			continue;
		at += n;
		len -= (size_t)n;
		p->have += (uint64_t)n;
	}
	return 0;
}

int
part_write(struct part *p, const void *bytes, size_t len)
{
	const char *at = bytes;
	size_t done = 0;
	int error;

	if (p->directory < 0)
		return write_pipe(p, at, len);
	while (done < len) {
		ssize_t n = pwrite(
		    p->fd, at + done, len - done, (off_t)(p->have + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			error = n < 0 ? errno : ENOSPC;
			return ftruncate(p->fd, (off_t)p->have) < 0 ? errno
								    : error;
		}
		done += (size_t)n;
	}
	p->have += len;
	return p->have - p->synced >= PART_SYNC ? part_sync(p) : 0;
}

long
part_read(struct part *p, void *to, size_t len, uint64_t offset)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(
		    p->fd, (char *)to + got, len - got, (off_t)(offset + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (long)got;
}

int
part_sync(struct part *p)
{
	if (p->directory >= 0 && fdatasync(p->fd) < 0)
		return errno;
	p->synced = p->have;
	return 0;
}

/* ---- its place ---- */

/* umask(2) can only be read by changing it, which other threads would feel. */
static mode_t
mask(void)
{
	static const char name[] = "Umask:";
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long found = 077;

	if (status == NULL)
		return (mode_t)found;
	while (fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			found = strtoul(line + strlen(name), NULL, 8);
	fclose(status);
	return (mode_t)found;
}

static int
dress(const struct part *p, uint64_t time_ms, bool is_program)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW },
		{ .tv_sec = (time_t)(time_ms / 1000),
		    .tv_nsec = (long)(time_ms % 1000) * 1000000 } };

	if (time_ms != 0 && time_ms / 1000 <= INT32_MAX &&
	    futimens(p->fd, times) < 0)
		return errno;
	return fchmod(p->fd, (is_program ? 0777 : 0666) & ~mask()) < 0 ? errno
								       : 0;
}

/* Some file systems cannot rename without replacing: then by a second link. */
static int
place(const struct part *p, const char *name)
{
	if (renameat2(p->directory, p->now, p->directory, name,
		RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (linkat(p->directory, p->now, p->directory, name, 0) < 0)
		return errno;
	return unlinkat(p->directory, p->now, 0) < 0 ? errno : 0;
}

int
part_finish(struct part *p, uint64_t time_ms, bool is_program, struct buf *out)
{
	int error = part_sync(p);

	if (p->directory < 0 || error != 0)
		return error;
	error = dress(p, time_ms, is_program);
	for (int n = 1; error == 0 && n <= TRIES; n++) {
		char *name = numbered(p->name, n);

		error = place(p, name);
		if (error == 0) {
			buf_add_string(out, name);
			p->now[0] = '\0';
			free(name);
			return fsync(p->directory) < 0 ? errno : 0;
		}
		free(name);
		if (error == EEXIST)
			error = 0;
	}
	return error != 0 ? error : EEXIST;
}
