/*
 * Any datagram: what becomes a notice is called by no nick and is clean, what
 * is replied is no longer than what came; what is read as a beacon is written
 * and read again as the same.
 *
 * The first byte of an input says whether a reply may be sent.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../chatd/hub.h"
#include "../../chatd/loop.h"
#include "../../chatd/notices.h"
#include "../../chatd/settings.h"
#include "../../chatd/settings_rows.h"
#include "lan.h"
#include "names.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			abort();                                               \
	} while (0)

/* ---- instead of the hub ---- */

void
hub_time(struct hub *hub, int64_t now_ms, uint64_t wall_ms)
{
	(void)hub, (void)now_ms, (void)wall_ms;
}

enum refusal
hub_post(struct hub *hub, struct slice room, struct slice who,
    struct slice text, hub_posted *then, void *arg)
{
	(void)hub;
	MUST(names_room(room, NULL) == FINE);
	MUST(text.len != 0 && text.len <= NOTICES_BYTES);
	MUST(text_is_clean(text, false));
	MUST(who.len <= PROTOCOL_NAME_MAX && text_is_clean(who, false));
	MUST(names_nick(who, NULL) != FINE);
	if (then != NULL)
		then(arg, 1234567890);
	return FINE;
}

/* ---- the two kinds of datagrams ---- */

static struct settings *settings;
static struct notices *notices;
static struct sock_addr own;
static int fd;

static void
start(void)
{
	struct sock_name name;
	struct record *record;
	size_t n;

	settings = settings_new();
	settings->notices_rate = 0;
	settings->notices_total = 0;
	record = settings_record_add(&settings->notices_tokens,
	    "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
	    "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc"
	    "\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc\u00fc",
	    "s3", 1);
	settings_list_add(&record->rooms, "#ops", NULL);
	notices = notices_new(loop_new(), NULL, settings);
	MUST(sock_parse("127.0.0.1:0", &name) == NULL);
	MUST(sock_resolve(&name, false, &own, 1, &n) == NULL);
	fd = sock_datagrams(&own);
	MUST(fd >= 0);
	sock_local(fd, &own);
}

static void
try_notice(struct slice datagram)
{
	char reply[1024];
	ssize_t n;

	notices_take(notices, fd, &own, datagram);
	n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
	MUST(n <= (ssize_t)datagram.len);
	MUST(n < 0 || settings->notices_reply);
}

static void
try_beacon(struct slice datagram)
{
	struct lan_beacon first, second;
	struct buf words = { 0 };

	if (lan_read(datagram, &first) != LAN_BEACON)
		return;
	MUST(text_is_clean(slice_of(first.name), false));
	lan_write(&words, &first);
	MUST(lan_read(buf_slice(&words), &second) == LAN_BEACON);
	MUST(memcmp(&first, &second, sizeof(first)) == 0);
	buf_done(&words);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice datagram;
	char *copy;

	if (len == 0 || len > NOTICES_BYTES + 4)
		return 0;
	if (notices == NULL)
		start();
	settings->notices_reply = data[0] & 1;
	copy = malloc(len);
	memcpy(copy, data + 1, len - 1);
	datagram = (struct slice){ copy, len - 1 };
	try_notice(datagram);
	try_beacon(datagram);
	free(copy);
	return 0;
}
