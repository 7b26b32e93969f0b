/*
 * What is kept of files besides their bytes: a row each, changed in the
 * transactions of the entries about them.
 */
#include <string.h>

#include "store_rows.h"

/* What is not known, or does not fit, is -1. */
static void
bind_size(sqlite3_stmt *s, int at, uint64_t size)
{
	sqlite3_bind_int64(s, at, size <= INT64_MAX ? (sqlite3_int64)size : -1);
}

static void
bind_text(sqlite3_stmt *s, int at, struct slice text)
{
	sqlite3_bind_text64(
	    s, at, text.at, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void
bind_bytes(sqlite3_stmt *s, int at, const void *bytes, size_t len)
{
	sqlite3_bind_blob64(s, at, bytes, len, SQLITE_STATIC);
}

static int
run(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
set(struct rows *r, const struct store_file *file)
{
	sqlite3_stmt *s = r->at[ROWS_FILE_SET];
	sqlite3_stmt *last = r->at[ROWS_LAST_FILE_SET];
	int code;

	sqlite3_bind_int64(s, 1, (sqlite3_int64)file->number);
	sqlite3_bind_int64(s, 2, file->room);
	bind_bytes(s, 3, &file->device, sizeof(file->device));
	bind_bytes(s, 4, &file->key, sizeof(file->key));
	bind_text(s, 5, file->who);
	bind_text(s, 6, file->name);
	bind_size(s, 7, file->size);
	bind_size(s, 8, file->since);
	bind_size(s, 9, file->expires);
	bind_size(s, 10, file->time);
	sqlite3_bind_int64(s, 11, file->flags);
	if (file->is_whole)
		bind_bytes(s, 12, &file->hash, sizeof(file->hash));
	code = run(s);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(last, 1, (sqlite3_int64)file->number);
	return run(last);
}

int
rows_file_gone(struct rows *r, uint64_t number)
{
	sqlite3_stmt *s = r->at[ROWS_FILE_REMOVE];

	sqlite3_bind_int64(s, 1, (sqlite3_int64)number);
	return run(s);
}

int
rows_file(struct rows *r, const struct store_append *job)
{
	if (job->kind == ENTRY_WITHDRAWN)
		return rows_file_gone(r, job->file->number);
	return set(r, job->file);
}

/* ---- the start ---- */

static struct slice
text_of(sqlite3_stmt *s, int at)
{
	const char *text = (const char *)sqlite3_column_text(s, at);

	return (struct slice){ text != NULL ? text : "",
		(size_t)sqlite3_column_bytes(s, at) };
}

static uint64_t
size_of(sqlite3_stmt *s, int at)
{
	sqlite3_int64 size = sqlite3_column_int64(s, at);

	return size < 0 ? UINT64_MAX : (uint64_t)size;
}

/* false: it is not as long as it must be. */
static bool
bytes_of(sqlite3_stmt *s, int at, void *to, size_t len)
{
	if ((size_t)sqlite3_column_bytes(s, at) != len)
		return false;
	memcpy(to, sqlite3_column_blob(s, at), len);
	return true;
}

static int
load_file(sqlite3_stmt *s, const struct store_loader *loader, void *arg)
{
	struct store_file file = {
		.number = (uint64_t)sqlite3_column_int64(s, 0),
		.room = (uint32_t)sqlite3_column_int64(s, 1),
		.who = text_of(s, 4),
		.name = text_of(s, 5),
		.size = size_of(s, 6),
		.since = size_of(s, 7),
		.expires = size_of(s, 8),
		.time = size_of(s, 9),
		.flags = (uint8_t)sqlite3_column_int64(s, 10),
		.is_whole = sqlite3_column_type(s, 11) != SQLITE_NULL,
	};

	if (!bytes_of(s, 2, &file.device, sizeof(file.device)) ||
	    !bytes_of(s, 3, &file.key, sizeof(file.key)) ||
	    (file.is_whole && !bytes_of(s, 11, &file.hash, sizeof(file.hash))))
		return SQLITE_CORRUPT;
	loader->file(arg, &file);
	return SQLITE_OK;
}

int
rows_load_files(struct rows *r, const struct store_loader *loader, void *arg)
{
	sqlite3_stmt *s = r->at[ROWS_FILES];
	uint64_t last;
	bool found;
	int code;

	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		code = load_file(s, loader, arg);
		if (code != SQLITE_OK)
			break;
	}
	sqlite3_reset(s);
	if (code != SQLITE_DONE)
		return code;
	code = rows_fetch(r->at[ROWS_LAST_FILE], &last, 1, &found);
	if (code == SQLITE_OK && found)
		loader->last_file(arg, last);
	return code;
}
