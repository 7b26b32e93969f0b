/*
 * The session of chat-protocol(7), played against a real chatd: what the page
 * shows of the client is sent, byte for byte, and what chatd answers must be
 * what the page shows, but for times and the logs' id.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "manual.h"
#include "peer.h"

static bool
differs_each_time(const struct manual_field *f)
{
	return strcmp(f->name, "time") == 0 || strcmp(f->name, "log") == 0;
}

static void
hear(struct peer *peer, const struct manual_message *shown)
{
	struct slice heard =
	    peer_hear_bytes(peer, shown->bytes.len, PEER_WAIT_MS);
	size_t i;

	cr_assert_eq(heard.len, shown->bytes.len,
	    "%s: %zu bytes instead of %zu", shown->name, heard.len,
	    shown->bytes.len);
	for (i = 0; i < shown->n; i++) {
		const struct manual_field *f = &shown->fields[i];

		if (!differs_each_time(f))
			cr_expect_arr_eq(heard.at + f->at,
			    buf_at(&shown->bytes) + f->at, f->len, "%s: %s",
			    shown->name, f->name);
	}
}

/* A second hello is that of a second connection. */
static void
speak(
    struct peer *peer, const char *address, const struct manual_message *shown)
{
	if (strcmp(shown->name, "hello") == 0) {
		peer_close(peer);
		cr_assert(peer_connect(peer, address));
	}
	cr_assert(
	    peer_send_bytes(peer, buf_at(&shown->bytes), shown->bytes.len));
}

Test(manual, session_is_what_chatd_does)
{
	struct daemon_options options = {
		.config = "server = { name = \"example\"; "
			  "greeting = \"\"; };",
	};
	struct manual *all = manual_examples();
	struct daemon daemon;
	struct peer peer = { .fd = -1 };
	size_t i;

	daemon_init(&daemon);
	daemon_start(&daemon, &options);
	for (i = 0; i < all->n; i++) {
		const struct manual_message *m = &all->messages[i];

		if (m->from_client)
			speak(&peer, daemon.address[0], m);
		else
			hear(&peer, m);
	}
	peer_close(&peer);
	daemon_stop(&daemon);
	daemon_done(&daemon);
	manual_free(all);
}
