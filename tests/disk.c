#include "disk.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "xmalloc.h"

enum { SECTOR = 512, FILES = 8, NAME = 32 };

struct file {
	sqlite3_file base; /* first */
	int no;		   /* in names; -1: not remembered */
	sqlite3_file *real;
};

/* What was done to a file. */
struct deed {
	enum { WROTE, CUT, SYNCED, SYNC_FAILED, CREATED, DELETED } what;
	int no;
	size_t at, len;
	uint8_t *bytes;
};

static sqlite3_vfs layer, *below;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* All under the lock. */
static struct {
	unsigned calls;
	unsigned long k, n;
	enum disk_fault fault;
	bool lasts;
} plan;
static bool is_recording;
static char names[FILES][NAME];
static int n_names;
static struct deed *deeds;
static size_t n_deeds, cap_deeds;

/* ---- faults ---- */

void
disk_fault(unsigned calls, unsigned long k, enum disk_fault fault, int lasts)
{
	pthread_mutex_lock(&lock);
	plan.calls = calls;
	plan.k = k;
	plan.n = 0;
	plan.fault = fault;
	plan.lasts = lasts;
	pthread_mutex_unlock(&lock);
}

unsigned long
disk_calls(void)
{
	unsigned long n;

	pthread_mutex_lock(&lock);
	n = plan.n;
	pthread_mutex_unlock(&lock);
	return n;
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
}

/* Whether this call meets the fault. */
static bool
meets(enum disk_call call)
{
	bool is_hit = false;

	pthread_mutex_lock(&lock);
	if (plan.calls & call) {
		plan.n++;
		is_hit = plan.k != 0 &&
		    (plan.n == plan.k || (plan.lasts && plan.n > plan.k));
	}
	pthread_mutex_unlock(&lock);
	if (is_hit && plan.fault == DISK_KILL)
		die();
	return is_hit;
}

/* ---- remembering ---- */

static int
number_of(const char *path)
{
	const char *name = path != NULL ? strrchr(path, '/') : NULL;
	int no;

	if (name == NULL || !is_recording)
		return -1;
	name++;
	for (no = 0; no < n_names; no++)
		if (strcmp(names[no], name) == 0)
			return no;
	cr_assert_lt(n_names, FILES);
	cr_assert_lt(strlen(name), NAME);
	memcpy(names[n_names], name, strlen(name) + 1);
	return n_names++;
}

static void
remember(int no, int what, size_t at, const void *bytes, size_t len)
{
	struct deed *d;

	if (no < 0)
		return;
	pthread_mutex_lock(&lock);
	if (n_deeds == cap_deeds) {
		cap_deeds = cap_deeds != 0 ? cap_deeds * 2 : 1024;
		deeds = xrealloc(deeds, cap_deeds, sizeof(*deeds));
	}
	d = &deeds[n_deeds++];
	*d = (struct deed){ .what = what, .no = no, .at = at, .len = len };
	if (bytes != NULL) {
		d->bytes = xmalloc(len);
		memcpy(d->bytes, bytes, len);
	}
	pthread_mutex_unlock(&lock);
}

void
disk_record(void)
{
	is_recording = true;
}

size_t
disk_moment(void)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = n_deeds;
	pthread_mutex_unlock(&lock);
	return n;
}

/* ---- what is left ---- */

struct left {
	uint8_t *at;
	size_t len, cap;
	bool is_there;
	size_t *unsynced; /* of deeds */
	size_t n_unsynced;
};

static uint64_t
draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void
reach(struct left *f, size_t len)
{
	if (len > f->cap) {
		f->cap = len * 2;
		f->at = xrealloc(f->at, f->cap, 1);
	}
	if (len > f->len) {
		memset(f->at + f->len, 0, len - f->len);
		f->len = len;
	}
}

static void
put(struct left *f, const struct deed *d, size_t from, size_t len)
{
	if (len == 0)
		return;
	reach(f, d->at + from + len);
	memcpy(f->at + d->at + from, d->bytes + from, len);
}

static void
apply(struct left *f, const struct deed *d)
{
	if (d->what == WROTE)
		put(f, d, 0, d->len);
	else if (d->at < f->len)
		f->len = d->at;
	else
		reach(f, d->at);
}

/* Some of the sectors of a write. */
static void
tear(struct left *f, const struct deed *d, uint64_t *seed)
{
	size_t from = 0, end;

	for (; from < d->len; from = end) {
		end = ((d->at + from) / SECTOR + 1) * SECTOR - d->at;
		if (end > d->len)
			end = d->len;
		if (draw(seed) % 2 == 0)
			put(f, d, from, end - from);
	}
}

/* How much of what was not synced arrives: none, all, or some. */
static void
lose(struct left *f, unsigned mood, uint64_t *seed)
{
	for (size_t n = f->n_unsynced; n > 1; n--) {
		size_t i = draw(seed) % n, swapped = f->unsynced[i];

		if (mood >= 3) {
			f->unsynced[i] = f->unsynced[n - 1];
			f->unsynced[n - 1] = swapped;
		}
	}
	for (size_t i = 0; i < f->n_unsynced; i++) {
		const struct deed *d = &deeds[f->unsynced[i]];
		unsigned fate = mood == 0 ? 0 : mood == 1 ? 1 : draw(seed) % 3;

		if (fate == 1)
			apply(f, d);
		else if (fate == 2 && d->what == WROTE)
			tear(f, d, seed);
	}
}

static void
step(struct left *files, size_t i)
{
	const struct deed *d = &deeds[i];
	struct left *f = &files[d->no];

	switch (d->what) {
	case CREATED:
		f->is_there = true;
		break;
	case DELETED:
		f->is_there = false;
		f->len = f->n_unsynced = 0;
		break;
	case SYNCED:
		for (size_t k = 0; k < f->n_unsynced; k++)
			apply(f, &deeds[f->unsynced[k]]);
		f->n_unsynced = 0;
		break;
	case SYNC_FAILED:
		f->n_unsynced = 0;
		break;
	case WROTE:
	case CUT:
		f->unsynced = xrealloc(
		    f->unsynced, f->n_unsynced + 1, sizeof(*f->unsynced));
		f->unsynced[f->n_unsynced++] = i;
		break;
	}
}

void
disk_image(const char *folder, size_t moment, uint64_t seed)
{
	struct left files[FILES] = { { 0 } };
	unsigned mood = (unsigned)(seed % 8);

	cr_assert_leq(moment, n_deeds);
	for (size_t i = 0; i < moment; i++)
		step(files, i);
	cr_assert_eq(mkdir(folder, 0700), 0, "%s", folder);
	for (int no = 0; no < n_names; no++) {
		struct left *f = &files[no];

		lose(f, mood, &seed);
		if (f->is_there)
			folder_write(folder, names[no],
			    f->at != NULL ? (const void *)f->at : "", f->len);
		free(f->at);
		free(f->unsynced);
	}
}

/* ---- the layer ---- */

static sqlite3_file *
real(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

static int
no_of(sqlite3_file *f)
{
	return ((struct file *)f)->no;
}

static int
on_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int
on_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
	if (meets(DISK_READ))
		return SQLITE_IOERR_READ;
	return real(f)->pMethods->xRead(real(f), to, len, at);
}

static int
on_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
	int code;

	if (meets(DISK_WRITE)) {
		if (plan.fault == DISK_TEAR) {
			real(f)->pMethods->xWrite(real(f), from, len / 2, at);
			die();
		}
		return plan.fault == DISK_FULL ? SQLITE_FULL
					       : SQLITE_IOERR_WRITE;
	}
	code = real(f)->pMethods->xWrite(real(f), from, len, at);
	if (code == SQLITE_OK)
		remember(no_of(f), WROTE, (size_t)at, from, (size_t)len);
	return code;
}

static int
on_truncate(sqlite3_file *f, sqlite3_int64 len)
{
	int code;

	if (meets(DISK_WRITE)) {
		if (plan.fault == DISK_TEAR)
			die();
		return SQLITE_IOERR_TRUNCATE;
	}
	code = real(f)->pMethods->xTruncate(real(f), len);
	if (code == SQLITE_OK)
		remember(no_of(f), CUT, (size_t)len, NULL, 0);
	return code;
}

static int
on_sync(sqlite3_file *f, int flags)
{
	int code;

	if (meets(DISK_SYNC)) {
		if (plan.fault == DISK_TEAR)
			die();
		remember(no_of(f), SYNC_FAILED, 0, NULL, 0);
		return SQLITE_IOERR_FSYNC;
	}
	code = real(f)->pMethods->xSync(real(f), flags);
	if (code == SQLITE_OK)
		remember(no_of(f), SYNCED, 0, NULL, 0);
	return code;
}

static int
on_size(sqlite3_file *f, sqlite3_int64 *len)
{
	return real(f)->pMethods->xFileSize(real(f), len);
}

static int
on_lock(sqlite3_file *f, int how)
{
	return real(f)->pMethods->xLock(real(f), how);
}

static int
on_unlock(sqlite3_file *f, int how)
{
	return real(f)->pMethods->xUnlock(real(f), how);
}

static int
on_is_locked(sqlite3_file *f, int *is)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), is);
}

static int
on_control(sqlite3_file *f, int what, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), what, arg);
}

static int
on_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int
on_device(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

/* Version 1: without shared memory, which a database that is ours alone does
 * not need. */
static const sqlite3_io_methods methods = {
	1,
	on_close,
	on_read,
	on_write,
	on_truncate,
	on_sync,
	on_size,
	on_lock,
	on_unlock,
	on_is_locked,
	on_control,
	on_sector,
	on_device,
	NULL,
	NULL,
	NULL,
	NULL,
	NULL,
	NULL,
};

static int
on_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct file *file = (struct file *)f;
	int code;

	(void)v;
	file->real = (sqlite3_file *)(file + 1);
	file->no = number_of(path);
	code = below->xOpen(below, path, file->real, flags, out);
	file->base.pMethods = file->real->pMethods != NULL ? &methods : NULL;
	if (code == SQLITE_OK)
		remember(file->no, CREATED, 0, NULL, 0);
	return code;
}

static int
on_delete(sqlite3_vfs *v, const char *path, int and_sync)
{
	int code = below->xDelete(below, path, and_sync);

	(void)v;
	if (code == SQLITE_OK)
		remember(number_of(path), DELETED, 0, NULL, 0);
	return code;
}

void
disk_install(void)
{
	if (below != NULL)
		return;
	below = sqlite3_vfs_find(NULL);
	layer = *below;
	layer.szOsFile = (int)sizeof(struct file) + below->szOsFile;
	layer.zName = "disk";
	layer.xOpen = on_open;
	layer.xDelete = on_delete;
	sqlite3_vfs_register(&layer, 1);
}
