/*
 * A file that is fetched, as the worker sees it: where it goes, written,
 * hashed, given its name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transfer_down.h"
#include "xmalloc.h"

static bool
failed(struct down *d, int error)
{
	d->core.error = error;
	d->is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
	if (d->why.len == 0)
		buf_add_string(&d->why, strerrordesc_np(error));
	return false;
}

/* To a directory, or to a file in one. */
static char *
find_place(struct down *d)
{
	const char *slash = strrchr(d->to, '/');
	struct stat st;

	if ((stat(d->to, &st) == 0 && S_ISDIR(st.st_mode)) ||
	    (slash != NULL && slash[1] == '\0'))
		return xstrdup(d->to);
	buf_clear(&d->name);
	buf_add_string(&d->name, slash != NULL ? slash + 1 : d->to);
	if (slash == NULL)
		return xstrdup(".");
	return slash == d->to ? xstrdup("/")
			      : xstrndup(d->to, (size_t)(slash - d->to));
}

static bool
open_folder(struct down *d)
{
	char *full;

	if (d->folder >= 0)
		return true;
	if (d->folder_path == NULL && d->to != NULL)
		d->folder_path = find_place(d);
	else if (d->folder_path == NULL && d->core.all->directory != NULL)
		d->folder_path = xstrdup(d->core.all->directory);
	if (d->folder_path == NULL) {
		buf_add_string(&d->why,
		    "there is no directory for files that are fetched: neither "
		    "HOME nor XDG_DOWNLOAD_DIR is set, see -D");
		return false;
	}
	d->folder = part_directory(d->folder_path, &d->why);
	full = d->folder >= 0 ? realpath(d->folder_path, NULL) : NULL;
	if (full != NULL) {
		free(d->folder_path);
		d->folder_path = full;
	}
	return d->folder >= 0;
}

bool
down_create(struct task *task)
{
	struct down *d = (struct down *)task;

	if (!open_folder(d))
		return failed(d, EACCES);
	d->part = part_new(
	    d->folder, buf_string(&d->name), d->size, &d->why, &d->is_full);
	if (d->part == NULL)
		return failed(d, d->is_full ? ENOSPC : EACCES);
	return false;
}

/* What there is from before, and its hash. */
bool
down_look(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;

	if (d->part == NULL && open_folder(d))
		d->part = part_again(d->folder, d->now, &d->why);
	if (d->part == NULL)
		return failed(d, ENOENT);
	if (d->piece == NULL)
		d->piece = xmalloc(CORE_PIECE);
	for (int i = 0; i < CORE_HASH_STEP; i++) {
		long n = part_read(d->part, d->piece, CORE_PIECE, c->hashed);
		if (n < 0)
			return failed(d, errno);
		if (n == 0)
			return false;
		digest_add(c->digest, d->piece, (size_t)n);
		c->hashed += (uint64_t)n;
	}
	return !atomic_load(&c->is_stopped);
}

bool
down_write(struct task *task)
{
	struct down *d = (struct down *)task;
	struct core *c = &d->core;
	const uint8_t *at = buf_at(&d->writing);
	int error = part_write(d->part, at, d->writing.len);
	uint64_t n = part_have(d->part) - c->hashed;

	digest_add(c->digest, at, (size_t)n);
	c->hashed += n;
	buf_consume(&d->writing, (size_t)n);
	if (error == EAGAIN)
		c->error = EAGAIN;
	else if (error != 0)
		failed(d, error);
	/* What could be written and not synced may be lost. */
	if (d->writing.len == 0)
		d->is_full = false;
	return false;
}

bool
down_finish(struct task *task)
{
	struct down *d = (struct down *)task;
	struct hash hash = digest_now(d->core.digest);
	int error;

	if (memcmp(&hash, &d->wanted, sizeof(hash)) != 0)
		return failed(d, EBADMSG);
	buf_clear(&d->name);
	error = part_finish(d->part, d->time, (d->flags & 1) != 0, &d->name);
	return error != 0 && failed(d, error);
}

/* What is there is of no use. */
bool
down_drop(struct task *task)
{
	struct down *d = (struct down *)task;

	part_close(d->part, true);
	d->part = NULL;
	return false;
}

/* One that was never opened in this run may have to go, too. */
bool
down_close(struct task *task)
{
	struct down *d = (struct down *)task;
	struct buf why = { 0 };

	if (d->part == NULL && d->core.is_dropped && d->now[0] != '\0' &&
	    open_folder(d))
		d->part = part_again(d->folder, d->now, &why);
	part_close(d->part, d->core.is_dropped);
	if (d->folder >= 0)
		close(d->folder);
	buf_done(&why);
	return false;
}
