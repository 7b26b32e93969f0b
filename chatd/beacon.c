#include "beacon.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "log.h"
#include "loop.h"
#include "settings.h"
#include "xmalloc.h"

enum { BATCH = 16 }; /* datagrams looked at in a turn, of each family */

struct ear {
	struct watch watch; /* first */
	struct beacon *beacon;
};

struct beacon {
	struct loop *loop;
	struct lan lan;
	struct ear ears[2];
	struct timer timer;
	struct buf words; /* empty: silent */
	int64_t told_ms, due_ms;
};

int64_t
beacon_next(int64_t now_ms, int64_t told_ms, int64_t due_ms, uint32_t random)
{
	int64_t soon = now_ms + random % BEACON_SOON_MS;

	if (soon < told_ms + BEACON_LEAST_MS)
		soon = told_ms + BEACON_LEAST_MS;
	return soon < due_ms ? soon : due_ms;
}

static void
set_due(struct beacon *b, int64_t due_ms)
{
	b->due_ms = due_ms;
	heap_set(loop_timers(b->loop), &b->timer, due_ms);
}

static void
speak(struct timer *t)
{
	struct beacon *b =
	    (struct beacon *)((char *)t - offsetof(struct beacon, timer));

	b->told_ms = loop_now(b->loop);
	if (!lan_tell(&b->lan, buf_slice(&b->words)))
		log_debug("announce: no link took it");
	set_due(b,
	    b->told_ms + BEACON_EVERY_MS - BEACON_JITTER_MS +
		randombytes_uniform(2 * BEACON_JITTER_MS));
}

static void
on_datagrams(struct watch *w, short revents)
{
	struct beacon *b = ((struct ear *)w)->beacon;
	char bytes[LAN_BYTES];
	struct lan_beacon other;
	struct sock_addr from;
	int i, n;

	(void)revents;
	for (i = 0; i < BATCH; i++) {
		n = lan_hear(w->fd, bytes, &from);
		if (n < 0)
			return;
		if (lan_read((struct slice){ bytes, (size_t)n }, &other) ==
		    LAN_QUERY)
			set_due(b,
			    beacon_next(loop_now(b->loop), b->told_ms,
				b->due_ms, randombytes_random()));
	}
}

static void
silence(struct beacon *b)
{
	size_t i;

	if (b->words.len == 0)
		return;
	heap_cancel(loop_timers(b->loop), &b->timer);
	for (i = 0; i < 2; i++)
		if (b->lan.fd[i] >= 0)
			loop_unwatch(b->loop, &b->ears[i].watch);
	lan_close(&b->lan);
	buf_done(&b->words);
}

static void
begin(struct beacon *b, const struct lan_beacon *what)
{
	size_t i;

	if (!lan_open(&b->lan)) {
		log_warn("announce: there is no link to announce on");
		return;
	}
	lan_write(&b->words, what);
	for (i = 0; i < 2; i++)
		if (b->lan.fd[i] >= 0)
			loop_watch(b->loop, &b->ears[i].watch, b->lan.fd[i],
			    POLLIN, on_datagrams);
	log_info("announcing %s on the link", what->name);
	set_due(b, loop_now(b->loop));
}

void
beacon_set(struct beacon *b, const struct settings *s,
    const struct lan_door *doors, size_t n)
{
	struct lan_beacon what = { .n = n < LAN_DOORS ? n : LAN_DOORS };

	silence(b);
	if (!s->server_announce)
		return;
	if (n == 0) {
		log_warnx("announce: nothing is served beyond this machine");
		return;
	}
	snprintf(what.name, sizeof(what.name), "%s", s->server_name);
	memcpy(what.doors, doors, what.n * sizeof(*doors));
	begin(b, &what);
}

struct beacon *
beacon_new(struct loop *loop)
{
	struct beacon *b = xcalloc(1, sizeof(*b));

	b->loop = loop;
	b->timer.fire = speak;
	b->told_ms = INT64_MIN / 2;
	b->lan = (struct lan){ { -1, -1 } };
	b->ears[0].beacon = b->ears[1].beacon = b;
	return b;
}

void
beacon_free(struct beacon *b)
{
	if (b == NULL)
		return;
	silence(b);
	free(b);
}
