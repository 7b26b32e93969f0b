#include "files_rig.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../chatd/hub_files.h"
#include "../chatd/settings.h"
#include "../chatd/spool.h"
#include "codec.h"
#include "digest.h"
#include "frame.h"
#include "xmalloc.h"

enum { FAR = 1 << 20 }; /* credit in advance */

char files_folder[FOLDER_LEN];
struct spool *files_spool;
static bool is_on_disk;

static void
begin(void)
{
	struct buf error = { 0 };

	if (is_on_disk)
		world_start_in(files_folder);
	else
		world_start();
	world.settings->files_free = 0;
	files_spool = spool_new(files_folder, &error);
	cr_assert_not_null(files_spool, "%s", buf_string(&error));
	buf_done(&error);
	hub_spool(world.hub, files_spool);
}

static void
end(void)
{
	spool_free(files_spool);
	hub_spool(world.hub, NULL);
	world_stop();
}

void
files_start(bool on_disk)
{
	is_on_disk = on_disk;
	folder_make(files_folder);
	begin();
}

void
files_stop(void)
{
	end();
	folder_remove(files_folder);
}

void
files_restart(void)
{
	end();
	begin();
}

/* What the spool did makes the store work, and the other way round. */
void
files_settle(void)
{
	for (int i = 0; i < 6; i++) {
		spool_drain(files_spool);
		world_turn();
	}
}

long
files_in_spool(uint64_t file, bool is_whole)
{
	char path[FOLDER_LEN + 64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/files/%llu%s", files_folder,
	    (unsigned long long)file, is_whole ? "" : ".part");
	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

uint8_t *
files_bytes(size_t len, uint32_t seed)
{
	uint8_t *bytes = xmalloc(len + 1);
	uint32_t x = seed;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
	return bytes;
}

struct hash
files_hash(const void *bytes, size_t len)
{
	struct digest *d = digest_new();
	struct hash hash;

	digest_add(d, bytes, len);
	hash = digest_now(d);
	digest_free(d);
	return hash;
}

/* ---- what they are told ---- */

static void
take_hash(struct person *p, struct slice hash)
{
	p->has_hash = hash.len == sizeof(p->hash.byte);
	if (p->has_hash)
		memcpy(p->hash.byte, hash.at, hash.len);
	else
		cr_expect_eq(hash.len, 0);
}

static void
take_leg(struct person *p, const struct msg_leg *m)
{
	p->legs++;
	p->leg = m->leg;
	p->file = m->file;
	p->offset = p->at = m->offset;
	p->limit = m->limit;
	p->size = m->size;
	p->time = m->time;
	p->flags = m->flags;
	take_hash(p, m->hash);
	buf_clear(&p->name);
	buf_add_slice(&p->name, m->name);
}

static void
take(struct fake *f, const union message *m)
{
	struct person *p = (struct person *)f;

	switch (m->type) {
	case MSG_LEG:
		take_leg(p, &m->leg);
		break;
	case MSG_CREDIT:
		cr_expect_geq(m->credit.limit, p->limit);
		p->limit = m->credit.limit;
		p->credits++;
		break;
	case MSG_VERIFIED:
		take_hash(p, m->verified.hash);
		p->verified++;
		break;
	case MSG_CANCEL:
		p->code = m->cancel.code;
		p->cancels++;
		break;
	case MSG_HELD:
		p->code = m->held.code;
		p->helds++;
		break;
	case MSG_FILED:
		p->filed++;
		p->file = m->filed.file;
		p->size = m->filed.size;
		p->offset = m->filed.have;
		take_hash(p, m->filed.hash);
		buf_clear(&p->name);
		buf_add_slice(&p->name, m->filed.name);
		break;
	default:
		cr_assert_fail("told %s", protocol_row(m->type)->name);
	}
}

void
person_enter(struct person *p, unsigned device, const char *nick)
{
	*p = (struct person){ .fake.file = take };
	cr_assert_eq(fake_hello(&p->fake, device, nick), FINE);
	world_turn();
	cr_assert_eq(fake_join(&p->fake, "#lobby"), FINE);
	fake_ignore(&p->fake);
}

void
person_gone(struct person *p)
{
	fake_forget(&p->fake);
	buf_done(&p->got);
	buf_done(&p->name);
}

/* ---- what they ask ---- */

static void
must(enum refusal why)
{
	cr_expect_eq(why, FINE, "%s", refusal_name(why));
}

enum refusal
person_offer(struct person *p, unsigned key, const char *to, uint64_t size,
    const char *name)
{
	struct msg_offer m = { .type = MSG_OFFER,
		.ref = 5,
		.to = slice_of(to),
		.size = size,
		.time = 77,
		.flags = 1,
		.name = slice_of(name) };

	memcpy(m.key.byte, &key, sizeof(key));
	return hub_offer(world.hub, &p->fake.client, &m);
}

enum refusal
person_fetch(struct person *p, uint64_t file, const void *have, size_t len)
{
	struct hash hash = files_hash(have, len);
	struct msg_fetch m = { MSG_FETCH, 6, file, len,
		{ (const char *)hash.byte, len != 0 ? sizeof(hash.byte) : 0 } };

	return hub_fetch(world.hub, &p->fake.client, &m);
}

void
person_data(struct person *p, uint64_t offset, const void *bytes, size_t len)
{
	struct msg_data m = { MSG_DATA, p->leg, offset, { bytes, len } };

	must(hub_data(world.hub, &p->fake.client, &m));
}

void
person_credit(struct person *p, uint64_t limit)
{
	struct msg_credit m = { MSG_CREDIT, p->leg, limit, 0 };

	must(hub_credit(world.hub, &p->fake.client, &m));
}

void
person_whole(struct person *p, const void *bytes, size_t len)
{
	struct hash hash = files_hash(bytes, len);
	struct msg_whole m = { MSG_WHOLE, p->leg, len,
		{ (const char *)hash.byte, sizeof(hash.byte) } };

	must(hub_whole(world.hub, &p->fake.client, &m));
}

void
person_verify(struct person *p)
{
	struct msg_verified m = { MSG_VERIFIED, p->leg,
		{ (const char *)p->hash.byte, sizeof(p->hash.byte) } };

	must(hub_verified(world.hub, &p->fake.client, &m));
}

void
person_cancel(struct person *p)
{
	struct msg_cancel m = { MSG_CANCEL, p->leg, 0, SLICE("") };

	must(hub_cancel(world.hub, &p->fake.client, &m));
}

enum refusal
person_withdraw(struct person *p, uint64_t file, const char *why)
{
	struct msg_withdraw m = { MSG_WITHDRAW, 8, file, slice_of(why) };

	return hub_withdraw(world.hub, &p->fake.client, &m);
}

enum refusal
person_files(struct person *p, const char *room, uint64_t after)
{
	struct msg_files m = { MSG_FILES, 9, slice_of(room), after };

	return hub_files(world.hub, &p->fake.client, &m);
}

/* ---- all of it ---- */

void
person_send(struct person *p, const uint8_t *bytes, size_t to)
{
	unsigned still = 0;

	while (p->offset < to && p->cancels == 0) {
		size_t n = to - p->offset;

		if (n > p->limit - p->offset)
			n = p->limit - p->offset;
		if (n > PROTOCOL_DATA_MAX)
			n = PROTOCOL_DATA_MAX;
		if (n == 0) {
			cr_assert_lt(still++, 2, "no credit comes");
			files_settle();
			continue;
		}
		still = 0;
		person_data(p, p->offset, bytes + p->offset, n);
		p->offset += n;
	}
}

uint64_t
person_send_all(struct person *p, unsigned key, const char *to,
    const uint8_t *bytes, size_t len, const char *name)
{
	unsigned before = p->verified;

	must(person_offer(p, key, to, len, name));
	files_settle();
	person_send(p, bytes, len);
	person_whole(p, bytes, len);
	files_settle();
	cr_expect_eq(p->verified, before + 1);
	return p->file;
}

static void
take_frame(struct person *p, const union message *m)
{
	if (m->type == MSG_WHOLE) {
		cr_expect_eq(m->whole.leg, p->leg);
		p->wholes++;
		p->size = m->whole.size;
		take_hash(p, m->whole.hash);
		return;
	}
	cr_assert_eq(m->type, MSG_DATA);
	cr_expect_eq(m->data.leg, p->leg);
	cr_expect_eq(m->data.offset, p->at);
	buf_add_slice(&p->got, m->data.bytes);
	p->at += m->data.bytes.len;
}

void
person_pull(struct person *p)
{
	struct buf out = { 0 };

	for (size_t before = SIZE_MAX; before != p->at;) {
		struct frame frame;
		union message m;

		before = p->at;
		files_settle();
		hub_pull_files(world.hub, &p->fake.client, &out, FAR);
		while (out.len != 0) {
			cr_assert_eq(frame_read(buf_at(&out), out.len,
					 PROTOCOL_FRAME_READY, &frame),
			    GOT_ONE);
			must(codec_decode(frame.payload, frame.len, &m));
			take_frame(p, &m);
			buf_consume(&out, frame.used);
		}
	}
	buf_done(&out);
}

void
person_fetch_all(struct person *p, uint64_t file)
{
	buf_clear(&p->got);
	must(person_fetch(p, file, NULL, 0));
	files_settle();
	person_credit(p, UINT64_MAX);
	person_pull(p);
	person_verify(p);
}
