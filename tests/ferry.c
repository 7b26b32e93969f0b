#include "ferry.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "../chat/source.h"
#include "codec.h"
#include "frame.h"

enum { WORK_MS = 10000, BULK = 65536 };

static uint32_t
ask(void *arg, union message *m)
{
	struct ferry *f = arg;

	m->join.ref = ++f->ref;
	codec_encode(&f->said, m);
	return f->ref;
}

static void
say(void *arg, const union message *m)
{
	codec_encode(&((struct ferry *)arg)->said, m);
}

static void
changed(void *arg, struct transfer *t)
{
	(void)arg;
	(void)t;
}

static void
start(struct ferry *f)
{
	const struct transfer_ops ops = { ask, say, changed, f };
	const struct transfers_options o = { f->downloads, f->directory,
		"transfers" };

	f->all = transfers_new(f->model, &ops, &o);
	transfers_tick(f->all, f->now_ms);
	transfers_begin(f->all);
}

void
ferry_init(struct ferry *f)
{
	*f = (struct ferry){ .now_ms = 1000 };
	folder_make(f->folder);
	snprintf(f->downloads, sizeof(f->downloads), "%s/down", f->folder);
	f->directory = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->model = model_new();
	f->model->log.byte[0] = 1;
	f->room = model_room_open(f->model, SLICE("#lobby"));
	f->room->is_attached = true;
	start(f);
}

void
ferry_done(struct ferry *f)
{
	transfers_free(f->all);
	model_free(f->model);
	close(f->directory);
	buf_done(&f->said);
	buf_done(&f->frames);
	buf_done(&f->heard);
	folder_remove(f->folder);
}

void
ferry_restart(struct ferry *f)
{
	transfers_free(f->all);
	buf_clear(&f->said);
	buf_clear(&f->frames);
	start(f);
	ferry_work(f);
}

void
ferry_cut(struct ferry *f)
{
	transfers_over(f->all);
	buf_clear(&f->said);
	buf_clear(&f->frames);
	transfers_begin(f->all);
	ferry_work(f);
}

static bool
is_busy(const struct transfers *all)
{
	bool is = all->keeper.is_busy;

	for (const struct core *c = all->first; c != NULL; c = c->next)
		is |= c->is_busy;
	return is;
}

void
ferry_work(struct ferry *f)
{
	struct pollfd p = { .fd = transfers_fd(f->all), .events = POLLIN };

	do {
		while (is_busy(f->all)) {
			cr_assert_eq(poll(&p, 1, WORK_MS), 1);
			transfers_collect(f->all);
		}
		transfers_tick(f->all, f->now_ms);
	} while (is_busy(f->all));
}

void
ferry_pass(struct ferry *f, int64_t ms)
{
	f->now_ms += ms;
	ferry_work(f);
}

struct transfer *
ferry_send(struct ferry *f, const char *name)
{
	char path[FOLDER_LEN + 300];
	struct send_file file = { .path = path, .fd = -1 };
	struct source source;
	struct buf why = { 0 };

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	cr_assert(source_open(&source, path, &why), "%s", buf_string(&why));
	buf_done(&why);
	return transfers_send(f->all, f->room, &file, &source);
}

struct transfer *
ferry_send_fd(struct ferry *f, int fd)
{
	struct send_file file = { .fd = fd, .name = "pipe" };
	struct source source;
	struct buf why = { 0 };

	cr_assert(source_of(&source, fd, &why));
	buf_done(&why);
	return transfers_send(f->all, f->room, &file, &source);
}

static bool
take(struct ferry *f, struct buf *from)
{
	struct frame frame;

	if (frame_read(buf_at(from), from->len, PROTOCOL_FRAME_READY, &frame) !=
	    GOT_ONE)
		return false;
	buf_clear(&f->heard);
	buf_add(&f->heard, frame.payload, frame.len);
	buf_consume(from, frame.used);
	cr_assert_eq(
	    codec_decode(buf_at(&f->heard), f->heard.len, &f->m), FINE);
	return true;
}

static bool
hear_any(struct ferry *f)
{
	ferry_work(f);
	if (take(f, &f->said))
		return true;
	if (f->frames.len == 0)
		transfers_pull(f->all, &f->frames, BULK);
	return take(f, &f->frames);
}

const union message *
ferry_hears(struct ferry *f, enum message_type type)
{
	cr_assert(
	    hear_any(f), "nothing was said, not %s", protocol_row(type)->name);
	cr_assert_eq(f->m.type, type, "%s was said, not %s",
	    protocol_row(f->m.type)->name, protocol_row(type)->name);
	return &f->m;
}

bool
ferry_is_quiet(struct ferry *f)
{
	return !hear_any(f);
}

bool
ferry_says(struct ferry *f, union message m)
{
	bool is_fine = transfers_hear(f->all, &m, f->why, sizeof(f->why));

	ferry_work(f);
	return is_fine;
}

bool
ferry_refuses(struct ferry *f, uint32_t ref, enum refusal code)
{
	return ferry_says(f,
	    (union message){ .refused = { .type = MSG_REFUSED,
				 .ref = ref,
				 .code = (uint16_t)code,
				 .text = slice_of(refusal_text(code)) } });
}

struct hash
ferry_hash(const void *bytes, size_t len)
{
	struct digest *d = digest_new();
	struct hash hash;

	digest_add(d, bytes, len);
	hash = digest_now(d);
	digest_free(d);
	return hash;
}
