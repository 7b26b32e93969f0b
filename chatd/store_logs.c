#include "store_logs.h"

#include <stdlib.h>

#include "entry.h"
#include "names.h"
#include "sought.h"
#include "table.h"
#include "xmalloc.h"

enum {
	OVERHEAD = 64,	    /* bytes reckoned for an entry beside its own */
	LINES_SPARE = 1000, /* lines that may be of no use any more */
	/* A search looks through so many bytes at a time: some milliseconds. */
	LOOK = 1 << 19,
	LOOK_LINE = 64, /* reckoned for a line that is passed by */
};

struct room_log {
	uint32_t room;
	struct entry **at; /* ring of cap, a power of two */
	size_t cap, n;
	uint64_t first; /* number of the oldest entry kept */
	uint64_t bytes;
	bool is_direct;
	UT_hash_handle hh;
};

static struct room_log *
log_find(struct logs *m, uint32_t room)
{
	struct room_log *l;

	HASH_FIND(hh, m->rooms, &room, sizeof room, l);
	return l;
}

static struct room_log *
log_get(struct logs *m, const struct store_append *job)
{
	struct room_log *l = log_find(m, job->room);

	if (l == NULL) {
		l = xcalloc(1, sizeof *l);
		l->room = job->room;
		l->is_direct = job->room_name.len == 0;
		l->first = 1;
		HASH_ADD(hh, m->rooms, room, sizeof l->room, l);
	}
	return l;
}

static struct entry **
log_at(const struct room_log *l, uint64_t seq)
{
	return &l->at[seq & (l->cap - 1)];
}

static void
log_grow(struct room_log *l)
{
	size_t cap = l->cap != 0 ? l->cap * 2 : 4;
	struct entry **at = xcalloc(cap, sizeof *at);

	for (uint64_t seq = l->first; seq < l->first + l->n; seq++)
		at[seq & (cap - 1)] = *log_at(l, seq);
	free(l->at);
	l->at = at;
	l->cap = cap;
}

static uint64_t
entry_bytes(const struct entry *e)
{
	return sizeof *e + e->who_len + e->text_len + OVERHEAD;
}

static void
log_drop(struct logs *m, struct room_log *l)
{
	struct entry *e = *log_at(l, l->first);

	m->bytes -= entry_bytes(e);
	l->bytes -= entry_bytes(e);
	entry_unref(e);
	l->first++;
	l->n--;
	m->n_entries--;
}

static void
log_free(struct logs *m, struct room_log *l)
{
	while (l->n != 0)
		log_drop(m, l);
	HASH_DEL(m->rooms, l);
	free(l->at);
	free(l);
}

static bool
is_kept(const struct logs *m, const struct room_log *l)
{
	const struct store_keep *keep = &m->keep;
	uint64_t now = m->wall();

	return (keep->count == 0 || l->n <= keep->count) &&
	    (keep->age_ms == 0 || now <= keep->age_ms ||
		(*log_at(l, l->first))->time >= now - keep->age_ms);
}

/* What need not be kept goes when somebody asks for the room, or when all are
 * looked at: nobody sees it. */
static void
log_trim(struct logs *m, struct room_log *l)
{
	while (l->n != 0 && !is_kept(m, l))
		log_drop(m, l);
}

static void
make_room(struct logs *m)
{
	while (m->bytes > m->max) {
		struct room_log *longest = NULL;
		uint64_t keep;

		for (struct room_log *l = m->rooms; l != NULL; l = l->hh.next)
			if (longest == NULL || l->bytes > longest->bytes)
				longest = l;
		if (longest == NULL || longest->n <= 1)
			return;
		keep = longest->bytes - longest->bytes / 8;
		while (longest->n > 1 && longest->bytes >= keep)
			log_drop(m, longest);
	}
}

static bool
is_there(void *arg, const struct line *line)
{
	const struct room_log *l = log_find(arg, line->room);

	return l != NULL && line->seq >= l->first &&
	    line->seq < l->first + l->n;
}

static void
add_line(struct logs *m, const struct entry *e)
{
	if (m->lines.n > 2 * m->n_entries + LINES_SPARE)
		lines_compact(&m->lines, is_there, m);
	lines_add(&m->lines, e->room, e->seq);
}

struct entry *
logs_add(struct logs *m, const struct store_append *job)
{
	struct room_log *l = log_get(m, job);
	uint64_t now = m->wall();
	struct entry *e;

	if (now > m->time)
		m->time = now;
	if (l->n == l->cap)
		log_grow(l);
	e = entry_new(job->room, l->first + l->n, m->time, job->kind, job->who,
	    job->text);
	*log_at(l, e->seq) = e;
	l->n++;
	m->n_entries++;
	if (store_is_searchable(job->kind))
		add_line(m, e);
	l->bytes += entry_bytes(e);
	m->bytes += entry_bytes(e);
	log_trim(m, l);
	if (m->bytes > m->max)
		make_room(m);
	return e;
}

void
logs_keep(struct logs *m, const struct store_keep *keep)
{
	m->keep = *keep;
	for (struct room_log *l = m->rooms; l != NULL; l = l->hh.next)
		log_trim(m, l);
}

void
logs_forget(struct logs *m, uint32_t room)
{
	struct room_log *l = log_find(m, room);

	if (l != NULL)
		log_free(m, l);
}

void
logs_done(struct logs *m)
{
	struct room_log *l, *next;

	HASH_ITER(hh, m->rooms, l, next)
	log_free(m, l);
	free(m->lines.at);
}

/* ---- reading ---- */

/* The first entry from number `from` on that is not older. */
static uint64_t
log_since(const struct room_log *l, uint64_t from, uint64_t since)
{
	uint64_t high = l->first + l->n;

	while (from < high) {
		uint64_t middle = from + (high - from) / 2;

		if ((*log_at(l, middle))->time < since)
			from = middle + 1;
		else
			high = middle;
	}
	return from;
}

void
logs_read(struct logs *m, struct store_read *job)
{
	struct room_log *l = log_find(m, job->room);
	uint64_t seq = job->from, bytes = 0;

	job->entries = NULL;
	job->got = 0;
	job->first = job->from;
	if (l != NULL)
		log_trim(m, l);
	if (l == NULL || job->from >= l->first + l->n)
		return;
	if (seq < l->first)
		seq = l->first;
	seq = log_since(l, seq, job->since);
	if (seq == l->first + l->n)
		return;
	job->first = seq;
	job->entries = xcalloc(job->n, sizeof *job->entries);
	for (; seq < l->first + l->n && job->got < job->n; seq++) {
		struct entry *e = *log_at(l, seq);

		if (job->got != 0 && bytes + entry_bytes(e) > job->bytes)
			break;
		bytes += entry_bytes(e);
		job->entries[job->got++] = entry_ref(e);
	}
}

/* ---- searching ---- */

static int
compare_rooms(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Whether what is in a room may be found. */
static bool
may_find(const struct store_search *job, const struct room_log *l)
{
	if (l == NULL)
		return false;
	if (job->room != 0)
		return job->room == l->room;
	return !l->is_direct ||
	    (job->n_directs != 0 &&
		bsearch(&l->room, job->directs, job->n_directs,
		    sizeof(*job->directs), compare_rooms) != NULL);
}

/* The entry of a line, if it is one that is looked for but for its words. */
static struct entry *
find(struct logs *m, const struct store_search *job, const struct line *line)
{
	struct room_log *l = log_find(m, line->room);
	struct entry *e;

	if (!may_find(job, l))
		return NULL;
	log_trim(m, l);
	/* Gone; or of another room, which had the number before. */
	if (line->seq < l->first || line->seq >= l->first + l->n)
		return NULL;
	e = *log_at(l, line->seq);
	if (e->time < job->after ||
	    (job->before != 0 && e->time >= job->before))
		return NULL;
	return job->who.len == 0 || names_same(job->who, entry_who(e)) ? e
								       : NULL;
}

/* False: there is no place for it on the page. */
static bool
add_found(struct store_search *job, struct entry *e, uint64_t *bytes)
{
	if (job->got == job->n ||
	    (job->got != 0 && *bytes + entry_bytes(e) > job->bytes))
		return false;
	*bytes += entry_bytes(e);
	job->entries[job->got++] = entry_ref(e);
	return true;
}

/* From the newest line down, as far as that is quick. */
void
logs_search(struct logs *m, struct store_search *job)
{
	uint64_t bytes = 0, looked = 0, below = job->below;
	struct sought sought;
	size_t at;

	job->entries = xcalloc(job->n, sizeof *job->entries);
	job->got = 0;
	sought_init(&sought, job->words);
	at = lines_below(&m->lines, below != 0 ? below : UINT64_MAX);
	for (; at > 0 && looked < LOOK; at--) {
		struct entry *e = find(m, job, &m->lines.at[at - 1]);

		looked += LOOK_LINE + (e != NULL ? e->text_len : 0);
		if (e != NULL && sought_is_in(&sought, entry_text(e)) &&
		    !add_found(job, e, &bytes))
			break;
	}
	job->more = at > 0 ? m->lines.at[at - 1].number + 1 : 0;
	sought_done(&sought);
}
