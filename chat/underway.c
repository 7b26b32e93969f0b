#include "underway.h"

#include <stdlib.h>
#include <string.h>

#include "pack.h"
#include "xmalloc.h"

enum {
	IS_UPLOAD = 1,
	IS_PAUSED = 2,
};

static const char head[] = "chat transfers 1\n";
enum { HEAD = sizeof(head) - 1 };

void
underway_free(struct underway *u)
{
	free(u->server);
	free(u->room);
	free(u->path);
	free(u->name);
	free(u->caption);
	free(u->directory);
	free(u);
}

void
underway_begin(struct buf *out)
{
	buf_add(out, head, HEAD);
}

void
underway_add(struct buf *out, const struct underway *u)
{
	struct buf part = { 0 };
	unsigned flags = 0;

	flags |= u->is_upload ? IS_UPLOAD : 0;
	flags |= u->is_paused ? IS_PAUSED : 0;
	buf_add_u8(&part, (uint8_t)flags);
	pack_text(&part, slice_of(u->server));
	pack_id(&part, &u->log);
	buf_add_u64(&part, u->file);
	pack_text(&part, slice_of(u->room));
	pack_text(&part, slice_of(u->path));
	pack_text(&part, slice_of(u->name));
	pack_id(&part, &u->key);
	buf_add_u64(&part, u->size);
	buf_add_u64(&part, u->time);
	pack_text(&part, slice_of(u->caption));
	pack_text(&part, slice_of(u->directory));
	pack_text(out, buf_slice(&part));
	buf_add_u64(out, pack_sum(PACK_SUM_BEGIN, buf_at(&part), part.len));
	buf_done(&part);
}

static char *
read_text(struct unpack *in)
{
	struct slice text = unpack_text(in);

	return xstrndup(text.at, text.len);
}

/* NULL: it is not as a record is. */
static struct underway *
read_one(struct slice part)
{
	struct unpack in = { .at = (const uint8_t *)part.at, .left = part.len };
	struct underway *u = xcalloc(1, sizeof(*u));
	unsigned flags = unpack_u8(&in);

	u->is_upload = (flags & IS_UPLOAD) != 0;
	u->is_paused = (flags & IS_PAUSED) != 0;
	u->server = read_text(&in);
	u->log = unpack_id(&in);
	u->file = unpack_u64(&in);
	u->room = read_text(&in);
	u->path = read_text(&in);
	u->name = read_text(&in);
	u->key = unpack_id(&in);
	u->size = unpack_u64(&in);
	u->time = unpack_u64(&in);
	u->caption = read_text(&in);
	u->directory = read_text(&in);
	if (!in.is_bad)
		return u;
	underway_free(u);
	return NULL;
}

struct underway *
underway_read(struct slice file)
{
	struct underway *first = NULL, **last = &first;
	struct unpack in;

	if (file.len < HEAD || memcmp(file.at, head, HEAD) != 0)
		return NULL;
	in = (struct unpack){ .at = (const uint8_t *)file.at + HEAD,
		.left = file.len - HEAD };
	while (in.left != 0) {
		struct slice part = unpack_text(&in);
		uint64_t sum = unpack_u64(&in);

		if (in.is_bad ||
		    sum != pack_sum(PACK_SUM_BEGIN, part.at, part.len))
			break;
		*last = read_one(part);
		if (*last == NULL)
			break;
		last = &(*last)->next;
	}
	return first;
}
