#include "store_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "store_schema.h"
#include "store_words.h"
#include "xmalloc.h"

enum {
	OLDEST_SQLITE = 3037000, /* the first with STRICT tables */
	/* Beyond, checking all of it would delay the start: about 0.2 s. */
	CHECK_WHOLE_BYTES = 64 << 20,
};

/* ---- words ---- */

static const struct trouble {
	int code; /* of SQLite, without its extension */
	int status;
	const char *cure;
} troubles[] = {
	{ SQLITE_NOTADB, EX_DATAERR,
	    "name another directory, or put a backup in its place" },
	{ SQLITE_CORRUPT, EX_DATAERR, NULL },
	{ SQLITE_CONSTRAINT, EX_DATAERR, NULL },
	{ SQLITE_BUSY, EX_TEMPFAIL, "end the other program first" },
	{ SQLITE_CANTOPEN, EX_CANTCREAT,
	    "let chatd's user own the directory and what is in it" },
	{ SQLITE_READONLY, EX_CANTCREAT,
	    "let chatd's user own the directory and what is in it" },
	{ SQLITE_FULL, EX_IOERR, "make room on the disk" },
	{ SQLITE_IOERR, EX_IOERR,
	    "see to the disk, then start again: nothing acknowledged is lost" },
	{ SQLITE_NOMEM, EX_OSERR, "let chatd have more memory" },
};

static const struct trouble *
trouble(int code)
{
	static const struct trouble other = { 0, EX_SOFTWARE,
		"this is a mistake of chatd's" };

	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++)
		if (troubles[i].code == (code & 0xff))
			return &troubles[i];
	return &other;
}

int
store_status(int code)
{
	return trouble(code)->status;
}

/* What the system said to the last write to the log or the database that
 * failed.  (sqlite3_system_errno() has lost it by the end of a COMMIT.) */
static int
system_number(sqlite3 *db)
{
	static const int files[] = { SQLITE_FCNTL_JOURNAL_POINTER,
		SQLITE_FCNTL_FILE_POINTER };
	int number = 0;

	for (size_t i = 0; i < 2 && number == 0 && db != NULL; i++) {
		sqlite3_file *f = NULL;

		if (sqlite3_file_control(db, "main", files[i], &f) ==
			SQLITE_OK &&
		    f != NULL && f->pMethods != NULL)
			f->pMethods->xFileControl(
			    f, SQLITE_FCNTL_LAST_ERRNO, &number);
	}
	return number;
}

bool
store_is_full(sqlite3 *db, int code)
{
	int number;

	if ((code & 0xff) == SQLITE_FULL)
		return true;
	/* A write that failed has left nothing behind that counts; a sync that
	 * failed may have. */
	if (code != SQLITE_IOERR_WRITE)
		return false;
	number = system_number(db);
	return number == EDQUOT || number == EFBIG;
}

void
store_words(struct buf *out, const struct store_place *p, int code,
    const char *what, const char *why)
{
	const char *cure = trouble(code)->cure;
	int number = system_number(p->db);

	buf_printf(out, "%s: %s: %s", p->path, what,
	    why != NULL ? why : sqlite3_errmsg(p->db));
	if (why == NULL && (code & 0xff) == SQLITE_IOERR && number != 0)
		buf_printf(out, " (%s)", strerror(number));
	if (cure != NULL)
		buf_printf(out, "; %s", cure);
	else
		buf_printf(out,
		    "; put a backup in its place, or save what can be read: "
		    "chatd -s %s -R %s.saved",
		    p->dir, p->dir);
}

/* ---- the directory ---- */

static int
system_trouble(struct buf *error, const char *path, const char *what)
{
	int number = errno;

	buf_printf(error, "%s: %s: %s; %s", path, what, strerror(number),
	    number == EIO ? "see to the disk"
			  : "make it, for chatd's user alone, or name another "
			    "directory");
	return number == EIO ? EX_IOERR : EX_CANTCREAT;
}

static int
sync_parent(int dir)
{
	int parent = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int got = parent >= 0 ? fsync(parent) : -1;

	if (parent >= 0)
		close(parent);
	return got;
}

static int
make_files(struct store_place *p, int dir, struct buf *error)
{
	struct stat db, wal;
	int fd;

	p->lock = openat(
	    dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->lock < 0)
		return system_trouble(error, p->path, "cannot make lock");
	if (flock(p->lock, LOCK_EX | LOCK_NB) < 0) {
		buf_printf(error,
		    "%s: another chatd holds it; end that one first, or name "
		    "another directory",
		    p->path);
		return EX_TEMPFAIL;
	}
	fd = openat(dir, "chat.db", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &db) < 0 || fsync(dir) < 0) {
		int status = system_trouble(error, p->path, "cannot open");

		if (fd >= 0)
			close(fd);
		return status;
	}
	close(fd);
	/* SQLite would take it for a new database, and its log for rubbish. */
	if (db.st_size == 0 && fstatat(dir, "chat.db-wal", &wal, 0) == 0 &&
	    wal.st_size != 0) {
		store_words(error, p, SQLITE_CORRUPT, "damaged",
		    "it is empty, but chat.db-wal beside it is not");
		return EX_DATAERR;
	}
	return 0;
}

static int
make_place(struct store_place *p, const char *name, struct buf *error)
{
	bool is_new = mkdir(name, 0700) == 0;
	char *real;
	int dir, status;

	if (!is_new && errno != EEXIST)
		return system_trouble(error, name, "cannot make the directory");
	dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	real = dir >= 0 ? realpath(name, NULL) : NULL;
	if (real == NULL || (is_new && sync_parent(dir) < 0)) {
		status = system_trouble(error, name, "cannot open");
		free(real);
	} else {
		p->dir = real;
		p->path = xasprintf("%s/chat.db", real);
		status = make_files(p, dir, error);
	}
	if (dir >= 0)
		close(dir);
	return status;
}

/* ---- the database ---- */

/* Takes the words in why, if there are any. */
static int
failed(struct store_place *p, int code, const char *what, struct buf *why,
    struct buf *error)
{
	store_words(
	    error, p, code, what, why->len != 0 ? buf_string(why) : NULL);
	buf_done(why);
	return store_status(code);
}

/* Whether the one value a pragma gives is the word expected; if it is another,
 * SQLITE_CORRUPT, and the word in why. */
static int
expect(sqlite3 *db, const char *pragma, const char *word, struct buf *why)
{
	sqlite3_stmt *s;
	const char *got;
	int code = sqlite3_prepare_v2(db, pragma, -1, &s, NULL), ended;

	if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
		got = (const char *)sqlite3_column_text(s, 0);
		code = SQLITE_OK;
		if (got == NULL || strcmp(got, word) != 0) {
			buf_add_string(why, got != NULL ? got : "nothing");
			code = SQLITE_CORRUPT;
		}
	}
	/* What the pragma has done is committed only now. */
	ended = sqlite3_finalize(s);
	return code == SQLITE_OK ? ended : code;
}

static int
be_careful(sqlite3 *db)
{
	static const char careful[] = "PRAGMA locking_mode = EXCLUSIVE;"
				      "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cell_size_check = ON;"
				      "PRAGMA foreign_keys = ON;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA cache_size = -8192;"
				      "PRAGMA secure_delete = ON";

	return sqlite3_exec(db, careful, NULL, NULL, NULL);
}

/* What a check could not read is not damaged for that. */
static bool
is_unread(struct buf *why)
{
	static const char words[] = "error code=";
	const char *at = strstr(buf_string(why), words);

	return at != NULL &&
	    (strtol(at + sizeof(words) - 1, NULL, 10) & 0xff) == SQLITE_IOERR;
}

static int
check(struct store_place *p, struct buf *why)
{
	static const char *const whole[] = { "PRAGMA quick_check(1)", NULL };
	static const char *const small[] = { "PRAGMA quick_check(meta)",
		"PRAGMA quick_check(room)", "PRAGMA quick_check(member)",
		"PRAGMA quick_check(gone)", NULL };
	struct stat st;
	int code = SQLITE_OK;

	p->is_large = stat(p->path, &st) == 0 && st.st_size > CHECK_WHOLE_BYTES;
	for (const char *const *pragma = p->is_large ? small : whole;
	     *pragma != NULL && code == SQLITE_OK; pragma++)
		code = expect(p->db, *pragma, "ok", why);
	return code == SQLITE_CORRUPT && is_unread(why) ? SQLITE_IOERR : code;
}

/* Nothing here changes a file that is not ours. */
static int
look(struct store_place *p, int *version, struct buf *error)
{
	struct buf why = { 0 };
	int code = be_careful(p->db);

	if (code == SQLITE_OK)
		code = schema_version(p->db, &schema_current, version, &why);
	if (code != SQLITE_OK)
		return failed(p, code, "cannot use it", &why, error);
	if (*version != 0)
		code = check(p, &why);
	if (code != SQLITE_OK)
		return failed(p, code,
		    code == SQLITE_IOERR ? "cannot check it" : "damaged", &why,
		    error);
	return 0;
}

static int
set_up(struct store_place *p, int version, struct buf *error)
{
	/* The log keeps its size when it begins anew: writing over is cheaper
	 * to sync than writing on. */
	static const char settings[] = "PRAGMA synchronous = FULL;"
				       "PRAGMA journal_size_limit = 16777216";
	struct buf why = { 0 };
	int code = expect(p->db, "PRAGMA journal_mode = WAL", "wal", &why);

	if (code == SQLITE_OK)
		code = sqlite3_exec(p->db, settings, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = schema_bring_up(p->db, &schema_current, version);
	if (code == SQLITE_OK)
		code = schema_log(p->db, &p->log);
	if (code != SQLITE_OK)
		return failed(p, code, "cannot set it up", &why, error);
	return 0;
}

static int
write_file_again(sqlite3_file *f)
{
	static char bytes[1 << 16];
	sqlite3_int64 len, at;
	int code = f->pMethods->xFileSize(f, &len), n;

	for (at = 0; code == SQLITE_OK && at < len; at += n) {
		n = len - at < (sqlite3_int64)sizeof(bytes)
		    ? (int)(len - at)
		    : (int)sizeof(bytes);
		code = f->pMethods->xRead(f, bytes, n, at);
		if (code == SQLITE_OK)
			code = f->pMethods->xWrite(f, bytes, n, at);
	}
	return code == SQLITE_OK && len != 0
	    ? f->pMethods->xSync(f, SQLITE_SYNC_NORMAL)
	    : code;
}

/*
 * What a killed chatd left in its log of commits can be read, but may not be on
 * disk.  A sync alone is not enough: after one that failed, Linux takes what
 * was to be saved for saved.  So it is written again, through SQLite's files.
 */
static int
write_log_again(struct store_place *p, struct buf *error)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	char *wal = xasprintf("%s-wal", p->path);
	const char *name = sqlite3_create_filename(p->path, "", wal, 0, NULL);
	sqlite3_file *f = xcalloc(1, (size_t)vfs->szOsFile);
	int code = SQLITE_OK, flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL;

	if (access(wal, F_OK) == 0)
		code = vfs->xOpen(
		    vfs, sqlite3_filename_wal(name), f, flags, &flags);
	if (code == SQLITE_OK && f->pMethods != NULL)
		code = write_file_again(f);
	if (code != SQLITE_OK)
		store_words(error, p, code, "cannot save its chat.db-wal",
		    sqlite3_errstr(code));
	if (f->pMethods != NULL)
		f->pMethods->xClose(f);
	free(f);
	sqlite3_free_filename(name);
	free(wal);
	return code == SQLITE_OK ? 0 : store_status(code);
}

static int
open_database(struct store_place *p, struct buf *error)
{
	struct buf why = { 0 };
	int code;

	if (sqlite3_libversion_number() < OLDEST_SQLITE) {
		buf_printf(error,
		    "SQLite %s is too old: 3.37 is needed; install a newer one",
		    sqlite3_libversion());
		return EX_SOFTWARE;
	}
	code = sqlite3_open_v2(p->path, &p->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
	    NULL);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(
		    p->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (code != SQLITE_OK)
		return failed(p, code, "cannot open", &why, error);
	if (words_register(p->db) != SQLITE_OK) {
		buf_add_string(error,
		    "this SQLite has no FTS5; install one that was built with "
		    "it");
		return EX_SOFTWARE;
	}
	return 0;
}

int
store_open(struct store_place *p, const char *dir, struct buf *error)
{
	int version = 0, status;

	*p = (struct store_place){ .lock = -1 };
	status = make_place(p, dir, error);
	if (status == 0)
		status = write_log_again(p, error);
	if (status == 0)
		status = open_database(p, error);
	if (status == 0)
		status = look(p, &version, error);
	if (status == 0)
		status = set_up(p, version, error);
	return status;
}

int
store_look(struct store_place *p, const char *dir, struct buf *error)
{
	char *path = xasprintf("%s/chat.db", dir);
	bool is_there = access(path, F_OK) == 0;
	struct buf why = { 0 };
	int status, code;

	*p = (struct store_place){ .lock = -1 };
	free(path);
	if (!is_there) {
		buf_printf(error, "%s: there is no chat.db in it", dir);
		return EX_NOINPUT;
	}
	status = make_place(p, dir, error);
	if (status == 0)
		status = open_database(p, error);
	if (status != 0)
		return status;
	code = be_careful(p->db);
	return code == SQLITE_OK
	    ? 0
	    : failed(p, code, "nothing of it can be read", &why, error);
}

void
store_close(struct store_place *p, bool leave)
{
	if (p->db != NULL)
		sqlite3_db_config(p->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
		    leave ? 1 : 0, NULL);
	if (sqlite3_close(p->db) != SQLITE_OK)
		log_warnx("%s: not closed", p->path);
	if (p->lock >= 0)
		close(p->lock);
	free(p->path);
	free(p->dir);
}
