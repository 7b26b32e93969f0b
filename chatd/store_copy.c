#include "store_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_schema.h"
#include "xmalloc.h"

enum {
	PAGES = 64,	  /* copied at a time */
	PAGES_SYNC = 512, /* synced at a time */
};

struct store_copy {
	char *path;
	char *part; /* absolute; NULL: there is none */
	sqlite3 *to;
	sqlite3_backup *backup; /* NULL: all pages are there */
	int unsynced;		/* pages */
};

static void
system_error(struct buf *error, const char *path, const char *what)
{
	buf_printf(error, "%s: %s: %s", path, what, strerror(errno));
}

static void
database_error(struct buf *error, const struct store_copy *c)
{
	buf_printf(
	    error, "%s: cannot copy: %s", c->path, sqlite3_errmsg(c->to));
}

static bool
make_part(struct store_copy *c, struct buf *error)
{
	char *name;
	int fd;

	if (access(c->path, F_OK) == 0) {
		buf_printf(error, "%s: this file is there already", c->path);
		return false;
	}
	name = xasprintf("%s.part", c->path);
	unlink(name);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		close(fd);
		c->part = realpath(name, NULL);
	}
	if (c->part == NULL)
		system_error(error, name, "cannot make it");
	free(name);
	return c->part != NULL;
}

struct store_copy *
store_copy_new(sqlite3 *from, const char *path, struct buf *error)
{
	struct store_copy *c = xcalloc(1, sizeof(*c));

	c->path = xstrdup(path);
	if (!make_part(c, error)) {
		store_copy_free(c);
		return NULL;
	}
	/* We sync, at times that we choose; a part needs no way back. */
	if (sqlite3_open_v2(c->part, &c->to,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) == SQLITE_OK &&
	    sqlite3_exec(c->to,
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF;"
		"PRAGMA journal_mode = OFF",
		NULL, NULL, NULL) == SQLITE_OK)
		c->backup = sqlite3_backup_init(c->to, "main", from, "main");
	if (c->backup == NULL) {
		database_error(error, c);
		store_copy_free(c);
		return NULL;
	}
	return c;
}

/* By SQLite's own file: it is the one to have written. */
static bool
sync_part(struct store_copy *c, struct buf *error)
{
	sqlite3_file *f = NULL;
	int code =
	    sqlite3_file_control(c->to, "main", SQLITE_FCNTL_FILE_POINTER, &f);

	c->unsynced = 0;
	if (code == SQLITE_OK)
		code = f->pMethods->xSync(f, SQLITE_SYNC_NORMAL);
	if (code != SQLITE_OK)
		buf_printf(error, "%s: cannot sync: %s", c->part,
		    sqlite3_errstr(code));
	return code == SQLITE_OK;
}

/* Until all pages are there. */
static bool
copy_pages(struct store_copy *c, struct buf *error)
{
	int code;

	if (c->unsynced >= PAGES_SYNC)
		return sync_part(c, error);
	code = sqlite3_backup_step(c->backup, PAGES);
	if (code == SQLITE_OK) {
		c->unsynced += PAGES;
		return true;
	}
	code = sqlite3_backup_finish(c->backup);
	c->backup = NULL;
	if (code == SQLITE_OK)
		code = sqlite3_exec(c->to, schema_mark_copy, NULL, NULL, NULL);
	/* Closing would do that too, but say nothing if it failed. */
	if (code == SQLITE_OK)
		code = sqlite3_wal_checkpoint_v2(
		    c->to, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (code != SQLITE_OK)
		database_error(error, c);
	return code == SQLITE_OK;
}

static void
sync_folder(struct store_copy *c, struct buf *error)
{
	char *name = xstrdup(c->path);
	const char *folder = dirname(name);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		system_error(error, folder, "cannot sync");
	if (fd >= 0)
		close(fd);
	free(name);
}

static void
finish(struct store_copy *c, struct buf *error)
{
	if (!sync_part(c, error))
		return;
	sqlite3_close(c->to);
	c->to = NULL;
	if (renameat2(AT_FDCWD, c->part, AT_FDCWD, c->path, RENAME_NOREPLACE) <
	    0) {
		system_error(error, c->path, "cannot rename it to this");
		return;
	}
	free(c->part);
	c->part = NULL;
	sync_folder(c, error);
}

bool
store_copy_step(struct store_copy *c, struct buf *error)
{
	if (c->backup != NULL)
		return copy_pages(c, error);
	finish(c, error);
	return false;
}

static void
remove_part(struct store_copy *c)
{
	static const char *const behind[] = { "", "-wal", "-journal" };

	for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++) {
		char *name = xasprintf("%s%s", c->part, behind[i]);

		unlink(name);
		free(name);
	}
	free(c->part);
}

void
store_copy_free(struct store_copy *c)
{
	if (c == NULL)
		return;
	sqlite3_backup_finish(c->backup);
	sqlite3_close(c->to);
	if (c->part != NULL)
		remove_part(c);
	free(c->path);
	free(c);
}
