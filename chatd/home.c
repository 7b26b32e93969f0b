#include "home.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "directory.h"
#include "log.h"
#include "options.h"
#include "settings.h"
#include "spool.h"
#include "store.h"
#include "store_sqlite.h"
#include "xmalloc.h"

/* Makes DIR's parents; what can't be made the store will complain about. */
static void
make_parents(char *dir)
{
	for (char *at = dir + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(dir, 0700);
		*at = '/';
	}
}

/* ---- in memory ---- */

/* The bytes of files are too many for memory. */
static void
make_scratch(struct home *home)
{
	const char *tmp = getenv("TMPDIR");

	home->scratch = xasprintf(
	    "%s/chatd.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	if (mkdtemp(home->scratch) != NULL)
		return;
	log_warn("%s: no place for files, none are taken", home->scratch);
	free(home->scratch);
	home->scratch = NULL;
}

static void
open_memory(struct home *home, const struct settings *s)
{
	struct id log;

	randombytes_buf(&log, sizeof(log));
	home->store =
	    store_memory((uint64_t)s->history_memory << 20, log, clock_wall_ms);
	make_scratch(home);
}

static bool
keeps_none(void *arg, uint64_t file)
{
	(void)arg;
	(void)file;
	return false;
}

static void
remove_scratch(struct home *home)
{
	char *files;

	if (home->scratch == NULL)
		return;
	files = xasprintf("%s/files", home->scratch);
	rmdir(files);
	rmdir(home->scratch);
	free(files);
	free(home->scratch);
}

/* ---- on disk ---- */

static int
open_directory(struct home *home, char *dir)
{
	struct buf error = { 0 };
	int status = EX_CANTCREAT;

	if (dir == NULL) {
		log_warnx("no directory to keep things in: HOME is not set; "
			  "name one with -s, or keep nothing with -n");
		return EX_CANTCREAT;
	}
	make_parents(dir);
	home->store = store_sqlite(dir, clock_wall_ms, &status, &error);
	if (home->store == NULL)
		log_warnx("%s", buf_string(&error));
	else
		log_info("keeping everything in %s", dir);
	buf_done(&error);
	return home->store != NULL ? 0 : status;
}

static int
open_spool(struct home *home, const char *dir)
{
	struct buf error = { 0 };

	home->spool = spool_new(dir, &error);
	if (home->spool == NULL)
		log_warnx("%s", buf_string(&error));
	buf_done(&error);
	return home->spool != NULL ? 0 : EX_CANTCREAT;
}

int
home_open(struct home *home, const struct options *o, const struct settings *s)
{
	char *dir = o->in_memory ? NULL : directory_find(o->directory);
	int status = 0;

	*home = (struct home){ 0 };
	if (o->in_memory)
		open_memory(home, s);
	else
		status = open_directory(home, dir);
	if (status == 0 && !o->in_memory)
		status = open_spool(home, dir);
	else if (status == 0 && home->scratch != NULL)
		status = open_spool(home, home->scratch);
	if (dir == NULL && home->scratch != NULL)
		dir = xstrdup(home->scratch);
	home->directory = dir;
	if (status != 0)
		home_close(home);
	return status;
}

void
home_end_files(struct home *home)
{
	if (home->spool == NULL)
		return;
	spool_drain(home->spool);
	if (home->scratch != NULL)
		spool_sweep(home->spool, keeps_none, NULL);
	spool_free(home->spool);
	home->spool = NULL;
}

void
home_close(struct home *home)
{
	store_free(home->store);
	home->store = NULL;
	remove_scratch(home);
	free(home->directory);
	home->directory = NULL;
}
