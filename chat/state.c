#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"

enum { DIGITS = 32, TRIES = 8, STATE_CHUNK = 65536 };

static void
make_id(struct id *id)
{
	if (getrandom(id->byte, sizeof(id->byte), 0) !=
	    (ssize_t)sizeof(id->byte))
		fatal(EX_OSERR, "getrandom");
}

/* ---- the directory ---- */

/* Makes what is missing of a path. */
static int
make_directories(char *path)
{
	char *slash = path;

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*slash = '/';
			return -1;
		}
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

/* Where it is; false: nobody says. */
static bool
find_directory(char *out, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (state != NULL && state[0] == '/')
		return (size_t)snprintf(out, size, "%s/chat", state) < size;
	if (home == NULL || home[0] != '/')
		return false;
	return (size_t)snprintf(out, size, "%s/.local/state/chat", home) < size;
}

static int
open_directory(struct state *s)
{
	char path[4096];
	int fd;

	if (!find_directory(path, sizeof(path))) {
		snprintf(s->why, sizeof(s->why),
		    "neither XDG_STATE_HOME nor HOME is set");
		return -1;
	}
	fd = make_directories(path) < 0
	    ? -1
	    : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		snprintf(s->why, sizeof(s->why), "%.180s: %s", path,
		    strerrordesc_np(errno));
	return fd;
}

/* ---- a device ---- */

static int
digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
read_id(int fd, struct id *id)
{
	static const struct id zero;
	char text[DIGITS];
	size_t i;

	if (pread(fd, text, DIGITS, 0) != DIGITS)
		return false;
	for (i = 0; i < sizeof(id->byte); i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		id->byte[i] = (uint8_t)(high << 4 | low);
	}
	return memcmp(id, &zero, sizeof(zero)) != 0;
}

static int
write_id(int fd, const struct id *id)
{
	struct buf text = { 0 };
	ssize_t n;
	size_t i;

	for (i = 0; i < sizeof(id->byte); i++)
		buf_printf(&text, "%02x", id->byte[i]);
	buf_add_string(&text, "\n");
	n = write(fd, buf_at(&text), text.len);
	buf_done(&text);
	return n == DIGITS + 1 && fsync(fd) == 0 ? 0 : -1;
}

/* A file with a new device, under a name of its own; -1 and errno. */
static int
create_new(int directory, const char *temporary)
{
	struct id id;
	int fd = openat(directory, temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int error;

	if (fd < 0)
		return -1;
	make_id(&id);
	error = write_id(fd, &id) < 0 ? errno : 0;
	close(fd);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* A new device in a file that is whole from the moment it has its name.  What
 * somebody else put there meanwhile stays, unless it is to be replaced. */
static int
create(int directory, const char *name, bool replace)
{
	char temporary[64];
	int error = 0;

	snprintf(
	    temporary, sizeof(temporary), "%s.new.%ld", name, (long)getpid());
	unlinkat(directory, temporary, 0);
	if (create_new(directory, temporary) < 0 ||
	    renameat2(directory, temporary, directory, name,
		replace ? 0 : RENAME_NOREPLACE) < 0)
		error = errno;
	if (error != 0)
		unlinkat(directory, temporary, 0);
	errno = error;
	return error == 0 || error == EEXIST ? fsync(directory) : -1;
}

static bool
is_still(int fd, int directory, const char *name)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 &&
	    fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static int
close_with(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

/* The locked file, its id read; -1 and errno: EWOULDBLOCK: it is in use;
 * ENOENT: there is none; ESTALE: it was replaced meanwhile. */
static int
take(int directory, const char *name, struct id *id)
{
	int fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return close_with(fd, errno);
	if (!is_still(fd, directory, name))
		return close_with(fd, ESTALE);
	if (read_id(fd, id))
		return fd;
	/* It is ours to replace as long as it is locked. */
	if (create(directory, name, true) < 0)
		return close_with(fd, errno);
	return close_with(fd, ESTALE);
}

static int
take_or_create(int directory, const char *name, struct id *id)
{
	int fd, tries;

	for (tries = 0; tries < TRIES; tries++) {
		fd = take(directory, name, id);
		if (fd >= 0 || (errno != ENOENT && errno != ESTALE))
			return fd;
		if (errno == ENOENT && create(directory, name, false) < 0)
			return -1;
	}
	return -1;
}

/* What the files of a device are called. */
static const struct names {
	const char *device, *outbox, *places, *transfers;
} person = { "device", "outbox", "rooms", "transfers" },
  script = { "script", "script-outbox", "script-rooms", "script-transfers" };

/* "device", "device.2", ... */
static void
set_name(char *out, size_t size, const char *name, int number)
{
	if (number == 1)
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%s.%d", name, number);
}

static int
take_any(int directory, const struct names *names, struct state *s)
{
	char name[32];
	int i, fd;

	for (i = 1; i <= STATE_DEVICES; i++) {
		set_name(name, sizeof(name), names->device, i);
		fd = take_or_create(directory, name, &s->device);
		if (fd >= 0) {
			s->number = i;
			set_name(
			    s->outbox, sizeof(s->outbox), names->outbox, i);
			set_name(
			    s->places, sizeof(s->places), names->places, i);
			set_name(s->transfers, sizeof(s->transfers),
			    names->transfers, i);
			return fd;
		}
		if (errno != EWOULDBLOCK)
			break;
	}
	snprintf(s->why, sizeof(s->why), "%s: %s", name,
	    errno == EWOULDBLOCK ? "all devices are in use"
				 : strerrordesc_np(errno));
	return -1;
}

static void
open_device(struct state *s, const struct names *names)
{
	int directory;

	*s = (struct state){ .fd = -1, .directory = -1 };
	directory = open_directory(s);
	if (directory >= 0)
		s->fd = take_any(directory, names, s);
	if (s->fd >= 0) {
		s->directory = directory;
		return;
	}
	if (directory >= 0)
		close(directory);
	make_id(&s->device);
}

void
state_open(struct state *s)
{
	open_device(s, &person);
}

void
state_open_script(struct state *s)
{
	open_device(s, &script);
}

void
state_passing(struct state *s)
{
	*s = (struct state){ .fd = -1, .directory = -1 };
	make_id(&s->device);
}

/* Where everything is; -1: nowhere yet. */
static int
look_there(void)
{
	char path[4096];

	if (!find_directory(path, sizeof(path)))
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void
state_look(struct state *s)
{
	int directory = look_there(), fd = -1;

	*s = (struct state){ .fd = -1 };
	if (directory >= 0) {
		fd = openat(
		    directory, "device", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		close(directory);
	}
	if (fd < 0)
		return;
	if (read_id(fd, &s->device)) {
		s->number = 1;
		s->is_used = flock(fd, LOCK_SH | LOCK_NB) < 0;
	}
	close(fd);
}

bool
state_read(const char *name, struct buf *out)
{
	int directory = look_there(), fd = -1;
	size_t before = out->len;
	ssize_t n = 1;

	if (directory >= 0) {
		fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		close(directory);
	}
	if (fd < 0)
		return false;
	while (n > 0 && out->len - before < STATE_FILE_MAX) {
		n = read(fd, buf_room(out, STATE_CHUNK), STATE_CHUNK);
		buf_grown(out, n > 0 ? (size_t)n : 0);
	}
	close(fd);
	return n == 0;
}

void
state_close(struct state *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->directory >= 0)
		close(s->directory);
	s->fd = s->directory = -1;
}
