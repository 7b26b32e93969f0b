/*
 * The interface of the store on disk, for the loop's thread.
 */
#include "store_sqlite.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "entry.h"
#include "store_schema.h"
#include "store_work.h"
#include "wake.h"
#include "xmalloc.h"

struct sqlite {
	struct store store;
	struct store_work work;
	size_t unanswered;
	size_t appends, append_bytes; /* of these */
};

static struct sqlite *
sqlite_of(struct store *s)
{
	return (struct sqlite *)s;
}

static void
ask(struct store *store, int kind, void *job)
{
	struct sqlite *s = sqlite_of(store);

	work_ask(&s->work, (struct ask){ .kind = kind, .job = job });
	s->unanswered++;
}

static size_t
bytes_of(const struct store_append *job)
{
	return sizeof(*job) + job->who.len + job->text.len +
	    job->room_name.len + job->other_nick.len;
}

static void
sqlite_append(struct store *store, struct store_append *job)
{
	struct sqlite *s = sqlite_of(store);
	size_t bytes = bytes_of(job);

	if (s->appends < STORE_WAITING_MAX &&
	    s->append_bytes + bytes <= STORE_WAITING_BYTES) {
		ask(store, ASK_APPEND, job);
	} else {
		work_refuse(&s->work, job);
		s->unanswered++;
	}
	s->appends++;
	s->append_bytes += bytes;
}

static void
sqlite_device(struct store *store, struct store_device *job)
{
	ask(store, ASK_DEVICE, job);
}

static void
sqlite_read(struct store *store, struct store_read *job)
{
	ask(store, ASK_READ, job);
}

static void
sqlite_search(struct store *store, struct store_search *job)
{
	ask(store, ASK_SEARCH, job);
}

static void
sqlite_seen(struct store *store, struct store_seen *job)
{
	ask(store, ASK_SEEN, job);
}

static void
sqlite_keep(struct store *store, const struct store_keep *keep)
{
	work_keep(&sqlite_of(store)->work, keep);
}

static void
sqlite_backup(struct store *store, struct store_backup *job)
{
	ask(store, ASK_BACKUP, job);
}

static void
sqlite_forget(struct store *store, uint32_t room)
{
	work_ask(&sqlite_of(store)->work,
	    (struct ask){ .kind = ASK_FORGET, .room = room });
}

static void
sqlite_file_gone(struct store *store, uint64_t number)
{
	work_ask(&sqlite_of(store)->work,
	    (struct ask){ .kind = ASK_FILE_GONE, .file = number });
}

static uint32_t
sqlite_load(struct store *store, const struct store_loader *loader, void *arg)
{
	struct store_work *w = &sqlite_of(store)->work;
	uint32_t last = 0;
	int code = rows_load(&w->rows, loader, arg, &last);

	if (code != SQLITE_OK)
		store->broken = work_trouble(w, code, "cannot read");
	return last;
}

static void
answer(const struct ask *ask)
{
	struct store_append *append = ask->job;
	struct store_device *device = ask->job;
	struct store_seen *seen = ask->job;
	struct store_read *read = ask->job;
	struct store_search *search = ask->job;
	struct store_backup *backup = ask->job;

	switch (ask->kind) {
	case ASK_APPEND:
		append->done(append);
		break;
	case ASK_DEVICE:
		device->done(device);
		break;
	case ASK_SEEN:
		seen->done(seen);
		break;
	case ASK_READ:
		read->done(read);
		break;
	case ASK_SEARCH:
		search->done(search);
		break;
	case ASK_BACKUP:
		backup->done(backup);
		break;
	case ASK_FORGET:
	case ASK_FILE_GONE:
		break;
	}
}

static void
sqlite_collect(struct store *store)
{
	struct sqlite *s = sqlite_of(store);
	struct queue done;
	int broken = work_finished(&s->work, &done);

	if (broken != 0)
		store->broken = broken;
	s->unanswered -= done.n;
	for (size_t i = 0; i < done.n; i++) {
		if (done.at[i].kind == ASK_APPEND) {
			s->appends--;
			s->append_bytes -= bytes_of(done.at[i].job);
		}
		answer(&done.at[i]);
	}
	free(done.at);
}

static void
sqlite_drain(struct store *store)
{
	struct sqlite *s = sqlite_of(store);
	struct pollfd ready = { .fd = store->fd, .events = POLLIN };

	while (s->unanswered != 0 && store->broken == 0) {
		poll(&ready, 1, -1);
		sqlite_collect(store);
	}
}

/* It takes up what is asked by itself. */
static bool
sqlite_waits(const struct store *store)
{
	(void)store;
	return false;
}

static void
drop_entries(struct entry **entries, unsigned n)
{
	while (n != 0)
		entry_unref(entries[--n]);
	free(entries);
}

/* What nobody will collect any more. */
static void
drop(const struct ask *ask)
{
	struct store_append *append = ask->job;
	struct store_read *read = ask->job;
	struct store_search *search = ask->job;
	struct store_backup *backup = ask->job;

	if (ask->kind == ASK_APPEND)
		entry_unref(append->entry);
	if (ask->kind == ASK_READ)
		drop_entries(read->entries, read->got);
	if (ask->kind == ASK_SEARCH)
		drop_entries(search->entries, search->got);
	if (ask->kind == ASK_BACKUP)
		buf_done(&backup->error);
}

static void
sqlite_free(struct store *store)
{
	struct sqlite *s = sqlite_of(store);
	struct store_work *w = &s->work;
	struct queue left;

	work_done(w, &left);
	rows_done(&w->rows);
	store_close(&w->place, w->broken != 0);
	for (size_t i = 0; i < left.n; i++)
		drop(&left.at[i]);
	free(left.at);
	close(store->fd);
	free(s);
}

static const struct store_ops sqlite_ops = {
	.load = sqlite_load,
	.append = sqlite_append,
	.device = sqlite_device,
	.read = sqlite_read,
	.search = sqlite_search,
	.seen = sqlite_seen,
	.keep = sqlite_keep,
	.forget = sqlite_forget,
	.file_gone = sqlite_file_gone,
	.backup = sqlite_backup,
	.collect = sqlite_collect,
	.drain = sqlite_drain,
	.waits = sqlite_waits,
	.free = sqlite_free,
};

int
store_sqlite_renew(struct store *store)
{
	struct store_work *w = &sqlite_of(store)->work;
	int code = schema_new_log(w->place.db);

	if (code == SQLITE_OK)
		code = schema_log(w->place.db, &store->log);
	return code == SQLITE_OK ? 0 : work_trouble(w, code, "cannot renew it");
}

static int
open_all(struct store_work *w, const char *dir, uint64_t (*wall)(void),
    struct buf *error)
{
	int status = store_open(&w->place, dir, error), code;

	if (status != 0)
		return status;
	code = rows_init(&w->rows, w->place.db, wall);
	/* The statements are right: the tables are not what was made. */
	if (code == SQLITE_ERROR)
		code = SQLITE_CORRUPT;
	if (code == SQLITE_OK)
		return 0;
	store_words(error, &w->place, code, "cannot use it", NULL);
	return store_status(code);
}

struct store *
store_sqlite(
    const char *dir, uint64_t (*wall)(void), int *status, struct buf *error)
{
	struct sqlite *s = xcalloc(1, sizeof(*s));

	*status = open_all(&s->work, dir, wall, error);
	if (*status != 0) {
		rows_done(&s->work.rows);
		store_close(&s->work.place, true);
		free(s);
		return NULL;
	}
	s->store = (struct store){
		.ops = &sqlite_ops,
		.log = s->work.place.log,
		.fd = wake_open(),
	};
	work_init(&s->work, s->store.fd);
	return &s->store;
}
