#include "hub_rig.h"

#include <criterion/criterion.h>

#include "../chatd/hub_state.h"
#include "../chatd/settings.h"
#include "../chatd/store_sqlite.h"
#include "blob.h"
#include "codec.h"
#include "frame.h"

struct world world;

static uint64_t
wall(void)
{
	return world.wall;
}

static void
begin(struct store *store)
{
	world.settings = settings_new();
	world.store = store;
	world.hub = hub_new(world.settings, world.store, &world.timers);
	world.wall = 1000;
	world.now = 1;
	hub_time(world.hub, world.now, world.wall);
}

void
world_start(void)
{
	begin(store_memory(1 << 20, (struct id){ { 1, 2, 3 } }, wall));
}

void
world_start_in(const char *directory)
{
	struct buf error = { 0 };
	int status;
	struct store *store = store_sqlite(directory, wall, &status, &error);

	cr_assert_not_null(store, "%s", buf_string(&error));
	begin(store);
	hub_load(world.hub);
}

void
world_stop(void)
{
	hub_free(world.hub);
	store_free(world.store);
	heap_done(&world.timers);
	settings_free(world.settings);
	world = (struct world){ 0 };
}

void
world_later(int64_t ms)
{
	world.now += ms;
	world.wall += (uint64_t)ms;
	hub_time(world.hub, world.now, world.wall);
	heap_run(&world.timers, world.now);
}

static void
tell_seen(struct fake *f, uint64_t seen)
{
	if (seen != 0)
		buf_printf(&f->told, " seen=%llu", (unsigned long long)seen);
}

static bool
is_of_file(enum message_type type)
{
	return (type >= MSG_OFFER && type <= MSG_FILES) || type == MSG_LEG ||
	    type == MSG_HELD || type == MSG_FILED;
}

static void
fake_tell(struct client *c, const union message *m)
{
	struct fake *f = (struct fake *)c;

	if (f->file != NULL && is_of_file(m->type)) {
		f->file(f, m);
		return;
	}
	buf_printf(&f->told, "%s", protocol_row(m->type)->name);
	switch (m->type) {
	case MSG_WELCOME:
		buf_printf(&f->told, " %.*s last=%llu",
		    SLICE_ARG(m->welcome.nick),
		    (unsigned long long)m->welcome.last);
		break;
	case MSG_BELONGS:
		buf_printf(&f->told, " %.*s", SLICE_ARG(m->belongs.name));
		tell_seen(f, m->belongs.seen);
		break;
	case MSG_ATTACHED:
		buf_printf(&f->told, " %.*s first=%llu head=%llu",
		    SLICE_ARG(m->attached.name),
		    (unsigned long long)m->attached.first,
		    (unsigned long long)m->attached.head);
		tell_seen(f, m->attached.seen);
		f->room = m->attached.room;
		f->first = m->attached.first;
		f->head = m->attached.head;
		break;
	case MSG_STORED:
		buf_printf(&f->told, " n=%llu seq=%llu",
		    (unsigned long long)m->stored.n,
		    (unsigned long long)m->stored.seq);
		break;
	case MSG_ANSWERED:
		buf_printf(&f->told, " %u %.*s", m->answered.ref,
		    SLICE_ARG(m->answered.text));
		break;
	case MSG_REFUSED:
		buf_printf(&f->told, " %s",
		    refusal_name((enum refusal)m->refused.code));
		break;
	case MSG_MEMBER:
		buf_printf(&f->told, " %.*s %u", SLICE_ARG(m->member.nick),
		    m->member.state);
		break;
	case MSG_DONE:
		if (m->done.seq != 0)
			buf_printf(&f->told, " seq=%llu",
			    (unsigned long long)m->done.seq);
		buf_printf(
		    &f->told, " next=%llu", (unsigned long long)m->done.next);
		break;
	case MSG_LISTED:
		buf_printf(&f->told, " %.*s %u", SLICE_ARG(m->listed.room),
		    m->listed.members);
		break;
	case MSG_PAST:
		buf_printf(&f->told, " %.*s %llu %s %.*s: %.*s",
		    SLICE_ARG(m->past.room), (unsigned long long)m->past.seq,
		    protocol_entry(m->past.kind)->name, SLICE_ARG(m->past.who),
		    SLICE_ARG(m->past.text));
		break;
	default:
		break;
	}
	buf_add_string(&f->told, "\n");
}

static void
fake_news(struct client *c, struct slice encoded)
{
	struct fake *f = (struct fake *)c;
	struct frame frame;
	union message m;

	cr_assert_eq(frame_read((const uint8_t *)encoded.at, encoded.len,
			 PROTOCOL_FRAME_READY, &frame),
	    GOT_ONE);
	cr_assert_eq(codec_decode(frame.payload, frame.len, &m), FINE);
	buf_printf(&f->told, "presence %.*s %u\n", SLICE_ARG(m.presence.nick),
	    m.presence.state);
}

static void
fake_wake(struct client *c)
{
	((struct fake *)c)->is_woken = true;
}

static void
fake_end(struct client *c, enum refusal why, struct slice words)
{
	(void)words;
	((struct fake *)c)->ended = why;
}

static const struct client_ops fake_ops = {
	.tell = fake_tell,
	.news = fake_news,
	.wake = fake_wake,
	.end = fake_end,
};

static void
hear(struct fake *f, const union message *m)
{
	const struct msg_entry *e = &m->entry;

	switch (m->type) {
	case MSG_ENTRY:
		buf_printf(&f->heard, "%llu %s %.*s: %.*s\n",
		    (unsigned long long)e->seq, protocol_entry(e->kind)->name,
		    SLICE_ARG(e->who), SLICE_ARG(e->text));
		break;
	case MSG_GAP:
		buf_printf(
		    &f->heard, "gap %llu\n", (unsigned long long)m->gap.first);
		break;
	case MSG_DETACHED:
		buf_add_string(&f->heard, "detached\n");
		break;
	default:
		cr_assert_fail(
		    "a %s among entries", protocol_row(m->type)->name);
	}
}

void
world_turn(void)
{
	do {
		if (world.store->fd >= 0)
			store_drain(world.store);
		hub_turn(world.hub);
	} while (hub_waits(world.hub));
}

static bool
is_reading(const struct fake *f)
{
	struct seat *s = f->client.seats;

	while (s != NULL && s->reading == NULL)
		s = s->next_of_client;
	return s != NULL;
}

void
fake_pull(struct fake *f, size_t bytes)
{
	struct piece pieces[4];
	struct buf in = { 0 };
	struct frame frame;
	union message m;
	size_t n;

	do {
		n = hub_pull(world.hub, &f->client, pieces, 4, bytes);
		for (size_t i = 0; i < n; i++) {
			buf_add(&in, pieces[i].at, pieces[i].len);
			blob_unref(pieces[i].blob);
		}
		if (hub_waits(world.hub) || is_reading(f)) {
			world_turn();
			n = 1;
		}
	} while (n != 0);
	while (in.len != 0) {
		cr_assert_eq(frame_read(buf_at(&in), in.len,
				 PROTOCOL_FRAME_READY, &frame),
		    GOT_ONE);
		cr_assert_eq(codec_decode(frame.payload, frame.len, &m), FINE);
		hear(f, &m);
		buf_consume(&in, frame.used);
	}
	buf_done(&in);
}

void
fake_expect_at(
    struct fake *f, const char *told, const char *heard, unsigned line)
{
	world_turn();
	fake_pull(f, 65536);
	cr_expect_str_eq(buf_string(&f->told), told, "line %u: %s", line,
	    buf_string(&f->told));
	cr_expect_str_eq(buf_string(&f->heard), heard, "line %u: %s", line,
	    buf_string(&f->heard));
	buf_clear(&f->told);
	buf_clear(&f->heard);
}

void
fake_ignore(struct fake *f)
{
	world_turn();
	fake_pull(f, 65536);
	buf_clear(&f->told);
	buf_clear(&f->heard);
}

enum refusal
fake_hello(struct fake *f, unsigned device, const char *nick)
{
	struct msg_hello m = { .type = MSG_HELLO,
		.version = 1,
		.nick = slice_of(nick),
		.software = SLICE("test") };

	memcpy(m.device.byte, &device, sizeof device);
	f->client.ops = &fake_ops;
	f->client.dialect = &dialect_frame;
	return hub_hello(world.hub, &f->client, &m);
}

void
fake_forget(struct fake *f)
{
	hub_gone(world.hub, &f->client, false, SLICE("test over"));
	buf_done(&f->told);
	buf_done(&f->heard);
}

enum refusal
fake_join(struct fake *f, const char *room)
{
	struct msg_join m = { MSG_JOIN, 7, slice_of(room) };

	return hub_join(world.hub, &f->client, &m);
}

enum refusal
fake_attach(struct fake *f, const char *room, uint64_t seq)
{
	struct msg_attach m = { MSG_ATTACH, 7, slice_of(room), seq };

	return hub_attach(world.hub, &f->client, &m);
}

enum refusal
fake_say(struct fake *f, uint64_t n, const char *to, const char *text)
{
	struct msg_say m = { MSG_SAY, n, slice_of(to), ENTRY_SAID,
		slice_of(text) };

	return hub_say(world.hub, &f->client, &m);
}

enum refusal
fake_part(struct fake *f, const char *room)
{
	struct msg_part m = { MSG_PART, 7, slice_of(room), SLICE("enough") };

	return hub_part(world.hub, &f->client, &m);
}

enum refusal
fake_nick(struct fake *f, const char *name)
{
	struct msg_nick m = { MSG_NICK, 7, slice_of(name) };

	return hub_nick(world.hub, &f->client, &m);
}
