#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "../chat/discover.h"
#include "../chatd/beacon.h"
#include "../chatd/loop.h"
#include "../chatd/settings.h"
#include "clock.h"
#include "xmalloc.h"

/* ---- words ---- */

Test(beacon, is_written_as_it_is_read)
{
	const struct lan_beacon b = { .name = "J\u00fcrgen's house",
		.key = "SHA256:abc+/=",
		.doors = { { "frame", 7711 }, { "line", 65535 } },
		.n = 2 };
	struct lan_beacon got;
	struct buf words = { 0 };

	lan_write(&words, &b);
	cr_expect_leq(words.len, LAN_BYTES);
	cr_expect_eq(lan_read(buf_slice(&words), &got), LAN_BEACON);
	cr_expect_str_eq(got.name, b.name);
	cr_expect_str_eq(got.key, b.key);
	cr_expect_eq(got.n, 2);
	cr_expect_str_eq(got.doors[1].dialect, "line");
	cr_expect_eq(got.doors[1].port, 65535);
	buf_clear(&words);
	lan_write_query(&words);
	cr_expect_eq(lan_read(buf_slice(&words), &got), LAN_QUERY);
	buf_done(&words);
}

/* The longest there can be. */
Test(beacon, fits_into_a_datagram)
{
	struct lan_beacon b = { .n = LAN_DOORS };
	struct buf words = { 0 };

	memset(b.name, 'x', sizeof(b.name) - 1);
	memset(b.key, 'x', sizeof(b.key) - 1);
	for (size_t i = 0; i < LAN_DOORS; i++) {
		memset(b.doors[i].dialect, 'x', sizeof(b.doors[i].dialect) - 1);
		b.doors[i].port = 65535;
	}
	lan_write(&words, &b);
	cr_expect_leq(words.len, LAN_BYTES);
	buf_done(&words);
}

Test(beacon, what_others_say_is_not_believed)
{
	static const struct {
		const char *words;
		enum lan_words what;
		const char *name, *key;
		size_t n;
	} cases[] = {
		{ "", LAN_NONSENSE, "", "", 0 },
		{ "chat-beacon 2\nname x\nframe 1\n", LAN_NONSENSE, "", "", 0 },
		{ "chat-beacon 1\nname x\n", LAN_NONSENSE, "x", "", 0 },
		{ "chat-beacon 1\nframe 1\n", LAN_NONSENSE, "", "", 1 },
		{ "chat-beacon 1\nname x\nframe 1", LAN_BEACON, "x", "", 1 },
		{ "chat-beacon 1\nname x\nframe 0\nframe 65536\nframe -1\n"
		  "Frame 1\nframe 1x\nframe  1\n a 1\nframe\n",
		    LAN_NONSENSE, "x", "", 0 },
		{ "chat-beacon 1\nname \x1b[2J\nname y\nframe 1\n", LAN_BEACON,
		    "y", "", 1 },
		{ "chat-beacon 1\nname \xff\nframe 1\n", LAN_NONSENSE, "", "",
		    1 },
		{ "chat-beacon 1\nname x\nkey \x1b]0;\nframe 1\nfuture 2 3\n",
		    LAN_BEACON, "x", "", 1 },
		{ "chat-beacon 1\nname x\nkey a b\nframe 7711\nnew 1\n",
		    LAN_BEACON, "x", "", 2 },
	};
	struct lan_beacon got;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_expect_eq(lan_read(slice_of(cases[i].words), &got),
		    cases[i].what, "case %zu", i);
		cr_expect_str_eq(got.name, cases[i].name, "case %zu", i);
		cr_expect_str_eq(got.key, cases[i].key, "case %zu", i);
		cr_expect_eq(got.n, cases[i].n, "case %zu", i);
	}
}

/* ---- when ---- */

Test(beacon, answers_soon_but_not_often)
{
	static const struct {
		int64_t now, told, due;
		uint32_t random;
		int64_t next;
	} cases[] = {
		{ 10000, 0, 30000, 0, 10000 }, { 10000, 0, 30000, 399, 10199 },
		{ 10000, 9500, 39500, 0, 10500 },
		{ 10000, 9999, 39500, 199, 10999 },
		{ 10000, 0, 10001, 150, 10001 }, /* it was due anyway */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(beacon_next(cases[i].now, cases[i].told,
				 cases[i].due, cases[i].random),
		    cases[i].next, "case %zu", i);
}

/* ---- what is printed ---- */

Test(beacon, each_door_is_told_once_and_safely)
{
	struct discovered d = { 0 };
	struct sock_addr from = { .len = sizeof(from.in) };
	char *text;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	from.in.sin_family = AF_INET;
	from.in.sin_addr.s_addr = htonl(0xc0000207);
	for (i = 0; i < 3; i++) {
		from.in.sin_port = htons((uint16_t)(5000 + i));
		discovered_take(&d,
		    SLICE("chat-beacon 1\nname a\u202eb\nframe 7711\n"
			  "line 23\n"),
		    &from, out);
	}
	discovered_take(&d, SLICE("chat-query 1\n"), &from, out);
	discovered_take(&d,
	    SLICE("chat-beacon 1\nname c\nkey SHA256:x\nframe 7712\n"), &from,
	    out);
	fclose(out);
	cr_expect_str_eq(text,
	    "192.0.2.7:7711\tframe\ta<U+202E>b\t-\tunverified\n"
	    "192.0.2.7:23\tline\ta<U+202E>b\t-\tunverified\n"
	    "192.0.2.7:7712\tframe\tc\tSHA256:x\tunverified\n");
	free(text);
	discovered_done(&d);
}

/* ---- on the link ---- */

/* Whether what is told comes back on this machine. */
static bool
link_works(const struct lan *lan)
{
	struct pollfd p[2] = { { .fd = lan->fd[0], .events = POLLIN },
		{ .fd = lan->fd[1], .events = POLLIN } };
	struct sock_addr from;
	char bytes[LAN_BYTES];
	bool works;

	works = lan_tell(lan, SLICE("anybody?")) && poll(p, 2, 500) > 0;
	for (int i = 0; works && i < 2; i++)
		while (
		    lan->fd[i] >= 0 && lan_hear(lan->fd[i], bytes, &from) >= 0)
			continue;
	return works;
}

struct waiting {
	struct loop *loop;
	const struct lan *lan;
	const char *name;
	int64_t until;
	unsigned heard;
	uint16_t port;
};

static void
look(void *arg)
{
	struct waiting *w = arg;
	char bytes[LAN_BYTES];
	struct lan_beacon b;
	struct sock_addr from;
	int i, n;

	for (i = 0; i < 2; i++)
		while (w->lan->fd[i] >= 0 &&
		    (n = lan_hear(w->lan->fd[i], bytes, &from)) >= 0)
			if (lan_read((struct slice){ bytes, (size_t)n }, &b) ==
				LAN_BEACON &&
			    strcmp(b.name, w->name) == 0) {
				w->heard++;
				w->port = b.doors[0].port;
			}
	if (w->heard != 0 || clock_ms() > w->until)
		loop_stop(w->loop);
	else
		loop_again(w->loop);
}

Test(beacon, is_heard_on_the_link, .timeout = 30)
{
	const struct lan_door door = { "frame", 4711 };
	struct settings *s = settings_new();
	struct loop *loop = loop_new();
	struct beacon *b = beacon_new(loop);
	struct lan lan;
	struct waiting w = { loop, &lan, s->server_name, 0, 0, 0 };
	bool works;

	works = lan_open(&lan) && link_works(&lan);
	if (works) {
		free(s->server_name);
		s->server_name = xasprintf("test %lld", (long long)clock_ms());
		w.name = s->server_name;
		beacon_set(b, s, &door, 1); /* off */
		s->server_announce = true;
		beacon_set(b, s, &door, 0); /* nothing to tell */
		beacon_set(b, s, &door, 1);
		w.until = clock_ms() + 5000;
		loop_at_end(loop, look, &w);
		cr_expect_eq(loop_run(loop), 0);
		cr_expect_neq(w.heard, 0);
		cr_expect_eq(w.port, 4711);
	}
	lan_close(&lan);
	beacon_free(b);
	loop_free(loop);
	settings_free(s);
	if (!works)
		cr_skip_test("NO MULTICAST HERE: discovery is not tested");
}
