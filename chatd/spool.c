#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utlist.h>

#include "digest.h"
#include "log.h"
#include "spool_disk.h"
#include "xmalloc.h"

enum {
	OPEN_MAX =
	    128, /* files open that nobody sends; the rest is opened anew */
	HASH_STEP = 4, /* pieces hashed until others have their turn */
};

/* A file in use; the spool's thread's alone. */
struct used {
	uint64_t file;
	int fd;
	bool is_whole;
	struct digest *digest; /* of what arrives; NULL: only read from */
	bool is_left;	       /* it does not arrive at the moment */
	uint64_t hashed;       /* bytes in it */
	uint64_t have, durable;
	struct used *prev, *next;
};

struct spool {
	struct worker *worker;
	int directory;
	struct used *used; /* the last used first */
	unsigned n_used;
	uint8_t *piece; /* SPOOL_PIECE bytes, to hash */
};

/* ---- files in use ---- */

static void
let_go(struct spool *s, struct used *u)
{
	DL_DELETE(s->used, u);
	s->n_used--;
	close(u->fd);
	digest_free(u->digest);
	free(u);
}

/* Those that do not arrive, used longest ago, can be opened again. */
static void
make_room(struct spool *s)
{
	struct used *last = NULL, *u;

	if (s->n_used < OPEN_MAX)
		return;
	DL_FOREACH(s->used, u)
	if (u->digest == NULL || u->is_left)
		last = u;
	if (last != NULL)
		let_go(s, last);
}

static struct used *
find(struct spool *s, uint64_t file)
{
	struct used *u = s->used;

	while (u != NULL && u->file != file)
		u = u->next;
	if (u != NULL) {
		DL_DELETE(s->used, u);
		DL_PREPEND(s->used, u);
	}
	return u;
}

/* NULL and errno. */
static struct used *
open_used(struct spool *s, uint64_t file, bool is_whole, int flags)
{
	char name[DISK_NAME];
	struct used *u;
	struct stat st;
	int fd;

	disk_name(file, is_whole, name);
	fd = openat(s->directory, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return NULL;
	}
	make_room(s);
	u = xcalloc(1, sizeof(*u));
	u->file = file;
	u->fd = fd;
	u->is_whole = is_whole;
	u->have = u->durable = (uint64_t)st.st_size;
	DL_PREPEND(s->used, u);
	s->n_used++;
	return u;
}

/* To read from. */
static struct used *
reach(struct spool *s, uint64_t file)
{
	struct used *u = find(s, file);

	if (u == NULL)
		u = open_used(s, file, true, O_RDONLY);
	if (u == NULL && errno == ENOENT)
		u = open_used(s, file, false, O_RDWR);
	return u;
}

/* ---- reading and hashing ---- */

/* Some of the bytes [*hashed, end) into the digest.  1: there are more; 0; -1
 * and errno. */
static int
hash_some(struct spool *s, const struct used *u, struct digest *digest,
    uint64_t *hashed, uint64_t end)
{
	for (int i = 0; i < HASH_STEP && *hashed < end; i++) {
		uint64_t left = end - *hashed;
		size_t len = left < SPOOL_PIECE ? (size_t)left : SPOOL_PIECE;
		ssize_t n = disk_read(u->fd, s->piece, len, *hashed);

		if (n != (ssize_t)len) {
			errno = n < 0 ? errno : EIO;
			return -1;
		}
		digest_add(digest, s->piece, len);
		*hashed += len;
	}
	return *hashed < end;
}

/* ---- jobs: true is "more to do" ---- */

static bool
failed(struct spool_job *job, int error)
{
	job->error = error;
	return false;
}

static void
answer(struct spool_job *job, const struct used *u)
{
	job->have = u->have;
	job->durable = u->durable;
	job->space = disk_space(u->fd);
	if (u->digest != NULL)
		job->hash = digest_now(u->digest);
}

/* What a crash left may never have been synced, not even its name. */
static struct used *
open_part(struct spool *s, uint64_t file)
{
	struct used *u = open_used(s, file, false, O_RDWR | O_CREAT);
	int error;

	if (u == NULL)
		return NULL;
	if (fdatasync(u->fd) < 0 || fsync(s->directory) < 0) {
		error = errno;
		let_go(s, u);
		errno = error;
		return NULL;
	}
	u->digest = digest_new();
	return u;
}

/* A whole one, or one to go on with. */
static struct used *
begin(struct spool *s, uint64_t file)
{
	struct used *u = find(s, file);

	if (u != NULL && (u->is_whole || u->digest != NULL))
		return u;
	if (u != NULL)
		let_go(s, u);
	u = open_used(s, file, true, O_RDONLY);
	if (u == NULL && errno == ENOENT)
		u = open_part(s, file);
	return u;
}

static bool
do_take(struct spool *s, struct spool_job *job)
{
	struct used *u;
	int more;

	if (job->is_stopped)
		return failed(job, ECANCELED);
	if (job->is_begun && find(s, job->file) == NULL)
		return failed(job, ENOENT);
	job->is_begun = true;
	u = begin(s, job->file);
	if (u == NULL)
		return failed(job, errno);
	u->is_left = false;
	job->is_whole = u->is_whole;
	more =
	    u->is_whole ? 0 : hash_some(s, u, u->digest, &u->hashed, u->have);
	if (more > 0)
		return true;
	if (more == 0) {
		answer(job, u);
		return false;
	}
	job->error = errno;
	let_go(s, u);
	return false;
}

static bool
do_leave(struct spool *s, struct spool_job *job)
{
	struct used *u = find(s, job->file);

	if (u != NULL)
		u->is_left = true;
	return false;
}

/* After a sync that failed nobody knows which of the bytes are on disk, and no
 * later one will tell. */
static bool
lost_some(struct spool *s, struct spool_job *job, struct used *u)
{
	job->have = u->durable;
	if (ftruncate(u->fd, (off_t)u->durable) < 0)
		log_warn("file %" PRIu64 " cannot be cut", u->file);
	let_go(s, u);
	return failed(job, EIO);
}

static bool
do_write(struct spool *s, struct spool_job *job)
{
	struct used *u = find(s, job->file);

	if (u == NULL || u->digest == NULL || u->hashed != u->have)
		return failed(job, EBADF);
	if (job->offset != u->have)
		return failed(job, EINVAL);
	job->have = u->have;
	job->durable = u->durable;
	job->space = disk_space(u->fd);
	if (job->space < job->len || job->space - job->len < job->keep)
		return failed(job, ENOSPC);
	job->error = disk_write(u->fd, job->bytes, job->len, job->offset);
	if (job->error != 0)
		return false;
	digest_add(u->digest, job->bytes, job->len);
	u->have += job->len;
	u->hashed = u->have;
	if (u->have - u->durable >= SPOOL_SYNC) {
		if (fdatasync(u->fd) < 0)
			return lost_some(s, job, u);
		u->durable = u->have;
	}
	job->have = u->have;
	job->durable = u->durable;
	return false;
}

/* From now on it is whole, whatever happens. */
static int
give_name(struct spool *s, uint64_t file)
{
	char part[DISK_NAME], whole[DISK_NAME];

	disk_name(file, false, part);
	disk_name(file, true, whole);
	if (renameat(s->directory, part, s->directory, whole) < 0 ||
	    fsync(s->directory) < 0)
		return errno;
	return 0;
}

static bool
do_finish(struct spool *s, struct spool_job *job)
{
	struct used *u = find(s, job->file);

	if (u == NULL || u->digest == NULL || u->hashed != u->have)
		return failed(job, EBADF);
	if (job->offset != u->have)
		return failed(job, EINVAL);
	answer(job, u);
	if (memcmp(&job->hash, &job->wanted, sizeof(job->hash)) != 0)
		return failed(job, EBADMSG);
	if (fdatasync(u->fd) < 0)
		return lost_some(s, job, u);
	job->durable = u->durable = u->have;
	job->error = give_name(s, job->file);
	if (job->error != 0) {
		let_go(s, u);
		return false;
	}
	u->is_whole = true;
	digest_free(u->digest);
	u->digest = NULL;
	return false;
}

static bool
do_read(struct spool *s, struct spool_job *job)
{
	struct used *u = reach(s, job->file);
	ssize_t n;

	if (u == NULL)
		return failed(job, errno);
	n = job->offset < u->have
	    ? disk_read(u->fd, job->bytes, job->len, job->offset)
	    : 0;
	if (n < 0)
		return failed(job, errno);
	job->len = (size_t)n;
	job->have = u->have;
	job->durable = u->durable;
	return false;
}

static bool
do_prefix(struct spool *s, struct spool_job *job)
{
	struct used *u = reach(s, job->file);
	int more = 0;

	if (u == NULL)
		job->error = errno;
	else if (job->is_stopped)
		job->error = ECANCELED;
	else if (job->offset > u->have)
		job->error = EINVAL;
	if (job->digest == NULL)
		job->digest = digest_new();
	if (job->error == 0)
		more = hash_some(s, u, job->digest, &job->hashed, job->offset);
	if (more > 0)
		return true;
	if (more < 0)
		job->error = errno;
	job->hash = digest_now(job->digest);
	digest_free(job->digest);
	job->digest = NULL;
	return false;
}

static bool
do_remove(struct spool *s, struct spool_job *job)
{
	struct used *u = find(s, job->file);
	char name[DISK_NAME];

	if (u != NULL)
		let_go(s, u);
	for (int is_whole = 0; is_whole < 2; is_whole++) {
		disk_name(job->file, is_whole != 0, name);
		if (unlinkat(s->directory, name, 0) < 0 && errno != ENOENT)
			job->error = errno;
	}
	return false;
}

static bool (*const jobs[])(struct spool *, struct spool_job *) = {
	[SPOOL_TAKE] = do_take,
	[SPOOL_LEAVE] = do_leave,
	[SPOOL_WRITE] = do_write,
	[SPOOL_FINISH] = do_finish,
	[SPOOL_READ] = do_read,
	[SPOOL_PREFIX] = do_prefix,
	[SPOOL_REMOVE] = do_remove,
};

static bool
work(struct task *task)
{
	struct spool_job *job = (struct spool_job *)task;

	return jobs[job->what](job->spool, job);
}

/* ---- the loop's thread ---- */

static void
done(struct task *task)
{
	struct spool_job *job = (struct spool_job *)task;

	job->done(job);
}

void
spool_ask(struct spool *s, struct spool_job *job)
{
	job->task.work = work;
	job->task.done = done;
	job->spool = s;
	job->error = 0;
	job->is_whole = false;
	job->is_begun = false;
	job->is_stopped = false;
	job->hashed = 0;
	job->digest = NULL;
	worker_ask(s->worker, &job->task);
}

struct spool *
spool_new(const char *directory, struct buf *error)
{
	char *path = xasprintf("%s/files", directory);
	struct spool *s = NULL;
	int fd = -1;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		buf_printf(error, "%s: %s", path, strerrordesc_np(errno));
	} else {
		s = xcalloc(1, sizeof(*s));
		s->directory = fd;
		s->piece = xmalloc(SPOOL_PIECE);
		s->worker = worker_new();
	}
	free(path);
	return s;
}

void
spool_free(struct spool *s)
{
	struct used *u, *next;

	if (s == NULL)
		return;
	worker_free(s->worker);
	DL_FOREACH_SAFE(s->used, u, next)
	let_go(s, u);
	close(s->directory);
	free(s->piece);
	free(s);
}

int
spool_fd(const struct spool *s)
{
	return worker_fd(s->worker);
}

void
spool_collect(struct spool *s)
{
	worker_collect(s->worker);
}

void
spool_stop(struct spool_job *job)
{
	job->is_stopped = true;
}

void
spool_drain(struct spool *s)
{
	worker_drain(s->worker);
}

/* ---- the start ---- */

uint64_t
spool_have(const struct spool *s, uint64_t file, bool *is_whole)
{
	struct stat st = { 0 };
	char name[DISK_NAME];

	disk_name(file, true, name);
	*is_whole = fstatat(s->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (*is_whole)
		return (uint64_t)st.st_size;
	disk_name(file, false, name);
	if (fstatat(s->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

unsigned
spool_sweep(struct spool *s, bool (*keeps)(void *arg, uint64_t file), void *arg)
{
	int fd = openat(s->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	unsigned n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		uint64_t file = disk_number(entry->d_name);
		if (file != 0 && !keeps(arg, file) &&
		    unlinkat(s->directory, entry->d_name, 0) == 0)
			n++;
	}
	closedir(dir);
	return n;
}
