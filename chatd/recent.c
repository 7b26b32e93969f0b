#include "recent.h"

#include <assert.h>
#include <stdlib.h>

#include "blob.h"
#include "entry.h"
#include "xmalloc.h"

enum { SEGMENT_LEAST = 512 };

/* What an entry takes, once for itself and once encoded. */
static size_t
entry_bytes(const struct entry *e)
{
	return 2 * (sizeof *e + e->who_len + e->text_len);
}

static size_t
slot(const struct recent *r, uint64_t seq)
{
	return (size_t)(seq & (r->cap - 1));
}

void
recent_init(struct recent *r, uint64_t next)
{
	*r = (struct recent){ .first = next, .next = next };
	for (int i = 0; i < DIALECT_COUNT; i++)
		r->forms[i].next = next;
}

static uint64_t
start_of(const struct recent *r, const struct form *f, uint64_t seq)
{
	return seq < f->next ? f->starts[slot(r, seq)] : f->total;
}

static void
form_drop_before(struct form *f, uint64_t byte)
{
	size_t n = 0;

	while (
	    n < f->n && f->segments[n].start + f->segments[n].blob->len <= byte)
		blob_unref(f->segments[n++].blob);
	if (n == 0)
		return;
	f->n -= n;
	memmove(f->segments, f->segments + n, f->n * sizeof *f->segments);
}

static void
drop_oldest(struct recent *r)
{
	struct entry *e = r->at[slot(r, r->first)];

	for (int i = 0; i < DIALECT_COUNT; i++) {
		struct form *f = &r->forms[i];

		if (f->next > r->first)
			form_drop_before(f, start_of(r, f, r->first + 1));
		else
			f->next = r->first + 1;
	}
	r->bytes -= entry_bytes(e);
	entry_unref(e);
	r->first++;
}

void
recent_trim(struct recent *r, uint64_t time)
{
	while (r->first < r->next && r->at[slot(r, r->first)]->time < time)
		drop_oldest(r);
}

void
recent_drop(struct recent *r)
{
	while (r->first < r->next)
		drop_oldest(r);
	for (int i = 0; i < DIALECT_COUNT; i++) {
		struct form *f = &r->forms[i];

		free(f->segments);
		free(f->starts);
		*f = (struct form){ .next = r->next };
	}
	free(r->at);
	r->at = NULL;
	r->cap = 0;
}

void
recent_done(struct recent *r)
{
	recent_drop(r);
}

static void
grow(struct recent *r)
{
	size_t cap = r->cap != 0 ? r->cap * 2 : 4;
	struct entry **at = xcalloc(cap, sizeof *at);

	for (uint64_t s = r->first; s < r->next; s++)
		at[s & (cap - 1)] = r->at[slot(r, s)];
	for (int i = 0; i < DIALECT_COUNT; i++) {
		struct form *f = &r->forms[i];
		uint64_t *starts;

		if (f->starts == NULL)
			continue;
		starts = xcalloc(cap, sizeof *starts);
		for (uint64_t s = r->first; s < f->next; s++)
			starts[s & (cap - 1)] = f->starts[slot(r, s)];
		free(f->starts);
		f->starts = starts;
	}
	free(r->at);
	r->at = at;
	r->cap = cap;
}

void
recent_add_take(struct recent *r, struct entry *e)
{
	assert(e->seq == r->next);
	while (r->next - r->first >= RECENT_ENTRIES ||
	    (r->bytes > RECENT_BYTES && r->first < r->next))
		drop_oldest(r);
	if (r->next - r->first == r->cap)
		grow(r);
	r->at[slot(r, r->next++)] = e;
	r->bytes += entry_bytes(e);
}

/* A blob with room for len more bytes: the last, or a new one.  They grow with
 * what the room has to say, so that a quiet room stays small. */
static struct blob *
form_room(struct form *f, size_t len)
{
	struct segment *last = f->n != 0 ? &f->segments[f->n - 1] : NULL;
	size_t cap;

	if (last != NULL && last->blob->cap - last->blob->len >= len)
		return last->blob;
	cap = last != NULL ? (size_t)last->blob->cap * 2 : SEGMENT_LEAST;
	if (cap > RECENT_SEGMENT)
		cap = RECENT_SEGMENT;
	if (cap < len)
		cap = len;
	if (f->n == f->cap) {
		f->cap = f->cap != 0 ? f->cap * 2 : 2;
		f->segments =
		    xrealloc(f->segments, f->cap, sizeof *f->segments);
	}
	assert(f->segments != NULL);
	f->segments[f->n++] =
	    (struct segment){ .blob = blob_new(cap), .start = f->total };
	return f->segments[f->n - 1].blob;
}

static void
encode_all(struct recent *r, struct form *f, const struct dialect *dialect,
    struct slice room)
{
	static struct buf bytes; /* one thread; kept for the next */
	union message m;

	if (f->next < r->next && f->starts == NULL)
		f->starts = xcalloc(r->cap, sizeof *f->starts);
	for (; f->next < r->next; f->next++) {
		buf_clear(&bytes);
		entry_message(r->at[slot(r, f->next)], &m);
		dialect->share(&bytes, room, &m);
		blob_add(form_room(f, bytes.len), buf_at(&bytes), bytes.len);
		f->starts[slot(r, f->next)] = f->total;
		f->total += bytes.len;
		r->encodings++;
	}
}

/* The number behind the last entry of [from, end) that fits into bytes; at
 * least one. */
static uint64_t
last_within(const struct recent *r, const struct form *f, uint64_t from,
    uint64_t end, size_t bytes)
{
	uint64_t most = start_of(r, f, from) + bytes;
	uint64_t low = from + 1, high = end;

	while (low < high) {
		uint64_t mid = high - (high - low) / 2;

		if (start_of(r, f, mid) <= most)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

size_t
recent_pull(struct recent *r, const struct dialect *dialect, struct slice room,
    uint64_t *from, uint64_t end, struct piece *pieces, size_t max,
    size_t bytes)
{
	struct form *f = &r->forms[dialect->no];
	uint64_t at, stop;
	size_t i, n = 0;

	assert(*from >= r->first && end <= r->next);
	if (*from >= end || max == 0)
		return 0;
	encode_all(r, f, dialect, room);
	end = last_within(r, f, *from, end, bytes);
	at = start_of(r, f, *from);
	stop = start_of(r, f, end);
	i = f->n;
	while (i > 0 && f->segments[i - 1].start > at)
		i--;
	/* Entries never lie across segments, so cutting at a segment's end is
	 * cutting between entries. */
	for (i -= i > 0; i < f->n && at < stop && n < max; i++) {
		struct segment *s = &f->segments[i];
		uint64_t to = s->start + s->blob->len;

		if (to > stop)
			to = stop;
		if (to <= at)
			continue;
		pieces[n++] = (struct piece){ blob_ref(s->blob),
			s->blob->data + (at - s->start), (size_t)(to - at) };
		at = to;
	}
	if (at < stop)
		while (start_of(r, f, end) > at)
			end--;
	*from = end;
	return n;
}
